package policy_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// exempt returns what an evaluation of three buckets, of which the first two fail,
// says with exceptions: of each bucket, and then of the exceptions.
func exempt(t *testing.T, at time.Time, exceptions ...policy.Exception) []string {
	t.Helper()
	s, err := policy.NewSet(&policy.Options{
		Schemas: schemas, Now: func() time.Time { return at }, Overlays: []*policy.Overlay{{Exceptions: exceptions}},
	}, &policy.Policy{ID: "named", PreviousIDs: []string{"old-name"}, Title: "Named", Severity: policy.High, Checks: []policy.Check{{
		Types: []asset.Type{"Test::Bucket"}, Require: "config.name == 'good'",
	}}})
	require.NoError(t, err)
	var obs []asset.Observation
	for i, name := range []string{"bad", "bad", "good"} {
		b := bucket(t, fmt.Sprintf(`{"name": %q}`, name))
		b.ID, b.Account = fmt.Sprintf("arn:b/%d", i), fmt.Sprint(i)
		b.Tags = map[string]string{"env": []string{"prod", "test", "prod"}[i], "team": "web-1"}
		obs = append(obs, b, &asset.Coverage{Scope: b.Scope, Type: b.Type, State: asset.Complete})
	}
	var got []string
	for _, f := range collect(t, s.EvaluateEach(context.Background(), sequence(obs), nil)) {
		switch {
		case f.Asset() == nil:
			assert.Equal(t, policy.ExceptionPolicy().ID, f.Policy.ID)
			assert.Equal(t, policy.OfException, f.Subject.Kind())
			assert.Nil(t, f.Exception)
			got = append(got, f.Message)
		case f.Exception != nil:
			got = append(got, fmt.Sprintf("%s by %s", f.Status, f.Exception.Owner))
		default:
			got = append(got, f.Status.String())
		}
	}
	return got
}

func TestExceptions(t *testing.T) {
	until := now.Add(time.Hour)
	accept := func(change func(*policy.Exception)) policy.Exception {
		e := policy.Exception{Policies: []string{"named"}, Owner: "ann", Reason: "planned", Until: until}
		change(&e)
		return e
	}
	all := func(*policy.Exception) {}
	const unused = "the exception for named, owner ann matches no finding that fails"
	for _, tt := range []struct {
		name       string
		exceptions []policy.Exception
		want       []string
	}{
		{"none", nil, []string{"fail", "fail", "pass"}},
		{"of everything", []policy.Exception{accept(all)}, []string{"fail by ann", "fail by ann", "pass"}},
		{"by an earlier id", []policy.Exception{accept(func(e *policy.Exception) { e.Policies = []string{"old-name"} })}, []string{"fail by ann", "fail by ann", "pass"}},
		{"one asset", []policy.Exception{accept(func(e *policy.Exception) { e.Assets = []string{"arn:b/1"} })}, []string{"fail", "fail by ann", "pass"}},
		{"assets by pattern", []policy.Exception{accept(func(e *policy.Exception) { e.Assets = []string{"x", "arn:*/0"} })}, []string{"fail by ann", "fail", "pass"}},
		{"a pattern is of the whole id", []policy.Exception{accept(func(e *policy.Exception) { e.Assets = []string{"b/*"} })}, []string{"fail", "fail", "pass", unused}},
		{"account", []policy.Exception{accept(func(e *policy.Exception) { e.Accounts = []string{"1"} })}, []string{"fail", "fail by ann", "pass"}},
		{"tags, all of them", []policy.Exception{accept(func(e *policy.Exception) { e.Tags = map[string]string{"env": "prod", "team": "web-*"} })}, []string{"fail by ann", "fail", "pass"}},
		{"a tag that is not there", []policy.Exception{accept(func(e *policy.Exception) { e.Tags = map[string]string{"owner": "*"} })}, []string{"fail", "fail", "pass", unused}},
		{"account and asset that exclude each other", []policy.Exception{accept(func(e *policy.Exception) {
			e.Accounts, e.Assets = []string{"1"}, []string{"arn:b/0"}
		})}, []string{"fail", "fail", "pass", unused}},
		{"only of what passes", []policy.Exception{accept(func(e *policy.Exception) { e.Assets = []string{"arn:b/2"} })}, []string{"fail", "fail", "pass", unused}},
		{"the first that matches, and both are used", []policy.Exception{
			accept(func(e *policy.Exception) { e.Accounts = []string{"0"} }),
			accept(func(e *policy.Exception) { e.Owner, e.Accounts = "bob", []string{"*"} }),
		}, []string{"fail by ann", "fail by bob", "pass"}},
		{"behind one that has wholly covered it", []policy.Exception{accept(all), accept(func(e *policy.Exception) { e.Owner = "bob" })},
			[]string{"fail by ann", "fail by ann", "pass"}},
		{"ended at this instant", []policy.Exception{accept(func(e *policy.Exception) { e.Until = now })},
			[]string{"fail", "fail", "pass", "the exception for named, owner ann ended on 2026-03-01"}},
		{"in force for a moment yet", []policy.Exception{accept(func(e *policy.Exception) { e.Until = now.Add(1) })}, []string{"fail by ann", "fail by ann", "pass"}},
		{"ended, with another in force", []policy.Exception{
			accept(func(e *policy.Exception) { e.Until = now.Add(-1) }), accept(func(e *policy.Exception) { e.Owner = "bob" }),
		}, []string{"fail by bob", "fail by bob", "pass", "the exception for named, owner ann ended on 2026-02-28"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, exempt(t, now, tt.exceptions...))
		})
	}
}

