package asset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Schema describes the documents of a type well enough for policies to be checked
// against it before they run. A nil shape says that nothing is known of the
// document, which is then checked as dynamic.
//
// A Schema and its shapes are immutable and may be shared. Shapes may refer to each
// other in circles.
type Schema struct {
	Type                   Type
	Provider               string // that the type belongs to, such as "aws"; empty if it is unknown
	Config, Status, Access *Shape
	Class                  string // of the assets: storage, compute, identity, ...
	Global                 bool   // assets have no region
	Links                  []LinkRule
	Parents                []Type // types of the assets that contain it, nearest first; empty: nothing does
	Created                []Path // the parts that the time of creation comes from; empty: every part
	Operations             []Operation
	Aliases                []Alias         // names that older versions of the API have for parts
	Note                   string          // remarks about the schema: its source if the cloud publishes none, and its form
	Docs                   map[Path]string // descriptions by path from the asset, of parts that the cloud does not document
}

// Operation is a call of a cloud's API that fills parts of assets of a type.
type Operation struct {
	Name        string   // "s3:GetBucketPolicy"
	Permissions []string // needed for it; empty: the permission of the same name
	Provides    []Path   // from the asset: "access", "config.VersioningConfiguration"; empty: it lists the assets, with every part that no other operation fills
	PerAsset    bool     // one call for each asset
	MayOmit     bool     // may omit assets without an error, which makes its coverage partial
}

// Alias is another path to a part than the schema has: see [Schema.FillAliases].
type Alias struct {
	From Path // from the asset: "config.properties.ipRangeFilter"
	// To is the path of the schema. A [*] in it stands for the strings in a list, or
	// between the commas of a string: "config.properties.ipRules[*].ipAddressOrRange".
	To Path
}

// LinkRule describes one relation that assets of a type have to others.
type LinkRule struct {
	Rel string
	To  []Type // types that the link leads to; empty: any
	// CrossAccount says that the asset at the other end is often in another account,
	// so that a search for referrers needs the coverage of all accounts.
	CrossAccount bool
	// From are the parts of an asset that its links come from, if an operation of its
	// own reads them. While one is unread, links may be missing.
	From []Path
	// Within says that the link leads to the asset whose id begins that of the asset: the
	// server of a firewall rule, the project of a disk. Of an empty To it leads to what the
	// asset extends. At are the parts of the documents that hold references to the assets that
	// the links lead to, and to no others. [Derive] adds such links.
	Within bool
	At     []Path
}

// Link returns the rule for a relation.
func (s *Schema) Link(rel string) (LinkRule, bool) {
	for _, l := range s.Links {
		if l.Rel == rel {
			return l, true
		}
	}
	return LinkRule{}, false
}

// containing are the relations that lead from a part of an asset to the asset that it is
// a part of.
var containing = [...]string{"parent", "owned_by", "cluster", "diagnoses", "file_system", "log_group", "network_acl"}

// ChildOf reports whether assets of the type are parts of assets of type t, such as access
// keys of users: an operation lists them for each of these, and a [Gap] of one of these
// that names no type may hide them.
func (s *Schema) ChildOf(t Type) bool {
	return slices.ContainsFunc(containing[:], func(rel string) bool { return s.Contains(rel, t) })
}

// Contains reports whether a relation leads from assets of the type to assets of type t
// that they are parts of.
func (s *Schema) Contains(rel string, t Type) bool {
	l, ok := s.Link(rel)
	return ok && slices.Contains(containing[:], rel) && (len(l.To) == 0 || slices.Contains(l.To, t))
}

// ShapeKind is what a part of a document looks like.
type ShapeKind uint8

// The kinds of shapes. Numbers that may be integers or not are AnyShape.
const (
	AnyShape ShapeKind = iota
	BoolShape
	IntShape
	StringShape
	ListShape   // of Elem
	MapShape    // from any key to Elem
	ObjectShape // with Fields
)

var shapeKindNames = [...]string{"anything", "a boolean", "an integer", "a string", "a list", "a map", "an object"}

// String names the kind, with an article where one belongs.
func (k ShapeKind) String() string {
	if int(k) < len(shapeKindNames) {
		return shapeKindNames[k]
	}
	return fmt.Sprintf("shape kind %d", uint8(k))
}

// Shape describes a part of a document.
type Shape struct {
	Kind   ShapeKind
	Elem   *Shape  // of ListShape and MapShape; nil: anything
	Fields []Field // of ObjectShape, sorted by name
	// Enum holds the values that the cloud documents for a StringShape, sorted; empty: any.
	// A cloud adds values without notice, so that other values fit too.
	Enum []string
	// AnyCase says that the cloud compares the names of Fields and the values of Enum
	// without regard to case: see [Cloud.AnyCase].
	AnyCase bool
}

// Field is a field of an object.
type Field struct {
	Name  string
	Shape *Shape
	Mark  Mark
	// Default is the documented value of the field for a new asset whose template omits
	// it; absent if none is documented. An absent field of a live asset may mean another
	// value.
	Default Value
}

// Mark is a set of properties of a field.
type Mark uint8

