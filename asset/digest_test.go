package asset_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/corpus"
)

// digestAsset returns an asset with everything that a digest covers.
func digestAsset(t testing.TB) *asset.Asset {
	t.Helper()
	config, err := asset.Of(map[string]any{
		"Size":   8,
		"Exact":  int64(9007199254740993),
		"Large":  uint64(18446744073709551615),
		"Ratio":  0.5,
		"On":     true,
		"Gone":   nil,
		"Rules":  []any{map[string]any{"Cidr": "10.0.0.0/8", "Port": 22}, map[string]any{}},
		"Token":  asset.Redacted{Detectors: []string{"jwt"}, Hash: "ab12"},
		"Denied": &asset.Unread{Op: "x:Get", Reason: asset.Denied, Code: "AccessDenied", Message: "no", RequestID: "r"},
	})
	require.NoError(t, err)
	return &asset.Asset{
		Ref:         asset.Ref{Type: "AWS::EC2::Volume", ID: "arn:aws:ec2:eu-west-1:111122223333:volume/v"},
		Scope:       asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"},
		Name:        "data",
		Tags:        map[string]string{"team": "a", "env": "prod"},
		Links:       []asset.Link{{Rel: "encrypted_by", To: asset.Ref{Type: "AWS::KMS::Key", ID: "k"}}, {Rel: "attached_to", To: asset.Ref{Type: "AWS::EC2::Instance", ID: "i"}}},
		Parents:     []asset.Ref{{Type: "Stance::AWS::Region", ID: "r"}, {Type: "Stance::AWS::Account", ID: "a"}},
		Incarnation: "2026-01-01",
		Config:      config,
		Status:      parse(t, `{"State":"in-use"}`),
	}
}

func digest(t testing.TB, a *asset.Asset) string {
	t.Helper()
	d, _ := a.Digest()
	return d.String()
}

func digestOf(t testing.TB, config asset.Value) string {
	t.Helper()
	return digest(t, &asset.Asset{Config: config})
}

// The digests are kept by programs, so they must not change.
func TestDigestIsPinned(t *testing.T) {
	full := digestAsset(t)
	assert.Equal(t, "f2feb393a07c319c82d76c2f075f87329889bb0f584e83b526a5fb34033acfe8", digest(t, full))
	assert.Equal(t, "9c1ec78712c6d35f548a8282f08729da288a51262baa06abdd5023302260293b", digest(t, &asset.Asset{}))
	for doc, want := range map[string]string{
		`{}`: "14918b432806a3f43e767c6f2c2d690870423bd37b00d2c749beb92d777e7848",
		`{"b":[1,-1,1.5,1e400,true,null],"a":"é"}`: "d092bb80360cd3ecb2cab91b8a2ad0594ab55074c12e36891186d153c213c76d",
	} {
		assert.Equal(t, want, digestOf(t, parse(t, doc)), doc)
	}
}

// The encoding, by hand: letters for kinds, 8 bytes for lengths and numbers.
func TestDigestEncoding(t *testing.T) {
	var text []byte
	number := func(kind byte, n uint64) { text = binary.BigEndian.AppendUint64(append(text, kind), n) }
	str := func(s string) { number('s', uint64(len(s))); text = append(text, s...) }
	for _, s := range []string{"stance asset 1", "T", "id", "p", "acc", "reg", "name", "inc"} {
		str(s)
	}
	number('t', 1)
	str("k")
	str("v")
	number('k', 1)
	str("rel")
	str("U")
	str("to")
	number('p', 0)
	number('m', 2) // config
	str("A")
	number('l', 3)
	number('i', 1)
	number('b', 1)
	text = append(text, 'n')
	str("B")
	number('u', uint64(asset.Throttled))
	number('r', 1) // status
	str("jwt")
	str("ab")
	text = append(text, 'a') // access

	config, err := asset.Of(map[string]any{"B": &asset.Unread{Reason: asset.Throttled}, "A": []any{1, true, nil}})
	require.NoError(t, err)
	got, complete := (&asset.Asset{
		Ref: asset.Ref{Type: "T", ID: "id"}, Scope: asset.Scope{Provider: "p", Account: "acc", Region: "reg"},
		Name: "name", Incarnation: "inc", Tags: map[string]string{"k": "v"}, Links: []asset.Link{{Rel: "rel", To: asset.Ref{Type: "U", ID: "to"}}},
		Config: config, Status: asset.Redacted{Detectors: []string{"jwt"}, Hash: "ab"}.Value(),
	}).Digest()
	assert.Equal(t, asset.Digest(sha256.Sum256(text)), got)
	assert.False(t, complete)
}

