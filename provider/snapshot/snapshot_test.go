package snapshot_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
	"github.com/openstance/stance/provider/snapshot"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const header = `{"stance":"snapshot","version":1}` + "\n"

// defaults is the line with which lines of assets that omit parts have none.
const defaults = `{"defaults":{"parents":[],"links":[],"access":null}}` + "\n"

// one is a snapshot with everything that the format has.
const one = `{"stance":"snapshot","version":1,"created":"2026-03-01T12:00:00Z"}
{"coverage":{"provider":"aws","account":"1","type":"AWS::S3::Bucket","state":"complete"}}
{"coverage":{"provider":"aws","account":"1","region":"eu-west-1","type":"AWS::KMS::Key","state":"not_asked"}}
{"gap":{"provider":"aws","account":"1","region":"eu-west-1","type":"AWS::KMS::Key","op":"kms:ListKeys","code":"AccessDenied","message":"no \"é\"","request_id":"r-1"}}
{"gap":{"provider":"aws","of":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::logs"},"code":"x"}}
{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::logs","provider":"aws","account":"1","region":"eu-west-1","name":"logs","class":"storage","url":"https://example.com/","tags":{"team":"a","empty":""},"config":{"B":{"x":1,"y":[true,null,{"z":"t"}]},"A":"[redacted]","V":{"Status":"Enabled"},"P":{"kept":1}},"status":{},"links":[{"rel":"encrypted_by","type":"AWS::KMS::Key","id":"arn:aws:kms:eu-west-1:1:key/k"}],"parents":[{"type":"Stance::AWS::Account","id":"1"}],"observers":["1","2"],"origin":{"file":"main.yaml","line":3},"incarnation":"i-1","created":"2025-01-01T00:00:00Z","observed":"2026-03-01T11:59:00.5Z"},"unread":[{"path":"access","op":"s3:GetBucketPolicy","code":"AccessDenied","message":"m","request_id":"r-2"},{"path":"config.B.y[1]","code":"Throttled"},{"path":"config.B.u","code":"Throttled"},{"path":"config.P[*]","code":"NotKept"}],"redacted":[{"path":"config.A","detectors":["jwt","pem"],"hash":"00ff"}],"defaults":["config.V","config.V.Status"]}
{"end":{"assets":1,"gaps":2,"coverage":2}}
`

func readAll(r io.Reader, opts *snapshot.Options) ([]asset.Observation, error) {
	return drain(snapshot.Read(r, opts))
}

func drain(seq iter.Seq2[asset.Observation, error]) ([]asset.Observation, error) {
	var all []asset.Observation
	for o, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, o)
	}
	return all, nil
}

func all(list []asset.Observation) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func lines(l ...string) string { return header + strings.Join(l, "\n") + "\n" }

// sameObservations compares all there is, marks included.
func sameObservations(t testing.TB, want, got []asset.Observation) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		a, ok := want[i].(*asset.Asset)
		if !ok {
			require.Equal(t, want[i], got[i])
			continue
		}
		b, ok := got[i].(*asset.Asset)
		require.True(t, ok)
		x, y := *a, *b
		for _, s := range []*asset.Asset{&x, &y} {
			s.Config, s.Status, s.Access = asset.Value{}, asset.Value{}, asset.Value{}
			s.Created, s.Observed = s.Created.UTC(), s.Observed.UTC()
		}
		require.Equal(t, x, y)
		for _, d := range [][2]asset.Value{{a.Config, b.Config}, {a.Status, b.Status}, {a.Access, b.Access}} {
			require.Equal(t, d[0].Kind(), d[1].Kind())
			require.True(t, d[0].Equal(d[1]), "%s and %s", d[0], d[1])
			require.Equal(t, marksOf(d[0]), marksOf(d[1]))
		}
	}
}

func marksOf(v asset.Value) []string {
	var list []string
	for p, m := range v.Marks() {
		r, ok := m.Redacted()
		list = append(list, fmt.Sprintf("%s: %s unread %v, redacted %v %v, default %v, partial %v", p, m, m.Unread(), r, ok, m.IsDefault(), m.IsPartial()))
	}
	slices.Sort(list) // unread members may have moved to the end of their map
	return list
}

