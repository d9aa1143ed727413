package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
)

// Read is a part of a document that an evaluation read: a scalar, an empty, absent or
// unread part, or a map or list that was an argument of a function.
type Read struct {
	Of    asset.Ref
	Path  asset.Path
	Value asset.Value
}

// Run is the state of one evaluation. Its values are valid until the next evaluation.
type Run struct {
	budget      Budget
	unread      []*asset.Unread         // by the id of the unknown, less one
	maybeAbsent map[*types.Unknown]bool // unknowns that stand for elements that may be absent
	track       bool
	reads       []Read
	objects     slab[object]
	lists       slab[list]
}

// Budget returns what is left of the limits of the evaluation, for everything that does
// work for it.
func (r *Run) Budget() *Budget { return &r.budget }

func (r *Run) reset() {
	r.unread = r.unread[:0]
	clear(r.maybeAbsent)
	r.reads = nil
	r.objects.used, r.lists.used = 0, 0
}

// slab returns values one after the other, and the same ones after a reset, so that the
// wrappers of an evaluation need no allocations.
type slab[T any] struct {
	chunks [][]T
	used   int
}

const (
	chunk     = 64
	maxChunks = 64 // further values are left to the garbage collector
)

func (s *slab[T]) next() *T {
	if s.used == chunk*maxChunks {
		return new(T)
	}
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

// Document returns a document as the value of a variable. An absent document is an
// empty map.
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

// Value returns a value that belongs to no document, such as a parameter.
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
	// The work of merging unknowns grows with the number of their reasons.
	if n := len(r.unread); n < maxReasons {
		r.unread = append(r.unread, u)
	} else if n == maxReasons {
		r.unread = append(r.unread, moreUnread)
	}
	return types.NewUnknown(int64(len(r.unread)), types.NewAttributeTrail(u.Error()))
}

// maxReasons is how many unread parts of one evaluation have reasons of their own.
const maxReasons = 1000

var moreUnread = &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "more than 1000 parts"}

// maybeElement returns an unknown for an element that may be absent: an unread member,
// or the further elements of an incomplete list or map.
func (r *Run) maybeElement(u *asset.Unread) *types.Unknown {
	if r.maybeAbsent == nil {
		r.maybeAbsent = map[*types.Unknown]bool{}
	}
	more := r.Unknown(u)
	r.budget.Make(unknownSize)
	r.maybeAbsent[more] = true
	return more
}

// Reasons returns why a result is unknown, without duplicates, in the order of the
// evaluation.
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

// maxReads is how many reads of a part are kept for its explanation.
const maxReads = 10_000

func (r *Run) note(at *trail, v asset.Value) {
	if len(r.reads) == maxReads {
		return
	}
	r.reads = append(r.reads, Read{at.of, at.path, v})
}

// noteAll notes a map or list that is used as a whole.
func (r *Run) noteAll(at *trail, v asset.Value) {
	if at != nil {
		r.note(at, v)
	}
}

// noteEmpty notes a list or map without elements, in which nothing else can be noted.
func (r *Run) noteEmpty(at *trail, v asset.Value) {
	if at != nil && v.Len() == 0 {
		r.note(at, v)
	}
}
