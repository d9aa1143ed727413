package collect

import (
	"context"
	"errors"
	"fmt"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Lookup returns a scan that looks for a single asset.
func (e *Engine) Lookup(ref asset.Ref) *Scan {
	return &Scan{Engine: e, Query: provider.Query{Types: []asset.Type{ref.Type}}, Only: ref}
}

// Get drives work to its end, or until it emits the asset that the scan looks for. The
// error is [provider.ErrNotFound] if everything was looked at and it was not there.
func (s *Scan) Get(ctx context.Context, work func(context.Context) error) (*asset.Asset, error) {
	var found *asset.Asset
	var gaps []error
	err := s.Drive(ctx, work, func(o asset.Observation) bool {
		switch o := o.(type) {
		case *asset.Asset:
			found = o
		case *asset.Gap:
			if o.Type == s.Only.Type || o.Type == "" {
				gaps = append(gaps, fmt.Errorf("%s: %w", o.Scope, &o.Cause))
			}
		case *asset.Coverage:
			if o.Type == s.Only.Type && o.State != asset.Complete && len(gaps) == 0 {
				gaps = append(gaps, fmt.Errorf("%s: %w", o.Scope, &asset.Unread{Reason: asset.Incomplete, Code: asset.CodeIncomplete, Message: "the list may omit assets"}))
			}
		}
		return found == nil
	})
	switch {
	case found != nil:
		return found, nil
	case err == nil && len(gaps) == 0:
		err = provider.ErrNotFound
	}
	return nil, fmt.Errorf("%s: %s: %w", s.Provider, s.Only, errors.Join(append(gaps, err)...))
}

// OnlyID returns the id of the single asset that is looked up, and "" if it is not of one
// of the types, or if all are requested.
func (s *Scan) OnlyID(types ...asset.Type) string {
	for _, t := range types {
		if t == s.Only.Type {
			return s.Only.ID
		}
	}
	return ""
}
