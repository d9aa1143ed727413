package policy_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// TestOrderIsStable compares whole findings, with evidence, of evaluations by
// different numbers of goroutines, and when it is repeated.
func TestOrderIsStable(t *testing.T) {
	inv := inventory(newOrganization(t, 9, 150).obscured(t))
	var want []policy.Finding
	for _, parallel := range []int{1, 2, 8, 1} {
		opts := options()
		opts.Parallel = parallel
		s := requirementSet(t, opts)
		got := collect(t, s.Evaluate(context.Background(), inv))
		for i := range got {
			got[i].Policy = nil // a set has its own copies
		}
		if want == nil {
			want = got
		}
		require.Greater(t, len(got), 150*len(requirements))
		require.Equal(t, want, got, "parallel %d", parallel)
	}
	order := []policy.SubjectKind{policy.OfGap, policy.OfAsset, policy.OfCoverage}
	last := want[0].Subject
	require.Equal(t, policy.OfGap, last.Kind())
	for _, f := range want {
		a, b := slices.Index(order, last.Kind()), slices.Index(order, f.Subject.Kind())
		require.LessOrEqual(t, a, b, "a finding of %s after one of %s", f.Subject.Kind(), last.Kind())
		if f.Subject.Kind() == last.Kind() && b > 0 {
			require.LessOrEqual(t, last.Ref().Compare(f.Subject.Ref()), 0)
		}
		last = f.Subject
	}
	require.Equal(t, policy.OfCoverage, last.Kind())
}

func TestRangedOverAgain(t *testing.T) {
	s := requirementSet(t, options())
	seq := s.Evaluate(context.Background(), inventory(newOrganization(t, 1, 20).observations()))
	for range seq {
		break
	}
	first := describe(collect(t, seq))
	assert.Equal(t, first, describe(collect(t, seq)))
}

// TestTenantsAreApart evaluates two tenants with sets of their own at the same time,
// each of them several times; it is of use under the race detector.
func TestTenantsAreApart(t *testing.T) {
	type tenant struct {
		set  *policy.Set
		inv  *asset.Inventory
		want []string
	}
	var tenants []*tenant
	for i := range 2 {
		day := now.AddDate(0, 0, i)
		s, err := policy.NewSet(&policy.Options{
			Schemas: schemas, Now: func() time.Time { return day },
			Overlays: []*policy.Overlay{{Params: map[string]map[string]any{"p": {"names": []string{fmt.Sprintf("b-%d", i)}}}}},
		}, &policy.Policy{
			ID: "p", Title: "P", Severity: policy.Low,
			Params: []policy.Param{{Name: "names", Type: policy.StringsParam, Default: []string{}}},
			Checks: []policy.Check{{
				Types:   []asset.Type{"Test::Bucket"},
				Require: "config.name in params.names && assets('Test::Bucket').all(b, b.asset.account == asset.account)",
				Message: "asset.id + ' ' + params.names.join(',') + ' ' + string(now)",
			}},
		})
		require.NoError(t, err)
		x := &tenant{set: s, inv: &asset.Inventory{}}
		scope := asset.Scope{Provider: "test", Account: fmt.Sprint(i)}
		x.inv.Add(&asset.Coverage{Scope: scope, Type: "Test::Bucket", State: asset.Complete})
		for j := range 200 {
			b := bucket(t, fmt.Sprintf(`{"name": "b-%d"}`, j%2))
			b.ID, b.Scope = fmt.Sprintf("%03d", j), scope
			x.inv.Add(b)
		}
		x.want = describe(collect(t, s.Evaluate(context.Background(), x.inv)))
		tenants = append(tenants, x)
	}
	require.NotEqual(t, tenants[0].want, tenants[1].want)
	var wg sync.WaitGroup
	got := make([][]string, 8)
	for i := range got {
		x := tenants[i%2]
		wg.Go(func() {
			for f := range x.set.Evaluate(context.Background(), x.inv) {
				got[i] = append(got[i], describe([]policy.Finding{f})...)
			}
		})
	}
	wg.Wait()
	for i := range got {
		assert.Equal(t, tenants[i%2].want, got[i])
	}
}

