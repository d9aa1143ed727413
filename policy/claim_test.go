package policy_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const claiming = `id: closed
title: Buckets are closed
severity: high
type: AWS::S3::Bucket
let:
  block: config.?PublicAccessBlockConfiguration
require: block.?BlockPublicAcls.orValue(false) && block.?BlockPublicPolicy.orValue(false)
claims:
  - controls: [house/1]
    require: block.?BlockPublicAcls.orValue(false)
  - controls: [house/2]
    when: config.?BucketName.orValue('') == 'logs'
  - controls: [house/3]
    when: config.?BucketName.orValue('') == 'logs'
    require: block.?BlockPublicPolicy.orValue(false)
controls: [house/1, house/2, house/3, house/4]
`

// A control with a claim has a status of its own, which is never worse than that of the policy.
func TestClaims(t *testing.T) {
	set, err := policy.Load(nil, fstest.MapFS{"closed.yaml": {Data: []byte(claiming)}})
	require.NoError(t, err)
	const na = policy.NotApplicable
	type statuses = [4]policy.Status
	for name, x := range map[string]struct {
		config   map[string]any
		unread   []asset.Path
		want     policy.Status
		controls statuses
		about    []string // controls of the finding
	}{
		"open": {map[string]any{"BucketName": "logs"}, nil, policy.Fail,
			statuses{policy.Fail, policy.Fail, policy.Fail, policy.Fail}, []string{"house/1", "house/2", "house/3", "house/4"}},
		"open by its policy": {map[string]any{"BucketName": "logs", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicAcls": true}}, nil, policy.Fail,
			statuses{policy.Pass, policy.Fail, policy.Fail, policy.Fail}, []string{"house/2", "house/3", "house/4"}},
		"open by its list": {map[string]any{"BucketName": "logs", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicPolicy": true}}, nil, policy.Fail,
			statuses{policy.Fail, policy.Fail, policy.Pass, policy.Fail}, []string{"house/1", "house/2", "house/4"}},
		"another bucket": {map[string]any{"BucketName": "site"}, nil, policy.Fail,
			statuses{policy.Fail, na, na, policy.Fail}, []string{"house/1", "house/4"}},
		"closed": {map[string]any{"BucketName": "logs", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true}}, nil, policy.Pass,
			statuses{policy.Pass, policy.Pass, policy.Pass, policy.Pass}, []string{"house/1", "house/2", "house/3", "house/4"}},
		"another bucket, closed": {map[string]any{"BucketName": "site", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicAcls": true, "BlockPublicPolicy": true}}, nil, policy.Pass,
			statuses{policy.Pass, na, na, policy.Pass}, []string{"house/1", "house/4"}},
		"a name that is unread": {map[string]any{}, []asset.Path{"config.BucketName"}, policy.Fail,
			statuses{policy.Fail, policy.Unknown, policy.Unknown, policy.Fail}, []string{"house/1", "house/4"}},
		"a setting that is unread": {map[string]any{"BucketName": "logs", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicAcls": true}},
			[]asset.Path{"config.PublicAccessBlockConfiguration.BlockPublicPolicy"}, policy.Unknown,
			statuses{policy.Pass, policy.Unknown, policy.Unknown, policy.Unknown}, []string{"house/2", "house/3", "house/4"}},
		"an unread setting beside an open one": {map[string]any{"BucketName": "logs", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicAcls": false}},
			[]asset.Path{"config.PublicAccessBlockConfiguration.BlockPublicPolicy"}, policy.Fail,
			statuses{policy.Fail, policy.Fail, policy.Unknown, policy.Fail}, []string{"house/1", "house/2", "house/4"}},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := asset.Of(x.config)
			require.NoError(t, err)
			a := &asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "b"}, Scope: asset.Scope{Provider: "aws", Account: "1"}, Config: config}
			for _, p := range x.unread {
				require.NoError(t, a.SetUnread(p, asset.Unread{Reason: asset.Denied, Op: "s3:Get"}))
			}
			inv := &asset.Inventory{}
			inv.Add(a)
			n := 0
			for f, err := range set.Evaluate(t.Context(), inv) {
				require.NoError(t, err)
				if f.Asset() == nil {
					continue
				}
				n++
				assert.Equal(t, x.want, f.Status)
				assert.Equal(t, x.controls, statuses{f.Control("house/1"), f.Control("house/2"), f.Control("house/3"), f.Control("house/4")})
				assert.Equal(t, x.about, f.Controls())
				e, err := set.Explain(t.Context(), "closed", a, inv)
				require.NoError(t, err)
				assert.Equal(t, f.Claims, e.Finding.Claims)
			}
			assert.Equal(t, 1, n)
		})
	}
	assert.Contains(t, set.Reads()["AWS::S3::Bucket"], asset.Path("config.BucketName"), "only a claim reads it")
}

func TestFaultsOfClaims(t *testing.T) {
	for claim, want := range map[string]string{
		"{require: 'true'}":                                    "closed.yaml:8:5: missing controls",
		"{controls: [house/1]}":                                "closed.yaml:8:5: claim without when and require (want at least one of them)",
		"{controls: [house/9], require: 'true'}":               `closed.yaml:8:5: claim of control "house/9" (want one of the controls of the policy)`,
		"{controls: [house/1, house/1], when: 'true'}":         `closed.yaml:8:5: duplicate claim of control "house/1"`,
		"{controls: [house/1], when: config.BucketNam == 'a'}": "closed.yaml:8:39: ",
		"{controls: [house/1], then: 'true'}":                  `unknown key "then"`,
	} {
		text := "id: closed\ntitle: T\nseverity: low\ntype: AWS::S3::Bucket\nrequire: config.?BucketName.hasValue()\ncontrols: [house/1]\nclaims:\n  - " + claim + "\n"
		_, err := policy.Load(nil, fstest.MapFS{"closed.yaml": {Data: []byte(text)}})
		assert.ErrorContains(t, err, want, claim)
	}
	_, err := policy.NewSet(nil, &policy.Policy{ID: "p", Title: "T", Severity: policy.Low, Controls: []string{"house/1"}, Checks: []policy.Check{{
		Types: []asset.Type{"AWS::S3::Bucket"}, Run: pass, Claims: []policy.Claim{{Controls: []string{"house/1"}, When: "true"}}}}})
	assert.ErrorContains(t, err, "check has both Run and expressions")
}

// What a claim asks is part of the digest.
func TestDigestOfClaims(t *testing.T) {
	digest := func(claims ...policy.Claim) asset.Digest {
		p := digestible()
		p.Controls = append(p.Controls, "cis-aws-5.0/1.2")
		p.Checks[0].Claims = claims
		d, _ := digestOf(t, options(), p)
		return d
	}
	a, b := []string{"cis-aws-5.0/1.1"}, []string{"cis-aws-5.0/1.1", "cis-aws-5.0/1.2"}
	different := map[asset.Digest]bool{
		digest(): true,
		digest(policy.Claim{Controls: a, When: "short"}):                   true,
		digest(policy.Claim{Controls: a, Require: "short"}):                true,
		digest(policy.Claim{Controls: a, When: "named"}):                   true,
		digest(policy.Claim{Controls: b, When: "short"}):                   true,
		digest(policy.Claim{Controls: a, When: "short", Require: "named"}): true,
	}
	assert.Len(t, different, 6)
}
