package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
)

// Read is a part of an asset that an evaluation read: a scalar, an empty or
// absent part, a part that is unread, or a whole that was given to a function.
type Read struct {
	Of    asset.Ref
	Path  asset.Path
	Value asset.Value
}

// Run is the state of one evaluation. Values made in it are good until it is reset.
type Run struct {
	unread  []*asset.Unread         // by the id of the unknown, less one
	perhaps map[*types.Unknown]bool // unknowns that stand for elements which perhaps are not there
	track   bool
	reads   []Read
	objects slab[object]
	lists   slab[list]
}

func (r *Run) reset() {
	r.unread = r.unread[:0]
	clear(r.perhaps)
	r.reads = nil
	r.objects.used, r.lists.used = 0, 0
}

// slab hands out values of a kind one after the other, and again after a reset:
// the wrappers of an evaluation need no allocation of their own.
type slab[T any] struct {
	chunks [][]T
	used   int
}

const chunk = 64

func (s *slab[T]) next() *T {
	i, j := s.used/chunk, s.used%chunk
	if i == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, chunk))
	}
	s.used++
	return &s.chunks[i][j]
}

func (r *Run) object(v asset.Value, at *trail) *object {
	o := r.objects.next()
	*o = object{part{r, v, at}}
	return o
}

func (r *Run) list(v asset.Value, at *trail) *list {
	l := r.lists.next()
	*l = list{part{r, v, at}}
	return l
}

// Document returns a document as the value of a variable: an absent one is an empty map.
func (r *Run) Document(of asset.Ref, name string, v asset.Value) ref.Val {
	var at *trail
	if r.track {
		at = &trail{of, asset.Path(name)}
	}
	if v.IsAbsent() {
		if at != nil {
			r.note(at, asset.Value{})
		}
		return r.object(asset.Value{}, at)
	}
	x, _ := r.wrap(v, at)
	return x
}

// Value returns a part of no asset, such as a parameter, as CEL sees it.
func (r *Run) Value(v asset.Value) ref.Val {
	x, ok := r.wrap(v, nil)
	if !ok {
		return types.NullValue
	}
	return x
}

// Params returns a map of values as the value of a variable.
func (r *Run) Params(values map[string]asset.Value) ref.Val {
	return &Struct[params]{Fields: params{r, values}}
}

type params struct {
	run    *Run
	values map[string]asset.Value
}

// Field implements [Fields].
func (p params) Field(name string) (ref.Val, bool) {
	v, ok := p.values[name]
	if !ok {
		return nil, false
	}
	return p.run.Value(v), true
}

// Len implements [Fields].
func (p params) Len() int { return len(p.values) }

// Unknown returns the unknown that stands for an unread part.
func (r *Run) Unknown(u *asset.Unread) *types.Unknown {
	r.unread = append(r.unread, u)
	return types.NewUnknown(int64(len(r.unread)), types.NewAttributeTrail(u.Error()))
}

// perhapsMore returns an unknown for what a comprehension may or may not run through
// beside the elements that are known: a member that was not read, or what is missing
// in a list or map that is not complete.
func (r *Run) perhapsMore(u *asset.Unread) *types.Unknown {
	if r.perhaps == nil {
		r.perhaps = map[*types.Unknown]bool{}
	}
	more := r.Unknown(u)
	r.perhaps[more] = true
	return more
}

// Reasons returns why a result is unknown, without duplicates, in the order in
// which the parts were met.
func (r *Run) Reasons(u *types.Unknown) []*asset.Unread {
	var reasons []*asset.Unread
	seen := map[asset.Unread]bool{}
	for i, reason := range r.unread {
		if _, ok := u.GetAttributeTrails(int64(i + 1)); ok && !seen[*reason] {
			seen[*reason] = true
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

func (r *Run) note(at *trail, v asset.Value) {
	r.reads = append(r.reads, Read{at.of, at.path, v})
}

// noteAll notes a part that is used as a whole.
func (r *Run) noteAll(at *trail, v asset.Value) {
	if at != nil {
		r.note(at, v)
	}
}

// noteEmpty notes a list or map without elements: nothing in it can be noted.
func (r *Run) noteEmpty(at *trail, v asset.Value) {
	if at != nil && v.Len() == 0 {
		r.note(at, v)
	}
}
