package compliance_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// house is a standard with a section for one policy, one for two, one that names its
// policy itself, one without any, and one in another requirement.
func house() *compliance.Standard {
	return &compliance.Standard{
		ID: "house", Name: "House rules", Requirements: []compliance.Requirement{
			{ID: "1", Title: "First", Sections: []compliance.Section{
				{ID: "1.1", Title: "one"}, {ID: "1.2", Title: "two"}, {ID: "1.3", Title: "named", Policies: []string{"c"}}, {ID: "1.4", Title: "none", Manual: true},
			}},
			{ID: "2", Title: "Second", Sections: []compliance.Section{{ID: "2.1", Title: "other"}}},
		},
	}
}

func policies() []*policy.Policy {
	return []*policy.Policy{
		{ID: "a", Title: "A", Severity: policy.Low, Controls: []string{"house/1.1", "house/1.2"}},
		{ID: "b", Title: "B", Severity: policy.Critical, Controls: []string{"house/1.2", "house/2.1"}},
		{ID: "c", Title: "C", Severity: policy.Medium, PreviousIDs: []string{"old-c"}},
		{ID: "d", Title: "D", Severity: policy.High},
	}
}

func mapping(t testing.TB) *compliance.Mapping {
	t.Helper()
	m, err := compliance.NewMapping(slices.Values(policies()), house())
	require.NoError(t, err)
	return m
}

func TestMapping(t *testing.T) {
	m := mapping(t)
	assert.Equal(t, []string{"a"}, m.Policies("house/1.1"))
	assert.Equal(t, []string{"a", "b"}, m.Policies("house/1.2"))
	assert.Equal(t, []string{"c"}, m.Policies("house/1.3"))
	assert.Empty(t, m.Policies("house/1.4"))
	assert.Empty(t, m.Policies("nothing/1"))
}

func TestMappingFaults(t *testing.T) {
	s := house()
	s.Requirements[0].Sections[2].Policies = []string{"old-c", "gone"}
	ps := policies()
	ps[0].Controls = append(ps[0].Controls, "house/9.9", "hose/1.1")
	_, err := compliance.NewMapping(slices.Values(ps), s)
	require.ErrorContains(t, err, `policy a: unknown control "house/9.9"`)
	assert.ErrorContains(t, err, `policy a: unknown control "hose/1.1"`)
	assert.ErrorContains(t, err, `section house/1.3: unknown policy "gone"`)
	assert.NotContains(t, err.Error(), "old-c", "an earlier id is still found")

	_, err = compliance.NewMapping(slices.Values(policies()), house(), house())
	assert.ErrorContains(t, err, "duplicate control house/1.1")
}

// say is a finding in short: policy, asset and status; "x" for one that an exception
// accepts, "gap" for an asset that was not seen.
func say(p, id, status string) policy.Finding {
	f := policy.Finding{}
	for _, x := range policies() {
		if x.ID == p || slices.Contains(x.PreviousIDs, p) {
			x.ID = p
			f.Policy = x
		}
	}
	scope := asset.Scope{Provider: "aws", Account: "1", Region: "r"}
	if id, account, ok := strings.Cut(id, "@"); ok {
		f.Subject = policy.AssetSubject{Asset: &asset.Asset{Ref: asset.Ref{Type: "T", ID: id}, Scope: asset.Scope{Provider: "gcp", Account: account}}}
	} else {
		f.Subject = policy.AssetSubject{Asset: &asset.Asset{Ref: asset.Ref{Type: "T", ID: id}, Scope: scope}}
	}
	switch status {
	case "pass":
		f.Status = policy.Pass
	case "fail":
		f.Status = policy.Fail
	case "na":
		f.Status = policy.NotApplicable
	case "x":
		f.Status, f.Exception = policy.Fail, &policy.Exception{Owner: "o", Reason: "r", Until: time.Unix(9e9, 0)}
	case "partial":
		f.Subject = policy.CoverageSubject{Type: "T", Account: asset.Scope{Provider: "aws", Account: id}, Regions: []string{"r"}, State: asset.Partial}
	case "closed":
		f.Policy = policy.AccountPolicy()
		g := &asset.Gap{Scope: asset.Scope{Provider: "aws", Account: id}, Cause: asset.Unread{Reason: asset.Disabled}}
		f.Subject = policy.GapSubject{Gap: g, Policies: policies()[:1]}
		if p == "b" {
			f.Subject = policy.GapSubject{Gap: g, Policies: policies()[1:]}
		}
	case "of":
		f.Subject = policy.GapSubject{Gap: &asset.Gap{Scope: scope, Type: "T", Of: asset.Ref{Type: "P", ID: id}}}
	case "gap":
		f.Subject = policy.GapSubject{Gap: &asset.Gap{Scope: scope, Type: "T", Cause: asset.Unread{Op: "List", RequestID: id}}}
	}
	return f
}

