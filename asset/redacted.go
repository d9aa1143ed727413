package asset

import "strings"

// Redacted is what a document keeps of a secret: the names of the detectors that
// matched it and, if the Redactor had a key, a keyed hash, equal for equal secrets.
// Package asset/secret finds secrets.
type Redacted struct {
	Detectors []string // sorted names; empty when the place alone made it a secret
	Hash      string   // hexadecimal; empty without a key
}

// String is what stands in the document in place of the secret, such as
// "[redacted by=github-token hash=5f0c...]".
func (r Redacted) String() string {
	s := "[redacted"
	if len(r.Detectors) > 0 {
		s += " by=" + strings.Join(r.Detectors, ",")
	}
	if r.Hash != "" {
		s += " hash=" + r.Hash
	}
	return s + "]"
}

// ParseRedacted reads what [Redacted.String] writes. Anyone can write such a text
// into a cloud, so it proves nothing; where it matters use [Value.Redacted].
func ParseRedacted(s string) (Redacted, bool) {
	inner, ok := strings.CutPrefix(s, "[redacted")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed {
		return Redacted{}, false
	}
	var r Redacted
	for _, part := range strings.Fields(inner) {
		switch key, value, _ := strings.Cut(part, "="); key {
		case "by":
			r.Detectors = strings.Split(value, ",")
		case "hash":
			r.Hash = value
		default:
			return Redacted{}, false
		}
	}
	return r, true
}

// Value makes a document that is nothing but this redacted secret.
func (r Redacted) Value() Value {
	var b block
	n := b.redacted(r)
	return b.value(n)
}

// Block returns the memory that v is part of: all strings and keys of v as they are,
// among other bytes, and perhaps those of other values. A search of all strings of a
// document can rule it out in one pass. The format is not documented and changes.
func (v Value) Block() string { return v.doc }

// Redact returns a copy of v in which secrets are redacted. It calls replace for each
// string of v that is not redacted yet, in the order of the document, and puts what
// replace returns in its place if the second result is true. Keys of maps stay.
func (v Value) Redact(replace func(text string) (Redacted, bool)) Value {
	var b block
	n := b.copyWith(v, replace)
	return b.value(n)
}
