package aws

import (
	"net/url"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// incarnationAt names an incarnation by the time at which the asset was made. One that is
// still being made may not have a time yet: then there is no name, which would differ
// from the later one.
func incarnationAt(made time.Time) string {
	if made.IsZero() {
		return ""
	}
	return made.UTC().Format("2006-01-02T15:04:05.000Z")
}

// policyDocument returns the policy document in a string, which IAM encodes as a part
// of a URL; nil if there is none; an unread part if it is not JSON.
func policyDocument(op string, text *string) any {
	if text == nil || !strings.HasPrefix(*text, "%") { // no JSON begins so, and IAM keeps white space before it
		return parsed(op, text)
	}
	plain, err := url.PathUnescape(*text)
	if err != nil {
		return parsed(op, text)
	}
	return parsed(op, &plain)
}

// parsed returns the JSON in a string: nil if there is none, and an unread part if it is
// malformed.
func parsed(op string, text *string) any {
	if text == nil || *text == "" {
		return nil
	}
	v, err := asset.Parse([]byte(*text))
	if err != nil {
		return unread(op, collect.CodeMalformed, err.Error())
	}
	return v
}

// optional returns a token or a name as the SDK wants it: nil if it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
