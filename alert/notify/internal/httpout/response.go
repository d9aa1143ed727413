package httpout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
)

// MaxResponse is the number of bytes of a response that is read.
const MaxResponse = 64 << 10

// maxRetryAfter bounds the time that a receiver can demand.
const maxRetryAfter = 24 * time.Hour

// Error is a response that refuses a request.
type Error struct {
	Host       string
	Status     int // of HTTP
	Permanent  bool
	RetryAfter time.Duration
	// Body is the beginning of the response. The receiver wrote it, and can repeat secrets of
	// the request in it: it is no part of the error string.
	Body []byte
}

// Error returns the host and the status.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: status %d", e.Host, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		s += " " + text
	}
	if e.Status >= 300 && e.Status < 400 {
		s += " (redirects are not followed)"
	}
	return s
}

// Do makes a request and returns the beginning of the response. An *Error stands for a status
// other than 2xx: 408, 425, 429 and those from 500 on are retryable, the others are not. The
// other errors are retryable. now is the time for a Retry-After that is a date.
func Do(client *http.Client, req *http.Request, now time.Time) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", req.URL.Host, plain(req.Context(), err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxResponse))
	if resp.StatusCode/100 == 2 {
		// The receiver accepted the request, even if it breaks the connection now.
		return body, nil
	}
	_ = err // the status says more than a broken body
	return nil, &Error{
		Host:       req.URL.Host,
		Status:     resp.StatusCode,
		Permanent:  Permanent(resp.StatusCode),
		RetryAfter: RetryAfter(resp.Header, now),
		Body:       body,
	}
}

// Permanent reports whether repeating a request that got a status is of no use.
func Permanent(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// RetryAfter returns the time that a response demands before the next request, at most 24
// hours: 0 if it demands none or is not understood.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	var after time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), maxRetryAfter)
}

// EventError returns the error of the event at an index of a batch.
func EventError(index int, err error) alert.EventError {
	e := alert.EventError{Index: index, Err: err}
	if refused, ok := errors.AsType[*Error](err); ok {
		e.Permanent, e.RetryAfter = refused.Permanent, refused.RetryAfter
	}
	return e
}

// Batch returns the error of Notify for a batch of n events that one request delivers: a
// *alert.PartialError with all events if err is an *Error, else err.
func Batch(n int, err error) error {
	if _, ok := errors.AsType[*Error](err); !ok {
		return err
	}
	partial := &alert.PartialError{}
	for i := range n {
		partial.Failed = append(partial.Failed, EventError(i, err))
	}
	return partial
}

// plain returns an error of a client without what could be secret: the URL, and what the
// receiver wrote instead of an HTTP response.
func plain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	_, isNet := errors.AsType[net.Error](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isNet, isCertificate, errors.Is(err, ErrAddress), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return errors.New("no valid HTTP response")
}
