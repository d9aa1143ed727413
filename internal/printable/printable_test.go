package printable_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/internal/printable"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"plain, é and 漢": "plain, é and 漢",
		"a\x1b[31mred":   `a\u001b[31mred`,
		"line\nnext":     `line\u000anext`,
		"\u202eevil":     `\u202eevil`,
		"z\u200bero":     `z\u200bero`,
		"\U000e0041tag":  `\U000e0041tag`,
		"cut \xff off":   "cut \ufffd off",
	} {
		assert.Equal(t, want, printable.Text(text))
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\x1b\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable.Text(s)
		assert.True(t, utf8.ValidString(got))
		for _, r := range got {
			assert.True(t, printable.Rune(r) || r == utf8.RuneError)
		}
	})
}
