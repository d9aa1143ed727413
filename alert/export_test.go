package alert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func memory() *alert.Memory { return alert.NewMemory(func() time.Time { return start }) }

// filled returns a store that has something of each kind for tenant "t".
func filled(t testing.TB) *alert.Memory {
	t.Helper()
	m := memory()
	write := func(tenant string, f func(tx alert.Tx) error) { require.NoError(t, m.Write(t.Context(), tenant, f)) }
	write("other", func(tx alert.Tx) error {
		return tx.Append(&alert.Transition{Alert: "x", At: start, To: alert.Open})
	})
	write("t", func(tx alert.Tx) error {
		for i := range 2500 {
			a := sample()
			a.Ref.ID += fmt.Sprint(i)
			a.ID = alert.NewID("t", a.Key)
			if i%7 == 0 {
				a.Status, a.Policy.Remediable = alert.Unmatched, "by_wish"
			}
			require.NoError(t, tx.Put(alert.Change{New: a}))
			require.NoError(t, tx.Append(&alert.Transition{Alert: a.ID, Key: a.Key, At: start.Add(-time.Duration(i) * time.Hour), To: a.Status, Actor: "stance", Note: "日本\u2028\n"}))
		}
		require.NoError(t, tx.PutUnknown(alert.Unknown{Key: sample().Key, Since: start, Verified: start, Reason: "denied"}))
		require.NoError(t, tx.PutScan(alert.ScanRecord{ID: "1", Stream: "main", State: alert.ScanDone, Start: start, Accounts: []string{"aws/111122223333"}}))
		require.NoError(t, tx.PutDocument("rules", "all", []byte("{\"id\": 9007199254740993 }\x00\xff")))
		require.NoError(t, tx.PutDocument("any", "", []byte{}))
		require.NoError(t, tx.PutMessages(
			alert.Message{ID: "1", Channel: "mail", Event: alert.Event{ID: "1", At: start, Digest: &alert.Digest{Opened: math.MaxInt64}}, NotBefore: start},
			alert.Message{ID: "2", Channel: "mail", Dead: true, Seq: math.MaxInt64},
		))
		for i, digest := range []string{"a", "b", "a"} {
			require.NoError(t, tx.PutVersion(alert.Version{Ref: asset.Ref{Type: "t", ID: "i"}, Digest: digest, From: start.Add(time.Duration(i) * time.Hour), Data: []byte("{}")}))
		}
		return nil
	})
	return m
}

func export(t testing.TB, st alert.Store, tenant string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, alert.Export(t.Context(), st, tenant, &out))
	return out.String()
}

// records returns everything that a tenant has, without the numbers of transitions, sorted:
// the order of alerts follows from the name of the tenant.
func records(t testing.TB, st alert.Store, tenant string) []string {
	t.Helper()
	lines := strings.Split(export(t, st, tenant), "\n")
	for i, line := range lines {
		if head, rest, ok := strings.Cut(line, `{"transition":{"seq":`); ok && head == "" {
			_, lines[i], _ = strings.Cut(rest, ",")
		}
	}
	slices.Sort(lines)
	return lines
}

func history(t testing.TB, st alert.Store, tenant string) (notes []string) {
	t.Helper()
	require.NoError(t, st.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
		ts, err := r.History(alert.HistoryQuery{Limit: 1e6})
		for _, x := range ts {
			notes = append(notes, x.Alert)
		}
		return err
	}))
	return notes
}

func TestExportIsImported(t *testing.T) {
	from := filled(t)
	text := export(t, from, "t")
	for _, tenant := range []string{"t", "", "another"} {
		to := memory()
		require.NoError(t, alert.Import(t.Context(), to, tenant, strings.NewReader(text)))
		assert.Equal(t, records(t, from, "t"), records(t, to, tenant))
		assert.Equal(t, history(t, from, "t"), history(t, to, tenant), "the history keeps its order")
		err := alert.Import(t.Context(), to, tenant, strings.NewReader(text))
		require.ErrorIs(t, err, alert.ErrNotEmpty)
		assert.Equal(t, records(t, from, "t"), records(t, to, tenant), "what is there stays")
	}
	// Another tenant of the same store is empty too, and its history goes on.
	require.NoError(t, alert.Import(t.Context(), from, "copy", strings.NewReader(text)))
	assert.Equal(t, records(t, from, "t"), records(t, from, "copy"))
	assert.Len(t, history(t, from, "other"), 1)
}

func TestExportOfNothing(t *testing.T) {
	text := export(t, memory(), "t")
	assert.Equal(t, "{\"format\":\"stance-alerts\",\"version\":1}\n{\"end\":0}\n", text)
	require.NoError(t, alert.Import(t.Context(), memory(), "t", strings.NewReader(text)))
}

