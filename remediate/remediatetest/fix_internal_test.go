package remediatetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/remediate"
)

// cloud is a server with one box, which keeps its state in memory. A PUT of /box merges
// settings, null removes one; a PUT of /box?replace drops the others.
type cloud struct {
	mu       sync.Mutex
	settings map[string]any
	version  int
	writes   int
	failAt   int // write that is refused; 0: none
}

const boxType = asset.Type("Test::Box")

var errRefused = errors.New("refused")

func (c *cloud) reset(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settings = map[string]any{"public": true, "mode": "open", "foreign": "keep"}
	c.version++
	return nil
}

func (c *cloud) put(ctx context.Context, etag string, replace bool, settings map[string]any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.writes++
	if c.failAt > 0 {
		if c.failAt--; c.failAt == 0 {
			return errRefused
		}
	}
	if etag != "" && etag != strconv.Itoa(c.version) {
		return remediate.ErrStale
	}
	if replace {
		c.settings = map[string]any{}
	}
	for k, v := range settings {
		if c.settings[k] = v; v == nil {
			delete(c.settings, k)
		}
	}
	c.version++
	return nil
}

func (c *cloud) read(_ context.Context, of asset.Ref, _ *policy.Policy) (*asset.Inventory, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	config, err := asset.Of(map[string]any{"etag": strconv.Itoa(c.version), "settings": c.settings})
	if err != nil {
		return nil, err
	}
	inv := &asset.Inventory{}
	inv.Add(&asset.Asset{Ref: of, Scope: asset.Scope{Provider: "test", Account: "1"}, Config: config})
	return inv, nil
}

const boxes = `
id: boxes
title: Boxes are closed
severity: high
type: Test::Box
require: config.settings.public == false && config.settings.mode == 'strict'
remediation:
  class: safe
  fix: close
  prechecks:
    - {id: unused, text: Nobody uses the box, kind: computed}
`

// closing returns a fix that closes boxes in two steps, and the undo steps.
func closing(c *cloud) *remediate.Fix {
	put := func(id, etag string, settings map[string]any) remediate.Step {
		body, _ := json.Marshal(settings)
		s := remediate.Step{ID: id, Request: remediate.Request{Service: "test", Operation: "PUT", Path: "/box", Body: body}}
		s.Precondition.ETag = etag
		for k, v := range settings {
			change, _ := remediate.Set(asset.Path("config.settings").Key(k), v)
			s.Effect = append(s.Effect, change)
		}
		return s
	}
	return &remediate.Fix{
		ID: "close", Version: 1, Types: []asset.Type{boxType}, Writes: []asset.Path{"config.settings.public", "config.settings.mode"},
		Params: []remediate.Param{{Name: "owner", Description: "who is responsible"}},
		Propose: func(_ context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
			etag, err := s.Asset.Config.Get("etag").Str()
			if err != nil {
				return nil, err
			}
			mode, err := s.Asset.Config.Get("settings", "mode").Str()
			if err != nil {
				return nil, err
			}
			return &remediate.Proposal{
				Summary: "Closes the box.", Impact: "Strangers lose access.",
				Checks: map[string]remediate.Outcome{"unused": {Result: remediate.Pass, Evidence: "no request in 30 days"}},
				Steps:  []remediate.Step{put("close", etag, map[string]any{"public": false}), put("strict", "", map[string]any{"mode": "strict"})},
				Undo:   []remediate.Step{put("open mode", "", map[string]any{"mode": mode}), put("open", "", map[string]any{"public": true})},
			}, nil
		},
		Apply: func(ctx context.Context, _ remediate.Target, s remediate.Step) error {
			var settings map[string]any
			if err := json.Unmarshal(s.Request.Body, &settings); err != nil {
				return err
			}
			return c.put(ctx, s.Precondition.ETag, false, settings)
		},
	}
}

func boxSuite(t *testing.T) (*cloud, Fix) {
	c := &cloud{}
	set, err := policy.Load(&policy.Options{Dynamic: []asset.Type{boxType}}, fstest.MapFS{"boxes.yaml": {Data: []byte(boxes)}})
	require.NoError(t, err)
	return c, Fix{
		Set: set, Fix: closing(c), Policy: "boxes", Of: asset.Ref{Type: boxType, ID: "b"}, Params: map[string]string{"owner": "ann"},
		Read: c.read, Reset: c.reset, Writes: func() int { return c.writes },
		Change: func(ctx context.Context) error {
			return c.put(ctx, "", false, map[string]any{"public": "sometimes"})
		},
		FailWrite: func(n int) { c.failAt = n },
		Ignore:    []asset.Path{"config.etag"},
	}
}

func TestFixOfToyCloud(t *testing.T) {
	_, f := boxSuite(t)
	TestFix(t, f)
}

