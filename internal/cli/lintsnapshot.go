package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// misfit is a problem that assets of a type share.
type misfit struct {
	typ  asset.Type
	text string
}

// maxMisfits is how many problems of a snapshot are listed; others are counted.
const maxMisfits = 1000

// lintSnapshot returns the problems of a snapshot: the error that ends it, unknown
// types, parts of documents that their schema does not describe, each with the number
// of assets that have it and the first of them, and duplicate assets.
func lintSnapshot(ctx context.Context, name string) ([]string, error) {
	count, first, more := map[misfit]int{}, map[misfit]string{}, 0
	add := func(a *asset.Asset, text string) {
		m := misfit{a.Type, text}
		if count[m] == 0 && len(count) == maxMisfits {
			more++
			return
		}
		if count[m]++; count[m] == 1 {
			first[m] = secret.Mask(a.ID)
		}
	}
	var end error
	var summary snapshot.Summary
	opts := &snapshot.Options{Summary: func(s snapshot.Summary) { summary = s }}
	for o, err := range snapshot.File(name, opts).Discover(ctx, provider.Query{}) {
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			end = err
			break
		}
		a, ok := o.(*asset.Asset)
		if !ok {
			continue
		}
		schema, known := catalog.Schema(a.Type)
		if !known {
			add(a, "unknown type")
		}
		for _, m := range asset.Lint(a, schema) {
			add(a, m.String())
		}
	}
	var found []string
	for _, m := range slices.SortedFunc(maps.Keys(count), func(a, b misfit) int {
		return asset.Ref{Type: a.typ, ID: a.text}.Compare(asset.Ref{Type: b.typ, ID: b.text})
	}) {
		found = append(found, printable.Text(fmt.Sprintf("%s: %s: %s (%d assets, such as %s)", name, m.typ, m.text, count[m], first[m])))
	}
	if more > 0 {
		found = append(found, printable.Text(fmt.Sprintf("%s: %d further problems, of kinds that are not listed", name, more)))
	}
	if summary.Duplicates > 0 {
		text := fmt.Sprintf("%s: %d duplicate assets", name, summary.Duplicates)
		for _, p := range summary.Problems {
			if errors.Is(p, snapshot.ErrDuplicate) {
				text = fmt.Sprintf("%s (%d duplicate assets)", p, summary.Duplicates)
				break
			}
		}
		found = append(found, printable.Text(text))
	}
	if end != nil {
		found = append(found, printable.Text(end.Error()))
	}
	return found, nil
}
