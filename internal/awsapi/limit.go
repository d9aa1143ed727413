package awsapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"golang.org/x/time/rate"
)

const (
	// defaultRate and defaultBurst are what EC2 documents for describing calls, one
	// of the lower limits of AWS.
	defaultRate  = 20
	defaultBurst = 100

	maxAttempts = 8
	maxBackoff  = 20 * time.Second

	// maxRetryAfter is the longest wait that a server may request. A call that has to wait
	// longer fails at once, so that its gap says why.
	maxRetryAfter = time.Minute
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
			o.Throttles = append(o.Throttles, retry.IsErrorThrottleFunc(tooMany))
			o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) {
				s.MaxAttempts = maxAttempts
				s.MaxBackoff = maxBackoff
				s.Throttles = append(s.Throttles, retry.IsErrorThrottleFunc(tooMany))
				// The SDK's budget of retries would run dry in a large scan.
				s.RateLimiter = ratelimit.None
				s.Retryables = append([]retry.IsErrorRetryable{
					retry.IsErrorRetryableFunc(notImplemented), retry.IsErrorRetryableFunc(tooLong),
					retry.IsErrorRetryableFunc(tooMany), retry.IsErrorRetryableFunc(cutOff),
				}, s.Retryables...)
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

// tooMany marks answers with the status 429 as throttled and retryable: the SDK knows
// them only by their error codes.
func tooMany(err error) aws.Ternary {
	if answer := errorAnswer(err); answer != nil && answer.StatusCode == http.StatusTooManyRequests {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// tooLong marks answers that request a wait that is longer than maxRetryAfter as not
// retryable.
func tooLong(err error) aws.Ternary {
	if retryAfter(err) > maxRetryAfter {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// errorAnswer returns the answer that an error is about, nil if there is none.
func errorAnswer(err error) *http.Response {
	var failed *smithyhttp.ResponseError
	if !errors.As(err, &failed) || failed.Response == nil {
		return nil
	}
	return failed.Response.Response
}

// retryAfter returns how long the server requests to wait, in seconds or until a time;
// 0 if it does not.
func retryAfter(err error) time.Duration {
	answer := errorAnswer(err)
	if answer == nil {
		return 0
	}
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, until.Sub(now))
}

// RetryDelay returns the delay of the SDK, or the longer one that the server requests.
func (l *limiter) RetryDelay(attempt int, err error) (time.Duration, error) {
	delay, failed := l.AdaptiveMode.RetryDelay(attempt, err)
	return max(delay, retryAfter(err)), failed
}

// GetAttemptToken waits for both buckets.
func (l *limiter) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := l.bucket.Wait(ctx); err != nil {
		return nil, err
	}
	return l.AdaptiveMode.GetAttemptToken(ctx)
}
