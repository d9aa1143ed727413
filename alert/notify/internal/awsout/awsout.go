// Package awsout has what the channels that are services of AWS share.
package awsout

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// DefaultTimeout is the time limit of a call with its retries.
const DefaultTimeout = 30 * time.Second

// maxRetryAfter bounds the time that a service can demand.
const maxRetryAfter = 24 * time.Hour

// Timeout returns a context that ends after a time, 0 meaning DefaultTimeout.
func Timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmp.Or(max(d, 0), DefaultTimeout))
}

// RetryAfter returns the time that a response demands before the next call, which the SDK
// itself does not honor. Services of AWS state it in seconds.
func RetryAfter(err error) time.Duration {
	r, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || r.Response == nil || r.Response.Response == nil {
		return 0
	}
	return retryAfter(r.Response.Header)
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(strings.TrimSpace(h.Get("Retry-After")), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}
