package packs_test

import (
	"encoding/json"
	"iter"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy/packs"
)

// awsRules are rules of other tools, by the first characters of their id, with the
// policies that ask the same of a template.
var awsRules = map[string][]string{
	"050a9ba8": {"aws-cloudtrail-kms"},
	"219f4c95": {"aws-s3-bucket-not-public"},
	"235ca980": {"aws-kms-rotation"},
	"350cd468": {"aws-s3-bucket-public-access-block"},
	"3ae83918": {"aws-ec2-sg-no-public-admin-ports"},
	"48f100d9": {"aws-s3-bucket-public-access-block"},
	"494b03d3": {"aws-ec2-sg-no-public-admin-ports", "aws-ec2-sg-no-public-db-ports"},
	"568cc372": {"aws-secrets-in-env"},
	"5beacce3": {"aws-rds-encrypted"},
	"6e856af2": {"aws-ec2-sg-no-public-admin-ports"},
	"835d5497": {"aws-s3-bucket-not-public"},
	"860ba89b": {"aws-s3-bucket-public-access-block"},
	"da905474": {"aws-resource-policy-not-public"},
	"ea33fcf7": {"aws-ec2-default-sg-closed"},
	"edc95c10": {"aws-iam-policies-via-groups"},
	"f80e3aa7": {"aws-iam-role-trust-not-wildcard"},
	"faa8fddf": {"aws-s3-bucket-not-public"},

	"ENCRYPTED_VOLUMES":                {"aws-ec2-ebs-volume-encrypted"},
	"IAM_NO_POLICY_ON_USER":            {"aws-iam-policies-via-groups"},
	"IAM_POLICY_NO_STATEMENTS_WITH_AD": {"aws-iam-no-admin-star-policy"},
	"IAM_USER_NO_POLICIES_CHECK":       {"aws-iam-policies-via-groups"},
	"MULTI_REGION_CLOUD_TRAIL_ENABLED": {"aws-cloudtrail-multi-region"},
	"RDS_INSTANCE_PUBLIC_ACCESS_CHECK": {"aws-rds-not-public"},
	"S3_BUCKET_NO_PUBLIC_RW_ACL":       {"aws-s3-bucket-not-public"},

	"AWS-0041": {"aws-eks-endpoint-restricted"},
	"AWS-0080": {"aws-rds-encrypted"},
	"AWS-0086": {"aws-s3-bucket-public-access-block"},
	"AWS-0107": {"aws-ec2-sg-no-public-admin-ports"},
}

// awsDifferences are the reasons why a policy deliberately judges otherwise, with the
// cases; internal/docs/verdicts.md has them too.
var awsDifferences = map[string][]string{
	"a key without Encrypted is refused by EC2, and encrypts nothing": {
		"guard/ENCRYPTED_VOLUMES/2",
	},
	"a policy that is attached to nobody gives nobody anything": {
		"guard/IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS/5",
		"guard/IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS/6",
	},
	"lists are in force with BucketOwnerPreferred, and this one is public": {
		"guard/S3_BUCKET_NO_PUBLIC_RW_ACL/3",
	},
	"port 9000 is not among the ports that the parameters have by default": {
		"kics/cloudFormation/aws/ec2_sensitive_port_is_publicly_exposed/positive3.yaml",
		"kics/cloudFormation/aws/ec2_sensitive_port_is_publicly_exposed/positive7.json",
	},
	"an ARN without an account names nobody, and IAM refuses it": {
		"kics/cloudFormation/aws/iam_role_allows_all_principals_to_assume/positive1.yaml",
		"kics/cloudFormation/aws/iam_role_allows_all_principals_to_assume/positive2.json",
	},
	"a key without a policy gets one that names its account alone": {
		"kics/cloudFormation/aws/kms_key_with_full_permissions/positive2.json",
		"kics/cloudFormation/aws/kms_key_with_full_permissions/positive2.yaml",
	},
	"the rule leaves lists that are public in another way to another rule": {
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_all_users/negative3.yaml",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_all_users/negative4.yaml",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_all_users/negative7.json",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_all_users/negative8.json",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_any_authenticated_user/negative3.yaml",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_any_authenticated_user/negative4.yaml",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_any_authenticated_user/negative7.json",
		"kics/cloudFormation/aws/s3_bucket_acl_allows_read_to_any_authenticated_user/negative8.json",
	},
	"launch configurations are no subject of the policy": {
		"kics/cloudFormation/aws/user_data_contains_encoded_private_key/positive.json",
		"kics/cloudFormation/aws/user_data_contains_encoded_private_key/positive.yaml",
	},
	"the rule asks for one of the four settings": {
		"trivy/aws/s3/block_public_acls/cloudformation/good0",
	},
}

