package asset_test

import (
	"iter"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type markAt struct {
	Path  asset.Path
	Value asset.Value
}

func marksOf(v asset.Value) []markAt {
	var all []markAt
	for p, m := range v.Marks() {
		all = append(all, markAt{p, m})
	}
	return all
}

func seqOf(marks []markAt) iter.Seq2[asset.Path, asset.Value] {
	return func(yield func(asset.Path, asset.Value) bool) {
		for _, m := range marks {
			if !yield(m.Path, m.Value) {
				return
			}
		}
	}
}

func markedValue(t *testing.T) asset.Value {
	t.Helper()
	denied := &asset.Unread{Op: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "no", RequestID: "r1"}
	v, err := asset.Of(map[string]any{
		"A":     map[string]any{"kept": 1, "left": 2, "deep": map[string]any{"x": denied, "y": true}},
		"B":     []any{"one", denied, map[string]any{"p": asset.Redacted{Detectors: []string{"jwt"}, Hash: "ab"}}},
		"C":     denied,
		"D d":   map[string]any{"e": []any{1, 2}},
		"E":     asset.Redacted{},
		"plain": map[string]any{},
	})
	require.NoError(t, err)
	a, err := v.Get("A").Project("kept", "deep")
	require.NoError(t, err)
	require.True(t, a.IsPartial())
	v, err = v.Set("A", a)
	require.NoError(t, err)
	inner, err := v.Get("D d").Set("e", v.Get("D d", "e").MarkDefault())
	require.NoError(t, err)
	v, err = v.Set(`["D d"]`, inner.MarkDefault())
	require.NoError(t, err)
	v, err = v.Set("E", v.Get("E").MarkDefault())
	require.NoError(t, err)
	return v
}

func TestWithMarksIsTheInverseOfMarks(t *testing.T) {
	v := markedValue(t)
	marks := marksOf(v)
	require.Len(t, marks, 8)

	plain, err := asset.Parse(v.AppendJSON(nil))
	require.NoError(t, err)
	assert.False(t, plain.Equal(v), "without the marks something is missing")
	back, err := plain.WithMarks(v.Marks())
	require.NoError(t, err)

	assert.True(t, back.Equal(v), "got %s, want %s", back, v)
	got := marksOf(back)
	paths := map[asset.Path]asset.Value{}
	for _, m := range got {
		paths[m.Path] = m.Value
	}
	require.Len(t, paths, len(marks))
	for _, m := range marks {
		x, ok := paths[m.Path]
		if assert.True(t, ok, "%s", m.Path) {
			assert.True(t, x.Equal(m.Value), "%s: %s", m.Path, x)
			assert.Equal(t, m.Value.IsDefault(), x.IsDefault(), "%s", m.Path)
		}
	}
	assert.True(t, back.Get("A").IsPartial())
	assert.Equal(t, asset.CodeNotKept, back.Get("A", "left").Unread().Code)
}

func TestWithMarksOfNothingAndOfEverything(t *testing.T) {
	denied := (&asset.Unread{Code: "AccessDenied"}).Value()
	for _, doc := range []string{`{"a":1}`, `[1]`, `"x"`, `null`} {
		v, err := asset.Parse([]byte(doc))
		require.NoError(t, err)
		same, err := v.WithMarks(seqOf(nil))
		require.NoError(t, err)
		assert.True(t, same.Equal(v), doc)
		none, err := v.WithMarks(seqOf([]markAt{{"", denied}}))
		require.NoError(t, err)
		assert.Equal(t, "AccessDenied", none.Unread().Code, doc)
	}
	made, err := asset.Value{}.WithMarks(seqOf([]markAt{{"z.y", denied}, {"a", denied}}))
	require.NoError(t, err)
	assert.Equal(t, "{\"z\":{\"y\":<unread>},\"a\":<unread>}", made.String())
}

func TestWithMarksRefuses(t *testing.T) {
	denied := (&asset.Unread{Code: "AccessDenied"}).Value()
	notKept := (&asset.Unread{Reason: asset.NotKept, Code: asset.CodeNotKept}).Value()
	redacted := asset.Redacted{}.Value()
	def := asset.Value{}.MarkDefault()
	for name, row := range map[string]struct {
		doc   string
		marks []markAt
		want  string
	}{
		"malformed path":         {`{}`, []markAt{{"a[", denied}}, "unclosed bracket"},
		"through a string":       {`{"a":"x"}`, []markAt{{"a.b", denied}}, "is a string, not a map"},
		"through a list by name": {`{"a":[1]}`, []markAt{{"a.b", denied}}, "is a list, not a map"},
		"element of a map":       {`{"a":{}}`, []markAt{{"a[0]", denied}}, "is a map, not a list"},
		"past the end":           {`{"a":[1]}`, []markAt{{"a[1]", denied}}, "past the last"},
		"redacted absent":        {`{}`, []markAt{{"a", redacted}}, "is absent, not a string"},
		"redacted map":           {`{"a":{}}`, []markAt{{"a", redacted}}, "is a map, not a string"},
		"default absent":         {`{}`, []markAt{{"a", def}}, "absent"},
		"unread twice":           {`{}`, []markAt{{"a", denied}, {"a", denied}}, "duplicate"},
		"default twice":          {`{"a":1}`, []markAt{{"a", def}, {"a", def}}, "duplicate"},
		"inside of unread":       {`{"a":{"b":1}}`, []markAt{{"a", denied}, {"a.b", denied}}, "inside an unread or redacted part"},
		"every member denied":    {`{"a":{}}`, []markAt{{"a[*]", denied}}, "NotKept"},
		"any in the middle":      {`{"a":{}}`, []markAt{{"a[*].b", notKept}}, "NotKept"},
		"partial twice":          {`{"a":{}}`, []markAt{{"a[*]", notKept}, {"a[*]", notKept}}, "duplicate"},
		"partial list":           {`{"a":[]}`, []markAt{{"a[*]", notKept}}, "is a list, not a map"},
		"partial absent":         {`{}`, []markAt{{"a[*]", notKept}}, "is absent, not a map"},
		"no mark":                {`{"a":1}`, []markAt{{"a", asset.Value{}}}, "want unread, redacted or a default"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := asset.Parse([]byte(row.doc))
			require.NoError(t, err)
			_, err = v.WithMarks(seqOf(row.marks))
			assert.ErrorContains(t, err, row.want)
		})
	}
}
