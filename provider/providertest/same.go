package providertest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/openstance/stance/asset"
)

// strictness is how unread parts are compared.
type strictness int

const (
	exactly      strictness = iota // unread for the same reason on both sides
	whereRead                      // a part that is unread on either side is not compared
	wherePresent                   // the second side may be unread where the first is not
	narrowed                       // whereRead, and tags, links and times that come with parts that were not requested may be missing on the second side
)

// same returns the first difference between two views of an asset, except for the time
// of observation.
func same(a, b *asset.Asset, how strictness) error {
	x, y := *a, *b
	if how == narrowed {
		how = whereRead
		omit(&x, &y)
	}
	for _, s := range []*asset.Asset{&x, &y} {
		for _, doc := range s.Documents() {
			*doc = asset.Value{}
		}
		s.Observed = x.Observed
		// What is empty need not be nil.
		if len(s.Tags) == 0 {
			s.Tags = nil
		}
		if len(s.Links) == 0 {
			s.Links = nil
		}
		if len(s.Parents) == 0 {
			s.Parents = nil
		}
		if len(s.Observers) == 0 {
			s.Observers = nil
		}
	}
	if !x.Created.Equal(y.Created) {
		return fmt.Errorf("created %s and %s", x.Created, y.Created)
	}
	y.Created = x.Created // which may be in another zone
	if !reflect.DeepEqual(x, y) {
		return fmt.Errorf("%+v and %+v", x, y)
	}
	for name, doc := range a.Documents() {
		other, err := b.At(asset.Path(name))
		if err != nil {
			return err
		}
		if err := sameValue(asset.Path(name), *doc, other, how); err != nil {
			return err
		}
	}
	return nil
}

// omit takes out of a what may be missing in b, if a part of b was not requested: tags,
// links, the time of creation and the incarnation.
func omit(a, b *asset.Asset) {
	whole := true
	for _, doc := range b.Documents() {
		for _, part := range doc.Marks() {
			if u := part.Unread(); u != nil && (u.Reason == asset.NotRequested || u.Reason == asset.NotKept) {
				whole = false
			}
		}
	}
	if whole {
		return
	}
	if len(b.Tags) == 0 {
		a.Tags = nil
	}
	if b.Created.IsZero() {
		a.Created = b.Created
	}
	if b.Incarnation == "" {
		a.Incarnation = ""
	}
	a.Links = slices.DeleteFunc(slices.Clone(a.Links), func(l asset.Link) bool { return !slices.Contains(b.Links, l) })
}

// sameValue returns the first difference between a and b, which have the path p.
func sameValue(p asset.Path, a, b asset.Value, how strictness) error {
	u, w := a.Unread(), b.Unread()
	switch {
	case u != nil && w != nil:
		if how == exactly && (u.Op != w.Op || u.Reason != w.Reason || u.Code != w.Code) {
			return fmt.Errorf("%s: %w and %w", p, u, w)
		}
		return nil
	case w != nil && how != exactly:
		return nil
	case u != nil && how == whereRead:
		return nil
	case u != nil || w != nil:
		return fmt.Errorf("%s: %s and %s", p, a, b)
	case a.IsAbsent() && b.IsAbsent():
		return nil
	case a.Kind() == asset.Map && b.Kind() == asset.Map:
		return sameMembers(p, a, b, how)
	case a.Kind() == asset.List && b.Kind() == asset.List:
		if a.Len() != b.Len() {
			return fmt.Errorf("%s: %d and %d elements", p, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if err := sameValue(p.Index(i), a.Index(i), b.Index(i), how); err != nil {
				return err
			}
		}
		return nil
	case !a.Equal(b):
		return fmt.Errorf("%s: %s and %s", p, a, b)
	}
	return nil
}

func sameMembers(p asset.Path, a, b asset.Value, how strictness) error {
	if how == exactly && a.IsPartial() != b.IsPartial() {
		return fmt.Errorf("%s: members were left out of one", p)
	}
	for i := range a.Len() {
		k, x := a.MemberAt(i)
		if err := sameValue(p.Key(k), x, b.Get(k), how); err != nil {
			return err
		}
	}
	for i := range b.Len() {
		k, x := b.MemberAt(i)
		if err := sameValue(p.Key(k), a.Get(k), x, how); err != nil {
			return err
		}
	}
	return nil
}
