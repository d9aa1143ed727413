//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// things is the number of assets. In every scan, those that complied do not, and the reverse.
const things = 30

const thingType asset.Type = "Test::Thing"

// spoken writes a line before and after each transaction of a store.
type spoken struct{ alert.Store }

func (s spoken) Write(ctx context.Context, tenant string, f func(alert.Tx) error) error {
	fmt.Println("begin")
	err := s.Store.Write(ctx, tenant, func(tx alert.Tx) error {
		err := f(tx)
		fmt.Println("written")
		return err
	})
	fmt.Println("end")
	return err
}

// scanTime returns when a scan starts: never several on a day, which would be flapping.
func scanTime(n int) time.Time { return start.Add(time.Duration(n) * 25 * time.Hour) }

// nextScan returns the number of the scan to apply: one that is not done, or the next.
func nextScan(ctx context.Context, s alert.Store) (n int, err error) {
	err = s.Read(ctx, alert.View{Tenant: tenant}, func(r alert.Reader) error {
		last, err := r.Scans("all", 1)
		if err != nil || len(last) == 0 {
			n = 1
			return err
		}
		if n, err = strconv.Atoi(last[0].ID); err == nil && last[0].State == alert.ScanDone {
			n++
		}
		return err
	})
	return n, err
}

// applyScan applies a scan.
func applyScan(ctx context.Context, s alert.Store, n int) error {
	set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{thingType}}, &policy.Policy{
		ID: "things-are-good", Title: "Things are good", Severity: policy.High,
		Checks: []policy.Check{{Types: []asset.Type{thingType}, Require: "config.?good.orValue(false)", Message: "'it is bad'"}},
	})
	if err != nil {
		return err
	}
	everything := alert.AllFindings("mail")
	everything.Notify = []alert.Notice{{Channels: []string{"mail"}, On: []alert.EventKind{alert.EventOpened, alert.EventResolved}}}
	rules, err := alert.NewRules(nil, everything)
	if err != nil {
		return err
	}
	scope := asset.Scope{Provider: "aws", Account: "1"}
	inv := &asset.Inventory{}
	for i := range things {
		config, err := asset.Of(map[string]any{"good": (n+i)%2 == 0})
		if err != nil {
			return err
		}
		inv.Add(&asset.Asset{Ref: asset.Ref{Type: thingType, ID: fmt.Sprint(i)}, Scope: scope, Name: fmt.Sprint(i), Config: config, Observed: scanTime(n)})
	}
	inv.Add(&asset.Coverage{Scope: scope, Type: thingType, State: asset.Complete})
	tracker := &alert.Tracker{Store: s, Tenant: tenant, Rules: rules, Batch: 7}
	_, err = tracker.Update(ctx, alert.Scan{ID: fmt.Sprint(n), Stream: "all", Set: set, Start: scanTime(n), Coverage: func() *asset.Inventory { return inv }}, set.Evaluate(ctx, inv))
	return err
}

// track applies scans without an end.
func track(file string) error {
	n := 0
	s, err := sqlite.Open(context.Background(), file, &sqlite.Options{Now: func() time.Time { return scanTime(n).Add(time.Minute) }})
	if err != nil {
		return err
	}
	for {
		if n, err = nextScan(context.Background(), s); err != nil {
			return err
		}
		if err = applyScan(context.Background(), spoken{s}, n); err != nil {
			return err
		}
	}
}

// A process that is killed while it applies scans loses no transition and makes none twice.
func TestKillTracker(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	for range 50 {
		cmd := child(t, "track", file)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for range 1 + rand.IntN(40) {
			require.True(t, lines.Scan(), lines.Err())
			require.Contains(t, "begin written end", lines.Text())
		}
		require.NoError(t, cmd.Process.Kill())
		for lines.Scan() {
		}
		require.Error(t, cmd.Wait())
		checkTracked(t, file, false)
	}
	checkTracked(t, file, true)
}

// checkTracked checks the history, and after the last scan that it is whole.
func checkTracked(t *testing.T, file string, whole bool) {
	n := 0
	s := open(t, file, &sqlite.Options{Now: func() time.Time { return scanTime(n).Add(time.Minute) }})
	defer s.Close()
	var err error
	n, err = nextScan(t.Context(), s)
	require.NoError(t, err)
	if whole {
		require.NoError(t, applyScan(t.Context(), s, n))
	}
	require.NoError(t, s.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
		history, err := r.History(alert.HistoryQuery{Limit: 1e6})
		require.NoError(t, err)
		last, of := map[string]alert.Status{}, map[string][]string{}
		for _, tr := range history {
			require.Equal(t, last[tr.Alert], tr.From, "%+v", tr)
			last[tr.Alert] = tr.To
			of[tr.Alert] = append(of[tr.Alert], tr.Scan)
		}
		page, err := r.Query(alert.Query{})
		require.NoError(t, err)
		require.Len(t, page.Alerts, len(last))
		for _, a := range page.Alerts {
			require.Equal(t, last[a.ID], a.Status)
			i, err := strconv.Atoi(a.Ref.ID)
			require.NoError(t, err)
			// A thing fails first in scan 1 or 2, and changes in each one after that.
			var want []string
			for scan := 1 + i%2; scan <= n; scan++ {
				want = append(want, fmt.Sprint(scan))
			}
			if got := of[a.ID]; whole {
				require.Equal(t, want, got, "thing %d", i)
			} else {
				require.Equal(t, strings.Join(want[:len(got)], " "), strings.Join(got, " "), "thing %d", i)
				require.GreaterOrEqual(t, len(got), len(want)-1, "thing %d", i)
			}
		}
		if whole {
			require.Len(t, page.Alerts, things)
			messages, err := r.Messages(alert.MessageQuery{Channel: "mail", Limit: 1e6})
			require.NoError(t, err)
			owed := 0
			for _, tr := range history {
				if tr.Scan != "1" { // the first scan of an account sends a digest
					owed++
				}
			}
			sent := 0
			for _, m := range messages {
				if m.Alert != "" && m.Event.Transition.Scan != "1" {
					sent++
				}
			}
			require.Equal(t, owed, sent)
		}
		return nil
	}))
}
