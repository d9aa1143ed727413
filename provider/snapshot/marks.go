package snapshot

import (
	"cmp"
	"fmt"
	"iter"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/member"
)

// marks are the lists beside an asset.
type marks struct{ unread, redacted, defaults asset.Value }

// apply returns the asset with its documents marked, and the marks of other parts of it.
func (m marks) apply(v asset.Value) (asset.Value, []mark, error) {
	var problem error
	var beside []mark
	v, err := v.WithMarks(func(yield func(asset.Path, asset.Value) bool) {
		for _, list := range []struct {
			name string
			v    asset.Value
			mark func(asset.Value) (asset.Path, asset.Value, error)
		}{{"unread", m.unread, unreadOf}, {"redacted", m.redacted, redactedOf}, {"defaults", m.defaults, defaultOf}} {
			if list.v.IsAbsent() {
				continue
			}
			var elements iter.Seq2[int, asset.Value]
			if elements, problem = list.v.Elements(); problem != nil {
				problem = fmt.Errorf("%s: %w", list.name, bare(problem))
				return
			}
			for i, x := range elements {
				p, v, err := list.mark(x)
				if err == nil && v.Unread() != nil && isBeside(p) {
					beside = append(beside, mark{p, v})
					continue
				}
				if err == nil {
					err = inDocument(p)
				}
				if err != nil {
					problem = fmt.Errorf("%s[%d]: %w", list.name, i, err)
					return
				}
				if !yield(p, v) {
					return
				}
			}
		}
	})
	return v, beside, cmp.Or(problem, err)
}

// isBeside reports whether a path leads to a part beside the documents that may be unread.
func isBeside(p asset.Path) bool {
	name, _ := p.Document()
	return name == "parents" || name == "links"
}

// inDocument returns an error for a path that does not lead to a document or into one.
func inDocument(p asset.Path) error {
	if name, _ := p.Document(); document(new(asset.Asset), name) != nil {
		return nil
	}
	return fmt.Errorf("path %.80q begins with none of config, status and access", p)
}

func unreadOf(v asset.Value) (p asset.Path, mark asset.Value, err error) {
	var u asset.Unread
	fields := member.Cause(&u)
	err = members(v, func(name string, x asset.Value) error {
		switch name {
		case "path":
			return set((*string)(&p), x)
		case "reason":
			return setReason(&u.Reason, x)
		}
		return set(member.Find(fields[:], name), x)
	})
	return p, u.Value(), err
}

// setReason stores a reason by its name.
func setReason(to *asset.Reason, v asset.Value) error {
	var name string
	err := set(&name, v)
	if err == nil {
		*to, err = asset.ParseReason(name)
	}
	return err
}

func redactedOf(v asset.Value) (p asset.Path, mark asset.Value, err error) {
	var r asset.Redacted
	err = members(v, func(name string, x asset.Value) (err error) {
		switch name {
		case "path":
			return set((*string)(&p), x)
		case "hash":
			return set(&r.Hash, x)
		case "detectors":
			r.Detectors, err = listOf(x, text)
			return err
		}
		return errUnknown
	})
	return p, r.Value(), err
}

func defaultOf(v asset.Value) (p asset.Path, mark asset.Value, err error) {
	err = set((*string)(&p), v)
	return p, asset.Value{}.MarkDefault(), err
}
