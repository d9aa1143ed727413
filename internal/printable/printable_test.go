package printable_test

import (
	"strings"
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

// Runners of CI systems obey commands in what a program prints.
func TestCommands(t *testing.T) {
	for text, want := range map[string]string{
		"::error::x":                            `\u003a:error::x`,
		"  ::set-output name=a::":               `  \u003a:set-output name=a::`,
		"AWS::S3::Bucket":                       "AWS::S3::Bucket",
		"a ##vso[task.setvariable variable=a]b": `a \u0023#vso[task.setvariable variable=a]b`,
		"##[error]x":                            `\u0023#[error]x`,
		"###[x":                                 `#\u0023#[x`,
		"##teamcity[x]":                         `\u0023#teamcity[x]`,
		"## Heading":                            "## Heading",
		"\t::error":                             `\u0009::error`,
	} {
		assert.Equal(t, want, printable.Line(text), text)
		assert.Equal(t, want, printable.Line(want), "escaped twice")
	}
	assert.Equal(t, "a\n\\u003a:error\nb", printable.Lines("a\n::error\nb"))
	assert.Equal(t, 503, len(printable.Short(strings.Repeat("a", 600))))
	assert.Equal(t, "é", printable.Short("é"))
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
