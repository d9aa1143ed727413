package asset

import "fmt"

// Reason is the kind of failure that left a part unread, the same for every cloud.
// Programs decide by the Reason, not by the cloud's own error code beside it.
type Reason uint8

// The reasons. The zero Reason is UnknownReason: the failure has no known kind.
const (
	UnknownReason Reason = iota
	NotRequested         // the query did not request it
	NotKept              // it was read, and omitted by [Value.Project]
	NotObserved          // an asset that a link names was not observed
	Denied               // the caller lacks a permission
	Throttled            // a rate limit or quota stayed exceeded after all retries
	TimedOut             // no response came in time
	Unavailable          // the service failed, or could not be reached
	Unsupported          // the source cannot read it: an unknown type, operation or region
	Disabled             // the service, region or account is switched off, or not subscribed to
	Malformed            // the response could not be parsed, or a part of it has another form than its schema
	Incomplete           // the source may have omitted something
	NotVisible           // the cloud does not show it to this caller, or to any
	NotFound             // it was deleted after it was listed
)

var reasonNames = [...]string{
	"unknown", "not_requested", "not_kept", "not_observed", "denied", "throttled", "timeout", "unavailable",
	"unsupported", "disabled", "malformed", "incomplete", "not_visible", "not_found",
}

// String returns the name, such as "denied" or "not_requested".
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// ParseReason returns the reason with the name. An empty name is [UnknownReason].
func ParseReason(name string) (Reason, error) {
	if name == "" {
		return UnknownReason, nil
	}
	for i, n := range reasonNames {
		if n == name {
			return Reason(i), nil
		}
	}
	return UnknownReason, fmt.Errorf("unknown reason %q", name)
}

// MarshalText returns the name.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name.
func (r *Reason) UnmarshalText(text []byte) (err error) {
	*r, err = ParseReason(string(text))
	return err
}
