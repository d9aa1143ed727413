package report

import "os"

// IsTerminal reports whether the file is a terminal. It is for the choice of
// Options.Color, for which a program also looks at its user's wishes, such as the
// environment variables NO_COLOR and TERM=dumb; this package reads none.
func IsTerminal(f *os.File) bool {
	_, ok := terminalSize(f)
	return ok
}

// TerminalWidth returns the columns of the terminal that the file is, for
// Options.Width. It returns 0, the default there, if the file is no terminal or the
// width is not known.
func TerminalWidth(f *os.File) int {
	width, _ := terminalSize(f)
	return width
}
