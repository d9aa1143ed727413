package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

var nothing = &asset.Redaction{Text: func(string) (asset.Redacted, bool) { return asset.Redacted{}, false }}

func TestSanitized(t *testing.T) {
	plain := parse(t, `{"a":{"b":["x","y"]},"c":"z","n":1}`)
	assert.False(t, plain.IsSanitized())
	marked := plain.Redact(nil)
	require.True(t, marked.IsSanitized())
	assert.True(t, marked.Equal(plain))
	assert.True(t, plain.Equal(marked))
	assert.False(t, plain.IsSanitized())
	assert.Equal(t, plain.Block(), marked.Block())

	mapShape := &asset.Shape{Kind: asset.MapShape}
	for name, v := range map[string]asset.Value{
		"copied":    plain.Redact(nothing),
		"again":     marked.Redact(nothing),
		"default":   marked.MarkDefault(),
		"projected": projected(t, marked, "a.b[*]", "missing"),
		"whole":     projected(t, marked, ""),
		"conformed": mapShape.Conform(marked),
		"string":    parse(t, `"x"`).Redact(nil),
		"list":      parse(t, `["x"]`).Redact(nil),
		// No text, no secret.
		"absent": {}, "null": parse(t, "null"), "bool": parse(t, "true"), "int": parse(t, "1"), "float": parse(t, "1.5"),
		"unread": (&asset.Unread{Op: "op"}).Value(), "redacted": asset.Redacted{}.Value(),
	} {
		assert.True(t, v.IsSanitized(), name)
	}

	text := parse(t, `"x"`).Redact(nil)
	set, err := marked.Set("c", text)
	require.NoError(t, err)
	whole, err := plain.Set("", marked)
	require.NoError(t, err)
	withMarks, err := marked.WithMarks(asset.Value{}.Marks())
	require.NoError(t, err)
	for name, v := range map[string]asset.Value{
		"member": marked.Get("a"), "string": marked.Get("c"), "element": marked.Get("a", "b").Index(0),
		"set": set, "the set part": set.Get("c"), "replaced": whole,
		"of": value(t, marked), "in another": value(t, []any{marked}).Index(0), "string in another": value(t, []any{text}).Index(0),
		"parsed": parse(t, marked.String()), "marked": withMarks,
		"conformed": (&asset.Shape{Kind: asset.MapShape, Elem: &asset.Shape{Kind: asset.StringShape}}).Conform(marked),
		"projected": projected(t, plain, "a"), "default": plain.MarkDefault(),
	} {
		assert.False(t, v.IsSanitized(), name)
	}
	// A mark that stands in no block cannot be seen through another document.
	scalar := value(t, map[string]any{"n": parse(t, "1").Redact(nil), "s": text})
	assert.Equal(t, value(t, map[string]any{"n": 1, "s": "x"}), scalar)
	assert.Equal(t, asset.Value{}, asset.Value{}.Redact(nil))
}

func projected(t *testing.T, v asset.Value, paths ...asset.Path) asset.Value {
	t.Helper()
	p, err := v.Project(paths...)
	require.NoError(t, err)
	return p
}

func TestRedactValue(t *testing.T) {
	v := value(t, map[string]any{
		"a": []any{"one", "two"}, "b": asset.Redacted{Hash: "aa"}, "c": &asset.Unread{Op: "three", Message: "m"}, "d": "four", "n": 5,
	})
	var seen []string
	got := v.Redact(&asset.Redaction{
		Text: func(text string) (asset.Redacted, bool) {
			seen = append(seen, text)
			return asset.Redacted{Hash: text}, text == "two"
		},
		Key: func(key string) string {
			seen = append(seen, key)
			if key == "d" {
				return "other"
			}
			return key
		},
		Unread: func(u *asset.Unread) *asset.Unread {
			seen = append(seen, u.Op)
			changed := *u
			changed.Message = "hidden"
			return &changed
		},
	})
	assert.Equal(t, []string{"a", "one", "two", "b", "c", "three", "d", "four", "n"}, seen)
	assert.Equal(t, `{"a":["one","[redacted hash=two]"],"b":"[redacted hash=aa]","c":<unread>,"other":"four","n":5}`, got.String())
	_, ok := got.Get("a").Index(1).Redacted()
	assert.True(t, ok)
	assert.Equal(t, &asset.Unread{Op: "three", Message: "hidden"}, got.Get("c").Unread())
	assert.True(t, v.Redact(&asset.Redaction{}).Equal(v), "functions that are nil change nothing")
}
