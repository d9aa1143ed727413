package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// maxPages is far above what any list of a cloud has, so that a server that makes
// up new tokens for ever is found out.
const maxPages = 1_000_000

// ErrRepeatedToken is reported, in a [PageError], when a server sends a page token
// that it sent before: its pages go round in a circle and their end cannot be known.
var ErrRepeatedToken = errors.New("page token repeated")

// PageError says which page of a list could not be read. All items of the pages
// before it were yielded, none of its own.
type PageError struct {
	Page int // from 1
	Err  error
}

// Error tells the page and the error.
func (e *PageError) Error() string { return fmt.Sprintf("page %d: %v", e.Page, e.Err) }

// Unwrap returns Err.
func (e *PageError) Unwrap() error { return e.Err }

// Pages yields the items of all pages of a list, one page after the other. It calls
// fetch with the token of the page to read, "" for the first, and fetch returns the
// items and the token of the next page, "" after the last. An empty page with a
// token is followed by the next like any other.
//
// An error of fetch ends the sequence with a *[PageError]; so does, with
// [ErrRepeatedToken], a token that comes again. Circles of any length are found, the items in
// them having been yielded more than once by then, while only two tokens are
// remembered. A list of more than a million pages is an error, too. A cancelled
// context ends the sequence in its cause before another page is read.
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
