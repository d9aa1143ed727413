package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/internal/asff"
	"github.com/openstance/stance/policy"
)

// SARIF writes findings in the Static Analysis Results Interchange Format 2.1.0
// (OASIS): a rule for every policy that has a finding, and a result for
// each finding about an asset, a gap or an exception. GitHub's code scanning accepts
// the report.
//
//   - The kind of a result is "fail", "pass", "notApplicable", or "open" for an
//     unknown one. Its level is "error" (high, critical), "warning" (medium) or
//     "note" for the kind fail, and "none" for others, as the standard requires
//     (3.27.10). The property security-severity of a rule is on the scale of CVSS.
//
//   - Every result has a physical location with a relative URI: file and line of the
//     template, or Options.SourceFile and SourceLine, or else the file of the policy.
//     Assets have a logical location too.
//
//   - partialFingerprints has [policy.Finding.Key], as "stanceKey/v1" and as the
//     "primaryLocationLineHash" by which GitHub tracks alerts.
//
//   - An exception is a suppression of kind "external".
//
//   - Gaps, incomplete coverage and errors of evaluation are notifications of the
//     invocation. Findings about coverage are no results. If nothing was judged, the
//     invocation was not successful.
//
//   - A rule has at most 20 tags, the limit of GitHub; the property controls has all.
//
//   - More than 25,000 results, the limit of GitHub, become several runs with the same
//     rules, and with the categories stance/1, stance/2 and so on, by which GitHub tells
//     them apart.
//
// The report is built in memory.
func SARIF(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	s := &sarifRun{o: o, rules: map[string]int{}, problems: newProblems(o)}
	return wholeWithLines(w, "SARIF report", findings, o.SourceLine, s.add, func() ([]byte, error) {
		b, err := json.Marshal(s.report())
		return append(escapeJSON(b, 0), '\n'), err
	})
}

type sarifRun struct {
	o        Options
	assets   assetCounter
	problems *problems
	rules    map[string]int // indexes of driver.Rules, by policy
	driver   sarifDriver
	results  []sarifResult
	notes    []sarifNotification
}

func (s *sarifRun) report() sarifLog {
	for _, p := range s.problems.list() {
		s.notify("warning", p.text)
	}
	if text := unknownTypesText(s.o.UnknownTypes); text != "" {
		s.notify("warning", text)
	}
	invocation := sarifInvocation{ExecutionSuccessful: s.assets.n > 0}
	if !invocation.ExecutionSuccessful {
		s.notify("error", nothingJudged)
	}
	if !s.o.Time.IsZero() {
		invocation.EndTimeUTC = s.o.Time.UTC().Format(time.RFC3339)
	}
	invocation.Notifications = s.notes
	s.driver.Name, s.driver.InformationURI = "stance", "https://github.com/openstance/stance"
	s.driver.Version = visible(cmp.Or(s.o.Version, "unknown"))
	s.driver.Rules = append([]sarifRule{}, s.driver.Rules...)
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0"}
	for results := range slices.Chunk(s.results, maxResults) {
		log.Runs = append(log.Runs, sarifRunOf{Results: results})
	}
	if len(log.Runs) == 0 {
		log.Runs = []sarifRunOf{{Results: []sarifResult{}}}
	}
	for i := range log.Runs {
		run := &log.Runs[i]
		run.Tool, run.Invocations, run.ColumnKind = sarifTool{s.driver}, []sarifInvocation{invocation}, "unicodeCodePoints"
		if len(log.Runs) > 1 {
			run.Details = &sarifDetails{fmt.Sprintf("stance/%d", i+1)}
		}
		invocation.Notifications = nil // once are enough
	}
	return log
}

// maxResults is the number of results that GitHub accepts in a run.
const maxResults = 25_000

func (s *sarifRun) notify(level, text string) *sarifNotification {
	s.notes = append(s.notes, sarifNotification{Level: level, Message: sarifMessage(text)})
	return &s.notes[len(s.notes)-1]
}

func (s *sarifRun) add(f policy.Finding, line int) {
	s.assets.add(f)
	rule := s.rule(f.Policy)
	problem := s.problems.add(f)
	if f.Err != nil && !problem && !isUnread(f.Err) {
		s.notify("error", strings.TrimSpace(visible(f.Subject.Ref().String())+": "+reasonOf(f))).
			AssociatedRule = &sarifRuleRef{f.Policy.ID, rule}
	}
	if !s.o.shows(f) || f.Subject.Kind() == policy.OfCoverage {
		return
	}
	text := messageOf(f)
	if reason := restOf(f); reason != "" {
		text += "\n" + reason
	}
	for _, e := range f.Evidence {
		text += "\n" + evidenceText(f.Subject.Ref(), e)
	}
	r := sarifResult{
		RuleID: f.Policy.ID, RuleIndex: rule, Kind: sarifKind(f.Status), Level: "none", Message: sarifMessage(text),
		Locations:    []sarifLocation{s.location(f, line)},
		Fingerprints: map[string]string{"stanceKey/v1": f.Key(), "primaryLocationLineHash": f.Key()},
	}
	if f.Status == policy.Fail {
		r.Level = sarifLevel(f.Policy.Severity)
	}
	if a := f.Asset(); a != nil {
		r.Properties = map[string]string{
			"provider": visible(a.Provider), "account": visible(a.Account), "region": visible(a.Region),
			"type": visible(string(a.Type)), "severity": f.Policy.Severity.String(),
		}
	}
	if accepted(f) {
		r.Suppressions = []sarifSuppression{{"external", "accepted", acceptedText(f.Exception)}}
	}
	s.results = append(s.results, r)
}

