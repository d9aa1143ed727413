package packs_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/policytest"
)

var (
	mutations = flag.Int("mutations", 4000, "number of mutations of cases in TestNoGuess")
	seed      = flag.Uint64("seed", 1, "seed of the mutations")
)

// TestNoGuess mutates the cases of every policy at random. A mutation that removes or
// damages information must not make a verdict of it: a policy that is neither pass nor not
// applicable may not become so, one that passes may not fail, and others may fail only
// with evidence that was still read. A mutation that only changes the spelling must not
// change the status. The same holds for each control that has a claim.
func TestNoGuess(t *testing.T) {
	all := guessCases(t)
	rng := rand.New(rand.NewPCG(*seed, 0))
	kinds, guesses := map[string]int{}, map[string]int{}
	started := time.Now()
	for i := range *mutations {
		// Each case in turn, so that few mutations reach all policies.
		c := all[i%len(all)]
		m := c.mutant(rng)
		names, spelling := m.mutate()
		if names == nil {
			continue
		}
		kinds[names[0]]++
		f := c.evaluate(t, m.subject, m.inventory())
		if c.status == policy.Pass && f.Status == policy.Fail && worstCase[c.policy.ID] != "" {
			continue
		}
		if wrong := guess(c.status, f, spelling); wrong != "" {
			guesses[c.policy.ID]++
			if guesses[c.policy.ID] <= 3 {
				t.Errorf("%s, case %q: %s after %s; %s", c.policy.ID, c.name, wrong, strings.Join(names, ", "), evidence(f))
			}
		}
		for control, before := range c.controls {
			of := f
			of.Status = f.Control(control)
			if wrong := guess(before, of, spelling); wrong != "" {
				guesses[control]++
				if guesses[control] <= 3 {
					t.Errorf("%s, case %q, control %s: %s after %s; %s", c.policy.ID, c.name, control, wrong, strings.Join(names, ", "), evidence(f))
				}
			}
		}
	}
	n := 0
	for _, k := range kinds {
		n += k
	}
	t.Logf("%d mutations of %d cases of %d policies in %s: %v", n, len(all), policiesOf(all), time.Since(started).Round(time.Second), kinds)
	if *mutations >= 50_000 { // ids and references are rare
		assert.Len(t, kinds, len(mutators), "a kind of mutation never happened: %v", kinds)
	}
	if len(guesses) > 0 {
		t.Logf("guesses by policy: %v", guesses)
	}
}

// worstCase are policies that fail where a condition may be met that nobody can evaluate.
var worstCase = map[string]string{
	"aws-iam-no-admin-star-policy": "a condition on an organization that was not observed counts as met",
}

func policiesOf(all []*guessCase) int {
	ids := map[string]bool{}
	for _, c := range all {
		ids[c.policy.ID] = true
	}
	return len(ids)
}

// guess returns what is wrong with the status after a mutation, or "".
func guess(before policy.Status, f policy.Finding, spelling bool) string {
	if spelling {
		if f.Status != before {
			return fmt.Sprintf("%s became %s", before, f.Status)
		}
		return ""
	}
	switch f.Status {
	case policy.Pass, policy.NotApplicable:
		// Where it is unknown whether a policy applies, a requirement that is met anyway passes.
		if before != f.Status && before != policy.NotApplicable {
			return fmt.Sprintf("%s became %s", before, f.Status)
		}
	case policy.Fail:
		read := func(e policy.Evidence) bool { return e.Value.Unread() == nil }
		if before == policy.Pass {
			return "pass became fail"
		}
		if before != policy.Fail && !slices.ContainsFunc(f.Evidence, read) {
			return fmt.Sprintf("%s became fail without evidence", before)
		}
	}
	return ""
}

func evidence(f policy.Finding) string {
	var all []string
	for _, e := range f.Evidence {
		all = append(all, string(e.Path)+" = "+e.Value.String())
	}
	return fmt.Sprintf("error %v, evidence %s", f.Err, strings.Join(all, "; "))
}

// guessCase is a case of a policy as a source of assets yields it.
type guessCase struct {
	name     string
	policy   *policy.Policy
	set      *policy.Set
	now      *time.Time // of the set
	at       time.Time  // of the case
	subject  *asset.Asset
	related  []*asset.Asset
	others   []asset.Observation // gaps and coverage
	status   policy.Status
	controls map[string]policy.Status // that have claims
}

