package asset

import (
	"fmt"
	"strings"
)

// document returns the document that the first step of a path names.
func (a *Asset) document(name string) *Value {
	switch name {
	case "config":
		return &a.Config
	case "status":
		return &a.Status
	case "access":
		return &a.Access
	}
	return nil
}

// At returns the part of the asset that p leads to: see [Value.At].
func (a *Asset) At(p Path) (Value, error) {
	doc, rest, err := a.split(p)
	if err != nil {
		return Value{}, err
	}
	v, err := doc.At(rest)
	return v.missing(p), err
}

// SetPath sets the part of the asset that p leads to: see [Value.Set]. It is for
// assets that are being made, before they are handed on.
func (a *Asset) SetPath(p Path, x Value) error {
	doc, rest, err := a.split(p)
	if err != nil {
		return err
	}
	set, err := doc.Set(rest, x)
	if err == nil {
		*doc = set
	}
	return err
}

func (a *Asset) split(p Path) (*Value, Path, error) {
	name, rest := p.Document()
	doc := a.document(name)
	if doc == nil {
		return nil, "", fmt.Errorf("path %q: want config, status or access first", p)
	}
	return doc, rest, nil
}

// Document splits a path from an asset into the name of the document and the path
// from there.
func (p Path) Document() (name string, rest Path) {
	i := strings.IndexAny(string(p), ".[")
	if i < 0 {
		return string(p), ""
	}
	return string(p[:i]), Path(strings.TrimPrefix(string(p[i:]), "."))
}
