package asset

import (
	"fmt"
	"maps"
	"strings"
)

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
	CodeMalformed    = "Malformed"    // it has another form than its schema
	CodeNotStated    = "NotStated"    // the source says neither that there is any nor that there is none
)

// isNotKept reports whether u says that a part was omitted by [Value.Project], and
// nothing else. Snapshots of earlier versions have no reason.
func (u *Unread) isNotKept() bool {
	bare := *u
	bare.Reason = UnknownReason
	return bare == (Unread{Code: CodeNotKept}) && (u.Reason == NotKept || u.Reason == UnknownReason)
}

// isMalformed reports whether u stands in place of a part of another form than its schema.
func (u *Unread) isMalformed() bool { return u.Op == "" && u.Code == CodeMalformed }

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

// NotStated returns why the parents, links or access policy of an asset are unread if its
// source does not state them. It takes the name of the part.
func NotStated(part string) *Unread {
	return &Unread{Reason: Incomplete, Code: CodeNotStated, Message: "the source does not state " + part}
}

// The names of the parts of an asset beside its documents, in [Asset].Unread.
const (
	partParents = "parents"
	partLinks   = "links"
)

// UnreadParents returns why the parents of the asset were not read, or nil if they were.
func (a *Asset) UnreadParents() *Unread { return a.Unread[partParents] }

// UnreadLinks returns why the links of a relation were not read, or nil if they were.
func (a *Asset) UnreadLinks(rel string) *Unread {
	if len(a.Unread) == 0 {
		return nil
	}
	if u := a.Unread[partLinks]; u != nil {
		return u
	}
	return a.Unread[string(linksOf(rel))]
}

// linksOf returns the path of the links of a relation.
func linksOf(rel string) Path { return Path(partLinks).Key(rel) }

// SetUnread marks a part of the asset as not read: a part of a document, or one of those
// that the field Unread names. It changes no map or document that other assets share.
func (a *Asset) SetUnread(p Path, u Unread) error {
	if name, _ := p.Document(); name != partParents && name != partLinks {
		return a.SetPath(p, u.Value())
	}
	steps, err := p.Steps()
	if err != nil {
		return err
	}
	if len(steps) > 2 || len(steps) == 2 && (steps[0].Key != partLinks || steps[1].Key == "") {
		return fmt.Errorf("path %q: want parents, links or the links of a relation", p)
	}
	own := make(map[string]*Unread, len(a.Unread)+1)
	maps.Copy(own, a.Unread)
	own[strings.Clone(string(p))] = &u // the path may be a part of a large text
	a.Unread = own
	return nil
}
