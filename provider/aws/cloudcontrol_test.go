package aws

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	controltypes "github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/provider"
)

// controlServer answers the operations of Cloud Control as AWS documents them, in JSON
// 1.0, from resources by region and type. A list has two to a page.
type controlServer struct {
	resources map[string]map[string][]controlled
	fails     map[string]string // codes, by operation and type or identifier

	mu     sync.Mutex
	models []string       // that lists were given
	calls  map[string]int // by operation and type
}

type controlled struct{ identifier, properties string }

var signedRegion = regexp.MustCompile(`Credential=[^/]+/[0-9]+/([^/]+)/`)

func (s *controlServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	body, _ := io.ReadAll(r.Body)
	var in struct{ TypeName, Identifier, NextToken, ResourceModel string }
	json.Unmarshal(body, &in)
	operation, ok := strings.CutPrefix(target, "CloudApiService.")
	if !ok {
		http.Error(w, "no such operation: "+target+" "+r.URL.Path, http.StatusNotFound)
		return
	}
	region := signedRegion.FindStringSubmatch(r.Header.Get("Authorization"))[1]
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[operation+" "+in.TypeName]++
	if in.ResourceModel != "" && in.NextToken == "" {
		s.models = append(s.models, in.ResourceModel)
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("x-amzn-RequestId", "request-1")
	fail := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.cloudapiservice#" + code, "Message": "because"})
	}
	type description struct{ Identifier, Properties string }
	if code := s.fails[operation+" "+in.TypeName+in.Identifier]; code != "" {
		fail(code)
		return
	}
	all := s.resources[region][in.TypeName]
	switch operation {
	case "ListResources":
		from, _ := strconv.Atoi(in.NextToken)
		to := min(from+2, len(all))
		out := map[string]any{"TypeName": in.TypeName}
		var page []description
		for _, c := range all[from:to] {
			page = append(page, description{Identifier: c.identifier, Properties: "{}"})
		}
		out["ResourceDescriptions"] = page
		if to < len(all) {
			out["NextToken"] = strconv.Itoa(to)
		}
		json.NewEncoder(w).Encode(out)
	case "GetResource":
		i := slices.IndexFunc(all, func(c controlled) bool { return c.identifier == in.Identifier && c.properties != "gone" })
		if i < 0 {
			fail("ResourceNotFoundException")
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"TypeName": in.TypeName, "ResourceDescription": description{in.Identifier, all[i].properties}})
	default:
		fail("UnsupportedActionException")
	}
}

// overWire is a provider of which Cloud Control and what else is not said is answered
// by a handler.
func overWire(t *testing.T, h http.Handler, regions ...string) *tester {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	x := offline(t)
	x.Provider.cfg.BaseEndpoint = &s.URL
	x.Provider.opts.Regions = regions
	for i := range x.Provider.services {
		x.Provider.services[i].rate, x.Provider.services[i].burst = 1e6, 1e6
	}
	var enabled []ec2types.Region
	for _, r := range regions {
		enabled = append(enabled, ec2types.Region{RegionName: &r, OptInStatus: aws.String("opt-in-not-required")})
	}
	x.says("EC2:DescribeRegions", &ec2.DescribeRegionsOutput{Regions: enabled})
	return x
}

const (
	glueJob       asset.Type = "AWS::Glue::Job"
	keyspaceTable asset.Type = "AWS::Cassandra::Table"
	eksAddon      asset.Type = "AWS::EKS::Addon"
	userPool      asset.Type = "AWS::Cognito::UserPool"
	userGroup     asset.Type = "AWS::Cognito::UserPoolGroup"
	dashboard     asset.Type = "AWS::CloudWatch::Dashboard"
)

