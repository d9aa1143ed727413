// Package secret finds secrets in assets and replaces them. [Detect] finds them in a
// string, [Paths] returns the parts of a type's documents that hold them by definition,
// and a [Redactor] replaces both in an asset.
package secret
