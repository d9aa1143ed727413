package asset_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// reference decodes with encoding/json, numbers as their text.
func reference(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var x any
	if !json.Valid(data) {
		return nil, errors.New("invalid")
	}
	return x, d.Decode(&x)
}

// tree makes of a value what encoding/json makes of its JSON.
func tree(t testing.TB, v asset.Value) any {
	t.Helper()
	switch v.Kind() {
	case asset.Null:
		return nil
	case asset.Bool:
		x, err := v.Bool()
		require.NoError(t, err)
		return x
	case asset.Int, asset.Float:
		return json.Number(v.String())
	case asset.String:
		x, err := v.Str()
		require.NoError(t, err)
		return x
	case asset.List:
		list := []any{}
		elems, err := v.Elements()
		require.NoError(t, err)
		for i, e := range elems {
			require.Equal(t, len(list), i)
			list = append(list, tree(t, e))
		}
		return list
	case asset.Map:
		m := map[string]any{}
		members, err := v.Members()
		require.NoError(t, err)
		for k, e := range members {
			m[k] = tree(t, e)
			require.Equal(t, m[k], tree(t, v.Get(k)), "found by its key")
		}
		require.Len(t, m, v.Len())
		return m
	}
	t.Fatalf("unexpected %s", v.Kind())
	return nil
}

// wide returns a map with n members.
func wide(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"key%d":%d`, (i*7919)%n, i)
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

var valid = []string{
	`null`, `true`, `false`, `0`, `-0`, `-0.0`, `1`, `-1`, ` 12 `, `2147483647`, `2147483648`, `-2147483648`, `-2147483649`,
	`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `-9223372036854775809`,
	`18446744073709551615`, `18446744073709551616`, `99999999999999999999`, `100000000000000000000000000`,
	`1.0`, `1.5e3`, `1E+2`, `1e-7`, `0.1`, `0e0`, `1e400`, `123456789.123456789123456789`,
	`""`, `"a"`, `"12345678"`, `"1234567"`, `"123456789"`, `"\""`, `"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20ac"`, `"\ud83d\ude00"`, `"😀é€"`,
	`"\ud83d"`, `"\ude00"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`, `"\uD83Dx"`, `"\u0000"`, `"` + "\u007f" + `"`, `"` + "\u2028" + `"`, `"\ufffd"`, `"` + "\ufffd" + `"`,
	`[]`, `[ ]`, `[1]`, `[1,2]`, "[\n1\t,\r2 ]", `[[],[[]],{}]`, `[null,true,"x",1.5,{"a":[]}]`,
	`{}`, `{ }`, `{"a":1}`, ` { "a" : 1 , "b" : { "c" : [ ] } } `, `{"":0}`, `{"a":{"a":{"a":1}}}`, `{"a\n":1,"é":2,"\u00e9\u00e9":3}`,
	`[{"k":1},{"k":2},{"k":3}]`, `[{"k":1},{"k":"x"},{"l":2},{}]`, `[{},{}]`, `[{"k":1,"l":2},{"l":3,"k":4},{"k":5},{"k":6,"l":7,"m":8}]`,
	`["aa","bb"]`, `["aa","b"]`, `[true,false]`, `[true,null]`, `[-1,2147483648,1]`, `[[1],[2]]`, `[1.5,2.5]`, `{"k":"k","l":"k"}`, `{"ab":1,"abcdefgh":2,"abcdefghi":3,"abcdefghijklmnopqrstuvwxyz":4}`,
	wide(15), wide(16), wide(17), wide(18), wide(100), wide(3000), `[` + wide(40) + `,` + wide(40) + `]`, `[` + wide(16) + `,` + wide(17) + `,` + wide(17) + `,` + wide(18) + `]`,
	strings.Repeat("[", asset.MaxDepth) + strings.Repeat("]", asset.MaxDepth),
	`"` + strings.Repeat("long ", 4000) + `"`, `"` + strings.Repeat(`\u20ac`, 4000) + `"`,
}

