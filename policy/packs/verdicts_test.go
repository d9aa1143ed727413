package packs_test

import (
	"encoding/json"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy"
)

// rule is a rule of another tool.
type rule struct {
	policies []string // that together ask what it asks
	params   map[string]any
	exempt   string // its parameter that lists the assets it leaves out
}

// comparison compares the verdicts of a pack with those of other tools, on the cases
// that the tools have for their own rules.
type comparison struct {
	pack        fs.FS
	rules       map[string]rule
	differences map[string][]string
	cases       iter.Seq2[string, fixtures.Case] // with the names of their rules; those of no rule here are left out
	assets      func(t *testing.T, input json.RawMessage) []*asset.Asset
	vacuous     bool // a case passes that has nothing of what the policies are about
}

func (c comparison) run(t *testing.T) {
	all, err := policy.Read(c.pack)
	require.NoError(t, err)
	reasons := map[string]string{}
	for reason, cases := range c.differences {
		for _, id := range cases {
			reasons[id] = reason
		}
	}
	n, different := 0, 0
	used := map[string]bool{}
	for name, x := range c.cases {
		r, ok := c.rules[name]
		if !ok {
			continue
		}
		n++
		used[name] = true
		reason, differs := reasons[x.ID]
		if differs {
			different++
		}
		t.Run(x.ID, func(t *testing.T) {
			got := r.judge(t, all, c.assets(t, x.Input), x.Rule.Parameters)
			if got == notJudged && c.vacuous {
				got = "pass"
			}
			if differs {
				assert.NotEqual(t, x.Expected.Verdict, got, "no longer differs: %s", reason)
			} else {
				assert.Equal(t, x.Expected.Verdict, got, "%s %s\n%s", name, x.Rule.Parameters, x.Input)
			}
		})
	}
	t.Logf("%d cases, %d deliberate differences", n, different)
	assert.Equal(t, len(reasons), different, "a difference is of no case")
	for name := range c.rules {
		assert.Contains(t, used, name, "a rule has no case")
	}
}

const notJudged = "not judged"

// judge returns "fail" if a policy fails for an asset that nothing exempts, else
// "unknown" if one is, else "pass" if they are about any.
func (r rule) judge(t *testing.T, all []*policy.Policy, assets []*asset.Asset, parameters json.RawMessage) string {
	t.Helper()
	site := &policy.Overlay{Params: map[string]map[string]any{}}
	var chosen []*policy.Policy
	for _, p := range all {
		if slices.Contains(r.policies, p.ID) {
			chosen = append(chosen, p)
			if r.params != nil {
				site.Params[p.ID] = r.params
			}
		}
	}
	require.Len(t, chosen, len(r.policies))
	if exempt := r.exemptions(t, parameters); len(exempt) > 0 {
		site.Exceptions = []policy.Exception{{
			Policies: r.policies, Assets: exempt,
			Owner: "the rule", Reason: "its parameters", Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		}}
	}
	set, err := policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{site}}, chosen...)
	require.NoError(t, err)
	var inv asset.Inventory
	for _, a := range assets {
		inv.Add(a)
	}
	for _, typ := range set.Types() {
		inv.Add(&asset.Coverage{Scope: assets[0].Scope, Type: typ, State: asset.Complete})
	}
	verdict := notJudged
	for f, err := range set.Evaluate(t.Context(), &inv) {
		require.NoError(t, err)
		if !slices.Contains(r.policies, f.Policy.ID) {
			continue // says that an exception is of no use
		}
		t.Log(f.Status, f.Policy.ID, f.Asset().ID, f.Message, f.Err)
		switch {
		case f.Status == policy.Fail && f.Exception == nil:
			verdict = "fail"
		case f.Status == policy.Unknown && verdict != "fail":
			verdict = "unknown"
		case verdict == notJudged:
			verdict = "pass"
		}
	}
	return verdict
}

func (r rule) exemptions(t *testing.T, parameters json.RawMessage) []string {
	t.Helper()
	if r.exempt == "" || len(parameters) == 0 {
		return nil
	}
	var all map[string]any
	require.NoError(t, json.Unmarshal(parameters, &all))
	list, _ := all[r.exempt].([]any)
	var patterns []string
	for _, x := range list {
		patterns = append(patterns, strings.ReplaceAll(x.(string), ".*", "*"))
	}
	return patterns
}

// The page for readers has every difference with its reason.
func TestDifferencesAreWritten(t *testing.T) {
	page, err := os.ReadFile("../../internal/docs/verdicts.md")
	require.NoError(t, err)
	for _, differences := range []map[string][]string{awsDifferences, azureDifferences, gcpDifferences} {
		for reason, cases := range differences {
			assert.Contains(t, string(page), reason)
			for _, id := range cases {
				assert.Contains(t, string(page), "`"+id+"`")
			}
		}
	}
}
