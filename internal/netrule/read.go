package netrule

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// form is what rules of a kind have in common. Sources and targets are read of those
// rules only that a question concerns, which are few.
type form struct {
	what func(*rule) string // names a rule in errors
	rest func(*rule)        // reads source and targets
}

// rule returns a rule of which nothing is read yet.
func (f *form) rule(doc asset.Value, place int) *rule {
	return &rule{form: f, doc: doc, place: place, left: true, name: strconv.Itoa(place)}
}

// whole reads the rest of the rule, unless it is read.
func (r *rule) whole() {
	if r.left {
		r.left = false
		r.form.rest(r)
		r.reach = r.source.atMost()
	}
}

// fault keeps the first reason why something of the rule is not known.
func (r *rule) fault(part string, err error) {
	if u, ok := errors.AsType[*asset.Unread](err); ok {
		err = u
	} else {
		err = fmt.Errorf("%s: %s: %w", r.form.what(r), part, err)
	}
	if r.err == nil {
		r.err = err
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

// add adds the prefixes that a rule lists under some key.
func (r *rule) add(part string, v asset.Value, appendTo func(addresses, string) (addresses, error)) {
	for e := range elements(v) {
		s, err := text(e)
		if err == nil {
			r.source, err = appendTo(r.source, s)
		}
		if err != nil {
			r.anySource = true
			r.fault(part, err)
		}
	}
}

// does reads what the rule does: allow or deny, in any case, or what else a cloud
// has words for.
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
			err = fmt.Errorf("%.50q is no action", s)
		}
	}
	if err != nil {
		r.fault(part, err)
	}
}

// isMap checks that a rule is one; nothing is known of it otherwise.
func (r *rule) isMap(v asset.Value) bool {
	if v.Kind() == asset.Map {
		return true
	}
	err := v.Err()
	if err == nil {
		err = &asset.KindError{Want: asset.Map, Got: v.Kind()}
	}
	r.fault("rule", err)
	r.unknown()
	return false
}

// unknown takes everything of the rule, except its action, as not known.
func (r *rule) unknown() {
	r.possible, r.left = []match{everything()}, false
	r.anySource, r.anyTarget, r.anyOrder, r.maybe = true, true, true, true
}
