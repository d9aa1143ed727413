package remediate

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
)

// Holds reports whether the parts of an asset have the given values. The error is ErrUnknown,
// under errors.Is, if a part is unread.
func Holds(a *asset.Asset, parts []At) (bool, error) {
	for _, want := range parts {
		got, err := valueAt(a, want.Path)
		if err != nil {
			return false, err
		}
		if got.Value == nil || want.Value == nil {
			if len(got.Value) != len(want.Value) {
				return false, nil
			}
			continue
		}
		x, err := canonical(got.Value)
		if err != nil {
			return false, fmt.Errorf("%s: %w", want.Path, err)
		}
		y, err := canonical(want.Value)
		if err != nil {
			return false, fmt.Errorf("%w value of %s: %w", ErrMalformed, want.Path, err)
		}
		if !bytes.Equal(x, y) {
			return false, nil
		}
	}
	return true, nil
}

// valueAt returns the value at a path of an asset.
func valueAt(a *asset.Asset, p asset.Path) (At, error) {
	v, err := a.At(p)
	if err != nil {
		return At{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	at := At{Path: p}
	if v.Kind() == asset.Absent {
		return at, nil
	}
	if at.Value, err = v.MarshalJSON(); err != nil {
		return At{}, fmt.Errorf("%s: %w", p, kindOf(err))
	}
	return at, nil
}

// valuesAt returns the values at the paths of other values.
func valuesAt(a *asset.Asset, parts []At) ([]At, error) {
	all := make([]At, len(parts))
	for i, part := range parts {
		var err error
		if all[i], err = valueAt(a, part.Path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// kindOf adds to an error of the documents of an asset the one that callers act on.
func kindOf(err error) error {
	var unread *asset.Unread
	switch {
	case err == nil, errors.Is(err, ErrStale), errors.Is(err, ErrUnknown), errors.Is(err, ErrMalformed):
		return err
	case errors.As(err, &unread):
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case errors.Is(err, errMissing):
		return fmt.Errorf("%w: %w", ErrStale, err)
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}

// transition is what a step does to an asset.
type transition struct {
	before, after []At
	asset         *asset.Asset // after the step
}

// transit applies a step to an asset. The error is ErrUnknown, ErrStale or ErrMalformed,
// under errors.Is.
func (s *Step) transit(a *asset.Asset) (*transition, error) {
	before, err := s.values(a)
	if err != nil {
		return nil, fmt.Errorf("step %s: %w", s.ID, kindOf(err))
	}
	b, err := s.apply(a)
	if err != nil {
		return nil, kindOf(err)
	}
	for name, doc := range b.Documents() {
		if _, size, depth := doc.Size(); depth > asset.MaxDepth || size > asset.MaxDocument {
			return nil, fmt.Errorf("step %s: %w: %s of %d bytes and depth %d", s.ID, ErrMalformed, name, size, depth)
		}
	}
	after, err := valuesAt(b, before)
	if err != nil {
		return nil, fmt.Errorf("step %s: %w", s.ID, err)
	}
	return &transition{before, after, b}, nil
}

// check returns an error that is ErrStale if the precondition of a step does not hold, and
// ErrMalformed if the step states other values than its effect leads to.
func (s *Step) check(t *transition) error {
	hash, err := digestOf(t.before)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, err)
	}
	if hash != s.Precondition.Hash {
		return fmt.Errorf("%w: step %s: the parts that it changes are not as they were", ErrStale, s.ID)
	}
	for _, x := range []struct {
		name         string
		stated, real []At
	}{{"before", s.Before, t.before}, {"after", s.After, t.after}} {
		if !slices.EqualFunc(x.stated, x.real, func(a, b At) bool { return a.Path == b.Path && sameJSON(a.Value, b.Value) }) {
			return fmt.Errorf("%w step %s: its values %s it are not those of its effect", ErrMalformed, s.ID, x.name)
		}
	}
	return nil
}

func sameJSON(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	x, errX := canonical(a)
	y, errY := canonical(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
