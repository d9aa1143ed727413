package policy

import (
	"cmp"
	"slices"

	"github.com/openstance/stance/asset"
)

// SubjectKind is the kind of a [Subject].
type SubjectKind string

// The kinds of subjects.
const (
	OfAsset     SubjectKind = "asset"
	OfGap       SubjectKind = "gap"
	OfCoverage  SubjectKind = "coverage"
	OfException SubjectKind = "exception"
)

// Subject is the subject of a finding: an [AssetSubject], a [GapSubject], a
// [CoverageSubject] or an [ExceptionSubject]. No other package implements it. Later
// versions may add kinds.
type Subject interface {
	// Kind returns the kind of the subject.
	Kind() SubjectKind
	// Ref returns the ref of an asset. For other subjects its ID is empty, and its Type is
	// empty if the subject does not concern a single type.
	Ref() asset.Ref
	// Name returns the name of an asset, or "".
	Name() string
	// Scope returns the scope of the subject. It is zero for an exception.
	Scope() asset.Scope

	// key returns what tells the subject from others across evaluations.
	key() []string
}

// AssetSubject is an asset that a policy was evaluated for.
type AssetSubject struct {
	Asset *asset.Asset

	id string // of the asset, if that of Asset is masked
}

// GapSubject is a gap: a part of the estate that could not be observed. It may stand for
// many gaps in what belongs to single assets, which the same operation left in one
// account with the same code.
type GapSubject struct {
	// Gap is the gap. If the subject stands for many, the Of of this Gap has the type of
	// the parents, and no id.
	Gap *asset.Gap
	// Count is the number of gaps that the subject stands for; 0 for one gap.
	Count int
	// Parents are the first of the assets that Count gaps are about, at most ten, sorted.
	Parents []asset.Ref
	// Policies are those that need what the gap may have hidden, if one finding of
	// [AccountPolicy] stands for them all. It is nil in findings of a single policy.
	Policies []*Policy

	of string // the id of Gap.Of, if that is masked
}

// CoverageSubject is incomplete coverage: a type of assets for which an account was not
// searched completely.
type CoverageSubject struct {
	Type    asset.Type
	Account asset.Scope // without a region
	// Regions are the regions whose coverage is not complete, sorted. An empty list
	// means the account as a whole.
	Regions []string
	State   asset.CoverageState // the worst of the regions
}

// ExceptionSubject is an exception that is no longer in force, or matches nothing.
type ExceptionSubject struct{ Exception *Exception }

// Kind returns [OfAsset].
func (AssetSubject) Kind() SubjectKind { return OfAsset }

// Kind returns [OfGap].
func (GapSubject) Kind() SubjectKind { return OfGap }

// Kind returns [OfCoverage].
func (CoverageSubject) Kind() SubjectKind { return OfCoverage }

// Kind returns [OfException].
func (ExceptionSubject) Kind() SubjectKind { return OfException }

// Ref returns the ref of the asset.
func (s AssetSubject) Ref() asset.Ref { return s.Asset.Ref }

// Ref returns the type of the gap, without an id.
func (s GapSubject) Ref() asset.Ref { return asset.Ref{Type: s.Gap.Type} }

// Ref returns the type, without an id.
func (s CoverageSubject) Ref() asset.Ref { return asset.Ref{Type: s.Type} }

// Ref returns the zero Ref.
func (ExceptionSubject) Ref() asset.Ref { return asset.Ref{} }

// Name returns the name of the asset.
func (s AssetSubject) Name() string { return s.Asset.Name }

// Name returns "".
func (GapSubject) Name() string { return "" }

// Name returns "".
func (CoverageSubject) Name() string { return "" }

// Name returns "".
func (ExceptionSubject) Name() string { return "" }

// Scope returns the scope of the asset.
func (s AssetSubject) Scope() asset.Scope { return s.Asset.Scope }

// Scope returns the scope of the gap.
func (s GapSubject) Scope() asset.Scope { return s.Gap.Scope }

// Scope returns the account.
func (s CoverageSubject) Scope() asset.Scope { return s.Account }

// Scope returns the zero Scope.
func (ExceptionSubject) Scope() asset.Scope { return asset.Scope{} }

func (s AssetSubject) key() []string { return []string{string(s.Asset.Type), cmp.Or(s.id, s.Asset.ID)} }

func (s GapSubject) key() []string {
	g := s.Gap
	if s.Count > 0 {
		return []string{"gaps", g.Scope.Provider, g.Scope.Account, string(g.Type), string(g.Of.Type), g.Cause.Op, g.Cause.Code}
	}
	return []string{"gap", g.Scope.Provider, g.Scope.Account, g.Scope.Region, string(g.Type), string(g.Of.Type), cmp.Or(s.of, g.Of.ID), g.Cause.Op}
}

func (s CoverageSubject) key() []string {
	return []string{"coverage", s.Account.Provider, s.Account.Account, string(s.Type)}
}

func (s ExceptionSubject) key() []string {
	x := s.Exception
	return slices.Concat([]string{"exception"}, x.Policies, x.Assets, x.Accounts, []string{x.Owner, x.Reason})
}
