package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// Subject is the value of the hidden variable @subject: the asset whose relatives
// the functions below find, and where to look for them.
type Subject struct {
	opaque
	Asset  *asset.Asset
	others *Others
	run    *Run
}

// subjectVar is no identifier that a policy could spell.
const subjectVar = "@subject"

// Relations maps the macros by which policies name other assets to the functions
// behind them. The type is written as text and becomes the name of the type, so
// that the elements of the result are typed records.
var relations = []struct {
	macro, function string
	links           bool // takes the name of a relation first, that links have
	back            bool // the links of the others are followed
	find            func(s *Subject, rel string, t asset.Type) *openList
}{
	{"follow", "@follow", true, false, (*Subject).follow},
	{"referrers", "@referrers", true, true, (*Subject).referrers},
	{"assets", "@assets", false, false, func(s *Subject, _ string, t asset.Type) *openList { return s.assets(t) }},
	{"ancestors", "@ancestors", false, false, func(s *Subject, _ string, t asset.Type) *openList { return s.ancestors(t) }},
}

func relationOptions() []cel.EnvOption {
	opts := []cel.EnvOption{cel.Variable(subjectVar, types.NewOpaqueType("subject"))}
	a := types.NewTypeParamType("A")
	for _, r := range relations {
		args := 1
		if r.links {
			args = 2
		}
		opts = append(opts,
			cel.Macros(cel.GlobalMacro(r.macro, args, expandRelation(r.macro, r.function, args))),
			cel.Function(r.function, cel.Overload(r.function[1:]+"_of_type",
				[]*cel.Type{cel.DynType, cel.StringType, types.NewTypeTypeWithParam(a)}, types.NewListType(a),
				cel.OverloadIsNonStrict(),
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					for _, x := range args {
						if types.IsUnknownOrError(x) {
							return x
						}
					}
					s, rel, t := args[0].(*Subject), args[1].(types.String), args[2].(*types.Type)
					return r.find(s, string(rel), asset.Type(t.TypeName()))
				}))))
	}
	return opts
}

func expandRelation(macro, function string, args int) cel.MacroFactory {
	return func(eh cel.MacroExprFactory, _ ast.Expr, in []ast.Expr) (ast.Expr, *cel.Error) {
		for _, x := range in {
			if x.Kind() != ast.LiteralKind || x.AsLiteral().Type() != types.StringType {
				return nil, eh.NewError(x.ID(), macro+"() takes its arguments as plain text in quotes")
			}
		}
		rel := eh.NewLiteral(types.String(""))
		if args == 2 {
			rel = in[0]
		}
		typ := eh.NewIdent(string(in[args-1].AsLiteral().(types.String)))
		return eh.NewCall(function, eh.NewIdent(subjectVar), rel, typ), nil
	}
}

// openList is a list, of assets or of what a function found. If open is set, there may
// be more than its items, and it says why.
type openList struct {
	opaque
	run   *Run
	items []ref.Val // *record, or *types.Unknown for one that was not observed
	open  *asset.Unread
}

func (s *Subject) follow(rel string, t asset.Type) *openList {
	r := &openList{run: s.run}
	if s.others.inv == nil {
		r.open = noInventory
		return r
	}
	for _, l := range s.Asset.Links {
		if l.Rel != rel || l.To.Type != t {
			continue
		}
		if a, ok := s.others.inv.Get(l.To); ok {
			r.add(a, s.others)
		} else {
			r.items = append(r.items, s.run.Unknown(&asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: l.To.String()}))
		}
	}
	r.gaps(s.others.inv.GapsOf(s.Asset.Ref), t)
	if r.open == nil {
		r.open = whyNotTold(s.Asset, s.others.link(s.Asset.Type, rel).From)
	}
	return r
}

var noInventory = &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "no inventory of other assets was given"}

func (s *Subject) referrers(rel string, t asset.Type) *openList {
	r := &openList{run: s.run}
	if s.others.inv == nil {
		r.open = noInventory
		return r
	}
	for a := range s.others.inv.Referrers(s.Asset.Ref, rel) {
		if a.Type == t {
			r.add(a, s.others)
		}
	}
	r.gaps(s.others.inv.GapsOf(s.Asset.Ref), t)
	searched := s.Asset.Scope
	if s.others.link(t, rel).CrossAccount {
		searched = asset.Scope{Provider: s.Asset.Provider}
	}
	if r.open == nil {
		r.open = s.others.inv.IncompleteReasonFrom(s.Asset.Scope, t)
	}
	if r.open == nil && searched != s.Asset.Scope {
		r.open = s.others.inv.IncompleteReason(searched, t)
	}
	for _, g := range s.others.inv.GapsAmong(t) { // in the links of those who may have one to the subject
		if r.open == nil && (g.Type == "" || g.Type == s.Asset.Type) && (searched.Contains(g.Scope) || g.Scope.Contains(searched)) {
			r.open = &g.Cause
		}
	}
	for _, d := range s.others.doubts(t, rel) {
		if r.open == nil && (searched.Contains(d.scope) || d.scope.Contains(searched)) {
			r.open = d.why
		}
	}
	return r
}

