// Package asff has the objects of the AWS Security Finding Format (2018-10-08), with the
// attributes that reports and channels use.
package asff

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/openstance/stance/asset"
)

// SchemaVersion is the version of the format.
const SchemaVersion = "2018-10-08"

// The objects of the format, with the attributes that are used.
type (
	Finding struct {
		SchemaVersion string
		ID            string `json:"Id"`
		ProductArn    string
		GeneratorID   string `json:"GeneratorId"`
		AwsAccountID  string `json:"AwsAccountId"`
		Types         []string
		CreatedAt     string
		UpdatedAt     string
		Severity      Severity
		Title         string
		Description   string
		Remediation   *Remediation `json:",omitempty"`
		ProductFields map[string]string
		Resources     []Resource
		Compliance    Compliance
		Workflow      Workflow
		RecordState   string
		Note          *Note `json:",omitempty"`
	}
	Severity    struct{ Label, Original string }
	Remediation struct{ Recommendation Text }
	Text        struct{ Text string }
	Workflow    struct{ Status string }
	Note        struct{ Text, UpdatedBy, UpdatedAt string }
	Resource    struct {
		Type      string
		ID        string `json:"Id"`
		Partition string
		Region    string
		Details   Details
	}
	Details    struct{ Other map[string]string }
	Compliance struct {
		Status              string
		RelatedRequirements []string `json:",omitempty"`
	}
)

// ProductARN returns the ARN of the default product of an account.
func ProductARN(hub asset.Scope) string {
	return fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%[3]s/default", Partition(hub.Region), hub.Region, hub.Account)
}

// Type returns the format's name for a type of AWS assets.
// Source: the list "Resources" of the format in the user guide of Security Hub.
func Type(t asset.Type) string {
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

// Partition returns the partition of a region.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Cut returns at most n characters of a text, or another one in place of an empty text.
func Cut(s string, n int, empty string) string {
	if strings.TrimSpace(s) == "" {
		return empty
	}
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
