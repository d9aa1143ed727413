package assetexpr

import (
	"slices"

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
			Name: "assets", FindKeyed: findKeyed,
			Find: find(func(s *subject, l *expr.List, _ string, t asset.Type) *asset.Unread { return s.assets(l, t, nil) }),
			Doc: "The assets of a type in the account of the asset, or of the Google Cloud organization and folders that contain it, " +
				"and, if the asset has a region, in that region or in none.",
			Example: "assets('AWS::CloudTrail::Trail').exists(t, t.config.?IsMultiRegionTrail.orValue(false))", Result: "true",
		},
		{
			Name: "ancestors", Assumed: 8, Find: find((*subject).ancestors),
			Doc:     "The assets of a type that contain the asset, such as its account, project, folders and organization.",
			Example: "ancestors('Stance::AWS::Account').map(a, a.asset.id)", Result: `["111122223333"]`,
		},
		openRules,
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

// findKeyed finds assets for a filter.
func findKeyed(from ref.Val, t asset.Type, filter expr.Keyed) ref.Val {
	return find(func(s *subject, l *expr.List, _ string, t asset.Type) *asset.Unread { return s.assets(l, t, &filter) })(from, "", t)
}

var noInventory = &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "no inventory of other assets was given"}

// follow finds the assets that links of the subject lead to.
func (s *subject) follow(l *expr.List, relation string, t asset.Type) *asset.Unread {
	for _, link := range s.asset.Links {
		s.run.Budget().Work(1)
		if link.Rel == relation && link.To.Type == t {
			s.addRef(l, link.To)
		}
	}
	if u := s.gap(t); u != nil {
		return u
	}
	return s.related.unreadLinks(s.asset, relation)
}

// referrers finds the assets with a link to the subject.
func (s *subject) referrers(l *expr.List, relation string, t asset.Type) *asset.Unread {
	inv, own := s.related.inv, s.asset.Scope
	for a := range inv.Referrers(s.asset.Ref, relation) {
		s.run.Budget().Work(1)
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
		if u := s.related.incomplete(searched, t); u != nil {
			return u
		}
	}
	if u := s.related.belonging(s.run.Budget(), t, s.asset, relation, searched); u != nil {
		return u
	}
	return s.related.doubts(t, relation, s.asset.Type).first(s.run.Budget(), searched, anyKind)
}

// assets finds the assets that the subject's account owns or observes, those of the
// organization and the folders that contain the subject, and for a regional subject those
// in its region or in none. With a filter it omits those that an index rules out.
func (s *subject) assets(l *expr.List, t asset.Type, filter *expr.Keyed) *asset.Unread {
	inv, own := s.related.inv, s.asset.Scope
	accounts := append([]string{own.Account}, s.owners()...)
	for i, account := range accounts {
		at := place{t, own.Provider, account, own.Region, i > 0}
		all := s.related.at(at)
		add := func(a *asset.Asset) {
			s.run.Budget().Work(1)
			if !slices.ContainsFunc(accounts[:i], a.SeenBy) {
				s.add(l, a)
			}
		}
		if filter == nil {
			for _, a := range all {
				add(a)
			}
			continue
		}
		index := s.related.keyed(s.run, at, all, filter)
		for _, i := range index.find(s.run, len(all), filter) {
			add(all[i])
		}
		if s.found != nil {
			for _, a := range index.read {
				s.found(a)
			}
		}
	}
	if u := inv.IncompleteReasonFrom(own, t); u != nil {
		return u
	}
	for _, account := range accounts[1:] {
		// An account of which nothing is stated was not scanned, as in a scan of one project.
		if scope := (asset.Scope{Provider: own.Provider, Account: account}); inv.Coverage(scope, t) == asset.Partial {
			return inv.IncompleteReason(scope, t)
		}
	}
	if u := s.asset.UnreadParents(); u != nil && s.related.aboveAccounts(t) {
		return u // they may be of what contains the subject
	}
	return s.related.belonging(s.run.Budget(), t, nil, "", own)
}

// owners returns the accounts under which Google Cloud's organizations and folders own
// assets: "organizations/1".
func (s *subject) owners() []string {
	var accounts []string
	for _, p := range s.asset.Parents {
		if p.Type == organizationType || p.Type == folderType {
			accounts = append(accounts, resourceName(p.ID))
		}
	}
	return accounts
}

// ancestors finds the assets that contain the subject.
func (s *subject) ancestors(l *expr.List, _ string, t asset.Type) *asset.Unread {
	for _, parent := range s.asset.Parents {
		s.run.Budget().Work(1)
		if parent.Type == t {
			s.addRef(l, parent)
		}
	}
	if u := s.gap(t); u != nil {
		return u
	}
	if len(l.Items) > 0 && !s.related.nests(t) {
		return nil // there is no other, wherever the rest of the parents is unread
	}
	return s.asset.UnreadParents()
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
