package asset_test

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

var denied = &asset.Unread{Op: "s3:GetBucketPolicy", Code: "AccessDenied", Message: "no", RequestID: "r1"}

// every returns a value of every kind.
func every(t testing.TB) map[asset.Kind]asset.Value {
	return map[asset.Kind]asset.Value{
		asset.Absent: {}, asset.Null: parse(t, "null"), asset.Bool: parse(t, "true"), asset.Int: parse(t, "7"), asset.Float: parse(t, "1.5"),
		asset.String: parse(t, `"s"`), asset.List: parse(t, `[1,2]`), asset.Map: parse(t, `{"a":1}`), asset.UnreadPart: denied.Value(),
	}
}

func TestAccessorsOfOtherKinds(t *testing.T) {
	accessors := map[asset.Kind]func(asset.Value) error{
		asset.Bool:   func(v asset.Value) error { _, err := v.Bool(); return err },
		asset.Int:    func(v asset.Value) error { _, err := v.Int(); return err },
		asset.String: func(v asset.Value) error { _, err := v.Str(); return err },
		asset.Float:  func(v asset.Value) error { _, err := v.Float(); return err },
		asset.List:   func(v asset.Value) error { _, err := v.Elements(); return err },
		asset.Map:    func(v asset.Value) error { _, err := v.Members(); return err },
	}
	for want, read := range accessors {
		for kind, v := range every(t) {
			err := read(v)
			switch {
			case kind == want, kind == asset.Int && want == asset.Float:
				assert.NoError(t, err)
			case kind == asset.Absent, kind == asset.Null:
				assert.ErrorIs(t, err, asset.ErrAbsent)
			case kind == asset.UnreadPart:
				var u *asset.Unread
				require.ErrorAs(t, err, &u)
				assert.Equal(t, denied, u)
			default:
				var k *asset.KindError
				require.ErrorAs(t, err, &k)
				assert.Equal(t, [2]asset.Kind{want, kind}, [2]asset.Kind{k.Want, k.Got})
			}
		}
	}
}

func TestKinds(t *testing.T) {
	for kind, v := range every(t) {
		assert.Equal(t, kind, v.Kind())
		assert.Equal(t, kind == asset.Absent || kind == asset.Null, v.IsAbsent())
		assert.Equal(t, kind == asset.UnreadPart, v.Unread() != nil)
		assert.False(t, v.IsDefault())
		assert.True(t, v.MarkDefault().IsDefault())
		assert.True(t, v.Equal(v.MarkDefault()), "%s", kind)
		_, redacted := v.Redacted()
		assert.False(t, redacted)
		switch kind {
		case asset.Absent, asset.Null:
			assert.ErrorIs(t, v.Err(), asset.ErrAbsent)
		case asset.UnreadPart:
			assert.Equal(t, denied, v.Err())
		default:
			assert.NoError(t, v.Err())
		}
	}
	assert.Equal(t, "an integer", asset.Int.String())
	assert.Equal(t, "kind 99", asset.Kind(99).String())
	assert.Equal(t, "is a string, not a list", (&asset.KindError{Want: asset.List, Got: asset.String}).Error())
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		text string
		i    int64
		u    uint64
		f    float64
		iErr bool
		uErr bool
	}{
		{"0", 0, 0, 0, false, false},
		{"-1", -1, 0, -1, false, true},
		{"2147483647", math.MaxInt32, math.MaxInt32, math.MaxInt32, false, false},
		{"-2147483648", math.MinInt32, 0, math.MinInt32, false, true},
		{"2147483648", 1 << 31, 1 << 31, 1 << 31, false, false},
		{"9223372036854775807", math.MaxInt64, math.MaxInt64, 1 << 63, false, false},
		{"-9223372036854775808", math.MinInt64, 0, -1 << 63, false, true},
		{"9223372036854775808", 0, 1 << 63, 1 << 63, true, false},
		{"18446744073709551615", 0, math.MaxUint64, 1 << 64, true, false},
	} {
		v := parse(t, c.text)
		i, err := v.Int()
		if c.iErr {
			assert.ErrorIs(t, err, strconv.ErrRange)
		} else {
			require.NoError(t, err)
			assert.Equal(t, c.i, i)
		}
		u, err := v.Uint()
		if c.uErr {
			assert.ErrorIs(t, err, strconv.ErrRange)
		} else {
			require.NoError(t, err)
			assert.Equal(t, c.u, u)
		}
		f, err := v.Float()
		require.NoError(t, err)
		assert.Equal(t, c.f, f)
	}
	f, err := parse(t, "1e400").Float()
	require.NoError(t, err)
	assert.True(t, math.IsInf(f, 1))
	_, err = parse(t, "1.0").Int()
	assert.Error(t, err, "a float is no integer")
}

