// Package partly makes documents with unread parts, and the complete documents that
// they could be, for tests of functions with three-valued results: a result for a
// document with unread parts must hold for each way to complete it.
package partly

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/openstance/stance/asset"
)

// Hole is a part of a document that may be unread. It returns a possible value,
// another one each time.
type Hole func() any

// A Maker makes documents out of nested maps (map[string]any), lists ([]any) and
// plain values with holes among them.
type Maker struct {
	*rand.Rand
	// Rare is the number of parts that may be holes for each one that is.
	Rare int
}

// New returns a maker whose documents depend only on the seed.
func New(seed uint64, rare int) *Maker {
	return &Maker{rand.New(rand.NewPCG(seed, 0)), rare}
}

// Maybe returns a hole, or a possible value of it.
func (m *Maker) Maybe(what Hole) any {
	if m.IntN(m.Rare) == 0 {
		return what
	}
	return what()
}

// OneOf returns one of the values.
func OneOf[T any](m *Maker, values ...T) T { return values[m.IntN(len(values))] }

// Obscured returns the document with its holes unread.
func (m *Maker) Obscured(doc any) asset.Value {
	n := 0
	unread := func(Hole) any {
		n++
		return &asset.Unread{Op: "test:Get", Code: "AccessDenied", Message: strconv.Itoa(n)}
	}
	return value(fill(doc, unread, func() bool { return false }))
}

// Completed returns the document with its holes filled. A member of a map that is a
// hole may be absent.
func (m *Maker) Completed(doc any) asset.Value {
	missing := func() bool { return m.IntN(3) == 0 }
	var filled func(h Hole) any
	filled = func(h Hole) any { return fill(h(), filled, missing) }
	return value(fill(doc, filled, missing))
}

// fill returns the document with its holes filled, or omitted from maps if they are
// missing.
func fill(doc any, hole func(Hole) any, missing func() bool) any {
	switch x := doc.(type) {
	case Hole:
		return hole(x)
	case map[string]any:
		m := make(map[string]any, len(x))
		for _, k := range slices.Sorted(maps.Keys(x)) {
			if _, ok := x[k].(Hole); !ok || !missing() {
				m[k] = fill(x[k], hole, missing)
			}
		}
		return m
	case []any:
		list := make([]any, len(x))
		for i, v := range x {
			list[i] = fill(v, hole, missing)
		}
		return list
	}
	return doc
}

// Holds reports whether a result for a document with unread parts, a boolean or the
// certain strings, holds for a complete one. With an error, a boolean claims nothing and
// strings may be missing. An error for the complete document contradicts no result.
func Holds(got any, err error, whole any, wholeErr error) bool {
	if wholeErr != nil {
		return true
	}
	texts, ok := got.([]string)
	if !ok {
		return err != nil || got == whole
	}
	all := whole.([]string)
	return (err != nil || len(texts) == len(all)) &&
		!slices.ContainsFunc(texts, func(s string) bool { return !slices.Contains(all, s) })
}

func value(doc any) asset.Value {
	v, err := asset.Of(doc)
	if err != nil {
		panic(fmt.Sprintf("partly: %v", err)) // the test's own document
	}
	return v
}
