package provider_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const thing = asset.Type("Stance::Test::Thing")

// scripted is a provider that does what the test says.
type scripted struct {
	name string
	run  func(ctx context.Context, yield func(asset.Observation, error) bool)
}

func (s scripted) Name() string { return s.name }

func (s scripted) Discover(ctx context.Context, _ provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) { s.run(ctx, yield) }
}

func things(cloud string, n int) []asset.Observation {
	scope := asset.Scope{Provider: cloud, Account: "1"}
	all := []asset.Observation{&asset.Coverage{Scope: scope, Type: thing, State: asset.Complete}}
	for i := range n {
		all = append(all, &asset.Asset{Ref: asset.Ref{Type: thing, ID: fmt.Sprintf("%s-%04d", cloud, i)}, Scope: scope})
	}
	return all
}

func failing(name string, n int, err error) provider.Provider {
	return scripted{name, func(_ context.Context, yield func(asset.Observation, error) bool) {
		for _, o := range things(name, n) {
			if !yield(o, nil) {
				return
			}
		}
		yield(nil, err)
	}}
}

func stateIn(inv *asset.Inventory, cloud string) asset.CoverageState {
	return inv.Coverage(asset.Scope{Provider: cloud, Account: "1"}, thing)
}

func TestCollectMany(t *testing.T) {
	var ps []provider.Provider
	for i := range 200 { // more than are asked at once
		name := fmt.Sprintf("p%d", i)
		ps = append(ps, &providertest.Static{Source: name, Observations: things(name, 30)})
	}
	inv, err := provider.Collect(t.Context(), provider.Query{}, ps...)
	require.NoError(t, err)
	assert.Equal(t, 200*30, inv.Len())
	assert.Empty(t, inv.Gaps())
	assert.Equal(t, asset.Complete, stateIn(inv, "p199"))
}

func TestCollectNothing(t *testing.T) {
	inv, err := provider.Collect(t.Context(), provider.Query{})
	require.NoError(t, err)
	assert.Zero(t, inv.Len())
}

func TestCollectFailureIsNeverComplete(t *testing.T) {
	boom, bang := errors.New("boom"), errors.New("bang")
	inv, err := provider.Collect(t.Context(), provider.Query{},
		failing("a", 3, boom),
		&providertest.Static{Source: "b", Observations: things("b", 2)},
		failing("c", 0, bang),
	)
	require.ErrorIs(t, err, boom)
	require.ErrorIs(t, err, bang)
	assert.EqualError(t, err, "discover a: boom\ndiscover c: bang")
	assert.Equal(t, 5, inv.Len(), "what was seen stays")
	assert.Equal(t, asset.Partial, stateIn(inv, "a"))
	assert.Equal(t, asset.Complete, stateIn(inv, "b"))
	assert.Equal(t, asset.Partial, stateIn(inv, "c"))
	require.Len(t, inv.Gaps(), 2)
	assert.Equal(t, "boom", inv.Gaps()[0].Cause.Message)
}

// A snapshot speaks of several clouds under a name of its own.
func TestCollectFailureReachesEveryCloudSpokenOf(t *testing.T) {
	p := scripted{"file", func(_ context.Context, yield func(asset.Observation, error) bool) {
		for _, cloud := range []string{"x", "y"} {
			for _, o := range things(cloud, 1) {
				if !yield(o, nil) {
					return
				}
			}
		}
		yield(nil, errors.New("cut off"))
	}}
	inv, err := provider.Collect(t.Context(), provider.Query{}, p)
	require.Error(t, err)
	assert.Equal(t, asset.Partial, stateIn(inv, "x"))
	assert.Equal(t, asset.Partial, stateIn(inv, "y"))
	assert.Len(t, inv.Gaps(), 3)
}

func TestCollectOfAProviderThatYieldsNothingAtAll(t *testing.T) {
	for name, o := range map[string]asset.Observation{
		"nil": nil, "asset": (*asset.Asset)(nil), "gap": (*asset.Gap)(nil), "coverage": (*asset.Coverage)(nil),
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted{"nil", func(_ context.Context, yield func(asset.Observation, error) bool) { yield(o, nil) }}
			_, err := provider.Collect(t.Context(), provider.Query{}, p)
			require.ErrorContains(t, err, "neither an observation nor an error")
			_, err = provider.Get(t.Context(), p, asset.Ref{Type: thing, ID: "x"})
			assert.ErrorContains(t, err, "neither an observation nor an error")
		})
	}
}

