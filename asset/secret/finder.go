package secret

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// largeBlock is the size in bytes from which a block is not searched as a whole: a
// document may be a small part of it.
const largeBlock = 64 << 10

// document returns v sanitized. The names of members count if byNames is true; in access
// policies, whose conditions have keys of all kinds, they do not. The documents of an
// asset are often parts of one block: clean is the last block without a suspicious word.
func (r *Redactor) document(v asset.Value, secret [][]asset.Step, byNames, generic bool, clean *string) asset.Value {
	if v.Kind() == asset.UnreadPart {
		u := v.Unread()
		if hidden := r.unread(u); hidden != u {
			return hidden.Value()
		}
		return v
	}
	if v.IsSanitized() {
		return v
	}
	ignored := clueGeneric
	if generic {
		ignored = 0
	}
	if block := v.Block(); len(secret) == 0 && len(block) < largeBlock && (block == *clean || screen(block, true)&^ignored == 0) {
		*clean = block
		return v.Redact(nil)
	}
	// Most documents with a suspicious word hold no secret: find first, copy then.
	f := finder{r: r, byNames: byNames, generic: generic}
	f.part(v, place{paths: secret})
	if len(f.found) == 0 {
		return v.Redact(nil)
	}
	f.at = 0
	return v.Redact(&asset.Redaction{
		Text: func(string) (asset.Redacted, bool) {
			kept := f.next()
			if kept == nil {
				return asset.Redacted{}, false
			}
			return kept.text, true
		},
		Key: func(key string) string {
			if kept := f.next(); kept != nil {
				return kept.key
			}
			return key
		},
		Unread: func(u *asset.Unread) *asset.Unread {
			if f.next() != nil {
				return r.unread(u)
			}
			return u
		},
	})
}

// finder finds the secrets of a document.
type finder struct {
	r                *Redactor
	byNames, generic bool
	at               int // keys, strings and unread parts seen, in the order of asset.Value.Redact
	found            []found
}

// found is what takes the place of a string or a key. For an unread part both are empty.
type found struct {
	at   int
	text asset.Redacted
	key  string
}

// next counts one more string, and returns what takes its place, or nil.
func (f *finder) next() *found {
	f.at++
	if len(f.found) == 0 || f.found[0].at != f.at {
		return nil
	}
	kept := &f.found[0]
	f.found = f.found[1:]
	return kept
}

// place describes where a part of a document is.
type place struct {
	name   string         // of the member that it is or lies in
	paths  [][]asset.Step // to secrets in it
	secret bool           // it lies under a secret path
	inList bool
	// argument is true for an argument of a command that an option marks as a secret.
	argument bool
}

func (f *finder) part(v asset.Value, p place) {
	for _, steps := range p.paths {
		p.secret = p.secret || len(steps) == 0
	}
	switch v.Kind() {
	case asset.String:
		if s, ok := plain(v); ok {
			f.text(s, p)
		}
	case asset.UnreadPart:
		u := v.Unread()
		if f.at++; f.r.unread(u) != u {
			f.found = append(f.found, found{at: f.at})
		}
	case asset.List:
		arguments := secretArgumentsOf(v)
		for i := range v.Len() {
			f.part(v.Index(i), place{
				name: p.name, secret: p.secret, inList: true, argument: slices.Contains(arguments, i),
				paths: following(p.paths, func(s asset.Step) bool { return s.Any || s.Index == i }),
			})
		}
	case asset.Map:
		f.members(v, p)
	}
}

func (f *finder) members(v asset.Value, p place) {
	nameKey, valueKey, name := "", "", ""
	if p.inList {
		nameKey, valueKey, name = pair(v)
	}
	var keys distinct
	for i := range v.Len() {
		k, x := v.MemberAt(i)
		if f.at++; len(k) >= 8 {
			if by := detectIn("", k); len(by) > 0 {
				if keys == nil {
					keys = distinct{}
				}
				key := keys.name(f.r.redacted(k, by).String(), func(key string) bool { return v.Get(key).Kind() != asset.Absent })
				f.found = append(f.found, found{at: f.at, key: key})
			}
		}
		inner := place{name: k, secret: p.secret || f.generic && isGeneric(p, k)}
		if len(p.paths) > 0 {
			inner.paths = following(p.paths, func(s asset.Step) bool { return s.Any || s.Index < 0 && s.Key == k })
		}
		switch {
		case nameKey == "":
		case k == valueKey:
			inner.name = name
		default: // the name, and where else the value may come from
			inner.secret = false
		}
		if (inner.secret || len(inner.paths) > 0) && f.r.allowed(inner.name) {
			inner.secret = false
			inner.paths = slices.DeleteFunc(inner.paths, func(steps []asset.Step) bool { return len(steps) == 0 })
		}
		f.part(x, inner)
	}
}

// distinct counts the names that took the place of others in a map.
type distinct map[string]int

// name returns a name that is not taken: base, "base 2", and so on.
func (d distinct) name(base string, taken func(string) bool) string {
	for {
		d[base]++
		name := base
		if n := d[base]; n > 1 {
			name = fmt.Sprintf("%s %d", base, n)
		}
		if !taken(name) {
			return name
		}
	}
}

// pair returns the keys of a name and its value in a map that is such a pair, and the name.
func pair(v asset.Value) (nameKey, valueKey, name string) {
	for i := range v.Len() {
		k, x := v.MemberAt(i)
		switch k {
		case "key", "Key", "name", "Name", "ParameterKey", "OptionName":
			if s, ok := plain(x); ok && nameKey == "" {
				nameKey, name = k, s
			}
		case "value", "Value", "ParameterValue":
			valueKey = k
		}
	}
	if nameKey == "" || valueKey == "" {
		return "", "", ""
	}
	return nameKey, valueKey, name
}

func (f *finder) text(s string, p place) {
	f.at++
	if s == "" {
		return
	}
	var by []string
	switch {
	case p.secret:
		by = detect(p.name, s)
	case f.byNames:
		by = detectIn(p.name, s)
	default:
		by = detectIn("", s)
	}
	if p.argument && len(by) == 0 {
		by = []string{byCommand}
	}
	if p.secret || len(by) > 0 {
		f.found = append(f.found, found{at: f.at, text: f.r.redacted(s, by)})
	}
}

// secretArgumentsOf returns the places of a list of arguments that hold a secret, as
// ["--password", V] does.
func secretArgumentsOf(v asset.Value) []int {
	arguments := make([]string, 0, 8)
	options := false
	for i := range v.Len() {
		s, ok := plain(v.Index(i))
		if !ok {
			return nil
		}
		options = options || strings.HasPrefix(s, "-")
		arguments = append(arguments, s)
	}
	if !options {
		return nil
	}
	var places []int
	secretArguments(arguments, func(i int) { places = append(places, i) })
	return places
}

// plain returns a string that is not redacted.
func plain(v asset.Value) (string, bool) {
	if _, redacted := v.Redacted(); redacted {
		return "", false
	}
	s, err := v.Str()
	return s, err == nil
}

// following returns the rest of the paths whose first step matches.
func following(paths [][]asset.Step, match func(asset.Step) bool) [][]asset.Step {
	var rest [][]asset.Step
	for _, p := range paths {
		if len(p) > 0 && match(p[0]) {
			rest = append(rest, p[1:])
		}
	}
	return rest
}

// detectIn returns the detectors that make a string outside of a secret path a secret.
func detectIn(name, text string) []string {
	if len(text) < 4 && name == "" {
		return nil
	}
	found := detectPlain(name, text)
	if len(found) == 1 && found[0] == byKeyID {
		return nil
	}
	return found
}
