package assetexpr

import (
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// lookups are the macros with which expressions find other assets.
func lookups() []expr.Lookup {
	return []expr.Lookup{
		{
			Name: "follow", Relation: true, Find: find((*subject).follow),
			Doc:     "The assets of a type that links of the asset with a relation lead to.",
			Example: "follow('encrypted_by', 'AWS::KMS::Key').all(k, k.asset.name == 'main')", Result: "true",
		},
		{
			Name: "referrers", Relation: true, Reverse: true, Find: find((*subject).referrers),
			Doc:     "The assets of a type that have a link with a relation to the asset.",
			Example: "referrers('logs_to', 'AWS::CloudTrail::Trail').map(t, t.asset.name)", Result: `["audit"]`,
		},
		{
			Name: "assets", Find: find((*subject).assets),
			Doc:     "The assets of a type in the account of the asset and, if the asset has a region, in that region or in none.",
			Example: "assets('AWS::CloudTrail::Trail').exists(t, t.config.?IsMultiRegionTrail.orValue(false))", Result: "true",
		},
		{
			Name: "ancestors", Assumed: 8, Find: find((*subject).ancestors),
			Doc:     "The assets of a type that contain the asset, such as its account, project, folders and organization.",
			Example: "ancestors('Stance::AWS::Account').map(a, a.asset.id)", Result: `["111122223333"]`,
		},
	}
}

// find returns what a lookup finds in an inventory. The reason that a function returns
// says why there may be more.
func find(in func(s *subject, l *expr.List, relation string, t asset.Type) *asset.Unread) expr.FindFunc {
	return func(from ref.Val, relation string, t asset.Type) ref.Val {
		s := from.(*subject)
		l := &expr.List{Run: s.run}
		if s.related.inv == nil {
			l.More = noInventory
		} else {
			l.More = in(s, l, relation, t)
		}
		return l
	}
}

var noInventory = &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "no inventory of other assets was given"}

// follow finds the assets that links of the subject lead to.
func (s *subject) follow(l *expr.List, relation string, t asset.Type) *asset.Unread {
	for _, link := range s.asset.Links {
		if link.Rel == relation && link.To.Type == t {
			s.addRef(l, link.To)
		}
	}
	if u := s.gap(t); u != nil {
		return u
	}
	return unreadPart(s.asset, s.related.link(s.asset.Type, relation).From)
}

// referrers finds the assets with a link to the subject.
func (s *subject) referrers(l *expr.List, relation string, t asset.Type) *asset.Unread {
	inv, own := s.related.inv, s.asset.Scope
	for a := range inv.Referrers(s.asset.Ref, relation) {
		if a.Type == t {
			s.add(l, a)
		}
	}
	if u := s.gap(t); u != nil {
		return u
	}
	searched := own
	if s.related.link(t, relation).CrossAccount {
		searched = asset.Scope{Provider: own.Provider}
	}
	if u := inv.IncompleteReasonFrom(own, t); u != nil {
		return u
	}
	if searched != own {
		if u := inv.IncompleteReason(searched, t); u != nil {
			return u
		}
	}
	for _, g := range inv.GapsAmong(t) { // in the links of assets that may have one to the subject
		if (g.Type == "" || g.Type == s.asset.Type) && overlap(searched, g.Scope) {
			return &g.Cause
		}
	}
	for _, d := range s.related.doubts(t, relation) {
		if overlap(searched, d.scope) {
			return d.why
		}
	}
	return nil
}

func overlap(a, b asset.Scope) bool { return a.Contains(b) || b.Contains(a) }

// assets finds the assets that the subject's account owns or observes, and for a
// regional subject those in its region or in none.
func (s *subject) assets(l *expr.List, _ string, t asset.Type) *asset.Unread {
	for a := range s.related.inv.OfType(t) {
		if a.Provider == s.asset.Provider && a.SeenBy(s.asset.Account) &&
			(s.asset.Region == "" || a.Region == "" || a.Region == s.asset.Region) {
			s.add(l, a)
		}
	}
	return s.related.inv.IncompleteReasonFrom(s.asset.Scope, t)
}

// ancestors finds the assets that contain the subject.
func (s *subject) ancestors(l *expr.List, _ string, t asset.Type) *asset.Unread {
	for _, parent := range s.asset.Parents {
		if parent.Type == t {
			s.addRef(l, parent)
		}
	}
	return s.gap(t)
}

func (s *subject) add(l *expr.List, a *asset.Asset) {
	if s.found != nil {
		s.found(a)
	}
	l.Items = append(l.Items, newRecord(s.run, a, s.related))
}

// addRef adds an asset, or an unknown if it was not observed.
func (s *subject) addRef(l *expr.List, r asset.Ref) {
	if a, ok := s.related.inv.Get(r); ok {
		s.add(l, a)
		return
	}
	l.Items = append(l.Items, s.run.Unknown(&asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: r.String()}))
}

// gap returns the cause of a gap of the subject that concerns assets of a type, or nil.
func (s *subject) gap(t asset.Type) *asset.Unread {
	for _, g := range s.related.inv.GapsOf(s.asset.Ref) {
		if g.Type == "" || g.Type == t {
			return &g.Cause
		}
	}
	return nil
}
