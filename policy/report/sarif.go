package report

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// SARIF writes findings in the Static Analysis Results Interchange Format 2.1.0
// (OASIS): one run, with a rule for every policy that said something, whether it is
// written or not, and a result for each finding.
//
//   - The kind of a result is "fail", "pass", "notApplicable", or "open" for an
//     unknown one. Its level is "error" (high, critical), "warning" (medium) or
//     "note" for the kind fail, and "none" for others, as the standard asks for
//     (3.27.10). The property security-severity of a rule is on the scale of CVSS.
//   - All assets have a logical location, and those of templates a physical one, with
//     file and line. Services that show results in files want the physical one.
//   - partialFingerprints has [policy.Finding.Key] as "stanceKey/v1".
//   - An exception is a suppression of kind "external".
//   - Gaps and errors of evaluation are notifications of the invocation.
//
// The report is built in memory; services that take SARIF limit its size.
func SARIF(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	s := newSARIF(opts.orZero())
	return whole(w, "SARIF report", findings, s.add, func() ([]byte, error) {
		var b bytes.Buffer
		err := s.report().Write(&b)
		b.WriteByte('\n')
		return b.Bytes(), err
	})
}

type sarifRun struct {
	o          Options
	run        *sarif.Run
	invocation *sarif.Invocation
	rules      map[string]int
	problems   *problems
}

func newSARIF(o Options) *sarifRun {
	run := sarif.NewRunWithInformationURI("stance", "https://github.com/openstance/stance")
	run.Results = []*sarif.Result{}
	return &sarifRun{o: o, run: run, rules: map[string]int{}, problems: newProblems(Options{}),
		invocation: sarif.NewInvocation().WithExecutionSuccessful(true)}
}

func (s *sarifRun) report() *sarif.Report {
	for _, g := range s.problems.sortedGaps() {
		s.notify(sarif.LevelWarning, gapText(&g))
	}
	s.run.Invocations = []*sarif.Invocation{s.invocation}
	return sarif.NewReport().AddRun(s.run)
}

func (s *sarifRun) notify(level, text string) *sarif.Notification {
	n := sarif.NewNotification().WithLevel(level).WithMessage(sarifText(text))
	s.invocation.AddToolExecutionNotification(n)
	return n
}

func (s *sarifRun) add(f policy.Finding) {
	rule := s.rule(f.Policy)
	s.problems.add(f)
	if f.Err != nil && gapOf(f) == nil && !isUnread(f.Err) {
		s.notify(sarif.LevelError, strings.TrimSpace(visible(f.Subject.Ref().String())+": "+reasonOf(f))).
			WithAssociatedRule(sarif.NewReportingDescriptorReference().WithID(f.Policy.ID).WithIndex(rule))
	}
	if !s.o.shows(f) {
		return
	}
	text := messageOf(f)
	if reason := reasonOf(f); reason != "" {
		text += "\n" + reason
	}
	for _, e := range f.Evidence {
		text += "\n" + evidenceText(f.Subject.Ref(), e)
	}
	r := sarif.NewRuleResult(f.Policy.ID).WithRuleIndex(rule).WithMessage(sarifText(text)).
		WithPartialFingerprints(map[string]string{"stanceKey/v1": f.Key()})
	switch f.Status {
	case policy.Fail:
		r.WithKind("fail").WithLevel(sarifLevel(f.Policy.Severity))
	case policy.Pass:
		r.WithKind("pass").WithLevel(sarif.LevelNone)
	case policy.NotApplicable:
		r.WithKind("notApplicable").WithLevel(sarif.LevelNone)
	default:
		r.WithKind("open").WithLevel(sarif.LevelNone)
	}
	if f.Asset() != nil {
		r.WithLocations([]*sarif.Location{sarifLocation(f.Asset())})
		r.WithProperties(sarifProperties(sarif.Properties{
			"provider": visible(f.Asset().Provider), "account": visible(f.Asset().Account), "region": visible(f.Asset().Region),
			"type": visible(string(f.Asset().Type)), "severity": f.Policy.Severity.String(),
		}))
	}
	if accepted(f) {
		r.WithSuppressions([]*sarif.Suppression{
			sarif.NewSuppression().WithKind("external").WithStatus("accepted").WithJustification(acceptedText(f.Exception)),
		})
	}
	s.run.AddResult(r)
}

