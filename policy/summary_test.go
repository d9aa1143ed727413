package policy_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// sampleFindings are findings of every kind of subject.
func sampleFindings() []policy.Finding {
	high := &policy.Policy{ID: "high", Severity: policy.High, Checks: []policy.Check{{Types: []asset.Type{"AWS::S3::Bucket"}}}}
	low := &policy.Policy{ID: "low", Severity: policy.Low, Labels: []string{"x"}}
	of := func(p *policy.Policy, status policy.Status, account string, e *policy.Exception) policy.Finding {
		return policy.Finding{Policy: p, Status: status, Exception: e, Subject: policy.AssetSubject{Asset: &asset.Asset{
			Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: account}, Scope: asset.Scope{Provider: "aws", Account: account, Region: "r1"},
		}}}
	}
	covered := func(p *policy.Policy, typ asset.Type, account string, state asset.CoverageState) policy.Finding {
		return policy.Finding{Policy: p, Subject: policy.CoverageSubject{Type: typ, Account: asset.Scope{Provider: "aws", Account: account}, State: state}}
	}
	return []policy.Finding{
		{Policy: high, Subject: policy.GapSubject{Gap: &asset.Gap{Type: "AWS::S3::Bucket", Scope: asset.Scope{Provider: "aws", Account: "1"}}}},
		of(high, policy.Fail, "1", nil), of(high, policy.Fail, "2", &policy.Exception{}), of(high, policy.Pass, "3", nil),
		of(low, policy.Fail, "1", nil), of(low, policy.NotApplicable, "2", nil), of(low, policy.Unknown, "3", nil),
		covered(high, "T", "1", asset.Partial), covered(low, "T", "1", asset.Partial), covered(low, "T", "2", asset.NotAsked), covered(low, "U", "2", asset.Partial),
		{Policy: policy.ExceptionPolicy(), Status: policy.Fail, Subject: policy.ExceptionSubject{Exception: &policy.Exception{}}},
	}
}

// cutOff yields findings and then an error.
func cutOff(findings []policy.Finding, err error) iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
		if err != nil {
			yield(policy.Finding{}, err)
		}
	}
}

func TestSummary(t *testing.T) {
	var s policy.Summary
	gone := errors.New("gone")
	n, last := 0, error(nil)
	for _, err := range s.Findings(cutOff(sampleFindings(), gone)) {
		if last = err; err == nil {
			n++
		}
	}
	assert.ErrorIs(t, last, gone)
	assert.Equal(t, 12, n)
	assert.Equal(t, 6, s.Judged)
	assert.Equal(t, map[policy.Status]int{policy.Fail: 4, policy.Pass: 1, policy.NotApplicable: 1, policy.Unknown: 6}, s.Statuses)
	assert.Equal(t, map[policy.Severity]int{policy.High: 1, policy.Low: 2}, s.Failed)
	assert.Equal(t, map[policy.Severity]int{policy.High: 2, policy.Low: 4}, s.Unknown)
	assert.Equal(t, 1, s.Accepted)
	assert.Equal(t, 1, s.Gaps)
	assert.Equal(t, map[asset.Type]policy.CoverageProblem{
		"T": {Findings: 3, Accounts: 2, State: asset.NotAsked}, "U": {Findings: 1, Accounts: 1, State: asset.Partial},
	}, s.Coverage)
	for range s.Findings(cutOff(sampleFindings(), nil)) {
		break
	}
	assert.Equal(t, 2, s.Gaps, "a loop that ends early counts what it saw")
}

func TestSummaryOfObservations(t *testing.T) {
	s := policy.Summary{Schemas: schemas}
	a := func(typ asset.Type) *asset.Asset { return &asset.Asset{Ref: asset.Ref{Type: typ}} }
	n := 0
	for range s.Observations(sequence([]asset.Observation{&asset.Gap{Type: "X"}, a("Test::Bucket"), a("Test::Buckte"), a("Test::Buckte"), a("Other")})) {
		n++
	}
	assert.Equal(t, 5, n)
	assert.Equal(t, 4, s.Assets)
	assert.Equal(t, map[asset.Type]int{"Test::Buckte": 2, "Other": 1}, s.UnknownTypes)

	var built policy.Summary
	built.Observe(a("AWS::S3::Bucket"))
	built.Observe(a("Test::Bucket"))
	assert.Equal(t, map[asset.Type]int{"Test::Bucket": 1}, built.UnknownTypes, "the catalog is the default")
}

func TestFilter(t *testing.T) {
	aws := func(account string) asset.Scope { return asset.Scope{Provider: "aws", Account: account} }
	for _, tt := range []struct {
		name string
		keep []func(policy.Finding) bool
		want int
	}{
		{"everything", nil, 12},
		{"status", []func(policy.Finding) bool{policy.WithStatus(policy.Fail, policy.Pass)}, 5},
		{"no status", []func(policy.Finding) bool{policy.WithStatus()}, 0},
		{"severity", []func(policy.Finding) bool{policy.WithSeverity(policy.Medium)}, 5},
		{"policy", []func(policy.Finding) bool{policy.OfPolicy(policy.Selector{ID: "hi*"})}, 5},
		{"policies", []func(policy.Finding) bool{policy.OfPolicy(policy.Selector{Service: "s3"}, policy.Selector{Label: "x"})}, 11},
		{"type", []func(policy.Finding) bool{policy.OfType("T", "AWS::S3::Bucket")}, 10},
		{"account", []func(policy.Finding) bool{policy.In(aws("1"))}, 5},
		{"accounts", []func(policy.Finding) bool{policy.In(aws("1"), aws("2"))}, 9},
		{"region", []func(policy.Finding) bool{policy.In(asset.Scope{Region: "r1"})}, 6},
		{"kind", []func(policy.Finding) bool{policy.About(policy.OfCoverage, policy.OfGap)}, 5},
		{"accepted", []func(policy.Finding) bool{policy.Accepted}, 1},
		{"not accepted", []func(policy.Finding) bool{policy.Not(policy.Accepted), policy.WithStatus(policy.Fail)}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Len(t, collect(t, policy.Filter(cutOff(sampleFindings(), nil), tt.keep...)), tt.want)
			gone, n := errors.New("gone"), 0
			var last error
			for _, err := range policy.Filter(cutOff(sampleFindings(), gone), tt.keep...) {
				n, last = n+1, err
			}
			assert.ErrorIs(t, last, gone, "an error is never dropped")
			assert.Equal(t, tt.want+1, n)
		})
	}
}

// A program that reports findings counts them on the way, and does not take an evaluation
// for clean that judged nothing.
func ExampleSummary() {
	set, err := policy.NewSet(nil, &policy.Policy{ID: "named", Title: "Buckets are named", Severity: policy.High,
		Checks: []policy.Check{{Types: []asset.Type{"AWS::S3::Bucket"}, Require: "asset.name == 'logs'"}}})
	if err != nil {
		log.Fatal(err)
	}
	var sum policy.Summary
	failing := policy.Filter(sum.Findings(set.Evaluate(context.Background(), owned())), policy.WithStatus(policy.Fail))
	for f, err := range failing {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(f.Policy.ID, f.Subject.Name())
	}
	fmt.Println("judged:", sum.Judged, "failed:", sum.Failed[policy.High])

	var nothing policy.Summary
	for range nothing.Findings(set.Evaluate(context.Background(), &asset.Inventory{})) {
	}
	fmt.Println("judged:", nothing.Judged)
	// Output:
	// named web
	// judged: 2 failed: 1
	// judged: 0
}
