package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

const bom = "\xef\xbb\xbf"

func TestReadWithAByteOrderMark(t *testing.T) {
	want, err := readAll(strings.NewReader(one), nil)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		data []byte
		opts *snapshot.Options
	}{
		"mark":                        {[]byte(bom + one), nil},
		"gzip without a name":         {zipped(t, one), nil},
		"mark in gzip":                {zipped(t, bom+one), nil},
		"gzip with a name":            {zipped(t, one), &snapshot.Options{Name: "a.ndjson.gz"}},
		"gzip with the name of plain": {zipped(t, one), &snapshot.Options{Name: "a.ndjson"}},
		"lines ended as on Windows":   {[]byte(bom + strings.ReplaceAll(one, "\n", "\r\n")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(bytes.NewReader(row.data), row.opts)
			require.NoError(t, err)
			sameObservations(t, want, got)
		})
	}
	_, err = readAll(strings.NewReader(bom+header+"!"), nil)
	assert.EqualError(t, err, "snapshot:2: offset 37: cut off: the line is not ended by a newline", "the mark counts")
	_, err = readAll(strings.NewReader(bom), nil)
	assert.ErrorContains(t, err, "snapshot:1: offset 3: no header")
}

func TestReadNamesUTF16(t *testing.T) {
	wide := func(s string, little bool) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			if little {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return b
	}
	for name, data := range map[string][]byte{
		"little endian":                wide("\ufeff"+one, true),
		"big endian":                   wide("\ufeff"+one, false),
		"little endian without a mark": wide(one, true),
		"big endian without a mark":    wide(one, false),
		"little endian, compressed":    zipped(t, string(wide("\ufeff"+one, true))),
		"the mark of little endian":    []byte("\xff\xfe"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(bytes.NewReader(data), nil)
			assert.EqualError(t, err, "snapshot:1: offset 0: text in UTF-16 (want UTF-8)")
		})
	}
}

// flawed has a duplicate, a misspelled field, one of another kind and a type without a
// schema; y is seen by two accounts, which is not a duplicate.
var flawed = lines(
	`{"asset":{"type":"Known","id":"x","provider":"p","config":{"Port":22}}}`,
	`{"asset":{"type":"Known","id":"y","provider":"p","config":{"Prt":22,"Port":[]}}}`,
	`{"asset":{"type":"Known","id":"y","provider":"p","observers":["2"]}}`,
	`{"gap":{"provider":"p","code":"x"}}`,
	`{"asset":{"type":"Known","id":"x","provider":"p","config":{"Port":"23"}}}`,
	`{"asset":{"type":"Other","id":"z","provider":"p","config":{"Prt":22}}}`,
	`{"end":{"assets":5,"gaps":1,"coverage":0}}`)

func knownSchema(t testing.TB) func(asset.Type) (*asset.Schema, bool) {
	t.Helper()
	schemas, err := asset.ParseSchemas([]byte(`{"Known":{"config":{"Port":"i"}}}`))
	require.NoError(t, err)
	return func(typ asset.Type) (*asset.Schema, bool) { return schemas[0], typ == "Known" }
}

func TestLines(t *testing.T) {
	var got []string
	opts := &snapshot.Options{Line: func(r asset.Ref, line int) { got = append(got, fmt.Sprint(r.ID, line)) }}
	_, err := readAll(strings.NewReader(flawed), opts)
	require.NoError(t, err)
	assert.Equal(t, []string{"x2", "y3", "y4", "x6", "z7"}, got)
}

