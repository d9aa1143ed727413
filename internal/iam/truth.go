package iam

import (
	"errors"

	"github.com/openstance/stance/asset"
)

// truth is yes, no, or undecided with an error.
type truth struct {
	yes bool
	err error
}

func known(yes bool) truth         { return truth{yes: yes} }
func undecided(err error) truth    { return truth{err: bare(err)} }
func (t truth) isYes() bool        { return t.err == nil && t.yes }
func (t truth) isNo() bool         { return t.err == nil && !t.yes }
func (t truth) get() (bool, error) { return t.isYes(), t.err }

func (t truth) not() truth {
	if t.err != nil {
		return t
	}
	return known(!t.yes)
}

func (t truth) and(o truth) truth {
	if t.isNo() || t.err != nil && !o.isNo() {
		return t
	}
	return o
}

func (t truth) or(o truth) truth { return t.not().and(o.not()).not() }

// bare unwraps an unread part, so that the error is the *asset.Unread itself.
func bare(err error) error {
	if u, ok := errors.AsType[*asset.Unread](err); ok {
		return u
	}
	return err
}
