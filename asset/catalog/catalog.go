// Package catalog describes the types of assets of all clouds: the schema of their
// documents, their links to other types, and the operations that fill each part, with the
// permissions that they need. It is data, and links no SDK. A program that needs one cloud
// imports the package of that cloud below it.
package catalog

import (
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/asset/catalog/azurecatalog"
	"github.com/openstance/stance/asset/catalog/gcpcatalog"
)

// Schema returns the schema of a type, and whether it has one. The schema is shared: the
// caller must not change it. Schema is safe for concurrent use.
func Schema(t asset.Type) (*asset.Schema, bool) {
	switch t.Provider() {
	case "aws":
		return awscatalog.Schema(t)
	case "azure":
		return azurecatalog.Schema(t)
	case "gcp":
		return gcpcatalog.Schema(t)
	}
	return nil, false
}

// Types returns all types of all clouds that have a schema, sorted.
func Types() iter.Seq[asset.Type] {
	return func(yield func(asset.Type) bool) {
		all := slices.AppendSeq(slices.Collect(awscatalog.Types()), azurecatalog.Types())
		all = slices.AppendSeq(all, gcpcatalog.Types())
		slices.Sort(all)
		for _, t := range all {
			if !yield(t) {
				return
			}
		}
	}
}

// Referrers returns the relations that lead to a type, and the types that have them,
// sorted by type. Those that the type has itself are in its schema.
func Referrers(t asset.Type) iter.Seq2[asset.Type, asset.LinkRule] {
	return func(yield func(asset.Type, asset.LinkRule) bool) {
		for from := range Types() {
			s, _ := Schema(from)
			for _, rule := range s.Links {
				if slices.Contains(rule.To, t) && !yield(from, rule) {
					return
				}
			}
		}
	}
}
