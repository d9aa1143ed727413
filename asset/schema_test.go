package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

const schemaText = `{
	"B": {
		"class": "storage", "global": true, "note": "ours",
		"config": {"Name:a": "s", "Rules": ["#Rule"], "Tags": {"*": "s"}, "Secret:ws": "a", "Size": "i", "On:r": "b"},
		"status": "#Alias",
		"access": {"*": "a"},
		"links": [{"rel": "encrypted_by", "to": ["K"], "crossAccount": true}, {"rel": "other"}],
		"operations": [{"name": "b:Get", "permissions": ["b:GetIt"], "provides": ["status"], "perAsset": true, "mayOmit": true}],
		"defs": {"Rule": {"And": ["#Rule"], "Value": "s", "Shared": "#Shared"}, "Alias": "#Other", "Other": {"Back": "#Alias", "N": "i"}}
	},
	"A": {"config": "#Shared"},
	"defs": {"Shared": {"X": "s"}}
}`

func TestParseSchemas(t *testing.T) {
	all, err := asset.ParseSchemas([]byte(schemaText))
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, asset.Type("A"), all[0].Type, "sorted")
	s := all[1]
	assert.Equal(t, "storage", s.Class)
	assert.True(t, s.Global)
	assert.Equal(t, "ours", s.Note)
	assert.Equal(t, []asset.Operation{{Name: "b:Get", Permissions: []string{"b:GetIt"}, Provides: []asset.Path{"status"}, PerAsset: true, MayOmit: true}}, s.Operations)
	link, ok := s.Link("encrypted_by")
	assert.True(t, ok)
	assert.Equal(t, asset.LinkRule{Rel: "encrypted_by", To: []asset.Type{"K"}, CrossAccount: true}, link)
	_, ok = s.Link("none")
	assert.False(t, ok)

	f, ok := s.Config.Field("Name")
	assert.True(t, ok)
	assert.True(t, f.Mark.Has(asset.Always))
	assert.False(t, f.Mark.Has(asset.ReadOnly))
	f, _ = s.Config.Field("Secret")
	assert.True(t, f.Mark.Has(asset.Secret|asset.WriteOnly))
	_, ok = s.Config.Field("name")
	assert.False(t, ok)
	_, ok = (*asset.Shape)(nil).Field("x")
	assert.False(t, ok)

	for name, want := range map[string]*asset.Shape{"config": s.Config, "status": s.Status, "access": s.Access, "other": nil} {
		assert.Same(t, want, s.Document(name))
	}
	assert.Nil(t, all[0].Status, "nothing is known")

	rule, _ := s.Config.At("Rules[*]")
	again, _ := s.Config.At("Rules[0].And[1].And[*]")
	assert.Same(t, rule, again, "shapes lie in themselves")
	back, err := s.Status.At("Back.Back.N")
	require.NoError(t, err)
	assert.Equal(t, asset.IntShape, back.Kind)
}

func TestSchemaNamesItsProvider(t *testing.T) {
	all, err := asset.ParseSchemas([]byte(`{"AWS::S3::Bucket": {}, "Acme::Rocket": {}, "Acme::Till": {"provider": "acme"}, "core/Pod": {}}`))
	require.NoError(t, err)
	got := map[asset.Type]string{}
	for _, s := range all {
		got[s.Type] = s.Provider
	}
	assert.Equal(t, map[asset.Type]string{"AWS::S3::Bucket": "aws", "Acme::Rocket": "", "Acme::Till": "acme", "core/Pod": "kubernetes"}, got)
}

func TestFieldsHaveDefaults(t *testing.T) {
	all, err := asset.ParseSchemas([]byte(`{"T": {"config": {"A:=true": "b", "B:ar={\"x\":[1]}": "a", "C": "s", "D:r": "s", "E:=\"a=b:c\"": "s"}}}`))
	require.NoError(t, err)
	for name, want := range map[string]string{"A": `true`, "B": `{"x":[1]}`, "C": "<absent>", "D": "<absent>", "E": `"a=b:c"`} {
		f, ok := all[0].Config.Field(name)
		require.True(t, ok, name)
		assert.Equal(t, want, f.Default.String(), name)
	}
	f, _ := all[0].Config.Field("B")
	assert.Equal(t, asset.Always|asset.ReadOnly, f.Mark)
	for _, bad := range []string{`A:=`, `A:=x`, `A:=1 2`} {
		_, err := asset.ParseSchemas([]byte(`{"T": {"config": {"` + bad + `": "a"}}}`))
		assert.ErrorContains(t, err, "A: default:", bad)
	}
}