func TestRead(t *testing.T) {
	got, err := readAll(strings.NewReader(one), nil)
	require.NoError(t, err)
	require.Len(t, got, 5)
	aws := asset.Scope{Provider: "aws", Account: "1"}
	west := asset.Scope{Provider: "aws", Account: "1", Region: "eu-west-1"}
	logs := asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"}
	assert.Equal(t, &asset.Coverage{Scope: aws, Type: "AWS::S3::Bucket", State: asset.Complete}, got[0])
	assert.Equal(t, &asset.Coverage{Scope: west, Type: "AWS::KMS::Key", State: asset.NotAsked}, got[1])
	assert.Equal(t, &asset.Gap{Scope: west, Type: "AWS::KMS::Key", Cause: asset.Unread{Op: "kms:ListKeys", Code: "AccessDenied", Message: "no \"é\"", RequestID: "r-1"}}, got[2])
	assert.Equal(t, &asset.Gap{Scope: asset.Scope{Provider: "aws"}, Of: logs, Cause: asset.Unread{Code: "x"}}, got[3])

	a := got[4].(*asset.Asset)
	assert.Equal(t, logs, a.Ref)
	assert.Equal(t, west, a.Scope)
	assert.Equal(t, []string{"logs", "storage", "https://example.com/", "i-1"}, []string{a.Name, a.Class, a.URL, a.Incarnation})
	assert.Equal(t, map[string]string{"team": "a", "empty": ""}, a.Tags)
	assert.Equal(t, []asset.Link{{Rel: "encrypted_by", To: asset.Ref{Type: "AWS::KMS::Key", ID: "arn:aws:kms:eu-west-1:1:key/k"}}}, a.Links)
	assert.Equal(t, []asset.Ref{{Type: "Stance::AWS::Account", ID: "1"}}, a.Parents)
	assert.Equal(t, []string{"1", "2"}, a.Observers)
	assert.Equal(t, asset.Origin{File: "main.yaml", Line: 3}, a.Origin)
	assert.Equal(t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), a.Created)
	assert.Equal(t, time.Date(2026, 3, 1, 11, 59, 0, 5e8, time.UTC), a.Observed)

	assert.Equal(t, &asset.Unread{Op: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "m", RequestID: "r-2"}, a.Access.Unread())
	assert.Equal(t, "Throttled", a.Config.Get("B", "u").Unread().Code)
	assert.Equal(t, "Throttled", a.Config.Get("B", "y").Index(1).Unread().Code)
	assert.Equal(t, asset.CodeNotKept, a.Config.Get("P", "other").Unread().Code)
	assert.Equal(t, "1", a.Config.Get("P", "kept").String())
	r, ok := a.Config.Get("A").Redacted()
	assert.True(t, ok)
	assert.Equal(t, asset.Redacted{Detectors: []string{"jwt", "pem"}, Hash: "00ff"}, r)
	assert.True(t, a.Config.Get("V").IsDefault())
	assert.True(t, a.Config.Get("V", "Status").IsDefault())
	assert.False(t, a.Config.Get("B").IsDefault())
	assert.Equal(t, asset.Map, a.Status.Kind())
}

func TestWriteThenRead(t *testing.T) {
	want, err := readAll(strings.NewReader(one), nil)
	require.NoError(t, err)
	for _, name := range []string{"", "x.ndjson.gz"} {
		var b bytes.Buffer
		opts := &snapshot.WriteOptions{Name: name, Created: time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600))}
		require.NoError(t, snapshot.Write(&b, all(want), opts))
		if name == "" {
			assert.Equal(t, one[:strings.Index(one, "\n")+1], b.String()[:strings.Index(one, "\n")+1])
		} else {
			assert.Equal(t, "\x1f\x8b", b.String()[:2])
		}
		got, err := readAll(&b, &snapshot.Options{Name: name})
		require.NoError(t, err)
		sameObservations(t, want, got)
	}
}

// What is written again is the same to the byte.
func TestWriteIsStable(t *testing.T) {
	first := rewritten(t, one)
	assert.Equal(t, first, rewritten(t, first))
}

func rewritten(t testing.TB, text string) string {
	t.Helper()
	list, err := readAll(strings.NewReader(text), nil)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, snapshot.Write(&b, all(list), nil))
	return b.String()
}