// TestAWSTemplates compares verdicts on CloudFormation templates with those of the
// tools that the templates were written for.
func TestAWSTemplates(t *testing.T) {
	rules := map[string]rule{}
	for name, policies := range awsRules {
		rules[name] = rule{policies: policies}
	}
	comparison{packs.AWS(), rules, awsDifferences, awsCases(t), readAWSTemplate, true}.run(t)
}

func awsCases(t *testing.T) iter.Seq2[string, fixtures.Case] {
	return func(yield func(string, fixtures.Case) bool) {
		for _, folder := range []string{"guard-cfn", "kics-cloudformation", "trivy-examples"} {
			for c := range fixtures.Cases(t, "iac", folder) {
				if c.InputKind != "cloudformation" || c.Expected.Verdict == "skip" {
					continue
				}
				for prefix := range awsRules {
					if strings.HasPrefix(c.Rule.ID, prefix) && !yield(prefix, c) {
						return
					}
				}
			}
		}
	}
}

// awsTemplate is a CloudFormation template as far as the policies need it.
type awsTemplate struct {
	Parameters map[string]struct {
		Default any `yaml:"Default"`
	} `yaml:"Parameters"`
	Resources map[string]struct {
		Type       asset.Type `yaml:"Type"`
		Properties yaml.Node  `yaml:"Properties"`
	} `yaml:"Resources"`
}

// readAWSTemplate returns the resources of a template as assets, with companions folded
// into what they belong to, and the account that they are for.
func readAWSTemplate(t *testing.T, input json.RawMessage) []*asset.Asset {
	t.Helper()
	var text string
	require.NoError(t, json.Unmarshal(input, &text))
	var tpl awsTemplate
	require.NoError(t, yaml.Unmarshal([]byte(strings.ReplaceAll(text, "\t", "  ")), &tpl))
	unread := (&asset.Unread{Op: "template", Code: "NotKnown"}).Value()
	properties := map[string]map[string]any{}
	for id, r := range tpl.Resources {
		m, _ := tpl.resolve(&r.Properties).(map[string]any)
		if m == nil {
			m = map[string]any{}
		}
		properties[id] = m
	}
	types := map[string]asset.Type{}
	for id, r := range tpl.Resources {
		types[id] = r.Type
	}
	// What a companion names outside of the template is taken for a resource as well.
	named := func(name any, typ asset.Type) map[string]any {
		id, ok := name.(string)
		if !ok {
			id = "unnamed"
		}
		if properties[id] == nil {
			properties[id], types[id] = map[string]any{}, typ
		}
		return properties[id]
	}
	add := func(to map[string]any, key string, what any) {
		list, _ := to[key].([]any)
		to[key] = append(list, what)
	}
	access := map[string]any{}
	for id, r := range tpl.Resources {
		m := properties[id]
		switch r.Type {
		case "AWS::S3::BucketPolicy":
			name, _ := m["Bucket"].(string)
			named(name, "AWS::S3::Bucket")
			access[name] = m["PolicyDocument"]
		case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy":
			for key, typ := range map[string]asset.Type{"Users": "AWS::IAM::User", "Roles": "AWS::IAM::Role", "Groups": "AWS::IAM::Group"} {
				names, _ := m[key].([]any)
				for _, name := range names {
					if r.Type == "AWS::IAM::Policy" {
						add(named(name, typ), "Policies", map[string]any{"PolicyName": id, "PolicyDocument": m["PolicyDocument"]})
					} else {
						add(named(name, typ), "ManagedPolicyArns", id)
					}
				}
			}
		case "AWS::EC2::SecurityGroupIngress":
			add(named(m["GroupId"], "AWS::EC2::SecurityGroup"), "SecurityGroupIngress", m)
		case "AWS::KMS::Key":
			access[id] = m["KeyPolicy"]
		case "AWS::IAM::Role":
			access[id] = m["AssumeRolePolicyDocument"]
		}
	}
	account := &asset.Asset{Ref: asset.Ref{Type: "Stance::AWS::Account", ID: "template"}, Scope: asset.Scope{Provider: "aws", Account: "template"}}
	assets := []*asset.Asset{account}
	for id, typ := range types {
		a := &asset.Asset{
			Ref: asset.Ref{Type: typ, ID: id}, Name: id, Scope: asset.Scope{Provider: "aws", Account: "template"},
			Origin: asset.Origin{File: "template.yaml", Line: 1}, Status: unread,
		}
		var err error
		a.Config, err = asset.Of(properties[id])
		require.NoError(t, err)
		if p := access[id]; p != nil {
			a.Access, err = asset.Of(p)
			require.NoError(t, err)
		}
		if s, ok := catalog.Schema(typ); ok {
			a.Config = s.Config.Conform(a.Config)
			a.Access = s.Access.Conform(a.Access)
		}
		assets = append(assets, a)
	}
	return assets
}

