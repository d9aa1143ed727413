package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
)

// Explanation writes as text for a terminal how a policy decided for an asset: the
// verdict, and below it every expression with its parts, their values, and the fields
// that they read. It omits parts that were not evaluated because others had decided.
func Explanation(w io.Writer, x *policy.Explanation, opts *Options) error {
	width := opts.orZero().Width
	if width == 0 {
		width = 100
	}
	width = max(width, minWidth)
	f := x.Finding.Masked()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n", strings.ToUpper(f.Status.String()), messageOf(f))
	fmt.Fprintf(&b, "  policy %s (%s): %s\n", f.Policy.ID, f.Policy.Severity, visible(f.Policy.Title))
	if f.Asset() != nil {
		fmt.Fprintf(&b, "  asset  %s in %s\n", visible(f.Asset().Ref.String()), visible(f.Asset().Scope.String()))
	}
	if reason := restOf(f); reason != "" {
		fmt.Fprintf(&b, "  reason %s\n", reason)
	}
	if f.Exception != nil {
		fmt.Fprintf(&b, "  %s\n", acceptedText(f.Exception))
	}
	for _, c := range x.Conditions {
		indent := strings.Repeat("  ", c.Depth+1)
		if c.Part != "" {
			fmt.Fprintf(&b, "\n%s\n", c.Part)
		}
		text := visible(strings.Join(strings.Fields(c.Source), " ")) + " → " + visible(secret.Mask(joined(c.Value)))
		for i, line := range wrap(text, max(width-len(indent), 24)) {
			if i > 0 {
				line = "  " + line
			}
			fmt.Fprintf(&b, "%s%s\n", indent, line)
		}
		for _, e := range c.Reads {
			for _, line := range wrap("read "+evidenceText(f.Subject.Ref(), e), max(width-len(indent)-4, 24)) {
				fmt.Fprintf(&b, "%s    %s\n", indent, line)
			}
		}
	}
	for _, e := range f.Evidence {
		if len(x.Conditions) == 0 {
			fmt.Fprintf(&b, "  %s\n", evidenceText(f.Subject.Ref(), e))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
