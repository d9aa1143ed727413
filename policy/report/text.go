package report

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

// visible returns the text with everything escaped that may not be printed as it is.
func visible(s string) string { return printable.Text(s) }

// columns returns how many columns of a terminal a visible text takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) ||
		r >= 0x3000 && r <= 0x303e || r >= 0xff01 && r <= 0xff60 || r >= 0x1f300 && r <= 0x1faff):
		return 2
	}
	return 1
}

// fit returns a visible text in exactly so many columns: filled up with spaces, or
// with its middle left out.
func fit(s string, width int) string {
	n := columns(s)
	if n <= width {
		return s + strings.Repeat(" ", width-n)
	}
	head, tail := width/2, width-1-width/2
	runes := []rune(s)
	var b strings.Builder
	used := 0
	for _, r := range runes {
		if used+runeColumns(r) > head {
			break
		}
		used += runeColumns(r)
		b.WriteRune(r)
	}
	from, room := len(runes), tail
	for from > 0 && runeColumns(runes[from-1]) <= room {
		from--
		room -= runeColumns(runes[from])
	}
	b.WriteString("…")
	b.WriteString(string(runes[from:]))
	b.WriteString(strings.Repeat(" ", width-used-1-(tail-room)))
	return b.String()
}

// clip returns a visible text in at most so many columns, with its end left out.
func clip(s string, width int) string {
	used, end := 0, 0 // end: where an ellipsis fits
	for i, r := range s {
		if used += runeColumns(r); used > width {
			return strings.TrimRight(s[:end], " ") + "…"
		}
		if used < width {
			end = i + utf8.RuneLen(r)
		}
	}
	return s
}

// wrap breaks a visible text into lines of at most so many columns, at spaces where
// there are any, and inside of words where it must. No line is a command for the runner of
// a CI system.
func wrap(s string, width int) []string {
	var lines []string
	for {
		s = printable.Beginning(s)
		end, space, used := 0, 0, 0
		for i, r := range s {
			if r == ' ' {
				space = i
			}
			if used += runeColumns(r); used > width {
				break
			}
			end = i + utf8.RuneLen(r)
		}
		if end == len(s) {
			return append(lines, s)
		}
		if space == 0 {
			lines, s = append(lines, s[:end]), s[end:]
			continue
		}
		lines, s = append(lines, s[:space]), strings.TrimLeft(s[space:], " ")
	}
}

// maxValue bounds a value in a report, in bytes of JSON.
const maxValue = 1 << 10

// evidenceText says in a line what was found, for people. It is visible text.
func evidenceText(subject asset.Ref, e policy.Evidence) string {
	s := visible(string(e.Path))
	if e.Asset != subject && !e.Asset.IsZero() {
		s += " of " + visible(e.Asset.String())
	}
	if u := e.Value.Unread(); u != nil {
		return s + " was not read: " + visible(strings.TrimPrefix(u.Error(), "unread: "))
	}
	if _, ok := e.Value.Redacted(); ok {
		return s + " holds a secret"
	}
	if e.Value.Kind() == asset.Absent {
		return s + " is absent"
	}
	text := e.Value.AppendJSON(nil)
	if len(text) > maxValue {
		return fmt.Sprintf("%s = (%d bytes)", s, len(text))
	}
	s += " = " + visible(string(text))
	if isPartial(e.Value) {
		s += " (parts were not read)"
	}
	return s
}

// isPartial reports whether a part of a list or map is unread, which its JSON does
// not tell.
func isPartial(v asset.Value) bool {
	if k := v.Kind(); k != asset.List && k != asset.Map {
		return false
	}
	for _, part := range v.Marks() {
		if part.Unread() != nil {
			return true
		}
	}
	return false
}

// messageOf returns the visible message of a finding, or its policy's title.
func messageOf(f policy.Finding) string {
	if f.Message != "" {
		return cmp.Or(sentence(f.Message), visible(f.Policy.Title))
	}
	return visible(f.Policy.Title)
}

// reasonOf says why a finding is unknown, or what was wrong with it; it may be
// empty. It is visible text.
func reasonOf(f policy.Finding) string {
	if f.Err == nil {
		return ""
	}
	return visible(joined(f.Err.Error()))
}

// restOf returns the reason of a finding if its message does not end with it. Messages of
// unknown findings about assets do.
func restOf(f policy.Finding) string {
	reason := reasonOf(f)
	if strings.HasSuffix(messageOf(f), "("+strings.TrimPrefix(reason, "unread: ")+")") {
		return ""
	}
	return reason
}

