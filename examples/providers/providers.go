// Package providers shows a provider of assets that no cloud has, and a policy about
// them in Go: here the doors of an office, from the file of an access control system.
// Copied into a module of its own it works the same.
package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// Door is the type of the assets.
const Door asset.Type = "Acme::Office::Door"

// Doors discovers the doors of one office.
type Doors struct {
	Office string
	Read   func(ctx context.Context) ([]byte, error) // returns the file of the system
	Now    func() time.Time
}

// Name implements [provider.Provider].
func (d *Doors) Name() string { return "acme" }

// Discover implements [provider.Provider].
func (d *Doors) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, o := range d.observe(ctx, q) {
			if ctx.Err() != nil {
				break
			}
			if !yield(o, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
		}
	}
}

// observe returns every observation that matches a query. A file that cannot be read is
// a gap, and so are types and scopes that the provider does not know.
func (d *Doors) observe(ctx context.Context, q provider.Query) []asset.Observation {
	scope := asset.Scope{Provider: d.Name(), Account: d.Office}
	var all []asset.Observation
	gap := func(op string, why asset.Reason, err error) {
		all = append(all, &asset.Gap{Scope: scope, Type: Door, Cause: asset.Unread{Op: op, Reason: why, Message: err.Error()}})
	}
	for _, s := range q.Scopes {
		if !s.Contains(scope) {
			all = append(all, provider.UnknownScope(s))
		}
	}
	if !q.WantsScope(scope) {
		return all
	}
	for _, t := range q.Types {
		if t != Door {
			all = append(all, provider.UnknownType(scope, t))
		}
	}
	if !q.Wants(Door) {
		return all
	}
	state := asset.Complete
	doors, err := d.doors(ctx, scope)
	if err != nil {
		gap("read", asset.Unavailable, err)
		state = asset.Partial
	}
	all = append(all, &asset.Coverage{Scope: scope, Type: Door, State: state})
	for _, a := range doors {
		// A provider keeps no secret: a code in a name or a note of the system, say.
		if err := q.Redactor.Redact(a); err != nil {
			gap("redact", asset.Malformed, err)
			continue
		}
		if a, err = q.Project(a); err != nil {
			gap("project", asset.Malformed, err)
			continue
		}
		all = append(all, a)
	}
	return all
}

func (d *Doors) doors(ctx context.Context, scope asset.Scope) ([]*asset.Asset, error) {
	data, err := d.Read(ctx)
	if err != nil {
		return nil, err
	}
	var listed []struct {
		Name     string
		Locked   *bool // the system omits it if the lock does not answer
		OpensFor []string
	}
	if err := json.Unmarshal(data, &listed); err != nil {
		return nil, fmt.Errorf("file of doors: %w", err)
	}
	var all []*asset.Asset
	for _, x := range listed {
		locked := any(&asset.Unread{Op: "lock", Reason: asset.Unavailable, Message: "the lock does not answer"})
		if x.Locked != nil {
			locked = *x.Locked
		}
		config, err := asset.Of(map[string]any{"opensFor": x.OpensFor})
		if err != nil {
			return nil, err
		}
		status, err := asset.Of(map[string]any{"locked": locked})
		if err != nil {
			return nil, err
		}
		all = append(all, &asset.Asset{
			Ref: asset.Ref{Type: Door, ID: d.Office + "/" + x.Name}, Scope: scope, Name: x.Name, Class: "office",
			Config: config, Status: status, Observed: d.Now(),
		})
	}
	return all, nil
}

// Schema describes the documents of doors, so that a policy with a misspelled field
// does not load: pass it as [policy.Options].Schemas.
func Schema(t asset.Type) (*asset.Schema, bool) {
	if t != Door {
		return nil, false
	}
	schemas, err := asset.ParseSchemas([]byte(`{"Acme::Office::Door": {"config": {"opensFor": ["s"]}, "status": {"locked": "b"}}}`))
	if err != nil || len(schemas) != 1 {
		return nil, false
	}
	return schemas[0], true
}

// Locked returns the policy that doors are locked. Status.At tells what was not read
// from what is false: the error of a check is an unknown finding.
func Locked() *policy.Policy {
	return &policy.Policy{
		ID: "acme-doors-locked", Title: "Doors are locked", Severity: policy.High,
		Checks: []policy.Check{{
			Types: []asset.Type{Door},
			Reads: []asset.Path{"status.locked"},
			Run: func(_ context.Context, in policy.CheckInput) (policy.Verdict, error) {
				v, err := in.Asset.At("status.locked")
				if err != nil {
					return policy.Verdict{}, err
				}
				locked, err := v.Bool()
				switch {
				case err != nil:
					return policy.Verdict{}, err
				case locked:
					return policy.Verdict{Status: policy.Pass}, nil
				}
				return policy.Verdict{Status: policy.Fail, Message: in.Asset.Name + " is not locked"}, nil
			},
		}},
	}
}