func TestParse(t *testing.T) {
	for _, text := range valid {
		want, err := reference([]byte(text))
		require.NoError(t, err, "the test: %.60s", text)
		v, err := asset.Parse([]byte(text))
		require.NoError(t, err, "%.60s", text)
		assert.Equal(t, want, tree(t, v), "%.60s", text)

		out, err := json.Marshal(v)
		require.NoError(t, err)
		back, err := reference(out)
		require.NoError(t, err)
		assert.Equal(t, want, back, "written and read again: %.60s", text)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
		what   string
	}{
		{``, 0, "unexpected end"},
		{`  `, 2, "unexpected end"},
		{`nul`, 0, "misspelled"},
		{`trux`, 0, "misspelled"},
		{`True`, 0, "want a value"},
		{`1 2`, 2, "after the document"},
		{`{} x`, 3, "after the document"},
		{`-`, 1, "want a digit"},
		{`-a`, 1, "want a digit"},
		{`01`, 0, "leading zero"},
		{`-01`, 1, "leading zero"},
		{`1.`, 2, "want a digit"},
		{`.5`, 0, "want a value"},
		{`+1`, 0, "want a value"},
		{`1e`, 2, "want a digit"},
		{`1e+`, 3, "want a digit"},
		{`0x10`, 1, "after the document"},
		{`NaN`, 0, "want a value"},
		{`[1,]`, 3, "want a value"},
		{`[1 2]`, 3, "',' or ']'"},
		{`[1`, 2, "',' or ']'"},
		{`[,1]`, 1, "want a value"},
		{`]`, 0, "want a value"},
		{`{"a":1,}`, 7, "want a key"},
		{`{"a"}`, 4, "want ':'"},
		{`{"a" 1}`, 5, "want ':'"},
		{`{a:1}`, 1, "want a key"},
		{`{1:1}`, 1, "want a key"},
		{`{"a":}`, 5, "want a value"},
		{`{"a":1`, 6, "',' or '}'"},
		{`{"a":1]`, 6, "',' or '}'"},
		{`"abc`, 4, "unexpected end in a string"},
		{`"abc\`, 5, "unexpected end in a string"},
		{`"abc\"`, 6, "unexpected end in a string"},
		{`"\x"`, 1, "invalid escape"},
		{`"\u12"`, 1, "invalid escape"},
		{`"\u12g4"`, 1, "invalid escape"},
		{`'a'`, 0, "want a value"},
		{"\"a\nb\"", 2, "control character"},
		{"\"abcdefghij\x00\"", 11, "control character"},
		{"\"ab\\n\x1f\"", 5, "control character"},
		{"\"abc\xffdefghijk\"", 4, "invalid UTF-8"},
		{"\"\\n\xc0\x80\"", 3, "invalid UTF-8"},
		{"\"\xed\xa0\x80\"", 1, "invalid UTF-8"},
		{"\"\xc3\\u0041\"", 1, "invalid UTF-8"},
		{"\ufeff{}", 0, "want a value"},
		{`{"a":1,"b":2,"a":3}`, 13, `duplicate key "a"`},
		{`{"a":1,"\u0061":3}`, 7, `duplicate key "a"`},
		{`[{"a":1,"b":2},{"a":1,"b":2,"a":3}]`, 28, `duplicate key "a"`},
		{`[{"a":1,"a":2},{"a":1,"a":2}]`, 8, `duplicate key "a"`},
		{`[` + wide(17) + `,` + strings.TrimSuffix(wide(17), "}") + `,"key3":0}]`, 2 + len(wide(17)), `duplicate key "key3"`},
		{`[` + strings.TrimSuffix(wide(17), "}") + `,"key3":0}]`, 1, `duplicate key "key3"`},
		{strings.Repeat("[", asset.MaxDepth+1), asset.MaxDepth, "in each other"},
		{strings.Repeat(`{"a":`, asset.MaxDepth+1), 5 * asset.MaxDepth, "in each other"},
		{`[` + strings.Repeat(" ", asset.MaxDocument) + `]`, asset.MaxDocument, "more than"},
	} {
		v, err := asset.Parse([]byte(c.text))
		var syntax *asset.SyntaxError
		require.ErrorAs(t, err, &syntax, "%.60q", c.text)
		assert.Equal(t, c.offset, syntax.Offset, "%.60q", c.text)
		assert.Contains(t, syntax.Error(), c.what, "%.60q", c.text)
		assert.Equal(t, asset.Value{}, v)
	}
}

func TestParseDoesNotKeepItsInput(t *testing.T) {
	text := []byte(`{"key":"value","n":9223372036854775807}`)
	v, err := asset.Parse(text)
	require.NoError(t, err)
	for i := range text {
		text[i] = 'x'
	}
	assert.Equal(t, `{"key":"value","n":9223372036854775807}`, v.String())
}

// Documents of providers may be longer than texts that are parsed.
func TestVeryLongParts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 400 MB")
	}
	long := strings.Repeat("x", 1<<24) // more than fits in a node
	v, err := asset.Of(map[string]any{long: long, "b": "\n" + long})
	require.NoError(t, err)
	for key, want := range map[string]string{long: long, "b": "\n" + long} {
		s, err := v.Get(key).Str()
		require.NoError(t, err)
		assert.True(t, s == want)
	}

	v, err = asset.Of(make([]int8, 1<<24+1))
	require.NoError(t, err)
	assert.Equal(t, 1<<24+1, v.Len())
	assert.Equal(t, asset.Int, v.Index(1<<24).Kind())
	assert.Equal(t, asset.Absent, v.Index(1<<24+1).Kind())

	_, err = asset.Parse([]byte(`"` + long + `"`))
	assert.ErrorContains(t, err, "more than")
}

