package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestFillAliases(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {
		"config": {"old": "s", "now": {"state": "s"}, "filter": "s", "rules": [{"range": "s"}]},
		"aliases": [{"from": "config.old", "to": "config.now.state"}, {"from": "config.filter", "to": "config.rules[*].range"}]
	}}`))
	require.NoError(t, err)
	for doc, want := range map[string]string{
		`{"old":"on"}`:                       `{"old":"on","now":{"state":"on"}}`,
		`{"old":"on","now":{}}`:              `{"old":"on","now":{"state":"on"}}`,
		`{"old":"on","now":{"state":null}}`:  `{"old":"on","now":{"state":"on"}}`,
		`{"old":"on","now":{"state":"off"}}`: `{"old":"on","now":{"state":"off"}}`,
		`{"old":null}`:                       `{"old":null}`,
		`{}`:                                 `{}`,
		`{"filter":"a, b,,c"}`:               `{"filter":"a, b,,c","rules":[{"range":"a"},{"range":"b"},{"range":"c"}]}`,
		`{"filter":["a","b"]}`:               `{"filter":["a","b"],"rules":[{"range":"a"},{"range":"b"}]}`,
		`{"filter":""}`:                      `{"filter":"","rules":[]}`,
		`{"filter":5}`:                       `{"filter":5,"rules":<unread>}`,
		`{"filter":[5]}`:                     `{"filter":[5],"rules":<unread>}`,
		`{"filter":"a","rules":[]}`:          `{"filter":"a","rules":[]}`,
		`{"filter":"a","rules":[{"range":"b"}],"x":[1]}`: `{"filter":"a","rules":[{"range":"b"}],"x":[1]}`,
	} {
		v, err := asset.Parse([]byte(doc))
		require.NoError(t, err)
		a := &asset.Asset{Config: v}
		require.NoError(t, schemas[0].FillAliases(a))
		assert.Equal(t, want, a.Config.String(), doc)
	}
	denied := (&asset.Unread{Code: "AccessDenied"}).Value()
	v, err := asset.Of(map[string]any{"old": denied, "filter": denied})
	require.NoError(t, err)
	a := &asset.Asset{Config: v}
	require.NoError(t, schemas[0].FillAliases(a))
	assert.Equal(t, "AccessDenied", a.Config.Get("now", "state").Unread().Code)
	assert.Equal(t, "AccessDenied", a.Config.Get("rules").Unread().Code)

	a = &asset.Asset{Config: denied}
	require.NoError(t, schemas[0].FillAliases(a))
	assert.Equal(t, "AccessDenied", a.Config.Unread().Code)
	require.NoError(t, (*asset.Schema)(nil).FillAliases(a))
}
