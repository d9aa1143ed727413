// Package partly makes documents of which parts are unread, and everything that
// they could have been, for tests of answers with three values: what is said of a
// document that was read in part must be said of each way to complete it.
package partly

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/openstance/stance/asset"
)

// Hole is a place of a document that may not have been read. It returns what could
// be there, another thing each time.
type Hole func() any

// A Maker makes documents out of nested maps (map[string]any), lists ([]any) and
// plain values with holes among them.
type Maker struct {
	*rand.Rand
	// Rare is how rare holes are: one of that many places that may be one.
	Rare int
}

// New returns a maker whose documents depend on nothing but the seed.
func New(seed uint64, rare int) *Maker {
	return &Maker{rand.New(rand.NewPCG(seed, 0)), rare}
}

// Maybe returns a hole, or else what would be in it.
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
// hole may turn out not to be there.
func (m *Maker) Completed(doc any) asset.Value {
	missing := func() bool { return m.IntN(3) == 0 }
	var filled func(h Hole) any
	filled = func(h Hole) any { return fill(h(), filled, missing) }
	return value(fill(doc, filled, missing))
}

// fill returns the document with holes filled, or left out of maps where they are
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

// Holds reports whether an answer to a document with unread parts, true or false or
// the texts that are certain, holds for a whole one that it could be. With an error
// beside it, the answer claims nothing, and texts may lack some. A whole document
// without an answer contradicts none.
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
