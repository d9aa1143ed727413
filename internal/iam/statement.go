package iam

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/openstance/stance/asset"
)

// The limits of a policy document, far beyond those of the clouds. Larger documents are
// errors, so that a hostile document cannot keep a scan busy.
const (
	maxPolicy  = 4 << 20 // bytes of text, with 16 more for each value
	maxPattern = 2048    // bytes of an action, a resource or a value of a condition
)

// Normalize returns a policy document as a map. It parses a document that is a string
// of JSON, percent-decoded where IAM encoded it; an empty string is an absent document.
// It returns other values unchanged. An error is that of parsing.
func Normalize(doc asset.Value) (asset.Value, error) {
	if doc.Kind() != asset.String {
		return doc, nil
	}
	s, err := doc.Str()
	if err != nil {
		return asset.Value{}, err
	}
	if _, redacted := doc.Redacted(); redacted {
		return asset.Value{}, fmt.Errorf("policy: %w", errRedacted)
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return asset.Value{}, nil
	}
	if s[0] == '%' {
		if s, err = url.PathUnescape(s); err != nil {
			return asset.Value{}, fmt.Errorf("policy: %w", err)
		}
	}
	parsed, err := asset.Parse([]byte(s))
	if err != nil {
		return asset.Value{}, fmt.Errorf("policy: %w", err)
	}
	return parsed, nil
}

var (
	errRedacted = errors.New("is redacted")
	errTooLarge = errors.New("policy too large")
)

// statement is one statement of an AWS policy document.
type statement struct {
	v           asset.Value
	variables   bool  // the version of the document has policy variables
	unversioned error // why that is unknown
	invalid     error // why the statement is invalid, or may be
}