func (s *Subject) assets(t asset.Type) *openList {
	r := &openList{run: s.run}
	if s.others.inv == nil {
		r.open = noInventory
		return r
	}
	for a := range s.others.inv.OfType(t) {
		if a.Provider == s.Asset.Provider && a.SeenBy(s.Asset.Account) &&
			(s.Asset.Region == "" || a.Region == "" || a.Region == s.Asset.Region) {
			r.add(a, s.others)
		}
	}
	r.open = s.others.inv.IncompleteReasonFrom(s.Asset.Scope, t)
	return r
}

func (s *Subject) ancestors(t asset.Type) *openList {
	r := &openList{run: s.run}
	if s.others.inv == nil {
		r.open = noInventory
		return r
	}
	for _, p := range s.Asset.Parents {
		if p.Type != t {
			continue
		}
		if a, ok := s.others.inv.Get(p); ok {
			r.add(a, s.others)
		} else {
			r.items = append(r.items, s.run.Unknown(&asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: p.String()}))
		}
	}
	r.gaps(s.others.inv.GapsOf(s.Asset.Ref), t)
	return r
}

func (r *openList) add(a *asset.Asset, of *Others) {
	r.items = append(r.items, &record{run: r.run, a: a, others: of})
}

// gaps opens the list if a gap of the subject concerns assets of the type.
func (r *openList) gaps(gaps []*asset.Gap, t asset.Type) {
	for _, g := range gaps {
		if g.Type == "" || g.Type == t {
			r.open = &g.Cause
			return
		}
	}
}

// Size implements traits.Sizer: unknown while there may be more.
func (r *openList) Size() ref.Val {
	if r.open != nil {
		return r.run.Unknown(r.open)
	}
	return types.Int(len(r.items))
}

// Get implements traits.Indexer.
func (r *openList) Get(index ref.Val) ref.Val {
	i, err := types.GetOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if x, ok := r.at(int64(i)); ok {
		return x
	}
	return types.NewErr("index out of bounds: %d", i)
}

// GetInt64Index is cel-go's fast way to an element.
func (r *openList) GetInt64Index(i int64) (any, bool) { return anyOf(r.at(i)) }

// at returns an element. While there may be more it is unknown: what is missing may
// belong before it.
func (r *openList) at(i int64) (ref.Val, bool) {
	switch {
	case i >= 0 && r.open != nil:
		return r.run.Unknown(r.open), true
	case i >= 0 && i < int64(len(r.items)):
		return r.items[i], true
	}
	return nil, false
}

// Contains implements traits.Container.
func (r *openList) Contains(x ref.Val) ref.Val {
	found := contains(r, x)
	if found == types.False && r.open != nil {
		return r.run.Unknown(r.open)
	}
	return found
}

// Fold implements traits.Foldable. What may be missing is a last, unknown element, and
// then the indexes of the others are unknown, too.
func (r *openList) Fold(f traits.Folder) {
	for i, x := range r.items {
		index := ref.Val(types.Int(i))
		if r.open != nil {
			index = r.run.Unknown(r.open)
		}
		if !f.FoldEntry(index, x) {
			return
		}
	}
	if r.open != nil {
		more := r.run.perhapsMore(r.open)
		f.FoldEntry(more, more)
	}
}

// Iterator implements traits.Iterable, with the same last element.
func (r *openList) Iterator() traits.Iterator {
	items := r.items
	if r.open != nil {
		items = append(items[:len(items):len(items)], r.run.Unknown(r.open))
	}
	return &iterator{items: items}
}

// Add implements traits.Adder.
func (r *openList) Add(other ref.Val) ref.Val {
	o, ok := other.(*openList)
	if !ok {
		if r.open != nil {
			return r.run.Unknown(r.open)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, r.items).Add(other)
	}
	sum := &openList{run: r.run, open: r.open, items: append(r.items[:len(r.items):len(r.items)], o.items...)}
	if sum.open == nil {
		sum.open = o.open
	}
	return sum
}

// Type implements ref.Val.
func (r *openList) Type() ref.Type { return types.ListType }

// Equal implements ref.Val.
func (r *openList) Equal(other ref.Val) ref.Val { return equal(r, other) }

