package alerttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openstance/stance/alert"
)

// Receiver is a notifier under test, with the receiver of its messages.
type Receiver struct {
	Notifier alert.Notifier
	// Received returns the messages that the receiver accepted so far, decoded to text: the
	// suite looks for the names of assets and titles in them.
	Received func() []string
	// Answer changes how the receiver answers from now on. Nil: it cannot fail.
	Answer func(Answer)
	// Secrets are strings that were passed to the notifier, and that no error may hold.
	Secrets []string
	// Sends reports whether the channel sends an event at all; nil: each. A channel drops the
	// others without an error.
	Sends func(alert.Event) bool
}

// Answer is how a receiver answers.
type Answer struct {
	Kind AnswerKind
	// Only limits the answer to messages that contain a string; other messages are accepted.
	// Empty: all messages.
	Only string
}

// AnswerKind is the kind of an Answer.
type AnswerKind int

// The kinds of answers.
const (
	Accept    AnswerKind = iota
	Later                // refuses temporarily: 429, 503 and the like
	Never                // refuses for good: 400 and the like
	Forbidden            // refuses the sender, such as 403
)

// Notifier tests a notifier. It calls the function once for each rule: each call returns a
// notifier whose receiver got nothing yet and accepts everything.
func Notifier(t *testing.T, open func(t *testing.T) *Receiver) {
	t.Helper()
	for _, r := range notifierRules {
		t.Run(r.name, func(t *testing.T) {
			for _, err := range r.violations(t.Context(), open(t)) {
				t.Errorf("%v\n(the rule: %s)", err, r.says)
			}
		})
	}
}

// notifierRule is one sentence of the contract.
type notifierRule struct {
	name, says string
	check      func(*notifierSuite)
}

var notifierRules = []notifierRule{
	{"empty batch", "an empty batch sends nothing and is no error", checkEmptyBatch},
	{"batch", "every event of a batch arrives, and the events stay as they are", checkBatch},
	{"kinds", "events of every kind are accepted", checkKinds},
	{"again", "an event can be sent again", checkAgain},
	{"later", "events that are refused temporarily are no permanent failures, and arrive when they are sent again", checkLater},
	{"never", "an event that is refused for good is a permanent failure, and the other events arrive", checkNever},
	{"forbidden", "events do not count as delivered while the receiver refuses the sender", checkForbidden},
	{"canceled", "with a canceled context no event counts as delivered that did not arrive", checkCanceledBatch},
	{"concurrent", "a notifier is safe for concurrent use", checkConcurrent},
	{"hostile strings", "any string in any field arrives or is escaped", checkHostile},
	{"test", "Test sends one message, and returns the error of its delivery", checkTest},
}

// violations returns how a notifier violates the rule.
func (r notifierRule) violations(ctx context.Context, rec *Receiver) (found []error) {
	s := &notifierSuite{ctx: ctx, rec: rec}
	defer func() {
		if p := recover(); p != nil {
			found = append(s.found, fmt.Errorf("panic: %v", p))
		}
	}()
	r.check(s)
	return s.found
}

// notifierSuite runs a rule.
type notifierSuite struct {
	ctx context.Context
	rec *Receiver

	mu    sync.Mutex
	found []error
}

func (s *notifierSuite) failf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found = append(s.found, fmt.Errorf(format, args...))
}

// arrived counts the messages that contain a string.
func (s *notifierSuite) arrived(mark string) int {
	n := 0
	for _, m := range s.rec.Received() {
		n += strings.Count(m, mark) // one message can hold several events
	}
	return n
}

func (s *notifierSuite) sends(e alert.Event) bool { return s.rec.Sends == nil || s.rec.Sends(e) }

// answer changes the answer of the receiver, and reports whether that is possible.
func (s *notifierSuite) answer(a Answer) bool {
	if s.rec.Answer == nil {
		return false
	}
	s.rec.Answer(a)
	return true
}

// notify sends events, checks what holds for every call, and returns the failures by index.
func (s *notifierSuite) notify(ctx context.Context, events []alert.Event) (map[int]alert.EventError, error) {
	before, err := json.Marshal(events)
	if err != nil {
		s.failf("%v", err)
	}
	err = s.rec.Notifier.Notify(ctx, events)
	if after, _ := json.Marshal(events); string(after) != string(before) {
		s.failf("the events were changed")
	}
	s.secrets(err)
	failed := map[int]alert.EventError{}
	partial, ok := errors.AsType[*alert.PartialError](err)
	if !ok {
		if err != nil {
			for i := range events {
				failed[i] = alert.EventError{Index: i, Err: err}
			}
		}
		return failed, err
	}
	if len(partial.Failed) == 0 {
		s.failf("a PartialError without events")
	}
	for _, f := range partial.Failed {
		_, twice := failed[f.Index]
		switch {
		case f.Index < 0 || f.Index >= len(events):
			s.failf("index %d of a batch of %d", f.Index, len(events))
			continue
		case twice:
			s.failf("index %d failed twice", f.Index)
		case f.Err == nil:
			s.failf("index %d failed without an error", f.Index)
		case f.RetryAfter < 0:
			s.failf("index %d: RetryAfter is %v", f.Index, f.RetryAfter)
		}
		failed[f.Index] = f
		s.secrets(f.Err)
	}
	return failed, err
}

// secrets looks for secrets in what is logged of an error.
func (s *notifierSuite) secrets(err error) {
	if err == nil {
		return
	}
	text := fmt.Sprintf("%v %+v", err, err)
	for _, secret := range s.rec.Secrets {
		if secret != "" && strings.Contains(text, secret) {
			s.failf("a secret is in the error %q", strings.ReplaceAll(text, secret, "[secret]"))
		}
	}
}