// statements returns the statements of an AWS policy document, including unread and
// malformed ones, which hold their error. It returns an error if the statements of the
// document are unknown.
func statements(doc asset.Value) ([]statement, error) {
	doc, err := Normalize(doc)
	if err != nil {
		return nil, bare(err)
	}
	if doc.IsAbsent() {
		return nil, nil
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	if doc.Kind() != asset.Map {
		return nil, fmt.Errorf("policy: %w", &asset.KindError{Want: asset.Map, Got: doc.Kind()})
	}
	if left := maxPolicy; !fits(doc, &left) {
		return nil, errTooLarge
	}
	list := doc.Get("Statement")
	version := doc.Get("Version")
	switch list.Kind() {
	case asset.Map:
		return []statement{newStatement(list, version, 0)}, nil
	case asset.List:
		all := make([]statement, list.Len())
		for i := range all {
			all[i] = newStatement(list.Index(i), version, i)
		}
		return all, nil
	}
	if err := list.Err(); err != nil {
		return nil, bare(fmt.Errorf("policy: Statement: %w", err))
	}
	return nil, fmt.Errorf("policy: Statement: %w", &asset.KindError{Want: asset.List, Got: list.Kind()})
}

// fits subtracts the size of v from the rest of a limit and reports whether it fits.
func fits(v asset.Value, left *int) bool {
	*left -= 16
	switch v.Kind() {
	case asset.List:
		for i := 0; i < v.Len() && *left >= 0; i++ {
			fits(v.Index(i), left)
		}
	case asset.Map:
		for i := 0; i < v.Len() && *left >= 0; i++ {
			key, member := v.MemberAt(i)
			*left -= len(key)
			fits(member, left)
		}
	default:
		*left -= v.Len()
	}
	return *left >= 0
}

func newStatement(v, version asset.Value, index int) statement {
	s := statement{v: v}
	// In documents of the first version "${" is literal.
	if name, err := version.Str(); err == nil {
		s.variables = name != "2008-10-17"
	} else if u := version.Unread(); u != nil {
		s.unversioned = u
	}
	fail := func(format string, args ...any) {
		s.invalid = fmt.Errorf("policy: statement %d: %w", index, fmt.Errorf(format, args...))
	}
	// An unread element may be absent.
	perhaps := func(u *asset.Unread) {
		if s.invalid == nil {
			s.invalid = u
		}
	}
	if v.Kind() != asset.Map {
		if s.invalid = v.Unread(); v.Unread() == nil {
			fail("%w", &asset.KindError{Want: asset.Map, Got: v.Kind()})
		}
		return s
	}
	var has [3]asset.Value
	for i := range v.Len() {
		key, member := v.MemberAt(i)
		if member.IsAbsent() {
			continue
		}
		pair := -1
		switch key {
		case "Effect":
			if e, err := member.Str(); err == nil && e != "Allow" && e != "Deny" {
				fail("Effect %q", e)
			} else if err != nil && member.Unread() == nil {
				fail("Effect: %w", err)
			}
		case "Principal", "NotPrincipal":
			pair = 0
		case "Action", "NotAction":
			pair = 1
		case "Resource", "NotResource":
			pair = 2
		case "Sid", "Condition":
		default:
			if u := member.Unread(); u != nil {
				perhaps(u)
			} else {
				fail("unknown element %q", key)
			}
		}
		if pair >= 0 {
			if u := cmp.Or(member.Unread(), has[pair].Unread()); !has[pair].IsAbsent() && u != nil {
				perhaps(u)
			} else if !has[pair].IsAbsent() {
				fail("%s beside its opposite", key)
			}
			has[pair] = member
		}
	}
	if s.invalid == nil && !v.IsPartial() {
		if v.Get("Effect").IsAbsent() {
			fail("no Effect")
		} else if has[1].IsAbsent() {
			fail("no Action")
		}
	}
	return s
}

// is reports whether the statement has the effect.
func (s statement) is(effect string) truth {
	if s.invalid != nil {
		return undecided(s.invalid)
	}
	e, err := s.v.Get("Effect").Str()
	if err != nil {
		return undecided(err)
	}
	return known(e == effect)
}

// probe is a request, or a pattern of requests, to evaluate statements for.
type probe struct {
	action, resource string // patterns; literal strings are quoted
}

// appliesToAll reports whether the actions and resources of the statement include
// every request of the probe.
func (s statement) appliesToAll(p probe, vars variables) truth {
	return s.applies(p, vars, covers, overlaps)
}

// appliesToSome reports whether they include at least one request of the probe.
func (s statement) appliesToSome(p probe, vars variables) truth {
	return s.applies(p, vars, overlaps, covers)
}

func (s statement) applies(p probe, vars variables, relation, opposite func(p, q string, fold bool) bool) truth {
	if s.invalid != nil {
		return undecided(s.invalid)
	}
	t := s.listed("Action", "NotAction",
		func(a string) bool { return relation(a, p.action, true) },
		func(a string) bool { return opposite(a, p.action, true) })
	if t.isNo() {
		return t
	}
	resolve := func(r string) (string, bool) { return s.resolve(r, vars) }
	return t.and(s.listed("Resource", "NotResource",
		func(r string) bool { r, ok := resolve(r); return ok && onResources(relation, r, p.resource) },
		func(r string) bool { r, ok := resolve(r); return ok && onResources(opposite, r, p.resource) }))
}

// listed reports whether an element of the statement has a pattern that yes accepts or,
// if the statement has the opposite element, no pattern that no accepts. A statement
// with neither, as in policies of some resources, includes everything.
func (s statement) listed(element, opposite string, yes, no func(string) bool) truth {
	e, o := s.v.Get(element), s.v.Get(opposite)
	switch {
	case e.Err() == nil:
		return anyIn(s.patterns(e), yes)
	case o.Err() == nil:
		return anyIn(s.patterns(o), no).not()
	case e.Unread() != nil:
		return undecided(e.Unread())
	case o.Unread() != nil:
		return undecided(o.Unread())
	}
	return known(true)
}

// exceptions returns the requests of a probe that the statement leaves out, those of its
// NotAction or of its NotResource, and whether it covers the others.
func (s statement) exceptions(p probe, vars variables) (rest []probe, covered truth) {
	resolve := func(r string) (string, bool) { return s.resolve(r, vars) }
	actions := s.listed("Action", "NotAction",
		func(a string) bool { return covers(a, p.action, true) },
		func(a string) bool { return overlaps(a, p.action, true) })
	resources := s.listed("Resource", "NotResource",
		func(r string) bool { r, ok := resolve(r); return ok && onResources(covers, r, p.resource) },
		func(r string) bool { r, ok := resolve(r); return ok && onResources(overlaps, r, p.resource) })
	switch {
	case s.invalid != nil:
		return nil, known(false)
	case actions.isNo() && !resources.isNo() && !s.v.Get("NotAction").IsAbsent():
		covered = resources
		for a, err := range s.patterns(s.v.Get("NotAction")) {
			switch {
			case err != nil:
				covered = covered.and(undecided(err))
			case !overlaps(a, p.action, true):
			case covers(p.action, a, true):
				rest = append(rest, probe{a, p.resource})
			default:
				rest = append(rest, p) // of which the exception is all or a part
			}
		}
	case resources.isNo() && !actions.isNo() && !s.v.Get("NotResource").IsAbsent():
		covered = actions
		for r, err := range s.patterns(s.v.Get("NotResource")) {
			resolved, ok := resolve(r)
			switch {
			case err != nil:
				covered = covered.and(undecided(err))
			case !ok || !onResources(overlaps, resolved, p.resource):
			case onResources(covers, p.resource, resolved):
				rest = append(rest, probe{p.action, resolved})
			default:
				rest = append(rest, p)
			}
		}
	}
	if len(rest) == 0 || len(rest) > maxExceptions {
		return nil, known(false)
	}
	return rest, covered
}

// maxExceptions bounds the work on statements that together deny.
const maxExceptions = 16
