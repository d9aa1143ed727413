package report

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  []string
	}{
		{"", 4, []string{""}},
		{"abcd", 4, []string{"abcd"}},
		{"abcde", 4, []string{"abcd", "e"}},
		{"ab cd", 4, []string{"ab", "cd"}},
		{"abcd ef", 4, []string{"abcd", "ef"}},
		{"ab   cdef", 4, []string{"ab", "cdef"}},
		{"漢字漢字", 5, []string{"漢字", "漢字"}},
		{"e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
	} {
		got := wrap(c.in, c.width)
		for i := range got {
			got[i] = strings.TrimRight(got[i], " ")
		}
		assert.Equal(t, c.want, got, "%q in %d", c.in, c.width)
	}
	assert.Len(t, wrap(strings.Repeat("x", 1<<20), 64), 1<<14, "in time that grows with the text")
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"ab", 4, "ab  "}, {"abcd", 4, "abcd"}, {"abcdefgh", 5, "ab…gh"}, {"abcdefgh", 4, "ab…h"}, {"漢字漢字", 5, "漢…字"}, {"漢字漢字", 6, "漢…字 "},
	} {
		assert.Equal(t, c.want, fit(c.in, c.width), "%q in %d", c.in, c.width)
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain — ok ü 漢": "plain — ok ü 漢", "a\x1b[0m": `a\u001b[0m`, "a\u202eb": `a\u202eb`, "\U000e0041": `\U000e0041`, "\xff": "\ufffd", "\x7f": `\u007f`,
	} {
		assert.Equal(t, want, visible(in))
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"ab", 4, "ab"}, {"abcd", 4, "abcd"}, {"abcde", 4, "abc…"}, {"ab cd", 4, "ab…"}, {"漢字漢字", 5, "漢字…"}, {"漢字漢字", 4, "漢…"},
	} {
		assert.Equal(t, c.want, clip(c.in, c.width), "%q in %d", c.in, c.width)
	}
}

func TestParagraphs(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                      nil,
		"One line.\n":                           {"One line."},
		"Wrapped\nlines are\n  one.\n\nSecond.": {"Wrapped lines are one.", "Second."},
		"Do:\n- this\n  and this\n- that\n2. x": {"Do:", "- this and this", "- that", "2. x"},
		"a\x1bb\r\nc\n":                         {`a\u001bb c`},
	} {
		assert.Equal(t, want, paragraphs(in), in)
	}
}

// A wrapped line must not be a command for the runner of a CI system.
func TestWrapEscapesCommands(t *testing.T) {
	for _, width := range []int{12, 20, 80} {
		for _, line := range wrap(visible("bucket ::error::take this ##vso[task.x] and ::warning::that"), width) {
			assert.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), line)
			assert.NotContains(t, line, "##vso[")
		}
	}
	got := string(appendString(nil, "##vso[x]"))
	assert.Equal(t, `"\u0023#vso[x]"`, got)
	var s string
	require.NoError(t, json.Unmarshal([]byte(got), &s))
	assert.Equal(t, "##vso[x]", s)
}