// nilError is an error whose nil pointer cannot say what it is.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestCollectOfANilPointerInAnError(t *testing.T) {
	inv, err := provider.Collect(t.Context(), provider.Query{}, failing("a", 2, (*nilError)(nil)))
	require.ErrorContains(t, err, "discover a")
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, 2, inv.Len(), "what came before the error stays")
	assert.Equal(t, asset.Partial, stateIn(inv, "a"))
}

func TestCollectCancelled(t *testing.T) {
	cause := errors.New("enough")
	for name, run := range map[string]func(context.Context, func(asset.Observation, error) bool){
		"waits for the context": func(ctx context.Context, yield func(asset.Observation, error) bool) {
			if yield(things("a", 0)[0], nil) {
				<-ctx.Done()
				yield(nil, context.Cause(ctx))
			}
		},
		"takes it for the end": func(ctx context.Context, yield func(asset.Observation, error) bool) {
			if yield(things("a", 0)[0], nil) {
				<-ctx.Done()
			}
		},
		"never looks": func(ctx context.Context, yield func(asset.Observation, error) bool) {
			for yield(things("a", 0)[0], nil) {
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				started := make(chan struct{})
				p := scripted{"a", func(ctx context.Context, yield func(asset.Observation, error) bool) {
					close(started)
					run(ctx, yield)
				}}
				go func() { <-started; cancel(cause) }()
				inv, err := provider.Collect(ctx, provider.Query{}, p, p2("b"), p2("c"))
				require.ErrorIs(t, err, cause)
				assert.Equal(t, asset.Partial, stateIn(inv, "a"))
				assert.LessOrEqual(t, 1, len(inv.Gaps()))
			})
		})
	}
}

// p2 ends at once, or is cut off before.
func p2(name string) provider.Provider {
	return &providertest.Static{Source: name, Observations: things(name, 1)}
}

func TestCollectReturnsTheBareCause(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	inv, err := provider.Collect(ctx, provider.Query{}, p2("a"), p2("b"))
	assert.Equal(t, cause, err)
	assert.Len(t, inv.Gaps(), 2)
}

func TestCollectPanicsOnTheCallersGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine is left
		endless := scripted{"endless", func(_ context.Context, yield func(asset.Observation, error) bool) {
			for yield(things("endless", 0)[0], nil) {
			}
		}}
		panics := scripted{"panics", func(context.Context, func(asset.Observation, error) bool) { panic("bug") }}
		defer func() { assert.Contains(t, fmt.Sprint(recover()), "scripted: bug\n") }()
		_, _ = provider.Collect(t.Context(), provider.Query{}, endless, panics)
		t.Error("no panic")
	})
}

func TestCollectOfAProviderThatEndsItsGoroutine(t *testing.T) {
	p := scripted{"a", func(_ context.Context, yield func(asset.Observation, error) bool) {
		if yield(things("a", 0)[0], nil) {
			runtime.Goexit()
		}
	}}
	inv, err := provider.Collect(t.Context(), provider.Query{}, p, p2("b"))
	require.EqualError(t, err, "discover a: the provider ended its goroutine")
	assert.Equal(t, asset.Partial, stateIn(inv, "a"))
	assert.Equal(t, asset.Complete, stateIn(inv, "b"))
}

func TestCollectIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The greedy provider ends only after the slow one did.
		done := make(chan struct{})
		greedy := scripted{"greedy", func(_ context.Context, yield func(asset.Observation, error) bool) {
			o := things("greedy", 0)[0]
			for yield(o, nil) {
				select {
				case <-done:
					return
				default:
				}
			}
		}}
		slow := scripted{"slow", func(_ context.Context, yield func(asset.Observation, error) bool) {
			defer close(done)
			for _, o := range things("slow", 500) {
				if !yield(o, nil) {
					return
				}
			}
		}}
		inv, err := provider.Collect(t.Context(), provider.Query{}, greedy, slow)
		require.NoError(t, err)
		assert.Equal(t, 500, inv.Len())
	})
}

func TestCollectWaitsForTheSlowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := scripted{"slow", func(_ context.Context, yield func(asset.Observation, error) bool) {
			time.Sleep(time.Hour)
			yield(things("slow", 1)[1], nil)
		}}
		inv, err := provider.Collect(t.Context(), provider.Query{}, slow, p2("b"))
		require.NoError(t, err)
		assert.Equal(t, 2, inv.Len())
	})
}

