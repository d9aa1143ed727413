// Package provider defines the interface that asset sources implement, and functions
// that work with any implementation.
package provider

import (
	"context"
	"errors"
	"iter"

	"github.com/openstance/stance/asset"
)

// Provider discovers the assets of a cloud, or of another source. Implementations
// are safe for concurrent use, and run the tests of package providertest.
//
// A provider that wraps another may have a method Unwrap() Provider. The functions of
// this package use it to find the optional abilities of the wrapped provider: see
// [Getter], [Checker], [TypeLister] and [PermissionLister].
type Provider interface {
	// Name returns the name of the source in messages: "aws", "azure", "gcp", ...
	Name() string

	// Discover yields the observations that match q. A part of the estate that could
	// not be observed is an observation too (*asset.Gap), and the sequence continues
	// after it. An error ends the sequence: it is the context's cause, or the reason why
	// nothing can be observed at all.
	//
	// For each requested type, Discover yields one *asset.Coverage for every scope it
	// searched, or an *asset.Gap with [CodeUnknownType] if the provider does not support
	// the type. Gaps and coverage that concern an asset may come before or after it.
	//
	// Each asset has passed a Redactor (package asset/secret): one that was given to the
	// provider itself, or else q.Redactor. [Collect] redacts an asset that has not.
	//
	// The sequence may be ranged over again, which discovers again. It holds no
	// resources once the loop ends.
	Discover(ctx context.Context, q Query) iter.Seq2[asset.Observation, error]
}

// Codes of the gaps by which a provider says that it does not know a requested
// type or scope. [Collect] omits such a gap if another provider knows it.
const (
	CodeUnknownType  = "UnknownType"  // asset.Unsupported
	CodeUnknownScope = "UnknownScope" // asset.NotFound
)

// ErrNotFound is returned by [Get] for an asset that does not exist.
var ErrNotFound = errors.New("not found")

// Getter is a provider that can read one asset.
type Getter interface {
	Provider
	// Get reads one asset anew, whole. The error is ErrNotFound, under errors.Is,
	// if the cloud reports that there is no such asset. Parts of its documents that
	// could not be read are unread.
	Get(ctx context.Context, ref asset.Ref) (*asset.Asset, error)
}
