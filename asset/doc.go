// Package asset says what Stance knows of a cloud: assets with their
// documents, the links between them, and, with the same rank, what could not be
// read.
//
// An [Asset] has three documents. Config is what is declared, in the schema that
// the cloud itself publishes; Status is what only the running cloud knows; Access
// is the access policy attached to the asset. Each is a [Value], an immutable JSON
// tree in which four things stay apart that other models confuse: a part that is
// absent, one that is null, one that was not read ([Unread], with the operation and
// the error), and one that held a secret and was not kept ([Redacted]).
//
// An [Observation] is an asset, a [Gap] or a statement of [Coverage]. An
// [Inventory] collects them, finds assets by ref, type and link, and answers for
// what it does not know. [Diff] compares two inventories. Every way in makes refs
// canonical with [ParseRef] and removes secrets with the Redactor of package
// asset/secret.
//
// A [Schema] describes the documents of a type well enough for policies to be
// checked before they run. Package asset/catalog has the schemas of the clouds.
//
// The package imports the standard library alone.
package asset