func TestCutOffAtEveryByte(t *testing.T) {
	for n := range len(one) {
		_, err := readAll(strings.NewReader(one[:n]), nil)
		var e *snapshot.Error
		require.ErrorAs(t, err, &e, "cut off at %d", n)
		assert.Equal(t, "snapshot", e.Name)
		assert.Equal(t, strings.Count(one[:n], "\n")+1, e.Line, "cut off at %d: %v", n, err)
		assert.LessOrEqual(t, e.Offset, int64(n), "cut off at %d: %v", n, err)
	}
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestGzipCutOffAtEveryByte(t *testing.T) {
	data := zipped(t, one)
	opts := &snapshot.Options{Name: "x.ndjson.gz"}
	_, err := readAll(bytes.NewReader(data), opts)
	require.NoError(t, err)
	for n := range len(data) {
		_, err := readAll(bytes.NewReader(data[:n]), opts)
		var e *snapshot.Error
		require.ErrorAs(t, err, &e, "cut off at %d", n)
	}
	// In two members, as tools that append make them, it is whole as well.
	half := len(one) / 2
	two := append(zipped(t, one[:half]), zipped(t, one[half:])...)
	_, err = readAll(bytes.NewReader(two), opts)
	require.NoError(t, err)
	_, err = readAll(bytes.NewReader(append(two, zipped(t, "\n")...)), opts)
	require.ErrorContains(t, err, "more after the line with the counts")
	_, err = readAll(strings.NewReader(one), opts)
	require.ErrorContains(t, err, "gzip: invalid header")
}

func TestGzipCorrupt(t *testing.T) {
	data := zipped(t, one)
	for i := len(data) - 8; i < len(data); i++ { // checksum and length, behind the last line
		bad := slices.Clone(data)
		bad[i] ^= 1
		_, err := readAll(bytes.NewReader(bad), &snapshot.Options{Name: "x.gz"})
		require.ErrorIs(t, err, gzip.ErrChecksum)
	}
}

const assetLine = `{"asset":{"type":"T","id":"x","provider":"p"%s}%s}`

func assetWith(inside, beside string) string {
	return lines(fmt.Sprintf(assetLine, inside, beside), `{"end":{"assets":1,"gaps":0,"coverage":0}}`)
}

func TestReadRefuses(t *testing.T) {
	end := `{"end":{"assets":0,"gaps":0,"coverage":0}}`
	for name, row := range map[string]struct {
		text string
		want string // line, offset and what
	}{
		"empty":                 {"", "1: offset 0: no header"},
		"not JSON":              {"hello\n", "1: offset 0: unexpected 'h', want a value"},
		"no header":             {end + "\n", "1: offset 0: no header"},
		"header is a list":      {"[]\n", "1: offset 0: no header"},
		"other stance":          {`{"stance":"policy","version":1}` + "\n", "1: offset 0: no header"},
		"other version":         {`{"stance":"snapshot","version":2}` + "\n", "1: offset 0: version 2, and only 1 is known"},
		"no version":            {`{"stance":"snapshot"}` + "\n", "1: offset 0: version <absent>"},
		"unknown in the header": {`{"stance":"snapshot","version":1,"x":1}` + "\n", `1: offset 0: "x": unknown member`},
		"created no time":       {`{"stance":"snapshot","version":1,"created":"today"}` + "\n", `"created": "today" is no time`},
		"header alone":          {header, "2: offset 34: cut off: no line with the counts"},
		"blank line":            {lines("", end), "2: offset 35: unexpected end, want a value"},
		"a list":                {lines("[]", end), "2: offset 34: is a list, not a map"},
		"corrupt line":          {lines(strings.Replace(end, ":0,", "!0,", 1), end), "2: offset 50: unexpected '!', want ':'"},
		"invalid UTF-8":         {lines("{\"\xff\":1}"), "2: offset 36: invalid UTF-8"},
		"key twice":             {lines(`{"end":{"assets":0,"gaps":0,"coverage":0,"gaps":0}}`), `duplicate key "gaps"`},
		"after the end":         {lines(end, end), "3: offset 77: more after"},
		"blank after the end":   {lines(end, ""), "more after the line with the counts"},
		"half after the end":    {lines(end) + "x", "cut off: the line is not ended by a newline"},
		"nothing in the line":   {lines("{}", end), "none of asset, gap, coverage and end"},
		"two in the line":       {lines(`{"gap":{},"coverage":{}}`), "both gap and coverage in one line"},
		"unknown in the line":   {lines(`{"gap":{},"gaps":{}}`), `"gaps": unknown member`},
		"marks of a gap":        {lines(`{"gap":{},"unread":[]}`), "marks beside gap"},
		"gap no map":            {lines(`{"gap":[]}`), "gap: is a list, not a map"},

		"count of assets":   {lines(`{"end":{"assets":1,"gaps":0,"coverage":0}}`), "counts do not agree: 1 assets, 0 gaps, 0 coverage in the closing line, 0, 0, 0 before it"},
		"count missing":     {lines(`{"end":{"assets":0,"gaps":0}}`), "counts do not agree"},
		"count no number":   {lines(`{"end":{"assets":"0","gaps":0,"coverage":0}}`), `end: "assets": is a string, not an integer`},
		"count of what":     {lines(`{"end":{"assets":0,"gaps":0,"coverage":0,"links":0}}`), `"links": unknown member`},
		"asset not counted": {lines(fmt.Sprintf(assetLine, "", ""), end), "counts do not agree"},

		"misspelled document": {assetWith(`,"acess":{}`, ""), `asset: "acess": unknown member`},
		"no type":             {lines(`{"asset":{"id":"x","provider":"p"}}`), "asset: type: absent"},
		"type no text":        {lines(`{"asset":{"type":1}}`), "asset: type: is an integer, not a string"},
		"no id":               {lines(`{"asset":{"type":"T","provider":"p"}}`), "empty id"},
		"no provider":         {lines(`{"asset":{"type":"T","id":"x"}}`), "asset: no provider"},
		"name no text":        {assetWith(`,"name":1`, ""), `asset: "name": is an integer, not a string`},
		"tag no text":         {assetWith(`,"tags":{"a":1}`, ""), `asset: "tags": "a": is an integer, not a string`},
		"tags no map":         {assetWith(`,"tags":["a"]`, ""), `asset: "tags": is a list, not a map`},
		"links no list":       {assetWith(`,"links":{"a":1}`, ""), `asset: "links": is a map, not a list`},
		"link no map":         {assetWith(`,"links":["a"]`, ""), `asset: "links": [0]: is a string, not a map`},
		"link without rel":    {assetWith(`,"links":[{"type":"T","id":"y"}]`, ""), `asset: "links": [0]: no rel`},
		"link without id":     {assetWith(`,"links":[{"rel":"r","type":"T"}]`, ""), `"links": [0]: parse ref of T: empty id`},
		"link misspelled":     {assetWith(`,"links":[{"rel":"r","tpe":"T"}]`, ""), `"links": [0]: "tpe": unknown member`},
		"parent with a rel":   {assetWith(`,"parents":[{"rel":"r","type":"T","id":"y"}]`, ""), `"parents": [0]: "rel": unknown member`},
		"observer no text":    {assetWith(`,"observers":[1]`, ""), `"observers": [0]: is an integer`},
		"origin misspelled":   {assetWith(`,"origin":{"lin":1}`, ""), `"origin": "lin": unknown member`},
		"origin line":         {assetWith(`,"origin":{"line":-1}`, ""), `-1 is no line`},
		"time":                {assetWith(`,"created":"2026-02-30T00:00:00Z"`, ""), `"2026-02-30T00:00:00Z" is no time`},
		"ref malformed":       {lines(`{"asset":{"type":"AWS::S3::Bucket","id":"arn:x","provider":"aws"}}`), "not an ARN"},

		"unread no list":         {assetWith("", `,"unread":{}`), "asset: unread: is a map, not a list"},
		"unread no map":          {assetWith("", `,"unread":["config"]`), "asset: unread[0]: is a string, not a map"},
		"unread misspelled":      {assetWith("", `,"unread":[{"pth":"config"}]`), `unread[0]: "pth": unknown member`},
		"unread without path":    {assetWith("", `,"unread":[{"code":"x"}]`), `unread[0]: path "" begins with none of`},
		"unread of the asset":    {assetWith("", `,"unread":[{"path":"name"}]`), `unread[0]: path "name" begins with none of`},
		"unread path malformed":  {assetWith("", `,"unread":[{"path":"config[","code":"x"}]`), "unclosed bracket"},
		"unread path to nowhere": {assetWith(`,"config":{"a":"b"}`, `,"unread":[{"path":"config.a.b"}]`), "is a string, not a map"},
		"unread past the end":    {assetWith(`,"config":{"a":[]}`, `,"unread":[{"path":"config.a[0]"}]`), "past the last"},
		"unread twice":           {assetWith("", `,"unread":[{"path":"config"},{"path":"config"}]`), "duplicate mark"},
		"redacted absent":        {assetWith("", `,"redacted":[{"path":"config.a"}]`), "is absent, not a string"},
		"redacted misspelled":    {assetWith("", `,"redacted":[{"path":"config.a","hsh":""}]`), `redacted[0]: "hsh": unknown member`},
		"default absent":         {assetWith("", `,"defaults":["config.a"]`), "a default: absent"},
		"default no path":        {assetWith("", `,"defaults":[{}]`), "defaults[0]: is a map, not a string"},

		"coverage without type":     {lines(`{"coverage":{"provider":"p","state":"complete"}}`), "coverage: no type"},
		"coverage without provider": {lines(`{"coverage":{"type":"T","state":"complete"}}`), "coverage: no provider"},
		"coverage without state":    {lines(`{"coverage":{"provider":"p","type":"T"}}`), `coverage: state: "" is none of`},
		"coverage misspelled":       {lines(`{"coverage":{"provider":"p","type":"T","stat":"complete"}}`), `coverage: "stat": unknown member`},
		"gap misspelled":            {lines(`{"gap":{"cde":"x"}}`), `gap: "cde": unknown member`},
		"gap of half a ref":         {lines(`{"gap":{"of":{"type":"T"}}}`), `gap: "of": parse ref of T: empty id`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(strings.NewReader(row.text), &snapshot.Options{Name: "f.ndjson"})
			var e *snapshot.Error
			require.ErrorAs(t, err, &e)
			assert.ErrorContains(t, err, row.want)
			assert.True(t, strings.HasPrefix(err.Error(), "f.ndjson:"), "%v", err)
			assert.Less(t, len(err.Error()), 1200)
		})
	}
}

