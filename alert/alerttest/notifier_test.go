package alerttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/alert"
)

// paper is a notifier that writes each event down, and its receiver.
type paper struct {
	mu     sync.Mutex
	lines  []string
	answer Answer
}

const paperSecret = "paper-secret"

func (p *paper) receiver(n alert.Notifier) *Receiver {
	return &Receiver{
		Notifier: n,
		Received: func() []string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return slices.Clone(p.lines)
		},
		Answer: func(a Answer) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.answer = a
		},
		Secrets: []string{paperSecret},
	}
}

func (p *paper) Notify(ctx context.Context, events []alert.Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	failed := &alert.PartialError{}
	for i, e := range events {
		line := fmt.Sprintf("%+v", e)
		if e.Alert != nil {
			line = e.Alert.Asset.Name
		}
		switch {
		case ctx.Err() != nil:
			failed.Failed = append(failed.Failed, alert.EventError{Index: i, Err: ctx.Err()})
		case p.answer.Kind != Accept && strings.Contains(line, p.answer.Only):
			failed.Failed = append(failed.Failed, alert.EventError{Index: i, Err: errors.New("refused"), Permanent: p.answer.Kind == Never})
		default:
			p.lines = append(p.lines, line)
		}
	}
	if len(failed.Failed) == 0 {
		return nil
	}
	return failed
}

func (p *paper) Test(ctx context.Context) error {
	return p.Notify(ctx, []alert.Event{{ID: "test", Kind: alert.EventTest}})
}

func TestNotifierSuite(t *testing.T) {
	Notifier(t, func(*testing.T) *Receiver {
		p := &paper{}
		return p.receiver(p)
	})
	Notifier(t, func(*testing.T) *Receiver {
		p := &paper{}
		r := p.receiver(p)
		r.Answer = nil
		return r
	})
}

// brokenPaper changes how a paper notifies.
type brokenPaper struct {
	*paper
	notify func(p *paper, ctx context.Context, events []alert.Event) error
	test   func(p *paper, ctx context.Context) error
}

func (b brokenPaper) Notify(ctx context.Context, events []alert.Event) error {
	if b.notify == nil {
		return b.paper.Notify(ctx, events)
	}
	return b.notify(b.paper, ctx, events)
}

func (b brokenPaper) Test(ctx context.Context) error {
	if b.test == nil {
		return b.paper.Test(ctx)
	}
	return b.test(b.paper, ctx)
}

