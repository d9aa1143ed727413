package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// maxPages is far above the pages of any list of a cloud. It ends lists of servers that
// return new tokens for ever.
const maxPages = 1_000_000

// ErrRepeatedToken is the error, in a [PageError], of a page token that the server
// returned before: the pages form a cycle, and the list is incomplete.
var ErrRepeatedToken = errors.New("page token repeated")

// PageError reports the page of a list that could not be read. All items of the pages
// before it were yielded, and none of its own.
type PageError struct {
	Page int // from 1
	Err  error
}

// Error returns the page and the error.
func (e *PageError) Error() string { return fmt.Sprintf("page %d: %v", e.Page, e.Err) }

// Unwrap returns Err.
func (e *PageError) Unwrap() error { return e.Err }

// Pages yields the items of all pages of a list, one page after the other. It calls
// fetch with the token of the page to read, "" for the first, and fetch returns the
// items and the token of the next page, "" after the last. An empty page with a
// token is followed by the next like any other.
//
// An error of fetch ends the sequence with a *[PageError]. A repeated token ends it
// with [ErrRepeatedToken]: Pages finds cycles of any length and keeps only two tokens,
// so that items of a cycle may be yielded more than once before. A list of more than
// a million pages is an error. A cancelled context ends the sequence in its cause
// before another page is read.
//
// The sequence may be ranged over again, which reads the list again.
func Pages[T any](ctx context.Context, fetch func(ctx context.Context, token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		token := ""
		// Brent's algorithm: each new token is compared with one that is moved
		// forward after 1, 2, 4, ... pages.
		remembered, until := "", 1
		for page := 1; ; page++ {
			if ctx.Err() != nil {
				yield(none, context.Cause(ctx))
				return
			}
			if page > maxPages {
				yield(none, &PageError{page, fmt.Errorf("more than %d pages", maxPages)})
				return
			}
			items, next, err := fetch(ctx, token)
			switch {
			case err != nil && ctx.Err() != nil:
				yield(none, context.Cause(ctx))
				return
			case err != nil:
				yield(none, &PageError{page, err})
				return
			}
			for _, x := range items {
				if !yield(x, nil) {
					return
				}
			}
			switch {
			case next == "":
				return
			case next == token, next == remembered:
				yield(none, &PageError{page + 1, ErrRepeatedToken})
				return
			}
			if page == until {
				remembered, until = next, 2*until
			}
			token = next
		}
	}
}
