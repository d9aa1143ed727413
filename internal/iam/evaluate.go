package iam

import (
	"strings"

	"github.com/openstance/stance/asset"
)

// Decision is the outcome of a request. The zero Decision is ImplicitlyDenied.
type Decision int

// The decisions.
const (
	ImplicitlyDenied Decision = iota // nothing allows it
	ExplicitlyDenied                 // a Deny statement forbids it
	Allowed
)

// String returns the name of the decision.
func (d Decision) String() string {
	switch d {
	case ExplicitlyDenied:
		return "ExplicitlyDenied"
	case Allowed:
		return "Allowed"
	}
	return "ImplicitlyDenied"
}

// Request is a request of a principal.
type Request struct {
	Action   string // "s3:GetObject"
	Resource string // ARN
	// Context has the values of the condition keys of the request, by their names in
	// any case. A missing key is missing in the request. Binary values are not in base64.
	Context map[string][]string
}

// Evaluate decides a request of a principal with the identity-based policies docs. It
// is allowed if a statement of docs and one of the permissions boundary allow it (an
// absent boundary allows everything), and no statement of either denies it. Resource
// policies and policies of the organization are ignored.
func Evaluate(docs []asset.Value, boundary asset.Value, r Request) (Decision, error) {
	context := make(map[string][]string, len(r.Context))
	for k, v := range r.Context {
		context[strings.ToLower(k)] = v
	}
	j := judgement{context: context}
	p := probe{quote(r.Action), quote(r.Resource)}
	own, limit := readAll(docs...), bounds(boundary)
	denied := own.denies(p, j).or(limit.denies(p, j))
	allowed := own.allows(p, j).and(limit.allows(p, j))
	switch {
	case denied.isYes():
		return ExplicitlyDenied, nil
	case denied.err != nil:
		return ImplicitlyDenied, denied.err
	case allowed.err != nil:
		return ImplicitlyDenied, allowed.err
	case allowed.isYes():
		return Allowed, nil
	}
	return ImplicitlyDenied, nil
}

// policies are the statements of some documents.
type policies struct {
	allow, deny []statement
	err         error // why there may be more statements
	everything  bool  // no document, which limits nothing
}

func readAll(docs ...asset.Value) policies {
	var p policies
	for _, doc := range docs {
		ss, err := statements(doc)
		if err != nil && p.err == nil {
			p.err = err
		}
		for _, s := range ss {
			// A statement with an unknown effect counts as both Allow and Deny.
			if !s.is("Allow").isNo() {
				p.allow = append(p.allow, s)
			}
			if !s.is("Deny").isNo() {
				p.deny = append(p.deny, s)
			}
		}
	}
	return p
}

// actions returns the patterns of the actions that statements allow, and whether there
// may be others.
func (ps policies) actions() (all []string, others bool) {
	others = ps.err != nil
	for _, s := range ps.allow {
		listed := s.v.Get("Action")
		others = others || s.invalid != nil || listed.Err() != nil
		for p, err := range s.patterns(listed) {
			if err != nil {
				others = true
			} else {
				all = append(all, p)
			}
		}
	}
	return all, others
}

// bounds reads a permissions boundary.
func bounds(doc asset.Value) policies {
	if doc.IsAbsent() {
		return policies{everything: true}
	}
	return readAll(doc)
}

func (ps policies) rest() truth {
	if ps.err != nil {
		return undecided(ps.err)
	}
	return known(false)
}

// denies reports whether a statement denies every request of the probe.
func (ps policies) denies(p probe, j judgement) truth {
	t := ps.rest()
	for _, s := range ps.deny {
		d := s.appliesToAll(p, j.variable)
		if !d.isNo() {
			d = s.is("Deny").and(d).and(s.holds(func(key string, es []entry) truth { return j.certain(s, key, es) }))
		}
		if t = t.or(d); t.isYes() {
			break
		}
	}
	return t
}

// allows reports whether a statement allows some request of the probe.
func (ps policies) allows(p probe, j judgement) truth {
	if ps.everything {
		return known(true)
	}
	t := ps.rest()
	for _, s := range ps.allow {
		a := s.appliesToSome(p, j.variable)
		if !a.isNo() {
			a = s.is("Allow").and(a).and(s.holds(func(key string, es []entry) truth { return j.possible(s, key, es) }))
		}
		if t = t.or(a); t.isYes() {
			break
		}
	}
	return t
}

// judgement decides conditions for the requests in question.
type judgement struct {
	context map[string][]string // by lower-case key
	// open says that requests may have keys that are not in context, with values that
	// are unknown or chosen by the caller.
	open bool
}

func (j judgement) variable(key string) (string, bool) {
	v := j.context[strings.ToLower(key)]
	if len(v) != 1 {
		return "", false
	}
	return v[0], true
}

// given decides comparisons with a key whose values are known.
func (j judgement) given(s statement, key string, es []entry) (truth, bool) {
	if got, ok := j.context[key]; ok {
		return s.all(es, func(e entry) truth { return s.matches(e, got, j.variable) }), true
	}
	if !j.open {
		return s.all(es, entry.absent), true
	}
	return truth{}, false
}

// certain reports whether the comparisons hold for every request.
func (j judgement) certain(s statement, key string, es []entry) truth {
	if t, ok := j.given(s, key, es); ok {
		return t
	}
	return s.all(es, entry.absent).and(s.all(es, func(e entry) truth {
		if e.op.negated || e.op.kind == opNull {
			return known(false)
		}
		return e.universal()
	}))
}

// possible reports whether every principal with the policy can make a request for which
// the comparisons hold, without a value that others would have to give it.
func (j judgement) possible(s statement, key string, es []entry) truth {
	if t, ok := j.given(s, key, es); ok {
		return t
	}
	return s.all(es, entry.absent).or(s.all(es, func(e entry) truth {
		switch {
		case e.op.kind == opNull:
			return known(false)
		case e.op.negated:
			return e.universal().not()
		case kindOf(key) != anyKey:
			return e.isChosen().or(s.owned(e).not())
		}
		return e.isChosen().or(e.universal())
	}))
}

// isChosen reports whether a caller can choose the value of the key that the comparison
// wants, or only has to wait for it.
func (e entry) isChosen() truth {
	switch e.key {
	case "aws:useragent", "aws:referer", "aws:requestedregion", "sts:rolesessionname":
		return known(true)
	case "aws:multifactorauthpresent":
		return anyOf(e.values, func(v string) bool { return strings.EqualFold(v, "false") })
	case "aws:currenttime", "aws:epochtime", "aws:tokenissuetime":
		return known(e.op.want != nil && e.op.want(1))
	}
	return known(false)
}
