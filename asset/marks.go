package asset

import (
	"fmt"
	"iter"
)

// WithMarks returns a copy of v with parts marked, and is the inverse of
// [Value.Marks]: what [Value.AppendJSON] wrote and [Parse] read, with the marks of
// the original, equals the original.
//
// An unread value takes the place of whatever its path leads to, and maps that
// are missing on the way are made; under a path that ends in [*] it makes a map
// partial, and its code must be [CodeNotKept]. A redacted value takes the place of
// a string. Any value that [Value.IsDefault] marks what is there as a default. It
// is an error if a path is malformed, leads through what has no parts, does not
// lead to what its mark needs, or is marked twice or inside of an unread part.
func (v Value) WithMarks(marks iter.Seq2[Path, Value]) (Value, error) {
	var root markTree
	for p, m := range marks {
		if err := root.add(p, m); err != nil {
			return Value{}, fmt.Errorf("path %q: %w", p, err)
		}
	}
	b := newBlock()
	defer b.free()
	n, err := b.mark(v, &root, "")
	if err != nil {
		return Value{}, err
	}
	return b.value(n), nil
}

// markTree holds the marks of a part and of the parts in it.
type markTree struct {
	instead Value // unread or redacted
	isDef   bool
	partial bool
	keys    []string // of members, in the order they came
	members map[string]*markTree
	elems   map[int]*markTree
}

func (t *markTree) add(p Path, m Value) error {
	steps, err := p.Steps()
	if err != nil {
		return err
	}
	for i, s := range steps {
		switch {
		case s.Any:
			if u := m.Unread(); i < len(steps)-1 || u == nil || !u.isNotKept() {
				return fmt.Errorf("[*] ends the path of a part with the code %s and nothing else", CodeNotKept)
			}
			if t.partial {
				return fmt.Errorf("duplicate mark")
			}
			t.partial = true
			return nil
		case s.Index >= 0:
			if t.elems == nil {
				t.elems = map[int]*markTree{}
			}
			if t.elems[s.Index] == nil {
				t.elems[s.Index] = &markTree{}
			}
			t = t.elems[s.Index]
		default:
			if t.members == nil {
				t.members = map[string]*markTree{}
			}
			if t.members[s.Key] == nil {
				t.members[s.Key] = &markTree{}
				t.keys = append(t.keys, s.Key)
			}
			t = t.members[s.Key]
		}
	}
	switch tag := m.node.tag(); {
	case tag == tagUnread, tag == tagRedacted:
		if t.instead.Kind() != Absent {
			return fmt.Errorf("duplicate mark")
		}
		t.instead = m
	case !m.IsDefault():
		return fmt.Errorf("mark is %s (want unread, redacted or a default)", m.Kind())
	}
	if m.IsDefault() {
		if t.isDef {
			return fmt.Errorf("duplicate mark")
		}
		t.isDef = true
	}
	return nil
}

func (t *markTree) hasParts() bool { return t.partial || len(t.keys) > 0 || len(t.elems) > 0 }

// mark copies v, which stands at the path, with the marks of t.
func (b *block) mark(v Value, t *markTree, at Path) (node, error) {
	n, err := b.markParts(v, t, at)
	if err != nil || !t.isDef {
		return n, err
	}
	if n.tag() == tagAbsent {
		return 0, fmt.Errorf("path %q: a default: %w", at, ErrAbsent)
	}
	return n | flagDefault, nil
}

func (b *block) markParts(v Value, t *markTree, at Path) (node, error) {
	switch tag := t.instead.node.tag(); {
	case tag != tagAbsent && t.hasParts():
		return 0, fmt.Errorf("path %q: marks inside an unread or redacted part", at)
	case tag == tagRedacted && v.Kind() != String:
		return 0, fmt.Errorf("path %q: %w", at, &KindError{Want: String, Got: v.Kind()})
	case tag != tagAbsent:
		return b.copy(t.instead), nil
	case !t.hasParts():
		return b.copy(v), nil
	case v.Kind() == List && len(t.keys) == 0 && !t.partial:
		return b.markList(v, t, at)
	case len(t.elems) > 0:
		return 0, fmt.Errorf("path %q: %w", at, &KindError{Want: List, Got: v.Kind()})
	case v.Kind() == Map, v.IsAbsent() && !t.partial:
		return b.markMap(v, t, at)
	}
	return 0, fmt.Errorf("path %q: %w", at, &KindError{Want: Map, Got: v.Kind()})
}

func (b *block) markList(v Value, t *markTree, at Path) (node, error) {
	mark, found := len(b.stack), 0
	for i := range v.count() {
		elem, n := t.elems[i], node(0)
		if elem == nil {
			n = b.copy(v.Index(i))
		} else {
			found++
			var err error
			if n, err = b.mark(v.Index(i), elem, at.Index(i)); err != nil {
				return 0, err
			}
		}
		b.stack = append(b.stack, n)
	}
	if found < len(t.elems) {
		return 0, fmt.Errorf("path %q: a mark past the last of %d elements", at, v.count())
	}
	return b.list(mark) | v.node&flagDefault, nil
}

func (b *block) markMap(v Value, t *markTree, at Path) (node, error) {
	mark := len(b.stack)
	for i := range v.Len() {
		k, x := v.MemberAt(i)
		n := node(0)
		if part := t.members[k]; part == nil {
			n = b.copy(x)
		} else {
			var err error
			if n, err = b.mark(x, part, at.Key(k)); err != nil {
				return 0, err
			}
		}
		b.member(k, n)
	}
	for _, k := range t.keys {
		if v.Kind() == Map && v.find(k) >= 0 {
			continue
		}
		n, err := b.mark(Value{}, t.members[k], at.Key(k))
		if err != nil {
			return 0, err
		}
		b.member(k, n)
	}
	n, _, _ := b.mapping(mark)
	n |= v.node & (flagDefault | flagPartial)
	if t.partial {
		n |= flagPartial
	}
	return n, nil
}
