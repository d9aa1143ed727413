package policy

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// AccountPolicy returns the policy of findings about accounts that a provider cannot look
// into at all, because they are closed or switched off. One finding stands for those of
// all policies that need something of the account (see [GapSubject]), and has the highest
// of their severities.
func AccountPolicy() *Policy {
	return &Policy{
		ID: "stance-accounts", Title: "Accounts can be observed", Severity: High,
		Rationale: "Nothing is known of what an account holds that is closed or switched off. It can be excluded from the scopes of a scan.",
	}
}

// ofClosedAccount reports whether a gap is of an account that is closed or switched off.
func ofClosedAccount(g *asset.Gap) bool {
	return g.Of.IsZero() && g.Type == "" && g.Scope.Account != "" && g.Scope.Region == "" && g.Cause.Reason == asset.Disabled
}

// gap appends a finding for every policy that a gap concerns.
func (s *Set) gap(to []Finding, g GapSubject) []Finding {
	policies := s.concerned(g.Gap)
	if ofClosedAccount(g.Gap) {
		if len(policies) == 0 {
			return to
		}
		account := AccountPolicy()
		account.Severity = slices.MaxFunc(policies, func(a, b *Policy) int { return cmp.Compare(a.Severity, b.Severity) }).Severity
		g.Policies, policies = policies, []*Policy{account}
	}
	for _, p := range policies {
		to = append(to, Finding{Policy: p, Subject: g, Status: Unknown, Err: &g.Gap.Cause, Message: g.message()})
	}
	return to
}

func (s GapSubject) message() string {
	g := s.Gap
	what := cmp.Or(string(g.Type), "anything")
	if s.Count > 0 {
		names := make([]string, len(s.Parents))
		for i, r := range s.Parents {
			names[i] = r.ID
		}
		what += " of " + strconv.Itoa(s.Count) + " assets, the first are " + strings.Join(names, ", ") + ","
	} else if !g.Of.IsZero() {
		what += " of " + g.Of.String()
	}
	return "not observed: " + what + " in " + g.Scope.String()
}

// Gaps in what belongs to single assets are as many as the assets that a call was denied
// for. Of more than maxGaps with one cause there is one finding, which names maxParents.
const (
	maxGaps    = 100
	maxParents = 10
)

// heldGaps are the gaps of an evaluation in what belongs to single assets.
type heldGaps map[gapCause]*gapGroup

// gapCause is what the gaps of a group have in common.
type gapCause struct {
	account  asset.Scope // without a region
	typ, of  asset.Type
	op, code string
}

type gapGroup struct {
	count   int
	gaps    []*asset.Gap // all of them up to maxGaps, else the first maxParents
	regions map[string]bool
}

func (h heldGaps) add(g *asset.Gap) {
	c := gapCause{account: g.Scope, typ: g.Type, of: g.Of.Type, op: g.Cause.Op, code: g.Cause.Code}
	c.account.Region = ""
	group := h[c]
	if group == nil {
		group = &gapGroup{regions: map[string]bool{}}
		h[c] = group
	}
	group.count++
	group.regions[g.Scope.Region] = true
	group.gaps = append(group.gaps, g)
	// Cutting only now and then keeps the cost of sorting down.
	if len(group.gaps) > 2*maxGaps {
		group.sort()
		group.gaps = slices.Clip(slices.Clone(group.gaps[:maxParents]))
	}
}

func (p *gapGroup) sort() {
	slices.SortStableFunc(p.gaps, func(a, b *asset.Gap) int { return cmp.Or(a.Of.Compare(b.Of), a.Scope.Compare(b.Scope)) })
}

// findings returns the findings of the gaps, sorted by account, type and cause.
func (h heldGaps) findings(s *Set) []Finding {
	var found []Finding
	for _, c := range slices.SortedFunc(maps.Keys(h), func(a, b gapCause) int {
		return cmp.Or(a.account.Compare(b.account), cmp.Compare(a.typ, b.typ), cmp.Compare(a.of, b.of), cmp.Compare(a.op, b.op), cmp.Compare(a.code, b.code))
	}) {
		group := h[c]
		group.sort()
		if group.count > maxGaps {
			found = s.gap(found, group.together())
			continue
		}
		for _, g := range group.gaps {
			found = s.gap(found, GapSubject{Gap: g})
		}
	}
	return found
}

// together returns the subject that stands for all gaps of a group.
func (p *gapGroup) together() GapSubject {
	first := *p.gaps[0]
	first.Of.ID, first.Cause.RequestID = "", ""
	if len(p.regions) > 1 {
		first.Scope.Region = ""
	}
	s := GapSubject{Gap: &first, Count: p.count}
	for _, g := range p.gaps[:min(maxParents, len(p.gaps))] {
		s.Parents = append(s.Parents, g.Of)
	}
	return s
}
