package asset

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MarshalJSON returns v as JSON, keys in their order. It fails with an *[Unread]
// if any part of v is unread or was not kept, and with [ErrAbsent] if v is absent.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Kind() == Absent {
		return nil, ErrAbsent
	}
	var missing error
	b := v.appendJSON(nil, func(dst []byte, part Value) []byte {
		if missing == nil {
			missing = part.Unread()
		}
		return dst
	})
	if missing != nil {
		return nil, missing
	}
	return b, nil
}

// UnmarshalJSON sets v to what [Parse] makes of data.
func (v *Value) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err == nil {
		*v = parsed
	}
	return err
}

// Decode stores v in what target points to, as encoding/json does; numbers that go
// into an interface become a json.Number. The error is as of [Value.MarshalJSON], or
// encoding/json's.
func (v Value) Decode(target any) error {
	b, err := v.MarshalJSON()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(target)
}

// AppendJSON appends v as JSON, without the members of maps that are unread; an
// unread element of a list, or v itself, becomes null. Together with [Value.Marks],
// which names what is missing, it loses nothing.
func (v Value) AppendJSON(dst []byte) []byte {
	return v.appendJSON(dst, func(dst []byte, _ Value) []byte { return append(dst, "null"...) })
}

// appendJSON calls unread for unread parts; in a map they are left out when
// unread appends null.
func (v Value) appendJSON(dst []byte, unread func([]byte, Value) []byte) []byte {
	switch v.node.tag() {
	case tagAbsent, tagNull:
		return append(dst, "null"...)
	case tagBool:
		return strconv.AppendBool(dst, v.node.payload() != 0)
	case tagInt32, tagInt64:
		n, _ := v.Int()
		return strconv.AppendInt(dst, n, 10)
	case tagUint64:
		n, _ := v.Uint()
		return strconv.AppendUint(dst, n, 10)
	case tagFloat:
		return append(dst, v.text(v.node)...)
	case tagString, tagRedacted:
		s, _ := v.Str()
		return appendQuoted(dst, s)
	case tagUnread:
		return unread(dst, v)
	case tagList:
		dst = append(dst, '[')
		for i := range v.count() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.Index(i).appendJSON(dst, unread)
		}
		return append(dst, ']')
	case tagMap:
		dst = append(dst, '{')
		first := true
		for i := range v.count() {
			k, x := v.MemberAt(i)
			before := len(dst)
			if !first {
				dst = append(dst, ',')
			}
			dst = appendQuoted(dst, k)
			dst = append(dst, ':')
			from := len(dst)
			dst = x.appendJSON(dst, unread)
			if x.node.tag() == tagUnread && string(dst[from:]) == "null" {
				dst = dst[:before]
				continue
			}
			first = false
		}
		if v.node.flag(flagPartial) {
			before := len(dst)
			if !first {
				dst = append(dst, ',')
			}
			from := len(dst)
			if dst = unread(dst, notKept); string(dst[from:]) == "null" {
				dst = dst[:before]
			}
		}
		return append(dst, '}')
	}
	return dst
}

const hexDigits = "0123456789abcdef"

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		from = i + 1
	}
	return append(append(dst, s[from:]...), '"')
}

// Of makes a document of Go values, as collectors have them: nil (null), booleans,
// numbers, strings, [time.Time] (RFC 3339 in UTC), []byte (base64, as in
// encoding/json), slices, arrays, maps with string keys (sorted), structs, pointers to
// them, json.Number and json.RawMessage; and parts that are a [Value], an *[Unread]
// or a [Redacted]. Other types that have a MarshalJSON or MarshalText become what it
// makes.
//
// A struct becomes a map of its exported fields in their order, by the names in their
// json tags or else their Go names; those of an embedded struct without a tag count as
// its own. Fields that are nil pointers, nil slices, nil maps or nil interfaces are
// left out: in the answers of cloud SDKs they are what was not sent. So are fields with
// the option omitempty or omitzero that are zero, and members of a map and fields that
// are an absent Value.
//
// The error names the part that cannot stand in a document: another type, a number that
// is none in JSON, invalid UTF-8, a name that occurs twice, or what lies in more than
// [MaxDepth] lists and maps.
func Of(x any) (Value, error) {
	e := &encoder{}
	n, err := e.any(reflect.ValueOf(x), 0)
	if err != nil {
		return Value{}, fmt.Errorf("make document: %w", err)
	}
	if uint64(len(e.out)) > math.MaxUint32 {
		return Value{}, fmt.Errorf("make document: more than %d bytes", uint32(math.MaxUint32))
	}
	return e.value(n), nil
}

type encoder struct{ block }

