package iam

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/openstance/stance/asset"
)

// IsPublic tells whether an access policy grants something to people whom the owner
// does not know. The policy is the one of an AWS resource, the trust policy of an
// AWS role, or a Google Cloud IAM policy; which one is told by its shape.
//
// In an AWS policy a statement is public if it allows everybody (or, in a trust
// policy, the users of a shared identity provider), no condition keeps strangers
// out, and no Deny statement takes all of it back from them. A condition keeps
// strangers out if it can be met only with values that have an owner: ids of
// accounts, organisations, VPCs and endpoints, ARNs that name an account or a
// bucket, prefixes of at least /8 (IPv4) or /32 (IPv6), an external id, the claims
// that name a customer of a shared identity provider, or variables that stand for
// the owner of the resource. A statement without a principal allows nobody.
// Principals that are services of AWS are not strangers.
//
// A Google Cloud policy is public if one of its bindings has allUsers or
// allAuthenticatedUsers, with or without a condition: a condition of Google Cloud
// limits what and when, never who.
func IsPublic(policy asset.Value) (bool, error) {
	policy, google, err := shape(policy)
	if err != nil {
		return false, err
	}
	if google {
		return isPublicGoogle(policy).get()
	}
	ss, err := statements(policy)
	if err != nil {
		return false, err
	}
	t := known(false)
	var d denials
	for _, s := range ss {
		p := s.allowsStrangers()
		if !p.isNo() {
			d.from(ss)
			p = p.and(d.undo(s, d.all).not())
		}
		if p.isYes() {
			return true, nil
		}
		t = t.or(p)
	}
	return t.get()
}

// shape returns the policy as JSON and whether it is one of Google Cloud.
func shape(policy asset.Value) (doc asset.Value, google bool, err error) {
	doc, err = Normalise(policy)
	if err != nil {
		return doc, false, bare(err)
	}
	switch doc.Kind() {
	case asset.Absent, asset.Null:
		return doc, false, nil
	case asset.UnreadPart:
		return doc, false, doc.Unread()
	case asset.Map:
	default:
		return doc, false, fmt.Errorf("policy: %w", &asset.KindError{Want: asset.Map, Got: doc.Kind()})
	}
	amazon, bindings := doc.Get("Statement"), doc.Get("bindings")
	switch {
	case amazon.Err() == nil && bindings.Err() == nil:
		return doc, false, errors.New("policy: has statements and bindings")
	case amazon.Err() == nil:
		return doc, false, nil
	case bindings.Err() == nil, bindings.Kind() == asset.Null:
		return doc, true, nil
	case amazon.Unread() != nil:
		return doc, false, amazon.Unread()
	case bindings.Unread() != nil:
		return doc, true, bindings.Unread()
	}
	// A policy of Google Cloud that binds nobody has no bindings.
	return doc, doc.Len() == 0 || !doc.Get("etag").IsAbsent() || !doc.Get("version").IsAbsent(), nil
}

// principal is one principal of a statement: its type (AWS, Service, Federated or
// CanonicalUser) and its name.
type principal struct{ kind, name string }

// principals yields the principals that an element, Principal or NotPrincipal,
// lists. An error is yielded for what cannot be told, and the sequence goes on.
func principals(v asset.Value) iter.Seq2[principal, error] {
	return func(yield func(principal, error) bool) {
		switch v.Kind() {
		case asset.Absent, asset.Null:
		case asset.Map:
			for i := range v.Len() {
				kind, names := v.MemberAt(i)
				for name, err := range texts(names) {
					if !yield(principal{kind, name}, err) {
						return
					}
				}
			}
			if v.IsPartial() {
				yield(principal{}, v.Get("").Err())
			}
		default:
			name, err := text(v)
			if err == nil && v.Kind() != asset.String {
				err = fmt.Errorf("policy: Principal: %w", &asset.KindError{Want: asset.Map, Got: v.Kind()})
			}
			yield(principal{"AWS", name}, err)
		}
	}
}

// isAnybody reports whether strangers are among those whom the principal stands
// for. A wildcard in place of the account stands for every account.
func (p principal) isAnybody() bool {
	if isStars(p.name) {
		return true
	}
	switch p.kind {
	case "AWS":
		a, ok := parseARN(p.name)
		return ok && hasWildcard(a.account())
	case "Federated":
		_, shared := p.issuer()
		return shared
	}
	return false
}

// issuer returns the shared identity provider that a federated principal is.
func (p principal) issuer() (issuer, bool) {
	name := p.name
	if a, ok := parseARN(name); ok {
		name = strings.TrimPrefix(a.resource(), "oidc-provider/")
	}
	return sharedIssuer(name)
}

// allowsStrangers tells whether the statement by itself is public.
func (s statement) allowsStrangers() truth {
	t := s.is("Allow")
	if t.isNo() {
		return t
	}
	if t = t.and(s.addressesStrangers()); t.isNo() {
		return t
	}
	return t.and(s.holds(s.passable))
}

