package collect_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func TestLookup(t *testing.T) {
	f := newFake(t)
	a, err := f.get(t.Context(), box(2))
	require.NoError(t, err)
	assert.Equal(t, box(2), a.Ref)
	assert.Equal(t, 1, f.calls["boxes.lock"], "others are not read")
	a, err = f.get(t.Context(), asset.Ref{Type: lidType, ID: "p/z/box-1/lid-0"})
	require.NoError(t, err)
	assert.Equal(t, lidType, a.Type)
	_, err = f.get(t.Context(), box(9))
	require.ErrorIs(t, err, provider.ErrNotFound)
	require.EqualError(t, err, "fake: fake.test/Box p/z/box-9: not found")
	_, err = f.get(t.Context(), asset.Ref{Type: projectType, ID: "q"})
	require.NotErrorIs(t, err, provider.ErrNotFound, "the list may omit it")
	f.fails["boxes.list page 2"] = codeError("Denied")
	_, err = f.get(t.Context(), box(9))
	require.NotErrorIs(t, err, provider.ErrNotFound)
	require.ErrorContains(t, err, "boxes.list: Denied")
}

func TestCancelledScan(t *testing.T) {
	f := newFake(t)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	f.on = func(ctx context.Context, op string) error {
		if op == "boxes.lock" {
			cancel(why)
			return ctx.Err()
		}
		return nil
	}
	s := f.engine.Scan(provider.Query{Types: []asset.Type{boxType}})
	err := s.Drive(ctx, func(ctx context.Context) error { s.Run(ctx, f.units("p", "z")); return nil }, func(o asset.Observation) bool {
		_, ok := o.(*asset.Coverage)
		assert.False(t, ok, "a list that was cut off is not complete")
		return true
	})
	require.Equal(t, why, err)
}

func TestScanThatIsLeft(t *testing.T) {
	f := newFake(t)
	var running atomic.Int64
	f.on = func(context.Context, string) error {
		running.Add(1)
		defer running.Add(-1)
		return nil
	}
	s := f.engine.Scan(provider.Query{})
	n := 0
	require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error { s.Run(ctx, f.units("p", "z")); return nil }, func(asset.Observation) bool {
		n++
		return false
	}))
	assert.Equal(t, 1, n)
	assert.Zero(t, running.Load(), "nothing runs any more")
}

// hang blocks until the context ends.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCallsThatTakeTooLong(t *testing.T) {
	for name, tt := range map[string]struct {
		op   string
		part asset.Path
	}{
		"each": {"boxes.lock", "config.lock"}, "together": {"boxes.usage", "status.used"}, "list": {"boxes.list", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.boxes = 1
				f.on = func(ctx context.Context, op string) error {
					if op == tt.op {
						return hang(ctx)
					}
					return nil
				}
				inv := f.discover(t, provider.Query{Types: []asset.Type{boxType}})
				if tt.part == "" {
					require.Len(t, inv.Gaps(), 1)
					assert.Equal(t, asset.TimedOut, inv.Gaps()[0].Cause.Reason)
					return
				}
				a := find(t, inv, box(0))
				v, err := a.At(tt.part)
				require.NoError(t, err)
				assert.Equal(t, tt.op+" timeout Timeout", reasonOf(v))
				assertJSON(t, `{"who":"all"}`, a.Access) // the call after it has time of its own
			})
		})
	}
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		release := make(chan struct{})
		var units []*collect.Unit
		for _, zone := range []string{"a", "a", "a", "b", "b", "b", "c", "c", "c"} {
			units = append(units, &collect.Unit{Scope: asset.Scope{Provider: "fake", Account: "p", Region: zone}, Tables: func() []collect.Table {
				mu.Lock()
				for _, key := range []string{zone, "all"} {
					now[key]++
					most[key] = max(most[key], now[key])
				}
				mu.Unlock()
				<-release
				mu.Lock()
				now[zone]--
				now["all"]--
				mu.Unlock()
				return nil
			}})
		}
		var last provider.Progress
		go func() {
			for range units {
				synctest.Wait()
				release <- struct{}{}
			}
		}()
		s := f.engine.Scan(provider.Query{Progress: func(p provider.Progress) { last = p }})
		require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error { s.Run(ctx, units); return nil }, func(asset.Observation) bool { return true }))
		assert.Equal(t, 4, most["all"], "workers")
		for _, zone := range []string{"a", "b", "c"} {
			assert.LessOrEqual(t, most[zone], 2, "of one scope")
		}
		assert.Equal(t, 9, last.Done)
		assert.Equal(t, 9, last.Total)
	})
}

