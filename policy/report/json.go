package report

import (
	"io"
	"iter"
	"strconv"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// JSON writes findings as JSON lines: one [Finding] on each line, in the order of the
// sequence, and nothing else. Members are in the order of the fields of Finding.
// Characters that a terminal would not show are escaped.
//
// If the sequence ends in an error, the last line is the unclosed object
// {"incomplete": "the error".
func JSON(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	e := encoder{policies: map[string]*policyText{}}
	return lines(w, "JSON lines", findings, opts.orZero(), e.finding)
}

// encoder keeps what findings of the same policy have in common.
type encoder struct {
	policies map[string]*policyText
}

type policyText struct{ head, title, controls []byte }

func (e *encoder) policy(p *policy.Policy) *policyText {
	t := e.policies[p.ID]
	if t == nil {
		t = &policyText{}
		t.head = appendString([]byte(`{"policy":`), p.ID)
		t.head = appendField(t.head, "severity", p.Severity.String())
		t.title = append(appendField(nil, "title", p.Title), `,"controls":`...)
		t.controls = appendStrings(nil, p.Controls)
		e.policies[p.ID] = t
	}
	return t
}

func (e *encoder) finding(dst []byte, f policy.Finding) []byte {
	t := e.policy(f.Policy)
	scope, ref := f.Scope(), f.Subject.Ref()
	dst = append(dst, t.head...)
	dst = appendField(dst, "status", f.Status.String())
	dst = appendField(dst, "provider", scope.Provider)
	dst = appendField(dst, "account", scope.Account)
	dst = appendField(dst, "region", scope.Region)
	dst = appendField(dst, "type", string(ref.Type))
	dst = appendField(dst, "id", ref.ID)
	dst = appendField(dst, "name", f.Subject.Name())
	dst = appendField(dst, "message", rawMessage(f))
	dst = append(dst, `,"evidence":[`...)
	for i, ev := range f.Evidence {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendEvidence(dst, ref, ev)
	}
	dst = append(dst, ']')
	reason := ""
	if f.Err != nil {
		reason = f.Err.Error()
	}
	dst = appendField(dst, "error", reason)
	dst = append(dst, t.title...)
	if len(f.Claims) == 0 {
		dst = append(dst, t.controls...)
	} else {
		dst = appendStrings(dst, f.Controls())
	}
	dst = appendField(dst, "key", f.Key())
	dst = appendField(dst, "subject_kind", string(f.Subject.Kind()))
	if r := f.Read; !r.Latest.IsZero() {
		dst = append(dst, `,"read":{"earliest":"`...)
		dst = r.Earliest.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `","latest":"`...)
		dst = r.Latest.UTC().AppendFormat(dst, time.RFC3339Nano)
		dst = append(dst, `"}`...)
	}
	if r := reasonKind(f); r != asset.UnknownReason {
		dst = appendField(dst, "reason", r.String())
	}
	if x := exceptionOf(f); x != nil {
		dst = append(dst, `,"exception":{"owner":`...)
		dst = appendString(dst, x.Owner)
		dst = appendField(dst, "reason", x.Reason)
		dst = appendField(dst, "until", x.Until.UTC().Format(time.RFC3339))
		dst = append(dst, '}')
	}
	if s, ok := f.Subject.(policy.GapSubject); ok {
		dst = append(dst, `,"gap":`...)
		dst = appendGap(dst, s)
	}
	if c, ok := f.Subject.(policy.CoverageSubject); ok {
		dst = append(dst, `,"coverage":{"type":`...)
		dst = appendString(dst, string(c.Type))
		dst = append(dst, `,"regions":`...)
		dst = appendStrings(dst, c.Regions)
		dst = appendField(dst, "state", c.State.String())
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

func appendRef(dst []byte, r asset.Ref) []byte {
	dst = append(dst, `{"type":`...)
	dst = appendString(dst, string(r.Type))
	dst = appendField(dst, "id", r.ID)
	return append(dst, '}')
}

func appendUnread(dst []byte, u *asset.Unread) []byte {
	dst = append(dst, `{"op":`...)
	dst = appendString(dst, u.Op)
	dst = appendField(dst, "reason", u.Reason.String())
	dst = appendField(dst, "code", u.Code)
	dst = appendField(dst, "message", u.Message)
	dst = appendField(dst, "request_id", u.RequestID)
	return append(dst, '}')
}

func appendGap(dst []byte, s policy.GapSubject) []byte {
	dst = appendUnread(dst, &s.Gap.Cause)
	dst = dst[:len(dst)-1]
	if !s.Gap.Of.IsZero() {
		dst = appendRef(append(dst, `,"of":`...), s.Gap.Of)
	}
	if s.Count > 0 {
		dst = strconv.AppendInt(append(dst, `,"count":`...), int64(s.Count), 10)
	}
	for i, r := range s.Parents {
		if i == 0 {
			dst = append(dst, `,"parents":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendRef(dst, r)
	}
	if len(s.Parents) > 0 {
		dst = append(dst, ']')
	}
	if len(s.Policies) > 0 {
		ids := make([]string, len(s.Policies))
		for i, p := range s.Policies {
			ids[i] = p.ID
		}
		dst = appendStrings(append(dst, `,"policies":`...), ids)
	}
	return append(dst, '}')
}

func appendEvidence(dst []byte, subject asset.Ref, e policy.Evidence) []byte {
	dst = append(dst, '{')
	if e.Asset != subject && !e.Asset.IsZero() {
		dst = append(dst, `"asset":`...)
		dst = append(appendRef(dst, e.Asset), ',')
	}
	dst = append(dst, `"path":`...)
	dst = appendString(dst, string(e.Path))
	if u := e.Value.Unread(); u != nil {
		dst = append(dst, `,"unread":`...)
		dst = appendUnread(dst, u)
	} else if _, ok := e.Value.Redacted(); ok {
		dst = append(dst, `,"redacted":true`...)
	} else if e.Value.Kind() == asset.Absent {
		dst = append(dst, `,"absent":true`...)
	} else {
		dst = append(dst, `,"value":`...)
		dst = appendValue(dst, e.Value)
		if isPartial(e.Value) {
			dst = append(dst, `,"partial":true`...)
		}
	}
	return append(dst, '}')
}
