package iam

import (
	"slices"
	"strings"
	"time"

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

// denies reports whether statements deny every request of the probe: one of them, or
// two of which one leaves out only what the other denies.
func (ps policies) denies(p probe, j judgement) truth {
	return ps.rest().or(deniedBy(ps.deny, p, j, true))
}

// maxTogether is the number of Deny statements up to which pairs of them are compared.
const maxTogether = 64

func deniedBy(deny []statement, p probe, j judgement, together bool) truth {
	t := known(false)
	for _, s := range deny {
		d := s.appliesToAll(p, j.variable)
		if !d.isNo() {
			d = d.and(j.denial(s))
		}
		if t = t.or(d); t.isYes() {
			return t
		}
	}
	if !together || len(deny) == 1 || len(deny) > maxTogether {
		return t
	}
	for i, s := range deny {
		rest, d := s.exceptions(p, j.variable)
		if d.isNo() {
			continue
		}
		if d = d.and(j.denial(s)); d.isNo() {
			continue
		}
		others := slices.Concat(deny[:i], deny[i+1:])
		for _, r := range rest {
			if d = d.and(deniedBy(others, r, j, false)); d.isNo() {
				break
			}
		}
		if t = t.or(d); t.isYes() {
			return t
		}
	}
	return t
}

// denial reports whether the statement is a Deny whose condition every request meets.
func (j judgement) denial(s statement) truth {
	t := s.is("Deny")
	if t.isNo() {
		return t
	}
	return t.and(s.holds(func(key string, es []entry) truth { return j.certain(s, key, es) }))
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

	now          time.Time // zero: any
	account      string    // of the principal; "" if unknown
	organization string    // of the account; "" if it is in none or that is unknown
	homeless     error     // why the organization is unknown
	creates      bool      // requests make something, and may give it tags
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
	if t, ok := j.byOrganization(s, key, es, false); ok {
		return t
	}
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
// the comparisons hold, without a value that others would have to give it. Who has a
// second factor can use it.
func (j judgement) possible(s statement, key string, es []entry) truth {
	if t, ok := j.byOrganization(s, key, es, true); ok {
		return t
	}
	if t, ok := j.given(s, key, es); ok {
		return t
	}
	return s.all(es, entry.absent).or(s.all(es, func(e entry) truth {
		switch {
		case e.op.kind == opNull:
			return known(strings.HasPrefix(key, "aws:multifactorauth"))
		case e.op.negated:
			return e.universal().not()
		case kindOf(key) != anyKey:
			return j.isChosen(e).or(s.owned(e).not())
		}
		return j.isChosen(e).or(e.universal())
	}))
}

// isChosen reports whether a caller can choose the value of the key that the comparison
// wants, or only has to wait for it.
func (j judgement) isChosen(e entry) truth {
	switch e.key {
	case "aws:useragent", "aws:referer", "aws:requestedregion", "sts:rolesessionname",
		"aws:multifactorauthpresent", "aws:multifactorauthage",
		"aws:calledvia", "aws:calledviafirst", "aws:calledvialast": // a service can be made to call
		return known(true)
	case "aws:tokenissuetime":
		if !j.now.IsZero() {
			return anyOf(e.values, func(v string) bool { return e.op.equal(v, j.now.UTC().Format(time.RFC3339)) })
		}
		return known(e.op.want != nil && e.op.want(1))
	case "aws:currenttime", "aws:epochtime":
		return known(e.op.want != nil && e.op.want(1))
	case "aws:principalarn":
		// The holders of the policy are unknown, but they are in this account.
		return anyOf(e.values, func(v string) bool {
			a, ok := parseARN(v)
			return ok && j.account != "" && covers(a.account(), quote(j.account), false)
		})
	case "aws:tagkeys":
		return known(j.creates)
	}
	return known(j.creates && strings.HasPrefix(e.key, "aws:requesttag/"))
}
