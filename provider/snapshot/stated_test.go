package snapshot_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider/snapshot"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// types of three kinds: with every part, with none, without a schema.
func statedSchemas(t *testing.T) func(asset.Type) (*asset.Schema, bool) {
	t.Helper()
	all, err := asset.ParseSchemas([]byte(`{
		"Whole":{"config":{"A":"s"},"access":"a","links":[{"rel":"key","to":["Whole"]}],"parents":["Whole"]},
		"Bare":{"config":{"A":"s"}}}`))
	require.NoError(t, err)
	return func(typ asset.Type) (*asset.Schema, bool) {
		for _, s := range all {
			if s.Type == typ {
				return s, true
			}
		}
		return nil, false
	}
}

func TestStatedParts(t *testing.T) {
	const every = "access links parents"
	for _, row := range []struct {
		name, defaults, typ, members, marks string
		unread                              string
	}{
		{"nothing", "", "Whole", "", "", every},
		{"type without the parts", "", "Bare", "", "", ""},
		{"type without a schema", "", "Other", "", "", every},
		{"empty", "", "Whole", `,"parents":[],"links":[],"access":null`, "", ""},
		{"null is missing", "", "Whole", `,"parents":null,"links":null`, "", every},
		{"full", "", "Whole", `,"parents":[{"type":"Whole","id":"p"}],"links":[{"rel":"key","type":"Whole","id":"k"}],"access":{}`, "", ""},
		{"defaults", `{"parents":[],"links":[],"access":null}`, "Whole", "", "", ""},
		{"some defaults", `{"links":[]}`, "Whole", "", "", "access parents"},
		{"no defaults", `{}`, "Other", "", "", every},
		{"marks over defaults", `{"parents":[],"links":[],"access":null}`, "Whole", "",
			`,"unread":[{"path":"parents"},{"path":"links"},{"path":"access"}]`, every},
		{"mark of a relation", "", "Whole", `,"links":[],"access":{},"parents":[]`, `,"unread":[{"path":"links.key","code":"c"}]`, "links"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := header
			if row.defaults != "" {
				text += `{"defaults":` + row.defaults + "}\n"
			}
			text += fmt.Sprintf(`{"asset":{"type":%q,"id":"1","provider":"p"%s}%s}`, row.typ, row.members, row.marks) + "\n" +
				`{"end":{"assets":1,"gaps":0,"coverage":0}}` + "\n"
			opts := &snapshot.Options{Schemas: statedSchemas(t)}
			got, err := readAll(strings.NewReader(text), opts)
			require.NoError(t, err)
			a := got[0].(*asset.Asset)
			var unread []string
			if a.Access.Unread() != nil {
				unread = append(unread, "access")
			}
			if a.UnreadLinks("key") != nil {
				unread = append(unread, "links")
			}
			if a.UnreadParents() != nil {
				unread = append(unread, "parents")
			}
			assert.Equal(t, row.unread, strings.Join(unread, " "))

			// It stays so when it is written and read again, with any schema.
			var b bytes.Buffer
			require.NoError(t, snapshot.Write(&b, all(got), &snapshot.WriteOptions{Schemas: opts.Schemas}))
			for _, schemas := range []func(asset.Type) (*asset.Schema, bool){opts.Schemas, func(asset.Type) (*asset.Schema, bool) { return nil, false }} {
				again, err := readAll(bytes.NewReader(b.Bytes()), &snapshot.Options{Schemas: schemas})
				require.NoError(t, err)
				sameObservations(t, got, again)
			}
		})
	}
}

func TestStatedByNobody(t *testing.T) {
	got, err := readAll(strings.NewReader(header+`{"asset":{"type":"Other","id":"1","provider":"p"}}`+"\n"+`{"end":{"assets":1,"gaps":0,"coverage":0}}`+"\n"), nil)
	require.NoError(t, err)
	a := got[0].(*asset.Asset)
	assert.Equal(t, asset.NotStated("parents"), a.UnreadParents())
	assert.Equal(t, asset.NotStated("links"), a.UnreadLinks("any"))
	assert.Equal(t, asset.NotStated("access"), a.Access.Unread())
}

func TestInvalidDefaults(t *testing.T) {
	end := `{"end":{"assets":0,"gaps":0,"coverage":0}}`
	for text, want := range map[string]string{
		`{"defaults":{"parents":[{"type":"T","id":"1"}]}}`: `defaults: "parents": is not empty`,
		`{"defaults":{"links":{}}}`:                        `defaults: "links": is not empty`,
		`{"defaults":{"access":{}}}`:                       `defaults: "access": is not empty`,
		`{"defaults":{"tags":{}}}`:                         `defaults: "tags": unknown member`,
		`{"defaults":[]}`:                                  "defaults: is a list, not a map",
		`{"defaults":{},"end":{}}`:                         "marks beside end",
	} {
		_, err := readAll(strings.NewReader(lines(text, end)), nil)
		require.ErrorContains(t, err, want, text)
	}
	_, err := readAll(strings.NewReader(lines(`{"gap":{"provider":"p"}}`, `{"defaults":{}}`, end)), nil)
	require.ErrorContains(t, err, "none of asset, gap, coverage and end", "the line is the second or nowhere")
}