// addressesStrangers tells whether strangers are among the statement's principals.
func (s statement) addressesStrangers() truth {
	if s.fault != nil {
		return undecided(s.fault)
	}
	who, others := s.v.Get("Principal"), s.v.Get("NotPrincipal")
	switch {
	case who.Err() == nil:
		return anybodyIn(who)
	case others.Err() == nil:
		return anybodyIn(others).not()
	case who.Unread() != nil:
		return undecided(who.Unread())
	case others.Unread() != nil:
		return undecided(others.Unread())
	}
	return known(false)
}

func anybodyIn(v asset.Value) truth {
	t := known(false)
	for p, err := range principals(v) {
		if err != nil {
			t = undecided(err)
		} else if p.isAnybody() {
			return known(true)
		}
	}
	return t
}

// passable tells whether a stranger can meet all comparisons of a key, by not having
// it or by having a value of his own.
func (s statement) passable(key string, es []entry) truth {
	if got, ok := ofStrangers(key); ok {
		return s.all(es, func(e entry) truth { return s.matches(e, got, nil) })
	}
	return s.all(es, entry.absent).or(s.all(es, func(e entry) truth {
		switch {
		case e.op.kind == opNull:
			return e.absent().not()
		case e.op.negated:
			return e.universal().not()
		}
		return s.owned(e).not()
	}))
}

// unavoidable tells whether every stranger meets all comparisons of a key.
func (s statement) unavoidable(key string, es []entry) truth {
	if got, ok := ofStrangers(key); ok {
		return s.all(es, func(e entry) truth { return s.matches(e, got, nil) })
	}
	return s.all(es, entry.absent).and(s.all(es, func(e entry) truth {
		switch {
		case e.op.kind == opNull:
			return e.absent().not()
		case e.op.negated:
			return s.owned(e)
		}
		return e.universal()
	}))
}

// all tells whether f holds for all comparisons. One whose values were not read may
// as well not be there, and then keeps nobody out.
func (s statement) all(es []entry, f func(entry) truth) truth {
	t := known(true)
	for _, e := range es {
		holds := f(e)
		if u := e.values.Unread(); u != nil && holds.isNo() {
			holds = undecided(u)
		}
		if t = t.and(holds); t.isNo() {
			break
		}
	}
	return t
}

// ofStrangers returns the value that a key has in every request of a stranger.
func ofStrangers(key string) ([]string, bool) {
	switch key {
	case "aws:principalisawsservice", "elasticfilesystem:accessedviamounttarget":
		return []string{"false"}, true
	}
	return nil, false
}

// denials are the Deny statements of a document that every stranger meets.
type denials struct {
	gathered bool
	all      []denial
	work     int
}

type denial struct {
	statement
	certain truth // that strangers meet it
	size    int
}

// maxWork bounds the steps taken to find out what Deny statements take back, for
// documents with thousands of statements on both sides.
const maxWork = 1 << 28

func (d *denials) from(ss []statement) {
	if d.gathered {
		return
	}
	d.gathered = true
	for _, s := range ss {
		t := s.is("Deny")
		if _, unread := errors.AsType[*asset.Unread](t.err); t.err != nil && !unread {
			continue // what is no statement takes nothing back
		}
		if !t.isNo() {
			t = t.and(s.addressesStrangers())
		}
		if !t.isNo() {
			t = t.and(s.holds(s.unavoidable))
		}
		if !t.isNo() {
			left := maxPolicy
			fits(s.v, &left)
			d.all = append(d.all, denial{s, t, maxPolicy - left})
		}
	}
}

// undo tells whether every action on every resource that the statement allows is
// denied to strangers by one of some denials.
func (d *denials) undo(s statement, by []denial) truth {
	if len(by) == 0 {
		return known(false)
	}
	t, granted := known(true), false
	for action, err := range s.granted("Action") {
		for resource, err2 := range s.granted("Resource") {
			if err == nil {
				err = err2
			}
			granted = true
			if err != nil {
				t = t.and(undecided(err))
				continue
			}
			if t = t.and(d.deny(probe{action, resource}, by)); t.isNo() {
				return t
			}
		}
	}
	if !granted {
		return known(false) // nothing to deny
	}
	return t
}

// granted yields the patterns of what a statement is about: everything if it says
// so by listing exceptions, or not at all.
func (s statement) granted(element string) iter.Seq2[string, error] {
	if v := s.v.Get(element); !v.IsAbsent() {
		return texts(v)
	}
	return func(yield func(string, error) bool) { yield("*", nil) }
}

func (d *denials) deny(p probe, by []denial) truth {
	t := known(false)
	for _, s := range by {
		if d.work += s.size * (len(p.action) + len(p.resource)); d.work > maxWork {
			return undecided(errTooLarge)
		}
		if t = t.or(s.certain.and(s.appliesToAll(p, nil))); t.isYes() {
			break
		}
	}
	return t
}
