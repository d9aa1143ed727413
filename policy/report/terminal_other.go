//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package report

import "os"

// terminalSize takes every character device for a terminal, of unknown size.
func terminalSize(f *os.File) (columns int, ok bool) {
	info, err := f.Stat()
	return 0, err == nil && info.Mode()&os.ModeCharDevice != 0
}