func TestSummary(t *testing.T) {
	var got []snapshot.Summary
	opts := &snapshot.Options{Schemas: knownSchema(t), Summary: func(s snapshot.Summary) { got = append(got, s) }}
	problems := func(s snapshot.Summary) (list []string) {
		for _, p := range s.Problems {
			list = append(list, p.Error())
		}
		return list
	}

	observations, err := readAll(strings.NewReader(flawed), opts)
	require.NoError(t, err)
	assert.Len(t, observations, 6, "all are yielded")
	require.Len(t, got, 1)
	assert.Equal(t, []string{
		"snapshot:3: offset 106: asset Known y: config.Prt: unknown field",
		"snapshot:3: offset 106: asset Known y: config.Port: is a list, want an integer",
		"snapshot:6: offset 292: duplicate asset Known x",
	}, problems(got[0]))
	got[0].Problems = nil
	assert.Equal(t, snapshot.Summary{Assets: 5, Gaps: 1, Duplicates: 1, Misfits: 2, Unknown: map[asset.Type]int{"Other": 1}}, got[0])

	// One for each sequence, of what the query requests, however it ends.
	p := snapshot.Bytes([]byte(flawed), opts)
	_, err = drain(p.Discover(t.Context(), provider.Query{Types: []asset.Type{"Other"}}))
	require.NoError(t, err)
	for range p.Discover(t.Context(), provider.Query{}) {
		break
	}
	_, err = readAll(strings.NewReader(flawed[:len(flawed)-1]), opts)
	require.Error(t, err)
	require.Len(t, got, 4)
	assert.Equal(t, snapshot.Summary{Assets: 5, Gaps: 1, Unknown: map[asset.Type]int{"Other": 1}}, got[1])
	assert.Equal(t, snapshot.Summary{Assets: 1}, got[2])
	assert.Equal(t, 2, got[3].Misfits)
}

func TestSummaryIsBounded(t *testing.T) {
	var many []string
	for i := range 150 {
		many = append(many, fmt.Sprintf(`{"asset":{"type":"Known","id":"%d","provider":"p","config":{"Prt":1}}}`, i))
	}
	var got snapshot.Summary
	_, err := readAll(strings.NewReader(lines(append(many, `{"end":{"assets":150,"gaps":0,"coverage":0}}`)...)),
		&snapshot.Options{Schemas: knownSchema(t), Summary: func(s snapshot.Summary) { got = s }})
	require.NoError(t, err)
	assert.Equal(t, 150, got.Misfits)
	assert.Len(t, got.Problems, 100)
}

func TestStrict(t *testing.T) {
	strict := &snapshot.Options{Strict: true, Schemas: knownSchema(t)}
	got, err := readAll(strings.NewReader(flawed), strict)
	require.EqualError(t, err, "snapshot:3: offset 106: asset Known y: config.Prt: unknown field")
	assert.Len(t, got, 1)

	twice := lines(`{"asset":{"type":"Other","id":"x","provider":"p"}}`, `{"asset":{"type":"Other","id":"x","provider":"p"}}`, `{"end":{"assets":2,"gaps":0,"coverage":0}}`)
	_, err = readAll(strings.NewReader(twice), strict)
	require.EqualError(t, err, "snapshot:3: offset 85: duplicate asset Other x")

	_, err = readAll(strings.NewReader(one), &snapshot.Options{Strict: true, Schemas: knownSchema(t)})
	require.NoError(t, err, "a type without a schema is no error")

	// A part of the documents that was not requested is still checked.
	q := provider.Query{Reads: map[asset.Type][]asset.Path{"Known": {"config.Port"}}}
	_, err = drain(snapshot.Bytes([]byte(flawed), strict).Discover(t.Context(), q))
	require.Error(t, err)
}

// A context that ends while no line matches the query ends the sequence at once.
func TestCancelledWhileLinesAreSkipped(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	var seen int
	schemas := func(typ asset.Type) (*asset.Schema, bool) {
		seen++
		cancel(cause)
		return nil, false
	}
	text := lines(
		`{"asset":{"type":"T","id":"x","provider":"p"}}`,
		`{"asset":{"type":"U","id":"x","provider":"p"}}`,
		`not JSON`)
	got, err := drain(snapshot.Bytes([]byte(text), &snapshot.Options{Schemas: schemas}).Discover(ctx, provider.Query{Types: []asset.Type{"T"}}))
	assert.Equal(t, cause, err)
	assert.Empty(t, got)
	assert.Equal(t, 1, seen)
}