func TestCloudControlReadsWhatNoCollectorIsThereFor(t *testing.T) {
	s := &controlServer{resources: map[string]map[string][]controlled{
		"us-east-1": {
			"AWS::Glue::Job": {
				{"etl", `{"Name": "etl", "Role": "arn:aws:iam::123456789012:role/etl", "Command": {"Name": "glueetl"}, "Tags": {"team": "data"}}`},
				{"sync", `{"Name": "sync", "Role": "r", "Command": {}}`},
				{"load", `{"Name": "load", "Role": "r", "Command": {}}`},
			},
			"AWS::Cassandra::Table": {{"shop|orders", `{"KeyspaceName": "shop", "TableName": "orders", "Tags": [{"Key": "team", "Value": "net"}]}`}},
		},
		"eu-west-1": {"AWS::Glue::Job": {{"etl", `{"Name": "etl"}`}}},
	}}
	x := overWire(t, s, "us-east-1", "eu-west-1")
	inv := x.collect(t, glueJob, keyspaceTable)
	require.Empty(t, gapTexts(inv))
	assert.Len(t, slices.Collect(inv.OfType(glueJob)), 4, "over pages and regions")

	job, ok := inv.Get(asset.Ref{Type: glueJob, ID: "arn:aws:glue:us-east-1:123456789012:job/etl"})
	require.True(t, ok)
	assert.Equal(t, "etl", job.Name)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}, job.Scope)
	assert.Equal(t, map[string]string{"team": "data"}, job.Tags)
	assertJSON(t, `{"Name": "etl", "Role": "arn:aws:iam::123456789012:role/etl", "Command": {"Name": "glueetl"}, "Tags": {"team": "data"}}`, job.Config)

	table := only(t, inv, keyspaceTable)
	assert.Equal(t, "123456789012/us-east-1/shop|orders", table.ID, "its identifier does not tell an ARN")
	assert.Equal(t, "orders", table.Name)
	assert.Equal(t, map[string]string{"team": "net"}, table.Tags)
	assertUnread(t, "cloudcontrol:GetResource(AWS::Cassandra::Table)", "NotAnswered", table.Config.Get("AutoScalingSpecifications"))

	// A list of Cloud Control may end early without an error.
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012", Region: region}, glueJob))
	}
	assert.Equal(t, map[string]int{
		"ListResources AWS::Glue::Job": 3, "GetResource AWS::Glue::Job": 4,
		"ListResources AWS::Cassandra::Table": 2, "GetResource AWS::Cassandra::Table": 1,
	}, s.calls)
}

func TestCloudControlListsBelowOthers(t *testing.T) {
	s := &controlServer{resources: map[string]map[string][]controlled{"us-east-1": {
		"AWS::EKS::Cluster":           {{"prod", ""}, {"test", ""}},
		"AWS::EKS::Addon":             {{"prod|coredns", `{"ClusterName": "prod", "AddonName": "coredns"}`}},
		"AWS::Cognito::UserPool":      {{"us-east-1_a", `{"UserPoolId": "us-east-1_a"}`}},
		"AWS::Cognito::UserPoolGroup": {{"us-east-1_a|admins", `{"UserPoolId": "us-east-1_a", "GroupName": "admins"}`}},
	}}}
	x := overWire(t, s, "us-east-1")
	inv := x.collect(t, eksAddon, userPool, userGroup)
	require.Empty(t, gapTexts(inv))
	assert.ElementsMatch(t, []string{`{"ClusterName":"prod"}`, `{"ClusterName":"test"}`, `{"UserPoolId":"us-east-1_a"}`}, s.models)
	assert.Empty(t, slices.Collect(inv.OfType(eksCluster)), "clusters only lead to what is requested")
	assert.Equal(t, asset.NotAsked, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}, eksCluster))
	assert.Equal(t, "coredns", only(t, inv, eksAddon).Name)
	assert.Equal(t, "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a", only(t, inv, userPool).ID)
	assert.Equal(t, "123456789012/us-east-1/us-east-1_a|admins", only(t, inv, userGroup).ID)
	assert.Equal(t, 1, s.calls["ListResources AWS::Cognito::UserPool"], "pools are listed once, for themselves and for what is below")
	assert.Zero(t, s.calls["GetResource AWS::EKS::Cluster"])
}