func TestGetAndIndex(t *testing.T) {
	v := value(t, map[string]any{"a": map[string]any{"b": []any{1, denied, map[string]any{"c": nil}}}, "u": denied})
	assert.Equal(t, "1", v.Get("a", "b").Index(0).String())
	assert.Equal(t, asset.Null, v.Get("a", "b").Index(2).Get("c").Kind())
	assert.Equal(t, denied, v.Get("u", "deep", "er").Unread(), "below unread")
	assert.Equal(t, denied, v.Get("u").Index(5).Unread())
	assert.Equal(t, denied, v.Get("a", "b").Index(1).Get("x").Unread())
	for _, absent := range []asset.Value{v.Get("x"), v.Get("a", "x", "y"), v.Get("a", "b").Index(3), v.Get("a", "b").Index(-1), v.Get("a").Index(0), v.Get("a", "b").Get("0"), (asset.Value{}).Get("x").Index(1)} {
		assert.Equal(t, asset.Absent, absent.Kind())
	}
	assert.True(t, v.Equal(v.Get()))
	assert.Equal(t, 3, v.Get("a", "b").Len())
	assert.Equal(t, 2, v.Len())
	assert.Equal(t, 2, parse(t, `"é"`).Len())
	assert.Zero(t, parse(t, `1.25`).Len())
	assert.Zero(t, denied.Value().Len())
	assert.Panics(t, func() { v.MemberAt(2) })
	assert.Panics(t, func() { parse(t, "[1]").MemberAt(0) })

	elems, _ := parse(t, "1").Elements()
	for range elems {
		t.Error("a sequence of nothing yields")
	}
	members, _ := parse(t, `{"a":1,"b":2}`).Members()
	for range 2 {
		var keys []string
		for k := range members {
			keys = append(keys, k)
			break
		}
		assert.Equal(t, []string{"a"}, keys)
	}
}

func TestRedactedValue(t *testing.T) {
	given := asset.Redacted{Detectors: []string{"jwt", "password"}, Hash: "5f0c"}
	v := given.Value()
	assert.Equal(t, asset.String, v.Kind())
	s, err := v.Str()
	require.NoError(t, err)
	assert.Equal(t, given.String(), s)
	assert.Equal(t, len(s), v.Len())
	kept, ok := v.Redacted()
	assert.True(t, ok)
	assert.Equal(t, given, kept)
	assert.False(t, v.Equal(parse(t, v.String())), "a text that looks like it is no secret")
	out, err := json.Marshal(v)
	require.NoError(t, err)
	assert.JSONEq(t, strconv.Quote(s), string(out))
}

func TestEqual(t *testing.T) {
	same := [][]string{
		{"1", "1.0", "1e0", "10e-1"},
		{"0", "-0", "0.0", "-0.0"},
		{"9223372036854775808", "9223372036854775808.0"},
		{"-9223372036854775808", "-9223372036854775808.0"},
		{"9007199254740993"}, {"9007199254740992", "9007199254740992.0"},
		{"18446744073709551615"}, {"18446744073709551616", "18446744073709551616.0"},
		{"0.1", "1e-1"}, {"1e400"}, {"1e401"}, {"-1e400"},
		{"null"}, {"true"}, {"false"}, {`""`}, {`"1"`}, {`"a"`, `"\u0061"`}, {"[]"}, {"{}"},
		{`[1,2]`, `[1.0,2]`}, {`[2,1]`}, {`[1]`}, {`[1,2,3]`},
		{`{"a":1,"b":[true]}`, `{"b":[true],"a":1.0}`}, {`{"a":1}`}, {`{"b":1}`}, {`{"a":null}`}, {`{"a":1,"c":[true]}`},
		{wide(30), wide(30)},
	}
	for i, a := range same {
		for j, b := range same {
			for _, x := range a {
				for _, y := range b {
					assert.Equal(t, i == j, parse(t, x).Equal(parse(t, y)), "%.40s and %.40s", x, y)
				}
			}
		}
	}
	assert.False(t, asset.Value{}.Equal(parse(t, "null")))
	assert.True(t, asset.Value{}.Equal(parse(t, "{}").Get("x")))
	other := *denied
	other.RequestID = "r2"
	assert.True(t, denied.Value().Equal(other.Value()), "the request does not matter")
	other.Code = "Throttled"
	assert.False(t, denied.Value().Equal(other.Value()))
	assert.False(t, parse(t, `{"a":1}`).Equal(project(t, `{"a":1,"b":2}`, "a")), "a partial map says less")
	assert.True(t, project(t, `{"a":1,"c":3}`, "a").Equal(project(t, `{"a":1,"b":2}`, "a")))
}