func TestGet(t *testing.T) {
	ref := asset.Ref{Type: thing, ID: "x"}
	scope := asset.Scope{Provider: "a", Account: "1"}
	owned := &asset.Asset{Ref: ref, Scope: scope, Name: "owned"}
	seen := &asset.Asset{Ref: ref, Scope: scope, Name: "seen", Observers: []string{"2"}}
	complete := &asset.Coverage{Scope: scope, Type: thing, State: asset.Complete}
	partial := &asset.Coverage{Scope: asset.Scope{Provider: "a", Account: "2"}, Type: thing, State: asset.Partial}
	for name, row := range map[string]struct {
		have []asset.Observation
		want string // name of the asset
		err  string
	}{
		"owner's view last":   {have: []asset.Observation{seen, owned, complete}, want: "owned"},
		"another's view only": {have: []asset.Observation{seen, complete}, want: "seen"},
		"found in a gap":      {have: []asset.Observation{partial, owned}, want: "owned"},
		"missing":             {have: []asset.Observation{complete}, err: "get Stance::Test::Thing x: not found"},
		"one scope partial":   {have: []asset.Observation{complete, partial}, err: "cannot tell whether it exists: unread: Incomplete: coverage of Stance::Test::Thing in a/2 is partial"},
		"gap of the type":     {have: []asset.Observation{complete, &asset.Gap{Type: thing, Cause: asset.Unread{Op: "list", Code: "Denied"}}}, err: "cannot tell whether it exists: unread: list: Denied"},
		"gap of everything":   {have: []asset.Observation{complete, &asset.Gap{Cause: asset.Unread{Op: "assume", Code: "Denied"}}}, err: "cannot tell whether it exists: unread: assume: Denied"},
		"nothing said":        {have: []asset.Observation{&asset.Asset{Ref: asset.Ref{Type: thing, ID: "y"}}}, err: "cannot tell whether it exists: unread: Incomplete: no statement of coverage"},
		"unknown type":        {err: "cannot tell whether it exists: unread: discover: UnknownType"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := provider.Get(t.Context(), &providertest.Static{Source: "a", Observations: row.have}, ref)
			if row.want != "" {
				require.NoError(t, err)
				assert.Equal(t, row.want, a.Name)
				return
			}
			require.ErrorContains(t, err, row.err)
			assert.Nil(t, a)
			var u *asset.Unread
			assert.NotEqual(t, errors.Is(err, provider.ErrNotFound), errors.As(err, &u))
		})
	}
}

func TestGetOfAFailingProvider(t *testing.T) {
	boom := errors.New("boom")
	_, err := provider.Get(t.Context(), failing("a", 1, boom), asset.Ref{Type: thing, ID: "none"})
	require.ErrorIs(t, err, boom)
	assert.NotErrorIs(t, err, provider.ErrNotFound)
}

func TestNarrow(t *testing.T) {
	config, err := asset.Parse([]byte(`{"A":{"x":1,"y":2},"B":[1],"k e y":3}`))
	require.NoError(t, err)
	a := &asset.Asset{Ref: asset.Ref{Type: thing, ID: "x"}, Config: config, Access: config}

	same, err := provider.Query{Reads: map[asset.Type][]asset.Path{"Other": nil}}.Project(a)
	require.NoError(t, err)
	assert.Same(t, a, same)

	b, err := provider.Query{Reads: map[asset.Type][]asset.Path{thing: {"config.A.x", `config["k e y"]`, "config.None", "access"}}}.Project(a)
	require.NoError(t, err)
	assert.Equal(t, "1", b.Config.Get("A", "x").String())
	assert.Equal(t, "3", b.Config.Get("k e y").String())
	assert.True(t, b.Config.Get("None").IsAbsent())
	assert.Equal(t, asset.CodeNotKept, b.Config.Get("A", "y").Unread().Code)
	assert.Equal(t, asset.CodeNotKept, b.Config.Get("B").Unread().Code)
	assert.Equal(t, asset.CodeNotKept, b.Status.Unread().Code)
	assert.True(t, b.Access.Equal(config))
	assert.True(t, a.Config.Equal(config), "the asset itself is as it was")

	for _, p := range []asset.Path{"confg.A", "", "[0]", "config[", "config..A"} {
		_, err = provider.Query{Reads: map[asset.Type][]asset.Path{thing: {p}}}.Project(a)
		assert.Error(t, err, "%q", p)
	}
}

