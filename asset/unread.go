package asset

import "strings"

// Unread records why a part of a document is missing: the call that reads it failed, or
// it was not requested. The errors of accessors of [Value] wrap it. In the argument of
// [Of] it makes an unread part.
type Unread struct {
	Op        string // the operation that fills the part, "s3:GetBucketPolicy"
	Reason    Reason // the kind of failure, the same for every cloud
	Code      string // the cloud's error code, or one of the Code constants
	Message   string
	RequestID string
}

// Codes of unread parts that do not come from a cloud.
const (
	CodeNotRequested = "NotRequested" // the query did not request it
	CodeNotKept      = "NotKept"      // omitted by Value.Project
	CodeNotObserved  = "NotObserved"  // an asset that a link names was not observed
	CodeIncomplete   = "Incomplete"   // the coverage of a type is not complete
)

// isNotKept reports whether u says that a part was omitted by [Value.Project], and
// nothing else. Snapshots of earlier versions have no reason.
func (u *Unread) isNotKept() bool {
	bare := *u
	bare.Reason = UnknownReason
	return bare == (Unread{Code: CodeNotKept}) && (u.Reason == NotKept || u.Reason == UnknownReason)
}

// Error returns the operation, the code and the message.
func (u *Unread) Error() string {
	var parts []string
	for _, p := range []string{u.Op, u.Code, u.Message} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if u.RequestID != "" {
		parts = append(parts, "request "+u.RequestID)
	}
	if len(parts) == 0 {
		return "unread"
	}
	return "unread: " + strings.Join(parts, ": ")
}
