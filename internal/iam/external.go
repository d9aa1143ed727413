package iam

import (
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// ExternalPrincipals returns who outside of own is granted something by an access
// policy, sorted. Own lists the ids of accounts and organisations and whatever else
// is the owner's: canonical user ids, VPCs and endpoints, prefixes, ARNs. The
// result has principals as the policy names them, and, where a condition says who
// of everybody may come in, the values of that condition ("o-a1b2c3",
// "vpce-0a1b2c", "198.51.100.0/24"); "*" is everybody. Services of AWS are not
// among them, but the foreign values are of a condition that says for whom a
// service may act.
//
// In a policy of Google Cloud, own lists domains and ids of projects, and the
// result has the members that belong to none; service agents of Google do not
// count.
//
// The error says that the list may not be complete.
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
	f := foreigners{own: own}
	f.denials.from(ss)
	for _, s := range ss {
		f.add(s)
	}
	return sorted(f.found), f.err
}

// sorted sorts a list and takes out what is twice in it.
func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

type foreigners struct {
	own     []string
	denials denials
	found   []string
	err     error // the first reason why found may lack something
}

func (f *foreigners) note(err error) {
	if f.err == nil {
		f.err = bare(err)
	}
}

// add finds the foreigners that a statement lets in.
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
		// An origin access identity is CloudFront, which answers for its owner's
		// distributions only.
	default:
		f.found = append(f.found, p.name)
	}
}

// left returns the foreign values by which one can meet the condition of an Allow
// statement and escape the Deny statements, if these limit who can.
func (f *foreigners) left(s statement) (values []string, limited bool, err error) {
	for es := range byKey(s.entries()) {
		e := es[0]
		if e.err != nil {
			err = e.err
			continue
		}
		passable := s.passable(e.key, es)
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

// foreignValues returns the values of comparisons with keys that tell who a caller
// is, without those that are the owner's.
func (f *foreigners) foreignValues(es []entry) ([]string, error) {
	var foreign []string
	for _, e := range es {
		if e.err != nil {
			return nil, e.err
		}
		if kindOf(e.key) == anyKey || e.op.kind == opNull {
			continue
		}
		for v, err := range texts(e.values) {
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

// isOwn reports whether a principal or a value of a condition is the owner's.
func (f *foreigners) isOwn(s string) bool {
	if slices.Contains(f.own, s) {
		return true
	}
	if a, ok := parseARN(s); ok {
		return slices.Contains(f.own, a.account()) || strings.HasPrefix(a.account(), "${aws:Resource")
	}
	if strings.HasPrefix(s, "${aws:Resource") {
		return true // the account or organisation of the resource
	}
	id, _, ok := strings.Cut(s, "/")
	return ok && strings.HasPrefix(id, "o-") && slices.Contains(f.own, id)
}
