package secret

import (
	"slices"

	"github.com/openstance/stance/asset"
)

// largeBlock is the size in bytes from which a block is not searched as a whole: a
// document may be a small part of it.
const largeBlock = 64 << 10

// document returns v sanitized. The names of members count if byNames is true; in access
// policies, whose conditions have keys of all kinds, they do not. The documents of an
// asset are often parts of one block: clean is the last block without a suspicious word.
func (r *Redactor) document(v asset.Value, secret [][]asset.Step, byNames bool, clean *string) asset.Value {
	if v.IsSanitized() {
		return v
	}
	if block := v.Block(); len(secret) == 0 && len(block) < largeBlock && (block == *clean || !screen(block)) {
		*clean = block
		return v.Redact(nil)
	}
	// Most documents with a suspicious word hold no secret: find first, copy then.
	f := finder{r: r, byNames: byNames}
	f.part(v, place{paths: secret})
	if len(f.found) == 0 {
		return v.Redact(nil)
	}
	var at int
	return v.Redact(func(string) (asset.Redacted, bool) {
		at++
		if len(f.found) == 0 || f.found[0].at != at {
			return asset.Redacted{}, false
		}
		kept := f.found[0].kept
		f.found = f.found[1:]
		return kept, true
	})
}

// finder finds the secrets of a document.
type finder struct {
	r       *Redactor
	byNames bool
	at      int // strings seen, in the order of asset.Value.Redact
	found   []secretText
}

type secretText struct {
	at   int
	kept asset.Redacted
}

// place describes where a part of a document is.
type place struct {
	name   string         // of the member that it is or lies in
	paths  [][]asset.Step // to secrets in it
	secret bool           // it lies under a secret path
	inList bool
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
	case asset.List:
		for i := range v.Len() {
			f.part(v.Index(i), place{
				name: p.name, secret: p.secret, inList: true,
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
	for i := range v.Len() {
		k, x := v.MemberAt(i)
		inner := place{name: k, secret: p.secret}
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
	var found []string
	switch {
	case p.secret:
		found = detect(p.name, s)
	case f.byNames:
		found = detectIn(p.name, s)
	default:
		found = detectIn("", s)
	}
	if p.secret || len(found) > 0 {
		f.found = append(f.found, secretText{f.at, f.r.redacted(s, found)})
	}
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
	found := detectPlain(name, text)
	if len(found) == 1 && found[0] == byKeyID {
		return nil
	}
	return found
}
