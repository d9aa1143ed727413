package snapshot

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Read yields the observations of a snapshot in their order, each as soon as its
// line is there, and holds one line at a time. The sequence is single-use. A
// yielded asset is the caller's.
//
// A sequence that ends without an error is complete: header, closing line and counts
// were there and agreed. Any other end is an *[Error].
func Read(r io.Reader, opts *Options) iter.Seq2[asset.Observation, error] {
	return newDecoder(opts, provider.Query{}).read(context.Background(), r)
}

// read yields the observations that the query requests. Lines with others are parsed and
// counted, but not decoded further.
func (d *decoder) read(ctx context.Context, r io.Reader) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		l := lines{line: 1, limit: cmp.Or(d.opts.MaxBytes, maxBytes)}
		at := func(err error) *Error {
			e := &Error{Name: d.opts.Name, Line: l.line, Offset: l.start, Err: err}
			var s *asset.SyntaxError
			if errors.As(err, &s) {
				e.Offset += int64(s.Offset)
			}
			return e
		}
		fail := func(err error) { yield(nil, at(err)) }
		if d.inspector != nil && d.opts.Summary != nil {
			defer func() { d.opts.Summary(d.inspector.summary(d.counts)) }()
		}
		if err := l.open(r, strings.HasSuffix(d.opts.Name, ".gz")); err != nil {
			fail(err)
			return
		}
		line, err := l.next()
		switch {
		case errors.Is(err, io.EOF):
			fail(errNoHeader)
			return
		case err != nil:
			fail(err)
			return
		}
		if err := header(line); err != nil {
			fail(err)
			return
		}
		for {
			line, err := l.next()
			switch {
			case errors.Is(err, io.EOF):
				fail(errCutOff)
				return
			case err != nil:
				fail(err)
				return
			}
			o, end, err := d.line(line)
			switch {
			case ctx.Err() != nil:
				yield(nil, context.Cause(ctx))
				return
			case err != nil:
				fail(err)
				return
			case len(d.problems) > 0 && d.opts.Strict:
				fail(d.problems[0])
				return
			case end:
				if _, err := l.next(); err == nil {
					fail(errAfterEnd)
				} else if !errors.Is(err, io.EOF) {
					fail(err)
				}
				return
			}
			for _, problem := range d.problems {
				if len(d.inspector.Problems) < maxProblems {
					d.inspector.Problems = append(d.inspector.Problems, at(problem))
				}
			}
			if a, ok := o.(*asset.Asset); ok && d.opts.Line != nil {
				d.opts.Line(a.Ref, l.line)
			}
			switch {
			case o == nil:
			case len(d.query.Scopes) > 0:
				for _, part := range d.query.Restrict(o) {
					if !yield(part, nil) {
						return
					}
				}
			case !yield(o, nil):
				return
			}
		}
	}
}

// unexpected makes an end that comes too early an error of its own, since io.EOF
// stands for the end of all lines.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// lines splits an input into lines.
type lines struct {
	r     *bufio.Reader
	long  []byte // a line longer than the buffer of r
	begun bool   // whether the first line was read
	line  int    // number of the last line, or of the first before it is read
	start int64  // where it starts
	end   int64  // where it ends
	limit int64  // of end
}

// maxBytes is the limit of a snapshot without one, after decompression.
const maxBytes = 16 << 30

// open begins to read an input. It is uncompressed if it is gzip, or must be, and a
// byte order mark is skipped.
func (l *lines) open(r io.Reader, zipped bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := peek(in)
	if err != nil {
		return err
	}
	if zipped || bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return unexpected(err)
		}
		in = bufio.NewReaderSize(z, 64<<10)
		if head, err = peek(in); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		n, err := in.Discard(3)
		if err != nil {
			return unexpected(err)
		}
		l.start, l.end = int64(n), int64(n)
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "{\x00", "\x00{"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return errUTF16
		}
	}
	l.r = in
	return nil
}

// peek returns the first bytes of an input, as far as it has them.
func peek(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read: %w", err)
	}
	return head, nil
}

// next returns a line with its newline, valid until the next call, or io.EOF after
// the last.
func (l *lines) next() ([]byte, error) {
	if l.begun {
		l.line++
	}
	l.begun = true
	l.start = l.end
	if cap(l.long) > 1<<20 {
		l.long = nil // one huge line must not keep its memory for the small ones
	}
	part, err := l.r.ReadSlice('\n')
	if l.end += int64(len(part)); l.end > l.limit {
		return nil, fmt.Errorf("text of more than %d bytes", l.limit)
	}
	if err == nil {
		return part, nil
	}
	l.long = append(l.long[:0], part...)
	for err == bufio.ErrBufferFull {
		if len(l.long) > asset.MaxDocument {
			return nil, errTooLong
		}
		part, err = l.r.ReadSlice('\n')
		l.end += int64(len(part))
		l.long = append(l.long, part...)
	}
	switch {
	case err == nil && len(l.long) > asset.MaxDocument:
		return nil, errTooLong
	case err == io.EOF && len(l.long) > 0:
		return nil, errNoNewline
	case err != nil && err != io.EOF:
		return nil, fmt.Errorf("read: %w", err)
	}
	return l.long, err
}

func header(line []byte) error {
	v, err := asset.Parse(line)
	if err != nil {
		return err
	}
	if kind, err := v.Get("stance").Str(); err != nil || kind != magic {
		return errNoHeader
	}
	if n, err := v.Get("version").Int(); err != nil || n != version {
		return fmt.Errorf("version %s, and only %d is known", v.Get("version"), version)
	}
	return members(v, func(name string, x asset.Value) error {
		switch name {
		case "stance", "version":
			return nil
		case "created":
			_, err := timeOf(x)
			return err
		}
		return errUnknown
	})
}