func TestWants(t *testing.T) {
	assert.True(t, provider.Query{}.Wants(thing))
	assert.True(t, provider.Query{Types: []asset.Type{thing}}.Wants(thing))
	assert.False(t, provider.Query{Types: []asset.Type{"Other"}}.Wants(thing))

	q := provider.Query{Reads: map[asset.Type][]asset.Path{thing: {"config.A.x", "status.L[*].s"}}}
	for p, want := range map[asset.Path]bool{
		"config.A.x": true, "config.A": true, "config.A.x.z": true, "config": true, "config.B": false,
		"access": false, "status.L[2].s": true, "status.L[2].t": false,
	} {
		assert.Equal(t, want, q.WantsPath(thing, p), "%s", p)
	}
	assert.True(t, q.WantsPath("Other", "access"))
}

func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for x, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, x)
	}
	return all, nil
}

type page struct {
	items []int
	next  string
	err   error
}

func pages(all map[string]page) func(context.Context, string) ([]int, string, error) {
	return func(_ context.Context, token string) ([]int, string, error) {
		p, ok := all[token]
		if !ok {
			return nil, "", fmt.Errorf("no page %q", token)
		}
		return p.items, p.next, p.err
	}
}

func TestPages(t *testing.T) {
	denied := errors.New("denied")
	for name, row := range map[string]struct {
		pages map[string]page
		want  []int
		page  int // of the error
		err   error
	}{
		"empty list":        {pages: map[string]page{"": {}}},
		"one page":          {pages: map[string]page{"": {items: []int{1, 2}}}, want: []int{1, 2}},
		"empty middle page": {pages: map[string]page{"": {[]int{1}, "b", nil}, "b": {nil, "c", nil}, "c": {[]int{2}, "", nil}}, want: []int{1, 2}},
		"empty last page":   {pages: map[string]page{"": {[]int{1}, "b", nil}, "b": {}}, want: []int{1}},
		"error on page 1":   {pages: map[string]page{"": {err: denied}}, page: 1, err: denied},
		"error on page 2":   {pages: map[string]page{"": {[]int{1}, "b", nil}, "b": {[]int{9}, "", denied}}, want: []int{1}, page: 2, err: denied},
		"same token again":  {pages: map[string]page{"": {[]int{1}, "b", nil}, "b": {[]int{2}, "b", nil}}, want: []int{1, 2}, page: 3, err: provider.ErrRepeatedToken},
		"circle of two":     {pages: map[string]page{"": {[]int{1}, "b", nil}, "b": {[]int{2}, "c", nil}, "c": {[]int{3}, "b", nil}}, want: []int{1, 2, 3, 2}, page: 5, err: provider.ErrRepeatedToken},
	} {
		t.Run(name, func(t *testing.T) {
			seq := provider.Pages(t.Context(), pages(row.pages))
			for range 2 { // it can be ranged over again
				got, err := collect(seq)
				assert.Equal(t, row.want, got)
				if row.err == nil {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, row.err)
				var p *provider.PageError
				require.ErrorAs(t, err, &p)
				assert.Equal(t, row.page, p.Page)
			}
		})
	}
}

// Every way into a circle, of every length, is found out soon.
func TestPagesFindsCircles(t *testing.T) {
	for before := range 20 {
		for length := 1; length < 20; length++ {
			read := 0
			_, err := collect(provider.Pages(t.Context(), func(_ context.Context, token string) ([]int, string, error) {
				read++
				n := 0
				if token != "" {
					_, scanErr := fmt.Sscan(token, &n)
					require.NoError(t, scanErr)
				}
				if n++; n > before+length {
					n = before + 1
				}
				return []int{n}, fmt.Sprint(n), nil
			}))
			require.ErrorIs(t, err, provider.ErrRepeatedToken, "%d, then a circle of %d", before, length)
			assert.LessOrEqual(t, read, 3*(before+length)+3, "%d, then a circle of %d", before, length)
		}
	}
}

func TestPagesEnds(t *testing.T) {
	n := 0
	_, err := collect(provider.Pages(t.Context(), func(context.Context, string) ([]int, string, error) {
		n++
		return nil, fmt.Sprint(n), nil
	}))
	assert.ErrorContains(t, err, "more than 1000000 pages")
	assert.Equal(t, 1_000_000, n)
}

