package alert

import (
	"context"
	"fmt"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// put writes open alerts with numbers as ids.
func put(t *testing.T, m *Memory, from, to int) {
	t.Helper()
	require.NoError(t, m.Write(t.Context(), "t", func(tx Tx) error {
		for i := from; i < to; i++ {
			k := Key{Policy: "p", Ref: asset.Ref{Type: "t", ID: fmt.Sprintf("%04d", i)}}
			if err := tx.Put(Change{New: &Alert{Key: k, ID: NewID("t", k), Status: Open}}); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestWhereHasALimitAndSaysSo(t *testing.T) {
	m := NewMemory(nil)
	m.maxWhere = 10
	put(t, m, 0, 35)
	called := 0
	q := Query{Sort: []Order{{By: ByAsset}}, Limit: 3, Where: func(a *Alert) (bool, error) { called++; return a.Ref.ID >= "0030", nil }}
	var found []string
	pages, truncated := 0, 0
	for {
		var page *Page
		called = 0
		require.NoError(t, m.Read(t.Context(), View{Tenant: "t"}, func(r Reader) (err error) { page, err = r.Query(q); return err }))
		require.LessOrEqual(t, called, 10)
		for _, a := range page.Alerts {
			found = append(found, a.Ref.ID)
		}
		if pages++; page.Truncated {
			truncated++
			require.NotEmpty(t, page.Next)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	assert.Equal(t, []string{"0030", "0031", "0032", "0033", "0034"}, found, "the pages that follow go on behind the limit")
	assert.Equal(t, 3, truncated)
	assert.Equal(t, 5, pages)
}

func TestReadersOfMemoryKeepTheirState(t *testing.T) {
	m := NewMemory(nil)
	put(t, m, 0, 5)
	require.NoError(t, m.Read(t.Context(), View{Tenant: "t"}, func(r Reader) error {
		put(t, m, 5, 8) // does not wait for the reader
		page, err := r.Query(Query{})
		assert.Len(t, page.Alerts, 5)
		return err
	}))
}

func TestWritersOfMemoryWaitUntilTheContextEnds(t *testing.T) {
	m := NewMemory(nil)
	require.NoError(t, m.Write(t.Context(), "t", func(Tx) error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.ErrorIs(t, m.Write(ctx, "t", func(Tx) error { panic("two transactions") }), context.Canceled)
		return nil
	}))
}

func TestAPanicEndsATransaction(t *testing.T) {
	m := NewMemory(nil)
	assert.Panics(t, func() { m.Write(t.Context(), "t", func(Tx) error { panic("boom") }) })
	put(t, m, 0, 1)
}

func TestCloseDuringATransaction(t *testing.T) {
	m := NewMemory(nil)
	require.Error(t, m.Write(t.Context(), "t", func(tx Tx) error {
		require.NoError(t, m.Close())
		return tx.PutDocument("rules", "all", []byte("x"))
	}))
}
