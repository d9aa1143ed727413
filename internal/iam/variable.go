package iam

import "strings"

// variables returns the values of policy variables such as aws:username.
type variables func(key string) (string, bool)

// resolve replaces the policy variables in a pattern. It reports false if a variable has
// no value; the pattern then matches nothing.
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

// substituted returns a pattern with values in place of its variables, and false if one
// has no value. An unclosed variable is literal.
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
