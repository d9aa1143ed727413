package asset

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuilder(t *testing.T) {
	text := &Shape{Kind: StringShape}
	number := &Shape{Kind: IntShape}
	object := &Shape{Kind: ObjectShape, Fields: []Field{{Name: "n", Shape: number}}}
	part, err := Parse([]byte(`{"n": "7", "other": [1.5]}`))
	require.NoError(t, err)
	var b Builder
	b.OpenMap()
	b.Key("list")
	b.OpenList()
	b.Null()
	b.Bool(true, nil)
	b.Bool(false, text)
	b.Int(-3, nil)
	b.Int(-3, text)
	b.Uint(math.MaxUint64, nil)
	b.Uint(8, text)
	b.Float(1.5, nil)
	b.Float(2, nil)
	b.String("a", nil)
	b.String("12", number)
	b.Bytes([]byte("hi"))
	b.Time(time.Date(2026, 3, 1, 13, 0, 0, 5e6, time.FixedZone("", 3600)))
	b.Value(Value{}, nil)
	b.CloseList()
	b.Key("part")
	b.Value(part, object)
	b.Key("absent")
	b.Value(Value{}, nil)
	b.Key("unread")
	b.Unread(&Unread{Op: "op", Code: "X"})
	b.Key("secret")
	b.Redacted(Redacted{Hash: "ab"})
	b.CloseMap()
	b.String(`{"n": "1"}`, object)
	var first, second Value
	require.NoError(t, b.Documents(&first, &second))
	want, err := Of(map[string]any{
		"list": []any{nil, true, "false", -3, "-3", uint64(math.MaxUint64), "8", 1.5, 2, "a", 12, "aGk=", "2026-03-01T12:00:00.005Z", nil},
		"part": map[string]any{"n": 7, "other": []any{1.5}}, "unread": &Unread{Op: "op", Code: "X"}, "secret": Redacted{Hash: "ab"},
	})
	require.NoError(t, err)
	assert.True(t, want.Equal(first), "%s", first)
	assert.Equal(t, "X", first.Get("unread").Unread().Code)
	assert.Equal(t, `{"n":1}`, string(second.AppendJSON(nil)))

	// It is empty again, and what it made stays.
	b.OpenList()
	b.CloseList()
	var third Value
	require.NoError(t, b.Documents(&third))
	assert.Equal(t, `[]`, string(third.AppendJSON(nil)))
	assert.True(t, want.Equal(first))
}

func TestBuilderErrors(t *testing.T) {
	var v Value
	for want, build := range map[string]func(b *Builder){
		`make document: a[1].b: invalid UTF-8 in "\xff"`: func(b *Builder) {
			b.OpenMap()
			b.Key("a")
			b.OpenList()
			b.Null()
			b.OpenMap()
			b.Key("b")
			b.String("\xff", nil)
			b.CloseMap()
			b.CloseList()
			b.CloseMap()
		},
		`make document: invalid UTF-8 in the name "\xff"`: func(b *Builder) { b.OpenMap(); b.Key("\xff"); b.Null(); b.CloseMap() },
		`make document: NaN is not a JSON number`:         func(b *Builder) { b.Float(math.NaN(), nil) },
		`make document: documents that are not whole`:     func(b *Builder) { b.OpenMap() },
	} {
		var b Builder
		build(&b)
		assert.EqualError(t, b.Documents(&v), want)
		b.Null()
		assert.NoError(t, b.Documents(&v), "the error is gone with the documents")
	}
	var b Builder
	for range MaxDepth + 1 {
		b.OpenList()
	}
	for range MaxDepth + 1 {
		b.CloseList()
	}
	assert.ErrorContains(t, b.Documents(&v), "more than 256 lists and maps in each other")
	deep, err := Parse([]byte(strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)))
	require.NoError(t, err)
	b.OpenMap()
	b.Key("deep")
	b.Value(deep, nil)
	b.CloseMap()
	assert.ErrorContains(t, b.Documents(&v), "make document: deep: more than 256")
}

func BenchmarkBuilder(b *testing.B) {
	var builder Builder
	var v Value
	b.ReportAllocs()
	for b.Loop() {
		builder.OpenMap()
		for _, name := range []string{"Arn", "Name", "Path"} {
			builder.Key(name)
			builder.String("some text", nil)
		}
		builder.CloseMap()
		if err := builder.Documents(&v); err != nil {
			b.Fatal(err)
		}
	}
}
