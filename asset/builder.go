package asset

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Builder makes documents part by part, for code that knows its values too well to
// leave them to [Of]. All documents of one Builder share one block of memory until
// [Builder.Documents] returns them. The zero Builder is ready to use. A Builder must not
// be used concurrently.
//
// Between OpenMap and CloseMap each part follows a call of Key; between OpenList and
// CloseList parts are elements. Parts outside of both are documents. Scalars and values
// that are added with a shape are brought to it, as [Shape.Conform] does; a nil shape
// changes nothing.
//
// The first error is kept, and Documents returns it with the path to the part: invalid
// UTF-8, a number that is not one in JSON, or more than [MaxDepth] nested lists and
// maps. The caller must not add a key twice to one map.
type Builder struct {
	block block
	open  []int // where the parts of each open list and map begin on the stack; maps as ^begin
	err   error
}

// add puts a part where it belongs.
func (b *Builder) add(n node) { b.block.stack = append(b.block.stack, n) }

// fail keeps the first error.
func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = fmt.Errorf("make document: %w", err)
		if p := b.path(); p != "" {
			b.err = fmt.Errorf("make document: %s: %w", p, err)
		}
	}
}

// path returns the path, from the document, to the part that is added next.
func (b *Builder) path() Path {
	var p Path
	for i, begin := range b.open {
		end := len(b.block.stack)
		if i+1 < len(b.open) {
			end = b.open[i+1]
			if end < 0 {
				end = ^end
			}
		}
		switch {
		case begin >= 0:
			p = p.Index(end - begin)
		case end > ^begin:
			p = p.Key(string(b.block.bytesOf(b.block.stack[end-1])))
		}
	}
	return p
}

// Null adds a null.
func (b *Builder) Null() { b.add(tagNull) }

// Bool adds a boolean.
func (b *Builder) Bool(x bool, s *Shape) {
	switch {
	case s == nil || s.Kind == AnyShape || s.Kind == BoolShape:
		b.add(b.block.bool(x))
	case s.Kind == StringShape:
		b.add(b.block.str(tagString, strconv.FormatBool(x)))
	default:
		b.misfit(x, s)
	}
}

// Int adds an integer.
func (b *Builder) Int(n int64, s *Shape) {
	switch {
	case s == nil || s.Kind == AnyShape || s.Kind == IntShape:
		b.add(b.block.int(n))
	case s.Kind == StringShape:
		b.add(b.block.str(tagString, strconv.FormatInt(n, 10)))
	default:
		b.misfit(n, s)
	}
}

// Uint adds an integer.
func (b *Builder) Uint(n uint64, s *Shape) {
	switch {
	case s == nil || s.Kind == AnyShape || s.Kind == IntShape:
		b.add(b.block.uint(n))
	case s.Kind == StringShape:
		b.add(b.block.str(tagString, strconv.FormatUint(n, 10)))
	default:
		b.misfit(n, s)
	}
}

// misfit adds a scalar of another kind than the shape.
func (b *Builder) misfit(x any, s *Shape) {
	v, err := Of(x)
	if err != nil {
		b.fail(err)
	}
	b.Value(v, s)
}

// Float adds a number. One without a fraction becomes an integer, as in JSON that is
// written by encoding/json.
func (b *Builder) Float(f float64, s *Shape) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		b.fail(fmt.Errorf("%v is not a JSON number", f))
		f = 0
	}
	v, err := Parse(appendFloat(nil, f, 64))
	if err != nil {
		b.fail(err)
	}
	b.Value(v, s)
}

// String adds a string.
func (b *Builder) String(text string, s *Shape) {
	if !utf8.ValidString(text) {
		b.fail(fmt.Errorf("invalid UTF-8 in %.40q", text))
	}
	if s == nil {
		b.add(b.block.str(tagString, text))
		return
	}
	b.add(b.block.conformText(text, s, len(b.open)))
}

// Bytes adds bytes as a string in base64.
func (b *Builder) Bytes(data []byte) {
	b.add(b.block.str(tagString, base64.StdEncoding.EncodeToString(data)))
}

// Time adds a time as a string, RFC 3339 in UTC.
func (b *Builder) Time(t time.Time) {
	var text [len(time.RFC3339Nano) + 8]byte
	b.add(textNode(&b.block, tagString, t.UTC().AppendFormat(text[:0], time.RFC3339Nano)))
}

// Value adds a part that was made before. An absent one is omitted from a map, and null
// elsewhere.
func (b *Builder) Value(v Value, s *Shape) {
	if v.node.tag() == tagAbsent {
		if last := len(b.open) - 1; last >= 0 && b.open[last] < 0 {
			b.block.stack = b.block.stack[:len(b.block.stack)-1] // its key
			return
		}
		b.Null()
		return
	}
	if _, _, depth := v.Size(); len(b.open)+depth > MaxDepth {
		b.fail(errTooDeep)
		v = Value{node: tagNull}
	}
	b.add(b.block.conform(v, s, len(b.open)))
}

// Unread adds a part that was not read.
func (b *Builder) Unread(u *Unread) { b.add(b.block.unread(u)) }

// Redacted adds what is kept of a secret.
func (b *Builder) Redacted(r Redacted) { b.add(b.block.redacted(r)) }

// OpenMap begins a map.
func (b *Builder) OpenMap() { b.begin(^len(b.block.stack)) }

// OpenList begins a list.
func (b *Builder) OpenList() { b.begin(len(b.block.stack)) }

func (b *Builder) begin(at int) {
	if len(b.open) >= MaxDepth {
		b.fail(errTooDeep)
	}
	b.open = append(b.open, at)
}

// Key names the next part of the innermost map.
func (b *Builder) Key(name string) {
	if !utf8.ValidString(name) {
		b.fail(fmt.Errorf("invalid UTF-8 in the name %.40q", name))
	}
	b.add(b.block.key(name))
}

// CloseMap ends the innermost map.
func (b *Builder) CloseMap() {
	n, twice, ok := b.block.mapping(^b.end())
	if !ok {
		b.fail(fmt.Errorf("duplicate key %q", twice))
	}
	b.add(n)
}

// CloseList ends the innermost list.
func (b *Builder) CloseList() { b.add(b.block.list(b.end())) }

func (b *Builder) end() (begin int) {
	begin = b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	return begin
}

// Documents stores the documents, in the order in which they were made, and makes the
// Builder empty. Every list and map must be closed, and there must be one target for
// each document.
func (b *Builder) Documents(to ...*Value) error {
	defer b.reset()
	switch {
	case b.err != nil:
		return b.err
	case len(b.open) > 0 || len(b.block.stack) != len(to):
		return errors.New("make document: documents that are not whole")
	case uint64(len(b.block.out)) > math.MaxUint32:
		return fmt.Errorf("make document: more than %d bytes", uint32(math.MaxUint32))
	}
	doc := b.block.end(b.block.stack...)
	for i, n := range b.block.stack {
		*to[i] = Value{doc, n}
	}
	return nil
}

// reset makes the builder empty. Much of its memory is kept for the next documents.
func (b *Builder) reset() {
	b.block.reset()
	b.open, b.err = b.open[:0], nil
	if cap(b.block.out) > 1<<20 {
		b.block.out = nil
	}
}

// appendFloat writes a number as encoding/json does.
func appendFloat(dst []byte, f float64, bits int) []byte {
	format := byte('f')
	if f != 0 && (math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}
