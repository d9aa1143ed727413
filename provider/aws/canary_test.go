package aws

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
	ndjson "github.com/openstance/stance/provider/snapshot"
)

// Canaries: one that only its place makes a secret, and one that is known by its
// looks, for places that hold texts of all kinds. Each is planted with what says where.
const (
	plainCanary = "correct-horse-battery-staple"
	tokenCanary = "ghp" + "_Zq4vT8mXw2Rk7Jp1Ls9Yc6Nd3Hb5Fg0UaEoI"
)

// planted returns the forms in which a canary may appear: itself, and as a part of
// something in base64, which depends on how far in it begins.
func planted() []string {
	var forms []string
	for _, c := range []string{plainCanary, tokenCanary} {
		forms = append(forms, c)
		for skip := range 3 {
			inner := c[(3-skip)%3:]
			inner = inner[:len(inner)/3*3]
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(inner)))
		}
	}
	return forms
}

func sings(text string) string {
	for _, form := range planted() {
		if i := strings.Index(text, form); i >= 0 {
			return text[max(0, i-200):min(len(text), i+60)]
		}
	}
	return ""
}

// listener notes which answers have canaries in them.
type listener struct {
	next  aws.HTTPClient
	mu    sync.Mutex
	heard map[string]bool // by service and operation, or method of those that do not name it
}

func (l *listener) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := l.next.Do(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if sings(string(answer)) != "" {
		_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "/")
		service := strings.Split(scope, "/")[2]
		op := r.Method
		if action, ok := strings.CutPrefix(string(body), "Action="); ok {
			op, _, _ = strings.Cut(action, "&")
		} else if target := r.Header.Get("X-Amz-Target"); target != "" {
			op = target[strings.LastIndex(target, ".")+1:]
		}
		l.mu.Lock()
		l.heard[service+":"+op] = true
		l.mu.Unlock()
	}
	return resp, err
}

// plantCanaries makes assets with a canary in each field that may hold a secret.
func plantCanaries(t *testing.T, cfg aws.Config) {
	t.Helper()
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		require.NoError(t, err)
	}
	text := aws.String("do not tell " + tokenCanary)
	key, token, plain := aws.String("note"), aws.String(tokenCanary), aws.String(plainCanary)
	script := aws.String(base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nexport DB=" + plainCanary + "\n")))

	compute := ec2.NewFromConfig(cfg)
	images, err := compute.DescribeImages(ctx, &ec2.DescribeImagesInput{})
	require.NoError(t, err)
	image := images.Images[0].ImageId
	tags := func(of ec2types.ResourceType) []ec2types.TagSpecification {
		return []ec2types.TagSpecification{{ResourceType: of, Tags: []ec2types.Tag{{Key: key, Value: token}, {Key: aws.String("password"), Value: plain}}}}
	}
	must(compute.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: image, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), UserData: script, TagSpecifications: tags(ec2types.ResourceTypeInstance)}))
	must(compute.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"), VersionDescription: text, LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: image, UserData: script},
		TagSpecifications: tags(ec2types.ResourceTypeLaunchTemplate),
	}))
	must(compute.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: text}))
	must(compute.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(1), TagSpecifications: tags(ec2types.ResourceTypeVolume)}))
	must(autoscaling.NewFromConfig(cfg).CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: aws.String("web"), ImageId: image, InstanceType: aws.String("m5.large"), UserData: script,
	}))

	access := iam.NewFromConfig(cfg)
	role, err := access.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("web"), Description: text, Tags: []iamtypes.Tag{{Key: key, Value: token}},
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"` + tokenCanary + `","Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + tokenCanary + `"}}}]}`),
	})
	require.NoError(t, err)
	must(access.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ann"), Tags: []iamtypes.Tag{{Key: key, Value: token}}}))
	must(access.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("web"), Description: text, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::` + tokenCanary + `"}]}`)}))

	var code bytes.Buffer
	z := zip.NewWriter(&code)
	f, err := z.Create("index.py")
	require.NoError(t, err)
	fmt.Fprintf(f, "KEY = %q\n", plainCanary)
	require.NoError(t, z.Close())
	must(lambda.NewFromConfig(cfg).CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("web"), Role: role.Role.Arn, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("index.main"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
		Description: text, Environment: &lambdatypes.Environment{Variables: map[string]string{"DB": plainCanary, "TOKEN": tokenCanary}}, Tags: map[string]string{"note": tokenCanary},
	}))
	must(ecs.NewFromConfig(cfg).RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("web"), Tags: []ecstypes.Tag{{Key: key, Value: token}},
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("app:1"), Memory: aws.Int32(64), Command: []string{"serve", "--token=" + tokenCanary},
			Environment:  []ecstypes.KeyValuePair{{Name: aws.String("DB"), Value: plain}, {Name: aws.String("TOKEN"), Value: token}},
			DockerLabels: map[string]string{"note": tokenCanary},
		}},
	}))
	must(ssm.NewFromConfig(cfg).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/web/db"), Value: plain, Description: text, Type: ssmtypes.ParameterTypeString}))
	must(ssm.NewFromConfig(cfg).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/web/key"), Value: token, Type: ssmtypes.ParameterTypeSecureString}))
	must(secretsmanager.NewFromConfig(cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("web"), SecretString: plain, Description: text, Tags: []secrettypes.Tag{{Key: key, Value: token}}}))
	must(kms.NewFromConfig(cfg).CreateKey(ctx, &kms.CreateKeyInput{Description: text}))
	must(rds.NewFromConfig(cfg).CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("db"), DBInstanceClass: aws.String("db.t3.micro"), Engine: aws.String("postgres"), AllocatedStorage: aws.Int32(10),
		MasterUsername: aws.String("root"), MasterUserPassword: plain, Tags: []rdstypes.Tag{{Key: key, Value: token}},
	}))
	must(sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("web"), Tags: map[string]string{"note": tokenCanary}}))
	must(sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("web"), Attributes: map[string]string{"DisplayName": tokenCanary}}))
	bucket := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	must(bucket.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("web")}))
	must(bucket.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: aws.String("web"), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: key, Value: token}}}}))
}

