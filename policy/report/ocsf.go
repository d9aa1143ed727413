package report

import (
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/openstance/stance/internal/ocsf"
	"github.com/openstance/stance/policy"
)

// OCSF writes findings as events of the class Compliance Finding (2003) of the Open
// Cybersecurity Schema Framework 1.8, one JSON object on each line. Options.Time is the
// time of the events.
//
// The compliance status is 1 (Pass), 3 (Fail), 2 (Warning) for unknown findings, and 99
// (Other) for policies that do not apply. The severity is the severity of the policy, or
// Informational for findings that pass or do not apply. A finding that an exception
// accepts has the status Suppressed. finding_info.uid is [policy.Finding.Key].
//
// OCSF returns an error if Options.Time is zero. If the sequence ends in an error, the
// output ends like that of [JSON].
func OCSF(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	if o.Time.IsZero() {
		return errors.New("write OCSF events: Options.Time is zero")
	}
	return lines(w, "OCSF events", findings, o, func(dst []byte, f policy.Finding) []byte {
		return appendObject(dst, ocsfEvent(f, o))
	})
}

func ocsfEvent(f policy.Finding, o Options) ocsf.Finding {
	controls := append([]string{}, f.Controls()...)
	e := ocsf.New(ocsf.Create, o.Time, o.Version)
	e.Message = f.Message
	e.Info = ocsf.Info{UID: f.Key(), Title: f.Policy.Title, Desc: prose(f.Policy.Rationale)}
	e.Compliance = ocsf.Compliance{Control: f.Policy.ID, Standards: ocsf.StandardsOf(controls), Requirements: controls}
	if e.Message == "" {
		e.Message = f.Policy.Title
	}
	severity := f.Policy.Severity
	c := &e.Compliance
	switch f.Status {
	case policy.Pass:
		c.StatusID, c.Status, severity = 1, "Pass", policy.Informational
	case policy.Fail:
		c.StatusID, c.Status = 3, "Fail"
	case policy.NotApplicable:
		c.StatusID, c.Status, severity = 99, "Not Applicable", policy.Informational
	default:
		c.StatusID, c.Status = 2, "Warning"
	}
	name := severity.String()
	e.SeverityID, e.Severity = int(severity), strings.ToUpper(name[:1])+name[1:]
	switch {
	case accepted(f):
		e.StatusID, e.Status = 3, "Suppressed"
		c.Details = append(c.Details, acceptedText(f.Exception))
	case f.Status == policy.Fail || f.Status == policy.Unknown:
		e.StatusID, e.Status = 1, "New"
	}
	if f.Err != nil {
		c.Details = append(c.Details, joined(f.Err.Error()))
	}
	if s := f.Scope(); s.Provider != "" {
		e.Metadata.Profiles = []string{"cloud"}
		e.Cloud = &ocsf.Cloud{Provider: s.Provider, Region: s.Region}
		if s.Account != "" {
			e.Cloud.Account = ocsf.AccountOf(s.Provider, s.Account)
		}
	}
	if a := f.Asset(); a != nil {
		e.Resources = []ocsf.Resource{{UID: a.ID, Name: a.Name, Type: string(a.Type), Region: a.Region}}
	}
	if text := prose(f.Policy.Remediation.Text); text != "" {
		e.Remediation = &ocsf.Remediation{Desc: text}
	}
	for _, x := range f.Evidence {
		e.Evidences = append(e.Evidences, ocsf.Evidence{Data: appendEvidence(nil, f.Subject.Ref(), x)})
	}
	return e
}
