package asset_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/corpus"
)

type embedded struct {
	Inner string
	Same  int `json:"same"`
}

type output struct {
	embedded
	Name    *string
	Nil     *string
	List    []int
	Empty   []int
	NilList []int
	Map     map[string]string
	NilMap  map[string]bool
	Any     any
	NilAny  any
	Tagged  bool   `json:"tagged"`
	Zero    int    `json:"zero,omitempty"`
	NoZero  int    `json:",omitzero"`
	Hidden  string `json:"-"`
	//lint:ignore SA5008 encoding/json names the field "-", and so do we
	Dash    string `json:"-,"`
	private int
	Time    time.Time
	Bytes   []byte
	Array   [2]uint8
	Nested  struct{ A, B uint16 }
	Number  json.Number
	Raw     json.RawMessage
	Prefix  netip.Prefix
	Part    asset.Value
	NoPart  asset.Value
	Denied  *asset.Unread
	Secret  asset.Redacted
}

func TestOf(t *testing.T) {
	name := "n"
	v := value(t, &output{
		embedded: embedded{Inner: "i", Same: 1}, Name: &name, List: []int{1, -2}, Empty: []int{}, Map: map[string]string{"b": "2", "a": "1"},
		Any: map[string]any{"x": []any{nil, 1.5, float32(0.1), uint64(math.MaxUint64)}}, Hidden: "h", Dash: "d", private: 1,
		Time: time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600)), Bytes: []byte{0xff, 0xee, 0xdd, 0xcc}, Array: [2]uint8{1, 2},
		Number: "18446744073709551615", Raw: json.RawMessage(` {"r":[1, 2]}`), Prefix: netip.MustParsePrefix("10.0.0.0/8"),
		Part: parse(t, `{"p":1}`).Get("p"), Denied: denied, Secret: asset.Redacted{Hash: "h"},
	})
	assert.Equal(t, `{"Inner":"i","same":1,"Name":"n","List":[1,-2],"Empty":[],"Map":{"a":"1","b":"2"},`+
		`"Any":{"x":[null,1.5,0.1,18446744073709551615]},"tagged":false,"-":"d","Time":"2026-01-02T02:04:05.0000006Z",`+
		`"Bytes":"/+7dzA==","Array":[1,2],"Nested":{"A":0,"B":0},"Number":18446744073709551615,"Raw":{"r":[1,2]},`+
		`"Prefix":"10.0.0.0/8","Part":1,"Denied":<unread>,"Secret":"[redacted hash=h]"}`, v.String())
	assert.Equal(t, denied, v.Get("Denied").Unread())
	_, ok := v.Get("Secret").Redacted()
	assert.True(t, ok)
	assert.Equal(t, "null", value(t, nil).String())
	assert.Equal(t, "[null,1]", value(t, []asset.Value{{}, parse(t, "1")}).String(), "an absent element keeps its place")
	assert.Equal(t, `{"a":1}`, value(t, map[string]asset.Value{"a": parse(t, "1"), "b": {}}).String())
}

// What encoding/json makes of Go values and Parse reads is the same.
func TestOfAgainstEncodingJSON(t *testing.T) {
	type leaf struct {
		F  float64
		F3 float32
		I  int64
		U  uint64
		S  string
	}
	for _, x := range []any{
		leaf{1, 0.1, math.MinInt64, math.MaxUint64, "é\n<&>\u2028"}, leaf{F: 1e21, F3: 1e-7}, leaf{F: math.Copysign(0, -1), F3: 16777216},
		leaf{F: math.MaxFloat64, F3: math.MaxFloat32}, leaf{F: math.SmallestNonzeroFloat64}, leaf{F: 1 << 53}, leaf{F: 1e6}, leaf{F: 100000000000000000000},
		[]any{map[string]leaf{"a": {}, "b": {}}, [3]bool{true}, netip.MustParseAddr("::1"), json.RawMessage(`[1]`)},
		struct {
			embedded
			*leaf
			At time.Time `json:"at"`
		}{leaf: &leaf{}, At: time.Unix(1e9, 5).UTC()},
	} {
		text, err := json.Marshal(x)
		require.NoError(t, err)
		v := value(t, x)
		assert.True(t, parse(t, string(text)).Equal(v), "%s, %s", text, v)
		assert.True(t, parse(t, string(v.AppendJSON(nil))).Equal(v))
	}
}

func TestOfRefuses(t *testing.T) {
	deep := any(1)
	for range asset.MaxDepth + 1 {
		deep = []any{deep}
	}
	type loop struct{ Next *loop }
	round := &loop{}
	round.Next = round
	for what, x := range map[string]any{
		"chan int":                  map[string]any{"a": make(chan int)},
		"a: [1]: NaN":               map[string]any{"a": []float64{0, math.NaN()}},
		"+Inf":                      math.Inf(1),
		`invalid UTF-8 in "x\xff"`:  "x\xff",
		"invalid UTF-8 in the name": map[string]int{"x\xff": 1},
		"map[int]int":               map[int]int{1: 1},
		"in each other":             deep,
		"lists and maps":            round,
		"duplicate": struct {
			embedded
			Other int `json:"same"`
		}{},
		"offset 1":        json.RawMessage(`{x`),
		"offset 0":        json.Number("x"),
		"more than 256":   []any{parse(t, strings.Repeat("[", asset.MaxDepth)+strings.Repeat("]", asset.MaxDepth))},
		"cannot be said":  map[string]any{"a": silent{}},
		"complex128":      1i,
		"make document: ": func() {},
	} {
		v, err := asset.Of(x)
		assert.ErrorContains(t, err, what)
		assert.Equal(t, asset.Value{}, v)
	}
	deep = deep.([]any)[0]
	v, err := asset.Of(deep)
	require.NoError(t, err, "as deep as may be")
	parse(t, v.String())
}

type silent struct{}

func (silent) MarshalJSON() ([]byte, error) { return nil, fmt.Errorf("cannot be said") }

func TestOfIsAsSmallAsParsed(t *testing.T) {
	for _, doc := range corpus.Documents() {
		var x any
		require.NoError(t, json.Unmarshal(doc, &x))
		v := parse(t, string(doc))
		of := value(t, x)
		assert.LessOrEqual(t, asset.BlockLen(of), asset.BlockLen(v)+8)
		set, err := v.Set("new", parse(t, "1"))
		require.NoError(t, err)
		assert.LessOrEqual(t, asset.BlockLen(set), asset.BlockLen(v)+64)
	}
}