func TestWhatCloudControlCannotTell(t *testing.T) {
	s := &controlServer{
		resources: map[string]map[string][]controlled{"us-east-1": {
			"AWS::Glue::Job": {
				{"denied", `{}`}, {"gone", "gone"}, {"broken", `{"Name": `}, {"list", `[]`}, {"", `{}`},
			},
			"AWS::EKS::Cluster": {{"prod", ""}},
		}},
		fails: map[string]string{
			"GetResource AWS::Glue::Jobdenied":       "AccessDeniedException",
			"ListResources AWS::Cassandra::Table":    "AccessDeniedException",
			"ListResources AWS::Athena::DataCatalog": "TypeNotFoundException",
			"ListResources AWS::EKS::Addon":          "HandlerInternalFailureException",
		},
	}
	x := overWire(t, s, "us-east-1")
	inv := x.collect(t, glueJob, keyspaceTable, eksAddon, "AWS::Athena::DataCatalog", "AWS::Glue::Table", "AWS::No::Such")
	ids := []string{}
	for a := range inv.OfType(glueJob) {
		ids = append(ids, a.Name)
		op := "cloudcontrol:GetResource(AWS::Glue::Job)"
		if a.Name == "denied" {
			assertUnread(t, op, "AccessDeniedException", a.Config)
			assert.Equal(t, "request-1", a.Config.Unread().RequestID)
		} else {
			assertUnread(t, op, "Malformed", a.Config)
		}
		assert.Nil(t, a.Tags)
	}
	assert.ElementsMatch(t, []string{"denied", "broken", "list"}, ids, "one is gone, and one has no name")
	codes := map[string]string{}
	for _, g := range inv.Gaps() {
		codes[string(g.Type)+" "+g.Cause.Op] = g.Cause.Code
	}
	assert.Equal(t, map[string]string{
		"AWS::Glue::Job cloudcontrol:ListResources(AWS::Glue::Job)":                     "Malformed",
		"AWS::Cassandra::Table cloudcontrol:ListResources(AWS::Cassandra::Table)":       "AccessDeniedException",
		"AWS::Athena::DataCatalog cloudcontrol:ListResources(AWS::Athena::DataCatalog)": "TypeNotFoundException",
		"AWS::EKS::Addon cloudcontrol:ListResources(AWS::EKS::Addon)":                   "HandlerInternalFailureException",
		"AWS::Glue::Table ": "NeedsParent",
		"AWS::No::Such ":    "UnknownType",
	}, codes)
}

func TestCloudControlTellsWhatIsEverywhereOnce(t *testing.T) {
	board := []controlled{{"main", `{"DashboardName": "main", "DashboardBody": "{}"}`}}
	s := &controlServer{resources: map[string]map[string][]controlled{
		"us-east-1": {string(dashboard): board}, "eu-west-1": {string(dashboard): board},
	}}
	inv := overWire(t, s, "us-east-1", "eu-west-1").collect(t, dashboard)
	require.Empty(t, gapTexts(inv))
	account := asset.Scope{Provider: "aws", Account: "123456789012"}
	assert.Equal(t, account, only(t, inv, dashboard).Scope)
	assert.Equal(t, "arn:aws:cloudwatch::123456789012:dashboard/main", only(t, inv, dashboard).ID)
	assert.Equal(t, asset.Partial, inv.Coverage(account, dashboard))
	assert.Equal(t, 1, s.calls["GetResource AWS::CloudWatch::Dashboard"])
}

