package aws

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
)

// scenarioRule is a policy that asks what a rule of another tool asks.
type scenarioRule struct {
	policy string
	ports  []any // the policy's parameter, if it has one
	of     asset.Type
	also   []asset.Type // that tell what the rule is about
}

var scenarioRules = map[string]scenarioRule{
	"cloudtrail_log_file_validation_enabled":                                     {policy: "aws-cloudtrail-log-validation", of: cloudTrailTrail},
	"cloudtrail_logs_s3_bucket_is_not_publicly_accessible":                       {policy: "aws-s3-bucket-not-public", of: s3Bucket, also: []asset.Type{cloudTrailTrail}},
	"cloudtrail_multi_region_enabled":                                            {policy: "aws-cloudtrail-multi-region", of: accountType},
	"ec2_launch_template_no_secrets":                                             {policy: "aws-secrets-in-env", of: ec2LaunchTemplate},
	"ec2_securitygroup_allow_ingress_from_internet_to_all_ports":                 {policy: "aws-ec2-sg-no-public-all-ports", of: ec2SecurityGroup},
	"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_oracle_1521_2483": {policy: "aws-ec2-sg-no-public-db-ports", ports: []any{1521, 2483}, of: ec2SecurityGroup},
	"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379":       {policy: "aws-ec2-sg-no-public-db-ports", ports: []any{6379}, of: ec2SecurityGroup},
	"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_telnet_23":        {policy: "aws-ec2-sg-no-public-admin-ports", ports: []any{23}, of: ec2SecurityGroup},
	"iam_no_root_access_key":                                                     {policy: "aws-iam-root-no-access-key", of: accountType},
	"iam_password_policy_minimum_length_14":                                      {policy: "aws-iam-password-policy", of: accountType},
	"iam_root_mfa_enabled":                                                       {policy: "aws-iam-root-mfa", of: accountType},
	"kms_key_not_publicly_accessible":                                            {policy: "aws-resource-policy-not-public", of: kmsKey},
	"s3_bucket_level_public_access_block":                                        {policy: "aws-s3-bucket-public-access-block", of: s3Bucket},
	"s3_bucket_object_versioning":                                                {policy: "aws-s3-bucket-versioning", of: s3Bucket},
}

// scenarioDifferences are the reasons why verdicts differ, with the cases;
// internal/docs/verdicts.md has them too.
var scenarioDifferences = map[string][]string{
	"the rule leaves a group that opens every port to the rule for that": {
		"prowler/ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_oracle_1521_2483/test_ec2_non_compliant_default_sg_pass_to_avoid_fail_twice",
		"prowler/ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379/test_ec2_non_compliant_default_sg_pass_to_avoid_fail_twice",
		"prowler/ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_telnet_23/test_ec2_non_compliant_default_sg_pass_to_avoid_fail_twice",
	},
	"the list lets in everybody with an account at AWS, which is public as well": {
		"prowler/cloudtrail_logs_s3_bucket_is_not_publicly_accessible/test_trail_bucket_not_public_acl",
	},
}

