package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/cli"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// environment has the credentials of the server and nothing of this machine's.
func environment(t *testing.T) {
	t.Helper()
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	for _, name := range []string{"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"} {
		t.Setenv(name, "") // so that it is put back
		require.NoError(t, os.Unsetenv(name))
	}
}

// stance runs the program.
func stance(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), cli.IO{In: strings.NewReader(""), Out: &o, Err: &e}, args)
	return code, o.String(), e.String()
}

// scan runs the command that scans.
func scan(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	return stance(t, append([]string{"scan"}, args...)...)
}

// few is a pack with one policy, so that a scan takes few calls.
func few(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "groups.yaml"), []byte(`id: groups
title: Security groups have rules that one can name
severity: high
type: AWS::EC2::SecurityGroup
require: config.?SecurityGroupIngress.orValue([]).all(r, r.?CidrIp.orValue('') != '0.0.0.0/0')
`), 0o644))
	return dir
}

type finding struct {
	Policy, Status, Account, Region, Type, ID, Name string
}

func findings(t *testing.T, out string) []finding {
	t.Helper()
	var all []finding
	for line := range strings.Lines(out) {
		var members map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &members), line)
		for _, name := range []string{"policy", "severity", "status", "provider", "account", "region", "type", "id", "name", "message", "evidence", "error"} {
			require.Contains(t, members, name)
		}
		assert.Equal(t, "aws", members["provider"])
		var f finding
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		all = append(all, f)
	}
	return all
}

func TestScan(t *testing.T) {
	environment(t)
	url := moto.URL(t)
	cfg := moto.Config(url)
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("invoices")})
	require.NoError(t, err)
	inIreland := cfg.Copy()
	inIreland.Region = "eu-west-1"
	groups := ec2.NewFromConfig(inIreland)
	group, err := groups.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("open"), Description: aws.String("open to all")})
	require.NoError(t, err)
	_, err = groups.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group.GroupId, IpPermissions: []ec2types.IpPermission{{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
	}}})
	require.NoError(t, err)

	file := filepath.Join(t.TempDir(), "seen.ndjson.gz")
	code, out, errs := scan(t, "-cloud", "aws", "-endpoint", url, "-regions", "us-east-1,eu-west-1", "-all", "-format", "json", "-o", file)
	assert.Equal(t, 1, code, errs)
	all := findings(t, out)
	status := map[string]string{}
	for _, f := range all {
		status[f.Policy+" "+f.Name] = f.Status
		if f.Region != "" {
			assert.Contains(t, []string{"us-east-1", "eu-west-1"}, f.Region)
		}
	}
	assert.Equal(t, "fail", status["aws-ec2-sg-no-public-admin-ports open"])
	assert.Contains(t, status, "aws-s3-bucket-not-public invoices")

	seen := 0
	for o, err := range snapshot.File(file, nil).Discover(t.Context(), provider.Query{}) {
		require.NoError(t, err)
		require.NotNil(t, o)
		seen++
	}
	assert.Positive(t, seen)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".snapshot-*"))
	require.NoError(t, err)
	assert.Empty(t, left)

	code, text, errs := scan(t, "-cloud", "aws", "-endpoint", url, "-regions", "eu-west-1", "-explain", "aws-ec2-sg-no-public-admin-ports", "open")
	assert.Equal(t, 0, code, errs)
	assert.Contains(t, text, "FAIL")
}

// TestTypesBesides asks for a type that Cloud Control would read, which moto lacks.
func TestTypesBesides(t *testing.T) {
	environment(t)
	args := []string{"-cloud", "aws", "-endpoint", moto.URL(t), "-packs", few(t), "-regions", "us-east-1", "-types"}
	code, _, errs := scan(t, append(args, "AWS::Glue::Job")...)
	assert.Equal(t, 0, code, errs)
	assert.Contains(t, errs, "not read: aws account 123456789012, region us-east-1, cloudcontrol:ListResources(AWS::Glue::Job): ")
	for _, name := range []string{"AWS::Glue::Jobs", "compute.googleapis.com/Instance", "job"} {
		code, out, errs := scan(t, append(args, name)...)
		assert.Equal(t, 2, code)
		assert.Empty(t, out)
		assert.Equal(t, "stance scan: -types "+name+": unknown type of aws\n", errs)
	}
}

func TestRegionThatDoesNotExist(t *testing.T) {
	environment(t)
	code, out, errs := scan(t, "-cloud", "aws", "-endpoint", moto.URL(t), "-packs", few(t), "-regions", "us-east-1,mars-north-1", "-format", "json", "-all")
	assert.Equal(t, 1, code, "an unknown finding")
	assert.Equal(t, "not read: aws account 123456789012, region mars-north-1, ec2:DescribeRegions: RegionUnknown: there is no such region\n", errs)
	status := map[string]bool{}
	for _, f := range findings(t, out) {
		status[f.Region+" "+f.Status] = true
	}
	assert.Equal(t, map[string]bool{"us-east-1 pass": true, "mars-north-1 unknown": true}, status)
}

func TestExpiredToken(t *testing.T) {
	environment(t)
	front := &moto.Front{Refuse: func(moto.Call) (string, string) {
		return "ExpiredToken", "The security token included in the request is expired"
	}}
	code, out, errs := scan(t, "-cloud", "aws", "-endpoint", front.URL(t, moto.URL(t)), "-packs", few(t))
	assert.Equal(t, 2, code)
	assert.Empty(t, out)
	assert.Equal(t, "stance scan: discover aws: account of the credentials, region us-east-1, sts:GetCallerIdentity: ExpiredToken: The security token included in the request is expired\n", errs)
}