// rule returns the index of the policy's rule, which it makes the first time.
func (s *sarifRun) rule(p *policy.Policy) int {
	if i, ok := s.rules[p.ID]; ok {
		return i
	}
	i := len(s.rules)
	s.rules[p.ID] = i
	const maxTags = 20
	rule := sarifRule{
		ID: p.ID, ShortDescription: sarifText{sentence(p.Title)}, FullDescription: sarifText{prose(p.Rationale)}, Help: sarifText{helpText(p)},
		DefaultConfiguration: sarifConfiguration{sarifLevel(p.Severity)},
		Properties:           sarifRuleProperties{SecuritySeverity: securitySeverity(p.Severity), Severity: p.Severity.String()},
	}
	for _, text := range []*sarifText{&rule.ShortDescription, &rule.FullDescription, &rule.Help} {
		if text.Text == "" { // GitHub requires each
			text.Text = asff.Cut(sentence(p.Title), 1024, p.ID)
		}
	}
	for _, c := range p.Controls {
		rule.Properties.Controls = append(rule.Properties.Controls, visible(c))
	}
	for _, t := range slices.Concat([]string{"security"}, p.Labels, p.Controls) {
		if t = visible(t); len(rule.Properties.Tags) < maxTags && !slices.Contains(rule.Properties.Tags, t) {
			rule.Properties.Tags = append(rule.Properties.Tags, t)
		}
	}
	s.driver.Rules = append(s.driver.Rules, rule)
	return i
}

// helpText says why a policy matters and how to repair what breaks it; it may be empty.
func helpText(p *policy.Policy) string {
	parts := slices.Concat(paragraphs(p.Rationale), paragraphs(p.Remediation.Text))
	if s := sentence(p.Remediation.CLI); s != "" {
		parts = append(parts, s)
	}
	for _, c := range p.Remediation.PreChecks {
		parts = append(parts, "Before: "+sentence(c.Text))
	}
	return strings.Join(parts, "\n\n")
}

var placeholder = regexp.MustCompile(`\{([0-9]+)\}`)

// sarifMessage makes a message. What looks like a placeholder or a link in it would be
// taken for one, so it is escaped (3.11.5, 3.11.6).
func sarifMessage(text string) sarifText {
	text = placeholder.ReplaceAllString(text, "{{$1}}")
	if strings.Contains(text, "](") {
		text = strings.NewReplacer("[", `\[`, "]", `\]`).Replace(text)
	}
	return sarifText{text}
}

func (s *sarifRun) location(f policy.Finding, line int) sarifLocation {
	var l sarifLocation
	if a := f.Asset(); a != nil {
		l.Logical = []sarifLogical{{Name: visible(a.Name), FullyQualifiedName: visible(a.ID), Kind: "resource"}}
	}
	file, line := s.o.place(f, line)
	uri := url.URL{Path: file}
	l.Physical.Artifact.URI = uri.String()
	l.Physical.Region = sarifRegion{line, 1, line, 2}
	return l
}

// place returns the file and the line of a finding, for services that show results in the
// files of a repository: those of the template; the file that the assets were read from,
// and the line of the asset in it; or the file of the policy.
func (o Options) place(f policy.Finding, sourceLine int) (file string, line int) {
	file, line = o.SourceFile, max(sourceLine, 1)
	if file == "" {
		file, line = f.Policy.File(), 1
	}
	if a := f.Asset(); a != nil && a.Origin.File != "" {
		file, line = a.Origin.File, max(a.Origin.Line, 1)
	}
	return relativePath(file, "policies/"+f.Policy.ID), line
}

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// relativePath returns the name of a file relative to the root of a repository, or another
// name if it is empty. Services resolve it in a repository, so it stays within.
func relativePath(name, other string) string {
	name = drive.ReplaceAllString(strings.ReplaceAll(strings.ToValidUTF8(name, "\ufffd"), `\`, "/"), "")
	name = strings.TrimLeft(path.Clean("/"+name), "/")
	if name == "" {
		return other
	}
	return name
}

func sarifKind(s policy.Status) string {
	switch s {
	case policy.Fail:
		return "fail"
	case policy.Pass:
		return "pass"
	case policy.NotApplicable:
		return "notApplicable"
	}
	return "open"
}

func sarifLevel(s policy.Severity) string {
	switch {
	case s >= policy.High:
		return "error"
	case s == policy.Medium:
		return "warning"
	}
	return "note"
}

// securitySeverity returns a score in the middle of the band of CVSS 3.1 with the same
// name, and "" for informational, which has none.
func securitySeverity(s policy.Severity) string {
	switch s {
	case policy.Critical:
		return "9.5"
	case policy.High:
		return "8.0"
	case policy.Medium:
		return "5.5"
	case policy.Low:
		return "2.0"
	}
	return ""
}
