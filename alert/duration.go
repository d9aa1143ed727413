package alert

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// duration reads a duration such as 10m, 36h or 7d.
func (r *ruleReader) duration(to *time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		before := len(r.problems)
		var text string
		r.Text(&text)(n)
		d, err := parseDuration(text)
		if err != nil && len(r.problems) == before {
			r.Problem(n, "%v", err)
		}
		*to = d
	}
}

// weeksAndDays matches the part of a duration that time.ParseDuration does not read.
var weeksAndDays = regexp.MustCompile(`^(?:([0-9]{1,6})w)?(?:([0-9]{1,6})d)?`)

// parseDuration reads a duration in weeks, days, hours, minutes and seconds.
func parseDuration(s string) (time.Duration, error) {
	fail := fmt.Errorf("invalid duration %q (want for example 10m, 36h, 7d)", s)
	m := weeksAndDays.FindStringSubmatch(s)
	var days int64
	for i, length := range []int64{7, 1} {
		if m[i+1] != "" {
			n, err := strconv.ParseInt(m[i+1], 10, 64)
			if err != nil {
				return 0, fail
			}
			days += n * length
		}
	}
	rest := s[len(m[0]):]
	if rest == "" && m[0] == "" || strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") {
		return 0, fail
	}
	var d time.Duration
	if rest != "" {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, fail
		}
	}
	const day = 24 * time.Hour
	if days > int64(maxWait/day) || d > math.MaxInt64-time.Duration(days)*day {
		return 0, fmt.Errorf("invalid duration %q (want at most 10 years)", s)
	}
	return time.Duration(days)*day + d, nil
}

// formatDuration returns a duration as parseDuration reads it, such as 7d or 1h30m.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
