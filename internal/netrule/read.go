package netrule

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

// reader reads the parts of a rule and keeps the first fault.
type reader struct {
	r    *rule
	what string // the rule, for errors
}

func (rd reader) fault(part string, err error) {
	if u, ok := errors.AsType[*asset.Unread](err); ok {
		err = u
	} else {
		err = fmt.Errorf("%s: %s: %w", rd.what, part, err)
	}
	if rd.r.err == nil {
		rd.r.err = err
	}
}

// elements yields the elements of a list, or v itself if it is none; nothing of
// what is absent.
func elements(v asset.Value) iter.Seq[asset.Value] {
	return func(yield func(asset.Value) bool) {
		if v.IsAbsent() {
			return
		}
		if v.Kind() != asset.List {
			yield(v)
			return
		}
		for i := range v.Len() {
			if !yield(v.Index(i)) {
				return
			}
		}
	}
}

// text returns a text, or a number as one; an absent value is "".
func text(v asset.Value) (string, error) {
	switch v.Kind() {
	case asset.Absent, asset.Null:
		return "", nil
	case asset.Int:
		n, err := v.Int()
		return strconv.FormatInt(n, 10), err
	}
	return v.Str()
}

// integer returns a number, also one that is written as text.
func integer(v asset.Value) (int64, error) {
	if v.Kind() == asset.String {
		s, err := v.Str()
		if err != nil {
			return 0, err
		}
		return strconv.ParseInt(s, 10, 64)
	}
	return v.Int()
}

// boolean returns a boolean, also one that is written as text; an absent value is
// false.
func boolean(v asset.Value) (bool, error) {
	switch v.Kind() {
	case asset.Absent, asset.Null:
		return false, nil
	case asset.String:
		s, err := v.Str()
		if err != nil {
			return false, err
		}
		return strconv.ParseBool(s)
	}
	return v.Bool()
}

// sources adds the prefixes that a rule lists under some keys.
func (rd reader) sources(b *netipx.IPSetBuilder, part string, v asset.Value, parse func(string, *netipx.IPSetBuilder) error) {
	for e := range elements(v) {
		s, err := text(e)
		if err == nil {
			err = parse(s, b)
		}
		if err != nil {
			rd.r.anySource = true
			rd.fault(part, err)
		}
	}
}

func addPrefix(s string, b *netipx.IPSetBuilder) error {
	p, err := parsePrefix(s)
	if err == nil {
		b.AddPrefix(p)
	}
	return err
}

// action reads what the rule does, by the words that a cloud has for it, in any
// case.
func (rd reader) action(part string, v asset.Value, words map[string]action) {
	s, err := v.Str()
	if err == nil {
		a, ok := words[strings.ToLower(s)]
		if !ok {
			err = fmt.Errorf("%.50q is no action", s)
		}
		rd.r.action = a
	}
	if err != nil {
		rd.fault(part, err)
	}
}

// isMap checks that a rule is one; nothing is known of it otherwise.
func (rd reader) isMap(v asset.Value) bool {
	if v.Kind() == asset.Map {
		return true
	}
	err := v.Err()
	if err == nil {
		err = &asset.KindError{Want: asset.Map, Got: v.Kind()}
	}
	rd.fault("rule", err)
	rd.unknown()
	return false
}

// unknown takes everything of the rule, except its action, as not known.
func (rd reader) unknown() {
	rd.r.source = &netipx.IPSet{}
	rd.r.possible = []match{{protocol: anyProtocol}}
	rd.r.anySource, rd.r.anyTarget, rd.r.anyOrder, rd.r.maybe = true, true, true, true
}