func TestPagesCancelled(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	got, err := collect(provider.Pages(ctx, func(context.Context, string) ([]int, string, error) {
		cancel(cause)
		return []int{1, 2}, "b", nil
	}))
	assert.Equal(t, cause, err)
	assert.Equal(t, []int{1, 2}, got)

	ctx, cancel = context.WithCancelCause(t.Context())
	_, err = collect(provider.Pages(ctx, func(ctx context.Context, _ string) ([]int, string, error) {
		cancel(cause)
		return nil, "", ctx.Err()
	}))
	assert.Equal(t, cause, err, "the cause, not what the client made of it")
}

func TestPagesStopsWithTheLoop(t *testing.T) {
	read := 0
	for x, err := range provider.Pages(t.Context(), func(context.Context, string) ([]int, string, error) {
		read++
		return []int{1, 2}, fmt.Sprint(read), nil
	}) {
		require.NoError(t, err)
		if x == 2 {
			break
		}
	}
	assert.Equal(t, 1, read)
}

func BenchmarkCollect(b *testing.B) {
	ps := []provider.Provider{
		&providertest.Static{Source: "a", Observations: things("a", 10_000)},
		&providertest.Static{Source: "b", Observations: things("b", 10_000)},
	}
	b.ReportAllocs()
	for b.Loop() {
		if inv, err := provider.Collect(b.Context(), provider.Query{}, ps...); err != nil || inv.Len() != 20_000 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20_000, "ns/asset")
}

func ExampleCollect() {
	cloud := &providertest.Static{Source: "aws", Observations: []asset.Observation{
		&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"}, Scope: asset.Scope{Provider: "aws", Account: "111122223333"}},
		&asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: "111122223333"}, Type: "AWS::S3::Bucket", State: asset.Complete},
		&asset.Gap{Scope: asset.Scope{Provider: "aws", Account: "111122223333"}, Type: "AWS::IAM::Role", Cause: asset.Unread{Op: "iam:ListRoles", Code: "AccessDenied"}},
	}}
	inv, err := provider.Collect(context.Background(), provider.Query{}, cloud)
	if err != nil {
		fmt.Println(err)
	}
	for a := range inv.All() {
		fmt.Println(a.Ref)
	}
	for _, g := range inv.Gaps() {
		fmt.Println(g.Type, &g.Cause)
	}
	// Output:
	// AWS::S3::Bucket arn:aws:s3:::logs
	// AWS::IAM::Role unread: iam:ListRoles: AccessDenied
}

func ExamplePages() {
	list := func(ctx context.Context, token string) ([]string, string, error) {
		if token == "" {
			return []string{"bucket-1", "bucket-2"}, "after-2", nil
		}
		return nil, "", errors.New("AccessDenied")
	}
	for name, err := range provider.Pages(context.Background(), list) {
		if err != nil {
			fmt.Println("cut off:", err)
			break
		}
		fmt.Println(name)
	}
	// Output:
	// bucket-1
	// bucket-2
	// cut off: page 2: AccessDenied
}

func ExampleGet() {
	p := &providertest.Static{Source: "aws", Observations: []asset.Observation{
		&asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: "111122223333"}, Type: "AWS::S3::Bucket", State: asset.Complete},
	}}
	_, err := provider.Get(context.Background(), p, asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"})
	fmt.Println(errors.Is(err, provider.ErrNotFound))
	// Output: true
}

// An inventory that would be larger than the query allows ends in an error, and what it
// lacks is a gap.
func TestCollectTooMuch(t *testing.T) {
	many := things("a", 200)
	inv, err := provider.Collect(t.Context(), provider.Query{MaxBytes: 20_000},
		&providertest.Static{Source: "a", Observations: many},
		&providertest.Static{Source: "b", Observations: things("b", 200)})
	require.ErrorIs(t, err, provider.ErrTooLarge)
	assert.ErrorContains(t, err, "inventory too large: more than 20000 bytes")
	assert.Less(t, inv.Len(), 100)
	assert.NotEqual(t, asset.Complete, stateIn(inv, "a"))
	assert.NotEqual(t, asset.Complete, stateIn(inv, "b"))

	inv, err = provider.Collect(t.Context(), provider.Query{MaxBytes: 1 << 30}, &providertest.Static{Source: "a", Observations: many})
	require.NoError(t, err)
	assert.Equal(t, 200, inv.Len())
}
