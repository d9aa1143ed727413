package asset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of a document.
const (
	MaxDepth    = 256      // of lists and maps in each other
	MaxDocument = 16 << 20 // bytes of JSON
)

// SyntaxError describes the first syntax error of JSON, with its position.
type SyntaxError struct {
	Offset int // bytes before the error
	What   string
}

// Error returns the problem and the offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("json: offset %d: %s", e.Offset, e.What) }

var parsers = sync.Pool{New: func() any { return new(parser) }}

// Parse reads one JSON text. It refuses, with a *[SyntaxError], what is not JSON
// by RFC 8259 and also invalid UTF-8, a key that occurs twice in a map, bytes after
// the text, and texts beyond [MaxDepth] or [MaxDocument]. An escaped surrogate
// without its partner becomes U+FFFD, as in encoding/json. Data is not kept.
func Parse(data []byte) (Value, error) {
	if len(data) > MaxDocument {
		return Value{}, &SyntaxError{MaxDocument, fmt.Sprintf("document of %d bytes, more than %d", len(data), MaxDocument)}
	}
	p := parsers.Get().(*parser)
	v, err := p.parse(data)
	p.in = nil
	if cap(p.out) <= 1<<20 {
		parsers.Put(p)
	}
	return v, err
}

type parser struct {
	block
	in  []byte
	at  int
	err *SyntaxError
}

func (p *parser) parse(data []byte) (Value, error) {
	p.in, p.at, p.err = data, 0, nil
	p.reset()
	n := p.any(0)
	if p.err == nil {
		p.space()
		if p.at < len(p.in) {
			p.fail(p.at, "bytes after the document")
		}
	}
	if p.err != nil {
		return Value{}, p.err
	}
	return p.value(n), nil
}

// fail records the first problem and moves to the end, so that every loop ends.
func (p *parser) fail(at int, what string) node {
	if p.err == nil {
		p.err = &SyntaxError{at, what}
	}
	p.at = len(p.in)
	return 0
}

func (p *parser) unexpected(want string) node {
	if p.at >= len(p.in) {
		return p.fail(p.at, "unexpected end, want "+want)
	}
	return p.fail(p.at, fmt.Sprintf("unexpected %q, want %s", rune(p.in[p.at]), want))
}

