package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// sectionStatuses are the statuses in the order in which they are listed.
func sectionStatuses() []compliance.SectionStatus {
	return []compliance.SectionStatus{
		compliance.Failed, compliance.Unknown, compliance.Accepted, compliance.Passed, compliance.NotEvaluated, compliance.NotCovered,
	}
}

// sectionsText counts the sections of a posture by their status.
func sectionsText(p *compliance.Posture) string {
	n := p.Sections()
	total := 0
	var parts []string
	for _, s := range sectionStatuses() {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], words(s.String())))
		}
		total += n[s]
	}
	return fmt.Sprintf("%d sections: %s", total, strings.Join(parts, ", "))
}

// words writes a name with underscores as words.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// gapsText is a number of gaps in words.
func gapsText(n int) string {
	if n == 1 {
		return "1 gap"
	}
	return fmt.Sprintf("%d gaps", n)
}

func percentText(c compliance.Counts) string {
	if p, ok := c.Percent(); ok {
		return strconv.FormatFloat(p, 'f', -1, 64) + " %"
	}
	return "–"
}

// failedText divides the failed assets by severity, the worst first.
func failedText(c compliance.Counts) string {
	var parts []string
	for s := policy.Critical; s > 0; s-- {
		if n := c.FailedBy[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// PostureTable writes postures as text for a terminal: for each standard its counts, the
// sections that do not pass, or all sections with Options.All, and its accounts.
func PostureTable(w io.Writer, postures []*compliance.Posture, opts *Options) error {
	o := opts.orZero()
	return write(w, "table", func() ([]byte, error) {
		t := newPage(o)
		for _, p := range postures {
			t.posture(p, o.All)
		}
		return t.b.Bytes(), nil
	})
}

func (p *page) posture(x *compliance.Posture, all bool) {
	c := x.Counts
	p.text(visible(x.Standard.Name)+"  "+visible(x.Standard.ID), 0, bold)
	failed := fmt.Sprintf("%d failed", c.Failed)
	if by := failedText(c); by != "" {
		failed += " (" + by + ")"
	}
	p.text(fmt.Sprintf("%s pass: %d passed, %s; %d unknown, %d accepted, %s", percentText(c), c.Passed, failed, c.Unknown, c.Accepted, gapsText(c.Gaps)), 2, "")
	p.text(sectionsText(x), 2, "")
	p.line("")
	const format = "  %s %s %7s %7s %8s %8s  %s"
	title := p.width - (2 + 10 + 1 + 13 + 1 + 7 + 1 + 7 + 1 + 8 + 1 + 8 + 2)
	p.line(fmt.Sprintf(format, fit("SECTION", 10), fit("STATUS", 13), "PASSED", "FAILED", "UNKNOWN", "ACCEPTED", ""))
	for _, q := range x.Requirements {
		for i := range q.Sections {
			s := &q.Sections[i]
			status := s.Status()
			if status == compliance.Passed && !all {
				continue
			}
			row := fmt.Sprintf(format, fit(visible(s.Section.ID), 10), p.paint(postureColor(status), fit(words(status.String()), 13)),
				fmt.Sprint(s.Counts.Passed), fmt.Sprint(s.Counts.Failed), unknownText(s.Counts), fmt.Sprint(s.Counts.Accepted), "")
			if text := visible(s.Section.Title); title >= 20 {
				p.line(row + fit(text, title))
			} else {
				p.line(row)
				p.text(text, 13, "")
			}
		}
	}
	p.line("")
	if len(x.Accounts) > 0 {
		p.text("accounts", 2, bold)
	}
	for _, s := range x.Accounts {
		p.text(fmt.Sprintf("%s: %s pass, %d passed, %d failed, %d unknown, %d accepted, %s", scopeName(s.Scope),
			percentText(s.Counts), s.Counts.Passed, s.Counts.Failed, s.Counts.Unknown, s.Counts.Accepted, gapsText(s.Counts.Gaps)), 4, "")
	}
	p.line("")
}

// unknownText is the number of unknown assets, with a plus if there are gaps, so
// that there may be more.
func unknownText(c compliance.Counts) string {
	if c.Gaps > 0 {
		return fmt.Sprintf("%d+", c.Unknown)
	}
	return fmt.Sprint(c.Unknown)
}

func postureColor(s compliance.SectionStatus) string {
	switch s {
	case compliance.Failed:
		return red
	case compliance.Unknown:
		return yellow
	case compliance.Passed:
		return green
	case compliance.Accepted:
		return cyan
	}
	return dim
}

// scopeName names a scope for people. It is visible text.
func scopeName(s asset.Scope) string {
	if s == (asset.Scope{}) {
		return "(none)"
	}
	return visible(s.String())
}

// PostureCSV writes postures as comma-separated values in the form of [CSV], one record
// for each section. The column percent is empty if no asset passes or fails.
func PostureCSV(w io.Writer, postures []*compliance.Posture, _ *Options) error {
	return write(w, "CSV", func() ([]byte, error) {
		var b bytes.Buffer
		c := newCSV(&b, "standard", "requirement", "control", "title", "level", "mode", "status", "policies",
			"passed", "failed", "critical", "high", "medium", "low", "informational", "accepted", "unknown", "gaps", "percent")
		for _, p := range postures {
			for _, q := range p.Requirements {
				for i := range q.Sections {
					s := &q.Sections[i]
					n := s.Counts
					percent := ""
					if x, ok := n.Percent(); ok {
						percent = strconv.FormatFloat(x, 'f', -1, 64)
					}
					row := []string{
						p.Standard.ID, q.Requirement.ID + " " + q.Requirement.Title, s.Control, s.Section.Title, strconv.Itoa(s.Section.Level),
						modeText(s.Section), s.Status().String(), strings.Join(s.Policies, " "), strconv.Itoa(n.Passed), strconv.Itoa(n.Failed),
					}
					for severity := policy.Critical; severity > 0; severity-- {
						row = append(row, strconv.Itoa(n.FailedBy[severity]))
					}
					c.row(append(row, strconv.Itoa(n.Accepted), strconv.Itoa(n.Unknown), strconv.Itoa(n.Gaps), percent)...)
				}
			}
		}
		err := c.flush()
		return b.Bytes(), err
	})
}

func modeText(s *compliance.Section) string {
	if s.Manual {
		return "manual"
	}
	return "automated"
}
