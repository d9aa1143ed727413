package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// merge puts our own part of a schema over the published one, which it may change
// but not the shapes in it.
func merge(s, own *asset.Schema) {
	s.Config = mergeShape(s.Config, own.Config)
	s.Status = mergeShape(s.Status, own.Status)
	s.Access = mergeShape(s.Access, own.Access)
	s.Class, s.Global, s.Note = own.Class, own.Global, own.Note
	s.Docs, s.Aliases = own.Docs, own.Aliases
	s.Links, s.Parents, s.Created = own.Links, own.Parents, own.Created
	if len(own.Operations) > 0 {
		s.Operations = own.Operations
	}
}

// mergeShape adds the fields of own to an object, joins the marks of those that both
// have, and sets defaults and documented values. Where our own part says "anything", it only marks what is published;
// where both say otherwise, our own holds. Own must not refer to itself.
func mergeShape(published, own *asset.Shape) *asset.Shape {
	switch {
	case published == nil:
		return own
	case own == nil || own.Kind == asset.AnyShape:
		return published
	case published.Kind != own.Kind:
		return own
	}
	merged := *published
	switch merged.Kind {
	case asset.StringShape:
		if len(own.Enum) > 0 {
			merged.Enum, merged.AnyCase = own.Enum, own.AnyCase
		}
	case asset.ListShape, asset.MapShape:
		merged.Elem = mergeShape(published.Elem, own.Elem)
	case asset.ObjectShape:
		merged.Fields = slices.Clone(published.Fields)
		for _, f := range own.Fields {
			i, ok := slices.BinarySearchFunc(merged.Fields, f.Name, func(f asset.Field, name string) int {
				return strings.Compare(f.Name, name)
			})
			if !ok && f.Shape.Kind == asset.AnyShape {
				panic(fmt.Sprintf("catalog: marks %q, which is not published", f.Name))
			}
			if !ok {
				merged.Fields = slices.Insert(merged.Fields, i, f)
				continue
			}
			merged.Fields[i].Shape = mergeShape(merged.Fields[i].Shape, f.Shape)
			merged.Fields[i].Mark |= f.Mark
			if !f.Default.IsAbsent() {
				merged.Fields[i].Default = f.Default
			}
		}
	}
	return &merged
}
