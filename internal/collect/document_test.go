package collect_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// Types as SDKs have them.
type (
	sdkEnum  string
	sdkInner struct {
		Name *string
		Kind sdkEnum
	}
	sdkUnion      interface{ isUnion() }
	sdkUnionValue struct{ Value sdkInner }
	sdkNode       struct {
		Name  string
		Nodes []sdkNode
	}
	sdkItems struct {
		Quantity *int32
		Items    []string
	}
	sdkOuter struct {
		Text     *string
		Number   *int32
		Flag     bool
		Kind     sdkEnum
		Inner    *sdkInner
		Inners   []sdkInner
		Labels   map[string]string
		ByName   map[string]sdkInner
		At       *time.Time
		Made     time.Time
		Data     []byte
		SSLMode  sdkEnum
		Share    float32
		Union    sdkUnion
		Nodes    []sdkNode
		Aliases  *sdkItems
		Unknown  string
		hidden   string
		Document asset.Value
		Enums    []sdkEnum
	}
)

func (*sdkUnionValue) isUnion() {}

const documentSchema = `{"fake.test/Doc": {
	"config": {
		"Text": "s", "Number": "i", "Flag": "b", "Kind": "s", "Inner": {"Name": "s", "Kind": "s"}, "Inners": [{"Name": "s", "Kind": "s"}], "Labels": {"*": "s"},
		"ByName": {"*": {"Name": "s"}}, "At": "s", "Made": "s", "DataBase64": "s", "SslMode": "s", "Share": "a", "Union": {"Value": {"Name": "s"}}, "Nodes": ["#Node"], "Aliases": ["s"],
		"Document": "a", "Enums": ["s"]
	},
	"defs": {"Node": {"Name": "s", "Nodes": ["#Node"]}}
}}`

// value makes a member of a document that has the shape of the schema above.
func value(t *testing.T, v any) (asset.Value, error) {
	t.Helper()
	all, err := asset.ParseSchemas([]byte(documentSchema))
	require.NoError(t, err)
	return newFake(t).engine.Value(v, all[0].Config)
}

func TestValuesOfAnSDK(t *testing.T) {
	text, number, at := "a", int32(4), observed
	document, err := asset.Of(map[string]int{"a": 1})
	require.NoError(t, err)
	v, err := value(t, &sdkOuter{
		Text: &text, Number: &number, Kind: "big", Inner: &sdkInner{}, Inners: []sdkInner{{Name: &text}, {Kind: "x"}}, Labels: map[string]string{"b": "2", "a": "1"},
		ByName: map[string]sdkInner{"n": {Name: &text}}, At: &at, Made: at, Data: []byte("hi"), SSLMode: "on", Share: 0.1, Union: &sdkUnionValue{Value: sdkInner{Name: &text}},
		Nodes: []sdkNode{{Name: "up", Nodes: []sdkNode{{Name: "down"}}}}, Aliases: &sdkItems{Items: []string{"x"}}, Unknown: "u", hidden: "h", Document: document, Enums: []sdkEnum{"a", ""},
	})
	require.NoError(t, err)
	assertJSON(t, `{
		"Text": "a", "Number": 4, "Flag": false, "Kind": "big", "Inner": {}, "Inners": [{"Name": "a"}, {"Kind": "x"}], "Labels": {"a": "1", "b": "2"}, "ByName": {"n": {"Name": "a"}},
		"At": "2026-03-01T12:00:00Z", "Made": "2026-03-01T12:00:00Z", "DataBase64": "aGk=", "SslMode": "on", "Share": 0.1, "Union": {"Value": {"Name": "a"}},
		"Nodes": [{"Name": "up", "Nodes": [{"Name": "down"}]}], "Aliases": ["x"], "Document": {"a": 1}, "Enums": ["a", null]
	}`, v)
	v, err = value(t, sdkOuter{Made: at, Aliases: &sdkItems{}})
	require.NoError(t, err)
	assertJSON(t, `{"Flag": false, "Made": "2026-03-01T12:00:00Z", "Share": 0}`, v) // what was not sent is omitted
}

func TestMembersOfADoc(t *testing.T) {
	yes, text, number := true, "12", int64(1)
	var none *string
	v, err := value(t, collect.Doc{
		"Text": 5, "Number": &text, "Flag": &yes, "Kind": none, "Inner": collect.Doc{"Name": "a", "Kind": sdkEnum("")}, "Inners": []collect.Doc{{"Name": true}, nil},
		"Labels": map[string]string{}, "At": observed, "Aliases": []string{}, "Document": &asset.Unread{Code: "X"}, "Unknown": number, "Share": []any{1, "a", nil},
	})
	require.NoError(t, err)
	assert.Equal(t, "X", v.Get("Document").Unread().Code)
	v, err = v.Set("Document", asset.Value{})
	require.NoError(t, err)
	assertJSON(t, `{
		"Text": "5", "Number": 12, "Flag": true, "Inner": {"Name": "a"}, "Inners": [{"Name": "true"}, null], "Labels": {}, "At": "2026-03-01T12:00:00Z", "Aliases": [], "Unknown": 1, "Share": [1, "a", null]
	}`, v)
}