func TestBrokenNotifiersFail(t *testing.T) {
	// change returns a notifier that changes the failures of the paper.
	change := func(f func(*alert.EventError)) func(*paper, context.Context, []alert.Event) error {
		return func(p *paper, ctx context.Context, events []alert.Event) error {
			err := p.Notify(ctx, events)
			if partial, ok := errors.AsType[*alert.PartialError](err); ok {
				for i := range partial.Failed {
					f(&partial.Failed[i])
				}
			}
			return err
		}
	}
	for name, test := range map[string]struct {
		brokenPaper
		rules []string // that it violates, at least
	}{
		"fails for an empty batch": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			_ = events[0]
			return p.Notify(ctx, events)
		}}, []string{"empty batch"}},
		"sends an empty batch": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			if len(events) == 0 {
				p.lines = append(p.lines, "nothing")
			}
			return p.Notify(ctx, events)
		}}, []string{"empty batch"}},
		"forgets the last": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			return p.Notify(ctx, events[:max(0, len(events)-1)])
		}}, []string{"batch", "kinds", "concurrent", "hostile strings"}},
		"changes the events": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			err := p.Notify(ctx, events)
			for i := range events {
				events[i].Rule = ""
			}
			return err
		}}, []string{"batch"}},
		"swallows errors": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			_ = p.Notify(ctx, events)
			return nil
		}}, []string{"later", "never", "forbidden", "canceled"}},
		"gives up too early": {brokenPaper{notify: change(func(e *alert.EventError) { e.Permanent = true })}, []string{"later", "canceled"}},
		"never gives up":     {brokenPaper{notify: change(func(e *alert.EventError) { e.Permanent = false })}, []string{"never"}},
		"counts from one":    {brokenPaper{notify: change(func(e *alert.EventError) { e.Index++ })}, []string{"later", "never", "forbidden"}},
		"has no error":       {brokenPaper{notify: change(func(e *alert.EventError) { e.Err = nil })}, []string{"never"}},
		"prints a secret": {brokenPaper{notify: change(func(e *alert.EventError) { e.Err = fmt.Errorf("post %s: %w", paperSecret, e.Err) })},
			[]string{"later", "never", "forbidden"}},
		"fails as a whole for one event": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			if err := p.Notify(ctx, events); err != nil {
				return errors.New("failed")
			}
			return nil
		}}, []string{"never"}},
		"stops at the first": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			for i, e := range events {
				if err := p.Notify(ctx, []alert.Event{e}); err != nil {
					if f, ok := errors.AsType[*alert.PartialError](err); ok {
						f.Failed[0].Index = i
					}
					return err
				}
			}
			return nil
		}}, []string{"later", "never", "forbidden"}},
		"refuses a kind": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			if len(events) > 0 && events[0].Kind == alert.EventReview {
				return errors.New("unknown kind")
			}
			return p.Notify(ctx, events)
		}}, []string{"kinds"}},
		"panics for hostile strings": {brokenPaper{notify: func(p *paper, ctx context.Context, events []alert.Event) error {
			if len(events) > 0 && strings.ContainsRune(events[0].Rule, 0) {
				panic("NUL")
			}
			return p.Notify(ctx, events)
		}}, []string{"hostile strings"}},
		"knows an event": {brokenPaper{notify: func() func(p *paper, ctx context.Context, events []alert.Event) error {
			seen := map[string]bool{}
			return func(p *paper, ctx context.Context, events []alert.Event) error {
				p.mu.Lock()
				for _, e := range events {
					if seen[e.ID] {
						p.mu.Unlock()
						return errors.New("duplicate event")
					}
					seen[e.ID] = true
				}
				p.mu.Unlock()
				return p.Notify(ctx, events)
			}
		}()}, []string{"again"}},
		"tests nothing":       {brokenPaper{test: func(*paper, context.Context) error { return nil }}, []string{"test"}},
		"tests without error": {brokenPaper{test: func(p *paper, ctx context.Context) error { _ = p.Test(ctx); return nil }}, []string{"test"}},
	} {
		t.Run(name, func(t *testing.T) {
			var violated []string
			for _, r := range notifierRules {
				p := &paper{}
				b := test.brokenPaper
				b.paper = p
				if len(r.violations(t.Context(), p.receiver(b))) > 0 {
					violated = append(violated, r.name)
				}
			}
			for _, rule := range test.rules {
				assert.Contains(t, violated, rule)
			}
		})
	}
}

// TestAnUnsafeNotifierFails drops events of concurrent calls.
func TestAnUnsafeNotifierFails(t *testing.T) {
	p := &paper{}
	var mu sync.Mutex
	inside, together := 0, make(chan struct{})
	var once sync.Once
	n := brokenPaper{paper: p, notify: func(p *paper, ctx context.Context, events []alert.Event) error {
		mu.Lock()
		inside++
		if inside == 2 {
			once.Do(func() { close(together) })
		}
		mu.Unlock()
		<-together // two calls overlap
		mu.Lock()
		defer mu.Unlock()
		if inside--; inside > 0 {
			return nil // overwritten by the other call
		}
		return p.Notify(ctx, events)
	}}
	i := slices.IndexFunc(notifierRules, func(r notifierRule) bool { return r.name == "concurrent" })
	assert.NotEmpty(t, notifierRules[i].violations(t.Context(), p.receiver(n)))
}
