// Command watch shows a continuous check: it scans the example organization on three days,
// keeps the alerts in a SQLite file, and posts what happens to a webhook that it starts
// itself. Copy it as the start of a program of your own:
//
//	go run ./examples/watch
//
// On the second day a security group was repaired, another one was opened, and a bucket was
// deleted. On the third an account could not be read: nothing is resolved because of that.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/webhook"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

func main() {
	if len(os.Args) != 1 {
		log.Fatal("usage: watch")
	}
	dir, err := os.MkdirTemp("", "stance-watch")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), os.Stdout, filepath.Join(dir, "alerts.db"))
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

// run scans three times and prints what changed. The file is made if it does not exist.
func run(ctx context.Context, out io.Writer, file string) error {
	estate := &estate{now: time.Date(2026, 3, 3, 8, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return estate.now }

	store, err := sqlite.Open(ctx, file, &sqlite.Options{Now: clock})
	if err != nil {
		return err
	}
	defer store.Close()
	url, stop, err := receiver(out)
	if err != nil {
		return err
	}
	defer stop()
	hook, err := webhook.New(url, &webhook.Options{AllowPrivate: true, Keys: [][]byte{signingKey}, Now: clock})
	if err != nil {
		return err
	}

	set, err := policy.Load(&policy.Options{Now: clock}, packs.AWS(), packs.Azure(), packs.GCP())
	if err != nil {
		return err
	}
	rule := alert.AllFindings("webhook")
	rule.Notify = []alert.Notice{{Channels: []string{"webhook"}, On: []alert.EventKind{alert.EventOpened, alert.EventResolved}}}
	rule.Due = map[policy.Severity]time.Duration{policy.Critical: 24 * time.Hour, policy.High: 7 * 24 * time.Hour}
	rules, err := alert.NewRules(nil, rule)
	if err != nil {
		return err
	}
	tracker := &alert.Tracker{Store: store, Rules: rules, Getter: estate}
	watch := &alert.Watch{Tracker: tracker, Set: set, Targets: []alert.Target{{Name: "organization", Provider: estate}}}
	dispatcher := &alert.Dispatcher{Store: store, Channels: map[string]alert.Channel{"webhook": {Notifier: hook}, alert.ChannelHealth: {Notifier: hook}}}

	var seen int64 // the number of the last transition that was printed
	for day := range 3 {
		estate.day = day
		fmt.Fprintf(out, "== %s\n", estate.now.Format(time.DateOnly))
		summary, err := watch.Scan(ctx, "organization")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "scan: %d opened, %d resolved, %d unchanged, %d missing of which %d are held\n",
			summary.Opened, summary.Resolved, summary.Unchanged, summary.Missing, summary.Held)
		if seen, err = transitions(ctx, out, store, seen); err != nil {
			return err
		}
		if _, err := dispatcher.Deliver(ctx); err != nil {
			return err
		}
		estate.now = estate.now.Add(24 * time.Hour)
	}
	return nil
}

// transitions prints the history after a number, its first lines if it is long.
func transitions(ctx context.Context, out io.Writer, store alert.Store, after int64) (last int64, err error) {
	err = store.Read(ctx, alert.View{}, func(r alert.Reader) error {
		history, err := r.History(alert.HistoryQuery{After: after, Limit: 100_000})
		if err != nil {
			return err
		}
		last = after
		var lines []string
		for _, t := range history {
			last = t.Seq
			lines = append(lines, fmt.Sprintf("  %s: %s (%s) %s %s", strings.TrimPrefix(string(t.From)+" -> "+string(t.To), " -> "), t.Reason, t.Actor, t.Key.Policy, t.Key.Ref.ID))
		}
		slices.Sort(lines)
		for i, line := range lines {
			if i == 5 && len(lines) > 20 {
				fmt.Fprintf(out, "  and %d more\n", len(lines)-i)
				break
			}
			fmt.Fprintln(out, line)
		}
		return nil
	})
	return last, err
}

var signingKey = []byte("a key that both sides know")

// receiver starts a webhook on this machine, which prints the titles of what it receives.
func receiver(out io.Writer) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{ReadTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = webhook.Verify(r.Header, body, [][]byte{signingKey}, stamp(r.Header))
		}
		var events []struct {
			Kind  alert.EventKind
			Title string
		}
		if err == nil {
			err = json.Unmarshal(body, &events)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		slices.SortFunc(events, func(a, b struct {
			Kind  alert.EventKind
			Title string
		}) int {
			return strings.Compare(a.Title, b.Title)
		})
		for _, e := range events {
			fmt.Fprintf(out, "webhook: %s: %s\n", e.Kind, e.Title)
		}
	})}
	go server.Serve(listener)
	return "http://" + listener.Addr().String(), func() { server.Close() }, nil
}

// stamp returns the time that a request says. The days of this program pass quickly: a real
// receiver passes time.Now() to Verify.
func stamp(h http.Header) time.Time {
	var seconds int64
	fmt.Sscan(h.Get(webhook.HeaderTimestamp), &seconds)
	return time.Unix(seconds, 0)
}
