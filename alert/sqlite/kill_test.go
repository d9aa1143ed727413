//go:build unix

package sqlite_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
)

// A child is this test binary with the job and the file in its environment.
const jobName, fileName = "STANCE_TEST_SQLITE_JOB", "STANCE_TEST_SQLITE_FILE"

func TestMain(m *testing.M) {
	file := os.Getenv(fileName)
	switch os.Getenv(jobName) {
	case "toggle":
		fmt.Println(toggle(file))
	case "track":
		fmt.Println(track(file))
	case "limit":
		fmt.Println(limited(file))
	default:
		os.Exit(m.Run())
	}
}

func child(t *testing.T, job, file string) *exec.Cmd {
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), jobName+"="+job, fileName+"="+file)
	cmd.Stderr = os.Stderr
	return cmd
}

// toggled is the number of alerts that each transaction changes.
const toggled = 20

// toggle changes the status of all alerts in each transaction, with a transition and a message
// for each, and counts the transactions. It writes a line after each step.
func toggle(file string) error {
	s, err := sqlite.Open(context.Background(), file, nil)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	step := func(words ...any) error {
		fmt.Fprintln(out, words...)
		return out.Flush()
	}
	for {
		n := 0
		err := s.Write(context.Background(), tenant, func(tx alert.Tx) error {
			data, err := tx.Document("test", "n")
			if err != nil {
				return err
			}
			if data != nil {
				if err := json.Unmarshal(data, &n); err != nil {
					return err
				}
			}
			n++
			from, to := alert.Resolved, alert.Open
			if n%2 == 0 {
				from, to = to, from
			}
			var changes []alert.Change
			var ts []*alert.Transition
			var ms []alert.Message
			for i := range toggled {
				a := sample(i, to)
				c := alert.Change{New: a}
				if n > 1 {
					c.Old = sample(i, from)
				}
				changes = append(changes, c)
				ts = append(ts, &alert.Transition{Alert: a.ID, Key: a.Key, At: start, From: from, To: to})
				ms = append(ms, alert.Message{ID: fmt.Sprintf("%d/%d", n, i), Channel: "c", Alert: a.ID, NotBefore: start})
			}
			for _, f := range []func() error{
				func() error { return tx.Put(changes...) },
				func() error { return step("put") },
				func() error { return tx.Append(ts...) },
				func() error { return step("append") },
				func() error { return tx.PutMessages(ms...) },
				func() error { return step("messages") },
				func() error { return tx.PutDocument("test", "n", strconv.AppendInt(nil, int64(n), 10)) },
			} {
				if err := f(); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = step("committed", n)
		}
		if err != nil {
			return err
		}
	}
}

func TestKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	require.NoError(t, open(t, file, nil).Close())
	acknowledged := 0
	for range 50 {
		cmd := child(t, "toggle", file)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for range 1 + rand.IntN(20) {
			require.True(t, lines.Scan(), lines.Err())
			if n, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
				acknowledged, err = strconv.Atoi(n)
				require.NoError(t, err)
			}
		}
		require.NoError(t, cmd.Process.Kill())
		for lines.Scan() {
			if n, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
				acknowledged, err = strconv.Atoi(n)
				require.NoError(t, err)
			}
		}
		require.Error(t, cmd.Wait())
		checkToggled(t, file, acknowledged)
	}
}

// checkToggled checks that each transaction is there whole or not at all.
func checkToggled(t *testing.T, file string, acknowledged int) {
	s := open(t, file, nil)
	defer s.Close()
	require.NoError(t, s.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
		data, err := r.Document("test", "n")
		require.NoError(t, err)
		n := 0
		if data != nil {
			require.NoError(t, json.Unmarshal(data, &n))
		}
		require.GreaterOrEqual(t, n, acknowledged, "a transaction is lost")
		if n == 0 {
			return nil
		}
		history, err := r.History(alert.HistoryQuery{Limit: 1e6})
		require.NoError(t, err)
		require.Len(t, history, n*toggled)
		last := map[string]alert.Status{}
		for i, tr := range history {
			if i >= toggled {
				require.Equal(t, last[tr.Alert], tr.From)
			}
			last[tr.Alert] = tr.To
		}
		messages, err := r.Messages(alert.MessageQuery{Limit: 1e6})
		require.NoError(t, err)
		require.Len(t, messages, n*toggled)
		counts, err := r.Count(alert.Query{}, alert.PerStatus)
		require.NoError(t, err)
		require.Len(t, counts, 1)
		require.Equal(t, toggled, counts[0].N)
		page, err := r.Query(alert.Query{})
		require.NoError(t, err)
		require.Len(t, page.Alerts, toggled)
		for _, a := range page.Alerts {
			require.Equal(t, last[a.ID], a.Status)
			require.Equal(t, counts[0].By[0], string(a.Status))
		}
		return nil
	}))
}

// limited fills a file up to the limit of this process, and returns what it saw.
func limited(file string) string {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2 << 20, Max: 2 << 20}); err != nil {
		return err.Error()
	}
	s, err := sqlite.Open(context.Background(), file, nil)
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	n, err := fill(context.Background(), s, 50)
	return fmt.Sprint(n, " ", errors.Is(err, alert.ErrFull), " ", err)
}

func TestLimitedFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	out, err := child(t, "limit", file).Output()
	require.NoError(t, err)
	number, rest, _ := strings.Cut(string(out), " ")
	written, err := strconv.Atoi(number)
	require.NoError(t, err, "%s", out)
	assert.Contains(t, rest, "true "+alert.ErrFull.Error()+": the file cannot grow")
	require.NotZero(t, written)
	assert.Equal(t, written, count(t, open(t, file, nil)), "all that was written, and no more")
}
