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
// printed as it is.
func Text(s string) string {
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