// rowText returns what there is to say of a finding below the title of its policy.
func rowText(f policy.Finding) string {
	if f.Status == policy.Unknown && f.Err != nil && f.Subject.Kind() == policy.OfAsset {
		return strings.TrimPrefix(reasonOf(f), "unread: ")
	}
	if m := messageOf(f); m != visible(f.Policy.Title) {
		return m
	}
	return ""
}

// acceptedText says who accepts a finding, why, and until when.
func acceptedText(e *policy.Exception) string {
	return fmt.Sprintf("accepted by %s until %s: %s", visible(e.Owner), e.Until.UTC().Format("2006-01-02"), visible(e.Reason))
}

// gapText says what could not be observed, and why.
func gapText(g *asset.Gap) string {
	return gapPlace(g) + " was not observed: " + causeText(g)
}

func causeText(g *asset.Gap) string {
	return visible(strings.TrimPrefix(g.Cause.Error(), "unread: "))
}

// gapPlace says what could not be observed.
func gapPlace(g *asset.Gap) string {
	what := "everything"
	if g.Type != "" {
		what = string(g.Type)
	}
	switch {
	case g.Of.ID != "":
		what += " of " + g.Of.String()
	case g.Of.Type != "": // of many
		what += " of assets of " + string(g.Of.Type)
	}
	if scope := g.Scope.String(); scope != "" {
		what += " in " + scope
	}
	return visible(what)
}

// originText says where in a template an asset stands.
func originText(o asset.Origin) string {
	if o.Line == 0 {
		return visible(o.File)
	}
	return fmt.Sprintf("%s:%d", visible(o.File), o.Line)
}

// nameOf returns what a person calls the subject of a finding.
func nameOf(f policy.Finding) string {
	switch f.Subject.Kind() {
	case policy.OfAsset:
		return visible(cmp.Or(f.Subject.Name(), f.Subject.Ref().ID))
	case policy.OfException:
		return "(exception)"
	case policy.OfCoverage:
		return "(coverage)"
	}
	return "(not observed)"
}

// exceptionOf returns the exception that accepts a finding or that it is about, or nil.
func exceptionOf(f policy.Finding) *policy.Exception {
	if s, ok := f.Subject.(policy.ExceptionSubject); ok {
		return s.Exception
	}
	return f.Exception
}

// isUnread reports whether the error is about something that was not read.
func isUnread(err error) bool {
	var u *asset.Unread
	return errors.As(err, &u)
}

// nothingJudged says that a report without findings of assets is no clean result.
const nothingJudged = "nothing was judged: there is no asset that a policy is about"

// statusText returns the status of a finding, short.
func statusText(f policy.Finding) string {
	switch {
	case accepted(f):
		return "accepted"
	case f.Status == policy.NotApplicable:
		return "n/a"
	}
	return f.Status.String()
}

// rankOf orders findings by what they ask of a reader, the most first.
func rankOf(f policy.Finding) int {
	switch {
	case accepted(f):
		return 2
	case f.Status == policy.Fail:
		return 0
	case f.Status == policy.Pass:
		return 3
	case f.Status == policy.NotApplicable:
		return 4
	}
	return 1
}

// timeText returns an instant to the minute.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// details says in lines what there is to know of a finding beside its subject's name
// and scope. They are visible text.
func details(f policy.Finding) []string {
	var lines []string
	if ref := f.Subject.Ref(); ref.ID != "" {
		lines = append(lines, visible(ref.String()))
	}
	if a := f.Asset(); a != nil && a.Origin.File != "" {
		lines = append(lines, originText(a.Origin))
	}
	if f.Status == policy.Fail || f.Status == policy.Unknown && f.Subject.Kind() != policy.OfAsset {
		if m := rowText(f); m != "" {
			lines = append(lines, m)
		}
	}
	lines = append(lines, grounds(f, "· ", f.Subject.Kind() == policy.OfCoverage)...) // whose message has the reason
	if accepted(f) {
		lines = append(lines, acceptedText(f.Exception))
	}
	return lines
}

// grounds returns the evidence of a finding, each line after a bullet, and the reason of an
// unknown one unless it is stated already or the evidence ends with it.
func grounds(f policy.Finding, bullet string, stated bool) []string {
	var lines []string
	reason := strings.TrimPrefix(reasonOf(f), "unread: ")
	stated = stated || reason == ""
	for _, e := range f.Evidence {
		line := evidenceText(f.Subject.Ref(), e)
		stated = stated || strings.HasSuffix(line, reason)
		lines = append(lines, bullet+line)
	}
	if !stated {
		lines = append(lines, "why: "+reason)
	}
	return lines
}
