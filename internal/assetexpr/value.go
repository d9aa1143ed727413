package assetexpr

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// Value returns the value of a variable of a scope of [Env] for an asset, or false if
// it is none of them. Lookups call found for each asset that they find, unless it is nil.
func (r *Related) Value(run *expr.Run, a *asset.Asset, name string, found func(*asset.Asset)) (ref.Val, bool) {
	if name == expr.SubjectVar {
		return &subject{run: run, asset: a, related: r, found: found}, true
	}
	return fields{run, a, r}.Field(name)
}

// subject is the value of the variable that lookups start from.
type subject struct {
	expr.Opaque
	run     *expr.Run
	asset   *asset.Asset
	related *Related
	found   func(*asset.Asset) // nil: nobody wants to know
}

// record is another asset as an element of a list.
type record struct{ expr.Struct[fields] }

func newRecord(run *expr.Run, a *asset.Asset, related *Related) *record {
	return &record{expr.Struct[fields]{Fields: fields{run, a, related}}}
}

// String returns the ref.
func (r *record) String() string { return r.Fields.asset.Ref.String() }

// Run implements [expr.Record].
func (r *record) Run() *expr.Run { return r.Fields.run }

// Document implements [expr.Record]: an asset stands for its config.
func (r *record) Document() ref.Val {
	return r.Fields.run.Document(r.Fields.asset.Ref, "config", r.Fields.asset.Config)
}

// Equal implements ref.Val: by identity.
func (r *record) Equal(other ref.Val) ref.Val {
	o, ok := other.(*record)
	return types.Bool(ok && o.Fields.asset.Ref == r.Fields.asset.Ref)
}

// fields are the variables of a subject, and the fields of a record.
type fields struct {
	run     *expr.Run
	asset   *asset.Asset
	related *Related
}

// Field implements [expr.Fields].
func (f fields) Field(name string) (ref.Val, bool) {
	switch name {
	case "asset":
		return &expr.Struct[meta]{Fields: meta(f)}, true
	case "config":
		return f.run.Document(f.asset.Ref, name, f.asset.Config), true
	case "status":
		return f.run.Document(f.asset.Ref, name, f.asset.Status), true
	case "access":
		return f.run.Document(f.asset.Ref, name, f.asset.Access), true
	}
	return nil, false
}

// Len implements [expr.Fields].
func (f fields) Len() int { return 4 }

// meta is the variable asset: what is known of an asset beside its documents.
type meta fields

// metaTypes are the fields of the variable asset with their types. Those in metaAlways
// are always present.
var (
	metaTypes = map[string]*types.Type{
		"id": types.StringType, "type": types.StringType, "name": types.StringType, "class": types.StringType,
		"provider": types.StringType, "account": types.StringType, "region": types.StringType,
		"tags": types.NewMapType(types.StringType, types.StringType), "created": types.TimestampType, "origin": types.StringType,
	}
	metaAlways = []string{"id", "type", "name", "class", "provider", "account", "region", "tags", "origin"}
)

// Field implements [expr.Fields].
func (m meta) Field(name string) (ref.Val, bool) {
	switch name {
	case "id":
		return types.String(m.asset.ID), true
	case "type":
		return types.String(m.asset.Type), true
	case "name":
		return types.String(nameOf(m.asset)), true
	case "class":
		return types.String(m.asset.Class), true
	case "provider":
		return types.String(m.asset.Provider), true
	case "account":
		return types.String(m.asset.Account), true
	case "region":
		return types.String(m.asset.Region), true
	case "origin":
		return types.String(m.asset.Origin.String()), true
	case "created":
		if m.asset.Created.IsZero() {
			if u := unreadPart(m.asset, m.related.schema(m.asset.Type).Created); u != nil {
				return m.run.Unknown(u), true
			}
			return nil, false
		}
		return types.Timestamp{Time: m.asset.Created}, true
	case "tags":
		// Tags that could not be read are unread where the cloud's schema has them.
		if u := unreadPart(m.asset, TagParts(m.related.schema(m.asset.Type))); u != nil {
			return m.run.Unknown(u), true
		}
		return types.NewStringStringMap(types.DefaultTypeAdapter, m.asset.Tags), true
	}
	return nil, false
}

// nameOf returns the name of an asset, and the last part of its id if it has none.
func nameOf(a *asset.Asset) string {
	if a.Name != "" {
		return a.Name
	}
	id := strings.TrimRight(strings.TrimSuffix(a.ID, ":*"), "/:")
	if part := id[strings.LastIndexAny(id, "/:")+1:]; part != "" {
		return part
	}
	return a.ID
}

// Len implements [expr.Fields].
func (m meta) Len() int { return len(metaTypes) }

// TagParts returns the parts of assets of a type that tags are read from, by their
// names: Tags, labels, UserPoolTags. For a type without a schema they are the names that
// clouds use.
func TagParts(s *asset.Schema) []asset.Path {
	if s.Config == nil {
		return []asset.Path{"config.Tags", "config.tags", "config.labels"}
	}
	var parts []asset.Path
	for _, f := range s.Config.Fields {
		if f.Name == "tags" || f.Name == "labels" || strings.HasSuffix(f.Name, "Tags") {
			parts = append(parts, asset.Path("config").Key(f.Name))
		}
	}
	return parts
}

// unreadPart returns why one of the parts of an asset, or something in it, is unread, or
// nil if all are read.
func unreadPart(a *asset.Asset, parts []asset.Path) *asset.Unread {
	for _, p := range parts {
		v, err := a.At(p)
		if err != nil {
			return &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: err.Error()}
		}
		if u := expr.FirstUnread(v); u != nil {
			return u
		}
	}
	return nil
}
