package policytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/policy"
)

// outcomes are what a condition was seen to come to.
type outcomes struct{ yes, no bool }

// count notes the outcomes of the conditions of one evaluation.
func (s *suite) count(x *policy.Explanation) {
	for _, c := range x.Conditions {
		o := s.seen[c.Branch]
		o.yes = o.yes || c.Truth == policy.Pass
		o.no = o.no || c.Truth == policy.Fail
		s.seen[c.Branch] = o
	}
}

// judge reports which outcomes no case has shown.
func (s *suite) judge(t tester, branches map[policy.Branch]string) {
	t.Helper()
	var missing []string
	for b, source := range branches {
		place := b.Part
		if len(s.policy.Checks) > 1 {
			place = fmt.Sprintf("checks[%d].%s", b.Check, b.Part)
		}
		for outcome, seen := range map[string]bool{"true": s.seen[b].yes, "false": s.seen[b].no} {
			if !seen {
				missing = append(missing, fmt.Sprintf("%s: %s never %s", place, oneLine(source), outcome))
			}
		}
	}
	if len(missing) == 0 {
		return
	}
	slices.Sort(missing)
	all := 2 * len(branches)
	share := float64(all-len(missing)) / float64(all)
	report := t.Logf
	text := fmt.Sprintf("coverage %.0f %% (%d of %d outcomes)", 100*share, all-len(missing), all)
	if share < s.opts.MinCoverage {
		report = t.Errorf
		text += fmt.Sprintf(", want %.0f %%", 100*s.opts.MinCoverage)
	}
	report("%s\n    %s", text, strings.Join(missing, "\n    "))
}

// detail shows how a finding came about, on lines of their own.
func detail(f policy.Finding, x *policy.Explanation) string {
	var b strings.Builder
	line := func(depth int, format string, args ...any) {
		b.WriteString("\n" + strings.Repeat("    ", depth) + oneLine(fmt.Sprintf(format, args...)))
	}
	if f.Message != "" {
		line(1, "message: %s", f.Message)
	}
	if f.Err != nil {
		line(1, "error: %v", f.Err)
	}
	for _, e := range f.Evidence {
		line(1, "evidence: %s", evidence(f, e))
	}
	for _, c := range x.Conditions {
		part := ""
		if c.Part != "" {
			part = c.Part + ": "
		}
		line(1+c.Depth, "%s%s => %s", part, c.Source, c.Value)
		for _, e := range c.Reads {
			line(2+c.Depth, "%s", evidence(f, e))
		}
	}
	return b.String()
}

func evidence(f policy.Finding, e policy.Evidence) string {
	of := ""
	if e.Asset != f.Subject.Ref() {
		of = " of " + e.Asset.String()
	}
	return fmt.Sprintf("%s%s = %s", e.Path, of, e.Value)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
