package provider_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
)

func TestAcmeConforms(t *testing.T) {
	providertest.Test(t, func(*testing.T) provider.Provider {
		return &Acme{API: fakeAPI{}, Projects: []string{"lab", "shop"}, Now: time.Now}
	}, &providertest.Options{Secrets: []string{"hunter2-of-acme"}})
}

// The page for newcomers has the code of the example.
func TestNewProviderPage(t *testing.T) {
	page, err := os.ReadFile("../internal/docs/new-provider.md")
	require.NoError(t, err)
	var source []string
	for _, name := range []string{"example_test.go", "acme_test.go"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		source = append(source, strings.Join(strings.Fields(string(text)), " "))
	}
	blocks := 0
	for i, block := range strings.Split(string(page), "```go\n") {
		code, _, ok := strings.Cut(block, "```")
		if i == 0 || !ok {
			continue
		}
		blocks++
		assert.Contains(t, strings.Join(source, " "), strings.Join(strings.Fields(code), " "))
	}
	assert.Positive(t, blocks)
}

func ExampleCheck() {
	var p provider.Provider = able{p2("acme")} // from aws.New, say
	results, err := provider.Check(context.Background(), p, provider.Query{})
	if err != nil {
		fmt.Println(err) // errors.ErrUnsupported: the provider cannot check
		return
	}
	var show func(indent string, results []provider.CheckResult)
	show = func(indent string, results []provider.CheckResult) {
		for _, r := range results {
			if r.Action != "" {
				r.Action = ", " + r.Action
			}
			fmt.Printf("%s%s: %s%s\n", indent, r.Name, r.Level, r.Action)
			show(indent+"  ", r.Children)
		}
	}
	show("", results)
	// Output:
	// 1: warning
	//   entry: ok
	//   permissions: warning, grant it
}

func ExampleQuery_scopes() {
	p := &Acme{API: fakeAPI{}, Projects: []string{"lab", "shop"}, Now: time.Now}
	q := provider.Query{Scopes: []asset.Scope{{Provider: "acme", Account: "shop"}, {Provider: "acme", Account: "shpo"}}}
	inv, err := provider.Collect(context.Background(), q, p)
	if err != nil {
		fmt.Println(err)
	}
	for a := range inv.All() {
		fmt.Println(a.ID)
	}
	for _, g := range inv.Gaps() {
		fmt.Println(g.Cause.Reason, g.Scope)
	}
	// Output:
	// shop/m-1
	// shop/m-2
	// not_found acme/shpo
}
