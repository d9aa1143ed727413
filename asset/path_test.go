package asset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestSteps(t *testing.T) {
	key := func(k string) asset.Step { return asset.Step{Key: k, Index: -1} }
	index := func(i int) asset.Step { return asset.Step{Index: i} }
	every := asset.Step{Any: true, Index: -1}
	for _, c := range []struct {
		path  asset.Path
		steps []asset.Step
	}{
		{"", nil},
		{"config", []asset.Step{key("config")}},
		{"config.a_b.C9", []asset.Step{key("config"), key("a_b"), key("C9")}},
		{"[0]", []asset.Step{index(0)}},
		{"a[3][*].b", []asset.Step{key("a"), index(3), every, key("b")}},
		{`a["x.y"]["z"].b`, []asset.Step{key("a"), key("x.y"), key("z"), key("b")}},
		{`[""]["]\"\n\u00e9"]`, []asset.Step{key(""), key("]\"\né")}},
	} {
		steps, err := c.path.Steps()
		require.NoError(t, err, string(c.path))
		assert.Equal(t, c.steps, steps, string(c.path))
	}
	for _, p := range []asset.Path{
		".", ".a", "a.", "a..b", "a.[0]", "[0]a", `["a"]b`, "a b", "9a", "a-b", "é", "[", "[]", "[a]", "[-1]", "[+1]", "[1", "[ 1]",
		"[9999999999]", `["a]`, `["a"`, `["a"x]`, `["\x"]`, "[\"\xff\"]", "a]", "[**]", "*",
	} {
		_, err := p.Steps()
		assert.ErrorContains(t, err, "path", string(p))
		assert.False(t, p.Covers("a"))
		assert.False(t, asset.Path("").Covers(p))
	}
}

// written makes a path of steps.
func written(steps []asset.Step) asset.Path {
	var p asset.Path
	for _, s := range steps {
		switch {
		case s.Any:
			p = p.Any()
		case s.Index >= 0:
			p = p.Index(s.Index)
		default:
			p = p.Key(s.Key)
		}
	}
	return p
}

func FuzzPath(f *testing.F) {
	for _, p := range []string{"", "config.a[0][*]", `a["x\"y"].b`, "[0]a", `["\ud800"]`, "a..b"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := asset.Path(text).Steps()
		if err != nil {
			return
		}
		p := written(steps)
		again, err := p.Steps()
		require.NoError(t, err, "%q of %q", p, text)
		require.Equal(t, steps, again, "%q of %q", p, text)
		require.Equal(t, p, written(again))
		require.True(t, asset.Path(text).Covers(p.Key("x")))
	})
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		p, q asset.Path
		want bool
	}{
		{"", "a.b", true}, {"a", "a", true}, {"a", "a.b[0]", true}, {"a.b", "a", false}, {"a", "ab", false},
		{"a[*]", "a[3].x", true}, {"a[*]", `a["k"]`, true}, {"a[3]", "a[*]", false}, {"a[*]", "a[*]", true}, {"a[1]", "a[2]", false},
		{`a["b"]`, "a.b", true},
	} {
		assert.Equal(t, c.want, c.p.Covers(c.q), "%s covers %s", c.p, c.q)
	}
}

func TestAt(t *testing.T) {
	v := parse(t, `{"a":[{"b":1},{"x.y":2}]}`)
	for p, want := range map[asset.Path]string{"a[0].b": "1", `a[1]["x.y"]`: "2", "": v.String(), "a[7].b": "<absent>", "a.b": "<absent>"} {
		got, err := v.At(p)
		require.NoError(t, err)
		assert.Equal(t, want, got.String(), string(p))
	}
	_, err := v.At("a[*]")
	assert.Error(t, err)
	_, err = v.At("a..b")
	assert.Error(t, err)
}

func TestSet(t *testing.T) {
	x := parse(t, `"X"`)
	none := asset.Value{}
	for _, c := range []struct {
		doc  string
		path asset.Path
		x    asset.Value
		want string
	}{
		{`{"a":1,"b":2}`, "a", x, `{"a":"X","b":2}`},
		{`{"a":1}`, "b", x, `{"a":1,"b":"X"}`},
		{`{"a":1}`, "b.c.d", x, `{"a":1,"b":{"c":{"d":"X"}}}`},
		{`{"a":null}`, "a.b", x, `{"a":{"b":"X"}}`},
		{`1`, "", x, `"X"`},
		{`{"a":[1,2,3]}`, "a[1]", x, `{"a":[1,"X",3]}`},
		{`{"a":[{"b":1},{"c":2}]}`, "a[*].b", x, `{"a":[{"b":"X"},{"c":2,"b":"X"}]}`},
		{`{"a":{"k":1,"l":2}}`, "a[*]", x, `{"a":{"k":"X","l":"X"}}`},
		{`{"a":1}`, "b[*].c", x, `{"a":1}`},
		{`{"a":[]}`, "a[*].c", x, `{"a":[]}`},
		{`{"a":1,"b":2}`, "a", none, `{"b":2}`},
		{`{"a":1}`, "b", none, `{"a":1}`},
		{`{"a":1}`, "b.c", none, `{"a":1}`},
		{`{"a":null}`, "a.b", none, `{"a":null}`},
		{`{"a":{"b":1}}`, "a.b", none, `{"a":{}}`},
		{`{"a":[1,2]}`, "a[0]", none, `{"a":[null,2]}`},
		{`{}`, `["x y"]`, x, `{"x y":"X"}`},
	} {
		v := parse(t, c.doc)
		got, err := v.Set(c.path, c.x)
		require.NoError(t, err)
		assert.Equal(t, c.want, got.String(), "%s in %s", c.path, c.doc)
		assert.Equal(t, c.doc, v.String(), "the original stays")
	}
	got, err := none.Set("a.b", x)
	require.NoError(t, err)
	assert.Equal(t, `{"a":{"b":"X"}}`, got.String())
	got, err = none.Set("a", none)
	require.NoError(t, err)
	assert.Equal(t, asset.Absent, got.Kind())

	for doc, p := range map[string]asset.Path{`{"a":1}`: "a.b", `{"a":[1]}`: "a[1]", `{"a":{}}`: "a[0]", `[1]`: "a", `{}`: "a..b", `"s"`: "[*]"} {
		_, err := parse(t, doc).Set(p, x)
		assert.ErrorContains(t, err, "path", "%s in %s", p, doc)
	}
	_, err = denied.Value().Set("a", x)
	assert.Error(t, err, "nothing can be put into what was not read")

	wideDoc := parse(t, wide(40))
	got, err = wideDoc.Set("key39", x)
	require.NoError(t, err)
	assert.Equal(t, 40, got.Len())
	assert.Equal(t, `"X"`, got.Get("key39").String())
}

