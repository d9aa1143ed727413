package asset

import (
	"bytes"
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
	b, err := v.appendJSON(nil, func(dst []byte, part Value) []byte {
		if missing == nil {
			missing = part.Unread()
		}
		return dst
	})
	if missing != nil {
		return nil, missing
	}
	return b, err
}

// UnmarshalJSON sets v to what [Parse] makes of data.
func (v *Value) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err == nil {
		*v = parsed
	}
	return err
}

// Decode stores v in what target points to, as encoding/json does. The error is
// as of [Value.MarshalJSON], or encoding/json's.
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
	dst, _ = v.appendJSON(dst, func(dst []byte, _ Value) []byte { return append(dst, "null"...) })
	return dst
}

// appendJSON calls unread for unread parts; in a map they are left out when
// unread appends null.
func (v Value) appendJSON(dst []byte, unread func([]byte, Value) []byte) ([]byte, error) {
	switch v.node.tag() {
	case tagAbsent, tagNull:
		return append(dst, "null"...), nil
	case tagBool:
		return strconv.AppendBool(dst, v.node.payload() != 0), nil
	case tagInt32, tagInt64:
		n, _ := v.Int()
		return strconv.AppendInt(dst, n, 10), nil
	case tagUint64:
		n, _ := v.Uint()
		return strconv.AppendUint(dst, n, 10), nil
	case tagFloat:
		return append(dst, v.text(v.node)...), nil
	case tagString, tagRedacted:
		s, _ := v.Str()
		return appendQuoted(dst, s), nil
	case tagUnread:
		return unread(dst, v), nil
	case tagList:
		dst = append(dst, '[')
		for i := range v.count() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, _ = v.Index(i).appendJSON(dst, unread)
		}
		return append(dst, ']'), nil
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
			dst, _ = x.appendJSON(dst, unread)
			if x.node.tag() == tagUnread && string(dst[from:]) == "null" {
				dst = dst[:before]
				continue
			}
			first = false
		}
		if v.node.flag(flagPartial) {
			before := len(dst)
			if dst = unread(dst, notKept); string(dst[before:]) == "null" {
				dst = dst[:before]
			}
		}
		return append(dst, '}'), nil
	}
	return dst, fmt.Errorf("asset: corrupt value")
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
// encoding/json), slices, maps with string keys (sorted), structs, pointers to
// them, json.Number and json.RawMessage; and parts that are a [Value], an *[Unread]
// or a [Redacted].
//
// A struct becomes a map of its exported fields in their order, by the names in
// their json tags or else their Go names. Fields that are nil pointers, nil
// slices, nil maps or nil interfaces are left out: in the answers of cloud SDKs
// they are what was not sent. A member of a map that is an absent Value is left
// out, too.
func Of(x any) (Value, error) {
	e := &encoder{}
	n, err := e.any(reflect.ValueOf(x), 0)
	if err != nil {
		return Value{}, err
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
	rawType      = reflect.TypeFor[json.RawMessage]()
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
	if depth > MaxDepth {
		return 0, fmt.Errorf("more than %d lists and maps in each other", MaxDepth)
	}
	switch r.Type() {
	case timeType:
		return e.str(tagString, timeText(r.Interface().(time.Time))), nil
	case valueType:
		return e.copy(r.Interface().(Value)), nil
	case unreadType:
		u := r.Interface().(Unread)
		return e.unread(&u), nil
	case redactedType:
		return e.redacted(r.Interface().(Redacted)), nil
	case numberType, rawType:
		text := r.String()
		if r.Type() == rawType {
			text = string(r.Bytes())
		}
		v, err := Parse([]byte(text))
		if err != nil {
			return 0, err
		}
		return e.copy(v), nil
	}
	switch r.Kind() {
	case reflect.Bool:
		return e.bool(r.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return e.int(r.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return e.uint(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(r.Float()) || math.IsInf(r.Float(), 0) {
			return 0, fmt.Errorf("%v is not a JSON number", r.Float())
		}
		return e.float(r.Float()), nil
	case reflect.String:
		if !utf8.ValidString(r.String()) {
			return 0, fmt.Errorf("invalid UTF-8 in %.40q", r.String())
		}
		return e.str(tagString, r.String()), nil
	case reflect.Slice, reflect.Array:
		return e.list(r, depth)
	case reflect.Map:
		return e.mapping(r, depth)
	case reflect.Struct:
		return e.structure(r, depth)
	}
	return 0, fmt.Errorf("a %s cannot be part of a document", r.Type())
}

func (e *encoder) list(r reflect.Value, depth int) (node, error) {
	if r.Kind() == reflect.Slice && r.IsNil() {
		return tagNull, nil
	}
	if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
		b, err := json.Marshal(r.Bytes())
		return e.str(tagString, strings.Trim(string(b), `"`)), err
	}
	mark := len(e.stack)
	for i := range r.Len() {
		n, err := e.any(r.Index(i), depth+1)
		if err != nil {
			return 0, fmt.Errorf("[%d]: %w", i, err)
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
	n, _, _ := e.block.mapping(mark)
	return n, nil
}

func (e *encoder) structure(r reflect.Value, depth int) (node, error) {
	mark := len(e.stack)
	t := r.Type()
	for i := range t.NumField() {
		f, x := t.Field(i), r.Field(i)
		if !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && options == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		switch x.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			if x.IsNil() {
				continue
			}
		}
		if slices.Contains(strings.Split(options, ","), "omitempty") && x.IsZero() {
			continue
		}
		if err := e.put(name, x, depth); err != nil {
			return 0, err
		}
	}
	n, twice, ok := e.block.mapping(mark)
	if !ok {
		return 0, fmt.Errorf("%s: field %q twice", t, twice)
	}
	return n, nil
}

func (e *encoder) put(name string, x reflect.Value, depth int) error {
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
