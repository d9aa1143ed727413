package asset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

const lintSchema = `{"T": {
	"config": {"Port": "i", "On": "b", "Name": "s", "Any": "a", "Ports": ["i"], "Anys": ["a"], "Labels": {"*": "s"},
		"Rules": [{"Cidr": "s", "From": "i"}], "Named": {"*": {"Size": "i"}}, "Tree": "#Tree"},
	"status": {"State": "s"},
	"defs": {"Tree": {"Left": "#Tree", "Leaf": "i"}}}}`

func lintSchemaOf(t testing.TB) *asset.Schema {
	t.Helper()
	all, err := asset.ParseSchemas([]byte(lintSchema))
	require.NoError(t, err)
	return all[0]
}

func misfits(a *asset.Asset, s *asset.Schema) []string {
	all := []string{}
	for _, m := range asset.Lint(a, s) {
		all = append(all, m.String())
	}
	return all
}

func TestLint(t *testing.T) {
	s := lintSchemaOf(t)
	for _, row := range []struct {
		config string
		want   []string
	}{
		{`{}`, nil},
		{`null`, nil},
		{`{"Port":1,"On":true,"Name":"n","Ports":[1,2],"Labels":{"any key":"x"},"Rules":[{"Cidr":"c","From":1}],"Named":{"a":{"Size":1}},"Tree":{"Left":{"Left":{"Leaf":1}}}}`, nil},
		{`{"Port":null,"Rules":[null],"Ports":null}`, nil},
		{`{"Any":{"x":[1,{"y":"z"}]},"Anys":[1,"a",{"b":[]}]}`, nil},
		{`{"Prot":1}`, []string{"config.Prot: unknown field"}},
		{`{"Port":"22"}`, []string{"config.Port: is a string, want an integer"}},
		{`{"Port":1.5}`, []string{"config.Port: is a number, want an integer"}},
		{`{"Port":18446744073709551615}`, nil},
		{`{"On":1}`, []string{"config.On: is an integer, want a boolean"}},
		{`{"Name":false}`, []string{"config.Name: is a boolean, want a string"}},
		{`{"Name":{}}`, []string{"config.Name: is a map, want a string"}},
		{`{"Ports":{}}`, []string{"config.Ports: is a map, want a list"}},
		{`{"Ports":["1",2,"x"]}`, []string{"config.Ports[*]: is a string, want an integer"}},
		{`{"Rules":{"Cidr":"c"}}`, []string{"config.Rules: is a map, want a list"}},
		{`{"Rules":[{"Cird":"c"},{"Cird":"d","From":"1"}]}`, []string{"config.Rules[*].Cird: unknown field", "config.Rules[*].From: is a string, want an integer"}},
		{`{"Tree":[]}`, []string{"config.Tree: is a list, want an object"}},
		{`{"Labels":"x"}`, []string{"config.Labels: is a string, want a map"}},
		{`{"Labels":{"a":1}}`, []string{"config.Labels[*]: is an integer, want a string"}},
		{`{"Named":{"a b":{"Sise":1}}}`, []string{"config.Named[*].Sise: unknown field"}},
		{`{"Tree":{"Left":{"Left":{"Right":1}}}}`, []string{"config.Tree.Left.Left.Right: unknown field"}},
		{`{"a b":1,"Sub":{"below":1}}`, []string{`config["a b"]: unknown field`, "config.Sub: unknown field"}},
		{`[]`, []string{"config: is a list, want an object"}},
		{`"text"`, []string{"config: is a string, want an object"}},
	} {
		v, err := asset.Parse([]byte(row.config))
		require.NoError(t, err)
		got := misfits(&asset.Asset{Config: v}, s)
		assert.Equal(t, append([]string{}, row.want...), got, "of %s", row.config)
	}
}

func TestLintNamesShapes(t *testing.T) {
	s := lintSchemaOf(t)
	v, err := asset.Parse([]byte(`{"Prot":[],"Port":"x"}`))
	require.NoError(t, err)
	got := asset.Lint(&asset.Asset{Config: v}, s)
	require.Len(t, got, 2)
	port, _ := s.Config.Field("Port")
	assert.Equal(t, asset.Misfit{Path: "config.Prot", Unknown: true, Want: s.Config, Got: asset.List}, got[0])
	assert.Equal(t, asset.Misfit{Path: "config.Port", Want: port.Shape, Got: asset.String}, got[1])
}