// says reads findings in short: "a x fail".
func says(lines ...string) iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		for _, l := range lines {
			w := strings.Fields(l)
			if !yield(say(w[0], w[1], w[2]), nil) {
				return
			}
		}
	}
}

func assess(t testing.TB, m *compliance.Mapping, findings iter.Seq2[policy.Finding, error]) *compliance.Posture {
	t.Helper()
	ps, err := m.Assess(findings)
	require.NoError(t, err)
	require.Len(t, ps, 1)
	return ps[0]
}

func failedBy(s policy.Severity, n int) (by [policy.Critical + 1]int) {
	by[s] = n
	return by
}

func TestAssess(t *testing.T) {
	p := assess(t, mapping(t), says(
		"a one fail", "b one fail", "c one pass", "d one fail",
		"a two pass", "b two unknown", "c two na",
		"a three x", "b three pass",
		"a four pass", "c four na",
		"c five na",
		"b six@project pass",
		"a - gap", "b again gap",
	))
	whole := compliance.Counts{Passed: 2, Failed: 1, Accepted: 1, Unknown: 1, FailedBy: failedBy(policy.Critical, 1), Gaps: 1}
	assert.Equal(t, whole, p.Counts)
	first := p.Requirements[0]
	assert.Equal(t, compliance.Counts{Passed: 2, Failed: 1, Accepted: 1, Unknown: 1, FailedBy: failedBy(policy.Critical, 1), Gaps: 1}, first.Counts)
	assert.Equal(t, compliance.Counts{Passed: 2, Failed: 1, Accepted: 1, FailedBy: failedBy(policy.Low, 1), Gaps: 1}, first.Sections[0].Counts)
	assert.Equal(t, compliance.Counts{Passed: 2, Failed: 1, Accepted: 1, Unknown: 1, FailedBy: failedBy(policy.Critical, 1), Gaps: 1}, first.Sections[1].Counts)
	assert.Equal(t, compliance.Counts{Passed: 1}, first.Sections[2].Counts)
	assert.Zero(t, first.Sections[3].Counts)
	assert.Equal(t, []compliance.ScopePosture{
		{Scope: asset.Scope{Provider: "aws"}, Counts: compliance.Counts{Passed: 1, Failed: 1, Accepted: 1, Unknown: 1, FailedBy: failedBy(policy.Critical, 1), Gaps: 1}},
		{Scope: asset.Scope{Provider: "gcp"}, Counts: compliance.Counts{Passed: 1}},
	}, p.Clouds)
	assert.Len(t, p.Accounts, 2)
	assert.Equal(t, asset.Scope{Provider: "gcp"}, p.Regions[1].Scope, "what is global has an empty region")
	var statuses []string
	for _, q := range p.Requirements {
		for _, s := range q.Sections {
			statuses = append(statuses, s.Status().String())
		}
	}
	assert.Equal(t, []string{"failed", "failed", "passed", "not_covered", "failed"}, statuses)
	assert.Equal(t, map[compliance.SectionStatus]int{compliance.Failed: 3, compliance.Passed: 1, compliance.NotCovered: 1}, p.Sections())
}

func TestSectionStatus(t *testing.T) {
	for _, c := range []struct {
		findings string
		want     compliance.SectionStatus
	}{
		{"", compliance.NotEvaluated},
		{"a x na", compliance.NotEvaluated},
		{"a x pass", compliance.Passed},
		{"a x pass, a y na", compliance.Passed},
		{"a x pass, a y fail", compliance.Failed},
		{"a x pass, a y unknown", compliance.Unknown},
		{"a x pass, a - gap", compliance.Unknown},
		{"a - gap", compliance.Unknown},
		{"a x pass, a 1 partial", compliance.Unknown},
		{"a 1 partial", compliance.Unknown},
		{"a x pass, a parent of", compliance.Unknown},
		{"a x pass, a 9 closed", compliance.Unknown},
		{"a 9 closed", compliance.Unknown},
		{"a x pass, b 9 closed", compliance.Passed},  // the account holds nothing that the policy needs
		{"a x pass, c 1 partial", compliance.Passed}, // the coverage is of what another policy needs
		{"a x fail, a y unknown", compliance.Failed},
		{"a x pass, a y x", compliance.Accepted},
		{"a x unknown, a y x", compliance.Unknown},
		{"a x pass, a x fail", compliance.Failed}, // said twice: the worst
		{"a x fail, a x pass", compliance.Failed},
	} {
		t.Run(c.findings, func(t *testing.T) {
			var lines []string
			if c.findings != "" {
				lines = strings.Split(c.findings, ", ")
			}
			p := assess(t, mapping(t), says(lines...))
			assert.Equal(t, c.want, p.Requirements[0].Sections[0].Status())
			assert.Equal(t, compliance.NotCovered, p.Requirements[0].Sections[3].Status(), "nothing makes up for a policy")
		})
	}
}

