package secret

import (
	"slices"

	"github.com/openstance/stance/asset"
)

// Paths returns the paths, from an asset, to the parts that a schema marks as secret or
// write-only, in the order of the schema. Below a recursive shape that has secrets it
// returns the path to the inner one, as a whole: no path can name the secrets at every
// depth.
func Paths(s *asset.Schema) []asset.Path {
	w := walk{has: map[*asset.Shape]bool{}, on: map[*asset.Shape]bool{}}
	for _, name := range []string{"config", "status", "access"} {
		w.shape(s.Document(name), asset.Path(name))
	}
	return w.paths
}

type walk struct {
	paths []asset.Path
	has   map[*asset.Shape]bool // shapes that hold a secret
	on    map[*asset.Shape]bool // shapes around the current one
}

func (w *walk) shape(s *asset.Shape, p asset.Path) {
	if s == nil || !w.holds(s) {
		return
	}
	if w.on[s] {
		w.paths = append(w.paths, p)
		return
	}
	w.on[s] = true
	defer delete(w.on, s)
	w.shape(s.Elem, p.Any())
	for _, f := range s.Fields {
		if f.Mark&(asset.Secret|asset.WriteOnly) != 0 {
			w.paths = append(w.paths, p.Key(f.Name))
		} else {
			w.shape(f.Shape, p.Key(f.Name))
		}
	}
}

// holds reports whether a shape holds a secret.
func (w *walk) holds(s *asset.Shape) bool {
	known, ok := w.has[s]
	if !ok {
		known = holdsSecret(s, map[*asset.Shape]bool{})
		w.has[s] = known
	}
	return known
}

func holdsSecret(s *asset.Shape, seen map[*asset.Shape]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	return holdsSecret(s.Elem, seen) || slices.ContainsFunc(s.Fields, func(f asset.Field) bool {
		return f.Mark&(asset.Secret|asset.WriteOnly) != 0 || holdsSecret(f.Shape, seen)
	})
}
