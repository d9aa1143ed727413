package remediate

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestApplyChanges(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for _, tt := range []struct {
		name, config string
		changes      []Change
		want         string // or the error
	}{
		{"add makes maps", `{}`, []Change{{"add", "/config/a/b", raw(`1`)}}, `{"a":{"b":1}}`},
		{"add makes the document", ``, []Change{{"add", "/config/a", raw(`1`)}}, `{"a":1}`},
		{"add replaces", `{"a":1,"c":2}`, []Change{{"add", "/config/a", raw(`{"x":null}`)}}, `{"a":{"x":null},"c":2}`},
		{"replace", `{"a":1}`, []Change{{"replace", "/config/a", raw(`2`)}}, `{"a":2}`},
		{"replace nothing", `{}`, []Change{{"replace", "/config/a", raw(`2`)}}, `step 1: replace /config/a: no such part`},
		{"remove", `{"a":1,"b":2}`, []Change{{"remove", "/config/a", nil}}, `{"b":2}`},
		{"remove nothing", `{"b":2}`, []Change{{"remove", "/config/a", nil}}, `step 1: remove /config/a: no such part`},
		{"remove in nothing", `{}`, []Change{{"remove", "/config/a/b", nil}}, `step 1: remove /config/a/b: no such part`},
		{"append", `{"l":[1]}`, []Change{{"add", "/config/l/-", raw(`2`)}}, `{"l":[1,2]}`},
		{"append by index", `{"l":[1]}`, []Change{{"add", "/config/l/1", raw(`2`)}}, `{"l":[1,2]}`},
		{"insert", `{"l":[1,2]}`, []Change{{"add", "/config/l/0", raw(`0`)}}, `{"l":[0,1,2]}`},
		{"remove element", `{"l":[1,2,3]}`, []Change{{"remove", "/config/l/1", nil}}, `{"l":[1,3]}`},
		{"replace in element", `{"l":[{"a":1},{"a":2}]}`, []Change{{"replace", "/config/l/1/a", raw(`3`)}}, `{"l":[{"a":1},{"a":3}]}`},
		{"past the end", `{"l":[1]}`, []Change{{"replace", "/config/l/1", raw(`3`)}}, `step 1: replace /config/l/1: no such part`},
		{"bad index", `{"l":[1]}`, []Change{{"add", "/config/l/01", raw(`3`)}}, `step 1: add /config/l/01: invalid index "01" of a list`},
		{"escapes", `{"a/b":{"c~d":1}}`, []Change{{"replace", "/config/a~1b/c~0d", raw(`2`)}}, `{"a/b":{"c~d":2}}`},
		{"through a scalar", `{"a":1}`, []Change{{"add", "/config/a/b", raw(`2`)}}, `step 1: add /config/a/b: is an integer, not a map`},
		{"whole document", `{"a":1}`, []Change{{"add", "/config", raw(`{"z":1}`)}}, `{"z":1}`},
		{"unknown document", `{}`, []Change{{"add", "/tags/a", raw(`2`)}}, `step 1: add /tags/a: unknown document "tags" (want config, access or status)`},
		{"unknown operation", `{}`, []Change{{"move", "/config/a", raw(`2`)}}, `step 1: move /config/a: unknown operation "move" (want add, replace or remove)`},
		{"not a pointer", `{}`, []Change{{"add", "config", raw(`2`)}}, `step 1: add config: malformed JSON pointer "config"`},
	} {
		a := &asset.Asset{}
		if tt.config != "" {
			require.NoError(t, a.Config.UnmarshalJSON([]byte(tt.config)))
		}
		before := a.Config.String()
		s := Step{ID: "1", Effect: tt.changes}
		got, err := s.apply(a)
		if err != nil {
			assert.Equal(t, tt.want, err.Error(), tt.name)
			continue
		}
		assert.Equal(t, tt.want, got.Config.String(), tt.name)
		assert.Equal(t, before, a.Config.String(), "the asset itself is not changed")
	}
}

// The status is unread after a step, as far as the step does not say what it is.
func TestApplyStatus(t *testing.T) {
	status, err := asset.Parse([]byte(`{"kept":1,"set":2,"open":3}`))
	require.NoError(t, err)
	s := Step{ID: "1", Keeps: []asset.Path{"status.kept"}, Effect: []Change{{"add", "/status/set", json.RawMessage(`5`)}}}
	got, err := s.apply(&asset.Asset{Status: status})
	require.NoError(t, err)
	assert.Equal(t, "1", got.Status.Get("kept").String())
	assert.Equal(t, "5", got.Status.Get("set").String())
	assert.NotNil(t, got.Status.Get("open").Unread())

	s = Step{ID: "1", Keeps: []asset.Path{"status"}}
	got, err = s.apply(&asset.Asset{Status: status})
	require.NoError(t, err)
	assert.Equal(t, status.String(), got.Status.String())
}

func TestValuesOfStep(t *testing.T) {
	a := &asset.Asset{}
	require.NoError(t, a.Config.UnmarshalJSON([]byte(`{"l":[{"a":1}],"m":{"x":1,"y":2}}`)))
	s := Step{Effect: []Change{
		{Op: "replace", Path: "/config/m/x"}, {Op: "replace", Path: "/config/l/0/a"}, {Op: "add", Path: "/config/m/new/deep"}, {Op: "remove", Path: "/config/l/0"},
	}}
	got, err := s.values(a)
	require.NoError(t, err)
	assert.Equal(t, []At{
		{"config.l", json.RawMessage(`[{"a":1}]`)},
		{"config.m.new", nil},
		{"config.m.x", json.RawMessage(`1`)},
	}, got)
}

func TestPointers(t *testing.T) {
	c, err := Set(`config.labels["a/b~c"][0].x`, map[string]any{"k": 1})
	require.NoError(t, err)
	assert.Equal(t, Change{"add", "/config/labels/a~1b~0c/0/x", json.RawMessage(`{"k":1}`)}, c)
	_, err = Set("config[*]", 1)
	assert.Error(t, err)
	c, err = Remove("access.Statement")
	require.NoError(t, err)
	assert.Equal(t, Change{Op: "remove", Path: "/access/Statement"}, c)
}
