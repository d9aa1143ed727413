package iam

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// Limits of a policy document, far beyond what any cloud accepts. What is larger
// is refused, so that a hostile document cannot keep a scan busy.
const (
	maxPolicy  = 4 << 20 // bytes of text, with 16 more for each value
	maxPattern = 2048    // bytes of an action, a resource or a value to compare with
)

// Normalise returns a policy document as JSON. Documents that arrive as text are
// parsed, after percent-decoding where IAM encoded them; an empty text is an
// absent document. Any other value is returned as it is. The error is that of
// reading the text.
func Normalise(doc asset.Value) (asset.Value, error) {
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
	errTooLarge = errors.New("policy too large to judge")
)

// statement is one statement of an AWS policy document.
type statement struct {
	v           asset.Value
	variables   bool  // the version of the document has policy variables
	unversioned error // why it is not known whether it has
	fault       error // why the statement is none, or may be none
}

// statements returns the statements of an AWS policy document. A statement that is
// unread or malformed is among them and answers for itself; the error is for a
// document of which that cannot be said.
func statements(doc asset.Value) ([]statement, error) {
	doc, err := Normalise(doc)
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

// fits takes the size of v from what is left and reports whether there was enough.
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
	// Documents of the first version take "${" as text.
	if name, err := version.Str(); err == nil {
		s.variables = name != "2008-10-17"
	} else if u := version.Unread(); u != nil {
		s.unversioned = u
	}
	fail := func(format string, args ...any) {
		s.fault = fmt.Errorf("policy: statement %d: %w", index, fmt.Errorf(format, args...))
	}
	// What was not read may as well not be there.
	perhaps := func(u *asset.Unread) {
		if s.fault == nil {
			s.fault = u
		}
	}
	if v.Kind() != asset.Map {
		if s.fault = v.Unread(); v.Unread() == nil {
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
	if s.fault == nil && !v.IsPartial() {
		if v.Get("Effect").IsAbsent() {
			fail("no Effect")
		} else if has[1].IsAbsent() {
			fail("no Action")
		}
	}
	return s
}

// is tells whether the effect of the statement is the given one.
func (s statement) is(effect string) truth {
	if s.fault != nil {
		return undecided(s.fault)
	}
	e, err := s.v.Get("Effect").Str()
	if err != nil {
		return undecided(err)
	}
	return known(e == effect)
}

// probe is a request, or a pattern for requests, that a statement is asked about.
type probe struct {
	action, resource string // patterns; plain text is quoted
}

// appliesToAll tells whether the statement applies to every request of the probe,
// as far as actions and resources go.
func (s statement) appliesToAll(p probe, vars variables) truth {
	return s.applies(p, vars, covers, overlaps)
}

// appliesToSome tells whether it applies to at least one.
func (s statement) appliesToSome(p probe, vars variables) truth {
	return s.applies(p, vars, overlaps, covers)
}

func (s statement) applies(p probe, vars variables, relation, opposite func(p, q string, fold bool) bool) truth {
	if s.fault != nil {
		return undecided(s.fault)
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

// listed tells whether an element of the statement lists what yes accepts or, if
// the statement has the opposite element instead, nothing that no accepts. A
// statement with neither, as policies of some resources have, is about anything.
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

// anyOf tells whether one of the texts in v is accepted.
func anyOf(v asset.Value, accept func(string) bool) truth { return anyIn(texts(v), accept) }

func anyIn(all iter.Seq2[string, error], accept func(string) bool) truth {
	t := known(false)
	for s, err := range all {
		switch {
		case err != nil:
			t = undecided(err)
		case accept(s):
			return known(true)
		}
	}
	return t
}

// texts yields the text that v is, or the texts in the list that v is. Numbers and
// booleans count as their text and null as nothing; what is unread, redacted, too
// long or of another kind is an error, and the sequence goes on after it.
func texts(v asset.Value) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		switch v.Kind() {
		case asset.Absent, asset.Null:
		case asset.List:
			for i := range v.Len() {
				if e := v.Index(i); e.Kind() != asset.Null && !yield(text(e)) {
					return
				}
			}
		default:
			yield(text(v))
		}
	}
}

// patterns yields the texts in v, and an error for one of which it is not known
// whether there are variables in it.
func (s statement) patterns(v asset.Value) iter.Seq2[string, error] {
	if s.unversioned == nil {
		return texts(v)
	}
	return func(yield func(string, error) bool) {
		for p, err := range texts(v) {
			if err == nil && strings.Contains(p, "${") {
				err = s.unversioned
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func text(v asset.Value) (string, error) {
	switch v.Kind() {
	case asset.Bool:
		b, err := v.Bool()
		return strconv.FormatBool(b), err
	case asset.Int, asset.Float:
		return v.String(), nil
	}
	s, err := v.Str()
	if err != nil {
		return "", err
	}
	if _, redacted := v.Redacted(); redacted {
		return "", fmt.Errorf("policy: text %w", errRedacted)
	}
	if len(s) > maxPattern {
		return "", fmt.Errorf("policy: text of %d bytes, more than %d", len(s), maxPattern)
	}
	return s, nil
}

// variables gives the values of policy variables such as aws:username.
type variables func(key string) (string, bool)

// resolve replaces the policy variables in a pattern. It reports false if one has
// no value: the pattern then matches nothing.
func (s statement) resolve(p string, vars variables) (string, bool) {
	if !s.variables || !strings.Contains(p, "${") {
		return p, true
	}
	return substituted(p, func(name string) (string, bool) {
		if name == "*" || name == "?" || name == "$" {
			return quote(name), true
		}
		key, fallback, hasFallback := strings.Cut(name, ",")
		value, ok := "", false
		if vars != nil {
			value, ok = vars(strings.TrimSpace(key))
		}
		if fallback = strings.TrimSpace(fallback); !ok && hasFallback && len(fallback) >= 2 && fallback[0] == '\'' && fallback[len(fallback)-1] == '\'' {
			value, ok = fallback[1:len(fallback)-1], true
		}
		return quote(value), ok
	})
}

// substituted returns a pattern with values in place of the variables in it, and false
// if one has none. What looks like the start of one is text.
func substituted(p string, value func(name string) (string, bool)) (string, bool) {
	var b strings.Builder
	for {
		before, rest, _ := strings.Cut(p, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString(p)
			return b.String(), true
		}
		v, ok := value(name)
		if !ok {
			return "", false
		}
		b.WriteString(before)
		b.WriteString(v)
		p = after
	}
}