// scenarioMocks are answers that no call of a setup can bring about: a case has them
// in its name alone.
var scenarioMocks = map[string]func(x *tester){
	"cloudtrail_log_file_validation_enabled/test_access_denied":                                deniedTrails,
	"cloudtrail_multi_region_enabled/test_access_denied":                                       deniedTrails,
	"iam_password_policy_minimum_length_14/test_access_denied":                                 func(x *tester) { x.fail(denied, "IAM:GetAccountPasswordPolicy") },
	"s3_bucket_level_public_access_block/test_bucket_can_not_retrieve_public_access_block":     func(x *tester) { x.fail(denied, "S3:GetPublicAccessBlock") },
	"iam_no_root_access_key/test_iam_root_access_key_1":                                        rootHas("AccountAccessKeysPresent"),
	"iam_no_root_access_key/test_iam_root_access_key_2":                                        rootHas("AccountAccessKeysPresent"),
	"iam_no_root_access_key/test_iam_root_both_access_keys":                                    rootHas("AccountAccessKeysPresent"),
	"iam_no_root_access_key/test_root_access_keys_with_organizational_management_enabled":      rootHas("AccountAccessKeysPresent"),
	"iam_no_root_access_key/test_root_both_access_keys_with_organizational_management_enabled": rootHas("AccountAccessKeysPresent"),
	"iam_no_root_access_key/test_root_no_credentials":                                          rootHas(),
	"iam_root_mfa_enabled/test_root_mfa_enabled":                                               rootHas("AccountPasswordPresent", "AccountMFAEnabled"),
	"iam_root_mfa_enabled/test_root_mfa_with_organizational_management_enabled":                rootHas("AccountPasswordPresent", "AccountMFAEnabled"),
	"iam_root_mfa_enabled/test_root_mfa_not_enabled":                                           rootHas("AccountPasswordPresent"),
	"iam_root_mfa_enabled/test_root_mfa_disabled_with_organizational_management_enabled":       rootHas("AccountPasswordPresent"),
	"iam_root_mfa_enabled/test_root_no_credentials":                                            rootHas(),
}

// scenarioDenied are the cases in which a call is denied.
var scenarioDenied = map[string]bool{
	"cloudtrail_log_file_validation_enabled/test_access_denied":                            true,
	"cloudtrail_multi_region_enabled/test_access_denied":                                   true,
	"iam_password_policy_minimum_length_14/test_access_denied":                             true,
	"s3_bucket_level_public_access_block/test_bucket_can_not_retrieve_public_access_block": true,
}

func deniedTrails(x *tester) { x.fail(denied, "CloudTrail:DescribeTrails", "CloudTrail:ListTrails") }

// rootHas makes the summary of the account tell of its root user.
func rootHas(names ...string) func(x *tester) {
	summary := map[string]int32{"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0}
	for _, name := range names {
		summary[name] = 1
	}
	return func(x *tester) { x.says("IAM:GetAccountSummary", &iam.GetAccountSummaryOutput{SummaryMap: summary}) }
}

// scenario is the input of a case.
type scenario struct {
	Seed  int
	Setup []struct {
		Service, Operation, Region string
		Params                     any
	}
}

// scenarioFinding is what the other tool reports. The references tell where the answers
// to the calls of the setup name the resource.
type scenarioFinding struct {
	Region string
	ID     string `json:"resource_id"`
	IDRef  []any  `json:"resource_id_ref"`
	ARNRef []any  `json:"resource_arn_ref"`
	Status string
}

// scenarioClient returns a client, whose methods the setup names.
func scenarioClient(t *testing.T, service string, cfg aws.Config) any {
	switch service {
	case "cloudtrail":
		return cloudtrail.NewFromConfig(cfg)
	case "ec2":
		return ec2.NewFromConfig(cfg)
	case "iam":
		return iam.NewFromConfig(cfg)
	case "kms":
		return kms.NewFromConfig(cfg)
	case "organizations":
		return organizations.NewFromConfig(cfg)
	case "s3":
		return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	case "s3control":
		return s3control.NewFromConfig(cfg, func(o *s3control.Options) { o.HTTPClient = noAccountHost{} })
	}
	require.Fail(t, "no client", service)
	return nil
}

// noAccountHost takes the account, which the API of S3 Control has in front of the
// host's name, away from there.
type noAccountHost struct{}

func (noAccountHost) Do(r *http.Request) (*http.Response, error) {
	r.URL.Host = strings.TrimPrefix(r.URL.Host, moto.Account+".")
	return http.DefaultClient.Do(r)
}

// call makes one call of the setup and returns the answer as JSON has it.
func (s *scenario) call(t *testing.T, cfg aws.Config, i int, answers []any) any {
	c := s.Setup[i]
	cfg.Region = c.Region
	if cfg.Region == "aws-global" {
		cfg.Region = "us-east-1"
	}
	name := c.Service + ":" + c.Operation
	method := reflect.ValueOf(scenarioClient(t, c.Service, cfg)).MethodByName(c.Operation)
	require.True(t, method.IsValid(), name)
	params, err := json.Marshal(resolve(t, c.Params, answers))
	require.NoError(t, err)
	in := reflect.New(method.Type().In(1).Elem())
	require.NoError(t, json.Unmarshal(params, in.Interface()), name)
	out := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
	if err, failed := out[1].Interface().(error); failed {
		require.NoError(t, err, name)
	}
	text, err := json.Marshal(out[0].Interface())
	require.NoError(t, err, name)
	var answer any
	require.NoError(t, json.Unmarshal(text, &answer), name)
	return answer
}

// resolve replaces references to earlier answers.
func resolve(t *testing.T, v any, answers []any) any {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["__ref__"]; ok {
			return reference(t, ref.([]any), answers)
		}
		if text, ok := v["__base64__"]; ok {
			b, err := base64.StdEncoding.DecodeString(text.(string))
			require.NoError(t, err)
			return b
		}
		m := map[string]any{}
		for k, e := range v {
			m[k] = resolve(t, e, answers)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = resolve(t, e, answers)
		}
		return l
	}
	return v
}

