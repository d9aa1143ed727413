package remediatetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/remediate"
)

// TestLog tests a log. The function makes a new, empty log and returns two handles of it, as two
// processes have; they may be the same one. The rules of the contract:
//
//   - Read yields all entries in order, whole and as they were written, or an error at the end.
//     It can be ranged over again, ended early, and written beside.
//   - Append adds an entry only directly after the last one; of several writers one succeeds.
//   - Prune replaces entries by their checkpoint in one step, and the numbers go on.
func TestLog(t *testing.T, open func(t *testing.T) (one, other remediate.Log)) {
	t.Helper()
	for _, r := range logRules() {
		t.Run(r.name, func(t *testing.T) {
			one, other := open(t)
			s := &logSuite{ctx: t.Context(), one: one, other: other, patience: time.Minute}
			if err := s.run(r); err != nil {
				t.Errorf("%v\n(the rule: %s)", err, r.says)
			}
		})
	}
}

// logRule is one sentence of the contract. Its check returns the violation.
type logRule struct {
	name, says string
	check      func(*logSuite) error
}

func logRules() []logRule {
	return []logRule{
		{"empty", "a new log has no entry", checkEmpty},
		{"round trip", "entries are read as they were written, by every handle", checkEntries},
		{"after", "Read yields the entries after a number", checkAfter},
		{"conflict", "an entry that does not follow the last one is ErrConflict, and adds nothing", checkConflict},
		{"again", "a sequence can be ranged over again, and has what was added", checkAgain},
		{"break", "a loop that ends early holds nothing", checkBreak},
		{"write while reading", "a loop may append; the sequence stays whole", checkWriteInside},
		{"ownership", "the caller may change the detail of an entry that it wrote or read", checkOwnership},
		{"large", "long logs and large details are read whole", checkLarge},
		{"cancel", "a cancelled sequence ends in the cause and never looks complete", checkLogCancel},
		{"concurrent", "of several writers of one number one succeeds, and its entry stays", checkConcurrent},
		{"prune", "a checkpoint takes the place of the entries up to it", checkPrune},
		{"prune all", "numbers go on after the last entry was pruned", checkPruneAll},
		{"prune conflict", "a checkpoint of an unknown number is ErrConflict, and changes nothing", checkPruneConflict},
		{"prune while reading", "a reader sees the log before or after it was pruned", checkPruneReading},
		{"journal", "a journal in the log keeps its promises", checkJournal},
	}
}

// logSuite is what a check works with.
type logSuite struct {
	ctx        context.Context
	one, other remediate.Log
	patience   time.Duration // after which a rule is given up
}

// run returns the violation of a rule.
func (s *logSuite) run(r logRule) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.patience)
	defer cancel()
	s.ctx = ctx
	done := make(chan error, 1)
	go func() { done <- r.check(s) }()
	select {
	case err := <-done:
		return err
	case <-time.After(s.patience):
		return fmt.Errorf("no end after %s", s.patience)
	}
}

// entry returns an entry in which every member is set.
func entry(seq int64) remediate.Entry {
	n := fmt.Sprint(seq)
	at := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC).Add(time.Duration(seq) * time.Hour)
	return remediate.Entry{
		Seq: seq, Time: at, Kind: remediate.Begun, Plan: "plan" + n, Key: "key\x00" + n, Type: asset.Type("Test::Box"), ID: "box/公開 <&>\u2028" + n,
		Account: "test/1", Fix: "fix", Step: "step", Token: seq + 1<<53, Until: at.Add(time.Nanosecond), Run: "run", Actor: "ann", Unattended: true,
		Standing: "standing", Rollback: true, Detail: json.RawMessage(`{"a":9007199254740993,"b":[null,1.50,"\u0000<"],"c":` + n + `}`),
		Prev: "prev" + n, KeyID: "key", Hash: "hash" + n, MAC: "mac" + n,
	}
}

func checkpoint(seq int64) remediate.Entry {
	e := entry(seq)
	e.Kind, e.Hash = remediate.Checkpoint, "checkpoint"+fmt.Sprint(seq)
	return e
}

// entries returns entries from one number to another, inclusive.
func entries(from, to int64) (all []remediate.Entry) {
	for seq := from; seq <= to; seq++ {
		all = append(all, entry(seq))
	}
	return all
}

// fill appends n entries to the empty log.
func (s *logSuite) fill(n int64) error {
	for _, e := range entries(1, n) {
		if err := s.one.Append(s.ctx, e); err != nil {
			return fmt.Errorf("append entry %d: %w", e.Seq, err)
		}
	}
	return nil
}

// read returns what Read yields.
func (s *logSuite) read(l remediate.Log, after int64) (all []remediate.Entry, err error) {
	for e, err := range l.Read(s.ctx, after) {
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		all = append(all, e)
	}
	return all, nil
}

// expect compares what both handles read with what is in the log.
func (s *logSuite) expect(after int64, want []remediate.Entry) error {
	for name, l := range map[string]remediate.Log{"one handle": s.one, "the other handle": s.other} {
		got, err := s.read(l, after)
		if err == nil {
			err = same(got, want)
		}
		if err != nil {
			return fmt.Errorf("%s, after %d: %w", name, after, err)
		}
	}
	return nil
}

func same(got, want []remediate.Entry) error {
	if g, w := seqs(got), seqs(want); g != w {
		return fmt.Errorf("entries %s (want %s)", g, w)
	}
	for i := range want {
		if g, w := text(got[i]), text(want[i]); g != w {
			return fmt.Errorf("entry %d is another:\n%s\n(want)\n%s", want[i].Seq, g, w)
		}
	}
	return nil
}

// text returns an entry with a detail that is comparable: the order of members is free.
func text(e remediate.Entry) string {
	var detail any
	d := json.NewDecoder(strings.NewReader(string(e.Detail)))
	d.UseNumber()
	if err := d.Decode(&detail); err != nil {
		detail = err
	}
	e.Detail = nil
	return fmt.Sprintf("%#v %v", e, reflect.ValueOf(detail))
}

func seqs(all []remediate.Entry) string {
	var b strings.Builder
	for i, e := range all {
		// A run of successive numbers is short.
		if i > 0 && i < len(all)-1 && e.Seq == all[i-1].Seq+1 && e.Seq == all[i+1].Seq-1 {
			continue
		}
		fmt.Fprintf(&b, " %d", e.Seq)
	}
	return "[" + strings.TrimPrefix(b.String(), " ") + "]"
}

// conflict returns an error unless a call was refused as a conflict.
func conflict(what string, err error) error {
	if !errors.Is(err, remediate.ErrConflict) {
		return fmt.Errorf("%s: error %v (want ErrConflict)", what, err)
	}
	return nil
}
