package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const (
	userType   = asset.Type("AWS::IAM::User")
	keyType    = asset.Type("AWS::IAM::AccessKey")
	bucketType = asset.Type("AWS::S3::Bucket")
)

// keySet has a policy about access keys, one about users that looks up their keys, one
// about buckets that looks up all keys, and one about buckets alone.
func keySet(t *testing.T) *policy.Set {
	t.Helper()
	simple := func(id string, severity policy.Severity, typ asset.Type, requirement string) *policy.Policy {
		return &policy.Policy{ID: id, Title: id, Severity: severity, Checks: []policy.Check{{Types: []asset.Type{typ}, Require: requirement}}}
	}
	s, err := policy.NewSet(nil,
		simple("bucket", policy.Low, bucketType, "config.?BucketName.orValue('') != 'x'"),
		simple("bucket-keys", policy.High, bucketType, "assets('AWS::IAM::AccessKey').size() < 10"),
		simple("key", policy.Medium, keyType, "config.?Status.orValue('') == 'Active'"),
		simple("user-keys", policy.Low, userType, "referrers('owned_by', 'AWS::IAM::AccessKey').size() < 2"))
	require.NoError(t, err)
	return s
}

// searched returns complete coverage of the types of the set in an account.
func searched(account string, types ...asset.Type) []asset.Observation {
	var all []asset.Observation
	for _, typ := range types {
		all = append(all, &asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: account}, Type: typ, State: asset.Complete})
	}
	return all
}

func keyGap(account, user string, typ asset.Type) *asset.Gap {
	return &asset.Gap{
		Scope: asset.Scope{Provider: "aws", Account: account}, Type: typ, Of: asset.Ref{Type: userType, ID: user},
		Cause: asset.Unread{Op: "iam:ListAccessKeys", Reason: asset.Denied, Code: "AccessDenied", RequestID: "r-" + user},
	}
}

// lines describes findings that do not pass, as "policy status subject".
func lines(findings []policy.Finding) []string {
	var all []string
	for _, f := range findings {
		if f.Status == policy.Pass {
			continue
		}
		line := fmt.Sprintf("%s %s %s %s", f.Policy.ID, f.Status, f.Subject.Kind(), f.Subject.Ref().Type)
		switch s := f.Subject.(type) {
		case policy.AssetSubject:
			line += " " + s.Asset.ID
		case policy.GapSubject:
			line += fmt.Sprintf(" of %q", s.Gap.Of.ID)
			if s.Count > 0 {
				line += fmt.Sprintf(" %d %d %s", s.Count, len(s.Parents), s.Parents[0].ID)
			}
		}
		all = append(all, line)
	}
	return all
}

func TestGapsOfWhatBelongsToOneAsset(t *testing.T) {
	whole := slices.Clip(searched("1", userType, keyType, bucketType))
	user := func(id string) asset.Observation {
		return &asset.Asset{Ref: asset.Ref{Type: userType, ID: id}, Scope: asset.Scope{Provider: "aws", Account: "1"}}
	}
	bucket := &asset.Asset{Ref: asset.Ref{Type: bucketType, ID: "b"}, Scope: asset.Scope{Provider: "aws", Account: "1", Region: "eu-west-1"}}
	partial := &asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: "1"}, Type: keyType, State: asset.Partial}
	for _, tt := range []struct {
		name string
		obs  []asset.Observation
		want []string
	}{
		{"none", whole, nil},
		{"of a type", append(whole, keyGap("1", "ann", keyType)), []string{`key unknown gap AWS::IAM::AccessKey of "ann"`}},
		{"of every type", append(whole, keyGap("1", "ann", "")), []string{`key unknown gap  of "ann"`}},
		{"of a type that no policy is about", append(whole, keyGap("1", "ann", "AWS::IAM::Group")), nil},
		{"of every type of an asset without children", append(whole, &asset.Gap{Scope: asset.Scope{Provider: "aws", Account: "1"}, Of: bucket.Ref}), nil},
		{"lookups are unknown", append(whole, user("ann"), user("bob"), bucket, keyGap("1", "ann", keyType)), []string{
			`key unknown gap AWS::IAM::AccessKey of "ann"`,
			`user-keys unknown asset AWS::IAM::User ann`,
			`bucket-keys unknown asset AWS::S3::Bucket b`,
		}},
		{"lookups are unknown where a gap names no type", append(whole, user("ann"), user("bob"), bucket, keyGap("1", "ann", "")), []string{
			`key unknown gap  of "ann"`,
			`user-keys unknown asset AWS::IAM::User ann`,
			`bucket-keys unknown asset AWS::S3::Bucket b`,
		}},
		{"in another account", append(whole, slices.Concat(searched("2", userType, keyType, bucketType), []asset.Observation{user("ann"), bucket, keyGap("2", "eve", keyType)})...), []string{
			`key unknown gap AWS::IAM::AccessKey of "eve"`}},
		{"the finding of the gap stands for that of the coverage, where there is one", append(whole, partial, keyGap("1", "ann", keyType)), []string{
			`key unknown gap AWS::IAM::AccessKey of "ann"`,
			`bucket-keys unknown coverage AWS::IAM::AccessKey`, `user-keys unknown coverage AWS::IAM::AccessKey`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, inv := keySet(t), inventory(tt.obs)
			findings := collect(t, set.Evaluate(t.Context(), inv))
			assert.ElementsMatch(t, tt.want, lines(findings))
			assert.ElementsMatch(t, tt.want, lines(collect(t, set.EvaluateEach(t.Context(), sequence(tt.obs), inv))))
			keys := map[string]bool{}
			for _, f := range findings {
				assert.False(t, keys[f.Key()], "%s has the key of another finding", f.Message)
				keys[f.Key()] = true
			}
		})
	}
}

