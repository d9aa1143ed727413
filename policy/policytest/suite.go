package policytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
)

func run(t tester, fsys fs.FS, opts *Options) {
	t.Helper()
	policies, err := policy.Read(fsys)
	if err != nil {
		// What can be read is compiled as well, to report everything at once.
		_, more := policy.NewSet(compilation(opts, nil), policies...)
		problems(t, errors.Join(err, more))
		return
	}
	runPolicies(t, opts, policies)
}

func runPolicies(t tester, opts *Options, policies []*policy.Policy) {
	t.Helper()
	if len(policies) == 0 {
		t.Errorf("missing policies")
		return
	}
	if opts == nil {
		opts = &Options{}
	}
	set, err := policy.NewSet(compilation(opts, nil), policies...)
	if err != nil {
		problems(t, err)
		return
	}
	for p := range set.Policies() {
		t.Run(p.ID, func(t tester) {
			s := &suite{opts: opts, policy: p, sets: map[string]*policy.Set{}, seen: map[policy.Branch]outcomes{}}
			s.run(t)
		})
	}
}

// compilation returns the options of a set whose instant is that of now.
func compilation(opts *Options, now func() time.Time) *policy.Options {
	o := &policy.Options{Parallel: 1, Now: now}
	if opts != nil {
		o.Schemas, o.Dynamic, o.Clouds = opts.Schemas, opts.Dynamic, opts.Clouds
	}
	return o
}

// problems reports each of the errors that were joined.
func problems(t tester, err error) {
	t.Helper()
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range all.Unwrap() {
			problems(t, e)
		}
		return
	}
	if err != nil {
		t.Errorf("%v", err)
	}
}

// suite is the cases of one policy.
type suite struct {
	opts   *Options
	policy *policy.Policy
	sets   map[string]*policy.Set // of the one policy, by the parameters as JSON
	now    time.Time              // of the case that is running
	ran    int
	seen   map[policy.Branch]outcomes
}

func (s *suite) run(t tester) {
	t.Helper()
	set, err := s.set(nil)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	for _, want := range []policy.Status{policy.Pass, policy.Fail} {
		if !slices.ContainsFunc(s.policy.Tests, func(c policy.Case) bool { return c.Want == want }) {
			t.Errorf("missing case that wants %s", want)
		}
	}
	for _, typ := range set.Types() {
		if _, ok := s.schema(typ); !ok {
			t.Logf("%s has no schema: the fields that the policy reads of it are not checked", typ)
		}
	}
	for _, c := range s.policy.Tests {
		t.Run(c.Name, func(t tester) {
			t.Helper()
			s.ran++
			s.test(t, &c)
		})
	}
	if s.ran < len(s.policy.Tests) {
		t.Logf("coverage is not judged: %d of %d cases ran", s.ran, len(s.policy.Tests))
		return
	}
	s.judge(t, set.Branches(s.policy.ID))
}

func (s *suite) schema(t asset.Type) (*asset.Schema, bool) {
	switch {
	case slices.Contains(s.opts.Dynamic, t):
		return nil, false
	case s.opts.Schemas != nil:
		return s.opts.Schemas(t)
	}
	return catalog.Schema(t)
}

// set returns the policy compiled with parameters.
func (s *suite) set(params map[string]any) (*policy.Set, error) {
	key, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("params: %w", err)
	}
	if set, ok := s.sets[string(key)]; ok {
		return set, nil
	}
	o := compilation(s.opts, func() time.Time { return s.now })
	if len(params) > 0 {
		o.Overlays = []*policy.Overlay{{Params: map[string]map[string]any{s.policy.ID: params}}}
	}
	tested := *s.policy
	tested.Tests = nil // were checked when all policies were compiled
	set, err := policy.NewSet(o, &tested)
	if err != nil {
		return nil, err
	}
	s.sets[string(key)] = set
	return set, nil
}

func (s *suite) test(t tester, c *policy.Case) {
	t.Helper()
	if c.Asset == nil {
		t.Errorf("missing asset")
		return
	}
	set, err := s.set(c.Params)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if s.now = c.Now; s.now.IsZero() {
		s.now = Now()
	}
	subject := asset.Derive(c.Asset, s.schema)
	inv := s.surroundings(c, subject, set)
	f, err := s.find(t.Context(), set, subject, inv)
	if err != nil {
		t.Errorf("%s%v", s.place(c), err)
		return
	}
	x, err := set.Explain(t.Context(), s.policy.ID, subject, inv)
	if err != nil {
		t.Errorf("%s%v", s.place(c), err)
		return
	}
	s.count(x)
	var wrong []string
	if f.Status != c.Want {
		wrong = append(wrong, fmt.Sprintf("want %s, got %s", c.Want, f.Status))
	}
	if c.Message != "" && f.Message != c.Message {
		wrong = append(wrong, fmt.Sprintf("want message %q, got %q", c.Message, f.Message))
	}
	for _, control := range slices.Sorted(maps.Keys(c.Controls)) {
		switch got := f.Control(control); {
		case !slices.Contains(s.policy.Controls, control):
			wrong = append(wrong, fmt.Sprintf("unknown control %q (want one of the controls of the policy)", control))
		case got != c.Controls[control]:
			wrong = append(wrong, fmt.Sprintf("want %s of control %s, got %s", c.Controls[control], control, got))
		}
	}
	var unread *asset.Unread
	if f.Status == policy.Fail && f.Err != nil && !errors.As(f.Err, &unread) {
		wrong = append(wrong, "the expression of the message went wrong")
	}
	if wrong != nil {
		t.Errorf("%s%s%s", s.place(c), strings.Join(wrong, "; "), detail(f, x))
	}
}

// place tells where a case stands.
func (s *suite) place(c *policy.Case) string {
	if c.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", s.policy.File(), c.Line)
}

// surroundings returns what a case says there is.
func (s *suite) surroundings(c *policy.Case, subject *asset.Asset, set *policy.Set) *asset.Inventory {
	inv := &asset.Inventory{}
	for _, o := range c.Related {
		if a, ok := o.(*asset.Asset); ok {
			o = asset.Derive(a, s.schema)
		}
		inv.Add(o)
	}
	inv.Add(subject)
	if c.Covered {
		return inv
	}
	account := c.Asset.Scope
	account.Region = ""
	for _, typ := range set.Types() {
		inv.Add(&asset.Coverage{Scope: account, Type: typ, State: asset.Complete})
		inv.Add(&asset.Coverage{Scope: c.Asset.Scope, Type: typ, State: asset.Complete})
	}
	return inv
}

// find evaluates the policy for the asset as a scan does.
func (s *suite) find(ctx context.Context, set *policy.Set, a *asset.Asset, inv *asset.Inventory) (policy.Finding, error) {
	var subject iter.Seq2[asset.Observation, error] = func(yield func(asset.Observation, error) bool) { yield(a, nil) }
	for f, err := range set.EvaluateEach(ctx, subject, inv) {
		return f, err
	}
	return policy.Finding{}, fmt.Errorf("the policy does not apply to assets of type %s", a.Type)
}
