package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// coveringSet has a policy about buckets that looks up keys, one about buckets alone,
// and one about a type of AWS.
func coveringSet(t *testing.T) *policy.Set {
	t.Helper()
	simple := func(id string, typ asset.Type, requirement string) *policy.Policy {
		return &policy.Policy{ID: id, Title: id, Severity: policy.Low, Checks: []policy.Check{{Types: []asset.Type{typ}, Require: requirement}}}
	}
	opts := options()
	opts.Dynamic = []asset.Type{"AWS::CloudTrail::Trail"}
	s, err := policy.NewSet(opts,
		simple("both", "Test::Bucket", "!assets('Test::Key').exists(k, k.config.?name.orValue('') == 'bad')"),
		simple("bucket", "Test::Bucket", "config.?public.orValue(false) == false"),
		simple("trail", "AWS::CloudTrail::Trail", "true"))
	require.NoError(t, err)
	return s
}

// uncovered lists the findings that are not about assets, as "policy kind type scope
// [regions] state".
func uncovered(t *testing.T, findings []policy.Finding) []string {
	t.Helper()
	var all []string
	for _, f := range findings {
		line := fmt.Sprintf("%s %s %s %s", f.Policy.ID, f.Subject.Kind(), f.Subject.Ref().Type, f.Scope())
		switch s := f.Subject.(type) {
		case policy.AssetSubject:
			continue
		case policy.CoverageSubject:
			line += fmt.Sprintf(" %v %s", s.Regions, s.State)
		}
		require.Equal(t, policy.Unknown, f.Status)
		var unread *asset.Unread
		require.ErrorAs(t, f.Err, &unread)
		all = append(all, strings.ReplaceAll(line, "  ", " "))
	}
	return all
}

func TestCoverageReachesTheVerdict(t *testing.T) {
	const bucket, key = asset.Type("Test::Bucket"), asset.Type("Test::Key")
	at := func(account, region string) asset.Scope {
		return asset.Scope{Provider: "test", Account: account, Region: region}
	}
	state := func(typ asset.Type, state asset.CoverageState, s asset.Scope) asset.Observation {
		return &asset.Coverage{Scope: s, Type: typ, State: state}
	}
	gap := func(typ asset.Type, s asset.Scope) asset.Observation {
		return &asset.Gap{Scope: s, Type: typ, Cause: asset.Unread{Op: "test:List", Reason: asset.Denied}}
	}
	one := func(typ asset.Type, s asset.Scope, observers ...string) asset.Observation {
		return &asset.Asset{Ref: asset.Ref{Type: typ, ID: "x"}, Scope: s, Observers: observers}
	}
	complete := func(s asset.Scope, types ...asset.Type) []asset.Observation {
		var all []asset.Observation
		for _, typ := range types {
			all = append(all, state(typ, asset.Complete, s))
		}
		return all
	}
	for _, tt := range []struct {
		name string
		obs  []asset.Observation
		want []string
	}{
		{"nothing", nil, nil},
		{"complete", complete(at("1", ""), bucket, key), nil},
		{"complete in every region", slices.Concat(complete(at("1", "r1"), bucket, key), complete(at("1", "r2"), bucket, key)), nil},
		{"regional and global", slices.Concat(complete(at("1", "r1"), bucket), complete(at("1", ""), key)), nil},
		{"an asset and nothing else", []asset.Observation{one(bucket, at("1", "r1"))}, []string{
			"both coverage Test::Bucket test/1 [] not_asked", "bucket coverage Test::Bucket test/1 [] not_asked",
			"both coverage Test::Key test/1 [] not_asked",
		}},
		{"an asset of a type that no policy needs", []asset.Observation{one("Test::Log", at("1", "r1"))}, []string{
			"both coverage Test::Bucket test/1 [] not_asked", "bucket coverage Test::Bucket test/1 [] not_asked",
			"both coverage Test::Key test/1 [] not_asked",
		}},
		{"an asset that only others saw says nothing of its account", append(complete(at("1", ""), bucket, key),
			one(bucket, at("2", ""), "1")), nil},
		{"an asset that its account and others saw", append(complete(at("1", ""), bucket, key),
			one(bucket, at("2", ""), "1", "2"), state(bucket, asset.Complete, at("2", ""))), []string{"both coverage Test::Key test/2 [] not_asked"}},
		{"missing", complete(at("1", ""), bucket), []string{"both coverage Test::Key test/1 [] not_asked"}},
		{"missing in a region", slices.Concat(complete(at("1", "r1"), bucket, key), complete(at("1", "r3"), bucket), complete(at("1", "r2"), bucket)), []string{
			"both coverage Test::Key test/1 [r2 r3] not_asked"}},
		{"partial", []asset.Observation{state(bucket, asset.Complete, at("1", "")), state(key, asset.Partial, at("1", ""))}, []string{
			"both coverage Test::Key test/1 [] partial"}},
		{"the least of two statements holds", append(complete(at("1", ""), bucket, key, key), state(key, asset.Partial, at("1", "")), state(key, asset.Complete, at("1", ""))), []string{
			"both coverage Test::Key test/1 [] partial"}},
		{"not asked", []asset.Observation{state(bucket, asset.NotAsked, at("1", "r1")), state(key, asset.Complete, at("1", "r1"))}, []string{
			"both coverage Test::Bucket test/1 [r1] not_asked", "bucket coverage Test::Bucket test/1 [r1] not_asked"}},
		{"regions and states in one finding for each account", slices.Concat(complete(at("1", "r1"), bucket, key), complete(at("2", ""), bucket), []asset.Observation{
			state(key, asset.Partial, at("1", "r3")), state(key, asset.NotAsked, at("1", "r2")), state(bucket, asset.Complete, at("1", "r2")), state(bucket, asset.Complete, at("1", "r3")),
			state(key, asset.Partial, at("2", "r1")),
		}), []string{"both coverage Test::Key test/1 [r2 r3] not_asked", "both coverage Test::Key test/2 [r1] partial"}},
		{"a gap of the type and scope stands instead", append(complete(at("1", "r2"), bucket, key),
			state(key, asset.Partial, at("1", "r1")), state(bucket, asset.Complete, at("1", "r1")), gap(key, at("1", "r1"))), []string{
			"both gap Test::Key test/1/r1"}},
		{"a gap of one region is none of another", append(complete(at("1", ""), bucket),
			state(key, asset.Partial, at("1", "r1")), state(key, asset.Partial, at("1", "r2")), gap(key, at("1", "r1"))), []string{
			"both gap Test::Key test/1/r1", "both coverage Test::Key test/1 [r2] partial"}},
		{"a gap of a region is none of the account", append(complete(at("1", ""), bucket), state(key, asset.Partial, at("1", "")), gap(key, at("1", "r1"))), []string{
			"both gap Test::Key test/1/r1", "both coverage Test::Key test/1 [] partial"}},
		{"a gap of another type", append(complete(at("1", ""), bucket), state(key, asset.Partial, at("1", "")), gap("Test::Log", at("1", ""))), []string{
			"both coverage Test::Key test/1 [] partial"}},
		{"a gap of every type", []asset.Observation{gap("", at("1", ""))}, []string{
			"both gap test/1", "bucket gap test/1"}},
		{"a gap of every account", append(complete(at("1", ""), bucket), state(key, asset.Partial, at("1", "")), gap(key, asset.Scope{Provider: "test"})), []string{
			"both gap Test::Key test"}},
		{"a gap of what belongs to one asset", append(complete(at("1", ""), bucket), state(key, asset.Partial, at("1", "")),
			&asset.Gap{Scope: at("1", ""), Type: key, Of: asset.Ref{Type: bucket, ID: "b"}}), []string{"both coverage Test::Key test/1 [] partial"}},
		{"an account of another provider", []asset.Observation{state("AWS::CloudTrail::Trail", asset.Complete, asset.Scope{Provider: "aws", Account: "3"}),
			state(bucket, asset.Complete, at("1", "")), state(key, asset.Complete, at("1", ""))}, nil},
		{"missing in an account of the provider", append(complete(at("1", ""), bucket, key), one("AWS::S3::Bucket", asset.Scope{Provider: "aws", Account: "3"})), []string{
			"trail coverage AWS::CloudTrail::Trail aws/3 [] not_asked"}},
		{"a statement outside of accounts", append(complete(at("1", ""), bucket, key), state(key, asset.Partial, asset.Scope{Provider: "test"})), []string{
			"both coverage Test::Key test [] partial"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := coveringSet(t)
			whole := collect(t, set.Evaluate(t.Context(), inventory(tt.obs)))
			assert.Equal(t, tt.want, uncovered(t, whole), "of an inventory")
			index, err := set.Index(t.Context(), sequence(tt.obs))
			require.NoError(t, err)
			assert.Equal(t, tt.want, uncovered(t, collect(t, set.EvaluateEach(t.Context(), sequence(tt.obs), index))), "of a stream")
			assert.Equal(t, tt.want, uncovered(t, collect(t, set.EvaluateEach(t.Context(), sequence(tt.obs), nil))), "of a stream alone")
			keys := map[string]bool{}
			for _, f := range whole {
				assert.False(t, keys[f.Key()], "%s %s has the key of another finding", f.Policy.ID, f.Message)
				keys[f.Key()] = true
			}
		})
	}
}

