package report

import (
	"encoding/json"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

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

// The objects of the schema, with the attributes that are used.
type (
	ocsfFinding struct {
		ActivityID   int              `json:"activity_id"`
		ActivityName string           `json:"activity_name"`
		CategoryUID  int              `json:"category_uid"`
		CategoryName string           `json:"category_name"`
		ClassUID     int              `json:"class_uid"`
		ClassName    string           `json:"class_name"`
		TypeUID      int              `json:"type_uid"`
		TypeName     string           `json:"type_name"`
		Time         int64            `json:"time"` // milliseconds since 1970
		SeverityID   int              `json:"severity_id"`
		Severity     string           `json:"severity"`
		StatusID     int              `json:"status_id,omitempty"`
		Status       string           `json:"status,omitempty"`
		Message      string           `json:"message"`
		Metadata     ocsfMetadata     `json:"metadata"`
		Info         ocsfInfo         `json:"finding_info"`
		Compliance   ocsfCompliance   `json:"compliance"`
		Cloud        *ocsfCloud       `json:"cloud,omitempty"`
		Resources    []ocsfResource   `json:"resources,omitempty"`
		Remediation  *ocsfRemediation `json:"remediation,omitempty"`
		Evidences    []ocsfEvidence   `json:"evidences,omitempty"`
	}
	ocsfMetadata struct {
		Version  string      `json:"version"`
		Product  ocsfProduct `json:"product"`
		Profiles []string    `json:"profiles,omitempty"`
	}
	ocsfProduct struct {
		Name    string `json:"name"`
		Vendor  string `json:"vendor_name"`
		Version string `json:"version,omitempty"`
	}
	ocsfInfo struct {
		UID   string `json:"uid"`
		Title string `json:"title"`
		Desc  string `json:"desc,omitempty"`
	}
	ocsfCompliance struct {
		Control      string   `json:"control"`
		Standards    []string `json:"standards"`
		Requirements []string `json:"requirements,omitempty"`
		StatusID     int      `json:"status_id"`
		Status       string   `json:"status"`
		Details      []string `json:"status_details,omitempty"`
	}
	ocsfCloud struct {
		Provider string       `json:"provider"`
		Account  *ocsfAccount `json:"account,omitempty"`
		Region   string       `json:"region,omitempty"`
	}
	ocsfAccount struct {
		UID    string `json:"uid"`
		TypeID int    `json:"type_id"`
		Type   string `json:"type"`
	}
	ocsfResource struct {
		UID    string `json:"uid"`
		Name   string `json:"name,omitempty"`
		Type   string `json:"type"`
		Region string `json:"region,omitempty"`
	}
	ocsfRemediation struct {
		Desc string `json:"desc"`
	}
	ocsfEvidence struct {
		Data json.RawMessage `json:"data"`
	}
)

func ocsfEvent(f policy.Finding, o Options) ocsfFinding {
	const class, create = 2003, 1
	e := ocsfFinding{
		ActivityID: create, ActivityName: "Create", CategoryUID: 2, CategoryName: "Findings",
		ClassUID: class, ClassName: "Compliance Finding", TypeUID: class*100 + create, TypeName: "Compliance Finding: Create",
		Time: o.Time.UnixMilli(), Message: f.Message,
		Metadata: ocsfMetadata{Version: "1.8.0", Product: ocsfProduct{Name: "Stance", Vendor: "OpenStance", Version: o.Version}},
		Info:     ocsfInfo{UID: f.Key(), Title: f.Policy.Title, Desc: prose(f.Policy.Rationale)},
		Compliance: ocsfCompliance{
			Control: f.Policy.ID, Standards: standardsOf(f.Policy), Requirements: f.Policy.Controls,
		},
	}
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
		e.Cloud = &ocsfCloud{Provider: s.Provider, Region: s.Region}
		if s.Account != "" {
			e.Cloud.Account = ocsfAccountOf(s.Provider, s.Account)
		}
	}
	if a := f.Asset(); a != nil {
		e.Resources = []ocsfResource{{UID: a.ID, Name: a.Name, Type: string(a.Type), Region: a.Region}}
	}
	if text := prose(f.Policy.Remediation.Text); text != "" {
		e.Remediation = &ocsfRemediation{Desc: text}
	}
	for _, x := range f.Evidence {
		e.Evidences = append(e.Evidences, ocsfEvidence{appendEvidence(nil, f.Subject.Ref(), x)})
	}
	return e
}

func ocsfAccountOf(provider, account string) *ocsfAccount {
	switch provider {
	case "aws":
		return &ocsfAccount{account, 10, "AWS Account"}
	case "gcp":
		return &ocsfAccount{account, 11, "GCP Project"}
	case "azure":
		return &ocsfAccount{account, 13, "Azure Subscription"}
	}
	return &ocsfAccount{account, 99, "Other"}
}

// standardsOf returns the ids of the standards of which a policy names controls,
// sorted; never nil.
func standardsOf(p *policy.Policy) []string {
	ids := []string{}
	for _, c := range p.Controls {
		if i := strings.LastIndexByte(c, '/'); i > 0 {
			ids = append(ids, c[:i])
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