func TestWrongExternalID(t *testing.T) {
	environment(t)
	front := &moto.Front{Refuse: func(c moto.Call) (string, string) {
		if c.Operation == "AssumeRole" && c.ExternalID != "right" {
			return "AccessDenied", "not authorized to perform: sts:AssumeRole"
		}
		return "", ""
	}}
	url := front.URL(t, moto.URL(t))
	args := []string{"-cloud", "aws", "-endpoint", url, "-packs", few(t), "-regions", "us-east-1", "-role", "arn:aws:iam::222222222222:role/audit", "-external-id"}
	code, _, errs := scan(t, append(args, "right")...)
	assert.Equal(t, 0, code, errs)
	code, _, errs = scan(t, append(args, "wrong")...)
	assert.Equal(t, 2, code)
	assert.Equal(t, "stance scan: discover aws: account 222222222222, region us-east-1, sts:AssumeRole of arn:aws:iam::222222222222:role/audit: AccessDenied: not authorized to perform: sts:AssumeRole\n", errs)

	// Of several accounts, the one of the credentials can still be read.
	args = []string{"-cloud", "aws", "-endpoint", url, "-packs", few(t), "-regions", "us-east-1", "-role", "audit", "-external-id", "wrong", "-format", "json", "-all", "-accounts"}
	code, out, errs := scan(t, append(args, "123456789012,222222222222")...)
	assert.Equal(t, 1, code)
	assert.Equal(t, "not read: aws account 222222222222, sts:AssumeRole: AccessDenied: not authorized to perform: sts:AssumeRole\n", errs)
	status := map[string]bool{}
	for _, f := range findings(t, out) {
		status[f.Account+" "+f.Status] = true
	}
	assert.Equal(t, map[string]bool{"123456789012 pass": true, "222222222222 unknown": true}, status)
	code, _, errs = scan(t, append(args, "222222222222")...)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "account 222222222222, sts:AssumeRole: AccessDenied")
	assert.Contains(t, errs, "stance scan: nothing could be read\n")
}

func TestAccountSuspendedInTheMiddle(t *testing.T) {
	environment(t)
	url := moto.URL(t)
	org := organizations.NewFromConfig(moto.Config(url))
	_, err := org.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll})
	require.NoError(t, err)
	shop, err := org.CreateAccount(t.Context(), &organizations.CreateAccountInput{AccountName: aws.String("shop"), Email: aws.String("shop@example.com")})
	require.NoError(t, err)
	id := *shop.CreateAccountStatus.AccountId
	var calls atomic.Int64
	front := &moto.Front{Refuse: func(c moto.Call) (string, string) {
		if c.Account == id && calls.Add(1) > 2 {
			return "AuthFailure", "the account is suspended"
		}
		return "", ""
	}}
	code, out, errs := scan(t, "-cloud", "aws", "-endpoint", front.URL(t, url), "-packs", few(t), "-regions", "us-east-1,eu-west-1,eu-north-1", "-organization", "-role", "audit", "-format", "json", "-all")
	assert.Equal(t, 1, code)
	assert.Greater(t, calls.Load(), int64(2))
	assert.Regexp(t, `(?m)^not read: aws account `+id+`, region [a-z0-9-]+, ec2:Describe\w+: AuthFailure: the account is suspended \(no AWS::EC2::SecurityGroup`, errs)
	status := map[string]bool{}
	for _, f := range findings(t, out) {
		status[f.Account+" "+f.Status] = true
	}
	assert.True(t, status[moto.Account+" pass"])
	assert.False(t, status[moto.Account+" unknown"])
	assert.True(t, status[id+" unknown"])
}

func TestPrintRole(t *testing.T) {
	environment(t)
	code, out, errs := scan(t, "-cloud", "aws", "-packs", few(t), "-print-role", "aws")
	assert.Equal(t, 0, code, errs)
	assert.Contains(t, out, `"ec2:DescribeSecurityGroups"`)
	assert.True(t, json.Valid([]byte(out)))
}

func TestBadInput(t *testing.T) {
	environment(t)
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"a snapshot of nothing":     {[]string{"-o", "x"}, "-o: needs -cloud"},
		"a cloud and a snapshot":    {[]string{"-cloud", "aws", "-snapshot", "x"}, "exclude each other"},
		"another cloud":             {[]string{"-cloud", "moon"}, "-cloud moon: want one of aws"},
		"a region without name":     {[]string{"-cloud", "aws", "-regions", "eu-west-1,,"}, "an empty name"},
		"an endpoint without host":  {[]string{"-cloud", "aws", "-endpoint", "localhost:5000"}, "-endpoint localhost:5000"},
		"an external id for nobody": {[]string{"-cloud", "aws", "-external-id", "x"}, "-external-id"},
		"a name for no account":     {[]string{"-cloud", "aws", "-role", "audit"}, "-organization or -accounts"},
		"two names":                 {[]string{"-cloud", "aws", "-organization", "-role", "a", "-role", "b"}, "-role b: a is already"},
		"no such profile":           {[]string{"-cloud", "aws", "-profile", "nobody"}, "nobody"},
		"no policies of the cloud":  {[]string{"-cloud", "aws", "-packs", t.TempDir()}, "no policies"},
		"a form that is none":       {[]string{"-cloud", "aws", "-format", "xml"}, "-format xml"},
		"a snapshot without folder": {[]string{"-cloud", "aws", "-endpoint", "http://127.0.0.1:1", "-o", filepath.Join(t.TempDir(), "no", "file")}, "-o"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := scan(t, tt.args...)
			assert.Equal(t, 2, code)
			assert.Empty(t, out)
			assert.Contains(t, errs, tt.want)
		})
	}
}
