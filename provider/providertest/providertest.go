// Package providertest is the contract of package provider as tests, for anyone's
// provider:
//
//	func TestConformance(t *testing.T) {
//		providertest.Test(t, func(t *testing.T) provider.Provider {
//			return mycloud.New(emulator(t))
//		}, nil)
//	}
//
// Each rule of the contract is a subtest. Run the tests with -race, too.
package providertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Options adapt the tests to a provider. The zero Options do for most.
type Options struct {
	// Missing is an asset that does not exist, of a type that does. By default its
	// id is that of an asset with "-no-such" behind it.
	Missing asset.Ref
	// MissingScope is a scope that the provider does not know. By default it is an
	// account named "no-such-account".
	MissingScope asset.Scope
	// Unknown is a type that the provider does not know, by default
	// "Stance::Test::NoSuchType".
	Unknown asset.Type
	// Secrets are strings that were planted in the estate, in places that hold secrets:
	// variables, user data, passwords, tags. None may be readable. Without them the
	// tests know only the secrets that secret.Detect finds.
	Secrets []string
	// Sample bounds how many types, and how many assets, are asked for one by
	// one. The default is 20.
	Sample int
	// Clouds extend the built-in table of clouds, for types of the caller's own providers.
	Clouds asset.Clouds
}

// Test proves a provider. The function makes one for each rule; all must observe the
// same estate, which has at least one asset and does not change meanwhile. When
// assets were observed, messages of gaps, and request ids may differ from one time
// to the next.
func Test(t *testing.T, newProvider func(t *testing.T) provider.Provider, opts *Options) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, err := range r.check(newSuite(t.Context(), newProvider(t), opts)) {
				t.Errorf("%v\n(the rule: %s)", err, r.says)
			}
		})
	}
}

// rule is one sentence of the contract. Its check returns how p breaks it.
type rule struct {
	name, says string
	check      func(*suite) faults
}

// suite is what a check works with.
type suite struct {
	Options
	ctx context.Context
	p   provider.Provider
}

func newSuite(ctx context.Context, p provider.Provider, opts *Options) *suite {
	s := &suite{ctx: ctx, p: p}
	if opts != nil {
		s.Options = *opts
	}
	if s.Unknown == "" {
		s.Unknown = "Stance::Test::NoSuchType"
	}
	if s.Sample == 0 {
		s.Sample = 20
	}
	return s
}

// faults gathers what is wrong.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// all discovers everything; that it can is the rule "observes".
func (s *suite) all(f *faults) *estate {
	e := observe(s.p.Discover(s.ctx, provider.Query{}))
	if e.err != nil {
		f.add("discover everything: %w", e.err)
	}
	return e
}