// reference follows a path in the answer to a call.
func reference(t *testing.T, ref []any, answers []any) any {
	at := answers[int(ref[0].(float64))]
	for _, step := range ref[1].([]any) {
		switch step := step.(type) {
		case string:
			at = at.(map[string]any)[step]
		case float64:
			list := at.([]any)
			require.Less(t, int(step), len(list), "%v", ref)
			at = list[int(step)]
		}
	}
	return at
}

// scenarioSets makes of each rule the policy alone, so that the scan reads what this
// asks for and nothing else.
func scenarioSets(t *testing.T) func(rule scenarioRule) *policy.Set {
	sets := map[string]*policy.Set{}
	return func(r scenarioRule) *policy.Set {
		key := fmt.Sprint(r.policy, r.ports)
		if sets[key] == nil {
			o := &policy.Overlay{Only: []policy.Selector{{ID: r.policy}}}
			if r.ports != nil {
				o.Params = map[string]map[string]any{r.policy: {"ports": r.ports}}
			}
			set, err := policy.Load(&policy.Options{Overlays: []*policy.Overlay{o}, NoEvidence: true}, packs.AWS())
			require.NoError(t, err)
			sets[key] = set
		}
		return sets[key]
	}
}

// TestScenarios sets accounts up, scans them for policies of the pack, and compares
// what these say with what rules of another tool say of the same accounts. Of what
// could not be read the other rules say nothing, and the policies that it is unknown.
func TestScenarios(t *testing.T) {
	cases := fixtures.Cases(t, "posture", "aws-moto-scenarios")
	reasons := map[string]string{}
	for reason, ids := range scenarioDifferences {
		for _, id := range ids {
			reasons[id] = reason
		}
	}
	sets := scenarioSets(t)
	compared := 0
	for c := range cases {
		rule, ok := scenarioRules[c.Rule.ID]
		if !ok {
			continue
		}
		compared++
		name := strings.TrimPrefix(c.ID, "prowler/")
		t.Run(name, func(t *testing.T) {
			var expected struct{ Findings []scenarioFinding }
			require.NoError(t, json.Unmarshal(c.Expected.All, &expected))
			var s scenario
			require.NoError(t, json.Unmarshal(c.Input, &s))
			x := newTester(t, nil)
			x.Provider.cfg.RetryMaxAttempts = 3 // the server breaks connections off when it has much to do
			if mock := scenarioMocks[name]; mock != nil {
				mock(x)
			}
			var answers []any
			for i := range s.Setup {
				answers = append(answers, s.call(t, x.cfg, i, answers))
			}
			set := sets(rule)
			inv := x.collectQuery(t, provider.Query{Types: append(set.Types(), rule.also...), Reads: set.Reads()})
			found := map[asset.Ref]policy.Finding{}
			unknown := 0
			for f, err := range set.Evaluate(t.Context(), inv) {
				require.NoError(t, err)
				of := rule.of
				switch {
				case f.Subject.Kind() == policy.OfGap:
					of = f.Subject.Ref().Type
				case f.Asset() != nil:
					if of = f.Asset().Type; of == rule.of {
						found[f.Asset().Ref] = f
					}
				}
				if of == rule.of && f.Status == policy.Unknown {
					unknown++
				}
			}
			if scenarioDenied[name] {
				assert.Positive(t, unknown, "what was denied makes a verdict unknown")
			} else {
				assert.Zero(t, unknown, "gaps: %v", gapTexts(inv))
			}
			difference := rule.differs(t, inv, found, expected.Findings, answers)
			if reason := reasons[c.ID]; reason != "" {
				assert.NotEmpty(t, difference, "agrees, although it is listed: %s", reason)
				return
			}
			assert.Empty(t, difference)
		})
	}
	assert.Equal(t, 60, compared, "cases of rules that a policy corresponds to")
}

