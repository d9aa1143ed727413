package report

import (
	"bytes"
	"strings"
)

// minWidth is the width in which the narrowest line of a table fits.
const minWidth = 64

// page is text for a terminal.
type page struct {
	b     bytes.Buffer
	width int
	color bool
}

func newPage(o Options) page {
	width := o.Width
	if width == 0 {
		width = 100
	}
	return page{width: max(width, minWidth), color: o.Color}
}

// line writes a line that is known to fit.
func (p *page) line(s string) {
	p.b.WriteString(strings.TrimRight(s, " "))
	p.b.WriteByte('\n')
}

// text writes visible text, broken into lines that fit behind an indentation; those
// after the first are indented by two more.
func (p *page) text(s string, indent int, style string) {
	for i, l := range wrap(s, p.width-indent-2) {
		if i == 1 {
			indent += 2
		}
		p.line(strings.Repeat(" ", indent) + p.paint(style, l))
	}
}

// Styles of a terminal that understands ECMA-48, section 8.3.117.
const (
	bold    = "1"
	dim     = "2"
	red     = "31"
	boldRed = "1;31"
	green   = "32"
	yellow  = "33"
	cyan    = "36"
)

func (p *page) paint(style, s string) string {
	if !p.color || style == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}