const (
	Always    Mark = 1 << iota // present in every response of the cloud
	ReadOnly                   // never declared
	WriteOnly                  // declared, and never returned
	Secret                     // holds secrets: readers redact every string in it
)

// String returns the marks that m has, such as "read-only, secret", or "".
func (m Mark) String() string {
	var names []string
	for _, x := range []struct {
		mark Mark
		name string
	}{{Always, "always present"}, {ReadOnly, "read-only"}, {WriteOnly, "write-only"}, {Secret, "secret"}} {
		if m.Has(x.mark) {
			names = append(names, x.name)
		}
	}
	return strings.Join(names, ", ")
}

// Has reports whether m has all marks of o.
func (m Mark) Has(o Mark) bool { return m&o == o }

// String returns the kind of the part, such as "list of string". A nil shape is "any".
func (s *Shape) String() string {
	switch {
	case s == nil:
		return "any"
	case s.Kind == BoolShape:
		return "bool"
	case s.Kind == IntShape:
		return "int"
	case s.Kind == StringShape:
		return "string"
	case s.Kind == ListShape:
		return "list of " + s.Elem.String()
	case s.Kind == MapShape:
		return "map of " + s.Elem.String()
	case s.Kind == ObjectShape:
		return "object"
	}
	return "any"
}

// Field returns the field of an object with the name, and whether it exists.
func (s *Shape) Field(name string) (Field, bool) {
	if s == nil {
		return Field{}, false
	}
	i, ok := slices.BinarySearchFunc(s.Fields, name, func(f Field, n string) int { return strings.Compare(f.Name, n) })
	if !ok {
		return Field{}, false
	}
	return s.Fields[i], true
}

// At returns the shape that a path from the shape leads to, or nil for a part that the
// schema does not describe. A step to an unknown field is an error.
func (s *Shape) At(p Path) (*Shape, error) {
	steps, err := p.Steps()
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		if s == nil || s.Kind == AnyShape {
			return nil, nil
		}
		switch {
		case s.Kind == MapShape && step.Index < 0, s.Kind == ListShape && (step.Any || step.Index >= 0):
			s = s.Elem
		case s.Kind == ObjectShape && step.Key != "":
			f, ok := s.Field(step.Key)
			if !ok {
				return nil, fmt.Errorf("path %q: unknown field %q", p, step.Key)
			}
			s = f.Shape
		default:
			return nil, fmt.Errorf("path %q: step does not fit the schema", p)
		}
	}
	return s, nil
}

// Document returns the shape of the document that a path from an asset begins with,
// "config", "status" or "access".
func (s *Schema) Document(name string) *Shape {
	switch name {
	case "config":
		return s.Config
	case "status":
		return s.Status
	case "access":
		return s.Access
	}
	return nil
}

// ParseSchemas reads schemas in the form that package asset/catalog keeps them in:
// a JSON map from each type to an object with the members config, status, access
// (shapes), defs (named shapes), class, global, note, docs, links, parents, created, aliases, operations
// and provider. Without a provider the schema has that of [Type.Provider]. The member "defs"
// beside the types holds named shapes for all of them. A shape is
//
//	"s" string, "i" integer, "b" boolean, "a" anything, "#Name" a shape of defs
//	"s|Allow|Deny"         string with the documented values
//	[shape]                list
//	{"*": shape}           map
//	{"Name:marks": shape}  object; marks, if any, are letters: a always present,
//	                       r read only, w write only, s secret; after them may stand
//	                       the default of the field, as in "Encrypted:=false", in JSON
//
// an alias {"from": "config.properties.status", "to": "config.properties.state"},
// a link {"rel": "encrypted_by", "to": ["AWS::KMS::Key"], "crossAccount": true, "from":
// ["config.KmsKeyId"], "within": false, "at": ["config.KmsKeyId"]}, and an operation {"name": "s3:GetBucketPolicy", "permissions": [], "provides": ["access"],
// "perAsset": true, "mayOmit": false}.
func ParseSchemas(data []byte) ([]*Schema, error) {
	doc, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("parse schemas: %w", err)
	}
	types, err := doc.Members()
	if err != nil {
		return nil, fmt.Errorf("parse schemas: %w", err)
	}
	var all []*Schema
	for name, v := range types {
		if name == "defs" {
			continue
		}
		s, err := parseSchema(Type(name), v, doc.Get("defs"))
		if err != nil {
			return nil, fmt.Errorf("parse schema of %s: %w", name, err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Schema) int { return strings.Compare(string(a.Type), string(b.Type)) })
	return all, nil
}

