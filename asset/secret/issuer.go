package secret

import (
	"math/bits"
	"strconv"
	"strings"
)

// issuer is a row of issuerTable, parsed.
type issuer struct {
	name          string
	anchor        string // the literal that finds the token
	before, after []part // of the token, as they stand around the anchor
}

// part is a literal, or a run of bytes of an alphabet.
type part struct {
	literal  string
	class    func(byte) bool
	min, max int // of a run, in bytes; max is 0 without a bound
}

var issuers = func() []issuer {
	all := make([]issuer, len(issuerTable))
	for i, row := range issuerTable {
		all[i] = parseIssuer(row.name, row.form)
	}
	return all
}()

// parseIssuer parses a row of the table, which is ours. A test reads all of them.
func parseIssuer(name, form string) issuer {
	var parts []part
	for form != "" {
		literal, rest, more := strings.Cut(form, "{")
		if literal != "" {
			parts = append(parts, part{literal: literal})
		}
		if !more {
			break
		}
		item, rest, _ := strings.Cut(rest, "}")
		form = rest
		p := part{class: classOf(item[0])}
		least, most, between := strings.Cut(item[1:], "-")
		least, open := strings.CutSuffix(least, "+")
		p.min, _ = strconv.Atoi(least)
		switch {
		case between:
			p.max, _ = strconv.Atoi(most)
		case !open:
			p.max = p.min
		}
		parts = append(parts, p)
	}
	at := 0
	for i, p := range parts {
		if len(p.literal) > len(parts[at].literal) {
			at = i
		}
	}
	return issuer{name: name, anchor: parts[at].literal, before: parts[:at:at], after: parts[at+1:]}
}

// mayMatch reports whether a token may stand where the anchor is in a block, whose next
// bytes may be those of another string.
func (f *issuer) mayMatch(s string, at int) bool {
	if !strings.HasPrefix(s[at:], f.anchor) {
		return false
	}
	if len(f.after) > 0 && f.after[0].class != nil {
		rest := s[at+len(f.anchor):]
		return run(rest[:min(len(rest), f.after[0].min)], f.after[0].class) == f.after[0].min
	}
	return true
}

// match returns the bounds of the token whose anchor is at a place of s.
func (f *issuer) match(s string, at int) (from, to int, ok bool) {
	if !strings.HasPrefix(s[at:], f.anchor) {
		return 0, 0, false
	}
	var seen symbols
	to = at + len(f.anchor)
	for i, p := range f.after {
		n := len(p.literal)
		if p.class == nil {
			if !strings.HasPrefix(s[to:], p.literal) {
				return 0, 0, false
			}
		} else {
			last := i == len(f.after)-1
			if n, ok = p.measure(s[to:], last); !ok {
				return 0, 0, false
			}
			if !last && f.after[i+1].class == nil {
				n = lastBefore(s[to:], n, f.after[i+1].literal, p.min)
			}
			if n < p.min {
				return 0, 0, false
			}
			seen.add(s[to : to+n])
		}
		to += n
	}
	from = at
	for i := len(f.before) - 1; i >= 0; i-- {
		p := f.before[i]
		n := len(p.literal)
		if p.class == nil {
			if !strings.HasSuffix(s[:from], p.literal) {
				return 0, 0, false
			}
		} else {
			n = runBack(s[max(0, from-longestRun):from], p.class)
			if p.max > 0 && n > p.max {
				if i == 0 {
					return 0, 0, false
				}
				n = p.max
			}
			if n < p.min {
				return 0, 0, false
			}
			seen.add(s[from-n : from])
		}
		from -= n
	}
	// A word does not end where a token begins, unless the token begins with a joint.
	if from > 0 && isAlnum(s[from-1]) && isAlnum(s[from]) || !seen.varied() {
		return 0, 0, false
	}
	if k := len(f.after); k > 0 && f.after[k-1].class != nil && f.after[k-1].max == 0 {
		to += run(s[to:], f.after[k-1].class)
	}
	return from, to, true
}

// longestRun bounds a run of a token, in bytes, so that the time for a hostile string
// does not grow with the square of its length.
const longestRun = 512

// measure returns the length of the run at the start of s, no more than the part needs.
func (p part) measure(s string, last bool) (int, bool) {
	need := p.max
	switch {
	case p.max > 0 && last:
		need++ // one more would be another token
	case p.max == 0 && last:
		need = p.min
	case p.max == 0:
		need = longestRun
	}
	n := run(s[:min(len(s), need)], p.class)
	return n, n >= p.min && (p.max == 0 || n <= p.max)
}

// lastBefore returns the greatest length up to n, but not under least, that a literal
// follows in s; -1 if there is none.
func lastBefore(s string, n int, literal string, least int) int {
	for ; n >= least; n-- {
		if strings.HasPrefix(s[n:], literal) {
			return n
		}
	}
	return -1
}

// symbols is the set of the ASCII characters of a token, and their number.
type symbols struct {
	low, high uint64
	length    int
}

func (y *symbols) add(s string) {
	for i := range len(s) {
		if s[i] < 64 {
			y.low |= 1 << s[i]
		} else {
			y.high |= 1 << (s[i] - 64)
		}
	}
	y.length += len(s)
}

// varied reports whether the characters are more than those of a dummy such as "xxxx" or
// "abcabc".
func (y *symbols) varied() bool {
	return bits.OnesCount64(y.low)+bits.OnesCount64(y.high) >= min(6, y.length)
}