func TestValuesThatCannotStandInADocument(t *testing.T) {
	for name, v := range map[string]any{
		"a channel":     collect.Doc{"Text": make(chan int)},
		"invalid UTF-8": collect.Doc{"Inner": collect.Doc{"Name": "\xff"}},
		"a key":         map[string]string{"\xff": ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := value(t, v)
			require.Error(t, err)
		})
	}
	_, err := value(t, collect.Doc{"Inners": []collect.Doc{{"Name": "a"}, {"Name": "\xff"}}})
	require.ErrorContains(t, err, `Inners[1].Name: invalid UTF-8`)
}

// draft discovers one draft of a type with the schema, and returns the asset.
func draft(t *testing.T, operations string, fill func(d *collect.Draft)) *asset.Asset {
	t.Helper()
	all, err := asset.ParseSchemas([]byte(`{"fake.test/Doc": {
		"config": {"A": "s", "B": {"C": "s", "D": "s"}, "L": [{"E": "s", "F": "s"}], "W:w": "s"}, "status": {"S": "s"}, "access": "a", "operations": ` + operations + `}}`))
	require.NoError(t, err)
	f := newFake(t)
	f.engine.Schema = func(asset.Type) (*asset.Schema, bool) { return all[0], true }
	s := f.engine.Scan(provider.Query{})
	inv := &asset.Inventory{}
	u := &collect.Unit{Scope: zone, Tables: func() []collect.Table {
		return []collect.Table{{Op: "list", Types: []asset.Type{"fake.test/Doc"}, List: func(context.Context, string) ([]*collect.Draft, string, error) {
			d := collect.NewDraft("fake.test/Doc", "x", "x")
			fill(d)
			return []*collect.Draft{d}, "", nil
		}}}
	}}
	require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error { s.Run(ctx, []*collect.Unit{u}); return nil }, func(o asset.Observation) bool {
		inv.Add(o)
		return true
	}))
	return find(t, inv, asset.Ref{Type: "fake.test/Doc", ID: "x"})
}

func TestMarks(t *testing.T) {
	why := func(code string) *asset.Unread { return &asset.Unread{Op: "read", Code: code} }
	const all = `[{"name": "list"}, {"name": "read", "provides": ["config", "status", "access"]}]`
	a := draft(t, all, func(d *collect.Draft) { d.SetUnread(why("all"), "config", "status", "access") })
	assert.Equal(t, "all", a.Config.Unread().Code, "the whole document")
	assert.Equal(t, "all", a.Status.Unread().Code)
	assert.Equal(t, "all", a.Access.Unread().Code)

	a = draft(t, all, func(d *collect.Draft) {
		d.Config["A"] = "filled"
		d.SetUnread(why("all"), "config")
		d.SetUnread(why("part"), "config.B")
	})
	assertJSON(t, `"filled"`, a.Config.Get("A"))
	assert.Equal(t, "all", a.Config.Get("B").Unread().Code)
	assert.True(t, a.Config.Get("W").IsAbsent(), "it is never returned")
	assert.True(t, a.Status.IsAbsent())

	a = draft(t, all, func(d *collect.Draft) {
		d.Config["B"] = collect.Doc{"C": "c"}
		d.Config["L"] = []collect.Doc{{"E": "e"}, {"E": "e", "F": "f"}}
		d.SetUnread(why("first"), "config.B.C", "config.B.D", "config.L[*].F", "config.A")
		d.SetUnread(why("second"), "config.A")
	})
	assertJSON(t, `"c"`, a.Config.Get("B", "C"))
	assert.Equal(t, "first", a.Config.Get("B", "D").Unread().Code)
	assert.Equal(t, "first", a.Config.Get("L").Index(0).Get("F").Unread().Code)
	assert.Equal(t, "second", a.Config.Get("A").Unread().Code, "the last word on a part")

	a = draft(t, all, func(d *collect.Draft) { d.SetUnread(why("deep"), "config.L[*].F", "config.B.C") })
	assert.Equal(t, "deep", a.Config.Get("L").Unread().Code, "a list that is not there")
	assert.Equal(t, "deep", a.Config.Get("B", "C").Unread().Code)

	a = draft(t, `[{"name": "list"}, {"name": "read", "provides": ["config.B.C"]}]`, func(d *collect.Draft) { d.Config["L"] = nil })
	assert.Equal(t, collect.CodeNotCollected, a.Config.Get("A").Unread().Code)
	assert.Equal(t, collect.CodeNotCollected, a.Status.Get("S").Unread().Code)
	assert.True(t, a.Config.Get("B").IsAbsent(), "an operation provides a part of it")
	assert.True(t, a.Config.Get("L").IsAbsent(), "the collector names it")
}