var awsSubstitution = regexp.MustCompile(`\$\{[^}]*\}`)

// resolve returns a part of a template. A reference to a resource becomes its logical
// id, one to a parameter the default; what only a deployment knows is unread.
func (tpl awsTemplate) resolve(n *yaml.Node) any {
	unread := &asset.Unread{Op: "template", Code: "NotKnown"}
	switch n.Kind {
	case yaml.AliasNode:
		return tpl.resolve(n.Alias)
	case yaml.SequenceNode:
		list := []any{}
		for _, el := range n.Content {
			list = append(list, tpl.resolve(el))
		}
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return tpl.call(strings.TrimPrefix(n.Tag, "!"), list)
		}
		return list
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = tpl.resolve(n.Content[i+1])
		}
		if len(m) == 1 {
			name := n.Content[0].Value
			if short, ok := strings.CutPrefix(name, "Fn::"); ok || name == "Ref" {
				return tpl.call(short, m[name])
			}
		}
		return m
	case yaml.ScalarNode:
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			return tpl.call(strings.TrimPrefix(n.Tag, "!"), n.Value)
		}
		var v any
		if n.Tag == "!!timestamp" || n.Decode(&v) != nil {
			return n.Value
		}
		return v
	}
	return unread
}

func (tpl awsTemplate) call(function string, arg any) any {
	unread := &asset.Unread{Op: "template", Code: "NotKnown"}
	switch x := arg.(type) {
	case string:
		switch function {
		case "Ref":
			if _, ok := tpl.Resources[x]; ok {
				return x
			}
			if x == "AWS::AccountId" {
				return "111122223333"
			}
			if p := tpl.Parameters[x]; p.Default != nil {
				return p.Default
			}
		case "GetAtt":
			return strings.Split(x, ".")[0]
		case "Sub":
			return awsSubstitution.ReplaceAllStringFunc(x, func(s string) string {
				if s == "${AWS::AccountId}" {
					return "111122223333"
				}
				return strings.Trim(s, "${}")
			})
		case "Base64":
			return x
		}
	case []any:
		switch function {
		case "GetAtt":
			return x[0]
		case "Join":
			parts, _ := x[1].([]any)
			sep, _ := x[0].(string)
			var texts []string
			for _, p := range parts {
				s, ok := p.(string)
				if !ok {
					return unread
				}
				texts = append(texts, s)
			}
			return strings.Join(texts, sep)
		}
	}
	return unread
}
