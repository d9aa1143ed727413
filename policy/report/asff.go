package report

import (
	"errors"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/asff"
	"github.com/openstance/stance/policy"
)

// ASFF writes findings in the AWS Security Finding Format (2018-10-08), in lines for the
// operation BatchImportFindings of Security Hub: each line is a JSON list of at most 100
// findings, the limit of one call. Options.Hub is the
// account and region of that Security Hub. All findings belong to that account, including
// those of other accounts and clouds, whose own account is in the details of the resource.
// Options.Time is the time of the findings.
//
// The compliance status is PASSED, FAILED, WARNING for unknown findings, or NOT_AVAILABLE
// for policies that do not apply. Findings that pass or do not apply are INFORMATIONAL.
// A finding that an exception accepts is SUPPRESSED, with a note. Id is
// [policy.Finding.Key]. Strings are cut to the maximum lengths of the format. The resource
// of findings about gaps and coverage is the account.
//
// ASFF returns an error if Options.Hub lacks the account or the region, or if
// Options.Time is zero. If the sequence ends in an error, the output ends like that of
// [JSON].
func ASFF(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	switch {
	case o.Hub.Account == "" || o.Hub.Region == "":
		return errors.New("write ASFF: Options.Hub lacks the account or region of a Security Hub")
	case o.Time.IsZero():
		return errors.New("write ASFF: Options.Time is zero")
	}
	return batches(w, "ASFF", findings, o, maxBatch, func(dst []byte, f policy.Finding) []byte {
		return appendObject(dst, newASFF(f, o.Hub, o.Time))
	})
}

// maxBatch is the number of findings that one call of BatchImportFindings accepts.
const maxBatch = 100

func newASFF(f policy.Finding, hub asset.Scope, at time.Time) asff.Finding {
	partition := asff.Partition(hub.Region)
	when := at.UTC().Format(time.RFC3339)
	a := asff.Finding{
		SchemaVersion: asff.SchemaVersion, ID: f.Key(), GeneratorID: f.Policy.ID, AwsAccountID: hub.Account,
		ProductArn: asff.ProductARN(hub),
		Types:      []string{"Software and Configuration Checks"},
		CreatedAt:  when, UpdatedAt: when, RecordState: "ACTIVE", Workflow: asff.Workflow{Status: "NEW"},
		Title: asff.Cut(visible(f.Policy.Title), 256, "-"), Description: asff.Cut(asffDescription(f), 1024, "-"),
		Severity:      asff.Severity{Label: strings.ToUpper(f.Policy.Severity.String()), Original: f.Policy.Severity.String()},
		ProductFields: map[string]string{"stance/policy": f.Policy.ID, "stance/status": f.Status.String()},
	}
	switch f.Status {
	case policy.Pass:
		a.Compliance.Status, a.Severity.Label = "PASSED", "INFORMATIONAL"
	case policy.Fail:
		a.Compliance.Status = "FAILED"
	case policy.NotApplicable:
		a.Compliance.Status, a.Severity.Label = "NOT_AVAILABLE", "INFORMATIONAL"
	default:
		a.Compliance.Status = "WARNING"
	}
	controls := f.Controls()
	for _, c := range controls[:min(len(controls), 32)] {
		a.Compliance.RelatedRequirements = append(a.Compliance.RelatedRequirements, asff.Cut(c, 64, "-"))
	}
	if text := prose(f.Policy.Remediation.Text); text != "" {
		a.Remediation = &asff.Remediation{Recommendation: asff.Text{Text: asff.Cut(text, 512, "-")}}
	}
	if accepted(f) {
		a.Workflow.Status = "SUPPRESSED"
		a.Note = &asff.Note{Text: asff.Cut(acceptedText(f.Exception), 512, "-"), UpdatedBy: asff.Cut(visible(f.Exception.Owner), 512, "-"), UpdatedAt: when}
	}
	a.Resources = []asff.Resource{asffResourceOf(f, hub, partition)}
	return a
}

func asffDescription(f policy.Finding) string {
	s := messageOf(f)
	if reason := restOf(f); reason != "" {
		s += " (" + reason + ")"
	}
	return s
}

func asffResourceOf(f policy.Finding, hub asset.Scope, partition string) asff.Resource {
	scope := f.Scope()
	r := asff.Resource{Type: "AwsAccount", ID: "AWS::::Account:" + hub.Account, Partition: partition, Region: hub.Region}
	other := map[string]string{}
	for k, v := range map[string]string{"provider": scope.Provider, "account": scope.Account, "region": scope.Region} {
		if v != "" {
			other[k] = asff.Cut(visible(v), 1024, "")
		}
	}
	if a := f.Asset(); a != nil {
		r.Type, r.ID = "Other", asff.Cut(visible(a.ID), 512, "-")
		if a.Provider == "aws" {
			r.Type = asff.Type(a.Type)
		}
		other["type"], other["name"] = asff.Cut(visible(string(a.Type)), 1024, "-"), asff.Cut(visible(a.Name), 1024, "-")
	}
	r.Details.Other = other
	return r
}