// TestCanary plants secrets, hears them in what the server answers, and finds them
// nowhere else.
func TestCanary(t *testing.T) {
	heard := &listener{heard: map[string]bool{}}
	var log bytes.Buffer
	x := one(t)
	plantCanaries(t, x.cfg)
	heard.next, x.Provider.cfg.HTTPClient = x.Provider.cfg.HTTPClient, heard
	x.Provider.cfg.Logger = logging.NewStandardLogger(&log)
	x.Provider.cfg.ClientLogMode = aws.LogRetries | aws.LogDeprecatedUsage
	broken := "{" + tokenCanary
	x.says("SQS:GetQueueAttributes", &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"QueueArn": *inTestRegion("sqs", "web"), "Policy": broken}})
	x.says("Secrets Manager:GetResourcePolicy", &secretsmanager.GetResourcePolicyOutput{ResourcePolicy: &broken})

	inv := x.collect(t)
	for _, op := range []string{
		"autoscaling:DescribeLaunchConfigurations", "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances", "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSecurityGroups",
		"ec2:DescribeVolumes", "ecs:DescribeTaskDefinition", "iam:GetAccountAuthorizationDetails", "kms:DescribeKey", "lambda:GET", "rds:DescribeDBInstances", "s3:GET",
		"secretsmanager:ListSecrets", "sns:GetTopicAttributes", "sqs:ListQueueTags", "ssm:DescribeParameters",
	} {
		assert.True(t, heard.heard[op], "no answer to %s has a canary in it; those to %v have", op, heard.heard)
	}
	said := func(what, text string) {
		assert.Empty(t, sings(text), "a canary in the %s", what)
	}
	said("log", log.String())

	var b bytes.Buffer
	require.NoError(t, ndjson.Write(&b, func(yield func(asset.Observation, error) bool) {
		for _, o := range observations(inv) {
			if !yield(o, nil) {
				return
			}
		}
	}, nil))
	said("snapshot", b.String())
	assert.Contains(t, b.String(), "github-token", "the snapshot tells what was found")

	set, err := policy.Load(nil, packs.AWS())
	require.NoError(t, err)
	var findings []policy.Finding
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		findings = append(findings, f)
		said("finding", fmt.Sprintf("%v %v %+v", f.Message, f.Err, f.Evidence))
	}
	all := func(yield func(policy.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
	}
	for name, write := range map[string]func(io.Writer, iter.Seq2[policy.Finding, error], *report.Options) error{
		"JSON": report.JSON, "CSV": report.CSV, "HTML": report.HTML, "SARIF": report.SARIF, "JUnit": report.JUnit, "table": report.Table,
	} {
		b.Reset()
		require.NoError(t, write(&b, all, &report.Options{All: true, Gaps: inv.Gaps(), Coverage: inv.AllCoverage()}))
		assert.NotZero(t, b.Len())
		said(name, b.String())
	}
}

// observations returns all that an inventory has.
func observations(inv *asset.Inventory) []asset.Observation {
	var all []asset.Observation
	for _, g := range inv.Gaps() {
		all = append(all, g)
	}
	for _, c := range inv.AllCoverage() {
		all = append(all, c)
	}
	for a := range inv.All() {
		all = append(all, a)
	}
	return all
}