// Every break of the contract is found, by the rule that it breaks.
func TestBrokenFixes(t *testing.T) {
	for _, tt := range []struct {
		name, rule, want string
		breaks           func(*cloud, *remediate.Fix)
	}{
		{"writes while planning", "plans", "planning made 1 writes", func(c *cloud, f *remediate.Fix) {
			propose := f.Propose
			f.Propose = func(ctx context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
				_ = c.put(ctx, "never", false, nil) // refused, and a write
				return propose(ctx, s)
			}
		}},
		{"changes while planning", "plans", "after planning: config.settings.new", func(c *cloud, f *remediate.Fix) {
			propose := f.Propose
			f.Propose = func(ctx context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
				_ = c.put(ctx, "", false, map[string]any{"new": 1})
				return propose(ctx, s)
			}
		}},
		{"plans by chance", "deterministic", "differ", func(_ *cloud, f *remediate.Fix) {
			propose, n := f.Propose, 0
			f.Propose = func(ctx context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
				p, err := propose(ctx, s)
				n++
				p.Summary = fmt.Sprint(n)
				return p, err
			}
		}},
		{"another effect", "applies", "config.settings.mode", func(c *cloud, f *remediate.Fix) {
			f.Apply = edited(c, func(m map[string]any) {
				if m["mode"] != nil {
					m["mode"] = "strictest"
				}
			})
		}},
		{"more effect", "applies", "config.settings.other", func(c *cloud, f *remediate.Fix) {
			f.Apply = edited(c, func(m map[string]any) { m["other"] = 1 })
		}},
		{"no effect", "applies", "want pass", func(c *cloud, f *remediate.Fix) {
			f.Apply = func(context.Context, remediate.Target, remediate.Step) error { return nil }
		}},
		{"drops foreign settings", "applies", "config.settings.foreign", func(c *cloud, f *remediate.Fix) {
			f.Apply = func(ctx context.Context, _ remediate.Target, s remediate.Step) error {
				all := map[string]any{"public": true, "mode": "open"}
				if err := json.Unmarshal(s.Request.Body, &all); err != nil {
					return err
				}
				return c.put(ctx, s.Precondition.ETag, true, all)
			}
		}},
		{"two writes a step", "applies", "made 2 writes", func(c *cloud, f *remediate.Fix) {
			apply := f.Apply
			f.Apply = func(ctx context.Context, t remediate.Target, s remediate.Step) error {
				_ = apply(ctx, t, s)
				s.Precondition.ETag = ""
				return apply(ctx, t, s)
			}
		}},
		{"toggles", "twice", "applied twice", func(c *cloud, f *remediate.Fix) {
			f.Apply = edited(c, func(m map[string]any) {
				if m["mode"] != nil && c.settings["mode"] == "strict" {
					m["mode"] = "open"
				}
			})
		}},
		{"ignores stale", "stale", "want ErrStale", func(c *cloud, f *remediate.Fix) {
			apply := f.Apply
			f.Apply = func(ctx context.Context, t remediate.Target, s remediate.Step) error {
				s.Precondition.ETag = ""
				return apply(ctx, t, s)
			}
		}},
		{"hides errors", "failure", "no error of a write that the server refused", func(c *cloud, f *remediate.Fix) {
			apply := f.Apply
			f.Apply = func(ctx context.Context, t remediate.Target, s remediate.Step) error {
				if err := apply(ctx, t, s); !errors.Is(err, errRefused) {
					return err
				}
				return nil
			}
		}},
		{"undo that forgets", "undo", "the undo steps do not restore config.settings.mode", func(_ *cloud, f *remediate.Fix) {
			propose := f.Propose
			f.Propose = func(ctx context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
				p, err := propose(ctx, s)
				p.Undo = p.Undo[1:]
				return p, err
			}
		}},
		{"undo that only claims", "undo", "undo step open mode: config.settings.mode", func(c *cloud, f *remediate.Fix) {
			apply := f.Apply
			f.Apply = func(ctx context.Context, t remediate.Target, s remediate.Step) error {
				if strings.HasPrefix(s.ID, "open") {
					return nil
				}
				return apply(ctx, t, s)
			}
		}},
		{"undo in the middle", "failure", "undo after failure of step 2", func(c *cloud, f *remediate.Fix) {
			apply := f.Apply
			f.Apply = func(ctx context.Context, t remediate.Target, s remediate.Step) error {
				if s.ID == "open" && c.settings["mode"] == "open" {
					return nil
				}
				return apply(ctx, t, s)
			}
		}},
		{"chooses for the caller", "parameters", "want ErrParam", func(_ *cloud, f *remediate.Fix) {
			f.Propose = func(context.Context, *remediate.Situation) (*remediate.Proposal, error) {
				return nil, errors.New("no owner")
			}
			f.Params = []remediate.Param{{Name: "owner", Default: "bob"}, {Name: "no such"}}
		}},
		{"ignores the context", "cancel", "no error of a cancelled context", func(_ *cloud, f *remediate.Fix) {
			apply := f.Apply
			f.Apply = func(_ context.Context, t remediate.Target, s remediate.Step) error {
				return apply(context.Background(), t, s)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, f := boxSuite(t)
			tt.breaks(c, f.Fix)
			for _, r := range fixRules() {
				if r.name == tt.rule {
					found := newFixSuite(t.Context(), f).run(r)
					require.NotEmpty(t, found)
					assert.ErrorContains(t, errors.Join(found...), tt.want)
				}
			}
		})
	}
}

// edited returns an Apply that changes the settings before it sends them.
func edited(c *cloud, edit func(map[string]any)) func(context.Context, remediate.Target, remediate.Step) error {
	return func(ctx context.Context, _ remediate.Target, s remediate.Step) error {
		var settings map[string]any
		if err := json.Unmarshal(s.Request.Body, &settings); err != nil {
			return err
		}
		edit(settings)
		return c.put(ctx, s.Precondition.ETag, false, settings)
	}
}
