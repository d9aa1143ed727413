package iam

import "strings"

// In patterns, '*' matches any string and '?' any one byte. A literal star or question
// mark is written as a byte that valid UTF-8 does not have.
var quoter = strings.NewReplacer("*", "\xfe", "?", "\xff")

// quote returns a pattern that matches only the string.
func quote(s string) string { return quoter.Replace(s) }

// covers reports whether pattern p matches every string that pattern q matches. It may
// return false for patterns with several wildcards that do, but never true wrongly. It
// ignores case if fold is set. It takes time len(p)*len(q) at worst.
func covers(p, q string, fold bool) bool {
	i, j := 0, 0
	star, from := -1, 0
	for j < len(q) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && one(p[i], q[j], fold):
			i++
			j++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// one reports whether byte p of a pattern covers byte q of another.
func one(p, q byte, fold bool) bool {
	if p == '?' {
		return q != '*'
	}
	return q != '*' && q != '?' && same(p, q, fold)
}

func same(p, q byte, fold bool) bool {
	return p == q || fold && lower(p) == lower(q)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// overlaps reports whether both patterns match some string. It takes time
// len(p)*len(q).
func overlaps(p, q string, fold bool) bool {
	if p != "" && q != "" && !isWildcard(p[0]) && !isWildcard(q[0]) && !same(p[0], q[0], fold) {
		return false // the usual case
	}
	switch {
	case !hasWildcard(q):
		return covers(p, q, fold)
	case !hasWildcard(p):
		return covers(q, p, fold)
	}
	// row[j] tells whether p[:i] and q[:j] match a common string.
	var short [128]bool
	row := short[:]
	if len(q) >= len(row) {
		row = make([]bool, len(q)+1)
	}
	row = row[:len(q)+1]
	row[0] = true
	for j := 1; j <= len(q); j++ {
		row[j] = row[j-1] && q[j-1] == '*'
	}
	for i := range len(p) {
		diagonal := row[0]
		row[0] = row[0] && p[i] == '*'
		for j := 1; j <= len(q); j++ {
			above := row[j]
			switch {
			case p[i] == '*' || q[j-1] == '*':
				row[j] = above || row[j-1]
			default:
				row[j] = diagonal && (p[i] == '?' || q[j-1] == '?' || same(p[i], q[j-1], fold))
			}
			diagonal = above
		}
	}
	return row[len(q)]
}

func hasWildcard(p string) bool { return strings.ContainsAny(p, "*?") }

func isWildcard(c byte) bool { return c == '*' || c == '?' }

func isStars(p string) bool { return p != "" && strings.Trim(p, "*") == "" }

// isAnything reports whether a pattern matches every string of n bytes or more.
func isAnything(p string, n int) bool {
	return strings.Trim(p, "*?") == "" && strings.Contains(p, "*") && strings.Count(p, "?") <= n
}

// arn is the six fields of an Amazon Resource Name, of a pattern for some, or the
// start of one.
type arn [6]string

// parseARN splits s. Missing fields are stars, as in IAM. It reports false if s does not
// begin like an ARN.
func parseARN(s string) (arn, bool) {
	if !strings.HasPrefix(s, "arn:") {
		return arn{}, false
	}
	a := arn{"*", "*", "*", "*", "*", "*"}
	for i := range a {
		if i == len(a)-1 {
			a[i] = s
			break
		}
		field, rest, more := strings.Cut(s, ":")
		a[i] = field
		if !more {
			break
		}
		s = rest
	}
	return a, true
}

func (a arn) partition() string { return a[1] }
func (a arn) service() string   { return a[2] }
func (a arn) account() string   { return a[4] }
func (a arn) resource() string  { return a[5] }

// onResources applies a relation of patterns to two patterns of resources: to each
// field of ARNs, because a wildcard matches within its field, and to the whole strings
// if one of them is not an ARN.
func onResources(relation func(p, q string, fold bool) bool, p, q string) bool {
	if isStars(p) {
		return true
	}
	a, okA := parseARN(p)
	b, okB := parseARN(q)
	if !okA || !okB {
		return relation(p, q, false)
	}
	for i := range a {
		if !relation(a[i], b[i], false) {
			return false
		}
	}
	return true
}

// isEverything reports whether a pattern for resources matches every resource of a
// partition.
func isEverything(p string) bool {
	if isAnything(p, len("arn:aws:")) {
		return true
	}
	a, ok := parseARN(p)
	if !ok {
		return false
	}
	for _, field := range a[2:] {
		if !isStars(field) {
			return false
		}
	}
	return true
}
