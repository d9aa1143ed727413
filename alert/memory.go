package alert

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openstance/stance/asset"
)

// Memory is a Store that keeps everything in memory. It is the reference of what stores
// must do. Readers see the state as of the start of Read and never wait for writers. Queries
// look at each alert.
type Memory struct {
	now   func() time.Time
	write chan struct{} // holds one element while a transaction is running
	state atomic.Pointer[memoryState]

	maxWhere int // MaxWhere; tests set a small one
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store with a clock; nil is the clock of the system.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	m := &Memory{now: now, write: make(chan struct{}, 1), maxWhere: MaxWhere}
	m.state.Store(&memoryState{tenants: tree[string, memoryTenant]{compare: strings.Compare}})
	return m
}

// memoryState is one immutable state. A closed store has none.
type memoryState struct {
	seq     int64 // of the last transition
	tenants tree[string, memoryTenant]
}

// memoryTenant is what a tenant has. Values are never changed in place.
type memoryTenant struct {
	alerts   tree[[16]byte, *Alert] // by hash of the key
	ids      tree[string, [16]byte]
	waking   tree[atID, [16]byte]
	unknown  tree[[16]byte, Unknown]
	history  tree[int64, *Transition]
	byAlert  tree[seqOf[string], struct{}]
	byRef    tree[seqOf[asset.Ref], struct{}]
	scans    tree[string, *ScanRecord]
	scanned  tree[[2]string, time.Time] // start of the last scan that is done, by stream and account
	docs     tree[[2]string, []byte]    // by kind and name
	messages tree[string, *Message]
	due      tree[messageKey, *Message]
	versions tree[versionKey, *Version]
}

// atID orders by time.
type atID struct {
	at time.Time
	id string
}

// seqOf are the numbers of the transitions of an alert or asset.
type seqOf[T any] struct {
	of  T
	seq int64
}

type messageKey struct {
	notBefore time.Time
	seq       int64
	id        string
}

type versionKey struct {
	ref  asset.Ref
	from time.Time
}

func newMemoryTenant() memoryTenant {
	hash := func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) }
	pair := func(a, b [2]string) int { return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1])) }
	return memoryTenant{
		alerts:  tree[[16]byte, *Alert]{compare: hash},
		ids:     tree[string, [16]byte]{compare: strings.Compare},
		waking:  tree[atID, [16]byte]{compare: func(a, b atID) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id)) }},
		unknown: tree[[16]byte, Unknown]{compare: hash},
		history: tree[int64, *Transition]{compare: cmp.Compare[int64]},
		byAlert: tree[seqOf[string], struct{}]{compare: func(a, b seqOf[string]) int {
			return cmp.Or(strings.Compare(a.of, b.of), cmp.Compare(a.seq, b.seq))
		}},
		byRef: tree[seqOf[asset.Ref], struct{}]{compare: func(a, b seqOf[asset.Ref]) int {
			return cmp.Or(compareRefs(a.of, b.of), cmp.Compare(a.seq, b.seq))
		}},
		scans:    tree[string, *ScanRecord]{compare: strings.Compare},
		scanned:  tree[[2]string, time.Time]{compare: pair},
		docs:     tree[[2]string, []byte]{compare: pair},
		messages: tree[string, *Message]{compare: strings.Compare},
		due: tree[messageKey, *Message]{compare: func(a, b messageKey) int {
			return cmp.Or(a.notBefore.Compare(b.notBefore), cmp.Compare(a.seq, b.seq), strings.Compare(a.id, b.id))
		}},
		versions: tree[versionKey, *Version]{compare: func(a, b versionKey) int {
			return cmp.Or(compareRefs(a.ref, b.ref), a.from.Compare(b.from))
		}},
	}
}

func compareRefs(a, b asset.Ref) int {
	return cmp.Or(strings.Compare(string(a.Type), string(b.Type)), strings.Compare(a.ID, b.ID))
}

// tenant returns what a tenant has in the state.
func (s *memoryState) tenant(name string) memoryTenant {
	if t, ok := s.tenants.get(name); ok {
		return t
	}
	return newMemoryTenant()
}

var errClosed = errors.New("store is closed")

// Read implements Store.
func (m *Memory) Read(ctx context.Context, v View, f func(Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := m.state.Load()
	if s == nil {
		return errClosed
	}
	t := s.tenant(v.Tenant)
	return f(&memoryReader{ctx: ctx, view: v, memoryTenant: &t, maxWhere: m.maxWhere})
}

// Write implements Store.
func (m *Memory) Write(ctx context.Context, tenant string, f func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case m.write <- struct{}{}:
		defer func() { <-m.write }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s := m.state.Load()
	if s == nil {
		return errClosed
	}
	t := s.tenant(tenant)
	tx := &memoryTx{memoryReader: memoryReader{ctx: ctx, view: View{Tenant: tenant}, memoryTenant: &t, maxWhere: m.maxWhere}, seq: s.seq}
	if err := f(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !m.state.CompareAndSwap(s, &memoryState{seq: tx.seq, tenants: s.tenants.with(tenant, t)}) {
		return errClosed
	}
	return nil
}

// Now implements Store.
func (m *Memory) Now() time.Time { return m.now().UTC() }

// Close implements Store.
func (m *Memory) Close() error {
	m.state.Store(nil)
	return nil
}
