package snapshot

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// WriteOptions adapt writing. The zero WriteOptions do.
type WriteOptions struct {
	Name    string    // of the output; if it ends in ".gz" it is written as gzip
	Created time.Time // when the observations were made; omitted if zero

	// Redactor and Schemas redact the assets that no Redactor has passed yet: see
	// [secret.Filter]. Nil: a Redactor without a key, and catalog.Schema.
	Redactor *secret.Redactor
	Schemas  func(asset.Type) (*asset.Schema, bool)
	// Clouds extend the built-in table of clouds, for types of the caller's own providers.
	Clouds asset.Clouds
}

// Write writes a snapshot of all that seq yields, in its order. An error of seq ends
// it without the closing line, so that readers detect that it is incomplete.
func Write(w io.Writer, seq iter.Seq2[asset.Observation, error], opts *WriteOptions) error {
	s := NewWriter(w, opts)
	for o, err := range seq {
		if err != nil {
			return fmt.Errorf("write snapshot: %w", errors.Join(err, s.flush()))
		}
		if err := s.Add(o); err != nil {
			return err
		}
	}
	return s.Close()
}

// Writer writes a snapshot observation by observation. It holds one at a time, in
// its order, and must be closed to complete the snapshot. After an error all
// further calls return that error. It must not be used concurrently.
type Writer struct {
	out    *bufio.Writer
	zip    *gzip.Writer // nil if not compressed
	buf    []byte
	filter secret.Filter
	counts counts
	clouds asset.Clouds
	err    error
}

// defaultsLine states what lines of assets omit, so that they need not say that there is
// none.
const defaultsLine = `{"defaults":{"parents":[],"links":[],"access":null}}` + "\n"

var errClosed = errors.New("write snapshot: closed")

// NewWriter begins a snapshot. An error of writing the header is one of the first Add
// or of Close.
func NewWriter(w io.Writer, opts *WriteOptions) *Writer {
	if opts == nil {
		opts = &WriteOptions{}
	}
	s := &Writer{clouds: opts.Clouds, filter: secret.Filter{Redactor: opts.Redactor, Schemas: opts.Schemas}}
	if strings.HasSuffix(opts.Name, ".gz") {
		s.zip = gzip.NewWriter(w)
		w = s.zip
	}
	s.out = bufio.NewWriterSize(w, 64<<10)
	l := line{buf: s.buf}
	l.raw(`{"stance":"` + magic + `"`)
	l.raw(fmt.Sprintf(`,"version":%d`, version))
	l.time("created", opts.Created)
	l.raw("}\n" + defaultsLine)
	s.write(&l, "header")
	return s
}

// Add writes an observation, redacted. It refuses an observation that a reader of the
// snapshot would refuse or change: a ref that is not canonical, a string that is not
// UTF-8, an invalid state, a document that is too large or deep.
func (s *Writer) Add(o asset.Observation) error {
	if s.err != nil {
		return s.err
	}
	l := line{buf: s.buf[:0], clouds: s.clouds}
	what := ""
	if asset.IsNil(o) {
		o = nil
	}
	o, err := s.filter.Pass(o)
	if err != nil {
		l.fail(err)
	}
	switch o := o.(type) {
	case nil:
		l.fail(errors.New("no observation"))
	case *asset.Asset:
		what = "asset " + secret.Mask(o.Ref.String())
		s.counts.assets++
		l.asset(o)
	case *asset.Gap:
		what = "gap"
		s.counts.gaps++
		l.gap(o)
	case *asset.Coverage:
		what = "coverage"
		s.counts.coverage++
		l.coverage(o)
	}
	l.raw("\n")
	s.write(&l, what)
	return s.err
}

// Close writes the closing line and all buffered data. It does not close the
// underlying writer.
func (s *Writer) Close() error {
	if s.err != nil {
		return s.err
	}
	l := line{buf: s.buf[:0]}
	l.raw(fmt.Sprintf(`{"end":{"assets":%d,"gaps":%d,"coverage":%d}}`+"\n", s.counts.assets, s.counts.gaps, s.counts.coverage))
	s.write(&l, "closing line")
	if s.err == nil {
		s.err = s.flush()
	}
	if s.err != nil {
		return s.err
	}
	s.err = errClosed
	return nil
}

func (s *Writer) write(l *line, what string) {
	err := l.err
	if err == nil {
		err = l.readable()
	}
	if err == nil {
		_, err = s.out.Write(l.buf)
	}
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("write snapshot: %s: %w", what, err)
	}
	if s.buf = l.buf; cap(s.buf) > 1<<20 {
		s.buf = nil // one huge line must not keep its memory for the small ones
	}
}

func (s *Writer) flush() error {
	err := s.out.Flush()
	if s.zip != nil {
		err = errors.Join(err, s.zip.Close())
	}
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}
