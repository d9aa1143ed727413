//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package report

import (
	"os"
	"syscall"
	"unsafe"
)

// terminalSize asks the terminal driver: other character devices, such as /dev/null,
// have no window.
func terminalSize(f *os.File) (columns int, ok bool) {
	var size struct{ rows, columns, x, y uint16 } // struct winsize
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = conn.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
		ok = errno == 0
	})
	return int(size.columns), ok && err == nil
}