func TestShapeAt(t *testing.T) {
	all, err := asset.ParseSchemas([]byte(schemaText))
	require.NoError(t, err)
	config := all[1].Config
	for p, want := range map[asset.Path]asset.ShapeKind{
		"": asset.ObjectShape, "Name": asset.StringShape, "Rules": asset.ListShape, "Tags": asset.MapShape, "Tags.any": asset.StringShape,
		"Tags[*]": asset.StringShape, "Size": asset.IntShape, "On": asset.BoolShape, "Rules[2].Shared.X": asset.StringShape,
	} {
		s, err := config.At(p)
		require.NoError(t, err, string(p))
		assert.Equal(t, want, s.Kind, string(p))
	}
	s, err := config.At("Secret.anything[3]")
	assert.NoError(t, err)
	assert.Nil(t, s)
	for _, p := range []asset.Path{"name", "Name.x", "Rules.And", "Tags[0]", "[0]", "[*]", "a..b"} {
		_, err := config.At(p)
		assert.ErrorContains(t, err, "path", string(p))
	}
}

func TestParseSchemasRefuses(t *testing.T) {
	for text, what := range map[string]string{
		`{"A": {"confg": {}}}`:                                    "A: confg: unknown member",
		`{"A": {"config": "x"}}`:                                  `unknown shape "x"`,
		`{"A": {"config": "#X"}}`:                                 `unknown shape "#X"`,
		`{"A": {"config": ["s", "s"]}}`:                           "list has 2 shapes",
		`{"A": {"config": []}}`:                                   "list has 0 shapes",
		`{"A": {"config": 1}}`:                                    "shape is an integer",
		`{"A": {"config": null}}`:                                 "shape is null",
		`{"A": {"config": {"X:q": "s"}}}`:                         "unknown mark 'q'",
		`{"A": {"config": {"X": "s", "X:a": "s"}}}`:               `duplicate field "X"`,
		`{"A": {"config": {":a": "s"}}}`:                          "invalid field name",
		`{"A": {"config": {"*": "s", "X": "s"}}}`:                 "invalid field name",
		`{"A": {"config": {"X": {"Y": "nope"}}}}`:                 "config: X: Y: unknown shape",
		`{"A": {"config": "#X", "defs": {"X": "#X"}}}`:            "refers to itself",
		`{"A": {"config": "#X", "defs": {"X": "#Y", "Y": "#X"}}}`: "refers to itself",
		`{"A": {"links": [{"rell": "x"}]}}`:                       "unknown field",
		`{"A": {"operations": {}}}`:                               "operations",
		`{"A": {"class": 1}}`:                                     "class",
		`{"A": 1}`:                                                "is an integer, not a map",
		`[]`:                                                      "is a list, not a map",
		`{`:                                                       "unexpected end",
	} {
		all, err := asset.ParseSchemas([]byte(text))
		assert.ErrorContains(t, err, what, text)
		assert.Nil(t, all)
	}
}

func FuzzParseSchemas(f *testing.F) {
	f.Add(schemaText)
	f.Add(`{"A": {"config": "#X", "defs": {"X": ["#X"]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		all, err := asset.ParseSchemas([]byte(text))
		if err != nil {
			return
		}
		for _, s := range all {
			for _, p := range secret.Paths(s) {
				_, err := p.Steps()
				require.NoError(t, err)
			}
			s.Config.Conform(value(t, map[string]any{"X": "1"}))
		}
	})
}

func TestStringsOfShapes(t *testing.T) {
	text := &asset.Shape{Kind: asset.StringShape}
	for want, s := range map[string]*asset.Shape{
		"any":                   nil,
		"string":                text,
		"list of map of string": {Kind: asset.ListShape, Elem: &asset.Shape{Kind: asset.MapShape, Elem: text}},
		"list of any":           {Kind: asset.ListShape},
		"object":                {Kind: asset.ObjectShape},
	} {
		assert.Equal(t, want, s.String())
	}
	assert.Equal(t, "read-only, secret", (asset.ReadOnly | asset.Secret).String())
	assert.Empty(t, asset.Mark(0).String())
}
