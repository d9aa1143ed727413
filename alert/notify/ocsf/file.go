package ocsf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// appender writes to the end of a file.
type appender struct {
	f    *os.File
	size int64
}

// openAppender opens a file for appending. It removes the part of a line that a crash left at
// its end.
func openAppender(path string) (*appender, error) {
	_, err := os.Lstat(path)
	isNew := errors.Is(err, os.ErrNotExist)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	a := &appender{f: f}
	err = a.trim()
	if err == nil && isNew {
		err = syncDirectory(path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return a, nil
}

// trim cuts the file after its last whole line.
func (a *appender) trim() error {
	info, err := a.f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	end := info.Size()
	buffer := make([]byte, 64<<10)
	for end > 0 {
		from := max(0, end-int64(len(buffer)))
		part := buffer[:end-from]
		if _, err := a.f.ReadAt(part, from); err != nil && err != io.EOF {
			return err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			end = from + int64(i) + 1
			break
		}
		end = from
	}
	if end < info.Size() {
		if err := a.f.Truncate(end); err != nil {
			return err
		}
	}
	a.size = end
	return nil
}

// write appends lines and waits until they are on the disk. After an error the file is as it
// was before.
func (a *appender) write(lines []byte) error {
	_, err := a.f.WriteAt(lines, a.size)
	if err == nil {
		err = a.f.Sync()
	}
	if err != nil {
		return errors.Join(err, a.f.Truncate(a.size))
	}
	a.size += int64(len(lines))
	return nil
}

func (a *appender) close() error { return a.f.Close() }

const stamp = "20060102T150405.000Z"

// rotate renames the file and removes the oldest of those renamed before. Names order the
// files by age, even if the clock goes backwards.
func (n *Notifier) rotate() error {
	err := n.file.close()
	n.file = nil
	if err != nil {
		return err
	}
	old, err := n.rotated()
	if err != nil {
		return err
	}
	at, number := n.options.Now().UTC().Format(stamp), 0
	if len(old) > 0 {
		last := old[len(old)-1]
		if then := last[:len(stamp)]; at <= then {
			at = then
			number, _ = strconv.Atoi(last[len(stamp)+1:])
			number++
		}
	}
	middle := fmt.Sprintf("%s-%04d", at, number)
	if err := os.Rename(n.path, n.renamed(middle)); err != nil {
		return err
	}
	old = append(old, middle)
	for i := 0; n.options.Keep >= 0 && i < len(old)-n.options.Keep; i++ {
		if err := os.Remove(n.renamed(old[i])); err != nil {
			return err
		}
	}
	return syncDirectory(n.path)
}

// renamed returns the name of a rotated file.
func (n *Notifier) renamed(middle string) string {
	extension := filepath.Ext(n.path)
	return strings.TrimSuffix(n.path, extension) + "-" + middle + extension
}

var middleOfName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-\d{4}$`)

// rotated returns what the names of rotated files have in their middle, the oldest first.
func (n *Notifier) rotated() ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(n.path))
	if err != nil {
		return nil, err
	}
	extension := filepath.Ext(n.path)
	prefix := strings.TrimSuffix(filepath.Base(n.path), extension) + "-"
	var old []string
	for _, e := range entries {
		middle, ok := strings.CutPrefix(e.Name(), prefix)
		if ok && strings.HasSuffix(middle, extension) {
			if middle = strings.TrimSuffix(middle, extension); middleOfName.MatchString(middle) {
				old = append(old, middle)
			}
		}
	}
	slices.Sort(old)
	return old, nil
}

// syncDirectory makes the name of a file last.
func syncDirectory(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
