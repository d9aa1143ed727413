package awsapi

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"golang.org/x/time/rate"
)

const (
	// defaultRate and defaultBurst are what EC2 documents for describing calls, one
	// of the lower limits of AWS.
	defaultRate  = 20
	defaultBurst = 100

	maxAttempts = 8
	maxBackoff  = 20 * time.Second
)

// limiter is the token bucket of a service in a region of an account: a constant
// rate, below which the SDK's adaptive bucket goes when the service throttles.
type limiter struct {
	*retry.AdaptiveMode
	bucket *rate.Limiter
}

var _ aws.RetryerV2 = (*limiter)(nil)

func newLimiter(perSecond float64, burst int) *limiter {
	if perSecond == 0 {
		perSecond, burst = defaultRate, defaultBurst
	}
	return &limiter{
		AdaptiveMode: retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) {
				s.MaxAttempts = maxAttempts
				s.MaxBackoff = maxBackoff
				// The SDK's budget of retries would run dry in a large scan.
				s.RateLimiter = ratelimit.None
				s.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(notImplemented)}, s.Retryables...)
			})
		}),
		bucket: rate.NewLimiter(rate.Limit(perSecond), burst),
	}
}

// notImplemented marks errors for unsupported operations as not retryable. Some servers
// other than AWS return them with a status that the SDK retries.
func notImplemented(err error) aws.Ternary {
	if HasCode(err, notImplementedCodes) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// GetAttemptToken waits for both buckets.
func (l *limiter) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := l.bucket.Wait(ctx); err != nil {
		return nil, err
	}
	return l.AdaptiveMode.GetAttemptToken(ctx)
}