var (
	timeType     = reflect.TypeFor[time.Time]()
	valueType    = reflect.TypeFor[Value]()
	unreadType   = reflect.TypeFor[Unread]()
	redactedType = reflect.TypeFor[Redacted]()
	numberType   = reflect.TypeFor[json.Number]()

	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

func (e *encoder) any(r reflect.Value, depth int) (node, error) {
	for r.Kind() == reflect.Interface || r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return tagNull, nil
		}
		r = r.Elem()
	}
	if !r.IsValid() {
		return tagNull, nil
	}
	switch r.Type() {
	case timeType:
		return e.str(tagString, timeText(r.Interface().(time.Time))), nil
	case valueType:
		return e.document(r.Interface().(Value), depth)
	case unreadType:
		u := r.Interface().(Unread)
		return e.unread(&u), nil
	case redactedType:
		return e.redacted(r.Interface().(Redacted)), nil
	case numberType:
		return e.json([]byte(r.String()), depth)
	}
	switch m := marshaler(r).(type) {
	case json.Marshaler:
		text, err := m.MarshalJSON()
		if err != nil {
			return 0, err
		}
		return e.json(text, depth)
	case encoding.TextMarshaler:
		text, err := m.MarshalText()
		if err != nil {
			return 0, err
		}
		return e.text(string(text))
	}
	switch r.Kind() {
	case reflect.Bool:
		return e.bool(r.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return e.int(r.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return e.uint(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		f := r.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, fmt.Errorf("%v is not a JSON number", f)
		}
		// As encoding/json writes it and Parse reads it: a float without a fraction
		// becomes an integer.
		return e.json(appendFloat(nil, f, r.Type().Bits()), depth)
	case reflect.String:
		return e.text(r.String())
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		if depth >= MaxDepth {
			return 0, errTooDeep
		}
		switch r.Kind() {
		case reflect.Map:
			return e.mapping(r, depth)
		case reflect.Struct:
			return e.structure(r, depth)
		}
		return e.list(r, depth)
	}
	return 0, fmt.Errorf("a %s cannot be part of a document", r.Type())
}

var errTooDeep = fmt.Errorf("more than %d lists and maps in each other", MaxDepth)

// marshaler returns r, or a pointer to it, as what encodes itself, nil if it does not.
func marshaler(r reflect.Value) any {
	if !r.CanInterface() {
		return nil
	}
	for _, t := range []reflect.Type{marshalerType, textMarshalerType} {
		switch {
		case r.Type().Implements(t):
			return r.Interface()
		case r.CanAddr() && r.Addr().Type().Implements(t):
			return r.Addr().Interface()
		}
	}
	return nil
}

func (e *encoder) json(text []byte, depth int) (node, error) {
	v, err := Parse(text)
	if err != nil {
		return 0, err
	}
	return e.document(v, depth)
}

func (e *encoder) document(v Value, depth int) (node, error) {
	if _, _, nested := v.Size(); depth+nested > MaxDepth {
		return 0, errTooDeep
	}
	return e.copy(v), nil
}

func (e *encoder) text(s string) (node, error) {
	if !utf8.ValidString(s) {
		return 0, fmt.Errorf("invalid UTF-8 in %.40q", s)
	}
	return e.str(tagString, s), nil
}

func (e *encoder) list(r reflect.Value, depth int) (node, error) {
	if r.Kind() == reflect.Slice && r.IsNil() {
		return tagNull, nil
	}
	if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
		return e.str(tagString, base64.StdEncoding.EncodeToString(r.Bytes())), nil
	}
	mark := len(e.stack)
	for i := range r.Len() {
		n, err := e.any(r.Index(i), depth+1)
		if err != nil {
			return 0, fmt.Errorf("[%d]: %w", i, err)
		}
		if n.tag() == tagAbsent {
			n = tagNull // an element that is absent keeps its place
		}
		e.stack = append(e.stack, n)
	}
	return e.block.list(mark), nil
}

func (e *encoder) mapping(r reflect.Value, depth int) (node, error) {
	if r.Type().Key().Kind() != reflect.String {
		return 0, fmt.Errorf("a %s cannot be part of a document", r.Type())
	}
	if r.IsNil() {
		return tagNull, nil
	}
	mark := len(e.stack)
	members := make(map[string]reflect.Value, r.Len())
	for it := r.MapRange(); it.Next(); {
		members[it.Key().String()] = it.Value()
	}
	for _, k := range slices.Sorted(maps.Keys(members)) {
		if err := e.put(k, members[k], depth); err != nil {
			return 0, err
		}
	}
	n, _, _ := e.block.mapping(mark) // the keys of a Go map differ
	return n, nil
}

func (e *encoder) structure(r reflect.Value, depth int) (node, error) {
	mark := len(e.stack)
	if err := e.fields(r, mark, depth); err != nil {
		return 0, err
	}
	n, _, _ := e.block.mapping(mark) // fields looked for equal keys
	return n, nil
}

// fields puts the fields of a struct on the stack, whose map begins at mark.
func (e *encoder) fields(r reflect.Value, mark, depth int) error {
	for i := range r.NumField() {
		f, x := r.Type().Field(i), r.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if f.Anonymous && name == "" {
			if x.Kind() == reflect.Pointer && !x.IsNil() {
				x = x.Elem()
			}
			if x.Kind() == reflect.Struct && marshaler(x) == nil && !documentType(x.Type()) {
				if err := e.fields(x, mark, depth); err != nil {
					return err
				}
				continue
			}
		}
		if !f.IsExported() || tag == "-" || leftOut(x, options) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if e.hasKey(mark, name) {
			return fmt.Errorf("%s: duplicate field %q", r.Type(), name)
		}
		if err := e.put(name, x, depth); err != nil {
			return err
		}
	}
	return nil
}

// documentType reports whether structs of a type stand for something else than their fields.
func documentType(t reflect.Type) bool {
	return t == timeType || t == valueType || t == unreadType || t == redactedType
}

func leftOut(x reflect.Value, options string) bool {
	switch x.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		if x.IsNil() {
			return true
		}
	}
	if options == "" || !x.IsZero() {
		return false
	}
	all := strings.Split(options, ",")
	return slices.Contains(all, "omitempty") || slices.Contains(all, "omitzero")
}

func (e *encoder) put(name string, x reflect.Value, depth int) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("invalid UTF-8 in the name %.40q", name)
	}
	key := e.key(name)
	n, err := e.any(x, depth+1)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n.tag() != tagAbsent {
		e.stack = append(e.stack, key, n)
	}
	return nil
}
