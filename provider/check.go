package provider

import (
	"context"

	"github.com/openstance/stance/asset"
)

// Checker is a provider that can report, before a discovery, whether it will succeed.
type Checker interface {
	Provider
	// Check reports whether a discovery of q can read the accounts: one tree for each, in
	// a stable order, with the way in, the regions and the permissions below it. The error is the context's cause, or the reason why nothing can be observed at all.
	Check(ctx context.Context, q Query) ([]CheckResult, error)
}

// CheckLevel is the severity of a [CheckResult]. The zero CheckLevel is CheckFailed.
type CheckLevel int

// The levels, the worst first.
const (
	CheckFailed  CheckLevel = iota // it cannot be read
	CheckWarning                   // whether it can be read is not known
	CheckOK
)

// String returns "error", "warning" or "ok".
func (l CheckLevel) String() string {
	switch l {
	case CheckOK:
		return "ok"
	case CheckWarning:
		return "warning"
	}
	return "error"
}

// MarshalText returns what String does.
func (l CheckLevel) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// CheckResult is a node of the tree that [Check] returns.
type CheckResult struct {
	Name     string        `json:"name"`
	Level    CheckLevel    `json:"level"` // the worst of the children, if there are any
	Message  string        `json:"message,omitempty"`
	Action   string        `json:"action,omitempty"` // what to do; empty if there is nothing to do
	Children []CheckResult `json:"children,omitempty"`
}

// Check calls the method of p, or of a provider that it wraps: see [Checker]. The error
// is errors.ErrUnsupported, under errors.Is, if none has it.
func Check(ctx context.Context, p Provider, q Query) ([]CheckResult, error) {
	c, ok := find[Checker](p)
	if !ok {
		return nil, unsupported("check", p)
	}
	return c.Check(ctx, q)
}

// TypeLister is a provider that lists the types it supports.
type TypeLister interface {
	Provider
	// Types returns the types that a query without types requests, sorted.
	Types() []asset.Type
}

// Types calls the method of p, or of a provider that it wraps: see [TypeLister]. The
// error is errors.ErrUnsupported, under errors.Is, if none has it.
func Types(p Provider) ([]asset.Type, error) {
	l, ok := find[TypeLister](p)
	if !ok {
		return nil, unsupported("list types", p)
	}
	return l.Types(), nil
}

// PermissionLister is a provider that lists the permissions it needs.
type PermissionLister interface {
	Provider
	// Permissions returns the cloud's names of the permissions that a discovery of q
	// needs in each account, sorted.
	Permissions(q Query) []string
}

// Permissions calls the method of p, or of a provider that it wraps: see
// [PermissionLister]. The error is errors.ErrUnsupported, under errors.Is, if none has it.
func Permissions(p Provider, q Query) ([]string, error) {
	l, ok := find[PermissionLister](p)
	if !ok {
		return nil, unsupported("list permissions", p)
	}
	return l.Permissions(q), nil
}
