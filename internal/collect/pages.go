package collect

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Limits of one list. A server that returns a new token with every page would keep a scan
// for hours. The largest lists of a cloud have some 20,000 pages.
const (
	MaxPages    = 50_000
	ListTimeout = 20 * time.Minute // all pages together, without the work on what they hold
)

// CodeListTooLong is the code of a list that reached a limit.
const CodeListTooLong = "ListTooLong"

// Pages is [provider.Pages] with limits to the time that each page may take, and all of
// them, and to their number. A list that reaches one ends in an *asset.Unread.
func Pages[T any](ctx context.Context, fetch func(ctx context.Context, token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var spent time.Duration
		pages := 0
		for x, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]T, string, error) {
			if pages++; pages > MaxPages || spent > ListTimeout {
				return nil, "", &asset.Unread{
					Reason: asset.TimedOut, Code: CodeListTooLong,
					Message: fmt.Sprintf("the list goes on after %d pages and %v", pages-1, spent.Round(time.Second)),
				}
			}
			begin := time.Now()
			defer func() { spent += time.Since(begin) }()
			ctx, cancel := context.WithTimeout(ctx, CallTimeout)
			defer cancel()
			return fetch(ctx, token)
		}) {
			if !yield(x, err) {
				return
			}
		}
	}
}
