// Package awscatalog describes the types of assets of AWS: their schemas, links and operations.
//
// Config of a type that CloudFormation has is in the schema of the CloudFormation
// resource: its properties, and its attributes as read-only fields. All other parts,
// and all types that CloudFormation does not have, are described in the JSON files
// of the folder own, after the fields of the service's API.
package awscatalog

import (
	"embed"
	"iter"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/internal/store"
)

//go:generate go run github.com/openstance/stance/internal/catalog/awsgen -o published.zip -cloudcontrol ../../../provider/aws/cloudcontrol.json.gz

//go:embed published.zip
var published string

//go:embed own/*.json
var own embed.FS

var types = store.New(store.Source{Published: published, Own: own, Group: group, Parents: parents})

// Schema returns the schema of a type, and whether AWS has the type. The schema is
// shared and must not be changed. Schemas are read from the data in the program when
// they are first requested. Safe for concurrent use.
func Schema(t asset.Type) (*asset.Schema, bool) { return types.Schema(t) }

// Types returns all types that have a schema, sorted.
func Types() iter.Seq[asset.Type] { return types.Types() }

// group returns the namespace of a type, such as AWS::EC2.
func group(t asset.Type) string {
	parts := strings.SplitN(string(t), "::", 3)
	return strings.Join(parts[:min(2, len(parts))], "::")
}

// parents returns the types of the assets that contain those of a type.
func parents(t asset.Type) []asset.Type {
	const (
		account asset.Type = "Stance::AWS::Account"
		unit    asset.Type = "AWS::Organizations::OrganizationalUnit"
	)
	if t == account {
		return []asset.Type{unit}
	}
	return []asset.Type{account, unit}
}