// differs tells how findings differ from those that are expected: of resources that
// the answers name one by one, of others by the number of failures in a region. The
// rules for accounts report each region, of which one that fails is enough.
func (r scenarioRule) differs(t *testing.T, inv *asset.Inventory, found map[asset.Ref]policy.Finding, expected []scenarioFinding, answers []any) []string {
	fails := map[asset.Ref]bool{}
	rest := map[string]int{} // failures expected less those found, by region
	for _, want := range expected {
		subject := r.subject(t, inv, want, answers)
		switch {
		case !subject.IsZero():
			fails[subject] = fails[subject] || want.Status == "FAIL"
		case want.Status == "FAIL":
			rest[want.Region]++
		}
	}
	var differences []string
	for subject, fail := range fails {
		f, ok := found[subject]
		if !ok || f.Status == policy.Unknown || fail != (f.Status == policy.Fail) {
			differences = append(differences, fmt.Sprintf("%s: it is %t that it fails, but is found %s: %s %v", subject, fail, f.Status, f.Message, f.Err))
		}
	}
	for subject, f := range found {
		if _, named := fails[subject]; named {
			continue
		}
		if f.Status == policy.Fail {
			rest[f.Asset().Region]--
		}
	}
	for region, n := range rest {
		if n != 0 {
			differences = append(differences, fmt.Sprintf("in %q %d more failures are expected", region, n))
		}
	}
	slices.Sort(differences)
	return differences
}

// subject returns the asset that a finding is of, or the zero ref if the answers do
// not tell.
func (r scenarioRule) subject(t *testing.T, inv *asset.Inventory, f scenarioFinding, answers []any) asset.Ref {
	id := ""
	for _, ref := range [][]any{f.ARNRef, f.IDRef} {
		if id == "" && ref != nil {
			id, _ = reference(t, ref, answers).(string)
		}
	}
	switch r.of {
	case accountType:
		return accountRef(moto.Account)
	case s3Bucket:
		if f.ARNRef == nil {
			return asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::" + f.ID}
		}
		trail, ok := inv.Get(asset.Ref{Type: cloudTrailTrail, ID: id})
		require.True(t, ok, "no trail %s; gaps: %v", id, gapTexts(inv))
		name, err := trail.Config.Get("S3BucketName").Str()
		require.NoError(t, err)
		return asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::" + name}
	case ec2LaunchTemplate:
		return ref(ec2LaunchTemplate, "launch-template/"+id)
	}
	if id == "" {
		return asset.Ref{}
	}
	return asset.Ref{Type: r.of, ID: id}
}
