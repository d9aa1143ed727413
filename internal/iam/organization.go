package iam

import (
	"strings"

	"github.com/openstance/stance/asset"
)

// setOrganization states the organization of the account and of its resources.
func (j *judgement) setOrganization(ids asset.Value) {
	if ids.IsAbsent() {
		j.homeless = &asset.Unread{
			Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "the organization of the account was not observed",
		}
		return
	}
	for id, err := range stringsIn(ids) {
		if err != nil {
			j.homeless = bare(err)
			continue
		}
		j.homeless = nil // an account is in one organization
		j.context["aws:principalorgid"] = []string{id}
		j.context["aws:resourceorgid"] = []string{id}
		j.organization = id
		return
	}
}

// byOrganization decides comparisons with the organization of the account, if they are.
// Who is right is known if the organization was observed. Otherwise a policy is taken
// to name the organization that it is used in: no principal of another one can have it.
// So an Allow that wants the organization allows, a Deny for others denies nothing, and
// what would be a limit or a denial is undecided.
func (j judgement) byOrganization(s statement, key string, es []entry, allow bool) (truth, bool) {
	paths := false
	switch key {
	case "aws:principalorgid", "aws:resourceorgid":
		if j.organization != "" {
			return truth{}, false // in the context
		}
	case "aws:principalorgpaths", "aws:resourceorgpaths":
		paths = true
	default:
		return truth{}, false
	}
	if !j.open {
		return truth{}, false
	}
	if j.organization == "" && j.homeless == nil {
		return s.all(es, entry.absent), true // in no organization
	}
	return s.all(es, func(e entry) truth {
		if e.op.kind > opLike {
			return undecided(j.unsureOfPath())
		}
		t := anyIn(s.patterns(e.values), func(v string) bool { return v != "" })
		if paths {
			t = j.inPath(s, e)
		}
		if e.op.negated {
			t = t.not()
		}
		if (paths && j.organization != "") || t.err != nil || t.isYes() == allow {
			return t
		}
		return undecided(j.unsureOfPath())
	}), true
}

// inPath reports whether the account is below one of the paths of a comparison, such as
// "o-a1b2c3d4e5/*". Units are unknown.
func (j judgement) inPath(s statement, e entry) truth {
	t := known(false)
	for p, err := range s.patterns(e.values) {
		id, rest, _ := strings.Cut(p, "/")
		switch {
		case err != nil:
			t = t.or(undecided(err))
		case j.organization != "" && !covers(id, quote(j.organization), false):
		case isStars(rest) || strings.HasPrefix(p, "${"):
			return known(true)
		default:
			t = t.or(undecided(j.unsureOfPath()))
		}
	}
	return t
}

func (j judgement) unsureOfPath() error {
	if j.homeless != nil {
		return j.homeless
	}
	return &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "the organizational unit of the account was not observed"}
}