// TestCoverageInPosture counts incomplete coverage once for each account and type.
func TestCoverageInPosture(t *testing.T) {
	p := assess(t, mapping(t), says("a x pass", "a 1 partial", "b 1 partial", "a 2 partial", "b again gap"))
	assert.Equal(t, compliance.Counts{Passed: 1, Gaps: 3}, p.Counts)
	assert.Equal(t, []compliance.ScopePosture{
		{Scope: asset.Scope{Provider: "aws", Account: "1"}, Counts: compliance.Counts{Passed: 1, Gaps: 2}},
		{Scope: asset.Scope{Provider: "aws", Account: "2"}, Counts: compliance.Counts{Gaps: 1}},
	}, p.Accounts)
}

func TestAssessCutOff(t *testing.T) {
	gone := errors.New("gone")
	ps, err := mapping(t).Assess(func(yield func(policy.Finding, error) bool) {
		if yield(say("a", "x", "pass"), nil) {
			yield(policy.Finding{}, gone)
		}
	})
	assert.ErrorIs(t, err, gone)
	assert.Nil(t, ps)
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		passed, failed int
		want           float64
		ok             bool
	}{{0, 0, 0, false}, {1, 0, 100, true}, {0, 1, 0, true}, {2, 1, 66.6, true}, {99999, 1, 99.9, true}} {
		got, ok := compliance.Counts{Passed: c.passed, Failed: c.failed, Unknown: 7, Accepted: 7}.Percent()
		assert.Equal(t, c.want, got)
		assert.Equal(t, c.ok, ok)
	}
}

// Counts at every level are those of a plain model that looks at each asset anew, in
// whatever order findings come.
func TestAssessModel(t *testing.T) {
	statuses := []string{"pass", "fail", "unknown", "na", "x"}
	order := map[string]int{"na": 0, "pass": 1, "x": 2, "unknown": 3, "fail": 4}
	sections := map[string][]string{"1.1": {"a"}, "1.2": {"a", "b"}, "1.3": {"c"}, "1.4": nil, "2.1": {"b"}}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		says1 := map[[2]string]string{}
		var lines []string
		for range r.IntN(60) {
			p, id, s := string("abcd"[r.IntN(4)]), fmt.Sprint(r.IntN(12)), statuses[r.IntN(5)]
			if _, ok := says1[[2]string{p, id}]; !ok {
				says1[[2]string{p, id}] = s
				lines = append(lines, p+" "+id+" "+s)
			}
		}
		count := func(covered ...string) compliance.Counts {
			var c compliance.Counts
			for i := range 12 {
				worst, severity := "na", policy.Severity(0)
				for _, p := range covered {
					s := says1[[2]string{p, fmt.Sprint(i)}]
					if order[s] > order[worst] {
						worst = s
					}
					if s == "fail" {
						severity = max(severity, say(p, "", "").Policy.Severity)
					}
				}
				switch worst {
				case "pass":
					c.Passed++
				case "x":
					c.Accepted++
				case "unknown":
					c.Unknown++
				case "fail":
					c.Failed++
					c.FailedBy[severity]++
				}
			}
			return c
		}
		for range 3 {
			p := assess(t, mapping(t), says(lines...))
			assert.Equal(t, count("a", "b", "c"), p.Counts)
			assert.Equal(t, count("a", "b", "c"), p.Requirements[0].Counts)
			assert.Equal(t, count("b"), p.Requirements[1].Counts)
			for _, q := range p.Requirements {
				for _, s := range q.Sections {
					assert.Equal(t, count(sections[s.Section.ID]...), s.Counts)
				}
			}
			r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		}
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"a x pass", "a x pass", ""},
		{"a x fail", "a x fail", "still_failing"},
		{"a x fail", "a x x", "still_failing accepted"},
		{"a x x", "a x fail", "still_failing"},
		{"a x pass", "a x fail", "new"},
		{"a x pass", "a x x", "new accepted"},
		{"a x unknown", "a x fail", "new"},
		{"", "a x fail", "new"},
		{"a x fail", "a x pass", "fixed"},
		{"a x x", "a x pass", "fixed"},
		{"a x fail", "a x na", "fixed"},
		{"a x fail", "a x unknown", "now_unknown"},
		{"a x fail", "a y pass, a - gap", "now_unknown"},
		{"a x fail", "b - gap", "no_longer_seen"}, // the gap is another policy's
		{"a x fail", "a 1 partial", "now_unknown"},
		{"a x fail", "a 2 partial", "no_longer_seen"}, // the coverage is another account's
		{"a x fail", "a y pass", "no_longer_seen"},
		{"a x fail", "", "no_longer_seen"},
		{"a x pass", "a x unknown", ""},
		{"old-c x fail", "c x fail", "still_failing"},
		{"d x fail", "d x pass", ""}, // covers nothing
	} {
		t.Run(c.old+" then "+c.new, func(t *testing.T) {
			posture := func(s string) *compliance.Posture {
				if s == "" {
					return assess(t, mapping(t), says())
				}
				return assess(t, mapping(t), says(strings.Split(s, ", ")...))
			}
			var got []string
			for x := range compliance.Compare(posture(c.old), posture(c.new)) {
				assert.Equal(t, asset.Ref{Type: "T", ID: "x"}, x.Ref)
				assert.Equal(t, "1", x.Scope.Account)
				kind := x.Kind.String()
				if x.Accepted {
					kind += " accepted"
				}
				got = append(got, kind)
			}
			assert.Equal(t, c.want, strings.Join(got, ", "))
		})
	}
}

