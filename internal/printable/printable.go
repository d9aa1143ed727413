// Package printable makes text from clouds, files and policies safe to print on a
// terminal or in a report.
package printable

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rune reports whether a character may be printed as it is: it has a glyph or is a
// space, and has no effect on the characters around it. Controls, line separators and
// format characters may not, among them the bidirectional overrides and zero-width
// characters that make two names look the same.
func Rune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != 0x7f
	}
	return unicode.IsGraphic(r) && r != utf8.RuneError
}

// Text returns a string with every character escaped, as in JSON, that may not be
// printed as it is, and without commands that runners of CI systems obey anywhere in a line:
// "##vso[" of Azure, "##teamcity[" and the like. Those that they obey at the beginning of a
// line are left to [Line].
func Text(s string) string { return Commands(characters(s)) }

// Commands returns a string in which the commands of runners begin with an escape. It may
// be JSON, and stays the same value.
func Commands(s string) string {
	if !strings.Contains(s, "##") {
		return s
	}
	return commands.Replace(s)
}

var commands = strings.NewReplacer("##[", `\u0023#[`, "##vso[", `\u0023#vso[`, "##teamcity[", `\u0023#teamcity[`)

// characters escapes characters.
func characters(s string) string {
	clean := true
	for _, r := range s {
		if !Rune(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case Rune(r) || r == utf8.RuneError:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Lines is [Text] for a string of several lines, which it keeps.
func Lines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Line(line)
	}
	return strings.Join(lines, "\n")
}

// Line is [Text] for the beginning of a line, where GitHub's runner obeys commands such as
// "::error".
func Line(s string) string { return Beginning(Text(s)) }

// Beginning returns a text that [Text] returned as the beginning of a line.
func Beginning(s string) string {
	if at := len(s) - len(strings.TrimLeft(s, " ")); strings.HasPrefix(s[at:], "::") {
		return s[:at] + `\u003a` + s[at+1:]
	}
	return s
}

// maxShort is the number of characters of a string in a message.
const maxShort = 500

// Short returns the first characters of a string that a message quotes.
func Short(s string) string {
	if len(s) <= maxShort {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxShort {
			return s[:i] + "..."
		}
	}
	return s
}
