package asset

import (
	"errors"
	"fmt"
	"strings"
)

// ErrAbsent is the error of a part that was read and is not there, or is null.
var ErrAbsent = errors.New("absent")

var errNull = fmt.Errorf("%w: null", ErrAbsent)

// KindError is the error of a part that is of another kind than the caller wants.
type KindError struct {
	Want, Got Kind
	part      Value
}

// Path returns the path to the part from the root of its document, or "" if it is
// unknown: the root itself has none, and equal numbers, booleans or empty parts of one
// document are indistinguishable.
func (e *KindError) Path() Path { return e.part.place() }

// Error returns the path, if it is known, and both kinds.
func (e *KindError) Error() string {
	return withPath(e.Path(), fmt.Sprintf("is %s, not %s", e.Got, e.Want))
}

// partError says which part of a document an error is about. Finding the path takes a
// walk through the document, which only those pay who print it.
type partError struct {
	part Value
	err  error
}

// about returns an error about v. One about a whole document needs no path.
func (v Value) about(err error) error {
	if v.doc == "" || v.node.tag() != tagAbsent && v.isRoot() {
		return err
	}
	return &partError{v, err}
}

func (v Value) isRoot() bool {
	for root := range v.roots {
		if root.node == v.node&^flagSanitized {
			return true
		}
	}
	return false
}

func (e *partError) Error() string { return withPath(e.part.place(), e.err.Error()) }
func (e *partError) Unwrap() error { return e.err }

func withPath(p Path, what string) string {
	if p == "" {
		return what
	}
	return string(p) + ": " + what
}

// place returns the path to v in its document, or of an absent part what is known to be
// missing. It is "" if the path is not known.
func (v Value) place() Path {
	switch {
	case v.doc == "":
		return ""
	case v.node.tag() == tagAbsent && v.node.flag(flagPath):
		return Path(v.doc)
	case v.node.tag() == tagAbsent:
		return Path("").Key(v.doc)
	}
	f := finder{want: v.node &^ flagSanitized}
	for root := range v.roots {
		f.walk(root)
	}
	if f.found != 1 {
		return ""
	}
	var p Path
	for _, s := range f.path {
		if s.Index >= 0 {
			p = p.Index(s.Index)
		} else {
			p = p.Key(s.Key)
		}
	}
	// Documents of a snapshot may still be parts of the line that they were read from.
	if rest, ok := strings.CutPrefix(string(p), "asset."); ok {
		if name, _ := Path(rest).Document(); new(Asset).document(name) != nil {
			return Path(rest)
		}
	}
	return p
}

// finder looks for the part of a document with a node, and whether there is another.
type finder struct {
	want  node
	at    []Step
	found int
	path  []Step
}

func (f *finder) walk(v Value) {
	if v.node == f.want {
		f.found++
		f.path = append(f.path[:0], f.at...)
	}
	tag := v.node.tag()
	if tag != tagList && tag != tagMap {
		return
	}
	for i := 0; i < v.count() && f.found < 2; i++ {
		step, x := Step{Index: i}, v.nth(i)
		if tag == tagMap {
			step.Index = -1
			step.Key, x = v.MemberAt(i)
		}
		f.at = append(f.at, step)
		f.walk(x)
		f.at = f.at[:len(f.at)-1]
	}
}