// A policy that has another id now is the same, and one that is gone leaves its
// failures unknown: nobody looked.
func TestCompareMappings(t *testing.T) {
	of := func(ps []*policy.Policy, s *compliance.Standard, lines ...string) *compliance.Posture {
		m, err := compliance.NewMapping(slices.Values(ps), s)
		require.NoError(t, err)
		return assess(t, m, says(lines...))
	}
	was := policies()
	was[2] = &policy.Policy{ID: "old-c", Controls: []string{"house/1.3"}}
	plain := house()
	plain.Requirements[0].Sections[2].Policies = nil
	old := of(was, plain, "old-c x fail", "b x fail")
	now := policies()
	fewer := slices.Delete(now, 1, 2)
	later := of(fewer, house(), "c x fail", "b x fail")
	var got []compliance.Change
	for c := range compliance.Compare(old, later) {
		got = append(got, c)
	}
	x := asset.Ref{Type: "T", ID: "x"}
	scope := asset.Scope{Provider: "aws", Account: "1", Region: "r"}
	assert.Equal(t, []compliance.Change{
		{Kind: compliance.NowUnknown, Policy: "b", Ref: x, Scope: scope},
		{Kind: compliance.StillFailing, Policy: "c", Ref: x, Scope: scope},
	}, got)
}

func ExampleMapping_Assess() {
	m, err := compliance.NewMapping(slices.Values(policies()), house())
	if err != nil {
		fmt.Println(err)
		return
	}
	postures, err := m.Assess(says("a bucket fail", "b bucket pass", "a queue pass", "c role unknown"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range postures {
		percent, _ := p.Counts.Percent()
		fmt.Printf("%s: %v %%, %d unknown\n", p.Standard.Name, percent, p.Counts.Unknown)
		for _, q := range p.Requirements {
			for _, s := range q.Sections {
				fmt.Println(s.Control, s.Status())
			}
		}
	}
	// Output:
	// House rules: 50 %, 1 unknown
	// house/1.1 failed
	// house/1.2 failed
	// house/1.3 unknown
	// house/1.4 not_covered
	// house/2.1 passed
}

func ExampleCompare() {
	m, err := compliance.NewMapping(slices.Values(policies()), house())
	if err != nil {
		fmt.Println(err)
		return
	}
	last, err := m.Assess(says("a bucket fail", "b bucket fail", "a queue fail", "a role pass"))
	if err != nil {
		fmt.Println(err)
		return
	}
	today, err := m.Assess(says("a bucket pass", "b bucket unknown", "a role fail"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for c := range compliance.Compare(last[0], today[0]) {
		fmt.Println(c.Ref.ID, c.Policy, c.Kind)
	}
	// Output:
	// bucket a fixed
	// bucket b now_unknown
	// queue a no_longer_seen
	// role a new
}

// BenchmarkAssess counts 10 findings for each asset under the benchmarks of one cloud.
func BenchmarkAssess(b *testing.B) {
	standards := cis(b)[:3]
	var ps []*policy.Policy
	for i := range 10 {
		p := &policy.Policy{ID: fmt.Sprint("p", i), Severity: policy.High}
		for _, s := range standards {
			p.Controls = append(p.Controls, s.Control(&s.Requirements[0].Sections[i]))
		}
		ps = append(ps, p)
	}
	m, err := compliance.NewMapping(slices.Values(ps), standards...)
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	_, err = m.Assess(func(yield func(policy.Finding, error) bool) {
		for i := range b.N {
			a := &asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: fmt.Sprintf("arn:aws:s3:::bucket-%09d", i)}, Scope: asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-central-1"}}
			for j, p := range ps {
				if !yield(policy.Finding{Policy: p, Subject: policy.AssetSubject{Asset: a}, Status: policy.Status(1 + (i+j)%2)}, nil) {
					return
				}
			}
		}
	})
	require.NoError(b, err)
}
