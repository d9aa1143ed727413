package iam

import (
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// ExternalPrincipals returns the principals to which an access policy grants something
// and that are not in own, sorted. Own lists the ids of accounts and organizations and
// other identifiers of the owner: canonical user ids, VPCs and endpoints, prefixes,
// ARNs. The result has principals as the policy names them and, if the policy allows
// everyone under a condition, the values of the condition ("o-a1b2c3", "vpce-0a1b2c",
// "198.51.100.0/24"); "*" is everyone. It omits AWS service principals, but has the
// foreign values of a condition that limits for whom a service may act.
//
// For a policy of Google Cloud, own lists domains and ids of projects, and the result
// has the members that belong to none of them, without service agents of Google.
//
// An error means that the list may be incomplete.
func ExternalPrincipals(policy asset.Value, own []string) ([]string, error) {
	policy, google, err := shape(policy)
	if err != nil {
		return nil, err
	}
	if google {
		return externalMembers(policy, own)
	}
	ss, err := statements(policy)
	if err != nil {
		return nil, err
	}
	f := foreigners{own: own, audience: Facts{}.strangers()}
	f.denials.from(ss, f.audience)
	for _, s := range ss {
		f.add(s)
	}
	return sorted(f.found), f.err
}

// sorted sorts a list and removes duplicates.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

type foreigners struct {
	own      []string
	audience audience
	denials  denials
	found    []string
	err      error // the first reason why found may lack something
}

func (f *foreigners) note(err error) {
	if f.err == nil {
		f.err = bare(err)
	}
}

// add adds the foreigners that a statement allows.
func (f *foreigners) add(s statement) {
	if allow := s.is("Allow"); allow.err != nil {
		f.note(allow.err)
		return
	} else if allow.isNo() {
		return
	}
	left, limited, err := f.left(s)
	if limited && len(left) == 0 {
		return // only own values pass, whatever the rest is
	}
	if err != nil {
		f.note(err) // what keeps strangers out may keep out all of them
		return
	}
	who, others := s.v.Get("Principal"), s.v.Get("NotPrincipal")
	switch {
	case who.Unread() != nil:
		f.note(who.Unread())
	case others.Unread() != nil && who.IsAbsent():
		f.note(others.Unread())
	case others.Err() == nil:
		f.addPrincipal(principal{"AWS", "*"}, left, limited)
	}
	for p, err := range principals(who) {
		if err != nil {
			f.note(err)
			continue
		}
		f.addPrincipal(p, left, limited)
	}
}

func (f *foreigners) addPrincipal(p principal, left []string, limited bool) {
	a, isARN := parseARN(p.name)
	switch {
	case p.isAnybody() && limited, p.kind == "Service":
		f.found = append(f.found, left...)
	case isARN && a.account() == "cloudfront", f.isOwn(p.name) && !p.isAnybody():
		// An origin access identity is CloudFront, which serves only the distributions of
		// its owner.
	default:
		f.found = append(f.found, p.name)
	}
}

// left returns the foreign values that meet the condition of an Allow statement and
// escape the Deny statements, if these limit the callers.
func (f *foreigners) left(s statement) (values []string, limited bool, err error) {
	for es := range byKey(s.entries()) {
		e := es[0]
		if e.err != nil {
			err = e.err
			continue
		}
		passable := f.audience.passable(s, e.key, es)
		if passable.err != nil {
			err = passable.err
		}
		if !passable.isNo() {
			continue
		}
		foreign, ferr := f.foreignValues(es)
		if ferr != nil {
			err = ferr
			continue
		}
		limited = true
		if len(foreign) == 0 {
			return nil, true, nil
		}
		values = append(values, foreign...)
	}
	for i, d := range f.denials.all {
		t := f.denials.undo(s, f.denials.all[i:i+1])
		if f.denials.work > maxWork {
			return values, limited, errTooLarge
		}
		if t.err != nil {
			err = t.err
		}
		if !t.isYes() {
			continue
		}
		foreign, ferr := f.foreignValues(d.entries())
		for p, perr := range principals(d.v.Get("NotPrincipal")) {
			if perr != nil {
				ferr = perr
			} else if p.kind != "Service" && !f.isOwn(p.name) {
				foreign = append(foreign, p.name)
			}
		}
		if ferr != nil {
			err = ferr
			continue
		}
		limited = true
		if len(foreign) == 0 {
			return nil, true, nil
		}
		values = append(values, foreign...)
	}
	return values, limited, err
}

// foreignValues returns the values of comparisons with keys that identify a caller,
// without those of the owner.
func (f *foreigners) foreignValues(es []entry) ([]string, error) {
	var foreign []string
	for _, e := range es {
		if e.err != nil {
			return nil, e.err
		}
		if kindOf(e.key) == anyKey || e.op.kind == opNull {
			continue
		}
		for v, err := range stringsIn(e.values) {
			if err != nil {
				return nil, err
			}
			if !f.isOwn(v) {
				foreign = append(foreign, v)
			}
		}
	}
	return foreign, nil
}

// isOwn reports whether a principal or a value of a condition belongs to the owner.
func (f *foreigners) isOwn(s string) bool {
	if slices.Contains(f.own, s) {
		return true
	}
	if a, ok := parseARN(s); ok {
		return slices.Contains(f.own, a.account()) || strings.HasPrefix(a.account(), "${aws:Resource")
	}
	if strings.HasPrefix(s, "${aws:Resource") {
		return true // the account or organization of the resource
	}
	id, _, ok := strings.Cut(s, "/")
	return ok && strings.HasPrefix(id, "o-") && slices.Contains(f.own, id)
}