// rule returns the index of the policy's rule, which it makes the first time.
func (s *sarifRun) rule(p *policy.Policy) int {
	if i, ok := s.rules[p.ID]; ok {
		return i
	}
	i := len(s.rules)
	s.rules[p.ID] = i
	rule := sarif.NewRule(p.ID).WithDescription(visible(p.Title)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(p.Severity))).
		WithProperties(sarifProperties(sarif.Properties{"security-severity": securitySeverity(p.Severity), "severity": p.Severity.String()},
			append(append([]string{"security"}, p.Labels...), p.Controls...)...))
	if p.Rationale != "" {
		rule.WithFullDescription(sarif.NewMultiformatMessageString().WithText(visibleLines(p.Rationale)))
	}
	if help := helpText(p); help != "" {
		rule.WithHelp(sarif.NewMultiformatMessageString().WithText(help))
	}
	s.run.Tool.Driver.AddRule(rule)
	return i
}

// helpText says how to repair what breaks a policy; it may be empty.
func helpText(p *policy.Policy) string {
	var parts []string
	for _, s := range []string{p.Rationale, p.Remediation.Text, p.Remediation.CLI} {
		if s = strings.TrimSpace(visibleLines(s)); s != "" {
			parts = append(parts, s)
		}
	}
	for _, s := range p.Remediation.PreChecks {
		parts = append(parts, "Before: "+visibleLines(s))
	}
	return strings.Join(parts, "\n\n")
}

// visibleLines is visible, and keeps lines apart.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = visible(l)
	}
	return strings.Join(lines, "\n")
}

func sarifProperties(p sarif.Properties, tags ...string) *sarif.PropertyBag {
	bag := sarif.NewPropertyBag()
	bag.Properties = p
	for _, t := range tags {
		if t = visible(t); !slices.Contains(bag.Tags, t) {
			bag.Tags = append(bag.Tags, t)
		}
	}
	return bag
}

var placeholder = regexp.MustCompile(`\{([0-9]+)\}`)

// sarifText makes a message. What looks like a placeholder or a link in it would be
// taken for one, so it is escaped (3.11.5, 3.11.6).
func sarifText(text string) *sarif.Message {
	text = placeholder.ReplaceAllString(text, "{{$1}}")
	if strings.Contains(text, "](") {
		text = strings.NewReplacer("[", `\[`, "]", `\]`).Replace(text)
	}
	return sarif.NewTextMessage(text)
}

func sarifLocation(a *asset.Asset) *sarif.Location {
	l := sarif.NewLocation()
	logical := sarif.NewLogicalLocation().WithKind("resource").WithFullyQualifiedName(visible(a.ID))
	if a.Name != "" {
		logical.WithName(visible(a.Name))
	}
	l.WithLogicalLocations([]*sarif.LogicalLocation{logical})
	if a.Origin.File != "" {
		uri := url.URL{Path: strings.ReplaceAll(a.Origin.File, `\`, "/")}
		p := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri.String()))
		if a.Origin.Line > 0 {
			p.WithRegion(sarif.NewRegion().WithStartLine(a.Origin.Line))
		}
		l.WithPhysicalLocation(p)
	}
	return l
}

func sarifLevel(s policy.Severity) string {
	switch {
	case s >= policy.High:
		return sarif.LevelError
	case s == policy.Medium:
		return sarif.LevelWarning
	}
	return sarif.LevelNote
}

// securitySeverity is in the middle of the band of CVSS 3.1 with the same name.
func securitySeverity(s policy.Severity) string {
	score := 0.0
	switch s {
	case policy.Critical:
		score = 9.5
	case policy.High:
		score = 8
	case policy.Medium:
		score = 5.5
	case policy.Low:
		score = 2
	}
	return fmt.Sprintf("%.1f", score)
}