// TestCoverageOfAnIncrement evaluates one asset, with an inventory that knows what was
// searched.
func TestCoverageOfAnIncrement(t *testing.T) {
	scope := asset.Scope{Provider: "test", Account: "1", Region: "r1"}
	a := &asset.Asset{Ref: asset.Ref{Type: "Test::Bucket", ID: "b"}, Scope: scope}
	inv := inventory([]asset.Observation{
		&asset.Coverage{Scope: scope, Type: "Test::Bucket", State: asset.Complete},
		&asset.Coverage{Scope: scope, Type: "Test::Key", State: asset.Complete},
		&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "2"}, Type: "Test::Key", State: asset.Partial}, // of another account
	})
	set := coveringSet(t)
	evaluate := func() []string {
		return uncovered(t, collect(t, set.EvaluateEach(t.Context(), sequence([]asset.Observation{a}), inv)))
	}
	assert.Empty(t, evaluate())
	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "1", Region: "r2"}, Type: "Test::Key", State: asset.Partial})
	assert.Equal(t, []string{"both coverage Test::Bucket test/1 [r2] partial", "bucket coverage Test::Bucket test/1 [r2] partial", "both coverage Test::Key test/1 [r2] partial"}, evaluate())
	inv.Add(&asset.Gap{Scope: asset.Scope{Provider: "test", Account: "1"}, Type: "Test::Bucket"})
	assert.Contains(t, evaluate(), "bucket coverage Test::Bucket test/1 [r1 r2] partial", "the gap is not in the sequence and has no finding")
}

// TestKeysOfCoverage do not depend on the regions.
func TestKeysOfCoverage(t *testing.T) {
	finding := func(account string, regions ...string) policy.Finding {
		return policy.Finding{Policy: &policy.Policy{ID: "p"}, Subject: policy.CoverageSubject{
			Type: "T", Account: asset.Scope{Provider: "aws", Account: account}, Regions: regions, State: asset.Partial}}
	}
	assert.Equal(t, finding("1").Key(), finding("1", "r1", "r2").Key())
	assert.NotEqual(t, finding("1").Key(), finding("2").Key())
}