func TestImportRefuses(t *testing.T) {
	const header = "{\"format\":\"stance-alerts\",\"version\":1}\n"
	const note = `{"unknown":{"policy":"p","ref":{"type":"t","id":"i"},"since":"2026-12-01T09:00:00Z","reason":"denied"}}` + "\n"
	moved := func(seq int) string {
		return fmt.Sprintf(`{"transition":{"seq":%d,"alert":"a","key":{"policy":"p","ref":{"type":"t","id":"i"}},"at":"2026-12-01T09:00:00Z","to":"open","reason":"","actor":"a"}}`+"\n", seq)
	}
	for name, row := range map[string]struct{ text, message string }{
		"nothing":          {"", "line 1: unexpected EOF"},
		"another format":   {"{}\n", "not an export of alerts"},
		"no JSON":          {"alerts\n", "not an export of alerts"},
		"no end":           {header + note, "line 3: unexpected EOF"},
		"a line cut off":   {header + note[:50], "unexpected EOF"},
		"the end cut off":  {header + note + `{"end":1}`, "unexpected EOF"},
		"records missing":  {header + note + "{\"end\":2}\n", "got 1 records"},
		"an end of null":   {header + "{\"end\":null}\n", "got 0 records"},
		"lines after":      {header + note + "{\"end\":1}\n" + note, "more lines after the end"},
		"empty line":       {header + "\n", "EOF"},
		"empty record":     {header + "{}\n{\"end\":1}\n", "record of 0 things"},
		"null":             {header + "null\n{\"end\":1}\n", "record of 0 things"},
		"unknown field":    {header + `{"alarm":{}}` + "\n", `unknown field "alarm"`},
		"two values":       {header + "{}{}\n", "more than one JSON value"},
		"two things":       {header + `{"document":{"kind":"a","name":"b","data":""},"version":{}}` + "\n", "record of 2 things"},
		"no data":          {header + `{"document":{"kind":"a","name":"b","data":null}}` + "\n", "without data"},
		"no ID":            {header + `{"alert":{"policy":"p","status":"open","verdict":"fail","policyInfo":{"severity":"low"}}}` + "\n{\"end\":1}\n", "no ID"},
		"unknown severity": {header + `{"alert":{"policyInfo":{"severity":"worst"}}}` + "\n", `unknown severity "worst"`},
		"twice the same":   {header + strings.Repeat(`{"alert":{"id":"a","verdict":"fail","policyInfo":{"severity":"low"}}}`+"\n", 2) + "{\"end\":2}\n", "put alert"},
		"out of order":     {header + moved(2) + moved(1), "transition 1 follows 2"},
		"same number":      {header + moved(2) + moved(2), "transition 2 follows 2"},
		"a later version":  {`{"format":"stance-alerts","version":2}` + "\n", "newer version"},
		"no version":       {`{"format":"stance-alerts"}` + "\n", "invalid version 0"},
		"a far time":       {header + strings.ReplaceAll(note, "2026-12-01T09:00:00Z", "9999-12-31T23:00:00-23:00") + "{\"end\":1}\n", "year"},
	} {
		t.Run(name, func(t *testing.T) {
			m := memory()
			require.ErrorContains(t, alert.Import(t.Context(), m, "t", strings.NewReader(row.text)), row.message)
			assert.Len(t, records(t, m, "t"), 3, "nothing is written")
		})
	}
	newer := alert.Import(t.Context(), memory(), "t", strings.NewReader(`{"format":"stance-alerts","version":2}`+"\n"))
	assert.ErrorIs(t, newer, alert.ErrNewer)
}

// failing fails after some bytes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestExportAndImportReturnErrors(t *testing.T) {
	full := errors.New("disk full")
	m := filled(t)
	require.ErrorIs(t, alert.Export(t.Context(), m, "t", &failing{left: 100_000, err: full}), full)
	require.ErrorIs(t, alert.Export(t.Context(), m, "none", &failing{err: full}), full, "an error of the last bytes")
	text := export(t, m, "t")
	to := memory()
	require.ErrorIs(t, alert.Import(t.Context(), to, "t", io.MultiReader(strings.NewReader(text[:len(text)/2]), &failingReader{full})), full)
	assert.Len(t, records(t, to, "t"), 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, alert.Export(ctx, m, "t", io.Discard), context.Canceled)
	require.ErrorIs(t, alert.Import(ctx, to, "t", strings.NewReader(text)), context.Canceled)
}

type failingReader struct{ err error }

func (f *failingReader) Read([]byte) (int, error) { return 0, f.err }

// repeating calls the function of each transaction again.
type repeating struct{ alert.Store }

func (s repeating) Write(ctx context.Context, tenant string, f func(alert.Tx) error) error {
	failed := errors.New("conflict")
	err := s.Store.Write(ctx, tenant, func(tx alert.Tx) error { return errors.Join(f(tx), failed) })
	if !errors.Is(err, failed) {
		return err
	}
	return s.Store.Write(ctx, tenant, f)
}

func TestImportIsNotRepeatedHalfway(t *testing.T) {
	m := memory()
	err := alert.Import(t.Context(), repeating{m}, "t", strings.NewReader(export(t, filled(t), "t")))
	require.ErrorContains(t, err, "transaction was repeated")
	assert.Len(t, records(t, m, "t"), 3)
}

// FuzzImport: an import writes nothing, or what an export and another import repeat.
func FuzzImport(f *testing.F) {
	lines := strings.SplitAfter(export(f, filled(f), "t"), "\n")
	seed := lines[0]
	kinds := map[string]bool{}
	n := 0
	for _, line := range lines[1:] {
		if kind, _, _ := strings.Cut(line, ":"); line != "" && kind != `{"end"` && !kinds[kind] {
			kinds[kind] = true
			seed += line
			n++
		}
	}
	f.Add(fmt.Sprintf("%s{\"end\":%d}\n", seed, n))
	f.Add(seed)
	f.Add(lines[0] + "{\"end\":0}\n")
	f.Add(lines[0] + "{\"alert\":{\"id\":\"a\",\"verdict\":\"fail\",\"policyInfo\":{\"severity\":\"low\"}}}\n{\"end\":1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		m := memory()
		if err := alert.Import(t.Context(), m, "t", strings.NewReader(text)); err != nil {
			require.Len(t, records(t, m, "t"), 3)
			return
		}
		first := export(t, m, "t")
		again := memory()
		require.NoError(t, alert.Import(t.Context(), again, "t", strings.NewReader(first)))
		require.Equal(t, first, export(t, again, "t"))
	})
}