func TestNullCountsAsMissing(t *testing.T) {
	text := lines(
		`{"asset":{"type":"T","id":"x","provider":"p","account":null,"tags":null,"links":null,"origin":null,"created":null,"config":null},"unread":null,"redacted":null,"defaults":null}`,
		`{"gap":{"provider":"p","type":null,"of":null,"code":"x"}}`,
		`{"end":{"assets":1,"gaps":1,"coverage":0}}`)
	got, err := readAll(strings.NewReader(text), nil)
	require.NoError(t, err)
	a := got[0].(*asset.Asset)
	assert.Equal(t, asset.Null, a.Config.Kind(), "in a document null stays null")
	assert.Nil(t, a.Tags)
	assert.True(t, got[1].(*asset.Gap).Of.IsZero())
}

func TestRefsBecomeCanonical(t *testing.T) {
	id := "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/A"
	text := lines(
		`{"asset":{"type":"Microsoft.Storage/storageAccounts","id":"`+id+`","provider":"azure","parents":[{"type":"Microsoft.Resources/resourceGroups","id":"/subscriptions/S/resourceGroups/RG"}]}}`,
		`{"end":{"assets":1,"gaps":0,"coverage":0}}`)
	got, err := readAll(strings.NewReader(text), nil)
	require.NoError(t, err)
	want, err := asset.ParseRef("Microsoft.Storage/storageAccounts", id)
	require.NoError(t, err)
	require.NotEqual(t, id, want.ID)
	assert.Equal(t, want, got[0].(*asset.Asset).Ref)
}

func TestRefsOfTheCallersClouds(t *testing.T) {
	clouds := asset.Clouds{{Name: "acme", Types: []string{"Acme::{*}::*"}, ID: func(_ asset.Type, id string) (string, error) { return strings.ToLower(id), nil }}}
	text := lines(
		`{"asset":{"type":"Acme::Shop::Till","id":"Till1","provider":"acme","links":[{"rel":"in","type":"Acme::Shop::Shop","id":"SHOP"}],"parents":[{"type":"Acme::Shop::Shop","id":"Shop"}]}}`,
		`{"gap":{"provider":"acme","type":"Acme::Shop::Till","of":{"type":"Acme::Shop::Shop","id":"SHOP"}}}`,
		`{"end":{"assets":1,"gaps":1,"coverage":0}}`)
	shop := asset.Ref{Type: "Acme::Shop::Shop", ID: "shop"}
	got, err := readAll(strings.NewReader(text), &snapshot.Options{Clouds: clouds})
	require.NoError(t, err)
	a := got[0].(*asset.Asset)
	assert.Equal(t, "till1", a.ID)
	assert.Equal(t, []asset.Ref{shop}, a.Parents)
	assert.Equal(t, shop, a.Links[0].To)
	assert.Equal(t, shop, got[1].(*asset.Gap).Of)

	var b bytes.Buffer
	require.NoError(t, snapshot.Write(&b, all(got), &snapshot.WriteOptions{Clouds: clouds}))
	a.ID = "Till1"
	assert.ErrorContains(t, snapshot.Write(&b, all(got), &snapshot.WriteOptions{Clouds: clouds}), "canonically")
	assert.NoError(t, snapshot.Write(&b, all(got), nil), "without the rows the type is unknown, and its id as given")
}