func TestDiscoverScopes(t *testing.T) {
	text := lines(
		`{"coverage":{"provider":"p","account":"1","type":"T","state":"complete"}}`,
		`{"coverage":{"provider":"p","account":"2","region":"r","type":"T","state":"complete"}}`,
		`{"asset":{"type":"T","id":"a","provider":"p","account":"1","region":"r"}}`,
		`{"asset":{"type":"T","id":"b","provider":"p","account":"2","region":"r"}}`,
		`{"asset":{"type":"T","id":"c","provider":"p","account":"3","region":"r","observers":["2"]}}`,
		`{"asset":{"type":"U","id":"d","provider":"p","account":"4"}}`,
		`{"gap":{"provider":"p","type":"T","op":"list","code":"x"}}`,
		`{"end":{"assets":4,"gaps":1,"coverage":2}}`)
	scope := func(account, region string) asset.Scope {
		return asset.Scope{Provider: "p", Account: account, Region: region}
	}
	type coverage struct {
		scope asset.Scope
		state asset.CoverageState
	}
	for name, row := range map[string]struct {
		q        provider.Query
		assets   []string
		coverage []coverage
		gaps     []string
	}{
		"a region": {provider.Query{Scopes: []asset.Scope{scope("1", "r")}}, []string{"a"}, []coverage{{scope("1", "r"), asset.Partial}},
			[]string{"p/1/r T x"}},
		"an account": {provider.Query{Scopes: []asset.Scope{scope("2", "")}}, []string{"b", "c"}, []coverage{{scope("2", "r"), asset.Complete}},
			[]string{"p/2 T x"}},
		"known by another type alone": {provider.Query{Types: []asset.Type{"T"}, Scopes: []asset.Scope{scope("4", "")}}, nil, nil,
			[]string{"p/4 T x"}},
		"a type that is elsewhere": {provider.Query{Types: []asset.Type{"U"}, Scopes: []asset.Scope{scope("1", "")}}, nil, nil,
			[]string{"p/1 U UnknownType"}},
		"unknown": {provider.Query{Scopes: []asset.Scope{{Provider: "q"}, scope("1", "r")}}, []string{"a"}, []coverage{{scope("1", "r"), asset.Partial}},
			[]string{"p/1/r T x", "q  UnknownScope"}},
	} {
		t.Run(name, func(t *testing.T) {
			observations, err := drain(snapshot.Bytes([]byte(text), nil).Discover(t.Context(), row.q))
			require.NoError(t, err)
			var assets, gaps []string
			var covered []coverage
			for _, o := range observations {
				switch o := o.(type) {
				case *asset.Asset:
					assets = append(assets, o.ID)
				case *asset.Coverage:
					covered = append(covered, coverage{o.Scope, o.State})
				case *asset.Gap:
					gaps = append(gaps, fmt.Sprintf("%s %s %s", o.Scope, o.Type, o.Cause.Code))
				}
			}
			assert.Equal(t, row.assets, assets)
			assert.Equal(t, row.coverage, covered)
			assert.Equal(t, row.gaps, gaps)
		})
	}
}

func ExampleOptions_summary() {
	text := `{"stance":"snapshot","version":1}
{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::logs","provider":"aws","config":{"VersioningConfig":{"Status":"Enabled"}}}}
{"end":{"assets":1,"gaps":0,"coverage":0}}
`
	show := func(s snapshot.Summary) {
		fmt.Printf("%d assets, %d duplicates, %d parts that do not fit their schema\n", s.Assets, s.Duplicates, s.Misfits)
		for _, p := range s.Problems {
			fmt.Println(p)
		}
	}
	p := snapshot.Bytes([]byte(text), &snapshot.Options{Name: "mine.ndjson", Summary: show})
	if _, err := provider.Collect(context.Background(), provider.Query{}, p); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1 assets, 0 duplicates, 1 parts that do not fit their schema
	// mine.ndjson:2: offset 34: asset AWS::S3::Bucket arn:aws:s3:::logs: config.VersioningConfig: unknown field
}
