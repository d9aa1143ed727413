package assetexpr

import (
	"context"
	"fmt"
	"testing"

	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/expr"
)

func TestResourceName(t *testing.T) {
	for _, s := range []string{
		"projects/p/global/networks/n",
		"//compute.googleapis.com/projects/p/global/networks/n",
		"https://www.googleapis.com/compute/v1/projects/p/global/networks/n",
		"https://www.googleapis.com/compute/beta/projects/p/global/networks/n",
		"https://compute.googleapis.com/compute/v1/projects/p/global/networks/n",
	} {
		assert.Equal(t, "projects/p/global/networks/n", resourceName(s))
	}
	assert.Equal(t, "folders/1", resourceName("//cloudresourcemanager.googleapis.com/folders/1"))
	assert.Equal(t, "https://example.com/x", resourceName("https://example.com/x"))
	assert.Empty(t, resourceName(""))
}

// firewalls returns n rules of one network, of which every second is open, half of them
// behind a rule that denies their port.
func firewalls(t *testing.T, n int) (*asset.Inventory, []*asset.Asset) {
	scope := asset.Scope{Provider: "gcp", Account: "p"}
	inv := &asset.Inventory{}
	var rules []*asset.Asset
	for i := range n {
		action, priority := "allowed", 1000+i
		if i%4 == 1 {
			action, priority = "denied", i
		}
		config, err := asset.Of(map[string]any{
			"name": fmt.Sprint("r", i), "network": "projects/p/global/networks/n", "priority": priority, "sourceRanges": []any{"0.0.0.0/0"},
			"targetTags": []any{fmt.Sprint("t", i/2)}, action: []any{map[string]any{"IPProtocol": "tcp", "ports": []any{"22"}}},
		})
		require.NoError(t, err)
		rules = append(rules, &asset.Asset{Ref: asset.Ref{Type: firewallType, ID: fmt.Sprint(i)}, Scope: scope, Config: config})
		inv.Add(rules[i])
	}
	for _, typ := range openRules.Types {
		inv.Add(&asset.Coverage{Scope: scope, Type: typ, State: asset.Complete})
	}
	return inv, rules
}

// TestOpenRulesGrowth evaluates every rule of a network: each is looked at a constant
// number of times, however many there are.
func TestOpenRulesGrowth(t *testing.T) {
	env, err := NewEnv(Types{Schema: catalog.Schema})
	require.NoError(t, err)
	scope, err := env.Scope(firewallType)
	require.NoError(t, err)
	x, diagnostics := scope.Compile("openRules('tcp', [22]) == []", nil)
	require.Empty(t, diagnostics)
	for _, n := range []int{20, 200, 2000} {
		inv, rules := firewalls(t, n)
		related, m := NewRelated(inv, catalog.Schema), expr.NewMachine(expr.Limits{})
		open := 0
		for _, a := range rules {
			m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return related.Value(run, a, name, nil) }, nil)
			switch r := m.Eval(x); r.Truth() {
			case expr.False:
				open++
			case expr.Unknown:
				require.NoError(t, r.Why())
			}
		}
		assert.Equal(t, n/2, open)
		require.Len(t, related.firewalls().views, 1, "networks that were evaluated")
		for _, v := range related.firewalls().views {
			assert.Equal(t, n, v.documents, "rules that were evaluated")
		}
	}
}

func TestOpenRulesOfOtherAssets(t *testing.T) {
	_, inv := sample(t)
	s := &subject{asset: &asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "b"}}, related: NewRelated(inv, nil)}
	names, err := s.openRules("tcp", []int64{22})
	assert.Empty(t, names)
	assert.NoError(t, err)
}