func TestSharedAssetsBelongToTheirOwner(t *testing.T) {
	f := newFake(t)
	s := f.engine.Scan(provider.Query{})
	u := f.units("other", "z")[1]
	u.Tables = func() []collect.Table { return f.tables("p", "z")[1:] } // what p shares with it
	var owned atomic.Int64                                              // assets, which are finished concurrently
	u.Finish = func(_ *collect.Draft, own bool) {
		if own {
			owned.Add(1)
		}
	}
	inv := &asset.Inventory{}
	require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error { s.Run(ctx, []*collect.Unit{u}); return nil }, func(o asset.Observation) bool {
		inv.Add(o)
		return true
	}))
	a := find(t, inv, box(0))
	assert.Equal(t, zone, a.Scope)
	assert.Equal(t, []string{"other"}, a.Observers)
	assert.Empty(t, a.Parents)
	assert.Zero(t, owned.Load())
}

func TestProbe(t *testing.T) {
	f := newFake(t)
	f.fails["boxes.access"] = codeError("Denied")
	f.fails["boxes.lock"] = codeError("NoLock")
	s := f.engine.Scan(provider.Query{Types: []asset.Type{boxType, lidType}})
	p := s.Probe(t.Context(), f.units("p", "z"))
	outcomes := map[string]string{}
	for _, op := range []string{"boxes.list", "boxes.lock", "boxes.access", "boxes.usage", "lids.list", "projects.get"} {
		why, tried := p.Outcome(op)
		switch {
		case !tried:
			outcomes[op] = "not tried"
		case why != nil:
			outcomes[op] = why.Reason.String()
		}
	}
	assert.Equal(t, map[string]string{"boxes.access": "denied", "projects.get": "not tried"}, outcomes)
	assert.Equal(t, map[string]int{"boxes.list": 1, "boxes.lock": 1, "boxes.access": 1, "boxes.usage": 1, "lids.list": 1}, f.calls)
	f.boxes = 0
	_, tried := s.Probe(t.Context(), f.units("p", "z")).Outcome("boxes.lock")
	assert.False(t, tried, "there was no box to try it on")
}

func TestPermissions(t *testing.T) {
	f := newFake(t)
	q := provider.Query{Reads: map[asset.Type][]asset.Path{boxType: {"access"}}}
	assert.Equal(t, map[string][]string{"box.list": {"boxes.list"}, "boxes.access": {"boxes.access"}}, f.engine.Permissions(q, []asset.Type{boxType}))
	assert.Len(t, f.engine.Permissions(provider.Query{}, []asset.Type{boxType, lidType}), 6)
}

func TestWatch(t *testing.T) {
	f := newFake(t)
	var mu sync.Mutex
	var stray, omitted []string
	f.engine.Watch = &collect.Watch{
		Stray: func(typ asset.Type, at asset.Path) {
			mu.Lock()
			defer mu.Unlock()
			stray = append(stray, string(at))
		},
		Omitted: func(typ asset.Type, at asset.Path, sdk reflect.Type, field string) {
			mu.Lock()
			defer mu.Unlock()
			omitted = append(omitted, string(at)+" "+sdk.Name()+"."+field)
		},
	}
	f.boxes = 1
	f.discover(t, provider.Query{Types: []asset.Type{boxType}})
	assert.Empty(t, stray)
	assert.Equal(t, []string{"config.lock lock.Other"}, omitted)
	s := f.engine.Scan(provider.Query{})
	u := f.units("p", "z")[1]
	u.Tables = func() []collect.Table {
		tables := f.tables("p", "z")[1:]
		read := tables[0].Reads[1].Each
		tables[0].Reads[1].Each = func(ctx context.Context, d *collect.Draft) error {
			d.Config["labels"] = collect.Doc{"any": "name"}
			d.Config["nothing"] = collect.Doc{"deep": 1}
			d.Link("key", "fake.test/Key", "k2") // its part is provided by another read
			return read(ctx, d)
		}
		return tables
	}
	require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error { s.Run(ctx, []*collect.Unit{u}); return nil }, func(asset.Observation) bool { return true }))
	assert.ElementsMatch(t, []string{"link key of boxes.access", "config.nothing"}, stray)
}