func TestDigestChangesWithEverythingItCovers(t *testing.T) {
	set := func(p asset.Path, x string) func(*asset.Asset) {
		return func(a *asset.Asset) { require.NoError(t, a.SetPath(p, parse(t, x))) }
	}
	put := func(p asset.Path, x asset.Value) func(*asset.Asset) {
		return func(a *asset.Asset) { require.NoError(t, a.SetPath(p, x)) }
	}
	seen := map[string]string{digest(t, digestAsset(t)): "nothing"}
	for name, change := range map[string]func(*asset.Asset){
		"type":              func(a *asset.Asset) { a.Type = "AWS::EC2::Snapshot" },
		"id":                func(a *asset.Asset) { a.ID += "x" },
		"provider":          func(a *asset.Asset) { a.Provider = "gcp" },
		"account":           func(a *asset.Asset) { a.Account = "444455556666" },
		"region":            func(a *asset.Asset) { a.Region = "" },
		"name":              func(a *asset.Asset) { a.Name = "" },
		"incarnation":       func(a *asset.Asset) { a.Incarnation = "2026-01-02" },
		"no tags":           func(a *asset.Asset) { a.Tags = nil },
		"tag":               func(a *asset.Asset) { a.Tags["team"] = "b" },
		"another tag":       func(a *asset.Asset) { a.Tags["owner"] = "" },
		"relation":          func(a *asset.Asset) { a.Links[0].Rel = "r" },
		"end of a link":     func(a *asset.Asset) { a.Links[0].To.ID = "x" },
		"one link":          func(a *asset.Asset) { a.Links = a.Links[:1] },
		"a link twice":      func(a *asset.Asset) { a.Links = append(a.Links, a.Links[0]) },
		"parent":            func(a *asset.Asset) { a.Parents[1].ID = "b" },
		"no parents":        func(a *asset.Asset) { a.Parents = nil },
		"integer":           set("config.Size", `9`),
		"exact integer":     set("config.Exact", `9007199254740992`),
		"large integer":     set("config.Large", `18446744073709551614`),
		"negative":          set("config.Large", `-1`),
		"float":             set("config.Ratio", `0.25`),
		"boolean":           set("config.On", `false`),
		"null for a value":  set("config.On", `null`),
		"value for null":    set("config.Gone", `false`),
		"absent":            put("config.Gone", asset.Value{}),
		"string for number": set("config.Size", `"8"`),
		"element":           set("config.Rules[1]", `{"Port":22}`),
		"no elements":       set("config.Rules", `[]`),
		"map for list":      set("config.Rules", `{}`),
		"key":               set("config.New", `null`),
		"status":            set("status.State", `"available"`),
		"access":            set("access", `{}`),
		"reason":            put("config.Denied", (&asset.Unread{Reason: asset.Throttled}).Value()),
		"now read":          set("config.Denied", `"x"`),
		"now unread":        put("config.Size", (&asset.Unread{Reason: asset.Denied}).Value()),
		"detector":          put("config.Token", asset.Redacted{Detectors: []string{"aws"}, Hash: "ab12"}.Value()),
		"hash":              put("config.Token", asset.Redacted{Detectors: []string{"jwt"}, Hash: "ab13"}.Value()),
		"no secret":         set("config.Token", `"`+asset.Redacted{Detectors: []string{"jwt"}, Hash: "ab12"}.String()+`"`),
		"projected":         func(a *asset.Asset) { a.Status, _ = a.Status.Project("Other") },
	} {
		a := digestAsset(t)
		change(a)
		d := digest(t, a)
		assert.Empty(t, seen[d], "%s", name)
		seen[d] = name
	}
}

