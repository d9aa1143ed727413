package report_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// The secrets are put together here, so that none stands in the file.
const (
	plantedToken = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
	plantedWord  = "an ordinary word in a place for secrets"
)

// acme is a provider of another party. It does not redact.
type acme struct{ observations []asset.Observation }

func (acme) Name() string { return "acme" }

func (p acme) Discover(context.Context, provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, o := range p.observations {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// A token that a provider yields in each place reaches neither evidence nor a message,
// a report or a snapshot.
func TestNoSecretReachesAReport(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"Acme::App::Service": {
		"config": {"Image": "s", "Note": "s", "Settings:s": {"*": "s"}},
		"status": {"Log": "s"},
		"access": "a",
		"links": [{"rel": "calls", "to": ["Acme::App::Service"], "from": ["config.Note"]}]}}`))
	require.NoError(t, err)
	catalog := func(typ asset.Type) (*asset.Schema, bool) { return schemas[0], typ == "Acme::App::Service" }
	of := func(x any) asset.Value {
		v, err := asset.Of(x)
		require.NoError(t, err)
		return v
	}
	scope := asset.Scope{Provider: "acme", Account: "1"}
	service := func(id string) *asset.Asset {
		return &asset.Asset{
			Ref: asset.Ref{Type: "Acme::App::Service", ID: id}, Scope: scope, Name: id,
			Config: of(map[string]any{"Image": "web", "Note": "token=" + plantedToken, "Settings": map[string]string{"GREETING": plantedWord, "LOG_LEVEL": "info"}}),
			Status: of(map[string]any{"Log": "login with " + plantedToken}),
			Access: of(map[string]any{"Condition": map[string]any{"Header": plantedToken}}),
			Tags:   map[string]string{"deploy": plantedToken},
		}
	}
	caller := service("caller")
	caller.Links = []asset.Link{{Rel: "calls", To: asset.Ref{Type: "Acme::App::Service", ID: "called"}}}
	p := acme{[]asset.Observation{
		caller, service("called"), &asset.Coverage{Scope: scope, Type: "Acme::App::Service", State: asset.Complete},
	}}

	q := provider.Query{Schemas: catalog}
	inv, err := provider.Collect(t.Context(), q, p)
	require.NoError(t, err)

	require.Contains(t, caller.Config.String(), plantedToken, "the provider yields it")
	var policies []*policy.Policy
	for id, require := range map[string]string{
		"config":  "config.?Note.orValue('') == '' && config.?Settings.orValue({}).all(k, v, v == '')",
		"status":  "status.?Log.orValue('') == ''",
		"access":  "access.?Condition.?Header.orValue('') == ''",
		"tags":    "asset.tags.?deploy.orValue('') == ''",
		"related": "follow('calls', 'Acme::App::Service').all(s, s.config.?Note.orValue('') == '' && s.access.?Condition.?Header.orValue('') == '')",
	} {
		policies = append(policies, &policy.Policy{
			ID: "acme-" + id, Title: id, Severity: policy.High,
			Checks: []policy.Check{{
				Types: []asset.Type{"Acme::App::Service"}, Require: require,
				Message: "'%s %s %s %s %s'.format([config.?Note.orValue(''), config.?Settings.orValue({}), status.?Log.orValue(''), access.?Condition.orValue({}), asset.tags])",
			}},
		})
	}
	set, err := policy.NewSet(&policy.Options{Schemas: catalog}, policies...)
	require.NoError(t, err)

	evidence, failed := 0, 0
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		if f.Status != policy.Fail {
			continue
		}
		failed++
		evidence += len(f.Evidence)
		assert.Contains(t, f.Message, "[redacted by=github-token")
		assert.Contains(t, f.Message, "info", "a variable that holds no secret stays readable")
		for _, e := range f.Evidence {
			assertNoSecret(t, e.Value.Block(), string(e.Path))
		}
	}
	assert.Equal(t, 2*4+1, failed, "each service breaks four policies, and one calls another")
	assert.Equal(t, failed-2, evidence, "a document's leaf each; tags lie in no document")

	for _, format := range report.Formats() {
		var out bytes.Buffer
		require.NoError(t, format.Write(&out, set.Evaluate(t.Context(), inv), &report.Options{Time: at, Hub: hub()}), format.Name)
		assertNoSecret(t, out.String(), format.Name)
	}
	collected, ok := inv.Get(caller.Ref)
	require.True(t, ok)
	for _, policy := range policies {
		x, err := set.Explain(t.Context(), policy.ID, collected, inv)
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, report.Explanation(&out, x, nil))
		assertNoSecret(t, out.String(), policy.ID)
	}
	var out bytes.Buffer
	require.NoError(t, snapshot.Write(&out, p.Discover(t.Context(), q), &snapshot.WriteOptions{Schemas: catalog}))
	assertNoSecret(t, out.String(), "snapshot")
}

func assertNoSecret(t *testing.T, text, where string) {
	t.Helper()
	assert.NotContains(t, text, plantedToken, where)
	assert.NotContains(t, text, plantedWord, where)
}

// A token in an id stays in the process, and no format, explanation or snapshot shows it.
func TestTokenInIDIsMasked(t *testing.T) {
	ref := asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + plantedToken}
	scope := asset.Scope{Provider: "aws", Account: "111122223333"}
	a := &asset.Asset{Ref: ref, Scope: scope, Name: plantedToken, Links: []asset.Link{{Rel: "logs_to", To: ref}}, Parents: []asset.Ref{ref}}
	gap := &asset.Gap{Scope: scope, Type: "AWS::S3::Bucket", Of: ref, Cause: asset.Unread{Op: "s3:X", Reason: asset.Denied, Code: "AccessDenied", Message: "denied on " + ref.ID}}
	inv, err := provider.Collect(t.Context(), provider.Query{}, acme{[]asset.Observation{gap, a}})
	require.NoError(t, err)
	kept, ok := inv.Get(ref)
	require.True(t, ok, "it can be looked up")
	set, err := policy.NewSet(nil, &policy.Policy{ID: "p", Title: "T", Severity: policy.High, Checks: []policy.Check{{
		Types: []asset.Type{"AWS::S3::Bucket"}, Require: "asset.id == ''", Message: "'%s is wrong'.format([asset.id])",
	}}})
	require.NoError(t, err)
	o := &report.Options{All: true, Verbose: true, Time: at, Hub: hub(), Gaps: inv.Gaps()}
	for _, format := range report.Formats() {
		var out bytes.Buffer
		require.NoError(t, format.Write(&out, set.Evaluate(t.Context(), inv), o), format.Name)
		assertNoSecret(t, out.String(), format.Name)
		assert.Contains(t, strings.ReplaceAll(out.String(), "\n", ""), "stance-secret-in-id", format.Name)
	}
	var keys []string
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		x := report.NewFinding(f)
		assertNoSecret(t, fmt.Sprint(x), f.Policy.ID)
		assert.Equal(t, f.Key(), x.Key)
		keys = append(keys, x.Policy)
	}
	assert.Contains(t, keys, "stance-secret-in-id")
	x, err := set.Explain(t.Context(), "p", kept, inv)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, report.Explanation(&out, x, nil))
	assertNoSecret(t, out.String(), "explanation")

	out.Reset()
	require.NoError(t, snapshot.Write(&out, acme{[]asset.Observation{gap, a}}.Discover(t.Context(), provider.Query{}), nil))
	assertNoSecret(t, out.String(), "snapshot")
	read := new(asset.Inventory)
	for o, err := range snapshot.Read(&out, nil) {
		require.NoError(t, err)
		read.Add(o)
	}
	found := false
	for f, err := range set.Evaluate(t.Context(), read) {
		require.NoError(t, err)
		found = found || f.Policy.ID == "stance-secret-in-id"
	}
	assert.True(t, found, "a masked id is recognized")
}
