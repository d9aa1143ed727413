package provider_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
)

const machineType asset.Type = "Acme::Compute::Machine"

// Schemas describes the documents of Acme's types. The mark s redacts the script.
func Schemas(t asset.Type) (*asset.Schema, bool) {
	schemas, err := asset.ParseSchemas([]byte(`{"Acme::Compute::Machine": {"class": "compute", "global": true,
		"config": {"image": "s", "initScript:s": "s", "openPorts": ["i"]}}}`))
	if err != nil || t != machineType {
		return nil, false
	}
	return schemas[0], true
}

// API is the part of Acme's SDK that the provider calls.
type API interface {
	ListMachines(ctx context.Context, project, pageToken string) (page []Machine, next string, err error)
	GetFirewall(ctx context.Context, project, machine string) (openPorts []int, err error)
}

// Machine is an element of Acme's list.
type Machine struct {
	ID, Name, Image, InitScript string
	Labels                      map[string]string
}

// APIError is Acme's error.
type APIError struct{ Code, Message string }

func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// Acme discovers the machines of projects in Acme's cloud.
type Acme struct {
	API      API
	Projects []string
	Now      func() time.Time
}

// Name implements [provider.Provider].
func (p *Acme) Name() string { return "acme" }

// Types implements [provider.TypeLister].
func (p *Acme) Types() []asset.Type { return []asset.Type{machineType} }

// Discover implements [provider.Provider].
func (p *Acme) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, g := range p.unknown(q) {
			if !yield(g, nil) {
				return
			}
		}
		for _, project := range p.Projects {
			scope := asset.Scope{Provider: p.Name(), Account: project}
			if !q.Wants(machineType) || !q.WantsScope(scope) {
				continue
			}
			for o, err := range p.machines(ctx, q, scope) {
				if !yield(o, err) || err != nil {
					return
				}
			}
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx)) // so that what was cut short does not look complete
		}
	}
}

// unknown returns a gap for each requested type and scope that Acme does not have.
func (p *Acme) unknown(q provider.Query) []*asset.Gap {
	var gaps []*asset.Gap
	scopes := []asset.Scope{{Provider: p.Name()}}
	if len(q.Scopes) > 0 {
		scopes = q.Scopes
	}
	for _, s := range q.Scopes {
		found := false
		for _, project := range p.Projects {
			found = found || s.Contains(asset.Scope{Provider: p.Name(), Account: project})
		}
		if !found {
			gaps = append(gaps, provider.UnknownScope(s))
		}
	}
	for _, t := range q.Types {
		if t == machineType {
			continue
		}
		for _, s := range scopes {
			gaps = append(gaps, provider.UnknownType(s, t))
		}
	}
	return gaps
}

// machines yields the machines of a project, a gap if the list fails, and the coverage.
func (p *Acme) machines(ctx context.Context, q provider.Query, scope asset.Scope) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		coverage := &asset.Coverage{Scope: scope, Type: machineType, State: asset.Complete}
		list := func(ctx context.Context, token string) ([]Machine, string, error) {
			return p.API.ListMachines(ctx, scope.Account, token)
		}
		for m, err := range provider.Pages(ctx, list) {
			if err != nil {
				coverage.State = asset.Partial
				if !yield(&asset.Gap{Scope: scope, Type: machineType, Cause: *unread("compute.listMachines", err)}, nil) {
					return
				}
				break
			}
			a, err := p.asset(ctx, q, scope, m)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(a, nil) {
				return
			}
		}
		yield(coverage, nil)
	}
}

// asset reads the parts of a machine that the list lacks, if they are requested.
func (p *Acme) asset(ctx context.Context, q provider.Query, scope asset.Scope, m Machine) (*asset.Asset, error) {
	var openPorts any = &asset.Unread{Op: "compute.getFirewall", Reason: asset.NotRequested}
	if q.WantsPath(machineType, "config.openPorts") {
		ports, err := p.API.GetFirewall(ctx, scope.Account, m.ID)
		if openPorts = ports; err != nil {
			openPorts = unread("compute.getFirewall", err)
		}
	}
	config, err := asset.Of(map[string]any{"image": m.Image, "initScript": m.InitScript, "openPorts": openPorts})
	if err != nil {
		return nil, fmt.Errorf("acme: machine %s: %w", m.ID, err)
	}
	a := &asset.Asset{
		Ref: asset.Ref{Type: machineType, ID: scope.Account + "/" + m.ID}, Scope: scope,
		Name: m.Name, Class: "compute", Tags: m.Labels, Config: config, Observed: p.Now(),
	}
	schema, _ := Schemas(machineType)
	if err := q.Redactor.Redact(a, secret.Paths(schema)...); err != nil {
		return nil, fmt.Errorf("acme: machine %s: %w", m.ID, err)
	}
	return a, nil
}

// unread maps an error of Acme's API, in one place for all calls.
func unread(op string, err error) *asset.Unread {
	u := &asset.Unread{Op: op, Reason: asset.Unavailable, Message: err.Error()}
	var api *APIError
	if errors.As(err, &api) {
		u.Code, u.Message = api.Code, api.Message
		switch api.Code {
		case "forbidden":
			u.Reason = asset.Denied
		case "rate_limited":
			u.Reason = asset.Throttled
		}
	}
	return u
}

// fakeAPI answers as Acme's API does.
type fakeAPI struct{}

func (fakeAPI) ListMachines(_ context.Context, project, pageToken string) ([]Machine, string, error) {
	switch {
	case project == "lab":
		return nil, "", &APIError{"forbidden", "compute.listMachines is not granted"}
	case pageToken == "":
		return []Machine{{ID: "m-1", Name: "web", Image: "debian-13", InitScript: "PASSWORD=hunter2-of-acme"}}, "2", nil
	}
	return []Machine{{ID: "m-2", Name: "db", Image: "debian-13", Labels: map[string]string{"team": "data"}}}, "", nil
}

func (fakeAPI) GetFirewall(_ context.Context, _, machine string) ([]int, error) {
	if machine == "m-2" {
		return nil, &APIError{"rate_limited", "slow down"}
	}
	return []int{22, 443}, nil
}

// A provider for a cloud that Stance does not know, with lists in pages, a call for
// each asset, and errors.
func Example() {
	p := &Acme{API: fakeAPI{}, Projects: []string{"lab", "shop"}, Now: time.Now}
	inv, err := provider.Collect(context.Background(), provider.Query{}, p)
	if err != nil {
		log.Fatal(err)
	}
	for a := range inv.All() {
		fmt.Println(a.Name, a.Config.Get("initScript"))
		if ports := a.Config.Get("openPorts"); ports.Unread() != nil {
			fmt.Println("-", ports.Unread())
		}
	}
	for _, g := range inv.Gaps() {
		fmt.Println("gap in", g.Scope, "-", g.Cause.Reason, g.Cause.Op)
	}
	for _, c := range inv.AllCoverage() {
		fmt.Println(c.Scope, c.State)
	}
	// Output:
	// web "[redacted by=password]"
	// db ""
	// - unread: compute.getFirewall: rate_limited: slow down
	// gap in acme/lab - denied compute.listMachines
	// acme/lab partial
	// acme/shop complete
}
