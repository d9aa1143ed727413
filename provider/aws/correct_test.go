package aws

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// sdkServices are the names of services in the SDK by their prefixes in operations. Two
// services have the prefix of load balancers.
func sdkServices() map[string]string {
	return map[string]string{
		"accessanalyzer": "AccessAnalyzer", "account": "Account", "acm": "ACM", "apigateway": "API Gateway", "apigatewayv2": "ApiGatewayV2", "autoscaling": "Auto Scaling",
		"backup": "Backup", "cloudcontrol": "CloudControl", "cloudformation": "CloudFormation", "cloudfront": "CloudFront", "cloudtrail": "CloudTrail", "cloudwatch": "CloudWatch",
		"codebuild": "CodeBuild", "config": "Config Service", "dynamodb": "DynamoDB", "ec2": "EC2", "ecr": "ECR", "ecs": "ECS", "efs": "EFS", "eks": "EKS", "elasticache": "ElastiCache",
		"elasticloadbalancing": "Elastic Load Balancing v2", "events": "EventBridge", "guardduty": "GuardDuty", "iam": "IAM", "kinesis": "Kinesis", "kms": "KMS", "lambda": "Lambda",
		"logs": "CloudWatch Logs", "opensearch": "OpenSearch", "organizations": "Organizations", "rds": "RDS", "redshift": "Redshift", "resource-explorer-2": "Resource Explorer 2",
		"route53": "Route 53", "s3": "S3", "s3control": "S3 Control", "secretsmanager": "Secrets Manager", "securityhub": "SecurityHub", "sns": "SNS", "sqs": "SQS", "ssm": "SSM",
		"sts": "STS", "tag": "Resource Groups Tagging API", "wafv2": "WAFV2",
	}
}

// everyOperation returns the operations that the provider calls, as the SDK names them:
// those of the tables, and those that find accounts, regions, permissions and indexes.
func everyOperation(t *testing.T) []string {
	t.Helper()
	p := New(aws.Config{}, nil)
	ops := []string{
		"sts:AssumeRole", "sts:GetCallerIdentity", "ec2:DescribeRegions", "account:ListRegions", "iam:SimulatePrincipalPolicy", "iam:GetRole", "iam:GenerateCredentialReport",
		"resource-explorer-2:ListIndexes", "resource-explorer-2:GetIndex", "resource-explorer-2:GetDefaultView", "resource-explorer-2:GetView",
		"resource-explorer-2:ListSupportedResourceTypes", "resource-explorer-2:ListResources", "tag:GetResources", "cloudcontrol:ListResources", "cloudcontrol:GetResource",
	}
	ops = append(ops, organizationPermissions(true)...)
	var walk func(tables []collect.Table)
	walk = func(tables []collect.Table) {
		for i := range tables {
			tab := &tables[i]
			ops = append(append(append(ops, tab.Op), tab.Also...), tab.Finds...)
			for _, r := range tab.Reads {
				ops = append(ops, r.Op)
			}
			walk(tab.Under)
		}
	}
	for i := range p.services {
		walk(tablesOf(p, &p.services[i]))
	}
	var keys []string
	for _, op := range ops {
		prefix, name, _ := strings.Cut(op, ":")
		name, _, _ = strings.Cut(name, "(")
		service := sdkServices()[prefix]
		if !assert.NotEmpty(t, service, "the SDK's name of %s", op) {
			continue
		}
		key, classic := service+":"+name, "Elastic Load Balancing:"+name
		if prefix == "elasticloadbalancing" && cloudAnswers()[classic] != nil {
			keys = append(keys, classic)
			if cloudAnswers()[key] == nil {
				continue
			}
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// deserializer stands in place of the step that the SDK's operations have.
type deserializer struct{}

func (deserializer) ID() string { return "OperationDeserializer" }

func (deserializer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	return next.HandleDeserialize(ctx, in)
}

// TestCorrectAnswersAreAccepted says that what refuses malformed answers refuses no
// correct one, of any operation that is called. The recorded answers of TestReplay pass it
// too.
func TestCorrectAnswersAreAccepted(t *testing.T) {
	c := newCloud(1)
	refuse := awsapi.RefuseMalformed(aws.Config{}).APIOptions
	keys := everyOperation(t)
	for _, key := range keys {
		service, operation, _ := strings.Cut(key, ":")
		if !assert.NotNil(t, c.answers[key], "there is no correct answer to %s", key) {
			continue
		}
		stack := middleware.NewStack(key, smithyhttp.NewStackRequest)
		require.NoError(t, stack.Initialize.Add(&awsmiddleware.RegisterServiceMetadata{ServiceID: service, OperationName: operation}, middleware.Before))
		require.NoError(t, stack.Deserialize.Add(deserializer{}, middleware.After))
		for _, add := range refuse {
			require.NoError(t, add(stack))
		}
		transport := middleware.HandlerFunc(func(_ context.Context, in any) (any, middleware.Metadata, error) {
			request := in.(*smithyhttp.Request)
			q := &question{cloud: c, service: service, operation: operation, region: "us-east-1"}
			response := q.answer(request.Request, c.answers[key](q))
			switch response.Header.Get("Content-Type") {
			case "text/xml", "text/xml;charset=UTF-8":
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			case "application/cbor":
				request.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
			}
			return &smithyhttp.Response{Response: response}, middleware.Metadata{}, nil
		})
		_, _, err := middleware.DecorateHandler(transport, stack).Handle(t.Context(), nil)
		assert.NoError(t, err, key)
	}
	t.Logf("%d operations", len(keys))
	assert.Greater(t, len(keys), 230)
}

// A server that answers every call with the same thing that is no answer leaves no claim.
func TestAnswersOfAnotherServer(t *testing.T) {
	clean := newCloud(1)
	for name, answer := range map[string]string{"empty": "", "page": "<html><body>Sign in</body></html>", "null": "null"} {
		c := &portal{cloud: clean, body: answer}
		p := clean.provider(t)
		p.cfg.HTTPClient = c
		inv := (&tester{Provider: p, calls: &calls{}}).collect(t)
		assert.NotEmpty(t, inv.Gaps(), name)
		for _, coverage := range inv.AllCoverage() {
			if coverage.Type == accountType || coverage.Type == regionType {
				continue // they are known from the calls that passed
			}
			assert.NotEqual(t, asset.Complete, coverage.State, "%s: %s in %s", name, coverage.Type, coverage.Scope)
		}
	}
}

// portal is a server before the cloud that lets only the first calls pass.
type portal struct {
	*cloud
	body string
}

func (c *portal) Do(r *http.Request) (*http.Response, error) {
	response, err := c.cloud.Do(r)
	switch awsmiddleware.GetOperationName(r.Context()) {
	case "GetCallerIdentity", "DescribeRegions":
	default:
		response.StatusCode, response.Header = http.StatusOK, http.Header{}
		response.Body, response.ContentLength = http.NoBody, int64(len(c.body))
		if c.body != "" {
			response.Body = io.NopCloser(strings.NewReader(c.body))
		}
	}
	return response, err
}
