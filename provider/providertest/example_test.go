package providertest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
)

// The body of a test: func TestConformance(t *testing.T).
func ExampleTest() {
	var t *testing.T // of the test
	providertest.Test(t, func(*testing.T) provider.Provider {
		return &providertest.Static{Source: "acme"} // your provider, over a fake of the cloud
	}, &providertest.Options{
		Secrets: []string{"a password that the fake returns"},
	})
}

// A stand-in for a cloud in tests of a program.
func ExampleStatic() {
	scope := asset.Scope{Provider: "acme", Account: "shop"}
	p := &providertest.Static{Source: "acme", Observations: []asset.Observation{
		&asset.Asset{Ref: asset.Ref{Type: "Acme::Machine", ID: "m-1"}, Scope: scope},
		&asset.Coverage{Scope: scope, Type: "Acme::Machine", State: asset.Complete},
	}}
	inv, err := provider.Collect(context.Background(), provider.Query{}, p)
	fmt.Println(inv.Len(), inv.Coverage(scope, "Acme::Machine"), err)
	// Output: 1 complete <nil>
}