func TestReadConformsToTheSchema(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T":{"config":{"Port":"i","On":"b"},"access":{"Statement":["a"]}}}`))
	require.NoError(t, err)
	asked := 0
	opts := &snapshot.Options{Schemas: func(t asset.Type) (*asset.Schema, bool) { asked++; return schemas[0], t == "T" }}
	line := `{"asset":{"type":"%s","id":"%d","provider":"p","config":{"Port":"22","On":"true","Other":"1"},"access":"{\"Statement\":[]}"}}`
	text := lines(fmt.Sprintf(line, "T", 1), fmt.Sprintf(line, "T", 2), fmt.Sprintf(line, "U", 1), fmt.Sprintf(line, "U", 2), `{"end":{"assets":4,"gaps":0,"coverage":0}}`)
	got, err := readAll(strings.NewReader(text), opts)
	require.NoError(t, err)
	for i, want := range []string{`{"Port":22,"On":true,"Other":"1"}`, `{"Port":22,"On":true,"Other":"1"}`, `{"Port":"22","On":"true","Other":"1"}`} {
		assert.Equal(t, want, got[i].(*asset.Asset).Config.String())
	}
	assert.Equal(t, asset.Map, got[0].(*asset.Asset).Access.Kind())
	assert.Equal(t, 2, asked, "once for each type")
}

func TestReadConformsToTheCatalogueByDefault(t *testing.T) {
	text := lines(
		`{"asset":{"type":"AWS::EC2::Volume","id":"v","provider":"aws","config":{"Size":"8","Encrypted":"true"}}}`,
		`{"end":{"assets":1,"gaps":0,"coverage":0}}`)
	for name, opts := range map[string]*snapshot.Options{"nil": nil, "zero": {}} {
		got, err := readAll(strings.NewReader(text), opts)
		require.NoError(t, err, name)
		assert.Equal(t, `{"Size":8,"Encrypted":true}`, got[0].(*asset.Asset).Config.String(), name)
	}
}

func TestReadRedacts(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T":{"config":{"Note":"s","Data:s":"s"}}}`))
	require.NoError(t, err)
	key := "-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEAx\\n-----END RSA PRIVATE KEY-----"
	text := lines(
		`{"asset":{"type":"T","id":"x","provider":"p","name":"n","config":{"Data":"plain","Note":"`+key+`"},"status":{"a":1},"links":[{"rel":"r","type":"T","id":"y"}]}}`,
		`{"end":{"assets":1,"gaps":0,"coverage":0}}`)
	opts := &snapshot.Options{
		Redactor: &secret.Redactor{Key: []byte("k")},
		Schemas:  func(asset.Type) (*asset.Schema, bool) { return schemas[0], true },
	}
	got, err := readAll(strings.NewReader(text), opts)
	require.NoError(t, err)
	a := got[0].(*asset.Asset)
	note, ok := a.Config.Get("Note").Redacted()
	require.True(t, ok, "%s", a.Config)
	assert.NotEmpty(t, note.Detectors)
	assert.Len(t, note.Hash, 32)
	_, ok = a.Config.Get("Data").Redacted()
	assert.True(t, ok, "the schema says that it is one")
	assert.Equal(t, "n", a.Name)
	assert.Equal(t, "1", a.Status.Get("a").String())
	assert.Equal(t, "y", a.Links[0].To.ID)

	got, err = readAll(strings.NewReader(text), nil)
	require.NoError(t, err)
	note, ok = got[0].(*asset.Asset).Config.Get("Note").Redacted()
	assert.True(t, ok, "also without options")
	assert.Empty(t, note.Hash)
}