// record is another asset as CEL sees it, with the fields asset, config, status and
// access.
type record struct {
	opaque
	run    *Run
	a      *asset.Asset
	others *Others
}

// String returns the ref.
func (r *record) String() string { return r.a.Ref.String() }

// FindStringKey is cel-go's fast way to a field.
func (r *record) FindStringKey(key string) (any, bool) {
	v, ok := r.Find(types.String(key))
	if ok && types.IsUnknown(v) {
		return nil, false
	}
	return anyOf(v, ok)
}

// Find implements traits.Mapper.
func (r *record) Find(key ref.Val) (ref.Val, bool) {
	switch key {
	case types.String("asset"):
		return &Meta{run: r.run, a: r.a, others: r.others}, true
	case types.String("config"):
		return r.run.Document(r.a.Ref, "config", r.a.Config), true
	case types.String("status"):
		return r.run.Document(r.a.Ref, "status", r.a.Status), true
	case types.String("access"):
		return r.run.Document(r.a.Ref, "access", r.a.Access), true
	}
	return nil, false
}

// Get implements traits.Indexer.
func (r *record) Get(key ref.Val) ref.Val { return fieldOf(r, key) }

// Contains implements traits.Container.
func (r *record) Contains(key ref.Val) ref.Val { _, ok := r.Find(key); return types.Bool(ok) }

// Size implements traits.Sizer.
func (r *record) Size() ref.Val { return types.Int(4) }

// Iterator implements traits.Iterable.
func (r *record) Iterator() traits.Iterator { return &iterator{} }

// Type implements ref.Val.
func (r *record) Type() ref.Type { return types.MapType }

// Equal implements ref.Val: by identity.
func (r *record) Equal(other ref.Val) ref.Val {
	o, ok := other.(*record)
	return types.Bool(ok && o.a.Ref == r.a.Ref)
}

func fieldOf(m interface {
	Find(ref.Val) (ref.Val, bool)
}, key ref.Val) ref.Val {
	v, ok := m.Find(key)
	if !ok {
		return types.NewErr("no such key: %v", key)
	}
	return v
}

// Meta is the value of the variable asset: what is known of an asset beside its documents.
type Meta struct {
	opaque
	run    *Run
	a      *asset.Asset
	others *Others
}

// metaFields are the fields of the variable asset with their types.
var metaFields = map[string]*types.Type{
	"id": types.StringType, "type": types.StringType, "name": types.StringType, "class": types.StringType,
	"provider": types.StringType, "account": types.StringType, "region": types.StringType,
	"tags": types.NewMapType(types.StringType, types.StringType), "created": types.TimestampType, "origin": types.StringType,
}

// FindStringKey is cel-go's fast way to a field.
func (m *Meta) FindStringKey(key string) (any, bool) {
	v, ok := m.Find(types.String(key))
	if ok && types.IsUnknown(v) {
		return nil, false
	}
	return anyOf(v, ok)
}

// Find implements traits.Mapper.
func (m *Meta) Find(key ref.Val) (ref.Val, bool) {
	k, _ := key.(types.String)
	switch k {
	case "id":
		return types.String(m.a.ID), true
	case "type":
		return types.String(m.a.Type), true
	case "name":
		return types.String(m.a.Name), true
	case "class":
		return types.String(m.a.Class), true
	case "provider":
		return types.String(m.a.Provider), true
	case "account":
		return types.String(m.a.Account), true
	case "region":
		return types.String(m.a.Region), true
	case "origin":
		return types.String(m.a.Origin.String()), true
	case "created":
		if m.a.Created.IsZero() {
			if u := whyNotTold(m.a, m.others.schema(m.a.Type).Created); u != nil {
				return m.run.Unknown(u), true
			}
			return nil, false
		}
		return types.Timestamp{Time: m.a.Created}, true
	case "tags":
		// Tags that could not be read are unread where the cloud's schema has them.
		if u := whyNotTold(m.a, TagParts(m.others.schema(m.a.Type))); u != nil {
			return m.run.Unknown(u), true
		}
		return types.NewStringStringMap(types.DefaultTypeAdapter, m.a.Tags), true
	}
	return nil, false
}

// Get implements traits.Indexer.
func (m *Meta) Get(key ref.Val) ref.Val { return fieldOf(m, key) }

// Contains implements traits.Container.
func (m *Meta) Contains(key ref.Val) ref.Val { _, ok := m.Find(key); return types.Bool(ok) }

// Size implements traits.Sizer.
func (m *Meta) Size() ref.Val { return types.Int(len(metaFields)) }

// Iterator implements traits.Iterable.
func (m *Meta) Iterator() traits.Iterator { return &iterator{} }

// Type implements ref.Val.
func (m *Meta) Type() ref.Type { return types.MapType }