// randomDoc makes a document and the paths to its parts.
func randomDoc(r *rand.Rand, depth int, p asset.Path, paths *[]asset.Path) any {
	*paths = append(*paths, p)
	switch n := r.IntN(6); {
	case depth > 0 && n < 3:
		m := map[string]any{}
		for i := range r.IntN(22) / (4 - depth) {
			k := fmt.Sprintf("k%d", i)
			m[k] = randomDoc(r, depth-1, p.Key(k), paths)
		}
		return m
	case depth > 0 && n < 5:
		list := []any{}
		for i := range r.IntN(4) {
			list = append(list, randomDoc(r, depth-1, p.Index(i), paths))
		}
		return list
	default:
		return []any{nil, true, int64(r.IntN(1e9)), "text", denied}[r.IntN(5)]
	}
}

// What was kept reads as in the original, absent parts as absent; what was left out
// reads as unread, and never as absent.
func TestProject(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		var all []asset.Path
		v := value(t, randomDoc(r, 3, "", &all))
		kept := []asset.Path{}
		for range r.IntN(4) {
			p := all[r.IntN(len(all))]
			if r.IntN(4) == 0 {
				p = p.Key("missing")
			}
			kept = append(kept, p)
		}
		small, err := v.Project(kept...)
		require.NoError(t, err)
		for _, p := range append(slices.Clone(all), kept...) {
			want, err := v.At(p)
			require.NoError(t, err)
			got, err := small.At(p)
			require.NoError(t, err)
			inKept := slices.ContainsFunc(kept, func(k asset.Path) bool { return k.Covers(p) })
			onTheWay := slices.ContainsFunc(kept, func(k asset.Path) bool { return p.Covers(k) })
			switch {
			case want.IsAbsent() && inKept:
				require.True(t, got.IsAbsent(), "%s of %s in %s", p, kept, v)
			case inKept:
				require.True(t, want.Equal(got), "%s of %s in %s", p, kept, v)
			case !onTheWay && !want.IsAbsent():
				require.NotNil(t, got.Unread(), "%s of %s in %s", p, kept, v)
			}
			if !want.IsAbsent() {
				require.False(t, got.IsAbsent(), "%s of %s in %s", p, kept, v)
			}
		}
		again, err := small.Project(kept...)
		require.NoError(t, err)
		require.True(t, small.Equal(again), "%s: %s, %s", kept, small, again)
	}
}

func TestProjectByHand(t *testing.T) {
	doc := `{"a":{"b":1,"c":2},"l":[{"x":1,"y":2},{"y":3}],"z":0}`
	for _, c := range []struct {
		want  string
		paths []asset.Path
	}{
		{doc, []asset.Path{""}},
		{`<unread>`, nil},
		{`{"a":{"b":1,<unread>},<unread>}`, []asset.Path{"a.b"}},
		{`{"a":{"b":1,"c":2},<unread>}`, []asset.Path{"a.b", "a.c"}},
		{`{"l":[{"x":1,<unread>},{"x":null,<unread>}],<unread>}`, []asset.Path{"l[*].x"}},
		{`{"z":0,"n":null,<unread>}`, []asset.Path{"z", "n.deep[0].er"}},
	} {
		got, err := parse(t, doc).Project(c.paths...)
		require.NoError(t, err)
		assert.Equal(t, c.want, got.String(), "%s", c.paths)
	}
	got := project(t, doc, "a.b", "n")
	assert.True(t, got.IsPartial())
	assert.Equal(t, asset.CodeNotKept, got.Get("z").Unread().Code)
	assert.Equal(t, asset.CodeNotKept, got.Get("a", "c").Unread().Code)
	assert.True(t, got.Get("n").IsAbsent())
	_, err := parse(t, doc).Project("a..b")
	assert.Error(t, err)
}

func TestMarks(t *testing.T) {
	v := value(t, map[string]any{
		"a": denied, "b": []any{1, asset.Redacted{Hash: "h"}, map[string]any{"c d": denied}}, "d": parse(t, "1").MarkDefault(),
		"e": project(t, `{"x":1,"y":2}`, "x"), "f": "plain",
	})
	var got []string
	for p, m := range v.Marks() {
		got = append(got, fmt.Sprintf("%s %s", p, m.Kind()))
	}
	assert.Equal(t, []string{"a unread", "b[1] a string", `b[2]["c d"] unread`, "d an integer", "e[*] unread"}, got)
	for range v.Marks() {
		break
	}
	for p, m := range denied.Value().Marks() {
		assert.Equal(t, asset.Path(""), p)
		assert.Equal(t, denied, m.Unread())
	}
}