// endless is a line without an end.
type endless struct {
	head string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestEndlessLine(t *testing.T) {
	e := &endless{head: header + `{"asset":{"type":"`}
	_, err := readAll(e, nil)
	require.ErrorContains(t, err, "snapshot:2: offset 34: line of more than 16777216 bytes")
	assert.Less(t, e.read, int64(asset.MaxDocument)+1<<20, "it is not read further")
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	text := lines(strings.TrimSpace(defaults), fmt.Sprintf(assetLine, `,"config":{"a":"`+long+`"}`, ""), fmt.Sprintf(assetLine, "", ""), `{"end":{"assets":2,"gaps":0,"coverage":0}}`)
	got, err := readAll(strings.NewReader(text), nil)
	require.NoError(t, err)
	s, err := got[0].(*asset.Asset).Config.Get("a").Str()
	require.NoError(t, err)
	assert.Equal(t, len(long), len(s))
	assert.Equal(t, text, rewritten(t, text))
}

func TestReadErrorOfTheReader(t *testing.T) {
	boom := errors.New("boom")
	r := io.MultiReader(strings.NewReader(one[:200]), errReader{boom})
	_, err := readAll(r, nil)
	require.ErrorIs(t, err, boom)
	var e *snapshot.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 3, e.Line)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestReadStopsWithTheLoop(t *testing.T) {
	n := 0
	for _, err := range snapshot.Read(strings.NewReader(one), nil) {
		require.NoError(t, err)
		if n++; n == 2 {
			break
		}
	}
	assert.Equal(t, 2, n)
}

func TestWriteRefuses(t *testing.T) {
	ref := asset.Ref{Type: "T", ID: "x"}
	scope := asset.Scope{Provider: "p"}
	deep, err := asset.Parse([]byte(strings.Repeat("[", asset.MaxDepth) + strings.Repeat("]", asset.MaxDepth)))
	require.NoError(t, err)
	half, err := asset.Of(strings.Repeat("x", asset.MaxDocument/2))
	require.NoError(t, err)
	for name, row := range map[string]struct {
		o    asset.Observation
		want string
	}{
		"nothing":              {nil, "no observation"},
		"nil asset":            {(*asset.Asset)(nil), "no observation"},
		"nil gap":              {(*asset.Gap)(nil), "no observation"},
		"nil coverage":         {(*asset.Coverage)(nil), "no observation"},
		"no id":                {&asset.Asset{Ref: asset.Ref{Type: "T"}, Scope: scope}, "empty id"},
		"no provider":          {&asset.Asset{Ref: ref}, "no provider"},
		"not canonical":        {&asset.Asset{Ref: asset.Ref{Type: "Microsoft.Web/sites", ID: "/subscriptions/S"}, Scope: scope}, "canonically"},
		"not UTF-8":            {&asset.Asset{Ref: ref, Scope: scope, Name: "\xff"}, "is not UTF-8"},
		"link without rel":     {&asset.Asset{Ref: ref, Scope: scope, Links: []asset.Link{{To: ref}}}, "without a relation"},
		"link to nothing":      {&asset.Asset{Ref: ref, Scope: scope, Links: []asset.Link{{Rel: "r"}}}, "no type"},
		"year":                 {&asset.Asset{Ref: ref, Scope: scope, Created: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "year 10000"},
		"line":                 {&asset.Asset{Ref: ref, Scope: scope, Origin: asset.Origin{Line: -1}}, "-1 is no line"},
		"too deep":             {&asset.Asset{Ref: ref, Scope: scope, Config: deep}, "in each other"},
		"too large":            {&asset.Asset{Ref: ref, Scope: scope, Config: half, Status: half}, "more than 16777216"},
		"coverage of nothing":  {&asset.Coverage{Scope: scope}, "no type or no provider"},
		"coverage of no state": {&asset.Coverage{Scope: scope, Type: "T", State: 3}, "no state 3"},
		"gap of half a ref":    {&asset.Gap{Of: asset.Ref{Type: "T"}}, "empty id"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			w := snapshot.NewWriter(&b, nil)
			err := w.Add(row.o)
			require.ErrorContains(t, err, row.want)
			assert.Equal(t, err, w.Add(&asset.Gap{Cause: asset.Unread{Code: "x"}}), "it stays")
			assert.Equal(t, err, w.Close())
			_, err = readAll(&b, nil)
			assert.Error(t, err, "what was written so far is not whole")
		})
	}
}

func TestWriteOfASequenceThatIsCutOff(t *testing.T) {
	boom := errors.New("boom")
	for _, name := range []string{"", "x.gz"} {
		var b bytes.Buffer
		err := snapshot.Write(&b, func(yield func(asset.Observation, error) bool) {
			_ = yield(&asset.Gap{Cause: asset.Unread{Code: "x"}}, nil) && yield(nil, boom)
		}, &snapshot.WriteOptions{Name: name})
		require.ErrorIs(t, err, boom)
		got, err := readAll(&b, &snapshot.Options{Name: name})
		require.ErrorContains(t, err, "cut off: no line with the counts")
		assert.Len(t, got, 1)
	}
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestWriteToAFullDisk(t *testing.T) {
	list, err := readAll(strings.NewReader(one), nil)
	require.NoError(t, err)
	for n := 0; n < 2000; n += 13 {
		for _, name := range []string{"", "x.gz"} {
			w := &failingWriter{left: n}
			err := snapshot.Write(w, all(list), &snapshot.WriteOptions{Name: name})
			if w.left < 0 {
				require.ErrorContains(t, err, "disk full")
			} else {
				require.NoError(t, err)
			}
		}
	}
}

func TestWriterAfterClose(t *testing.T) {
	var b bytes.Buffer
	w := snapshot.NewWriter(&b, nil)
	require.NoError(t, w.Close())
	require.ErrorContains(t, w.Add(&asset.Gap{Cause: asset.Unread{Code: "x"}}), "closed")
	require.ErrorContains(t, w.Close(), "closed")
	assert.Equal(t, header+defaults+`{"end":{"assets":0,"gaps":0,"coverage":0}}`+"\n", b.String())
}

func estate() string {
	return lines(
		`{"coverage":{"provider":"aws","account":"1","type":"AWS::S3::Bucket","state":"complete"}}`,
		`{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::a","provider":"aws","account":"1","region":"r","config":{"A":{"x":1},"B":2},"status":{"s":1},"links":[{"rel":"r","type":"T","id":"y"}],"tags":{"k":"v"}},"unread":[{"path":"access","code":"AccessDenied"}]}`,
		`{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::b","provider":"aws","account":"1","region":"r","config":{"A":{"y":1}}}}`,
		`{"asset":{"type":"T","id":"y","provider":"gcp","account":"2"}}`,
		`{"asset":{"type":"T","id":"y","provider":"gcp","account":"2","observers":["3"]}}`,
		`{"asset":{"type":"T","id":"z","provider":"gcp","account":"2","region":"r"}}`,
		`{"gap":{"provider":"gcp","account":"2","type":"U","code":"x"}}`,
		`{"gap":{"provider":"gcp","account":"4","code":"x"}}`,
		`{"end":{"assets":5,"gaps":2,"coverage":1}}`)
}

func TestProviderConforms(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.ndjson"), filepath.Join(dir, "a.ndjson.gz")
	require.NoError(t, os.WriteFile(plain, []byte(estate()), 0o600))
	require.NoError(t, os.WriteFile(packed, zipped(t, estate()), 0o600))
	for name, p := range map[string]provider.Provider{
		"file":       snapshot.File(plain, nil),
		"gzip":       snapshot.File(packed, nil),
		"fs":         snapshot.FS(os.DirFS(dir), "a.ndjson.gz", nil),
		"bytes":      snapshot.Bytes([]byte(estate()), nil),
		"gzip bytes": snapshot.Bytes(zipped(t, estate()), &snapshot.Options{Name: "a.gz"}),
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Test(t, func(*testing.T) provider.Provider { return p }, nil)
		})
	}
}

