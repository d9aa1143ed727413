package iam

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// anyOf reports whether accept holds for one of the strings in v.
func anyOf(v asset.Value, accept func(string) bool) truth { return anyIn(stringsIn(v), accept) }

func anyIn(all iter.Seq2[string, error], accept func(string) bool) truth {
	t := known(false)
	for s, err := range all {
		switch {
		case err != nil:
			t = undecided(err)
		case accept(s):
			return known(true)
		}
	}
	return t
}

// stringsIn yields the string v, or the strings in the list v. Numbers and booleans are
// strings too, and null is skipped. It yields an error for a value that is unread,
// redacted, too long or of another kind, and continues.
func stringsIn(v asset.Value) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		switch v.Kind() {
		case asset.Absent, asset.Null:
		case asset.List:
			for i := range v.Len() {
				if e := v.Index(i); e.Kind() != asset.Null && !yield(stringOf(e)) {
					return
				}
			}
		default:
			yield(stringOf(v))
		}
	}
}

// patterns yields the strings in v, and an error for one that may have variables if
// that is unknown.
func (s statement) patterns(v asset.Value) iter.Seq2[string, error] {
	if s.unversioned == nil {
		return stringsIn(v)
	}
	return func(yield func(string, error) bool) {
		for p, err := range stringsIn(v) {
			if err == nil && strings.Contains(p, "${") {
				err = s.unversioned
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func stringOf(v asset.Value) (string, error) {
	switch v.Kind() {
	case asset.Bool:
		b, err := v.Bool()
		return strconv.FormatBool(b), err
	case asset.Int, asset.Float:
		return v.String(), nil
	}
	s, err := v.Str()
	if err != nil {
		return "", err
	}
	if _, redacted := v.Redacted(); redacted {
		return "", fmt.Errorf("policy: string %w", errRedacted)
	}
	if len(s) > maxPattern {
		return "", fmt.Errorf("policy: string of %d bytes, more than %d", len(s), maxPattern)
	}
	return s, nil
}
