package securityhub

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/asff"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

// findings returns the findings that an event imports.
func (n *Notifier) findings(e *alert.Event) []types.AwsSecurityFinding {
	switch {
	case e.Digest != nil:
		var all []types.AwsSecurityFinding
		seen := map[string]bool{}
		for _, a := range e.Digest.Alerts[:min(len(e.Digest.Alerts), maxFindings)] {
			if a != nil && !seen[a.ID] {
				seen[a.ID] = true
				all = append(all, n.ofAlert(e, a, a.Status))
			}
		}
		return all
	case e.Alert != nil:
		status := e.Alert.Status
		if e.Transition != nil {
			status = e.Transition.To
		}
		return []types.AwsSecurityFinding{n.ofAlert(e, e.Alert, status)}
	case e.Health != nil:
		h := e.Health
		f := n.base(e, "stance/health/"+string(h.Kind)+"/"+h.Subject, "stance/health/"+string(h.Kind))
		f.Title, f.Description = text("Alerting needs attention: "+h.Subject, 256, "-"), text(h.Message, 1024, "-")
		f.FindingProviderFields.Severity.Label = types.SeverityLabelHigh
		if !h.Since.IsZero() {
			f.CreatedAt = instant(h.Since)
		}
		if !h.Until.IsZero() {
			f.RecordState = types.RecordStateArchived
		}
		return []types.AwsSecurityFinding{f}
	case e.Kind == alert.EventTest:
		f := n.base(e, "stance/test", "stance/test")
		f.Title, f.Description, f.RecordState = aws.String("Test"), aws.String("Stance can import findings."), types.RecordStateArchived
		return []types.AwsSecurityFinding{f}
	}
	return nil
}

// base returns a finding about the account of the hub.
func (n *Notifier) base(e *alert.Event, id, generator string) types.AwsSecurityFinding {
	partition := asff.Partition(n.hub.Region)
	return types.AwsSecurityFinding{
		SchemaVersion: aws.String(asff.SchemaVersion), Id: identifier(id), ProductArn: aws.String(asff.ProductARN(n.hub)),
		GeneratorId: text(generator, 512, "stance"), AwsAccountId: &n.hub.Account,
		CreatedAt: instant(e.At), UpdatedAt: instant(e.At), RecordState: types.RecordStateActive,
		FindingProviderFields: &types.FindingProviderFields{
			Severity: &types.FindingProviderSeverity{Label: types.SeverityLabelInformational},
			Types:    []string{"Software and Configuration Checks"},
		},
		Workflow:      &types.Workflow{Status: types.WorkflowStatusNew},
		ProductFields: map[string]string{"stance/event": asff.Cut(printable.Text(e.ID), 2048, "-")},
		Resources: []types.Resource{{
			Type: aws.String("AwsAccount"), Id: aws.String("AWS::::Account:" + n.hub.Account),
			Partition: types.Partition(partition), Region: &n.hub.Region,
		}},
	}
}

func (n *Notifier) ofAlert(e *alert.Event, a *alert.Alert, status alert.Status) types.AwsSecurityFinding {
	f := n.base(e, a.ID, a.Key.Policy)
	f.Title, f.Description = text(a.Policy.Title, 256, a.Key.Policy), text(a.Message, 1024, a.Policy.Title)
	if !a.FirstSeen.IsZero() {
		f.CreatedAt = instant(a.FirstSeen)
	}
	severity := a.Policy.Severity
	f.FindingProviderFields.Severity = &types.FindingProviderSeverity{
		Label: types.SeverityLabel(strings.ToUpper(severity.String())), Original: aws.String(severity.String()),
	}
	f.ProductFields["stance/policy"] = asff.Cut(printable.Text(a.Key.Policy), 2048, "-")
	f.ProductFields["stance/status"] = asff.Cut(printable.Text(string(status)), 2048, "-")
	compliance := &types.Compliance{Status: types.ComplianceStatusFailed}
	if status == alert.Resolved {
		f.RecordState, compliance.Status = types.RecordStateArchived, types.ComplianceStatusNotAvailable
		if a.Verdict == policy.Pass {
			compliance.Status = types.ComplianceStatusPassed
		}
	}
	for _, c := range a.Policy.Controls[:min(len(a.Policy.Controls), 32)] {
		compliance.RelatedRequirements = append(compliance.RelatedRequirements, asff.Cut(printable.Text(c), 64, "-"))
	}
	f.Compliance = compliance
	if a.Policy.Steps != "" {
		f.Remediation = &types.Remediation{Recommendation: &types.Recommendation{Text: text(a.Policy.Steps, 512, "-")}}
	}
	if strings.HasPrefix(e.Link, "https://") && len(e.Link) <= 2048 {
		f.SourceUrl = &e.Link
	}
	f.Resources = n.resources(a)
	return f
}

func (n *Notifier) resources(a *alert.Alert) []types.Resource {
	r := types.Resource{
		Type: aws.String("Other"), Id: text(a.Ref.ID, 512, "-"), Partition: types.Partition(asff.Partition(n.hub.Region)), Region: &n.hub.Region,
	}
	if a.Asset.Provider == "aws" {
		r.Type = aws.String(asff.Type(a.Ref.Type))
		if a.Asset.Region != "" {
			r.Region, r.Partition = text(a.Asset.Region, 16, "-"), types.Partition(asff.Partition(a.Asset.Region))
		}
	}
	other := map[string]string{}
	for k, v := range map[string]string{
		"provider": a.Asset.Provider, "account": a.Asset.Account, "accountName": a.Asset.AccountName, "region": a.Asset.Region,
		"type": string(a.Ref.Type), "name": a.Asset.Name, "owner": a.Owner,
	} {
		if v != "" {
			other[k] = *text(v, 1024, "-")
		}
	}
	r.Details = &types.ResourceDetails{Other: other}
	return []types.Resource{r}
}

// identifier returns an id of a finding, at most 512 characters.
func identifier(id string) *string {
	clean := printable.Text(id)
	if len(clean) > 512 {
		h := sha256.Sum256([]byte(id))
		clean = "stance/" + hex.EncodeToString(h[:])
	}
	return &clean
}

// text returns a string as one printable line in at most limit characters.
func text(s string, limit int, empty string) *string {
	return aws.String(asff.Cut(printable.Text(s), limit, asff.Cut(printable.Text(empty), limit, "-")))
}

func instant(at time.Time) *string {
	return aws.String(at.UTC().Format("2006-01-02T15:04:05.000Z"))
}
