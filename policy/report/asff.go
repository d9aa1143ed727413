package report

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// ASFF writes findings in the AWS Security Finding Format (2018-10-08), one JSON object on
// each line, for the operation BatchImportFindings of Security Hub. Options.Hub is the
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
	return lines(w, "ASFF", findings, o, func(dst []byte, f policy.Finding) []byte {
		return appendObject(dst, newASFF(f, o.Hub, o.Time))
	})
}

// The objects of the format, with the attributes that are used.
type (
	asffFinding struct {
		SchemaVersion string
		ID            string `json:"Id"`
		ProductArn    string
		GeneratorID   string `json:"GeneratorId"`
		AwsAccountID  string `json:"AwsAccountId"`
		Types         []string
		CreatedAt     string
		UpdatedAt     string
		Severity      asffSeverity
		Title         string
		Description   string
		Remediation   *asffRemediation `json:",omitempty"`
		ProductFields map[string]string
		Resources     []asffResource
		Compliance    asffCompliance
		Workflow      asffWorkflow
		RecordState   string
		Note          *asffNote `json:",omitempty"`
	}
	asffSeverity    struct{ Label, Original string }
	asffRemediation struct{ Recommendation asffText }
	asffText        struct{ Text string }
	asffWorkflow    struct{ Status string }
	asffNote        struct{ Text, UpdatedBy, UpdatedAt string }
	asffResource    struct {
		Type      string
		ID        string `json:"Id"`
		Partition string
		Region    string
		Details   asffDetails
	}
	asffDetails    struct{ Other map[string]string }
	asffCompliance struct {
		Status              string
		RelatedRequirements []string `json:",omitempty"`
	}
)

func newASFF(f policy.Finding, hub asset.Scope, at time.Time) asffFinding {
	partition := awsPartition(hub.Region)
	when := at.UTC().Format(time.RFC3339)
	a := asffFinding{
		SchemaVersion: "2018-10-08", ID: f.Key(), GeneratorID: f.Policy.ID, AwsAccountID: hub.Account,
		ProductArn: fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%[3]s/default", partition, hub.Region, hub.Account),
		Types:      []string{"Software and Configuration Checks"},
		CreatedAt:  when, UpdatedAt: when, RecordState: "ACTIVE", Workflow: asffWorkflow{"NEW"},
		Title: cut(visible(f.Policy.Title), 256, "-"), Description: cut(asffDescription(f), 1024, "-"),
		Severity:      asffSeverity{Label: strings.ToUpper(f.Policy.Severity.String()), Original: f.Policy.Severity.String()},
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
	for _, c := range f.Policy.Controls[:min(len(f.Policy.Controls), 32)] {
		a.Compliance.RelatedRequirements = append(a.Compliance.RelatedRequirements, cut(c, 64, "-"))
	}
	if text := prose(f.Policy.Remediation.Text); text != "" {
		a.Remediation = &asffRemediation{asffText{cut(text, 512, "-")}}
	}
	if accepted(f) {
		a.Workflow.Status = "SUPPRESSED"
		a.Note = &asffNote{Text: cut(acceptedText(f.Exception), 512, "-"), UpdatedBy: cut(visible(f.Exception.Owner), 512, "-"), UpdatedAt: when}
	}
	a.Resources = []asffResource{asffResourceOf(f, hub, partition)}
	return a
}

func asffDescription(f policy.Finding) string {
	s := messageOf(f)
	if reason := reasonOf(f); reason != "" {
		s += " (" + reason + ")"
	}
	return s
}

func asffResourceOf(f policy.Finding, hub asset.Scope, partition string) asffResource {
	scope := f.Scope()
	r := asffResource{Type: "AwsAccount", ID: "AWS::::Account:" + hub.Account, Partition: partition, Region: hub.Region}
	other := map[string]string{}
	for k, v := range map[string]string{"provider": scope.Provider, "account": scope.Account, "region": scope.Region} {
		if v != "" {
			other[k] = cut(visible(v), 1024, "")
		}
	}
	if a := f.Asset(); a != nil {
		r.Type, r.ID = "Other", cut(visible(a.ID), 512, "-")
		if a.Provider == "aws" {
			r.Type = asffType(a.Type)
		}
		other["type"], other["name"] = cut(visible(string(a.Type)), 1024, "-"), cut(visible(a.Name), 1024, "-")
	}
	r.Details.Other = other
	return r
}

// asffType returns the format's name for a type of AWS assets.
// Source: the list "Resources" of the format in the user guide of Security Hub.
func asffType(t asset.Type) string {
	switch t {
	case "AWS::CloudFront::Distribution":
		return "AwsCloudFrontDistribution"
	case "AWS::CloudTrail::Trail":
		return "AwsCloudTrailTrail"
	case "AWS::DynamoDB::Table":
		return "AwsDynamoDbTable"
	case "AWS::EC2::Instance":
		return "AwsEc2Instance"
	case "AWS::EC2::NetworkAcl":
		return "AwsEc2NetworkAcl"
	case "AWS::EC2::SecurityGroup":
		return "AwsEc2SecurityGroup"
	case "AWS::EC2::Volume":
		return "AwsEc2Volume"
	case "AWS::EC2::VPC":
		return "AwsEc2Vpc"
	case "AWS::ECR::Repository":
		return "AwsEcrRepository"
	case "AWS::EKS::Cluster":
		return "AwsEksCluster"
	case "AWS::IAM::Group":
		return "AwsIamGroup"
	case "AWS::IAM::ManagedPolicy":
		return "AwsIamPolicy"
	case "AWS::IAM::Role":
		return "AwsIamRole"
	case "AWS::IAM::User":
		return "AwsIamUser"
	case "AWS::KMS::Key":
		return "AwsKmsKey"
	case "AWS::Lambda::Function":
		return "AwsLambdaFunction"
	case "AWS::RDS::DBCluster":
		return "AwsRdsDbCluster"
	case "AWS::RDS::DBInstance":
		return "AwsRdsDbInstance"
	case "AWS::S3::Bucket":
		return "AwsS3Bucket"
	case "AWS::SNS::Topic":
		return "AwsSnsTopic"
	case "AWS::SQS::Queue":
		return "AwsSqsQueue"
	case "AWS::SecretsManager::Secret":
		return "AwsSecretsManagerSecret"
	}
	return "Other"
}

func awsPartition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// cut returns at most n characters of a text, or another one in place of an empty text.
func cut(s string, n int, empty string) string {
	if strings.TrimSpace(s) == "" {
		return empty
	}
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
