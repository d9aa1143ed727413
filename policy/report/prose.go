package report

import (
	"regexp"
	"strings"
)

// item matches the beginning of an item of a list.
var item = regexp.MustCompile(`^([-*•]|[0-9]{1,3}[.)])\s`)

// paragraphs returns the paragraphs and the list items of prose, each as one visible
// line. Policy files wrap prose at any width, so a line break within a paragraph is a
// space.
func paragraphs(s string) []string {
	var all []string
	open := false
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			open = false
		case !open || item.MatchString(line):
			all = append(all, visible(line))
			open = true
		default:
			all[len(all)-1] += " " + visible(line)
		}
	}
	return all
}

// prose returns paragraphs separated by blank lines.
func prose(s string) string { return strings.Join(paragraphs(s), "\n\n") }

// sentence returns prose as one visible line.
func sentence(s string) string { return strings.Join(paragraphs(s), " ") }

// joined returns the lines of joined errors as one line.
func joined(s string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "; ")
}
