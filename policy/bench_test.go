package policy_test

import (
	"context"
	"encoding/json"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/corpus"
	"github.com/openstance/stance/policy"
)

// benchPolicies are policies over the types of the corpus, in the constructs of real
// ones: optional fields, nested quantifiers, port ranges, text, membership.
func benchPolicies() map[asset.Type][]string {
	return map[asset.Type][]string{
		"AWS::S3::Bucket": {
			"config.?PublicAccessBlockConfiguration.?BlockPublicAcls.orValue(false) && config.?PublicAccessBlockConfiguration.?BlockPublicPolicy.orValue(false) && config.?PublicAccessBlockConfiguration.?IgnorePublicAcls.orValue(false) && config.?PublicAccessBlockConfiguration.?RestrictPublicBuckets.orValue(false)",
			"config.?VersioningConfiguration.?Status.orValue('') == 'Enabled'",
		},
		"compute.googleapis.com/Firewall": {
			"config.?disabled.orValue(false) || config.?direction.orValue('INGRESS') != 'INGRESS' || !config.?sourceRanges.orValue([]).exists(r, r == '0.0.0.0/0') || config.?allowed.orValue([]).all(a, a.?IPProtocol.orValue('') in ['icmp', 'esp'])",
			"config.?logConfig.?enable.orValue(false) || config.?name.orValue('').startsWith('default-')",
		},
		"AWS::EC2::SecurityGroup": {
			"!config.?SecurityGroupIngress.orValue([]).exists(r, r.?CidrIp.orValue('') == '0.0.0.0/0' && r.?FromPort.orValue(0) <= 22 && r.?ToPort.orValue(65535) >= 22)",
			"config.?SecurityGroupIngress.orValue([]).all(r, r.?Description.orValue('') != '' && (r.?IpProtocol.orValue('-1') in ['tcp', 'udp']))",
			"config.?GroupName.orValue('') != 'default' || config.?SecurityGroupIngress.orValue([]).size() == 0",
		},
		"AWS::EC2::Instance": {
			"config.?MetadataOptions.?HttpTokens.orValue('optional') == 'required' || config.?MetadataOptions.?HttpEndpoint.orValue('enabled') == 'disabled'",
			"config.?BlockDeviceMappings.orValue([]).all(b, b.?Ebs.?Encrypted.orValue(false))",
			"!config.?NetworkInterfaces.orValue([]).exists(n, n.?AssociatePublicIpAddress.orValue(false))",
		},
		"AWS::RDS::DBInstance": {
			"!config.?PubliclyAccessible.orValue(false)", "config.?StorageEncrypted.orValue(false)",
			"config.?BackupRetentionPeriod.orValue(0) >= 7 && config.?AutoMinorVersionUpgrade.orValue(true)",
		},
		"AWS::IAM::Role": {
			"!config.?Policies.orValue([]).exists(p, p.?PolicyDocument.?Statement.orValue([]).exists(s, s.?Effect.orValue('') == 'Allow' && s.?Action.orValue([]).exists(a, a == '*') && s.?Resource.orValue([]).exists(r, r == '*')))",
			"config.?MaxSessionDuration.orValue(3600) <= 43200",
		},
		"container.googleapis.com/Cluster": {
			"config.?privateClusterConfig.?enablePrivateNodes.orValue(false)",
			"config.?nodePools.orValue([]).all(n, !(n.?config.?serviceAccount.orValue('default') in ['default', '']))",
		},
		"Microsoft.Network/networkSecurityGroups": {
			"!config.?properties.?securityRules.orValue([]).exists(r, r.?properties.?access.orValue('') == 'Allow' && r.?properties.?direction.orValue('') == 'Inbound' && r.?properties.?sourceAddressPrefix.orValue('') in ['*', 'Internet', '0.0.0.0/0'] && r.?properties.?destinationPortRange.orValue('') in ['22', '*'])",
		},
	}
}

func benchSet(b testing.TB) *policy.Set {
	var policies []*policy.Policy
	var types []asset.Type
	for t, requires := range benchPolicies() {
		types = append(types, t)
		for i, r := range requires {
			policies = append(policies, &policy.Policy{
				ID: idOf(t, i), Title: "x", Severity: policy.Low, Checks: []policy.Check{{Types: []asset.Type{t}, Require: r}},
			})
		}
	}
	// The clusters, security rules and so on of the corpus are only partly real, so
	// both sides run without schemas.
	s, err := policy.NewSet(&policy.Options{
		Schemas: func(asset.Type) (*asset.Schema, bool) { return nil, false }, Dynamic: types,
		NoEvidence: true, Parallel: 1,
	}, policies...)
	require.NoError(b, err)
	return s
}

func idOf(t asset.Type, i int) string {
	id := []byte{}
	for _, c := range []byte(t) {
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			id = append(id, c|0x20)
		}
	}
	return string(append(id, '-', byte('a'+i)))
}

const benchAssets = 4500

// BenchmarkEvaluate compares one processor's evaluation with cel-go's own, optimised,
// over maps made by encoding/json: time for a pair of a policy and an asset.
func BenchmarkEvaluate(b *testing.B) {
	var assets []*asset.Asset
	var maps []map[string]any
	for n := range benchAssets {
		a, doc := corpus.Asset(n)
		assets = append(assets, a)
		var m map[string]any
		require.NoError(b, json.Unmarshal(doc, &m))
		maps = append(maps, map[string]any{"config": m})
	}
	set := benchSet(b)
	pairs := 0
	failed := 0
	b.Run("stance", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			pairs, failed = 0, 0
			for f, err := range set.EvaluateEach(context.Background(), stream(assets), nil) {
				if err != nil {
					b.Fatal(err)
				}
				if f.Subject.Kind() != policy.OfAsset {
					continue // nobody searched completely, which findings about coverage say
				}
				pairs++
				if f.Status == policy.Fail {
					failed++
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pairs), "ns/pair")
	})
	programs := map[asset.Type][]cel.Program{}
	env, err := cel.NewEnv(cel.OptionalTypes(), ext.Strings(), ext.Lists(), cel.Variable("config", cel.DynType), cel.CrossTypeNumericComparisons(true))
	require.NoError(b, err)
	for t, requires := range benchPolicies() {
		for _, r := range requires {
			ast, iss := env.Compile(r)
			require.NoError(b, iss.Err())
			p, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
			require.NoError(b, err)
			programs[t] = append(programs[t], p)
		}
	}
	b.Run("cel-go", func(b *testing.B) {
		b.ReportAllocs()
		count, bad := 0, 0
		for b.Loop() {
			count, bad = 0, 0
			for i, a := range assets {
				for _, p := range programs[a.Type] {
					v, _, err := p.Eval(maps[i])
					if err != nil {
						b.Fatal(err)
					}
					count++
					if v.Value() == false {
						bad++
					}
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/pair")
		if count != pairs && pairs > 0 || bad != failed && pairs > 0 {
			b.Fatalf("%d of %d fail, but %d of %d above", bad, count, failed, pairs)
		}
	})
}

func stream(assets []*asset.Asset) func(func(asset.Observation, error) bool) {
	return func(yield func(asset.Observation, error) bool) {
		for _, a := range assets {
			if !yield(a, nil) {
				return
			}
		}
	}
}
