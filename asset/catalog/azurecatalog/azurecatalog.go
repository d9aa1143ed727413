// Package azurecatalog describes the types of assets of Azure and Microsoft Entra: their
// schemas, links and operations. Types are compared without regard to case.
//
// Config is the resource as Azure Resource Manager returns it, in the schema of
// the Azure SDK for Go. Types that are not taken from there, those of Entra among
// them, are described in the JSON files of the folder own. An access policy is never
// part of a resource: role assignments are assets.
package azurecatalog

import (
	"embed"
	"iter"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/internal/store"
)

//go:generate go run github.com/openstance/stance/internal/catalog/azuregen -o published.zip

//go:embed published.zip
var published string

//go:embed own/*.json
var own embed.FS

var types = store.New(store.Source{Published: published, Own: own, Group: group, Parents: parents, Fold: strings.ToLower})

// Schema returns the schema of a type in any case, and whether there is one. The Type
// of the schema has the canonical spelling. The schema is shared: the caller must not
// change it. The first call for a type reads its schema from the data in the program.
// Schema is safe for concurrent use.
func Schema(t asset.Type) (*asset.Schema, bool) { return types.Schema(t) }

// Types returns all types that have a schema, in canonical spelling, sorted.
func Types() iter.Seq[asset.Type] { return types.Types() }

// group returns the namespace of a type in lower case, such as microsoft.storage.
func group(t asset.Type) string {
	namespace, _, _ := strings.Cut(string(t), "/")
	return strings.ToLower(namespace)
}

// parents returns the types of the assets that contain those of a type. Resources lie in
// groups, or in subscriptions or management groups themselves.
func parents(t asset.Type) []asset.Type {
	const (
		group        asset.Type = "Microsoft.Resources/subscriptions/resourceGroups"
		subscription asset.Type = "Microsoft.Resources/subscriptions"
		management   asset.Type = "Microsoft.Management/managementGroups"
	)
	switch {
	case strings.HasPrefix(string(t), "Stance::"): // of Microsoft Entra
		return nil
	case t == subscription:
		return []asset.Type{management}
	case t == group:
		return []asset.Type{subscription, management}
	}
	return []asset.Type{group, subscription, management}
}