func TestScopes(t *testing.T) {
	f := newFake(t)
	inv := f.discover(t, provider.Query{Scopes: []asset.Scope{{Provider: "fake", Account: "p", Region: "elsewhere"}}})
	assert.Zero(t, inv.Len())
	assert.Zero(t, f.calls["boxes.lock"], "nothing is read of assets that are not requested")
	assert.Empty(t, slices.DeleteFunc(inv.AllCoverage(), func(c *asset.Coverage) bool { return c.Scope.Region == "elsewhere" }))
	inv = f.discover(t, provider.Query{Scopes: []asset.Scope{zone}})
	assert.Len(t, slices.Collect(inv.OfType(boxType)), 3)
	assert.Empty(t, slices.Collect(inv.OfType(projectType)), "it is in no zone")
	assert.Equal(t, asset.Complete, inv.Coverage(zone, boxType))
}

// A unit that says nothing of a type that it is made for gets a gap, as does a scan that
// finds nowhere to look.
func TestScanThatSaysNothing(t *testing.T) {
	discover := func(t *testing.T, q provider.Query, work func(s *collect.Scan, ctx context.Context) error) *asset.Inventory {
		inv := &asset.Inventory{}
		s := newFake(t).engine.Scan(q)
		require.NoError(t, s.Discover(t.Context(), func(ctx context.Context) error { return work(s, ctx) }, func(o asset.Observation) bool { inv.Add(o); return true }))
		return inv
	}
	nothing := func(*collect.Scan, context.Context) error { return nil }
	at := asset.Scope{Provider: "fake", Account: "p", Region: "z"}

	inv := discover(t, provider.Query{}, func(s *collect.Scan, ctx context.Context) error {
		s.Run(ctx, []*collect.Unit{{Scope: at, Service: "boxes", Types: []asset.Type{boxType}, Tables: func() []collect.Table { return nil }}})
		return nil
	})
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, boxType, inv.Gaps()[0].Type)
	assert.Equal(t, at, inv.Gaps()[0].Scope)
	assert.Equal(t, collect.CodeNotStated, inv.Gaps()[0].Cause.Code)
	assert.Equal(t, asset.Incomplete, inv.Gaps()[0].Cause.Reason)
	assert.Equal(t, asset.Partial, inv.Coverage(at, boxType))

	inv = discover(t, provider.Query{}, nothing)
	require.Len(t, inv.Gaps(), 1, "no scope was found")
	assert.Empty(t, inv.Gaps()[0].Type)

	inv = discover(t, provider.Query{Types: []asset.Type{lidType, boxType}}, nothing)
	require.Len(t, inv.Gaps(), 2)
	assert.Equal(t, asset.Scope{Provider: "fake"}, inv.Gaps()[0].Scope)

	inv = discover(t, provider.Query{Types: []asset.Type{boxType}, Scopes: []asset.Scope{at}}, nothing)
	assert.Empty(t, inv.Gaps(), "a scope that does not exist is for the provider to tell")

	inv = discover(t, provider.Query{Types: []asset.Type{boxType}}, func(s *collect.Scan, ctx context.Context) error {
		s.Gap(ctx, at, "", &asset.Unread{Reason: asset.Denied})
		return nil
	})
	assert.Len(t, inv.Gaps(), 1, "the gap is of every type")
}

// A list that never ends is a gap, by its time and by its pages, and what it listed stays.
func TestListWithoutEnd(t *testing.T) {
	for name, wait := range map[string]time.Duration{"slow": time.Minute, "fast": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pages := 0
				var last error
				for n, err := range collect.Pages(t.Context(), func(ctx context.Context, token string) ([]int, string, error) {
					pages++
					time.Sleep(wait)
					return []int{pages}, strconv.Itoa(pages), nil
				}) {
					if last = err; err == nil {
						require.Equal(t, pages, n)
					}
				}
				var why *asset.Unread
				require.ErrorAs(t, last, &why)
				assert.Equal(t, asset.TimedOut, why.Reason)
				assert.Equal(t, collect.CodeListTooLong, why.Code)
				if wait > 0 {
					assert.Equal(t, 21, pages, "20 minutes are over")
				} else {
					assert.Equal(t, collect.MaxPages, pages)
				}
			})
		})
	}
}