// buckets returns buckets of one region, and that there are no more.
func buckets(t testing.TB, n int) []asset.Observation {
	obs := []asset.Observation{&asset.Coverage{Scope: bucket(t, "{}").Scope, Type: "Test::Bucket", State: asset.Complete}}
	for i := range n {
		b := bucket(t, `{"name": "x"}`)
		b.ID = fmt.Sprintf("%05d", i)
		obs = append(obs, b)
	}
	return obs
}

func TestCancellationNeverLooksComplete(t *testing.T) {
	s := one(t, policy.Check{Require: "config.name == 'x'"})
	obs := buckets(t, 2000)
	cause := errors.New("enough")
	for _, after := range []int{0, 1, 63, 64, 65, 1000, 1999, 2000} {
		for name, run := range map[string]func(context.Context) iter.Seq2[policy.Finding, error]{
			"stream": func(ctx context.Context) iter.Seq2[policy.Finding, error] {
				return s.EvaluateEach(ctx, sequence(obs), nil)
			},
			"inventory": func(ctx context.Context) iter.Seq2[policy.Finding, error] { return s.Evaluate(ctx, inventory(obs)) },
		} {
			ctx, cancel := context.WithCancelCause(context.Background())
			if after == 0 {
				cancel(cause)
			}
			n, errs := 0, []error(nil)
			for f, err := range run(ctx) {
				if err != nil {
					assert.Nil(t, f.Policy)
					errs = append(errs, err)
					continue
				}
				require.Empty(t, errs, "%s: a finding after the error", name)
				require.Equal(t, policy.Pass.String(), f.Status.String(), "%s: %v", name, f.Err)
				if n++; n == after {
					cancel(cause)
				}
			}
			cancel(nil)
			if n == 2000 && errs == nil {
				assert.Equal(t, 2000, after, "%s: whole although it was cancelled after %d", name, after)
				continue
			}
			assert.Equal(t, []error{cause}, errs, "%s, after %d", name, after)
			assert.LessOrEqual(t, n, 2000)
		}
	}
}

// TestCancellationInsideOfAnEvaluation cancels while one finding is being made.
func TestCancellationInsideOfAnEvaluation(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	s, err := policy.NewSet(options(), &policy.Policy{ID: "p", Title: "P", Severity: policy.Low, Checks: []policy.Check{{
		Types: []asset.Type{"Test::Bucket"},
		Run: func(ctx context.Context, _ policy.CheckInput) (policy.Verdict, error) {
			cancel(cause)
			<-ctx.Done()
			return policy.Verdict{}, context.Cause(ctx)
		},
	}}})
	require.NoError(t, err)
	var last error
	for _, err := range s.EvaluateEach(ctx, sequence(buckets(t, 3)), nil) {
		last = err
	}
	assert.Equal(t, cause, last)
}

func TestErrorOfTheInputEndsTheFindings(t *testing.T) {
	s := one(t, policy.Check{Require: "config.name == 'x'"})
	broken := errors.New("cut off")
	n := 0
	var last error
	for _, err := range s.EvaluateEach(context.Background(), func(yield func(asset.Observation, error) bool) {
		for _, o := range buckets(t, 100) {
			if !yield(o, nil) {
				return
			}
		}
		yield(nil, broken)
	}, nil) {
		if last = err; err == nil {
			n++
		}
	}
	assert.Equal(t, 100, n, "what came before is evaluated")
	assert.ErrorIs(t, last, broken)
}

