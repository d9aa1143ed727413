package awsapi

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/openstance/stance/asset"
)

// Codes of what went wrong before AWS answered.
const (
	CodeTimeout    = "Timeout"          // no answer in time
	CodeNoEndpoint = "EndpointNotFound" // the service's name in the region is not known here: it may not be offered there
	CodeNoAnswer   = "NoAnswer"         // any other failure without an error code
)

var (
	disabledCodes       = []string{"OptInRequired", "SubscriptionRequiredException", "NotSignedUp"}
	notImplementedCodes = []string{"UnknownOperationException", "UnknownOperation", "InvalidAction", "NotImplemented", "NotImplementedException"}
	timeoutCodes        = []string{"RequestTimeout", "RequestTimeoutException"}

	// denials are parts of the codes that say that a permission is missing. InvalidAccess
	// is what Security Hub returns.
	denials = []string{"AccessDenied", "Unauthorized", "NotAuthorized", "AuthorizationError", "Forbidden", "InvalidAccess"}
)

// maxMessage bounds what is kept of a message.
const maxMessage = 500

// Unread returns why a call failed. Op is the operation that was meant; if the error
// names another one of the same service that failed, that is the operation. An
// *asset.Unread in the error is returned as it is, with the operation if it names none.
// The code of an answer without an error
// code is "HTTP" with its status.
func Unread(op string, err error) *asset.Unread {
	why := &asset.Unread{Op: op, Code: CodeNoAnswer}
	var own *asset.Unread
	if errors.As(err, &own) {
		if own.Op != "" {
			return own
		}
		named := *own
		named.Op = op
		return &named
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		service, name, ok := strings.Cut(op, ":")
		name, _, _ = strings.Cut(name, "(") // the part of the operation's answer that is meant
		if ok && sameService(service, operation.ServiceID) && name != operation.OperationName {
			why.Op = service + ":" + operation.OperationName
		}
	}
	status := 0
	var response interface {
		ServiceRequestID() string
		HTTPStatusCode() int
	}
	if errors.As(err, &response) {
		why.RequestID, status = Clip(response.ServiceRequestID()), response.HTTPStatusCode()
	}
	var (
		api       smithy.APIError
		dns       *net.DNSError
		unsent    *smithyhttp.RequestSendError
		malformed *smithy.DeserializationError
		syntax    *xml.SyntaxError // S3 looks for an error in every answer
	)
	switch {
	case errors.As(err, &api) && hasCode(api, status):
		why.Code, why.Message = Clip(api.ErrorCode()), Clip(api.ErrorMessage())
		if why.Reason = Reason(api.ErrorCode()); why.Reason == asset.UnknownReason {
			why.Reason = statusReason(status)
		}
	case status >= 300:
		// A proxy or a gateway answered, or a service without a body.
		why.Reason, why.Code = statusReason(status), "HTTP"+strconv.Itoa(status)
		why.Message = Clip("status " + strconv.Itoa(status) + " " + http.StatusText(status) + " without an error code")
	case errors.Is(err, context.DeadlineExceeded):
		why.Reason, why.Code, why.Message = asset.TimedOut, CodeTimeout, "no answer in time"
	case errors.As(err, &dns) && dns.IsNotFound:
		why.Reason, why.Code = asset.Unavailable, CodeNoEndpoint
		why.Message = "no such host " + Clip(dns.Name) + ": the service may not be offered in the region"
	default:
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &unsent):
			why.Reason = asset.Unavailable
		case errors.As(err, &malformed), errors.As(err, &syntax):
			why.Reason, why.Code = asset.Malformed, asset.CodeMalformed
		}
		why.Message = Clip(rootCause(err).Error())
	}
	return why
}

// Reason maps an error code of AWS.
func Reason(code string) asset.Reason {
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	switch {
	case throttled, code == "SlowDown":
		return asset.Throttled
	case slices.Contains(disabledCodes, code):
		return asset.Disabled
	case slices.Contains(notImplementedCodes, code):
		return asset.Unsupported
	case slices.Contains(timeoutCodes, code):
		return asset.TimedOut
	case slices.ContainsFunc(denials, func(part string) bool { return strings.Contains(code, part) }):
		return asset.Denied
	case strings.Contains(code, "NotFound"), strings.HasPrefix(code, "NoSuch"):
		return asset.NotFound
	}
	return asset.UnknownReason
}

// hasCode reports whether an error has a code of the service. The SDK gives others the
// code UnknownError, or, for S3, one that it makes of the status.
func hasCode(err smithy.APIError, status int) bool {
	return err.ErrorCode() != "" && err.ErrorCode() != "UnknownError" && (status == 0 || err.ErrorMessage() != http.StatusText(status))
}

// statusReason maps the status of an answer whose error code says nothing.
func statusReason(status int) asset.Reason {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return asset.Denied
	case status == http.StatusNotFound:
		return asset.NotFound
	case status == http.StatusTooManyRequests:
		return asset.Throttled
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout:
		return asset.TimedOut
	case status == http.StatusNotImplemented:
		return asset.Unsupported
	case status >= 500:
		return asset.Unavailable
	}
	return asset.UnknownReason
}

// sameService reports whether an operation of the SDK's service is one with the prefix:
// of STS calls, as they are made on the way to another service's, it is not.
func sameService(prefix, serviceID string) bool {
	return (serviceID == "STS") == (prefix == "sts")
}

// rootCause returns the innermost of the errors that wrap each other, whose text does not
// repeat the request.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Clip bounds a string from outside and removes control characters from it. The text of a
// refused signature repeats the request with its session token, and ends before that.
func Clip(s string) string {
	if i := strings.Index(s, "Canonical String"); i >= 0 {
		s = s[:i]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar:
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}

// HasCode reports whether an error is one of an API with one of the codes.
func HasCode(err error, codes []string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode())
}