// TestWhatIsNeverAnsweredIsUnread says so of a property at the top, of one in another
// and of one in each of a list.
func TestWhatIsNeverAnsweredIsUnread(t *testing.T) {
	const action asset.Type = "AWS::CodePipeline::CustomActionType"
	for name, c := range map[string]struct{ properties, unread string }{
		"in what is there": {`{"Settings": {"EntityUrlTemplate": "u"}, "ConfigurationProperties": [{"Name": "a"}, {"Name": "b"}]}`, "config.Settings.ThirdPartyConfigurationUrl config.ConfigurationProperties[0].Type config.ConfigurationProperties[1].Type"},
		"with what is not": {`{}`, "config.Settings config.ConfigurationProperties"},
		"though it came":   {`{"Settings": {"ThirdPartyConfigurationUrl": "u"}, "ConfigurationProperties": []}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &controlServer{resources: map[string]map[string][]controlled{"us-east-1": {string(action): {{"Build|own|1", c.properties}}}}}
			a := only(t, overWire(t, s, "us-east-1").collect(t, action), action)
			var unread []string
			for at := range a.Config.Marks() {
				unread = append(unread, string(at))
			}
			assert.ElementsMatch(t, strings.Fields(strings.ReplaceAll(c.unread, "config.", "")), unread)
		})
	}
}

func TestCloudControlReadsOnlyWhatIsAskedFor(t *testing.T) {
	s := &controlServer{resources: map[string]map[string][]controlled{"us-east-1": {"AWS::Glue::Job": {{"etl", `{"Name": "etl"}`}}}}}
	x := overWire(t, s, "us-east-1")
	inv := x.collectQuery(t, provider.Query{Types: []asset.Type{glueJob}, Reads: map[asset.Type][]asset.Path{glueJob: {}}})
	assertUnread(t, "cloudcontrol:GetResource(AWS::Glue::Job)", asset.CodeNotRequested, only(t, inv, glueJob).Config)
	assert.Zero(t, s.calls["GetResource AWS::Glue::Job"])
}

func TestCloudControlGetsOne(t *testing.T) {
	s := &controlServer{resources: map[string]map[string][]controlled{"eu-west-1": {
		"AWS::Glue::Job":        {{"etl", `{"Name": "etl"}`}},
		"AWS::Cassandra::Table": {{"shop|orders", `{"TableName": "orders"}`}},
	}}, fails: map[string]string{"GetResource AWS::EKS::Addonprod|coredns": "AccessDeniedException"}}
	x := overWire(t, s, "us-east-1", "eu-west-1")
	for _, ref := range []asset.Ref{
		{Type: glueJob, ID: "arn:aws:glue:eu-west-1:123456789012:job/etl"},
		{Type: keyspaceTable, ID: "123456789012/eu-west-1/shop|orders"},
	} {
		a, err := provider.Get(t.Context(), x.Provider, ref)
		require.NoError(t, err)
		assert.Equal(t, ref, a.Ref)
		assert.Nil(t, a.Config.Unread())
	}
	assert.Equal(t, map[string]int{"GetResource AWS::Glue::Job": 1, "GetResource AWS::Cassandra::Table": 1}, s.calls, "nothing is listed")

	_, err := x.Get(t.Context(), asset.Ref{Type: glueJob, ID: "arn:aws:glue:us-east-1:123456789012:job/etl"})
	assert.ErrorIs(t, err, provider.ErrNotFound)
	a, err := x.Get(t.Context(), asset.Ref{Type: eksAddon, ID: "123456789012/eu-west-1/prod|coredns"})
	require.NoError(t, err, "it may be there")
	assertUnread(t, "cloudcontrol:GetResource(AWS::EKS::Addon)", "AccessDeniedException", a.Config)
	for _, id := range []string{"etl", "arn:aws:glue:eu-west-1:123456789012:crawler/etl", "123456789012/eu-west-1/etl"} {
		_, err := x.Get(t.Context(), asset.Ref{Type: glueJob, ID: id})
		assert.ErrorContains(t, err, "not an id of the type")
		assert.NotErrorIs(t, err, provider.ErrNotFound)
	}
}

func TestCheckTriesCloudControl(t *testing.T) {
	s := &controlServer{
		resources: map[string]map[string][]controlled{"us-east-1": {"AWS::Glue::Job": {{"etl", `{}`}}}},
		fails:     map[string]string{"GetResource AWS::Glue::Jobetl": "AccessDeniedException"},
	}
	x := overWire(t, s, "us-east-1")
	x.fail(denied, "IAM:SimulatePrincipalPolicy")
	trees, err := x.Check(t.Context(), provider.Query{Types: []asset.Type{glueJob}})
	require.NoError(t, err)
	list := below(t, trees, "123456789012", "permissions", "glue:ListJobs")
	assert.Equal(t, provider.CheckResult{Name: "glue:ListJobs", Level: provider.CheckOK, Message: "cloudcontrol:ListResources(AWS::Glue::Job) succeeded"}, list)
	get := below(t, trees, "123456789012", "permissions", "glue:GetJob")
	assert.Equal(t, provider.CheckFailed, get.Level)
	assert.Equal(t, "add glue:GetJob to the policies of the role", get.Action)
}

// TestIDsOfCloudControlAreReversible says of every type that the identifier is known
// from the id, so that an asset can be read anew.
func TestIDsOfCloudControlAreReversible(t *testing.T) {
	p := New(aws.Config{}, nil)
	u := testUnit(p, "aws-cn", "cn-north-1", nil)
	inARN := 0
	for typ, r := range resources() {
		schema, ok := awscatalog.Schema(typ)
		require.True(t, ok, typ)
		var parts []string
		for i := range r.Identifier {
			parts = append(parts, "x"+strconv.Itoa(i))
		}
		identifier := strings.Join(parts, "|")
		ref, err := asset.ParseRef(typ, r.id(u, typ, identifier))
		require.NoError(t, err)
		got, ok := r.identify(ref, schema.Global)
		assert.True(t, ok, "%s", ref)
		assert.Equal(t, identifier, got, "%s", ref)
		account, region := where(ref)
		if strings.HasPrefix(ref.ID, "arn:") {
			inARN++
			continue
		}
		assert.Equal(t, "123456789012", account, "%s", ref)
		assert.Equal(t, schema.Global, region == "", "%s", ref)
	}
	assert.Greater(t, inARN, 300)
}

// TestCloudControlHasParents says that what is listed below others can be: the parent
// is listed, and its identifier has what is needed.
func TestCloudControlHasParents(t *testing.T) {
	below := 0
	for typ, r := range resources() {
		if r.Parent == "" {
			continue
		}
		below++
		parent := resources()[r.Parent]
		require.NotNil(t, parent, typ)
		for _, of := range r.Needs {
			assert.Contains(t, parent.Identifier, of, typ)
		}
		schema, _ := awscatalog.Schema(typ)
		ops := schema.Operations
		if !slices.ContainsFunc(ops, func(o asset.Operation) bool { return strings.HasPrefix(o.Name, cloudControl) }) {
			continue // a collector supports it
		}
		assert.True(t, slices.ContainsFunc(ops, func(o asset.Operation) bool { return o.Name == listOperation(r.Parent) }), "%s: a role for it may not list %s", typ, r.Parent)
	}
	assert.Greater(t, below, 200)
}

// TestCloudControlOnlyReads says that no role is given what writes, or what reads data.
func TestCloudControlOnlyReads(t *testing.T) {
	reads := regexp.MustCompile(`(?i)^[a-z0-9-]+:((admin|batch)?(get|list|describe|search|view|lookup)\w*\*?)$`)
	p := New(aws.Config{}, nil)
	q := provider.Query{Types: slices.Collect(maps.Keys(resources()))}
	permissions := p.Permissions(provider.Query{Types: p.controlled(q)})
	require.Greater(t, len(permissions), 2000)
	for _, name := range permissions {
		assert.Regexp(t, reads, name)
		for _, data := range []string{"s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter", "kms:Decrypt", "dynamodb:GetItem", "sts:AssumeRole"} {
			assert.False(t, strings.EqualFold(name, data), name)
		}
	}
	one := p.Permissions(provider.Query{Types: []asset.Type{glueJob}})
	assert.Subset(t, one, []string{"cloudformation:GetResource", "cloudformation:ListResources", "glue:GetJob", "glue:ListJobs"})
}

func TestCloudControlPages(t *testing.T) {
	job := func(name string) any {
		return &cloudcontrol.ListResourcesOutput{ResourceDescriptions: []controltypes.ResourceDescription{{Identifier: &name}}}
	}
	x := func(x *tester) { x.fail(denied, "CloudControl:GetResource") }
	testPages(t, listing{operation: "CloudControl:ListResources", typ: glueJob, first: job("a"), last: job("b"), others: x, quiet: true})
}
