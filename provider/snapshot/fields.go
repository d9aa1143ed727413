package snapshot

import (
	"errors"
	"fmt"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/member"
)

// fill sets the fields of an asset. It returns the parts that the line states.
func (d *decoder) fill(a *asset.Asset, v asset.Value) (stated parts, err error) {
	fields := member.Asset(a)
	for i := range v.Len() {
		name, x := v.MemberAt(i)
		if doc := document(a, name); doc != nil {
			*doc = x
			if name == "access" {
				stated |= access
			}
			continue
		}
		if x.Kind() == asset.Null {
			x = asset.Value{}
		}
		var err error
		switch name {
		case "tags":
			err = fillTags(a, x)
		case "links":
			if x.Kind() != asset.Absent {
				stated |= links
			}
			a.Links, err = listOf(x, d.linkOf)
		case "parents":
			if x.Kind() != asset.Absent {
				stated |= parents
			}
			a.Parents, err = listOf(x, d.refOf)
		case "observers":
			a.Observers, err = listOf(x, text)
		case "origin":
			err = fillOrigin(&a.Origin, x)
		case "created":
			a.Created, err = timeOf(x)
		case "observed":
			a.Observed, err = timeOf(x)
		default:
			err = set(member.Find(fields[:], name), x)
		}
		if err != nil {
			return 0, fmt.Errorf("%.80q: %w", name, err)
		}
	}
	return stated, nil
}

// document returns the document with the name, nil if there is none.
func document(a *asset.Asset, name string) *asset.Value {
	for n, doc := range a.Documents() {
		if n == name {
			return doc
		}
	}
	return nil
}

// set stores a string, unless it is missing. A member without a field is unknown.
func set(to *string, v asset.Value) error {
	if to == nil {
		return errUnknown
	}
	if v.Kind() == asset.Absent {
		return nil
	}
	s, err := text(v)
	*to = s
	return err
}

func fillTags(a *asset.Asset, v asset.Value) error {
	if v.Kind() == asset.Absent || v.Kind() == asset.Map && v.Len() == 0 {
		return nil
	}
	if v.Kind() != asset.Map {
		return kindError(asset.Map, v)
	}
	a.Tags = make(map[string]string, v.Len())
	for i := range v.Len() {
		k, x := v.MemberAt(i)
		s, err := text(x)
		if err != nil {
			return fmt.Errorf("%.80q: %w", k, err)
		}
		a.Tags[k] = s
	}
	return nil
}

func fillOrigin(o *asset.Origin, v asset.Value) error {
	if v.Kind() == asset.Absent {
		return nil
	}
	return members(v, func(name string, x asset.Value) error {
		switch name {
		case "file":
			return set(&o.File, x)
		case "line":
			n, err := integer(x)
			if err == nil && (n < 0 || n > maxLine) {
				err = fmt.Errorf("%d is no line", n)
			}
			o.Line = int(n)
			return err
		}
		return errUnknown
	})
}

func listOf[T any](v asset.Value, of func(asset.Value) (T, error)) ([]T, error) {
	if v.Kind() == asset.Absent || v.Kind() == asset.List && v.Len() == 0 {
		return nil, nil
	}
	if v.Kind() != asset.List {
		return nil, kindError(asset.List, v)
	}
	list := make([]T, v.Len())
	for i := range list {
		var err error
		if list[i], err = of(v.Index(i)); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return list, nil
}

func (d *decoder) linkOf(v asset.Value) (l asset.Link, err error) {
	fields := member.Link(&l)
	if err = texts(v, fields[:]); err != nil {
		return l, err
	}
	if l.To, err = d.opts.Clouds.ParseRef(d.spell(l.To.Type), l.To.ID); err == nil && l.Rel == "" {
		err = errors.New("no rel")
	}
	return l, err
}

func (d *decoder) refOf(v asset.Value) (r asset.Ref, err error) {
	fields := member.Ref(&r)
	if err = texts(v, fields[:]); err != nil {
		return r, err
	}
	return d.opts.Clouds.ParseRef(d.spell(r.Type), r.ID)
}

// texts reads a map of members that hold strings.
func texts(v asset.Value, all []member.Member) error {
	return members(v, func(name string, x asset.Value) error { return set(member.Find(all, name), x) })
}

func timeOf(v asset.Value) (time.Time, error) {
	if v.IsAbsent() {
		return time.Time{}, nil
	}
	s, err := text(v)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is no time of RFC 3339", s)
	}
	return t.UTC(), nil
}

func kindError(want asset.Kind, v asset.Value) error {
	return &asset.KindError{Want: want, Got: v.Kind()}
}

// members calls f for each member of a map, with a null one as absent.
func members(v asset.Value, f func(name string, x asset.Value) error) error {
	if v.Kind() != asset.Map {
		return kindError(asset.Map, v)
	}
	for i := range v.Len() {
		name, x := v.MemberAt(i)
		if x.Kind() == asset.Null {
			x = asset.Value{}
		}
		if err := f(name, x); err != nil {
			return fmt.Errorf("%.80q: %w", name, err)
		}
	}
	return nil
}

func text(v asset.Value) (string, error) {
	s, err := v.Str()
	return s, bare(err)
}

func integer(v asset.Value) (int64, error) {
	n, err := v.Int()
	return n, bare(err)
}

// bare returns an error of an accessor without its path, which counts from the line: the
// names of the format stand before it.
func bare(err error) error {
	if err == nil {
		return nil
	}
	var k *asset.KindError
	switch {
	case errors.As(err, &k):
		return &asset.KindError{Want: k.Want, Got: k.Got}
	case errors.Is(err, asset.ErrAbsent):
		return asset.ErrAbsent
	}
	return err
}
