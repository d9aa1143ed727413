package providertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"runtime/pprof"
	"strings"
	"time"
)

// pooled are functions of goroutines that serve idle connections. Those belong to
// the client that the provider was given, not to a sequence.
var pooled = [...]string{"net/http.(*persistConn)", "net/http.(*http2", "google.golang.org/grpc"}

// leaks returns the stacks of goroutines that were started, at whatever depth, by
// f and that still run when it has returned, and some while after. Goroutines of
// others do not count: those of f are known by a label that they inherit.
func leaks(ctx context.Context, f func(context.Context)) []string {
	label := rand.Text()
	pprof.Do(ctx, pprof.Labels("providertest", label), f)
	var left []string
	for wait := time.Millisecond; wait < time.Second; wait *= 2 {
		if left = labelled(label); len(left) == 0 {
			return nil
		}
		time.Sleep(wait)
	}
	return left
}

// labelled returns the stacks of the goroutines with a label.
func labelled(label string) []string {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return []string{err.Error()}
	}
	var found []string
	for record := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(record, label) && !isPooled(record) {
			found = append(found, record)
		}
	}
	return found
}

func isPooled(stack string) bool {
	for _, p := range pooled {
		if strings.Contains(stack, p) {
			return true
		}
	}
	return false
}
