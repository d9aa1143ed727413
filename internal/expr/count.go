package expr

import (
	"context"
	"sync/atomic"
)

type counterKey struct{}

// CountTo returns a context that has evaluations add their operations to n.
func CountTo(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, counterKey{}, n)
}

// Count adds operations to the counter of the context, if it has one.
func Count(ctx context.Context, operations int64) {
	if n, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		n.Add(operations)
	}
}
