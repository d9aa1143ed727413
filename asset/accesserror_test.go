package asset_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestAccessErrorsNameThePath(t *testing.T) {
	doc := value(t, map[string]any{
		"A":        map[string]any{"b": []any{1, "x", map[string]any{"c d": "deep"}}, "n": nil},
		"N":        7,
		"Policy":   &asset.Unread{Op: "s3:GetBucketPolicy", Code: "AccessDenied"},
		"Empty":    []any{},
		"On":       true,
		"Off":      true,
		"Secret":   asset.Redacted{Hash: "ab"},
		"Ratio":    0.5,
		"AlsoNull": nil,
	})
	str := func(v asset.Value) error { _, err := v.Str(); return err }
	num := func(v asset.Value) error { _, err := v.Int(); return err }
	at := func(p asset.Path) asset.Value {
		v, err := doc.At(p)
		require.NoError(t, err)
		return v
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{str(doc.Get("A", "b")), "A.b: is a list, not a string"},
		{str(doc.Get("A")), "A: is a map, not a string"},
		{str(doc.Get("N")), "N: is an integer, not a string"},
		{str(at("A.b[0]")), "A.b[0]: is an integer, not a string"},
		{str(doc.Get("Ratio")), "Ratio: is a number, not a string"},
		{num(doc.Get("A", "b").Index(1)), "A.b[1]: is a string, not an integer"},
		{num(at(`A.b[2]["c d"]`)), `A.b[2]["c d"]: is a string, not an integer`},
		{num(doc.Get("Secret")), "Secret: is a string, not an integer"},
		{str(doc.Get("Empty")), "Empty: is a list, not a string"},
		{str(doc), "is a map, not a string"},

		{str(doc.Get("Missing")), "Missing: absent"},
		{str(doc.Get("A", "missing", "below")), "missing: absent"},
		{str(doc.Get("c d")), `["c d"]: absent`},
		{str(at("A.missing.below")), "A.missing.below: absent"},
		{str(at("A.b[9]")), "A.b[9]: absent"},
		{str(doc.Get("A", "b").Index(9)), "absent"},
		{asset.Value{}.Err(), "absent"},

		{str(doc.Get("Policy")), "Policy: unread: s3:GetBucketPolicy: AccessDenied"},
		{str(doc.Get("Policy", "Statement")), "Policy: unread: s3:GetBucketPolicy: AccessDenied"},
		{str(at("Policy.Statement[0]")), "Policy: unread: s3:GetBucketPolicy: AccessDenied"},
		{denied.Value().Err(), denied.Error()},

		// Equal small values cannot be distinguished: no path is better than a wrong one.
		{str(doc.Get("On")), "is a boolean, not a string"},
		{str(doc.Get("AlsoNull")), "absent: null"},
	} {
		assert.EqualError(t, c.err, c.want)
	}
}

func TestAccessErrorsOfAssets(t *testing.T) {
	a := &asset.Asset{Config: parse(t, `{"A":{"b":[1]}}`)}
	v, err := a.At("config.A.missing")
	require.NoError(t, err)
	assert.EqualError(t, v.Err(), "config.A.missing: absent")
	v, err = a.At("status")
	require.NoError(t, err)
	assert.EqualError(t, v.Err(), "status: absent")

	// A document of a snapshot is a part of the line that it was read from.
	line := parse(t, `{"asset":{"config":{"A":{"b":[1]}}}}`)
	a.Config = line.Get("asset", "config")
	_, err = a.Config.Get("A", "b").Str()
	assert.EqualError(t, err, "config.A.b: is a list, not a string")
}

