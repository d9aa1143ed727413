package iam

import (
	"errors"
	"strings"

	"github.com/openstance/stance/asset"
)

// DemandsMFA reports whether a conditional access policy of Microsoft Entra demands
// multifactor authentication whenever a user signs in: it is enabled, applies to the
// user and to all apps, leaves no other control to choose, and has no condition but
// those that every sign-in meets. User and report are the user and its row of the report
// of registrations, as Microsoft Graph has them.
//
// The members of groups and roles are unknown, and so is the result if it depends on
// them.
func DemandsMFA(policy, user, report asset.Value) (bool, error) {
	if err := policy.Unread(); err != nil {
		return false, err
	}
	c := signIn{policy.Get("conditions"), user, report}
	t := is(policy.Get("state"), "enabled")
	for _, demand := range []func() truth{func() truth { return requiresMFA(policy.Get("grantControls")) }, c.always, c.included, func() truth { return c.excluded().not() }} {
		if t.isNo() {
			break
		}
		t = t.and(demand())
	}
	return t.get()
}

// signIn are the conditions of a policy and who signs in.
type signIn struct{ conditions, user, report asset.Value }

var (
	errOfGroup = unresolved("the members of a group were not observed")
	errOfRole  = unresolved("the roles of the user were not observed")
	errOfGuest = unresolved("the kind of the guest was not observed")
)

func unresolved(message string) error {
	return &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: message}
}

// is reports whether a string has a value, in any case. An absent one has none.
func is(v asset.Value, want string) truth {
	return anyOf(v, func(s string) bool { return strings.EqualFold(s, want) })
}

// has reports whether a list has one of the values.
func has(list asset.Value, values ...string) truth {
	return anyOf(list, func(s string) bool {
		for _, v := range values {
			if strings.EqualFold(s, v) {
				return true
			}
		}
		return false
	})
}

// empty reports whether nothing is configured.
func empty(v asset.Value) truth {
	switch v.Kind() {
	case asset.Absent, asset.Null:
		return known(true)
	case asset.UnreadPart:
		return undecided(v.Unread())
	case asset.List, asset.Map:
		if v.Len() == 0 && v.IsPartial() {
			return undecided(v.Get("").Err())
		}
		return known(v.Len() == 0)
	}
	return known(false)
}

// requiresMFA reports whether the controls can only be met with a second factor.
func requiresMFA(controls asset.Value) truth {
	if u := controls.Unread(); u != nil {
		return undecided(u)
	}
	strength := controls.Get("authenticationStrength")
	strong := is(strength.Get("requirementsSatisfied"), "mfa")
	builtIn := controls.Get("builtInControls")
	t := has(builtIn, "mfa").or(strong)
	if t.isNo() {
		return t
	}
	// Without an operator all controls are required.
	all := empty(controls.Get("operator")).or(is(controls.Get("operator"), "AND"))
	alone := empty(controls.Get("termsOfUse")).and(empty(controls.Get("customAuthenticationFactors"))).and(
		strong.and(empty(builtIn)).or(empty(strength).and(anyOf(builtIn, func(s string) bool { return !strings.EqualFold(s, "mfa") }).not())))
	return t.and(all.or(alone))
}

// always reports whether every sign-in meets the conditions beside the users: a short
// list of conditions that mean everything, and others only if they are empty.
func (c signIn) always() truth {
	switch c.conditions.Kind() {
	case asset.Map:
	case asset.UnreadPart:
		return undecided(c.conditions.Unread())
	default:
		return known(false) // Microsoft Graph has the users there
	}
	t := known(true)
	for i := range c.conditions.Len() {
		name, v := c.conditions.MemberAt(i)
		switch name {
		case "users":
		case "applications":
			t = t.and(only(v, "includeApplications", "All"))
		case "clientAppTypes":
			t = t.and(empty(v).or(has(v, "all")))
		case "locations":
			t = t.and(empty(v).or(only(v, "includeLocations", "All")))
		case "platforms":
			t = t.and(empty(v).or(only(v, "includePlatforms", "all")))
		default:
			t = t.and(empty(v))
		}
		if t.isNo() {
			return t
		}
	}
	if c.conditions.IsPartial() {
		t = t.and(undecided(c.conditions.Get("").Err()))
	}
	return t.and(only(c.conditions.Get("applications"), "includeApplications", "All"))
}

// only reports whether a list of the object has the value that means everything, and
// nothing else is configured in the object.
func only(object asset.Value, list, everything string) truth {
	if u := object.Unread(); u != nil {
		return undecided(u)
	}
	t := has(object.Get(list), everything)
	if object.Kind() != asset.Map {
		return t
	}
	for i := range object.Len() {
		if name, v := object.MemberAt(i); name != list {
			t = t.and(empty(v))
		}
	}
	if object.IsPartial() {
		t = t.and(undecided(object.Get("").Err()))
	}
	return t
}

func (c signIn) users() asset.Value { return c.conditions.Get("users") }

func (c signIn) names(list string) truth {
	id, err := c.user.Get("id").Str()
	if err != nil {
		if u := c.user.Get("id").Unread(); u != nil {
			return undecided(u)
		}
		return undecided(errors.New("the user has no id"))
	}
	return has(c.users().Get(list), id)
}

// guest reports whether the user is a guest.
func (c signIn) guest() truth {
	kind := c.user.Get("userType")
	if empty(kind).isYes() {
		return undecided(errOfGuest)
	}
	return is(kind, "Member").not()
}

// ofGroup and ofRole report whether the user is in one of the groups or has one of the
// roles of a list.
func (c signIn) ofGroup(list string) truth {
	return empty(c.users().Get(list)).not().and(undecided(errOfGroup))
}

func (c signIn) ofRole(list string) truth {
	t := empty(c.users().Get(list)).not()
	admin := c.report.Get("isAdmin")
	if some, err := admin.Bool(); err == nil && !some {
		return t.and(known(false))
	} else if u := admin.Unread(); u != nil {
		return t.and(undecided(u))
	}
	return t.and(undecided(errOfRole))
}

// ofGuests reports whether the user is a guest of a kind that an object describes.
func (c signIn) ofGuests(object string) truth {
	return empty(c.users().Get(object)).not().and(c.guest()).and(undecided(errOfGuest))
}

func (c signIn) included() truth { return c.listed("include") }

func (c signIn) excluded() truth { return c.listed("exclude") }

// listed reports whether the policy includes or excludes the user, as the verb says.
func (c signIn) listed(verb string) truth {
	if u := c.users().Unread(); u != nil {
		return undecided(u)
	}
	list := c.users().Get(verb + "Users")
	return has(list, "All").or(c.names(verb + "Users")).
		or(has(list, "GuestsOrExternalUsers").and(c.guest())).
		or(c.ofGuests(verb + "GuestsOrExternalUsers")).
		or(c.ofGroup(verb + "Groups")).
		or(c.ofRole(verb + "Roles"))
}