// An asset that vanished since it was listed is dropped, whichever call finds out, and
// leaves no gap; the error of a part that is not configured does not drop it.
func TestAssetsThatVanish(t *testing.T) {
	for _, op := range []string{"boxes.lock", "boxes.access", "boxes.usage", "lids.list"} {
		f := newFake(t)
		f.fails[op+" box-1"] = codeError("NoBox")
		inv := f.discover(t, provider.Query{})
		assert.Empty(t, inv.Gaps(), op)
		_, found := inv.Get(box(1))
		assert.False(t, found, op)
		_, found = inv.Get(box(0))
		assert.True(t, found, op)
		assert.Equal(t, asset.Complete, inv.Coverage(asset.Scope{Provider: "fake", Account: "p", Region: "z"}, boxType), op)
		if op != "lids.list" { // a lookup lists nothing below
			_, err := f.get(t.Context(), box(1))
			require.ErrorIs(t, err, provider.ErrNotFound, op)
		}
	}
	f := newFake(t)
	f.fails["boxes.lock box-1"], f.fails["boxes.access box-1"] = codeError("NoLock"), codeError("NoSuchThing")
	a, found := f.discover(t, provider.Query{}).Get(box(1))
	require.True(t, found)
	assert.NotNil(t, a.Access.Unread(), "another code does not say that it vanished")
}

// A unit without a region lists only what lies in its regions, and says so.
func TestRegionsOfAUnit(t *testing.T) {
	list := func(fail error) *asset.Inventory {
		f := newFake(t)
		s := f.engine.Scan(provider.Query{Types: []asset.Type{boxType}})
		inv := &asset.Inventory{}
		unit := &collect.Unit{
			Scope: asset.Scope{Provider: "fake", Account: "p"}, Types: []asset.Type{boxType}, Regions: []string{"a", "b"},
			Tables: func() []collect.Table {
				return []collect.Table{{
					Op: "boxes.list", Types: []asset.Type{boxType}, Global: true,
					List: func(context.Context, string) ([]*collect.Draft, string, error) {
						return []*collect.Draft{collect.NewDraft(boxType, "p/a/1", "1"), collect.NewDraft(boxType, "p/c/2", "2")}, "", fail
					},
				}}
			},
		}
		require.NoError(t, s.Discover(t.Context(), func(ctx context.Context) error { s.Run(ctx, []*collect.Unit{unit}); return nil }, func(o asset.Observation) bool { inv.Add(o); return true }))
		return inv
	}
	at := func(region string) asset.Scope { return asset.Scope{Provider: "fake", Account: "p", Region: region} }
	inv := list(nil)
	assert.Equal(t, 1, inv.Len())
	assert.Equal(t, asset.Complete, inv.Coverage(at("a"), boxType))
	assert.Equal(t, asset.Complete, inv.Coverage(at("b"), boxType))
	assert.Equal(t, asset.NotAsked, inv.Coverage(at("c"), boxType))
	inv = list(codeError("Denied"))
	require.Len(t, inv.Gaps(), 2)
	assert.Equal(t, at("a"), inv.Gaps()[0].Scope)
}

func TestUnreadLinks(t *testing.T) {
	f := newFake(t)
	why := &asset.Unread{Op: "keys.list", Reason: asset.Denied, Code: "Denied"}
	s := f.engine.Scan(provider.Query{Types: []asset.Type{boxType}})
	var got *asset.Asset
	unit := &collect.Unit{Scope: asset.Scope{Provider: "fake", Account: "p", Region: "z"}, Tables: func() []collect.Table {
		return []collect.Table{{Op: "boxes.list", Types: []asset.Type{boxType}, List: func(context.Context, string) ([]*collect.Draft, string, error) {
			d := collect.NewDraft(boxType, "p/z/1", "1")
			d.SetUnreadLinks("key", why)
			return []*collect.Draft{d}, "", nil
		}}}
	}}
	require.NoError(t, s.Discover(t.Context(), func(ctx context.Context) error { s.Run(ctx, []*collect.Unit{unit}); return nil }, func(o asset.Observation) bool {
		if a, ok := o.(*asset.Asset); ok {
			got = a
		}
		return true
	}))
	assert.Equal(t, why, got.UnreadLinks("key"))
	assert.Nil(t, got.UnreadLinks("other"))
}

// Who waits for the call of another gives up when its own time is over.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		once := collect.Once(func(ctx context.Context) (int, error) {
			calls++
			time.Sleep(time.Minute)
			return 7, nil
		})
		go once(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := once(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		n, err := once(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 7, n)
		assert.Equal(t, 1, calls)
	})
}
