package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/openstance/stance/policy/report"
)

// terminal returns whether to use colors on a writer, and its width in columns, 0 if
// it is not known. COLUMNS, where the shell exports it, holds the width.
func terminal(w io.Writer) (color bool, width int) {
	if f, ok := w.(*os.File); !ok || !report.IsTerminal(f) {
		return false, 0
	}
	color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return color, n
	}
	return color, report.TerminalWidth(w.(*os.File))
}

// Meter shows the progress of long work on one line of a terminal, and nothing on any
// other writer. It is for one goroutine.
type Meter struct {
	w    io.Writer
	last time.Time
	used bool
}

// NewMeter returns a meter for w.
func NewMeter(w io.Writer) *Meter {
	if f, ok := w.(*os.File); !ok || !report.IsTerminal(f) || os.Getenv("TERM") == "dumb" {
		return &Meter{}
	}
	return &Meter{w: w, last: time.Now()}
}

// Show replaces the line, at most five times a second.
func (m *Meter) Show(text func() string) {
	if m.w == nil || time.Since(m.last) < 200*time.Millisecond {
		return
	}
	m.last, m.used = time.Now(), true
	fmt.Fprintf(m.w, "\r\x1b[K%s", text())
}

// Done erases the line.
func (m *Meter) Done() {
	if m.used {
		fmt.Fprint(m.w, "\r\x1b[K")
		m.used = false
	}
}
