// Package policytest tests policies with go test. A pack of policies, of this
// module or of any other, needs one test:
//
//	//go:embed *.yaml
//	var pack embed.FS
//
//	func TestPack(t *testing.T) { policytest.Run(t, pack, &policytest.Options{MinCoverage: 1}) }
//
// Each policy is a subtest named by its id, and each of its cases a subtest of
// that, so that go test -run 'TestPack/my-policy$' tests one policy.
package policytest

import (
	"context"
	"io/fs"
	"testing"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Options say how policies are tested. The zero Options, like nil, are the
// catalogue's schemas, and coverage that is reported but not demanded.
type Options struct {
	// Schemas returns the schema of a type: see [policy.Options].
	Schemas func(asset.Type) (*asset.Schema, bool)
	// Dynamic are types that policies may name without a schema: see [policy.Options].
	Dynamic []asset.Type
	// Clouds extend the built-in table of clouds: see [policy.Options].
	Clouds asset.Clouds
	// MinCoverage is the least share, from 0 to 1, of the outcomes of a policy's
	// conditions that its cases must have shown: each of [policy.Set.Branches] is to be seen
	// true and to be seen false.
	MinCoverage float64
}

// Now returns the instant of cases that name none: the beginning of 2026 in UTC.
func Now() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// Run tests the policies of a pack, as [policy.Load] reads them, with their cases.
// Every problem of a file is an error with its position, and then nothing is run.
//
// A policy must have a case that wants pass and one that wants fail. A case fails if
// the status is not the wanted one, if it names a message and the finding has
// another, if a control that it names has another status, or if the expression of a failing
// finding's message went wrong; the error shows what decided, step by step. A case sees the assets, gaps and coverage
// that are related to it and the asset itself. If it states no coverage, that of
// every type that the policy looks for is complete in the region and the account of
// the asset. Parents, links and an access policy that a case does not state are unread,
// unless the file says that there are none:
//
//	defaults: {parents: [], links: [], access: null}
//
// Conditions that no case has shown true, or false, are logged, and are an error
// where they leave less than the demanded coverage. Conditions without a variable
// and checks in Go do not count. Coverage is not judged if go test -run left out cases.
func Run(t *testing.T, fsys fs.FS, opts *Options) {
	t.Helper()
	run(std{t}, fsys, opts)
}

// RunPolicies is Run for policies that are Go values.
func RunPolicies(t *testing.T, opts *Options, policies ...*policy.Policy) {
	t.Helper()
	runPolicies(std{t}, opts, policies)
}

// tester is what Run needs of a *testing.T, so that the failures it makes can be
// tested.
type tester interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Run(name string, f func(tester)) bool
}

type std struct{ *testing.T }

// Run implements tester.
func (s std) Run(name string, f func(tester)) bool {
	return s.T.Run(name, func(t *testing.T) { f(std{t}) })
}