func TestDigestLeavesOut(t *testing.T) {
	want := digest(t, digestAsset(t))
	for name, change := range map[string]func(*asset.Asset){
		"observed":         func(a *asset.Asset) { a.Observed = time.Unix(1, 0) },
		"created":          func(a *asset.Asset) { a.Created = time.Unix(1, 0) },
		"observers":        func(a *asset.Asset) { a.Observers = []string{"1"} },
		"origin":           func(a *asset.Asset) { a.Origin = asset.Origin{File: "f", Line: 1} },
		"class and url":    func(a *asset.Asset) { a.Class, a.URL = "storage", "https://x" },
		"order of links":   func(a *asset.Asset) { slices.Reverse(a.Links) },
		"order of parents": func(a *asset.Asset) { slices.Reverse(a.Parents) },
		"a default":        func(a *asset.Asset) { a.Status = a.Status.MarkDefault() },
		"request": func(a *asset.Asset) {
			u := &asset.Unread{Op: "y:Get", Reason: asset.Denied, Code: "403", Message: "denied", RequestID: "s"}
			require.NoError(t, a.SetPath("config.Denied", u.Value()))
		},
	} {
		a := digestAsset(t)
		change(a)
		links, parents := slices.Clone(a.Links), slices.Clone(a.Parents)
		assert.Equal(t, want, digest(t, a), name)
		assert.Equal(t, links, a.Links, "the asset was changed")
		assert.Equal(t, parents, a.Parents, "the asset was changed")
	}
}

func TestDigestIsCompleteIfEveryPartWasRead(t *testing.T) {
	config := parse(t, `{"A":[{"B":1},{}],"C":2}`)
	marked, err := config.Set("A[1].D", (&asset.Unread{Reason: asset.NotRequested}).Value())
	require.NoError(t, err)
	projected, err := config.Project("C")
	require.NoError(t, err)
	secret, err := config.Set("C", asset.Redacted{Hash: "ab"}.Value())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		a    asset.Asset
		want bool
	}{
		"nothing":     {asset.Asset{}, true},
		"read":        {asset.Asset{Config: config}, true},
		"redacted":    {asset.Asset{Config: secret}, true},
		"unread part": {asset.Asset{Config: marked}, false},
		"projected":   {asset.Asset{Config: projected}, false},
		"unread document": {asset.Asset{
			Config: config, Access: (&asset.Unread{Reason: asset.Denied}).Value()}, false},
	} {
		_, got := c.a.Digest()
		assert.Equal(t, c.want, got, name)
	}
}

// Values that are equal have one digest, whatever the order of their keys; others do not.
func TestDigestAgreesWithEqual(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	equal := 0
	for range 500 {
		var paths []asset.Path
		v := value(t, randomDoc(r, 3, "", &paths))
		again := shuffled(t, r, v)
		require.True(t, v.Equal(again))
		require.Equal(t, digestOf(t, v), digestOf(t, again), "%s", v)
		for range 5 {
			x := value(t, []any{nil, true, 7, "text", "other", []any{}, map[string]any{}, denied}[r.IntN(8)])
			other, err := again.Set(paths[r.IntN(len(paths))], x)
			if err != nil {
				continue // the path leads through a part that is unread
			}
			if v.Equal(other) {
				equal++
			}
			require.Equal(t, v.Equal(other), digestOf(t, v) == digestOf(t, other), "%s\n%s", v, other)
		}
	}
	assert.NotZero(t, equal)
}

