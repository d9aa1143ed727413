// Package providertest tests any implementation of package provider against the
// contract:
//
//	func TestConformance(t *testing.T) {
//		providertest.Test(t, func(t *testing.T) provider.Provider {
//			return mycloud.New(emulator(t))
//		}, nil)
//	}
//
// Each rule of the contract is a subtest. Run the tests with and without -race.
package providertest

import (
	"context"
	"fmt"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Options adapt the tests to a provider. The zero Options suit most.
type Options struct {
	// Missing is an asset that does not exist, of a type that the provider knows. By
	// default its id is that of an existing asset followed by "-no-such".
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
	// Sample is the maximum of types, and of assets, that the tests request one by
	// one. The default is 20.
	Sample int
	// Broken return providers of the same estate whose server does not answer properly, by
	// the way in which it does not: calls are denied, throttled, cut off or hang, or end in
	// an empty body, a page of another server, or null, with a status of success. What they
	// yield must not look like a part of the estate that is not there.
	Broken map[string]func() provider.Provider
	// Clouds extend the built-in table of clouds, for types of the caller's own providers.
	Clouds asset.Clouds
}

// Test tests a provider. It calls the function once for each rule. All the providers
// must observe the same estate, which has at least one asset and does not change during
// the tests. Times of observation, messages of gaps, and request ids may differ
// between discoveries.
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

// rule is one sentence of the contract. Its check returns the violations.
type rule struct {
	name, says string
	check      func(*suite) problems
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

// problems collects violations of a rule.
type problems []error

func (f *problems) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// all discovers everything; that it can is the rule "observes".
func (s *suite) all(f *problems) *estate {
	e := observe(s.p.Discover(s.ctx, provider.Query{}))
	if e.err != nil {
		f.add("discover everything: %w", e.err)
	}
	return e
}
