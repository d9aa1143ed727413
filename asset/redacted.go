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
func (v Value) Block() string {
	if v.node.tag() == tagAbsent {
		return ""
	}
	return v.doc
}

// Redaction says what takes the place of the strings of a document. Its functions are
// called in the order of the document: the key of a member before its value. Those that
// are nil change nothing.
type Redaction struct {
	// Text is called for each string that is not redacted yet. If the second result is
	// true, the first takes the place of the string.
	Text func(text string) (Redacted, bool)
	// Key returns the key that takes the place of a key of a map. The keys that it returns
	// for one map must differ.
	Key func(key string) string
	// Unread returns the reason that takes the place of that of an unread part.
	Unread func(*Unread) *Unread
}

// Redact returns v, sanitized, with the strings that r puts in place of others. A nil r
// changes nothing but the mark, and copies nothing.
//
// It is for Redactors, such as that of package asset/secret: whoever calls it states
// that no secret is left in v.
func (v Value) Redact(r *Redaction) Value {
	if r != nil {
		b := newBlock()
		v = b.value(b.copyWith(v, r))
		b.free()
	}
	if v.holdsText() {
		v.node |= flagSanitized
	}
	return v
}

// IsSanitized reports whether a Redactor has passed v, or v has no strings that could be
// secrets. A document that [Value.Project] or [Value.MarkDefault] makes of a sanitized
// one is sanitized. A part of one, as [Value.Get] returns it, is not, and neither is
// what [Value.Set], [Of] or [Parse] makes.
func (v Value) IsSanitized() bool { return v.node.flag(flagSanitized) || !v.holdsText() }

// holdsText reports whether v is, or may hold, strings that are not redacted.
func (v Value) holdsText() bool {
	switch v.node.tag() {
	case tagString, tagList, tagMap:
		return true
	}
	return false
}

// sanitizedAs returns v, which has no strings but those of o, sanitized if o is.
func (v Value) sanitizedAs(o Value) Value {
	if o.node.flag(flagSanitized) && v.holdsText() {
		v.node |= flagSanitized
	}
	return v
}
