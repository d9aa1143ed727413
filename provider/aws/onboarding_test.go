package aws

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
)

var update = flag.Bool("update", false, "rewrite the expected templates")

// forms renders all forms by the names of their files.
func forms(t *testing.T, o *Onboarding) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for name, render := range map[string]func() ([]byte, error){
		"account.template.json": o.CloudFormation, "stackset.template.json": o.StackSet, "account.tf.json": o.Terraform,
	} {
		b, err := render()
		require.NoError(t, err)
		all[name] = b
	}
	return all
}

func TestOnboardingTemplates(t *testing.T) {
	o := &Onboarding{
		Role: Role{Name: "audit/stance-read", ExternalID: "e1f2-a3b4"}, Principal: "arn:aws:iam::111122223333:role/scanner", Query: oneRead,
	}
	for name, got := range forms(t, o) {
		file := filepath.Join("testdata", "onboarding", name)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, got, 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s; go test ./provider/aws -run Onboarding -update rewrites it", file)
	}
}

// allowed returns the actions that the statements in any form allow on everything,
// and checks the sizes of policies.
func allowed(t *testing.T, v any) []string {
	t.Helper()
	var actions []string
	switch v := v.(type) {
	case map[string]any:
		if list, ok := v["Statement"].([]any); ok {
			for _, s := range list {
				if s := s.(map[string]any); s["Principal"] == nil {
					assert.Equal(t, "Allow", s["Effect"])
					for _, a := range s["Action"].([]any) {
						actions = append(actions, a.(string))
					}
				}
			}
			assert.LessOrEqual(t, len(compact(v)), maxPolicy)
		}
		for _, x := range v {
			actions = append(actions, allowed(t, x)...)
		}
	case []any:
		for _, x := range v {
			actions = append(actions, allowed(t, x)...)
		}
	case string: // a document in a document
		var inside map[string]any
		if json.Unmarshal([]byte(v), &inside) == nil {
			return allowed(t, inside)
		}
	}
	return actions
}

func TestOnboardingPermitsWhatIsReadAndNothingElse(t *testing.T) {
	set, err := policy.Load(nil, packs.AWS())
	require.NoError(t, err)
	for name, q := range map[string]provider.Query{
		"policies":  {Types: set.Types(), Reads: set.Reads()},
		"all types": {},
		"one type":  oneRead,
	} {
		t.Run(name, func(t *testing.T) {
			want := New(aws.Config{}, nil).Permissions(q)
			for file, b := range forms(t, &Onboarding{Query: q}) {
				var document, same map[string]any
				require.NoError(t, json.Unmarshal(b, &document), file)
				require.NoError(t, yaml.Unmarshal(b, &same), file)
				got := allowed(t, document)
				for _, a := range got {
					assert.Regexp(t, `^[a-z0-9-]+:(Get|List|Describe|Search|Batch(Get|Describe)|Lookup|GenerateCredentialReport|GET$)`, a, file)
					assert.NotContains(t, a, "*")
				}
				slices.Sort(got)
				got = slices.Compact(got)
				if file == "stackset.template.json" {
					got = slices.DeleteFunc(got, func(a string) bool { return strings.HasPrefix(a, "organizations:") && !slices.Contains(want, a) })
				}
				assert.Equal(t, want, got, file)
			}
		})
	}
}

// The catalogue makes the same of the reads of the policies, but for what everybody may.
func TestPermissionsAreThoseOfTheCatalogue(t *testing.T) {
	set, err := policy.Load(nil, packs.AWS())
	require.NoError(t, err)
	want := append(catalog.Permissions(catalog.Operations(set.Reads(), nil)), "ec2:DescribeRegions")
	want = slices.DeleteFunc(want, func(p string) bool { return p == identity })
	slices.Sort(want)
	assert.Equal(t, slices.Compact(want), New(aws.Config{}, nil).Permissions(provider.Query{Types: set.Types(), Reads: set.Reads()}))
}

func TestOnboardingAsksForTheExternalID(t *testing.T) {
	b, err := (&Onboarding{Query: oneRead}).CloudFormation()
	require.NoError(t, err)
	var template struct {
		Parameters map[string]map[string]any
		Resources  map[string]struct{ Properties map[string]any }
	}
	require.NoError(t, json.Unmarshal(b, &template))
	assert.NotContains(t, template.Parameters["ExternalId"], "Default")
	assert.NotContains(t, template.Parameters["TrustedPrincipal"], "Default")
	trust, err := json.Marshal(template.Resources["StanceRole"].Properties["AssumeRolePolicyDocument"])
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":{"Ref":"TrustedPrincipal"}},"Action":["sts:AssumeRole"],
		"Condition":{"StringEquals":{"sts:ExternalId":{"Ref":"ExternalId"}}}}]}`, string(trust))
}

func TestOnboardingOptions(t *testing.T) {
	plain := (&Onboarding{Query: oneRead}).Permissions()
	assert.NotContains(t, plain, "organizations:ListAccounts")
	assert.NotContains(t, plain, "iam:SimulatePrincipalPolicy")
	more := (&Onboarding{Query: oneRead, Organization: true, Simulate: true}).Permissions()
	assert.Subset(t, more, append([]string{"organizations:ListAccounts", "organizations:ListTagsForResource", "iam:SimulatePrincipalPolicy"}, plain...))
}

func TestSplit(t *testing.T) {
	var actions []string
	for i := range 1000 {
		actions = append(actions, "service:"+strings.Repeat("A", i%120+1))
	}
	docs := split(actions)
	assert.Greater(t, len(docs), 5)
	var again []string
	for i, d := range docs {
		size := len(compact(d))
		assert.LessOrEqual(t, size, maxPolicy)
		if i < len(docs)-1 {
			assert.Greater(t, size, maxPolicy-200, "policy %d is full", i)
		}
		again = append(again, d.Statement[0].Action...)
	}
	assert.Equal(t, actions, again)
}

func TestOnboardingOfWhatIAMRefuses(t *testing.T) {
	for name, o := range map[string]*Onboarding{
		"name":               {Role: Role{Name: "a b"}},
		"name with a hole":   {Role: Role{Name: "a//b"}},
		"name that is long":  {Role: Role{Name: strings.Repeat("a", 65)}},
		"external id":        {Role: Role{ExternalID: "${aws:username}"}},
		"short external id":  {Role: Role{ExternalID: "x"}},
		"everybody":          {Principal: "*"},
		"a service":          {Principal: "ec2.amazonaws.com"},
		"users in principal": {Principal: "arn:aws:iam::111122223333:user/*"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, render := range []func() ([]byte, error){o.CloudFormation, o.StackSet, o.Terraform} {
				b, err := render()
				require.ErrorContains(t, err, "onboarding: ")
				assert.Nil(t, b)
			}
		})
	}
}