// TestEarlyBreakLeaksNothing runs in a bubble, which fails the test if a goroutine is
// left behind in it.
func TestEarlyBreakLeaksNothing(t *testing.T) {
	opts := options()
	opts.Parallel = 8
	s := requirementSet(t, opts)
	obs := newOrganization(t, 3, 100).observations()
	inv := inventory(obs)
	synctest.Test(t, func(t *testing.T) {
		for stop := range 5 {
			ended := false
			source := func(yield func(asset.Observation, error) bool) {
				defer func() { ended = true }()
				for range 20 {
					for _, o := range obs {
						if !yield(o, nil) {
							return
						}
					}
				}
			}
			n := 0
			for _, err := range s.EvaluateEach(t.Context(), source, inv) {
				require.NoError(t, err)
				if n++; n > stop*100 {
					break
				}
			}
			assert.True(t, ended, "the sequence that was read has ended")
		}
	})
}

func TestPanicIsContained(t *testing.T) {
	s, err := policy.NewSet(options(),
		&policy.Policy{ID: "bad", Title: "Bad", Severity: policy.Low, Checks: []policy.Check{{
			Types: []asset.Type{"Test::Bucket"},
			Run: func(_ context.Context, s policy.CheckInput) (policy.Verdict, error) {
				if s.Asset.ID == "00001" {
					panic("out of luck")
				}
				return policy.Verdict{Status: policy.Pass}, nil
			},
		}}},
		&policy.Policy{ID: "good", Title: "Good", Severity: policy.Low, Checks: []policy.Check{{Types: []asset.Type{"Test::Bucket"}, Require: "config.name == 'x'"}}})
	require.NoError(t, err)
	findings := collect(t, s.EvaluateEach(context.Background(), sequence(buckets(t, 3)), nil))
	require.Len(t, findings, 6)
	for _, f := range findings {
		if f.Policy.ID == "bad" && f.Asset().ID == "00001" {
			assert.Equal(t, policy.Unknown, f.Status)
			require.Error(t, f.Err)
			assert.True(t, strings.HasPrefix(f.Err.Error(), "panic: out of luck\n"), "%v", f.Err)
			assert.Equal(t, "Bad (panic: out of luck)", f.Message, "without the stack")
			continue
		}
		assert.Equal(t, policy.Pass.String(), f.Status.String())
	}
}

// TestGoexitLosesNothing ends the goroutine of one check of 130.
func TestGoexitLosesNothing(t *testing.T) {
	for _, parallel := range []int{1, 4} {
		opts := options()
		opts.Parallel = parallel
		s, err := policy.NewSet(opts, &policy.Policy{ID: "p", Title: "P", Severity: policy.Low, Checks: []policy.Check{{
			Types: []asset.Type{"Test::Bucket"},
			Run: func(_ context.Context, in policy.CheckInput) (policy.Verdict, error) {
				if in.Asset.ID == "00005" {
					runtime.Goexit()
				}
				return policy.Verdict{Status: policy.Pass}, nil
			},
		}}})
		require.NoError(t, err)
		findings := collect(t, s.EvaluateEach(context.Background(), sequence(buckets(t, 130)), nil))
		require.Len(t, findings, 130)
		for _, f := range findings {
			want := policy.Pass
			if f.Asset().ID == "00005" {
				want = policy.Unknown
			}
			assert.Equal(t, want, f.Status, f.Asset().ID)
		}
	}
}

// TestCheckThatIgnoresItsContext is abandoned when the context ends, or the loop does.
func TestCheckThatIgnoresItsContext(t *testing.T) {
	cause := errors.New("enough")
	for _, parallel := range []int{1, 4} {
		called, release := make(chan struct{}, 1000), make(chan struct{})
		opts := options()
		opts.Parallel = parallel
		s, err := policy.NewSet(opts, &policy.Policy{ID: "p", Title: "P", Severity: policy.Low, Checks: []policy.Check{{
			Types: []asset.Type{"Test::Bucket"},
			Run: func(_ context.Context, in policy.CheckInput) (policy.Verdict, error) {
				if in.Asset.ID < "00064" { // the first batch
					return policy.Verdict{Status: policy.Pass}, nil
				}
				called <- struct{}{}
				<-release
				return policy.Verdict{Status: policy.Pass}, nil
			},
		}}})
		require.NoError(t, err)

		ctx, cancel := context.WithCancelCause(context.Background())
		go func() { <-called; cancel(cause) }()
		var last error
		for _, err := range s.EvaluateEach(ctx, sequence(buckets(t, 300)), nil) {
			last = err
		}
		assert.Equal(t, cause, last)

		for range s.EvaluateEach(context.Background(), sequence(buckets(t, 2000)), nil) {
			break // after the first batch, while others wait
		}
		close(release)
	}
}