func TestProviderStatesPartialCoverageOfWhatIsSilent(t *testing.T) {
	got, err := drain(snapshot.Bytes([]byte(estate()), nil).Discover(t.Context(), provider.Query{}))
	require.NoError(t, err)
	require.Len(t, got, 10)
	assert.Equal(t, &asset.Coverage{Scope: asset.Scope{Provider: "gcp", Account: "2"}, Type: "T", State: asset.Partial}, got[8])
	assert.Equal(t, &asset.Coverage{Scope: asset.Scope{Provider: "gcp", Account: "2", Region: "r"}, Type: "T", State: asset.Partial}, got[9])
}

func TestProviderErrors(t *testing.T) {
	_, err := drain(snapshot.File(filepath.Join(t.TempDir(), "none"), nil).Discover(t.Context(), provider.Query{}))
	require.ErrorIs(t, err, os.ErrNotExist)

	fsys := fstest.MapFS{"d/cut.ndjson": {Data: []byte(one[:len(one)-1])}}
	p := snapshot.FS(fsys, "d/cut.ndjson", nil)
	_, err = drain(p.Discover(t.Context(), provider.Query{}))
	require.ErrorContains(t, err, "d/cut.ndjson:7: ")

	inv, err := provider.Collect(t.Context(), provider.Query{}, p)
	require.Error(t, err)
	assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: "1"}, "AWS::S3::Bucket"),
		"the statement that it is complete does not hold for a snapshot that was cut off")

	q := provider.Query{Reads: map[asset.Type][]asset.Path{"Other": {"confg.A"}}}
	_, err = drain(snapshot.Bytes([]byte(one), nil).Discover(t.Context(), q))
	require.EqualError(t, err, `discover: read of Other: path "confg.A" begins with none of config, status and access`)

	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err = drain(snapshot.Bytes([]byte(one), nil).Discover(ctx, provider.Query{}))
	assert.Equal(t, cause, err)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(one))
	f.Add([]byte(estate()))
	f.Add([]byte(lines(`{"end":{"assets":0,"gaps":0,"coverage":0}}`)))
	f.Add([]byte(lines(`{"gap":{}}`, `{"end":{"assets":0,"gaps":1,"coverage":0}}`)))
	f.Add([]byte(lines(`{"coverage":{"provider":"p","type":"T","state":"partial"}}`, `{"end":{"assets":0,"gaps":0,"coverage":1}}`)))
	f.Add([]byte(assetWith(`,"config":"s","tags":{"k":"v"},"created":"2026-01-01T00:00:00+01:00"`, `,"redacted":[{"path":"config","detectors":["a,b",""]}]`)))
	f.Add([]byte(assetWith(`,"config":{"a":[{"b":"c"}]}`, `,"unread":[{"path":"config.a[0].b"}],"defaults":["config.a"]`)))
	f.Fuzz(checkRead)
}

// FuzzLine reaches further than FuzzRead, whose inputs mostly fail at their counts.
func FuzzLine(f *testing.F) {
	for _, l := range strings.Split(one+estate(), "\n") {
		f.Add([]byte(l))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, counts := range []string{`"assets":1,"gaps":0,"coverage":0`, `"assets":0,"gaps":1,"coverage":0`, `"assets":0,"gaps":0,"coverage":1`} {
			checkRead(t, []byte(lines(string(line), `{"end":{`+counts+`}}`)))
		}
	})
}

