package report

import (
	"cmp"
	"encoding/xml"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/policy"
)

// JUnit writes findings as a JUnit XML report, which build servers show as tests: one
// suite for each policy, sorted by id, with a test case for each finding, in the order of
// the sequence. A finding that fails is a failure, an unknown one an error. One that does
// not apply, or that an exception accepts, is skipped. Gaps and incomplete coverage are
// test cases of the policies that they affect. If nothing was judged, a suite named
// stance has an error that says so. Without Options.All no test passes, since the counts
// of suites include only the findings that are written.
//
// The report is built in memory.
func JUnit(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	suites := map[string]*junitSuite{}
	var assets assetCounter
	add := func(f policy.Finding) {
		assets.add(f)
		if !o.shows(f) {
			return
		}
		s := suites[f.Policy.ID]
		if s == nil {
			s = &junitSuite{Name: visible(f.Policy.ID), Properties: []junitProperty{
				{"title", visible(f.Policy.Title)}, {"severity", f.Policy.Severity.String()},
			}}
			suites[f.Policy.ID] = s
		}
		s.add(f, o)
	}
	return whole(w, "JUnit report", findings, add, func() ([]byte, error) {
		all := junitReport{Name: "stance"}
		if assets.n == 0 {
			suites[""] = &junitSuite{Name: "stance", Tests: 1, Errors: 1, Properties: []junitProperty{{"title", "There are assets to judge"}}, Cases: []junitCase{
				{Class: "stance", Name: "assets", Error: &junitOutcome{Message: nothingJudged, Type: "unknown"}},
			}}
		}
		for _, s := range slices.SortedFunc(maps.Values(suites), func(a, b *junitSuite) int { return cmp.Compare(a.Name, b.Name) }) {
			all.Suites = append(all.Suites, s)
			all.Tests += s.Tests
			all.Failures += s.Failures
			all.Errors += s.Errors
			all.Skipped += s.Skipped
		}
		b, err := xml.MarshalIndent(all, "", "  ")
		return append(append([]byte(xml.Header), b...), '\n'), err
	})
}

// The elements, as the Ant task and the plugins of build servers agree on them.
type (
	junitReport struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Name     string        `xml:"name,attr"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Errors   int           `xml:"errors,attr"`
		Skipped  int           `xml:"skipped,attr"`
		Suites   []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitOutcome `xml:"failure"`
		Error   *junitOutcome `xml:"error"`
		Skipped *junitOutcome `xml:"skipped"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

func (s *junitSuite) add(f policy.Finding, o Options) {
	ref := f.Subject.Ref()
	c := junitCase{Class: visible(string(ref.Type)), Name: visible(ref.ID)}
	switch s := f.Subject.(type) {
	case policy.GapSubject:
		c.Name = strings.TrimSpace(gapPlace(s.Gap) + " " + visible(s.Gap.Cause.Op))
	case policy.CoverageSubject:
		c.Name = "coverage in " + scopeName(s.Account)
	case policy.ExceptionSubject:
		c.Class, c.Name = "exception", visible(s.Exception.Owner+": "+s.Exception.Reason)
	}
	s.Tests++
	switch {
	case accepted(f):
		s.Skipped++
		c.Skipped = &junitOutcome{Message: acceptedText(f.Exception), Text: detailText(f)}
	case f.Subject.Kind() == policy.OfCoverage && slices.Contains(o.AllowPartial, ref.Type):
		s.Skipped++
		c.Skipped = &junitOutcome{Message: messageOf(f)}
	case f.Status == policy.Fail:
		s.Failures++
		c.Failure = &junitOutcome{Message: messageOf(f), Type: f.Policy.Severity.String(), Text: detailText(f)}
	case f.Status == policy.NotApplicable:
		s.Skipped++
		c.Skipped = &junitOutcome{Message: "does not apply"}
	case f.Status != policy.Pass:
		s.Errors++
		c.Error = &junitOutcome{Message: messageOf(f), Type: "unknown", Text: detailText(f)}
	}
	s.Cases = append(s.Cases, c)
}

// detailText says in lines where the subject is, what was found and what went
// wrong. It is visible text.
func detailText(f policy.Finding) string {
	var lines []string
	scope := visible(f.Scope().String())
	if a := f.Asset(); a != nil {
		scope = strings.TrimSpace(visible(a.Name) + "  " + scope)
		if o := a.Origin; o.File != "" {
			lines = append(lines, originText(o))
		}
	}
	if scope != "" {
		lines = append(lines, scope)
	}
	if accepted(f) {
		lines = append(lines, messageOf(f))
	}
	if reason := restOf(f); reason != "" {
		lines = append(lines, reason)
	}
	for _, e := range f.Evidence {
		lines = append(lines, evidenceText(f.Subject.Ref(), e))
	}
	return strings.Join(lines, "\n")
}
