// Package ocsf writes alerts to files of JSON lines, as events of the class Compliance
// Finding (2003) of the Open Cybersecurity Schema Framework 1.8.
package ocsf

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
)

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// MaxBytes is the size at which a file is rotated; 0: 64 MiB.
	MaxBytes int64
	// Keep is the number of rotated files that are kept; 0: 10; negative: all.
	Keep    int
	Version string // of the calling program, for the metadata
	// Now is the clock for the time of a test event and the names of rotated files; nil:
	// time.Now.
	Now func() time.Time
}

// Notifier appends events to a file, and returns when they are on the disk. An alert that
// opens is a Create, one that is resolved a Close, every other change an Update; the events of
// an alert have its ID as finding_info.uid, and each its own id as metadata.uid. Times are in
// milliseconds. A digest writes the alerts that it lists. Health conditions and tests are
// findings about the alerting; reviews are not written.
//
// A file at its maximum size is renamed, with the time in its name, and a new one begun.
// Several programs must not share a file.
type Notifier struct {
	path    string
	options Options

	mu   sync.Mutex
	file *appender // nil: not open
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier that appends to a file, which it creates when it first writes. The
// directory must exist.
func New(path string, opts *Options) (*Notifier, error) {
	n := &Notifier{path: path}
	if opts != nil {
		n.options = *opts
	}
	if path == "" {
		return nil, errors.New("ocsf channel: no file")
	}
	o := &n.options
	o.MaxBytes, o.Keep = cmp.Or(max(o.MaxBytes, 0), 64<<20), cmp.Or(o.Keep, 10)
	if o.Now == nil {
		o.Now = time.Now
	}
	return n, nil
}

// Notify implements [alert.Notifier]. The events of a batch are written together, or none.
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b := delivery.NewBatch(events)
	var lines []byte
	var written []int
	for i := range events {
		size := len(lines)
		for _, f := range n.findings(&events[i]) {
			line, err := json.Marshal(f)
			if err != nil {
				lines = lines[:size]
				b.Fail(alert.EventError{Index: i, Err: fmt.Errorf("event %q: %w", events[i].ID, err), Permanent: true})
				break
			}
			lines = append(append(lines, line...), '\n')
		}
		if len(lines) > size {
			written = append(written, i)
		}
	}
	if err := n.append(lines); err != nil {
		for _, i := range written {
			b.Fail(alert.EventError{Index: i, Err: err})
		}
	}
	return b.Err()
}

// Test writes an event of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.options.Now())})
}

// Close closes the file. The Notifier opens it again when it next writes.
func (n *Notifier) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return nil
	}
	err := n.file.close()
	n.file = nil
	return err
}

// append writes lines to the disk, all or none.
func (n *Notifier) append(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file != nil && n.file.size > 0 && n.file.size+int64(len(lines)) > n.options.MaxBytes {
		if err := n.rotate(); err != nil {
			return err
		}
	}
	if n.file == nil {
		f, err := openAppender(n.path)
		if err != nil {
			return err
		}
		n.file = f
		if f.size > 0 && f.size+int64(len(lines)) > n.options.MaxBytes {
			if err := n.rotate(); err != nil {
				return err
			}
			if n.file, err = openAppender(n.path); err != nil {
				n.file = nil
				return err
			}
		}
	}
	if err := n.file.write(lines); err != nil {
		n.file.close()
		n.file = nil
		return err
	}
	return nil
}
