// Package asset describes the resources of clouds: assets with their documents, the
// links between them, and the parts that were not read.
//
// An [Asset] has three documents. Config is the declared configuration, in the schema
// that the cloud publishes. Status is the state that only the running cloud has. Access
// is the access policy attached to the asset. Each is a [Value], an immutable JSON tree
// that keeps four states apart: a part that is absent, one that is null, one that was
// not read ([Unread], with the operation and the error), and a redacted secret
// ([Redacted]).
//
// An [Observation] is an asset, a [Gap] or a statement of [Coverage]. An
// [Inventory] collects them, finds assets by ref, type and link, and reports where it is
// incomplete. [Diff] compares two inventories. Every reader makes refs
// canonical with [ParseRef] and removes secrets with the Redactor of package
// asset/secret.
//
// A [Schema] describes the documents of a type well enough for policies to be
// checked before they run. Package asset/catalog has the schemas of the clouds.
//
// The package imports the standard library alone.
package asset