func TestExceptionsAreComplete(t *testing.T) {
	good := policy.Exception{Policies: []string{"test"}, Owner: "ann", Reason: "planned", Until: now}
	for name, tt := range map[string]struct {
		change func(*policy.Exception)
		want   string
	}{
		"no policy":      {func(e *policy.Exception) { e.Policies = nil }, "missing policies"},
		"unknown policy": {func(e *policy.Exception) { e.Policies = []string{"test", "tset"} }, `"tset"`},
		"no owner":       {func(e *policy.Exception) { e.Owner = " " }, "missing owner"},
		"no reason":      {func(e *policy.Exception) { e.Reason = "" }, "missing reason"},
		"no end":         {func(e *policy.Exception) { e.Until = time.Time{} }, "missing end date"},
	} {
		t.Run(name, func(t *testing.T) {
			e := good
			tt.change(&e)
			opts := options()
			opts.Overlays = []*policy.Overlay{{Exceptions: []policy.Exception{good, e}}}
			_, err := policy.NewSet(opts, &policy.Policy{ID: "test", Title: "T", Severity: policy.Low, Checks: []policy.Check{{
				Types: []asset.Type{"Test::Bucket"}, Require: "true"}}})
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// TestExceptionsOfAnEvaluationThatWasCutOff says nothing of exceptions that might
// still have matched.
func TestExceptionsOfAnEvaluationThatWasCutOff(t *testing.T) {
	opts := options()
	opts.Overlays = []*policy.Overlay{{Exceptions: []policy.Exception{{Policies: []string{"test"}, Owner: "ann", Reason: "planned", Until: now.Add(1)}}}}
	s, err := policy.NewSet(opts, &policy.Policy{ID: "test", Title: "T", Severity: policy.Low, Checks: []policy.Check{{
		Types: []asset.Type{"Test::Bucket"}, Require: "true"}}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for f, err := range s.EvaluateEach(ctx, sequence(buckets(t, 200)), nil) {
		if last = err; err == nil {
			require.NotNil(t, f.Asset())
			cancel()
		}
	}
	assert.ErrorIs(t, last, context.Canceled)
}

// People copy ids from where they see them: the portal, a self link, the command line.
func TestExceptionsMatchIDsInAnySpelling(t *testing.T) {
	const vault = "/subscriptions/s1/resourceGroups/Shop-RG/providers/Microsoft.KeyVault/vaults/Keys"
	azure, err := asset.ParseRef("Microsoft.KeyVault/vaults", vault)
	require.NoError(t, err)
	google, err := asset.ParseRef("compute.googleapis.com/Firewall", "projects/p/global/firewalls/ssh")
	require.NoError(t, err)
	for _, c := range []struct {
		pattern string
		ref     asset.Ref
		want    bool
	}{
		{vault, azure, true},
		{vault + "/", azure, true},
		{"https://management.azure.com" + vault + "?api-version=2023-07-01", azure, true},
		{"/subscriptions/s1/resourceGroups/Shop-RG/*", azure, true},
		{"/subscriptions/s1/resourceGroups/Other/*", azure, false},
		{"https://www.googleapis.com/compute/v1/projects/p/global/firewalls/ssh", google, true},
		{"projects/p/global/firewalls/ssh", google, true},
		{"projects/p/global/firewalls/SSH", google, false},
		{"//compute.googleapis.com/projects/P/*", google, false},
		{"ARN:AWS:S3:::LOGS", asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"}, false},
	} {
		set, err := policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{{Exceptions: []policy.Exception{{
			Policies: []string{"p"}, Assets: []string{c.pattern}, Owner: "o", Reason: "r", Until: time.Now().Add(time.Hour),
		}}}}}, &policy.Policy{
			ID: "p", Title: "t", Severity: policy.Low, Rationale: "r", Remediation: policy.Remediation{Class: policy.Manual, Text: "x"},
			Checks: []policy.Check{{Types: []asset.Type{c.ref.Type}, Require: "false"}},
		})
		require.NoError(t, err)
		inv := &asset.Inventory{}
		inv.Add(&asset.Asset{Ref: c.ref, Scope: asset.Scope{Provider: c.ref.Type.Provider(), Account: "a"}})
		found := false
		for f, err := range set.Evaluate(t.Context(), inv) {
			require.NoError(t, err)
			found = found || f.Asset() != nil && f.Exception != nil
		}
		assert.Equal(t, c.want, found, c.pattern)
	}
}
