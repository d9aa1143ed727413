// Package assetexpr binds expressions to assets. It gives them the variables asset,
// config, status and access of a subject, the lookups follow, referrers, assets and
// ancestors, and the object types of other assets.
package assetexpr

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// Types are the types of assets that expressions may name.
type Types struct {
	// Schema returns the schema of a type, or false if the type is unknown.
	Schema func(asset.Type) (*asset.Schema, bool)
	// Dynamic are types without a schema. Nothing about them is checked.
	Dynamic []asset.Type
	// Clouds extend the built-in table of clouds.
	Clouds asset.Clouds
	// Names are types that an error may suggest in place of an unknown one; nil: none.
	Names iter.Seq[asset.Type]
}

func (ts Types) check(t asset.Type) error {
	if slices.Contains(ts.Dynamic, t) {
		return nil
	}
	if s, ok := ts.Schema(t); ok {
		if s.Type == t || s.Type == "" {
			return nil
		}
		// Assets have the spelling of the schema: none would match.
		return fmt.Errorf("unknown type '%s'; did you mean '%s'?", t, s.Type)
	}
	var names []string
	for _, d := range ts.Dynamic {
		names = append(names, string(d))
	}
	if ts.Names != nil {
		for n := range ts.Names {
			if _, ok := ts.Schema(n); ok {
				names = append(names, string(n))
			}
		}
	}
	return fmt.Errorf("unknown type '%s'%s", t, expr.DidYouMean(string(t), names))
}

// schema returns the schema of a type, or nil if nothing is known about it.
func (ts Types) schema(t asset.Type) *asset.Schema {
	if slices.Contains(ts.Dynamic, t) {
		return nil
	}
	s, _ := ts.Schema(t)
	return s
}

// Env is an environment of expressions about assets. It is not safe for concurrent
// use; what it compiles is.
type Env struct {
	*expr.Env
	types Types
	meta  *cel.Type
}

// NewEnv returns an environment for assets.
func NewEnv(types Types) (*Env, error) {
	base, err := expr.NewEnv(lookups()...)
	if err != nil {
		return nil, err
	}
	return &Env{base, types, base.Object("asset", metaTypes, metaAlways...)}, nil
}

// CheckType returns an error if a type is unknown.
func (e *Env) CheckType(t asset.Type) error { return e.types.check(t) }

// Scope returns a scope with the variables asset, config, status and access of a
// type, and further ones. Documents of a type without a schema are dynamic. Lookups
// are those of [Env.Resolver] for the type.
func (e *Env) Scope(t asset.Type, more ...expr.Var) (*expr.Scope, error) {
	s, err := e.Env.Scope(append(e.declare(t), more...)...)
	if err != nil {
		return nil, err
	}
	return s.Resolving(e.Resolver(t)), nil
}

// Resolver returns the resolver of lookups in an expression that is compiled for each
// of some types. A lookup must be able to find assets for one of them.
func (e *Env) Resolver(subjects ...asset.Type) expr.Resolver {
	return func(c expr.LookupCall) (relation, typ error) {
		e.declare(c.Type)
		if err := e.types.check(c.Type); err != nil {
			return nil, err
		}
		for _, t := range subjects {
			otherRelation, otherType := e.resolve(t, c)
			if otherRelation == nil && otherType == nil {
				return nil, nil
			}
			if relation == nil || otherRelation == nil { // the type is the better hint
				relation, typ = otherRelation, otherType
			}
		}
		return relation, typ
	}
}

// declare declares the object type of a type of asset, and returns its fields.
func (e *Env) declare(t asset.Type) []expr.Var {
	s := e.types.schema(t)
	if s == nil {
		s = &asset.Schema{Type: t}
	}
	vars := []expr.Var{{Name: "asset", Type: e.meta, Path: "asset"}}
	fields := map[string]*cel.Type{"asset": e.meta}
	for _, name := range []string{"config", "status", "access"} {
		fields[name] = e.Shape(string(t)+"."+name, s.Document(name))
		vars = append(vars, expr.Var{Name: name, Type: fields[name], Path: asset.Path(name)})
	}
	e.Object(string(t), fields, "asset", "config", "status", "access")
	return vars
}

// resolve checks whether a lookup of a known type can find assets for a subject.
func (e *Env) resolve(subject asset.Type, c expr.LookupCall) (relation, typ error) {
	if !c.Lookup.Relation {
		if a, b := e.types.Clouds.Provider(subject), e.types.Clouds.Provider(c.Type); a != b && a != "" && b != "" {
			return nil, fmt.Errorf("no %s of provider %s for an asset of provider %s", c.Type, b, a)
		}
		return nil, nil
	}
	from, to := subject, c.Type
	if c.Lookup.Reverse {
		from, to = to, from
	}
	return e.checkLink(from, c.Relation, to)
}

// CheckLink returns an error if assets of one type have no links of the relation to
// assets of the other. Links of types without a schema are not checked.
func (e *Env) CheckLink(from asset.Type, relation string, to asset.Type) error {
	unknown, never := e.checkLink(from, relation, to)
	return cmp.Or(unknown, never)
}

func (e *Env) checkLink(from asset.Type, relation string, to asset.Type) (unknown, never error) {
	s := e.types.schema(from)
	if s == nil {
		return nil, nil
	}
	rule, ok := s.Link(relation)
	if !ok {
		return unknownRelation(s, from, relation), nil
	}
	if len(rule.To) > 0 && !slices.Contains(rule.To, to) && e.types.schema(to) != nil {
		return nil, fmt.Errorf("relation '%s' of %s never leads to %s (leads to %s)", relation, from, to, join(rule.To))
	}
	return nil, nil
}

func unknownRelation(s *asset.Schema, t asset.Type, relation string) error {
	if len(s.Links) == 0 {
		return fmt.Errorf("unknown relation '%s' of %s (has none)", relation, t)
	}
	names := make([]string, len(s.Links))
	for i, l := range s.Links {
		names[i] = l.Rel
	}
	if near := expr.DidYouMean(relation, names); near != "" {
		return fmt.Errorf("unknown relation '%s' of %s%s", relation, t, near)
	}
	slices.Sort(names)
	return fmt.Errorf("unknown relation '%s' of %s (has %s)", relation, t, strings.Join(names, ", "))
}

func join(ts []asset.Type) string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}
