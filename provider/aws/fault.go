package aws

import (
	"context"
	"errors"
	"net"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"

	"github.com/openstance/stance/asset"
)

// Codes of what went wrong before AWS answered, or with the answer.
const (
	codeMalformed   = "Malformed"        // the answer holds something that cannot be read
	codeTimeout     = "Timeout"          // no answer in time
	codeNoEndpoint  = "EndpointNotFound" // the service's name in the region is not known here; see the package documentation
	codeNoAnswer    = "NoAnswer"         // anything else
	codeNotEnabled  = "RegionNotEnabled"
	codeNoRegion    = "RegionUnknown"
	codeUnknownType = "UnknownType"
	codeNotActive   = "AccountNotActive"
	codeNoAccount   = "AccountUnknown"
	codeNotAsked    = "NotAsked"
	codeNoRole      = "RoleNotGiven"
	codeNotManager  = "NotManagementAccount" // denied to an account that is a member of an organisation
	codeNotInReport = "NotInReport"
	codeNotListed   = "NotListed"

	// codeNeedsParent is that of a type that Cloud Control lists below others, of which
	// nothing is known.
	codeNeedsParent = "NeedsParent"

	// codeNotAnswered is that of a part that Cloud Control takes and never answers, and of
	// tags that only the owner is told.
	codeNotAnswered = "NotAnswered"

	// codeNotCollected is that of a part which the schema has and no collector reads.
	codeNotCollected = "NotCollected"
)

// errGone is what a read answers of an asset that is not there any more.
var errGone = errors.New("it is gone")

// maxMessage bounds what is kept of a message.
const maxMessage = 500

// fault says why a call failed. Op is the operation that was meant; if the error
// tells that another one of the same service failed, its name is told.
func fault(op string, err error) *asset.Unread {
	f := &asset.Unread{Op: op, Code: codeNoAnswer}
	var own *asset.Unread
	if errors.As(err, &own) {
		return own
	}
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		service, name, ok := strings.Cut(op, ":")
		name, _, _ = strings.Cut(name, "(") // what of the operation's answers is meant
		if ok && sameService(service, operation.ServiceID) && name != operation.OperationName {
			f.Op = service + ":" + operation.OperationName
		}
	}
	var response interface{ ServiceRequestID() string }
	if errors.As(err, &response) {
		f.RequestID = clip(response.ServiceRequestID())
	}
	var api smithy.APIError
	var dns *net.DNSError
	switch {
	case errors.As(err, &api):
		f.Code, f.Message = clip(api.ErrorCode()), clip(api.ErrorMessage())
	case errors.Is(err, context.DeadlineExceeded):
		f.Code, f.Message = codeTimeout, "no answer in time"
	case errors.As(err, &dns) && dns.IsNotFound:
		f.Code, f.Message = codeNoEndpoint, "no such host "+clip(dns.Name)+": the service may not be offered in the region"
	default:
		f.Message = clip(rootCause(err).Error())
	}
	return f
}

// sameService reports whether an operation of the SDK's service is one with the
// prefix: of STS calls, as they are made on the way to another service's, it is not.
func sameService(prefix, serviceID string) bool {
	return (serviceID == "STS") == (prefix == "sts")
}

// rootCause returns the innermost of the errors that wrap each other, whose text
// does not repeat the request.
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// clip bounds a text from outside and takes control characters out of it. The text
// of a refused signature repeats the request with its session token, and ends
// before that.
func clip(s string) string {
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

// hasCode reports whether the error is one of an API with one of the codes.
func hasCode(err error, codes []string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, c := range codes {
		if api.ErrorCode() == c {
			return true
		}
	}
	return false
}
