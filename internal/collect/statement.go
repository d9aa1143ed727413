package collect

import (
	"context"
	"slices"
	"sync"

	"github.com/openstance/stance/asset"
)

// statements are the types of which a scan says something: coverage or a gap.
type statements struct {
	mu    sync.Mutex
	types map[asset.Type]bool // "": of all
}

// note notes the type of coverage, and of a gap that is not limited to one parent.
func (s *statements) note(o asset.Observation) {
	var t asset.Type
	switch o := o.(type) {
	case *asset.Coverage:
		t = o.Type
	case *asset.Gap:
		if !o.Of.IsZero() {
			return
		}
		t = o.Type
	default:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.types == nil {
		s.types = map[asset.Type]bool{}
	}
	s.types[t] = true
}

// Discover drives work, as Drive does, and then yields gaps for what it left out: a scan
// never says nothing of a type that is requested.
func (s *Scan) Discover(ctx context.Context, work func(context.Context) error, yield func(asset.Observation) bool) error {
	left := false
	err := s.Drive(ctx, work, func(o asset.Observation) bool {
		left = !yield(o)
		return !left
	})
	if err != nil || left {
		return err
	}
	for _, g := range s.silent() {
		if !yield(g) {
			break
		}
	}
	return nil
}

// silent returns gaps for the requested types of which the whole scan said nothing, and
// one for everything if it said nothing at all. A unit looks after its own scope; what is
// left are scans that found no scope to look in. Scopes that a query names and that do not
// exist are gaps already, and of those that do some have no assets of a type.
func (s *Scan) silent() []*asset.Gap {
	if !s.Only.IsZero() || len(s.Query.Scopes) > 0 || s.stated.types[""] {
		return nil
	}
	types := slices.Clone(s.Query.Types)
	if len(types) == 0 && len(s.stated.types) == 0 {
		types = []asset.Type{""}
	}
	types = slices.DeleteFunc(types, func(t asset.Type) bool { return s.stated.types[t] })
	slices.Sort(types)
	var gaps []*asset.Gap
	for _, t := range slices.Compact(types) {
		gaps = append(gaps, &asset.Gap{Scope: asset.Scope{Provider: s.Provider}, Type: t, Cause: *notStated()})
	}
	return gaps
}
