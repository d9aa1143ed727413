package alerttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/openstance/stance/alert"
)

// concurrently runs functions at the same time and returns their errors.
func concurrently(fs ...func() error) error {
	errs := make([]error, len(fs))
	var wg sync.WaitGroup
	for i, f := range fs {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// repeated returns a function that calls another n times, until it fails.
func repeated(n int, f func(i int) error) func() error {
	return func() error {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
}

func checkLostUpdate(s *suite) {
	const writers, each = 4, 15
	st := s.open()
	a := full(1)
	a.Missing = 0
	s.put(st, a)
	increment := repeated(each, func(int) error {
		return st.Write(s.ctx, tenant, func(tx alert.Tx) error {
			found, err := tx.ByID(a.ID)
			if err != nil {
				return err
			}
			data, err := tx.Document("stream", "n")
			if err != nil {
				return err
			}
			more := clone(found[0])
			more.Missing++
			if err := tx.Put(alert.Change{Old: found[0], New: more}); err != nil {
				return err
			}
			return tx.PutDocument("stream", "n", append(data, '+'))
		})
	})
	s.must(concurrently(slices.Repeat([]func() error{increment}, writers)...), "increments at the same time")
	s.read(st, func(r alert.Reader) error {
		s.that(s.one(r, a.ID).Missing == writers*each, "%d of %d increments of an alert are kept", s.one(r, a.ID).Missing, writers*each)
		data, err := r.Document("stream", "n")
		s.must(err, "Document")
		s.that(len(data) == writers*each, "%d of %d increments of a document are kept", len(data), writers*each)
		return nil
	})
}

func checkConsistent(s *suite) {
	st := s.open()
	a, b := full(1), full(2)
	s.put(st, a, b)
	done := make(chan struct{})
	writer := func() error {
		defer close(done)
		return repeated(60, func(i int) error {
			return st.Write(s.ctx, tenant, func(tx alert.Tx) error {
				found, err := tx.ByID(a.ID, b.ID)
				if err != nil {
					return err
				}
				for _, old := range found {
					changed := clone(old)
					changed.Owner = fmt.Sprint("owner ", i)
					if err := tx.Put(alert.Change{Old: old, New: changed}); err != nil {
						return err
					}
				}
				return tx.PutDocument("rules", "all", fmt.Append(nil, "owner ", i))
			})
		})()
	}
	look := func() error {
		return st.Read(s.ctx, everything, func(r alert.Reader) error {
			first, err := r.ByID(a.ID)
			if err != nil {
				return err
			}
			second, err := r.Alerts(b.Key)
			if err != nil {
				return err
			}
			data, err := r.Document("rules", "all")
			if err != nil {
				return err
			}
			counts, err := r.Count(alert.Query{}, alert.PerOwner)
			if err != nil {
				return err
			}
			if owner := first[0].Owner; owner != second[b.Key].Owner || data != nil && owner != string(data) || len(counts) != 1 || counts[0].By[0] != owner {
				return fmt.Errorf("a reader sees parts of several states: owners %q and %q, document %q, counts %v", owner, second[b.Key].Owner, data, counts)
			}
			return nil
		})
	}
	reader := func() error {
		for {
			select {
			case <-done:
				return look()
			default:
			}
			if err := look(); err != nil {
				return err
			}
		}
	}
	s.must(concurrently(writer, reader, reader), "read and write at the same time")
}

// checkNumbers has two writers, of two tenants, and a reader that polls, as one does that
// follows the history. Numbers become visible in order over the whole store.
func checkNumbers(s *suite) {
	const each = 60
	st := s.open()
	tenants := []string{tenant, "other"}
	write := func(tenant string) func() error {
		return repeated(each, func(i int) error {
			return st.Write(s.ctx, tenant, func(tx alert.Tx) error {
				ts := []*alert.Transition{{Alert: "P-1", At: base, To: alert.Open, Note: fmt.Sprint(i)}, {Alert: "P-1", At: base, To: alert.Resolved, Note: fmt.Sprint(i)}}
				if err := tx.Append(ts...); err != nil {
					return err
				}
				return tx.PutDocument("stream", tenant, fmt.Append(nil, i))
			})
		})
	}
	p := &poller{st: st, tenants: tenants, seen: map[int64]string{}, after: map[string]int64{}, floor: map[string]int64{}}
	done := make(chan struct{})
	err := concurrently(func() error {
		defer close(done)
		return concurrently(write(tenants[0]), write(tenants[1]))
	}, func() error {
		for {
			select {
			case <-done:
				return p.poll(s.ctx)
			default:
			}
			if err := p.poll(s.ctx); err != nil {
				return err
			}
		}
	})
	s.must(err, "numbers")
	s.that(len(p.seen) == 2*each*len(tenants), "a reader that follows the numbers found %d of %d transitions", len(p.seen), 2*each*len(tenants))
}

// poller follows the history of some tenants.
type poller struct {
	st      alert.Store
	tenants []string
	seen    map[int64]string // tenants, by number
	after   map[string]int64 // highest number of each tenant
	highest int64            // of all
	floor   map[string]int64 // highest that was visible in the last reading of a tenant, or before it
}

// poll reads what is new: numbers above all that were visible when the same tenant was read
// the last time.
func (p *poller) poll(ctx context.Context) error {
	for _, name := range p.tenants {
		began := p.highest
		err := p.st.Read(ctx, alert.View{Tenant: name}, func(r alert.Reader) error {
			ts, err := r.History(alert.HistoryQuery{})
			if err != nil {
				return err
			}
			for _, t := range ts {
				if t.Seq <= p.after[name] && p.seen[t.Seq] == name {
					continue
				}
				if t.Seq <= p.floor[name] {
					return fmt.Errorf("number %d of tenant %q appears after %d was visible", t.Seq, name, p.floor[name])
				}
				if other, ok := p.seen[t.Seq]; ok {
					return fmt.Errorf("number %d is given twice, to %q and %q", t.Seq, other, name)
				}
				p.seen[t.Seq] = name
				p.highest, p.after[name] = max(p.highest, t.Seq), max(p.after[name], t.Seq)
			}
			return nil
		})
		if err != nil {
			return err
		}
		p.floor[name] = max(began, p.after[name])
	}
	return nil
}