func TestDigestOfEqualNumbers(t *testing.T) {
	for _, same := range [][]string{
		{`0`, `-0`, `0.0`, `-0.0`, `0e5`},
		{`22`, `22.0`, `2.2e1`},
		{`-3`, `-3.0`},
		{`0.1`, `1e-1`, `0.10`},
		{`18446744073709549568`, `18446744073709549568.0`},
		{`1e300`, `10e299`},
		{`1e400`},
		{`1e401`},
		{`9007199254740993`},
	} {
		for _, text := range same {
			require.Equal(t, parse(t, same[0]).Equal(parse(t, text)), digestOf(t, parse(t, same[0])) == digestOf(t, parse(t, text)), "%s and %s", same[0], text)
			require.Equal(t, digestOf(t, parse(t, same[0])), digestOf(t, parse(t, text)), "%s and %s", same[0], text)
		}
	}
	seen := map[string]bool{}
	for _, text := range []string{`0`, `1`, `-1`, `0.1`, `1e300`, `1e400`, `1e401`, `9007199254740992`, `9007199254740993`, `18446744073709551615`, `9223372036854775807`, `9223372036854775808`, `"1"`} {
		d := digestOf(t, parse(t, text))
		assert.False(t, seen[d], text)
		seen[d] = true
	}
}

func TestDigestOfLongStringsAndMaps(t *testing.T) {
	seen := map[string]bool{}
	for n := 480; n < 560; n++ {
		d := digestOf(t, value(t, strings.Repeat("x", n)))
		assert.False(t, seen[d])
		seen[d] = true
	}
	var forth, back []string
	for i := range 100 {
		forth = append(forth, fmt.Sprintf(`"key%d":%d`, i, i))
	}
	back = slices.Clone(forth)
	slices.Reverse(back)
	assert.Equal(t, digestOf(t, parse(t, "{"+strings.Join(forth, ",")+"}")), digestOf(t, parse(t, "{"+strings.Join(back, ",")+"}")))
}

// A digest is made as the document is walked, so that a large one takes no more memory.
func TestDigestAllocatesTheSameForLargeDocuments(t *testing.T) {
	small := &asset.Asset{Config: parse(t, `{"A":["x"]}`)}
	large := &asset.Asset{Config: parse(t, `{"A":["`+strings.Repeat(strings.Repeat("x", 1000)+`","`, 1000)+`"]}`)}
	few := testing.AllocsPerRun(20, func() { small.Digest() })
	assert.LessOrEqual(t, few, 6.0)
	assert.Equal(t, few, testing.AllocsPerRun(20, func() { large.Digest() }))
}

// shuffled returns the value parsed from JSON with its members in another order.
func shuffled(t *testing.T, r *rand.Rand, v asset.Value) asset.Value {
	t.Helper()
	again, err := parse(t, shuffledJSON(r, parse(t, string(v.AppendJSON(nil))))).WithMarks(v.Marks())
	require.NoError(t, err)
	return again
}

func shuffledJSON(r *rand.Rand, v asset.Value) string {
	var parts []string
	switch v.Kind() {
	case asset.Map:
		for _, i := range r.Perm(v.Len()) {
			k, x := v.MemberAt(i)
			parts = append(parts, fmt.Sprintf("%q:%s", k, shuffledJSON(r, x)))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case asset.List:
		for i := range v.Len() {
			parts = append(parts, shuffledJSON(r, v.Index(i)))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return v.String()
}

func BenchmarkDigest(b *testing.B) {
	var all []*asset.Asset
	size := 0
	for _, doc := range corpus.Documents() {
		a := digestAsset(b)
		a.Config, size = parse(b, string(doc)), size+len(doc)
		all = append(all, a)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, a := range all {
			a.Digest()
		}
	}
}

func ExampleAsset_Digest() {
	parsed := func(text string) *asset.Asset {
		config, _ := asset.Parse([]byte(text))
		return &asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"}, Config: config}
	}
	a, b := parsed(`{"A": 1, "B": [true]}`), parsed(`{"B": [true], "A": 1}`)
	da, readA := a.Digest()
	db, readB := b.Digest()
	fmt.Println(da == db, readA && readB)

	// What was not read may have changed.
	b.Access = (&asset.Unread{Op: "s3:GetBucketPolicy", Reason: asset.Denied}).Value()
	_, readB = b.Digest()
	fmt.Println(readB)
	// Output:
	// true true
	// false
}
