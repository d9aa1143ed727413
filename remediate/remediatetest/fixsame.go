package remediatetest

import (
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
)

// same adds a problem for each part in which the asset differs from the wanted one.
func (s *fixSuite) same(after string, want, got *asset.Asset) {
	for _, d := range s.differences(want, got) {
		s.add("after %s: %s", after, d)
	}
}

// sameAny adds the problems of the first wanted asset if the asset is like none of them.
func (s *fixSuite) sameAny(after string, got *asset.Asset, want ...*asset.Asset) {
	for _, w := range want {
		if len(s.differences(w, got)) == 0 {
			return
		}
	}
	s.same(after, want[0], got)
}

// differences returns how the documents of two states of an asset differ. Parts of a
// simulated status may be unread.
func (s *fixSuite) differences(want, got *asset.Asset) []string {
	var all []string
	if want.Incarnation != got.Incarnation {
		all = append(all, fmt.Sprintf("the incarnation is %q (want %q)", got.Incarnation, want.Incarnation))
	}
	for c := range asset.Diff(alone(want), alone(got)) {
		name, _ := c.Path.Document()
		switch {
		case name != "config" && name != "access" && name != "status", s.ignores(c.Path):
		case name == "status" && c.Kind == asset.Revealed:
		default:
			all = append(all, fmt.Sprintf("%s is %.500s (want %.500s)", c.Path, c.New, c.Old))
		}
	}
	return all
}

// alone returns an inventory of one asset.
func alone(a *asset.Asset) *asset.Inventory {
	inv := &asset.Inventory{}
	b := *a
	inv.Add(&b)
	return inv
}

// ignores reports whether a part may differ: the cloud changes it by itself.
func (s *fixSuite) ignores(p asset.Path) bool {
	if slices.ContainsFunc(s.Ignore, func(i asset.Path) bool { return i.Covers(p) }) {
		return true
	}
	if slices.ContainsFunc(s.Fix.Fix.Writes, func(w asset.Path) bool { return w.Covers(p) || p.Covers(w) }) {
		return false
	}
	schema, ok := s.Set.Schema(s.Of.Type)
	if !ok {
		return false
	}
	name, rest := p.Document()
	steps, err := rest.Steps()
	if err != nil {
		return false
	}
	shape := schema.Document(name)
	for _, step := range steps {
		switch {
		case shape == nil:
			return false
		case shape.Kind == asset.ListShape || shape.Kind == asset.MapShape:
			shape = shape.Elem
		default:
			f, ok := shape.Field(step.Key)
			if !ok {
				return false
			}
			if f.Mark.Has(asset.ReadOnly) {
				return true
			}
			shape = f.Shape
		}
	}
	return false
}
