package collect

import (
	"errors"
	"reflect"
	"sync"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// Cloud is what the engine has to know of a cloud. All functions must be safe for
// concurrent use.
type Cloud struct {
	// Provider is the name of the provider, as in scopes.
	Provider string

	// Schema returns the schema of a type, with the operations that provide its parts.
	Schema func(asset.Type) (*asset.Schema, bool)

	// Locate returns the account and the region that an id names, "" for what it does not
	// name.
	Locate func(asset.Ref) (account, region string)

	// Place returns the asset that stands for an account, or for a region of one, to which
	// assets have the links "account" and "region" where their schema has these. Nil:
	// none does.
	Place func(asset.Scope) asset.Ref

	// Unread returns why an operation failed. It returns an *asset.Unread in the error as
	// it is.
	Unread func(op string, err error) *asset.Unread

	// HasCode reports whether an error is the cloud's answer with one of the codes.
	HasCode func(err error, codes []string) bool

	// Ignore reports whether a field of a struct of the SDK belongs to no document. Nil:
	// none.
	Ignore func(reflect.StructField) bool

	// Redactor removes secrets from assets. Nil: that of the query, or one without a key.
	Redactor *secret.Redactor

	// Now returns the time of observation.
	Now func() time.Time

	// Workers is how many units run at once, of all scopes. PerScope is how many of one
	// scope do, so that a slow one does not occupy all workers.
	Workers, PerScope int
}

// Codes of what the engine finds out itself, in place of a cloud's.
const (
	CodeMalformed    = asset.CodeMalformed // the answer holds something that cannot be read
	CodeNotCollected = "NotCollected"      // the schema has the part, and no collector reads it
	CodeNotStated    = asset.CodeNotStated // the scan ended without coverage or a gap of what was requested
)

// ErrGone is returned by a read for an asset that does not exist any more.
var ErrGone = errors.New("the asset is gone")

// notStated stands for a type of which a scan says nothing: nobody knows that there is none.
func notStated() *asset.Unread {
	return &asset.Unread{Op: "discover", Reason: asset.Incomplete, Code: CodeNotStated, Message: "the scan ended without looking"}
}

// NotCollected stands for a part that the schema has and the cloud does not return.
func NotCollected() *asset.Unread {
	return &asset.Unread{Reason: asset.Unsupported, Code: CodeNotCollected}
}

// Engine runs the discoveries of one provider. It is safe for concurrent use, and keeps
// nothing of a discovery but how structs of the SDK fit schemas.
type Engine struct {
	Cloud

	// Watch, if not nil, is called where collectors and schemas do not agree. It is for
	// tests, and makes a discovery slower.
	Watch *Watch

	plans    plans
	encoders sync.Pool
}

// Watch receives what collectors do that their schema does not have. Its functions may
// be called concurrently.
type Watch struct {
	// Stray is called for a member that a collector sets and the schema lacks, and for a
	// link or a time of creation that a read adds without providing the part that the
	// schema derives it from: if the read fails it would seem to be missing.
	Stray func(asset.Type, asset.Path)

	// Omitted is called for a field of an SDK's struct that the schema lacks, with the
	// path to the struct, whether the struct is there or nil. The field is omitted from
	// the asset.
	Omitted func(t asset.Type, at asset.Path, sdk reflect.Type, field string)
}

// New returns an engine.
func New(c Cloud) *Engine {
	e := &Engine{Cloud: c}
	e.plans.ignore = c.Ignore
	e.encoders.New = func() any { return &encoder{plans: &e.plans} }
	return e
}

// schema returns the schema of a type, an empty one if the cloud has none.
func (e *Engine) schema(t asset.Type) *asset.Schema {
	if s, ok := e.Schema(t); ok {
		return s
	}
	return &asset.Schema{Type: t}
}