func parseSchema(t Type, v, shared Value) (*Schema, error) {
	s := &Schema{Type: Type(strings.Clone(string(t))), Provider: t.Provider()}
	row, _ := Clouds(nil).find(t)
	p := shapeParser{defs: v.Get("defs"), shared: shared, anyCase: row.AnyCase, made: map[string]*Shape{}}
	for text, kind := range scalarShapes {
		p.made[text] = &Shape{Kind: kind}
	}
	members, err := v.Members()
	if err != nil {
		return nil, err
	}
	for name, part := range members {
		var err error
		switch name {
		case "config":
			s.Config, err = p.shape(part)
		case "status":
			s.Status, err = p.shape(part)
		case "access":
			s.Access, err = p.shape(part)
		case "provider":
			err = part.decodeStrictly(&s.Provider)
		case "class":
			err = part.decodeStrictly(&s.Class)
		case "global":
			err = part.decodeStrictly(&s.Global)
		case "note":
			err = part.decodeStrictly(&s.Note)
		case "docs":
			err = part.decodeStrictly(&s.Docs)
		case "links":
			err = part.decodeStrictly(&s.Links)
		case "parents":
			err = part.decodeStrictly(&s.Parents)
		case "created":
			err = part.decodeStrictly(&s.Created)
		case "aliases":
			err = part.decodeStrictly(&s.Aliases)
		case "operations":
			err = part.decodeStrictly(&s.Operations)
		case "defs":
		default:
			err = fmt.Errorf("unknown member")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// decodeStrictly is Decode that refuses members that the target does not have.
func (v Value) decodeStrictly(target any) error {
	b, err := v.MarshalJSON()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(target)
}

type shapeParser struct {
	defs, shared Value // of the type, of all types
	anyCase      bool
	made         map[string]*Shape // by what stands for them, "s" or "#Name"
}

var scalarShapes = map[string]ShapeKind{"s": StringShape, "i": IntShape, "b": BoolShape, "a": AnyShape}

// named returns the shape that a text stands for.
func (p *shapeParser) named(text string) (*Shape, error) {
	if s, ok := p.scalar(text); ok {
		return s, nil
	}
	// A definition may be another name. Only what stands behind the last one has a
	// shape of its own, which may refer to itself.
	def, last := p.definition(text), text
	for seen := []string{text}; def.Kind() == String; {
		last, _ = def.Str()
		if s, ok := p.scalar(last); ok {
			return s, nil
		}
		if slices.Contains(seen, last) {
			return nil, fmt.Errorf("definition %q refers to itself", text)
		}
		seen = append(seen, last)
		def = p.definition(last)
	}
	if def.IsAbsent() {
		return nil, fmt.Errorf("unknown shape %q", last)
	}
	s := &Shape{}
	p.made[last] = s
	made, err := p.shape(def)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", last, err)
	}
	*s = *made
	return s, nil
}

// scalar returns the shape of a text that was made before or stands for a string with
// documented values.
func (p *shapeParser) scalar(text string) (*Shape, bool) {
	if s, ok := p.made[text]; ok {
		return s, true
	}
	values, ok := strings.CutPrefix(text, "s|")
	if !ok {
		return nil, false
	}
	s := &Shape{Kind: StringShape, Enum: strings.Split(strings.Clone(values), "|"), AnyCase: p.anyCase}
	slices.Sort(s.Enum)
	p.made[strings.Clone(text)] = s
	return s, true
}

func (p *shapeParser) definition(text string) Value {
	name, ok := strings.CutPrefix(text, "#")
	if !ok {
		return Value{}
	}
	if def := p.defs.Get(name); !def.IsAbsent() {
		return def
	}
	return p.shared.Get(name)
}

func (p *shapeParser) shape(v Value) (*Shape, error) {
	switch v.Kind() {
	case String:
		text, _ := v.Str()
		return p.named(text)
	case List:
		if v.Len() != 1 {
			return nil, fmt.Errorf("list has %d shapes (want 1)", v.Len())
		}
		elem, err := p.shape(v.Index(0))
		return &Shape{Kind: ListShape, Elem: elem}, err
	case Map:
		if elem := v.Get("*"); !elem.IsAbsent() && v.Len() == 1 {
			s, err := p.shape(elem)
			return &Shape{Kind: MapShape, Elem: s}, err
		}
		s := &Shape{Kind: ObjectShape, Fields: make([]Field, 0, v.Len()), AnyCase: p.anyCase}
		for i := range v.Len() {
			key, part := v.MemberAt(i)
			name, marks, _ := strings.Cut(key, ":")
			marks, preset, hasDefault := strings.Cut(marks, "=")
			if name == "" || name == "*" {
				return nil, fmt.Errorf("invalid field name %q", name)
			}
			shape, err := p.shape(part)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			f := Field{Name: strings.Clone(name), Shape: shape}
			for _, c := range marks {
				switch c {
				case 'a':
					f.Mark |= Always
				case 'r':
					f.Mark |= ReadOnly
				case 'w':
					f.Mark |= WriteOnly
				case 's':
					f.Mark |= Secret
				default:
					return nil, fmt.Errorf("%s: unknown mark %q", name, c)
				}
			}
			if hasDefault {
				if f.Default, err = Parse([]byte(preset)); err != nil {
					return nil, fmt.Errorf("%s: default: %w", name, err)
				}
			}
			s.Fields = append(s.Fields, f)
		}
		slices.SortFunc(s.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
		for i := 1; i < len(s.Fields); i++ {
			if s.Fields[i].Name == s.Fields[i-1].Name {
				return nil, fmt.Errorf("duplicate field %q", s.Fields[i].Name)
			}
		}
		return s, nil
	}
	return nil, fmt.Errorf("shape is %s (want a string, a list or a map)", v.Kind())
}