// Documents of one Builder share a block.
func TestAccessErrorsOfBuiltDocuments(t *testing.T) {
	var b asset.Builder
	b.OpenMap()
	b.Key("A")
	b.OpenList()
	b.String("x", nil)
	b.CloseList()
	b.CloseMap()
	b.OpenMap()
	b.Key("State")
	b.String("on", nil)
	b.Key("N")
	b.Int(7, nil)
	b.CloseMap()
	b.Bool(true, nil)
	b.Unread(denied)
	var config, status, access, unread asset.Value
	require.NoError(t, b.Documents(&config, &status, &access, &unread))
	for _, c := range []struct {
		v    asset.Value
		want string
	}{
		{config.Get("A"), "A: is a list, not a boolean"},
		{config.Get("A").Index(0), "A[0]: is a string, not a boolean"},
		{config.Get("B"), "B: absent"},
		{config, "is a map, not a boolean"},
		{status.Get("State"), "State: is a string, not a boolean"},
		{status.Get("N"), "N: is an integer, not a boolean"},
		{unread, denied.Error()},
	} {
		_, err := c.v.Bool()
		assert.EqualError(t, err, c.want)
	}
	_, err := access.Str()
	assert.EqualError(t, err, "is a boolean, not a string")
	for _, root := range []asset.Value{config, status} {
		again, err := root.Set("New", parse(t, "1"))
		require.NoError(t, err)
		_, err = again.Get("New").Str()
		assert.EqualError(t, err, "New: is an integer, not a string")
	}
}

func TestAccessErrorsAreMatched(t *testing.T) {
	doc := value(t, map[string]any{"A": []any{}, "U": denied, "Null": nil})
	_, err := doc.Get("A").Str()
	var k *asset.KindError
	require.ErrorAs(t, err, &k)
	assert.Equal(t, asset.Path("A"), k.Path())
	assert.Equal(t, asset.List, k.Got)
	assert.Equal(t, asset.String, k.Want)
	assert.Empty(t, (&asset.KindError{Want: asset.List, Got: asset.String}).Path())

	for _, name := range []string{"Null", "Missing"} {
		assert.ErrorIs(t, doc.Get(name).Err(), asset.ErrAbsent)
	}
	var u *asset.Unread
	require.ErrorAs(t, doc.Get("U").Err(), &u)
	assert.Equal(t, denied, u)
	assert.False(t, errors.Is(doc.Get("U").Err(), asset.ErrAbsent))
}

// An absent part stays like any other where it is compared, copied or written.
func TestAbsentPartsAreAlike(t *testing.T) {
	doc := parse(t, `{"A":1}`)
	missing := doc.Get("Missing")
	at, err := doc.At("B.C")
	require.NoError(t, err)
	for _, v := range []asset.Value{missing, at} {
		assert.True(t, v.Equal(asset.Value{}))
		assert.True(t, v.IsAbsent())
		assert.Empty(t, v.Block())
		assert.Equal(t, "<absent>", v.String())
		assert.False(t, v.IsPartial())
		set, err := doc.Set("A", v)
		require.NoError(t, err)
		assert.Equal(t, `{}`, set.String())
		list, err := parse(t, `[1]`).Set("[0]", v)
		require.NoError(t, err)
		assert.Equal(t, `[null]`, list.String())
		assert.Equal(t, digest(t, &asset.Asset{}), digest(t, &asset.Asset{Config: v}))
		projected, err := v.Project("X")
		require.NoError(t, err)
		assert.True(t, projected.IsAbsent())
	}
}

func TestAccessAllocatesOnlyForErrors(t *testing.T) {
	doc := parse(t, `{"A":{"b":[1,2,"x"]}}`)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = doc.Get("A", "b").Index(0).Int()
		_, _ = doc.Get("A", "b").Index(2).Str()
		_ = doc.Get("A", "missing", "x").IsAbsent()
	}))
}

// The paths of errors are right for every part of a document: what stands there is what
// the error is about.
func TestAccessErrorPathsLeadToTheirParts(t *testing.T) {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, `,"k%d":{"s":%q,"l":["%d",{"x":"%d"}]}`, i, strconv.Itoa(i), i, i)
	}
	doc := parse(t, "{"+b.String()[1:]+"}")
	seen := 0
	var walk func(v asset.Value, p asset.Path)
	walk = func(v asset.Value, p asset.Path) {
		_, err := v.Bool()
		var k *asset.KindError
		require.ErrorAs(t, err, &k)
		assert.Equal(t, p, k.Path())
		seen++
		switch v.Kind() {
		case asset.Map:
			for i := range v.Len() {
				key, x := v.MemberAt(i)
				walk(x, p.Key(key))
			}
		case asset.List:
			for i := range v.Len() {
				walk(v.Index(i), p.Index(i))
			}
		}
	}
	walk(doc, "")
	assert.Equal(t, 1+50*6, seen)
}