func TestLintLooksAtEveryDocument(t *testing.T) {
	s := lintSchemaOf(t)
	doc, err := asset.Parse([]byte(`{"X":1}`))
	require.NoError(t, err)
	a := &asset.Asset{Config: doc, Status: doc, Access: doc}
	assert.Equal(t, []string{"config.X: unknown field", "status.X: unknown field"}, misfits(a, s), "nothing is known of access")
	assert.Empty(t, asset.Lint(a, nil))
	assert.Empty(t, asset.Lint(a, &asset.Schema{Type: "T"}))
}

func TestLintSkipsWhatWasNotRead(t *testing.T) {
	v, err := asset.Of(map[string]any{
		"Port":  &asset.Unread{Code: "AccessDenied"},
		"Ports": asset.Redacted{Hash: "ab"},
		"Rules": []any{&asset.Unread{Code: "AccessDenied"}, map[string]any{"From": asset.Redacted{}}},
		"Wrong": &asset.Unread{Code: "AccessDenied"},
	})
	require.NoError(t, err)
	a := &asset.Asset{Config: v, Status: (&asset.Unread{Code: "AccessDenied"}).Value()}
	assert.Equal(t, []string{"config.Wrong: unknown field"}, misfits(a, lintSchemaOf(t)), "an unread field needs to exist, too")
}

func TestLintIsBounded(t *testing.T) {
	s := lintSchemaOf(t)
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `"X%d":1,`, i)
	}
	long := strings.Repeat("k", 100_000)
	v, err := asset.Parse([]byte(`{"Named":{"` + long + `":{"` + long + `":1}},` + b.String() + `"Port":1}`))
	require.NoError(t, err)
	got := asset.Lint(&asset.Asset{Config: v}, s)
	require.Len(t, got, 100)
	for _, m := range got {
		assert.Less(t, len(m.Path), 300)
		_, err := m.Path.Steps()
		assert.NoError(t, err)
	}
}

func BenchmarkLint(b *testing.B) {
	v, err := asset.Parse([]byte(`{"Port":22,"On":true,"Name":"x","Ports":[1,2],"Labels":{"a":"b"},"Rules":[{"Cidr":"c","From":1},{"Cidr":"c","From":1}]}`))
	require.NoError(b, err)
	a, s := &asset.Asset{Config: v}, lintSchemaOf(b)
	b.ReportAllocs()
	for b.Loop() {
		if asset.Lint(a, s) != nil {
			b.Fatal("misfits")
		}
	}
}

func ExampleLint() {
	schemas, _ := asset.ParseSchemas([]byte(`{"Shop::Till": {"config": {"Port": "i", "Name": "s"}}}`))
	config, _ := asset.Parse([]byte(`{"Port": "http", "Nmae": "front"}`))
	for _, m := range asset.Lint(&asset.Asset{Config: config}, schemas[0]) {
		fmt.Println(m)
	}
	// Output:
	// config.Port: is a string, want an integer
	// config.Nmae: unknown field
}

func TestLintReportsWhatConformRefused(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {"config": {"Port": "i", "Name": "s", "Rules": ["i"], "Size": "i"}}}`))
	require.NoError(t, err)
	v, err := asset.Of(map[string]any{
		"Port": []any{}, "Name": &asset.Unread{Op: "x:Read", Code: asset.CodeMalformed}, "Rules": []any{1, "a", "b"},
		"Size": &asset.Unread{Code: "AccessDenied"},
	})
	require.NoError(t, err)
	found := asset.Lint(&asset.Asset{Config: schemas[0].Config.Conform(v)}, schemas[0])
	require.Len(t, found, 2)
	assert.Equal(t, "config.Port: is a list, want an integer", found[0].String())
	assert.Equal(t, "config.Rules[*]: is a string, want an integer", found[1].String())
}