func TestString(t *testing.T) {
	v := value(t, map[string]any{"a": denied, "b": []any{nil, 1, "x\ny\x01"}})
	assert.Equal(t, `{"a":<unread>,"b":[null,1,"x\ny\u0001"]}`, v.String())
	assert.Equal(t, "<absent>", asset.Value{}.String())
}

func TestMarshal(t *testing.T) {
	_, err := json.Marshal(value(t, map[string]any{"a": []any{denied}}))
	var u *asset.Unread
	require.ErrorAs(t, err, &u)
	assert.Equal(t, denied, u)
	_, err = project(t, `{"a":1,"b":2}`, "a").MarshalJSON()
	require.ErrorAs(t, err, &u)
	assert.Equal(t, asset.CodeNotKept, u.Code)
	_, err = asset.Value{}.MarshalJSON()
	assert.ErrorIs(t, err, asset.ErrAbsent)

	v := value(t, map[string]any{"a": denied, "b": []any{denied, 1}, "c": 2})
	assert.Equal(t, `{"b":[null,1],"c":2}`, string(v.AppendJSON(nil)))
	assert.Equal(t, "xnull", string(denied.Value().AppendJSON([]byte("x"))))

	var back struct{ V, W asset.Value }
	require.NoError(t, json.Unmarshal([]byte(`{"V": {"a": [1]}, "W": null}`), &back))
	assert.Equal(t, `{"a":[1]}`, back.V.String())
	assert.Equal(t, asset.Null, back.W.Kind())
	assert.Error(t, json.Unmarshal([]byte(`{"V": {"a":1,"a":2}}`), &back))
}

func TestDecode(t *testing.T) {
	var to struct {
		Name string
		Big  uint64
		Any  any
	}
	require.NoError(t, parse(t, `{"Name":"n","Big":18446744073709551615,"Any":9007199254740993}`).Decode(&to))
	assert.Equal(t, "n", to.Name)
	assert.Equal(t, uint64(math.MaxUint64), to.Big)
	assert.Equal(t, json.Number("9007199254740993"), to.Any)
	assert.Error(t, parse(t, `{"Name":1}`).Decode(&to))
	var u *asset.Unread
	assert.True(t, errors.As(denied.Value().Decode(&to), &u))
	assert.ErrorIs(t, asset.Value{}.Decode(&to), asset.ErrAbsent)
}

func TestSize(t *testing.T) {
	for text, want := range map[string][3]int{
		`null`:                         {1, 0, 0},
		`12`:                           {1, 0, 0},
		`"abc"`:                        {1, 3, 0},
		`[]`:                           {1, 0, 1},
		`["a", ["bc"], {}]`:            {5, 3, 2},
		`{"key": "v", "list": [1, 2]}`: {5, 8, 2},
		`[{"a": "x"}, {"a": "yz"}]`:    {5, 5, 2},
	} {
		v, err := asset.Parse([]byte(text))
		require.NoError(t, err)
		parts, bytes, depth := v.Size()
		assert.Equal(t, want, [3]int{parts, bytes, depth}, text)
	}
	v, err := asset.Of(asset.Unread{Op: "op"})
	require.NoError(t, err)
	parts, _, _ := v.Size()
	assert.Equal(t, 1, parts)
	long := strings.Repeat("x", 1<<24)
	v, err = asset.Of(long)
	require.NoError(t, err)
	_, bytes, _ := v.Size()
	assert.Equal(t, len(long), bytes)
}
