// Package gcpcatalog describes the types of assets of Google Cloud: their schemas, links
// and operations. Types have the names of Cloud Asset Inventory.
//
// Config is the resource as its REST API returns it, which is resource.data of Cloud
// Asset Inventory, in the schema of the API's discovery document; integers of 64
// bits, which Google writes as strings, are integers. Access is the IAM policy set on
// the asset itself. What no discovery document has is described in the JSON files of
// the folder own.
package gcpcatalog

import (
	"embed"
	"iter"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/internal/store"
)

//go:generate go run github.com/openstance/stance/internal/catalog/gcpgen -o published.zip

//go:embed published.zip
var published string

//go:embed own/*.json
var own embed.FS

var types = store.New(store.Source{Published: published, Own: own, Group: group, Parents: parents})

// Schema returns the schema of a type, and whether Google Cloud has the type. The
// schema is shared and must not be changed. Schemas are read from the data in the
// program when they are first requested. Safe for concurrent use.
func Schema(t asset.Type) (*asset.Schema, bool) { return types.Schema(t) }

// Types returns all types that have a schema, sorted.
func Types() iter.Seq[asset.Type] { return types.Types() }

// group returns the service of a type, such as storage.googleapis.com.
func group(t asset.Type) string {
	service, _, _ := strings.Cut(string(t), "/")
	return service
}

// parents returns the types of the assets that contain those of a type.
func parents(t asset.Type) []asset.Type {
	const (
		project      asset.Type = "cloudresourcemanager.googleapis.com/Project"
		folder       asset.Type = "cloudresourcemanager.googleapis.com/Folder"
		organization asset.Type = "cloudresourcemanager.googleapis.com/Organization"
	)
	switch t {
	case organization:
		return nil
	case project, folder:
		return []asset.Type{folder, organization}
	}
	return []asset.Type{project, folder, organization}
}