func TestParseOfLongKeys(t *testing.T) {
	long := strings.Repeat("x", 1<<22)
	v, err := asset.Parse([]byte(`["` + long + `",{"a":1},{"a":[]},{},` + wide(20) + `,` + wide(20) + `]`))
	require.NoError(t, err)
	assert.Equal(t, `[{"a":1},{"a":[]},{},`+wide(20)+`,`+wide(20)+`]`, "["+strings.TrimPrefix(v.String(), `["`+long+`",`))
	assert.Equal(t, "0", v.Index(5).Get("key0").String(), "with keys that are far from the begin")

	_, err = asset.Parse([]byte(`{"` + long + `":1,"` + `\u0078` + long[1:] + `":2}`))
	assert.ErrorContains(t, err, "duplicate key")
}

// refusedBeyondJSON reports whether a valid JSON text is one that Parse documents to refuse.
func refusedBeyondJSON(data []byte) bool {
	if !utf8.Valid(data) {
		return true
	}
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[', c == '{':
			if depth++; depth > asset.MaxDepth {
				return true
			}
		case c == ']', c == '}':
			depth--
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	twice, _ := hasTwice(d)
	return twice
}

// hasTwice reads one value and reports whether a map in it has a key twice.
func hasTwice(d *json.Decoder) (bool, error) {
	token, err := d.Token()
	if err != nil {
		return false, err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return false, nil
	}
	keys, found := map[string]bool{}, false
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return false, err
			}
			found = found || keys[key.(string)]
			keys[key.(string)] = true
		}
		inner, err := hasTwice(d)
		if err != nil {
			return false, err
		}
		found = found || inner
	}
	_, err = d.Token()
	return found, err
}

func FuzzParse(f *testing.F) {
	for _, text := range valid {
		if len(text) < 1000 {
			f.Add([]byte(text))
		}
	}
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte("\"\xff\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := asset.Parse(data)
		if err != nil {
			var syntax *asset.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.True(t, syntax.Offset >= 0 && syntax.Offset <= len(data))
			require.True(t, !json.Valid(data) || refusedBeyondJSON(data), "%v: %q", err, data)
			return
		}
		want, err := reference(data)
		require.NoError(t, err, "%q", data)
		require.False(t, refusedBeyondJSON(data), "%q", data)
		require.Equal(t, want, tree(t, v))
		again, err := asset.Parse(v.AppendJSON(nil))
		require.NoError(t, err)
		require.True(t, v.Equal(again), "%q", data)
		of, err := asset.Of(want)
		require.NoError(t, err)
		require.True(t, v.Equal(of), "%q: %s", data, of)
	})
}
