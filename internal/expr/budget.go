package expr

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cel.dev/cel-go/interpreter"
)

// Limits bound the work of one evaluation. A zero field stands for its default.
type Limits struct {
	Operations int64 // 0: DefaultOperations
	Bytes      int64 // of the values that the evaluation makes; 0: DefaultBytes
}

// The default limits of an evaluation.
const (
	DefaultOperations = 10_000_000
	DefaultBytes      = 16 << 20
)

const (
	lookEvery         = 1024 // operations between two looks at the context
	bytesPerOperation = 64   // of a string that is read; values are made at the same rate
)

// ErrTooCostly marks an evaluation that reached one of its [Limits].
var ErrTooCostly = errors.New("expression given up")

// Budget is what is left of the [Limits] of an evaluation. Everything that evaluates
// expressions charges the same budget: each call and each pass through a loop by the
// nodes of its expression when it begins, and functions by the sizes of their arguments
// before they run. Reading and walking a document costs operations. Values that are made
// cost bytes. A charge that exceeds the budget, or that finds the context canceled, ends
// the evaluation with a panic, because logical operators absorb errors; [Machine.Eval]
// returns it as an error.
//
// The zero Budget has no limit and no context.
type Budget struct {
	ctx    context.Context
	limits Limits
	left   int64 // operations
	bytes  int64 // bytes left
	mark   int64 // with fewer operations left the context is looked at
}

// begin starts an evaluation with the whole budget.
func (b *Budget) begin(ctx context.Context, limits Limits) {
	if limits.Operations <= 0 {
		limits.Operations = DefaultOperations
	}
	if limits.Bytes <= 0 {
		limits.Bytes = DefaultBytes
	}
	*b = Budget{ctx: ctx, limits: limits}
	b.refill()
}

// refill gives the whole budget back.
func (b *Budget) refill() {
	b.left, b.bytes = b.limits.Operations, b.limits.Bytes
	b.mark = max(0, b.left-lookEvery+1)
}

// used returns the operations that were charged since the budget was whole.
func (b *Budget) used() int64 { return b.limits.Operations - b.left }

// Work charges operations.
func (b *Budget) Work(operations int64) {
	b.left -= operations
	if b.left < b.mark {
		b.look()
	}
}

// Read charges the operations of reading a string of so many bytes.
func (b *Budget) Read(bytes int) {
	if bytes >= bytesPerOperation {
		b.Work(int64(bytes) / bytesPerOperation)
	}
}

// Make charges the bytes of values that are about to be made.
func (b *Budget) Make(bytes int64) {
	b.bytes -= bytes
	b.mark += bytes / bytesPerOperation
	if b.bytes < 0 || b.left < b.mark {
		b.look()
	}
}

// Fit ends the evaluation unless so many bytes are left. It does not charge them.
func (b *Budget) Fit(bytes int64) {
	if bytes > b.bytes && b.ctx != nil {
		b.bytes -= bytes
		b.look()
	}
}

// look ends the evaluation if nothing is left or the context is canceled.
func (b *Budget) look() {
	if err := b.state(); err != nil {
		panic(*err)
	}
}

// state looks at the context, and returns why the evaluation cannot go on, or nil.
func (b *Budget) state() *interpreter.EvalCancelledError {
	switch {
	case b.ctx == nil:
		b.left, b.bytes, b.mark = math.MaxInt64/2, math.MaxInt64/2, 0
	case b.left < 0:
		return &interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded,
			Message: fmt.Sprintf("more than %d operations", b.limits.Operations)}
	case b.bytes < 0:
		return &interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded,
			Message: fmt.Sprintf("values of more than %d bytes", b.limits.Bytes)}
	case b.ctx.Err() != nil:
		return &interpreter.EvalCancelledError{Cause: interpreter.ContextCancelled, Message: context.Cause(b.ctx).Error()}
	default:
		b.mark = max(0, b.left-lookEvery+1)
	}
	return nil
}

// times multiplies sizes, at most to more than any budget.
func times(a, b int64) int64 {
	const most = 1 << 50
	if a > 0 && b > most/a {
		return most
	}
	return a * b
}
