package netrule

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// form describes rules of one kind. Sources and targets are read only for rules of the
// requested ports, which are few.
type form struct {
	what func(*rule) string // names a rule in errors
	rest func(*rule)        // reads source and targets
}

// rule returns a rule that is not read yet.
func (f *form) rule(doc asset.Value, place int) *rule {
	return &rule{form: f, doc: doc, place: place, left: true, name: strconv.Itoa(place)}
}

// complete reads the rest of the rule, once.
func (r *rule) complete() {
	if r.left {
		r.left = false
		r.form.rest(r)
		r.reach = r.source.atMost()
	}
}

// note keeps the first error in the rule.
func (r *rule) note(part string, err error) {
	if u, ok := errors.AsType[*asset.Unread](err); ok {
		err = u
	} else {
		err = fmt.Errorf("%s: %s: %w", r.form.what(r), part, err)
	}
	if r.err == nil {
		r.err = err
	}
}

// elements yields the elements of a list, or v itself if it is not a list, or nothing if
// v is absent.
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

// stringOf returns a string or a number as a string; an absent value is "".
func stringOf(v asset.Value) (string, error) {
	switch v.Kind() {
	case asset.Absent, asset.Null:
		return "", nil
	case asset.Int:
		n, err := v.Int()
		return strconv.FormatInt(n, 10), err
	}
	return v.Str()
}

// integer returns an integer, or a string of digits as one.
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

// boolean returns a boolean, or a string as one; an absent value is false.
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

// add adds the prefixes in a part of a rule.
func (r *rule) add(part string, v asset.Value, appendTo func(addresses, string) (addresses, error)) {
	for e := range elements(v) {
		s, err := stringOf(e)
		if err == nil {
			r.source, err = appendTo(r.source, s)
		}
		if err != nil {
			r.anySource = true
			r.note(part, err)
		}
	}
}

// does reads the action of the rule: allow or deny, in any case, or another one of the
// cloud.
func (r *rule) does(part string, v asset.Value, more func(word string) action) {
	s, err := v.Str()
	if err == nil {
		switch {
		case strings.EqualFold(s, "allow"):
			r.action = allow
		case strings.EqualFold(s, "deny"):
			r.action = deny
		case more != nil:
			r.action = more(strings.ToLower(s))
		}
		if r.action == unknown {
			err = fmt.Errorf("invalid action %.50q", s)
		}
	}
	if err != nil {
		r.note(part, err)
	}
}

// isMap reports whether a rule is a map; otherwise it is unknown.
func (r *rule) isMap(v asset.Value) bool {
	if v.Kind() == asset.Map {
		return true
	}
	err := v.Err()
	if err == nil {
		err = &asset.KindError{Want: asset.Map, Got: v.Kind()}
	}
	r.note("rule", err)
	r.unknown()
	return false
}

// unknown marks everything in the rule except its action as unknown.
func (r *rule) unknown() {
	r.possible, r.left = []match{everything()}, false
	r.anySource, r.anyTarget, r.anyOrder, r.maybe = true, true, true, true
}