// guessCases returns the cases of all packs with their status.
func guessCases(t *testing.T) []*guessCase {
	t.Helper()
	var all []*guessCase
	policies, err := readPacks()
	require.NoError(t, err)
	for _, p := range policies {
		sets := map[string]*policy.Set{}
		now := new(time.Time)
		tested := *p
		tested.Tests = nil
		for _, test := range p.Tests {
			key, err := json.Marshal(test.Params)
			require.NoError(t, err)
			set := sets[string(key)]
			if set == nil {
				opts := &policy.Options{Parallel: 1, Now: func() time.Time { return *now }}
				if len(test.Params) > 0 {
					opts.Overlays = []*policy.Overlay{{Params: map[string]map[string]any{p.ID: test.Params}}}
				}
				set, err = policy.NewSet(opts, &tested)
				require.NoError(t, err)
				sets[string(key)] = set
			}
			c := newGuessCase(p, set, &test)
			c.now = now
			f := c.evaluate(t, c.subject, c.mutant(nil).inventory())
			c.status = f.Status
			for _, check := range p.Checks {
				for _, claim := range check.Claims {
					for _, control := range claim.Controls {
						c.controls[control] = f.Control(control)
					}
				}
			}
			all = append(all, c)
		}
	}
	return all
}

func newGuessCase(p *policy.Policy, set *policy.Set, test *policy.Case) *guessCase {
	c := &guessCase{name: test.Name, policy: p, set: set, at: test.Now, subject: conformed(test.Asset), controls: map[string]policy.Status{}}
	if c.at.IsZero() {
		c.at = policytest.Now()
	}
	for _, o := range test.Related {
		if a, ok := o.(*asset.Asset); ok {
			c.related = append(c.related, conformed(a))
		} else {
			c.others = append(c.others, o)
		}
	}
	if !test.Covered {
		account := c.subject.Scope
		account.Region = ""
		for _, typ := range set.Types() {
			c.others = append(c.others,
				&asset.Coverage{Scope: account, Type: typ, State: asset.Complete},
				&asset.Coverage{Scope: c.subject.Scope, Type: typ, State: asset.Complete})
		}
	}
	return c
}

func (c *guessCase) evaluate(t *testing.T, a *asset.Asset, inv *asset.Inventory) policy.Finding {
	t.Helper()
	*c.now = c.at
	for f, err := range c.set.EvaluateEach(context.Background(), func(yield func(asset.Observation, error) bool) { yield(a, nil) }, inv) {
		require.NoError(t, err)
		return f
	}
	require.Fail(t, "no finding", c.policy.ID)
	return policy.Finding{}
}

// TestGuessesAreFound holds the test to statuses that are guesses, and to some that are none.
func TestGuessesAreFound(t *testing.T) {
	unread := (&asset.Unread{Code: "AccessDenied"}).Value()
	absent := policy.Evidence{Path: "config.a"}
	for _, c := range []struct {
		name           string
		before, status policy.Status
		evidence       []policy.Evidence
		spelling, want bool
	}{
		{"unknown", policy.Pass, policy.Unknown, nil, false, false},
		{"the same", policy.Pass, policy.Pass, nil, false, false},
		{"fail that passes", policy.Fail, policy.Pass, nil, false, true},
		{"unknown that passes", policy.Unknown, policy.Pass, nil, false, true},
		{"fail that does not apply", policy.Fail, policy.NotApplicable, nil, false, true},
		{"what does not apply, and passes whether it does or not", policy.NotApplicable, policy.Pass, nil, false, false},
		{"pass that does not apply", policy.Pass, policy.NotApplicable, nil, false, true},
		{"fail without evidence", policy.Unknown, policy.Fail, nil, false, true},
		{"fail with what was not read", policy.Unknown, policy.Fail, []policy.Evidence{{Path: "config.a", Value: unread}}, false, true},
		{"fail with evidence", policy.Unknown, policy.Fail, []policy.Evidence{absent}, false, false},
		{"pass that fails", policy.Pass, policy.Fail, []policy.Evidence{absent}, false, true},
		{"another spelling", policy.Pass, policy.Unknown, nil, true, true},
		{"another spelling, the same", policy.Fail, policy.Fail, nil, true, false},
	} {
		got := guess(c.before, policy.Finding{Status: c.status, Evidence: c.evidence}, c.spelling)
		assert.Equal(t, c.want, got != "", "%s: %s", c.name, got)
	}
}
