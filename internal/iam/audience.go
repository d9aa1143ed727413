package iam

// audience are the strangers whom a policy may address: principals that its owner does
// not know, at one instant.
type audience struct {
	context map[string][]string // condition keys whose values are known, by lower-case key
	issuers []string            // patterns of identity providers that serve one tenant
}

// strangers returns the audience of requests for which the facts are true.
func (f Facts) strangers() audience {
	a := audience{issuers: f.Issuers, context: map[string][]string{
		"aws:principalisawsservice":                {"false"},
		"elasticfilesystem:accessedviamounttarget": {"false"},
	}}
	f.dates(a.context)
	return a
}

// allowed reports whether the statement alone is public.
func (a audience) allowed(s statement) truth {
	t := s.is("Allow")
	if t.isNo() {
		return t
	}
	if t = t.and(a.addressed(s)); t.isNo() {
		return t
	}
	return t.and(s.holds(func(key string, es []entry) truth { return a.passable(s, key, es) }))
}

// addressed reports whether strangers are among the statement's principals.
func (a audience) addressed(s statement) truth {
	if s.invalid != nil {
		return undecided(s.invalid)
	}
	who, others := s.v.Get("Principal"), s.v.Get("NotPrincipal")
	switch {
	case who.Err() == nil:
		t := known(false)
		for p, err := range principals(who) {
			if err != nil {
				t = t.or(undecided(err))
			} else {
				t = t.or(a.includes(p, s))
			}
		}
		return t
	case others.Err() == nil:
		return anybodyIn(others).not()
	case who.Unread() != nil:
		return undecided(who.Unread())
	case others.Unread() != nil:
		return undecided(others.Unread())
	}
	return known(false)
}

// addressesEverybody reports whether all strangers are among the statement's principals.
func (s statement) addressesEverybody() truth {
	if s.invalid != nil {
		return undecided(s.invalid)
	}
	who, others := s.v.Get("Principal"), s.v.Get("NotPrincipal")
	switch {
	case who.Err() == nil:
		return everybodyIn(who)
	case others.Err() == nil:
		return anybodyIn(others).not()
	case who.Unread() != nil:
		return undecided(who.Unread())
	case others.Unread() != nil:
		return undecided(others.Unread())
	}
	return known(false)
}

// includes reports whether strangers are among those that the principal of a statement
// names: everybody, or the customers of a shared identity provider.
func (a audience) includes(p principal, s statement) truth {
	if p.isAnybody() {
		if i, ok := issuerOf(p); ok && p.kind == "Federated" && i.isSentinel() {
			return s.namesSession().not()
		}
		return known(true)
	}
	if p.kind != "Federated" {
		return known(false)
	}
	i, ok := issuerOf(p)
	if !ok || i.servesOneTenant(a.issuers) {
		return known(false)
	}
	if t := s.namesSubject(i); t.isYes() || t.err != nil {
		return t.not()
	}
	return undecided(unknownIssuer(i))
}

// namesSubject reports whether the condition compares the subject of the provider's
// tokens with a value that begins with the name of somebody.
func (s statement) namesSubject(i issuer) truth {
	return s.requires(func(key string) bool {
		of, claim, ok := claimOf(key)
		return ok && of == i && claim == "sub"
	}, func(v string) bool { return v != "" && !isWildcard(v[0]) })
}

// namesSession reports whether the condition compares the name of the session with a
// value without wildcards.
func (s statement) namesSession() truth {
	return s.requires(func(key string) bool { return key == "sts:rolesessionname" },
		func(v string) bool { return v != "" && !hasWildcard(v) })
}

// requires reports whether the condition is met only by requests that have the key with
// a value that is accepted.
func (s statement) requires(key func(string) bool, accept func(string) bool) truth {
	t := known(false)
	for _, e := range s.entries() {
		switch {
		case e.err != nil:
			t = t.or(undecided(e.err))
		case key(e.key) && !e.op.negated && e.op.kind <= opARN:
			t = t.or(e.absent().not().and(anyIn(s.patterns(e.values), func(v string) bool { return !accept(v) }).not()))
		}
	}
	return t
}

// passable reports whether a stranger can meet all comparisons of a key, without the
// key or with a value of its own.
func (a audience) passable(s statement, key string, es []entry) truth {
	if got, ok := a.context[key]; ok {
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

// unavoidable reports whether every stranger meets all comparisons of a key.
func (a audience) unavoidable(s statement, key string, es []entry) truth {
	if got, ok := a.context[key]; ok {
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
