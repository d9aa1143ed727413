package secret

import (
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
)

// maxTypes bounds the number of types in memory, for sources that invent new ones.
const maxTypes = 10_000

// Filter redacts observations from a source that may or may not have redacted them. The zero Filter is ready to use. It must not be used
// concurrently, and the fields must not be changed once it was used.
type Filter struct {
	// Redactor redacts the assets that no Redactor has passed yet. Nil redacts without a key.
	Redactor *Redactor

	// Schemas returns the schema of a type, which names the paths to its secrets: see
	// [Paths]. Nil: catalog.Schema.
	Schemas func(asset.Type) (*asset.Schema, bool)

	paths map[asset.Type]Compiled
}

// Pass returns an observation without readable secrets: o itself if a Redactor has
// passed it ([Passed]) or it holds none, and otherwise a copy that is redacted. It does
// not change o. Of a gap it redacts the cause.
func (f *Filter) Pass(o asset.Observation) (asset.Observation, error) {
	switch o := o.(type) {
	case *asset.Asset:
		if o == nil || Passed(o) {
			return o, nil
		}
		paths, err := f.pathsOf(o.Type)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", o.Type, err)
		}
		b := *o
		f.Redactor.RedactCompiled(&b, paths)
		return &b, nil
	case *asset.Gap:
		if o != nil {
			return f.Redactor.RedactGap(o), nil
		}
	}
	return o, nil
}

func (f *Filter) pathsOf(t asset.Type) (Compiled, error) {
	if paths, ok := f.paths[t]; ok {
		return paths, nil
	}
	schemas := f.Schemas
	if schemas == nil {
		schemas = catalog.Schema
	}
	s, ok := schemas(t)
	if !ok {
		s = nil
	}
	paths, err := CompileSchema(s)
	if err != nil {
		return Compiled{}, err
	}
	if f.paths == nil || len(f.paths) >= maxTypes {
		f.paths = map[asset.Type]Compiled{}
	}
	f.paths[asset.Type(strings.Clone(string(t)))] = paths
	return paths, nil
}
