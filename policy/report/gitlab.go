package report

import (
	"encoding/json"
	"io"
	"iter"
	"strings"

	"github.com/openstance/stance/policy"
)

// GitLab writes findings as a Code Quality report of GitLab: one JSON list with an issue
// for each finding that fails or is unknown, whatever Options.All says.
//
// The fingerprint is [policy.Finding.Key]. The location is that of [SARIF]: the path
// relative to the repository, and the line. The severity is blocker, critical, major,
// minor or info for critical to informational. A finding that is unknown, or accepted by
// an exception, is info, and its description begins with that word.
//
// The report is built in memory.
func GitLab(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	issues := []gitlabIssue{}
	add := func(f policy.Finding, line int) {
		if f.Status != policy.Fail && f.Status != policy.Unknown {
			return
		}
		text := messageOf(f)
		if reason := restOf(f); reason != "" {
			text += " (" + reason + ")"
		}
		if ref := f.Subject.Ref(); ref.ID != "" {
			text += ": " + visible(ref.String())
		}
		issue := gitlabIssue{Description: text, Check: visible(f.Policy.ID), Fingerprint: f.Key(), Severity: gitlabSeverity(f.Policy.Severity)}
		switch {
		case f.Status == policy.Unknown:
			issue.Severity, issue.Description = "info", "unknown: "+strings.TrimPrefix(text, "unknown: ")
		case accepted(f):
			issue.Severity, issue.Description = "info", acceptedText(f.Exception)+": "+text
		}
		issue.Location.Path, issue.Location.Lines.Begin = o.place(f, line)
		issues = append(issues, issue)
	}
	return wholeWithLines(w, "GitLab report", findings, o.SourceLine, add, func() ([]byte, error) {
		b, err := json.Marshal(issues)
		return append(escapeJSON(b, 0), '\n'), err
	})
}

type gitlabIssue struct {
	Description string         `json:"description"`
	Check       string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

func gitlabSeverity(s policy.Severity) string {
	switch s {
	case policy.Critical:
		return "blocker"
	case policy.High:
		return "critical"
	case policy.Medium:
		return "major"
	case policy.Low:
		return "minor"
	}
	return "info"
}