func (p *parser) space() {
	for p.at < len(p.in) {
		switch p.in[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) any(depth int) node {
	p.space()
	if p.at >= len(p.in) {
		return p.unexpected("a value")
	}
	switch c := p.in[p.at]; c {
	case '"':
		p.at++
		return p.text()
	case '{':
		return p.object(depth)
	case '[':
		return p.array(depth)
	case 't':
		return p.word("true", placed(tagBool, 1))
	case 'f':
		return p.word("false", tagBool)
	case 'n':
		return p.word("null", tagNull)
	default:
		if c == '-' || c-'0' <= 9 {
			return p.number()
		}
	}
	return p.unexpected("a value")
}

func (p *parser) word(w string, n node) node {
	if len(p.in)-p.at < len(w) || string(p.in[p.at:p.at+len(w)]) != w {
		return p.fail(p.at, "not a value; "+w+" is misspelled")
	}
	p.at += len(w)
	return n
}

func (p *parser) array(depth int) node {
	if depth >= MaxDepth {
		return p.fail(p.at, fmt.Sprintf("more than %d lists and maps in each other", MaxDepth))
	}
	p.at++
	mark := len(p.stack)
	p.space()
	if p.at < len(p.in) && p.in[p.at] == ']' {
		p.at++
		return p.list(mark)
	}
	for {
		n := p.any(depth + 1)
		p.stack = append(p.stack, n)
		p.space()
		if p.at < len(p.in) {
			switch p.in[p.at] {
			case ',':
				p.at++
				continue
			case ']':
				p.at++
				return p.list(mark)
			}
		}
		return p.unexpected("',' or ']'")
	}
}

func (p *parser) object(depth int) node {
	if depth >= MaxDepth {
		return p.fail(p.at, fmt.Sprintf("more than %d lists and maps in each other", MaxDepth))
	}
	start := p.at
	p.at++
	mark := len(p.stack)
	var seen uint64 // bits of hashes of keys, to look for equal ones only where they may be
	p.space()
	if p.at < len(p.in) && p.in[p.at] == '}' {
		p.at++
		n, _, _ := p.mapping(mark)
		return n
	}
	for {
		p.space()
		if p.at >= len(p.in) || p.in[p.at] != '"' {
			return p.unexpected("a key")
		}
		keyAt := p.at
		p.at++
		key, hash := p.key()
		if p.err != nil {
			return 0
		}
		if bit := uint64(1) << (hash >> 26); seen&bit == 0 {
			seen |= bit
		} else if n := len(p.stack) - mark; n <= 2*indexFrom {
			text := p.bytesOf(key)
			for i := mark; i < len(p.stack); i += 2 {
				if k := p.stack[i]; k == key || bytes.Equal(p.bytesOf(k), text) {
					return p.fail(keyAt, fmt.Sprintf("duplicate key %q", text))
				}
			}
		}
		p.space()
		if p.at >= len(p.in) || p.in[p.at] != ':' {
			return p.unexpected("':'")
		}
		p.at++
		p.stack = append(p.stack, key)
		n := p.any(depth + 1)
		p.stack = append(p.stack, n)
		p.space()
		if p.at < len(p.in) {
			switch p.in[p.at] {
			case ',':
				p.at++
				continue
			case '}':
				p.at++
				n, twice, ok := p.mapping(mark)
				if !ok {
					return p.fail(start, fmt.Sprintf("duplicate key %q in this map", twice))
				}
				return n
			}
		}
		return p.unexpected("',' or '}'")
	}
}

// key reads a key whose opening quote was read, and returns its node and hash.
func (p *parser) key() (node, uint32) {
	start, before := p.at, len(p.out)
	s, ok := p.plain()
	if !ok {
		n := p.escaped(start, start+len(s))
		if p.err != nil {
			return 0, 0
		}
		return p.share(n, before)
	}
	n, hash := p.known(s)
	if n == 0 {
		n = textNode(&p.block, tagString, s)
		p.remember(n, hash)
	}
	return n, hash
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text reads the rest of a string whose opening quote was read.
func (p *parser) text() node {
	start := p.at
	s, ok := p.plain()
	if !ok {
		return p.escaped(start, start+len(s))
	}
	return textNode(&p.block, tagString, s)
}

// plain reads the rest of a string, if it stands there as it is. Otherwise it reads
// nothing, and returns what comes before the first byte that does not, or all of the
// string if its UTF-8 is invalid.
func (p *parser) plain() (s []byte, ok bool) {
	rest := p.in[p.at:]
	n, wide := 0, uint64(0)
	for {
		if len(rest)-n < 8 {
			for ; n < len(rest) && rest[n] != '"' && rest[n] != '\\' && rest[n] >= ' '; n++ {
				wide |= uint64(rest[n])
			}
			break
		}
		w := binary.LittleEndian.Uint64(rest[n:])
		q, s := w^(ones*'"'), w^(ones*'\\')
		stop := ((q-ones)&^q | (s-ones)&^s | (w-ones*' ')&^w) & highs
		if stop != 0 {
			more := bits.TrailingZeros64(stop) / 8
			wide |= w & (1<<(8*more) - 1)
			n += more
			break
		}
		wide |= w
		n += 8
	}
	s = rest[:n]
	if n == len(rest) || rest[n] != '"' || wide&highs != 0 && !utf8.Valid(s) {
		return s, false
	}
	p.at += n + 1
	return s, true
}

func (p *parser) utf8(s []byte, at int) bool {
	if utf8.Valid(s) {
		return true
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			p.fail(at+i, "invalid UTF-8")
			return false
		}
		i += n
	}
	return true
}

// escaped reads a string that begins at start and is plain up to i, where it has an
// escape, a byte that must not be there, or its end.
func (p *parser) escaped(start, i int) node {
	// The length is not known yet: one that may be long needs 8 bytes before the text.
	long := len(p.in)-start >= longCount
	if long {
		p.u64(0)
	}
	at := len(p.out)
	write(&p.block, p.in[start:i])
	for {
		if i >= len(p.in) {
			return p.fail(len(p.in), "unexpected end in a string")
		}
		c := p.in[i]
		switch {
		case c == '"':
			p.at = i + 1
			s := p.out[at:]
			if !utf8.Valid(s) {
				// Escapes are valid, so the problem is in the input as well.
				p.utf8(p.in[start:i], start)
				return 0
			}
			n := node(len(s)) << 8
			if long {
				binary.LittleEndian.PutUint64(p.out[at-8:], uint64(len(s)))
				n = longCount << 8
			}
			return placed(tagString, at) | n
		case c == '\\':
			n := p.escape(i)
			if n == 0 {
				return 0
			}
			i += n
		case c < ' ':
			return p.fail(i, fmt.Sprintf("control character %#02x in a string", c))
		default:
			from := i
			for i++; i < len(p.in) && p.in[i] != '"' && p.in[i] != '\\' && p.in[i] >= ' '; i++ {
			}
			write(&p.block, p.in[from:i])
		}
	}
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape writes what the escape at i stands for and returns its length.
func (p *parser) escape(i int) int {
	if i+1 >= len(p.in) {
		p.fail(len(p.in), "unexpected end in a string")
		return 0
	}
	if c := escapes[p.in[i+1]]; c != 0 {
		p.out = append(p.out, c)
		return 2
	}
	r := p.hex(i)
	if r < 0 {
		p.fail(i, "invalid escape in a string")
		return 0
	}
	n := 6
	if utf16.IsSurrogate(r) {
		pair := utf16.DecodeRune(r, p.hex(i+6))
		if pair != utf8.RuneError {
			n = 12
		}
		r = pair
	}
	p.out = utf8.AppendRune(p.out, r)
	return n
}

// hex reads \uXXXX at i, or returns -1.
func (p *parser) hex(i int) rune {
	if len(p.in)-i < 6 || p.in[i] != '\\' || p.in[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range p.in[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func (p *parser) number() node {
	in, start := p.in, p.at
	i := start
	negative := in[i] == '-'
	if negative {
		i++
	}
	digits := i
	var n uint64
	for ; i < len(in) && in[i]-'0' <= 9; i++ {
		n = n*10 + uint64(in[i]-'0')
	}
	over := false
	if i-digits > 19 { // the sum may have run over
		var err error
		n, err = strconv.ParseUint(string(in[digits:i]), 10, 64)
		over = err != nil
	}
	if i == digits {
		p.at = i
		return p.unexpected("a digit")
	}
	if in[digits] == '0' && i > digits+1 {
		return p.fail(digits, "number with a leading zero")
	}
	whole := true
	if i < len(in) && in[i] == '.' {
		whole = false
		i++
		from := i
		for i < len(in) && in[i]-'0' <= 9 {
			i++
		}
		if i == from {
			p.at = i
			return p.unexpected("a digit")
		}
	}
	if i < len(in) && in[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(in) && (in[i] == '+' || in[i] == '-') {
			i++
		}
		from := i
		for i < len(in) && in[i]-'0' <= 9 {
			i++
		}
		if i == from {
			p.at = i
			return p.unexpected("a digit")
		}
	}
	p.at = i
	switch {
	case !whole || over || negative && (n > 1<<63 || n == 0):
		return p.str(tagFloat, string(in[start:i])) // minus zero is none of the integers
	case negative:
		return p.int(int64(-n))
	default:
		return p.uint(n)
	}
}
