package collect

import (
	"context"

	"github.com/openstance/stance/asset"
)

// ListFunc returns one page of a list, and the token of the next page or "". The token of
// the first page is "".
type ListFunc = func(ctx context.Context, token string) ([]*Draft, string, error)

// Table is a list operation, with the reads and the tables that belong to it.
type Table struct {
	Op     string       // the operation that lists, as the catalogue names it
	Also   []string     // operations that List calls besides, to know what it lists
	Finds  []string     // operations that List calls in place of Op to look up a single asset, and that no read names
	Types  []asset.Type // that it lists
	Global bool         // it is listed once for an account, not in each region
	Absent []string     // error codes that mean that there is nothing

	// Gone are the error codes of reads, and of lists below, that mean that the asset does
	// not exist any more: it vanished since it was listed, and is dropped.
	Gone []string

	// List lists the assets. If a single asset is looked up it should ask for that one
	// alone, with a filter or by another operation; what it returns besides is skipped.
	List ListFunc

	// None, if not nil, reports whether another source says that there is nothing to list.
	None func(ctx context.Context) bool

	// In a table below another, ListOf is in place of List: it lists what belongs to one
	// asset of the table above, of the type Of.
	ListOf func(ctx context.Context, parent *Draft, token string) ([]*Draft, string, error)
	Of     asset.Type

	Reads []Read
	Under []Table
}

// Read is an operation that fills parts of assets that were listed: those that the
// catalogue says it provides. A read must write to the draft only after its call
// succeeded, and no two reads fill one part.
type Read struct {
	Op     string
	Of     asset.Type // only for this type; "": for all of the table
	Absent []string   // error codes that mean that the parts are not configured

	// Each reads for one asset, Together for up to Size of them in one call. One of them
	// is set.
	Each     func(ctx context.Context, d *Draft) error
	Together func(ctx context.Context, ds []*Draft) error
	Size     int
}

// AllTypes returns the types of a table and of those below it.
func (t *Table) AllTypes() []asset.Type {
	types := t.Types
	for i := range t.Under {
		types = append(types[:len(types):len(types)], t.Under[i].AllTypes()...)
	}
	return types
}

func (r *Read) applies(t asset.Type) bool { return r.Of == "" || r.Of == t }

// Once returns a function that calls f when it is first called, and then returns the
// same result: for a call that serves many assets. One that waits for another's call gives
// up when its own context ends.
func Once[T any](f func(context.Context) (T, error)) func(context.Context) (T, error) {
	var (
		turn = make(chan struct{}, 1)
		done bool
		v    T
		err  error
	)
	return func(ctx context.Context) (T, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			var none T
			return none, context.Cause(ctx)
		}
		if !done {
			v, err = f(ctx)
			done = true
		}
		return v, err
	}
}