func checkRead(t *testing.T, data []byte) {
	got, err := readAll(bytes.NewReader(data), nil)
	if err != nil {
		var e *snapshot.Error
		require.ErrorAs(t, err, &e)
		assert.LessOrEqual(t, e.Offset, int64(len(data)))
		return
	}
	// Header and closing line, found without the reader, agree with what was read.
	text := strings.TrimSuffix(string(data), "\n")
	require.NotEqual(t, text, string(data))
	list := strings.Split(text, "\n")
	require.Len(t, got, len(list)-2)
	first, err := asset.Parse([]byte(list[0]))
	require.NoError(t, err)
	require.Equal(t, `"snapshot"`, first.Get("stance").String())
	last, err := asset.Parse([]byte(list[len(list)-1]))
	require.NoError(t, err)
	counts := map[string]int64{}
	for _, o := range got {
		counts[fmt.Sprintf("%T", o)]++
	}
	for name, typ := range map[string]string{"assets": "*asset.Asset", "gaps": "*asset.Gap", "coverage": "*asset.Coverage"} {
		n, err := last.Get("end", name).Int()
		require.NoError(t, err)
		require.Equal(t, counts[typ], n)
	}
	// Whatever can be read can be written, and reads as the same.
	var b bytes.Buffer
	require.NoError(t, snapshot.Write(&b, all(got), nil))
	again, err := readAll(&b, nil)
	require.NoError(t, err)
	sameObservations(t, got, again)
}

func TestWriteRedacts(t *testing.T) {
	const planted = "hunter2-of-the-planted-secret"
	config, err := asset.Of(map[string]any{"UserData": planted, "Note": "password=" + planted})
	require.NoError(t, err)
	a := &asset.Asset{
		Ref:    asset.Ref{Type: "AWS::EC2::Instance", ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"},
		Scope:  asset.Scope{Provider: "aws"},
		Config: config, Tags: map[string]string{"db-password": planted},
	}
	var out strings.Builder
	require.NoError(t, snapshot.Write(&out, all([]asset.Observation{a}), nil))
	assert.NotContains(t, out.String(), planted)
	assert.True(t, a.Config.Equal(config), "the asset does not change")

	key := &secret.Redactor{Key: []byte("k")}
	got := &asset.Asset{}
	*got = *a
	require.NoError(t, key.Redact(got, "config.UserData"))
	var keyed, again strings.Builder
	require.NoError(t, snapshot.Write(&keyed, all([]asset.Observation{a}), &snapshot.WriteOptions{Redactor: key}))
	require.NoError(t, snapshot.Write(&again, all([]asset.Observation{got}), nil))
	assert.Equal(t, keyed.String(), again.String(), "what a Redactor has passed is written as it is")
	assert.Contains(t, keyed.String(), `"hash":"`)

	none := &snapshot.WriteOptions{Schemas: func(asset.Type) (*asset.Schema, bool) { return nil, false }}
	out.Reset()
	require.NoError(t, snapshot.Write(&out, all([]asset.Observation{a}), none))
	assert.Contains(t, out.String(), `"UserData":"`+planted+`"`, "without a schema the place makes no secret")
	assert.NotContains(t, out.String(), "password="+planted)
}

// Azure writes one type in several spellings, which are brought to that of the schema
// wherever a line names one.
func TestTypesInAnyCase(t *testing.T) {
	text := `{"stance": "snapshot", "version": 1, "created": "2026-11-30T12:00:00Z"}
{"coverage": {"provider": "azure", "account": "s", "type": "MICROSOFT.KEYVAULT/VAULTS", "state": "complete"}}
{"gap": {"provider": "azure", "account": "s", "type": "microsoft.keyvault/vaults/keys", "op": "o", "code": "c", "of": {"type": "microsoft.keyvault/vaults", "id": "/A"}}}
{"asset": {"type": "microsoft.keyVault/Vaults", "id": "/A", "provider": "azure", "account": "s", "links": [{"rel": "r", "type": "microsoft.network/VIRTUALNETWORKS", "id": "/B"}], "parents": [{"type": "microsoft.resources/subscriptions", "id": "/S"}]}}
{"end": {"assets": 1, "gaps": 1, "coverage": 1}}
`
	var types []asset.Type
	for o, err := range snapshot.Bytes([]byte(text), nil).Discover(t.Context(), provider.Query{Types: []asset.Type{"microsoft.keyvault/vaults", "MICROSOFT.keyvault/vaults/keys"}}) {
		require.NoError(t, err)
		switch o := o.(type) {
		case *asset.Coverage:
			types = append(types, o.Type)
		case *asset.Gap:
			types = append(types, o.Type, o.Of.Type)
		case *asset.Asset:
			types = append(types, o.Type, o.Links[0].To.Type, o.Parents[0].Type)
		}
	}
	assert.Equal(t, []asset.Type{
		"Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/keys", "Microsoft.KeyVault/vaults",
		"Microsoft.KeyVault/vaults", "Microsoft.Network/virtualNetworks", "Microsoft.Resources/subscriptions",
	}, types)
}

// The limit is one of the text, however well it is compressed.
func TestLimitOfBytes(t *testing.T) {
	text := estate()
	for name, in := range map[string][]byte{"plain": []byte(text), "gzip": zipped(t, text)} {
		for _, limit := range []int64{1, int64(len(text)) - 1} {
			var err error
			for _, err = range snapshot.Read(bytes.NewReader(in), &snapshot.Options{MaxBytes: limit}) {
				_ = err
			}
			assert.ErrorContains(t, err, fmt.Sprintf("text of more than %d bytes", limit), name)
		}
		for _, err := range snapshot.Read(bytes.NewReader(in), &snapshot.Options{MaxBytes: int64(len(text))}) {
			require.NoError(t, err, name)
		}
	}
}
