package iam

import (
	"errors"
	"strings"

	"github.com/openstance/stance/asset"
)

// Statements returns the statements of an AWS policy document in one form: Action,
// NotAction, Resource and NotResource, where present, are lists; Principal and
// NotPrincipal are maps from a type to a list, with "*" as the AWS principal "*";
// Condition is a map from operator to key to a list of strings. Sid and Effect are
// unchanged. Unread parts stay unread in their place. It returns an error if a statement
// is malformed or the statements are unread.
func Statements(doc asset.Value) ([]asset.Value, error) {
	ss, err := statements(doc)
	if err != nil {
		return nil, err
	}
	normal := make([]asset.Value, 0, len(ss))
	for _, s := range ss {
		if s.invalid != nil {
			if u, ok := errors.AsType[*asset.Unread](s.invalid); ok {
				normal = append(normal, u.Value())
				continue
			}
			return nil, s.invalid
		}
		if s.v.IsPartial() {
			normal = append(normal, notKept())
			continue
		}
		m := make(map[string]any, s.v.Len())
		for i := range s.v.Len() {
			key, v := s.v.MemberAt(i)
			switch {
			case v.IsAbsent():
			case v.Unread() != nil, key == "Sid", key == "Effect":
				m[key] = v
			case key == "Condition":
				m[key] = mapped(v, func(keys asset.Value) any { return mapped(keys, listed) })
			case strings.HasSuffix(key, "Principal"):
				if v.Kind() == asset.String {
					m[key] = map[string]any{"AWS": listed(v)}
				} else {
					m[key] = mapped(v, listed)
				}
			default:
				m[key] = listed(v)
			}
		}
		v, err := asset.Of(m)
		if err != nil {
			return nil, err
		}
		normal = append(normal, v)
	}
	return normal, nil
}

func notKept() asset.Value {
	return (&asset.Unread{Reason: asset.NotKept, Code: asset.CodeNotKept}).Value()
}

// mapped applies f to the members of a map, and returns another value unchanged.
func mapped(v asset.Value, f func(asset.Value) any) any {
	if v.Kind() != asset.Map {
		return v
	}
	if v.IsPartial() {
		return notKept()
	}
	m := make(map[string]any, v.Len())
	for i := range v.Len() {
		key, member := v.MemberAt(i)
		m[key] = f(member)
	}
	return m
}

// listed returns the strings in v as a list, and another value unchanged.
func listed(v asset.Value) any {
	if v.Unread() != nil {
		return v
	}
	list := []any{}
	if v.Kind() == asset.List {
		for i := range v.Len() {
			list = append(list, plain(v.Index(i)))
		}
		return list
	}
	return append(list, plain(v))
}

func plain(v asset.Value) any {
	if s, err := stringOf(v); err == nil {
		return s
	}
	return v
}