// delivered checks that the events of a batch that did not fail arrived.
func (s *notifierSuite) delivered(marks []string, events []alert.Event, failed map[int]alert.EventError) {
	for i, mark := range marks {
		if _, ok := failed[i]; !ok && s.sends(events[i]) && s.arrived(mark) == 0 {
			s.failf("event %d counts as delivered and did not arrive", i)
		}
	}
}

func checkEmptyBatch(s *notifierSuite) {
	for _, events := range [][]alert.Event{nil, {}} {
		if _, err := s.notify(s.ctx, events); err != nil {
			s.failf("an empty batch: %v", err)
		}
	}
	if got := s.rec.Received(); len(got) > 0 {
		s.failf("an empty batch sent %q", got)
	}
}

func checkBatch(s *notifierSuite) {
	for _, n := range []int{1, 2, 25} {
		marks, events := openedEvents(fmt.Sprintf("batch%d", n), n)
		failed, err := s.notify(s.ctx, events)
		if err != nil {
			s.failf("a batch of %d: %v", n, err)
		}
		s.delivered(marks, events, failed)
	}
}

func checkKinds(s *notifierSuite) {
	for _, e := range kindEvents() {
		before := len(s.rec.Received())
		if _, err := s.notify(s.ctx, []alert.Event{e}); err != nil {
			s.failf("an event of kind %q: %v", e.Kind, err)
		}
		if n := len(s.rec.Received()) - before; s.sends(e) && n == 0 {
			s.failf("an event of kind %q did not arrive", e.Kind)
		} else if !s.sends(e) && n > 0 {
			s.failf("an event of kind %q arrived", e.Kind)
		}
	}
}

func checkAgain(s *notifierSuite) {
	_, events := openedEvents("again", 2)
	for range 2 {
		if _, err := s.notify(s.ctx, events); err != nil {
			s.failf("%v", err)
		}
	}
}

func checkLater(s *notifierSuite) {
	marks, events := openedEvents("later", 4)
	for _, only := range []string{"", marks[1]} {
		if !s.answer(Answer{Later, only}) {
			return
		}
		failed, err := s.notify(s.ctx, events)
		if err == nil {
			s.failf("no error")
		}
		for i, f := range failed {
			if f.Permanent {
				s.failf("event %d failed for good: %v", i, f.Err)
			}
		}
		if only == "" && len(failed) < len(events) {
			s.failf("%d events failed, want %d", len(failed), len(events))
		}
		if _, ok := failed[1]; !ok {
			s.failf("the refused event did not fail")
		}
		s.delivered(marks, events, failed)
	}
	s.answer(Answer{})
	failed, err := s.notify(s.ctx, events)
	if err != nil {
		s.failf("sent again: %v", err)
	}
	s.delivered(marks, events, failed)
}

func checkNever(s *notifierSuite) {
	marks, events := openedEvents("never", 5)
	if !s.answer(Answer{Never, marks[2]}) {
		return
	}
	failed, err := s.notify(s.ctx, events)
	if err == nil {
		s.failf("no error")
	}
	if f, ok := failed[2]; !ok || !f.Permanent {
		s.failf("the refused event is no permanent failure: %v", err)
	}
	for i, f := range failed {
		if i != 2 {
			s.failf("event %d failed as well: %v", i, f.Err)
		}
	}
	s.delivered(marks, events, failed)
}

func checkForbidden(s *notifierSuite) {
	marks, events := openedEvents("forbidden", 3)
	if !s.answer(Answer{Kind: Forbidden}) {
		return
	}
	failed, err := s.notify(s.ctx, events)
	if err == nil || len(failed) < len(events) {
		s.failf("%d of %d events failed: %v", len(failed), len(events), err)
	}
	s.delivered(marks, events, failed)
}

func checkCanceledBatch(s *notifierSuite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	marks, events := openedEvents("canceled", 3)
	failed, _ := s.notify(ctx, events)
	for i, f := range failed {
		if f.Permanent {
			s.failf("event %d failed for good: %v", i, f.Err)
		}
	}
	s.delivered(marks, events, failed)
}

func checkConcurrent(s *notifierSuite) {
	var wg sync.WaitGroup
	const callers = 8
	all := make([][]string, callers)
	for i := range callers {
		wg.Go(func() {
			marks, events := openedEvents(fmt.Sprintf("concurrent%d", i), 3)
			all[i] = marks
			if _, err := s.notify(s.ctx, events); err != nil {
				s.failf("%v", err)
			}
		})
	}
	wg.Wait()
	for _, mark := range slices.Concat(all...) {
		if s.arrived(mark) == 0 {
			s.failf("an event of a concurrent call did not arrive")
		}
	}
}

func checkHostile(s *notifierSuite) {
	n := 0
	for name, x := range hostile() {
		for _, e := range hostileEvents(x, fmt.Sprintf("hostile%dmark", n)) {
			if _, err := s.notify(s.ctx, []alert.Event{e}); err != nil {
				s.failf("an event of kind %q with %s: %v", e.Kind, name, err)
			}
			if e.Alert != nil && s.sends(e) && s.arrived(fmt.Sprintf("hostile%dmark", n)) == 0 {
				s.failf("an event of kind %q with %s did not arrive", e.Kind, name)
			}
		}
		n++
	}
}

func checkTest(s *notifierSuite) {
	tester, ok := s.rec.Notifier.(alert.Tester)
	if !ok {
		return
	}
	if err := tester.Test(s.ctx); err != nil {
		s.failf("%v", err)
	}
	if n := len(s.rec.Received()); n != 1 {
		s.failf("%d messages arrived, want 1", n)
	}
	if !s.answer(Answer{Kind: Forbidden}) {
		return
	}
	err := tester.Test(s.ctx)
	if err == nil {
		s.failf("no error of a test that is refused")
	}
	s.secrets(err)
}