func TestNilObservation(t *testing.T) {
	s := one(t, policy.Check{Require: "config.name == 'x'"})
	for _, o := range []asset.Observation{nil, (*asset.Asset)(nil), (*asset.Gap)(nil), (*asset.Coverage)(nil)} {
		var findings []policy.Finding
		var last error
		for f, err := range s.EvaluateEach(context.Background(), sequence(append(buckets(t, 3), o)), nil) {
			findings, last = append(findings, f), err
		}
		require.Len(t, findings, 4, "%T", o)
		assert.EqualError(t, last, "the sequence has neither an observation nor an error")
	}
}

func TestCheckInGo(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(context.Context, policy.CheckInput) (policy.Verdict, error)
		want policy.Status
		err  string
	}{
		{"pass", func(context.Context, policy.CheckInput) (policy.Verdict, error) {
			return policy.Verdict{Status: policy.Pass}, nil
		}, policy.Pass, ""},
		{"fail", func(context.Context, policy.CheckInput) (policy.Verdict, error) {
			return policy.Verdict{Status: policy.Fail}, nil
		}, policy.Fail, ""},
		{"an error is unknown whatever the verdict says", func(context.Context, policy.CheckInput) (policy.Verdict, error) {
			return policy.Verdict{Status: policy.Pass}, errors.New("no answer")
		}, policy.Unknown, "no answer"},
		{"what was not read", func(_ context.Context, s policy.CheckInput) (policy.Verdict, error) {
			_, err := s.Asset.Config.Get("size").Int()
			return policy.Verdict{Status: policy.Pass}, err
		}, policy.Unknown, "size: unread: test:Get: AccessDenied: config.size"},
		{"the zero verdict is unknown", func(context.Context, policy.CheckInput) (policy.Verdict, error) { return policy.Verdict{}, nil }, policy.Unknown, "the check returned unknown without an error"},
		{"a status that is none", func(context.Context, policy.CheckInput) (policy.Verdict, error) {
			return policy.Verdict{Status: 7}, nil
		}, policy.Unknown, "the check returned the unknown status 7"},
		{"a negative status", func(context.Context, policy.CheckInput) (policy.Verdict, error) {
			return policy.Verdict{Status: -1, Message: "is wrong"}, nil
		}, policy.Unknown, "the check returned the unknown status -1"},
		{"the end of its goroutine", func(context.Context, policy.CheckInput) (policy.Verdict, error) {
			runtime.Goexit()
			return policy.Verdict{Status: policy.Pass}, nil
		}, policy.Unknown, "the check ended its goroutine (runtime.Goexit)"},
		{"params and time", func(_ context.Context, s policy.CheckInput) (policy.Verdict, error) {
			if s.Params["n"] == int64(3) && s.Now.Equal(now) && s.Related != nil {
				return policy.Verdict{Status: policy.NotApplicable}, nil
			}
			return policy.Verdict{}, fmt.Errorf("%+v", s)
		}, policy.NotApplicable, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := one(t, policy.Check{Run: tt.run}, policy.Param{Name: "n", Type: policy.IntParam, Default: 3})
			f := verdict(t, s, unread(t, bucket(t, `{}`), "config.size"))
			assert.Equal(t, tt.want.String(), f.Status.String())
			if tt.err == "" {
				assert.NoError(t, f.Err)
				return
			}
			assert.EqualError(t, f.Err, tt.err)
			assert.Equal(t, "Test ("+strings.TrimPrefix(tt.err, "unread: ")+")", f.Message)
		})
	}
}