func TestManyGapsAreOneFinding(t *testing.T) {
	const n = 250
	obs := searched("1", userType, keyType, bucketType)
	for i := range n {
		// In an order that is not sorted, so that the first ten are not those that come first.
		obs = append(obs, keyGap("1", fmt.Sprintf("u-%04d", (i*77)%n), keyType))
	}
	for i := range 100 {
		obs = append(obs, keyGap("2", fmt.Sprintf("v-%04d", i), keyType))
	}
	obs = append(obs, searched("2", userType, keyType, bucketType)...)
	set, inv := keySet(t), inventory(obs)
	findings := collect(t, set.Evaluate(t.Context(), inv))
	require.Len(t, findings, 1+100, "up to a hundred have findings of their own")
	assert.Equal(t, `key unknown gap AWS::IAM::AccessKey of "" 250 10 u-0000`, lines(findings)[0])
	s := findings[0].Subject.(policy.GapSubject)
	assert.Equal(t, asset.Ref{Type: userType}, s.Gap.Of)
	assert.Empty(t, s.Gap.Cause.RequestID)
	assert.Equal(t, asset.Ref{Type: userType, ID: "u-0009"}, s.Parents[9])
	assert.Equal(t, "not observed: AWS::IAM::AccessKey of 250 assets, the first are u-0000, u-0001, u-0002, u-0003, u-0004, u-0005, u-0006, u-0007, u-0008, u-0009, in aws/1", findings[0].Message)
	var unread *asset.Unread
	require.ErrorAs(t, findings[0].Err, &unread)
	assert.Equal(t, asset.Denied, unread.Reason)

	stream := collect(t, set.EvaluateEach(t.Context(), sequence(obs), inv))
	assert.Equal(t, lines(findings), lines(stream))
	slices.Reverse(obs)
	again := collect(t, set.EvaluateEach(t.Context(), sequence(obs), inv))
	assert.Equal(t, lines(findings), lines(again), "in whatever order the gaps come")
	assert.Equal(t, findings[0].Key(), again[0].Key())

	var sum policy.Summary
	for _, f := range findings {
		sum.Add(f)
	}
	assert.Equal(t, 101, sum.Gaps)
	assert.Equal(t, map[policy.Severity]int{policy.Medium: 101}, sum.Unknown)
}

// TestClosedAccount has one finding, and not one of every policy.
func TestClosedAccount(t *testing.T) {
	scope := asset.Scope{Provider: "aws", Account: "9"}
	closed := &asset.Gap{Scope: scope, Cause: asset.Unread{Op: "sts:AssumeRole", Reason: asset.Disabled, Code: "AccountClosed"}}
	set := keySet(t)
	evaluate := func(obs ...asset.Observation) []policy.Finding {
		obs = append(searched("1", userType, keyType, bucketType), obs...)
		all := collect(t, set.Evaluate(t.Context(), inventory(obs)))
		assert.Equal(t, lines(all), lines(collect(t, set.EvaluateEach(t.Context(), sequence(obs), nil))))
		return all
	}
	all := evaluate(closed)
	require.Equal(t, []string{`stance-accounts unknown gap  of ""`}, lines(all))
	f := all[0]
	assert.Equal(t, "not observed: anything in aws/9", f.Message)
	assert.Equal(t, policy.High, f.Policy.Severity, "the highest of its policies")
	var ids []string
	for _, p := range f.Subject.(policy.GapSubject).Policies {
		ids = append(ids, p.ID)
	}
	assert.Equal(t, []string{"bucket", "bucket-keys", "key", "user-keys"}, ids)

	// It is kept by what keeps findings of one of its policies.
	p, ok := set.Policy("key")
	require.True(t, ok)
	assert.True(t, policy.OfPolicy(policy.Selector{ID: p.ID})(f))
	assert.False(t, policy.OfPolicy(policy.Selector{ID: "other"})(f))

	// An asset of the account that failed before may still be there.
	before := policy.Finding{Policy: p, Status: policy.Fail, Subject: policy.AssetSubject{Asset: &asset.Asset{Ref: asset.Ref{Type: keyType, ID: "k"}, Scope: scope}}}
	changes, err := policy.Compare(these(before), these(f))
	require.NoError(t, err)
	require.Len(t, changes, 1)
	assert.Equal(t, policy.NotObserved, changes[0].Kind)

	for name, g := range map[string]asset.Gap{
		"denied":      {Scope: scope, Cause: asset.Unread{Reason: asset.Denied}},
		"a region":    {Scope: asset.Scope{Provider: "aws", Account: "9", Region: "eu-west-1"}, Cause: closed.Cause},
		"no account":  {Scope: asset.Scope{Provider: "aws"}, Cause: closed.Cause},
		"another one": {Scope: asset.Scope{Provider: "gcp", Account: "9"}, Cause: closed.Cause},
	} {
		n := 0
		for _, f := range evaluate(&g) {
			if f.Subject.Kind() == policy.OfGap {
				n++
			}
		}
		want := 4
		if name == "another one" {
			want = 0
		}
		assert.Equal(t, want, n, name)
	}
}

func these(findings ...policy.Finding) func(func(policy.Finding, error) bool) {
	return func(yield func(policy.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
	}
}
