package iam

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
)

// GrantsAdmin reports whether a policy document alone makes its principal an
// administrator: a statement allows every action on every resource under no condition
// that the principal may fail to meet, and no Deny statement that always applies revokes
// it. With exceptions (NotAction, NotResource) or a Deny, the principal is still an
// administrator if it may write and attach policies, because these can grant the rest. A
// principal that may do everything except iam:* is not one; one that needs a second
// factor is.
func GrantsAdmin(doc asset.Value, f Facts) (bool, error) {
	ss, err := statements(doc)
	if err != nil {
		return false, err
	}
	var wide []statement
	for _, s := range ss {
		if !s.is("Allow").isNo() && !s.isWide().isNo() {
			wide = append(wide, s)
		}
	}
	if len(wide) == 0 {
		return false, nil // as most, and denials and partitions do not matter
	}
	j, _, _ := f.owner()
	var deny policies
	for _, s := range ss {
		if !s.is("Deny").isNo() {
			deny.deny = append(deny.deny, s)
		}
	}
	partitions, unsure := partitionsOf(ss)
	t := administers(wide, deny, partitions[0], j)
	for _, other := range partitions[1:] {
		if o := administers(wide, deny, other, j); o != t && t.err == nil {
			t = undecided(unsure)
		}
	}
	return t.get()
}

// administers reports whether a statement allows everything, and one of the requests
// remains after all denials.
func administers(wide []statement, deny policies, partition string, j judgement) truth {
	t := known(false)
	j.context["aws:requestedregion"] = []string{regionOfIAM(partition)}
	for _, s := range wide {
		w := s.isWide()
		if w.isNo() {
			continue
		}
		w = s.is("Allow").and(w).and(s.holds(func(key string, es []entry) truth { return j.possible(s, key, es) }))
		if w.isNo() {
			continue
		}
		governs := known(false)
		for _, p := range governing(partition) {
			governs = governs.or(s.appliesToSome(p, nil).and(deny.denies(p, j).not()))
		}
		if t = t.or(w.and(governs)); t.isYes() {
			break
		}
	}
	return t
}

// isWide reports whether the statement covers all actions and all resources, with or
// without exceptions.
func (s statement) isWide() truth {
	if s.invalid != nil {
		return undecided(s.invalid)
	}
	always := func(string) bool { return false } // exceptions are evaluated in detail
	t := s.listed("Action", "NotAction", isEveryAction, always)
	if t.isNo() {
		return t
	}
	if s.v.Get("Resource").IsAbsent() && s.v.Get("NotResource").IsAbsent() {
		return known(false) // not the policy of an identity
	}
	return t.and(s.listed("Resource", "NotResource", isEverything, always))
}

// isEveryAction reports whether a pattern matches every action. Names of services and
// actions have two letters at least.
func isEveryAction(p string) bool {
	service, action, ok := strings.Cut(p, ":")
	if !ok {
		return isAnything(p, 5)
	}
	return isAnything(service, 2) && isAnything(action, 2)
}

// governing returns the requests that can grant everything else: those that give any
// identity any policy.
func governing(partition string) []probe {
	var ps []probe
	for _, x := range []struct{ action, kind string }{
		{"AttachUserPolicy", "user"}, {"PutUserPolicy", "user"}, {"AttachRolePolicy", "role"},
		{"PutRolePolicy", "role"}, {"CreatePolicyVersion", "policy"},
	} {
		ps = append(ps, probe{"iam:" + x.action, fmt.Sprintf("arn:%s:iam::*:%s/%s", partition, x.kind, somebody)})
	}
	return ps
}

// partitionsOf returns the partition of the statements: the first one that they name, or
// the default one. If an unread part may name another, it returns that one and the
// reason too.
func partitionsOf(ss []statement) (partitions []string, unsure error) {
	for _, s := range ss {
		for _, element := range []string{"Resource", "NotResource"} {
			for r, err := range stringsIn(s.v.Get(element)) {
				a, ok := parseARN(r)
				switch {
				case err != nil:
					unsure = cmp.Or(unsure, bare(err))
				case ok && strings.HasPrefix(a.partition(), "aws-") && !hasWildcard(a.partition()):
					partitions = append(partitions, a.partition())
				}
				if len(partitions) > 0 && unsure == nil {
					return partitions, nil
				}
			}
		}
	}
	if unsure == nil {
		return []string{"aws"}, nil
	}
	return append(partitions, "aws", "aws-cn", "aws-us-gov"), unsure
}

// somebody is the name of a resource that policies can only match with a wildcard.
const somebody = "stance-4f1d2c7a9b"
