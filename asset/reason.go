package asset

import "fmt"

// Reason says why something was not read, in the same terms for every cloud. It
// stands beside the cloud's own error code, and is what programs decide by.
type Reason uint8

// The reasons. The zero Reason is UnknownReason: nothing more is known than that the
// part was not read.
const (
	UnknownReason Reason = iota
	NotRequested         // the query did not ask for it
	NotKept              // it was read, and omitted by [Value.Project]
	NotObserved          // an asset that a link names was not observed
	Denied               // the caller lacks a permission
	Throttled            // a rate limit or quota stayed exceeded after all retries
	TimedOut             // no answer came in time
	Unavailable          // the service failed, or could not be reached
	Unsupported          // the source cannot read it: an unknown type, operation or region
	Disabled             // the service, region or account is switched off, or not subscribed to
	Malformed            // the answer was not one that can be read
	Incomplete           // the source may have omitted something
	NotVisible           // the cloud does not show it to this caller, or to anybody
	NotFound             // it was there when it was listed, and is gone
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

// ParseReason returns the reason with the name. The empty string is the name of
// [UnknownReason], too.
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
