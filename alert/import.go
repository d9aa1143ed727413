package alert

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	maxImportLine = 64 << 20 // bytes
	importBatch   = 1000     // records that are written together
)

// ErrNotEmpty: a tenant that an import needs to be empty has records.
var ErrNotEmpty = errors.New("tenant is not empty")

// Import reads what [Export] wrote, of any store, into a tenant that has nothing yet. The
// alerts keep their IDs, and the history its order. It is one transaction: an import that
// fails, such as one of lines that are cut off, writes nothing. A line has at most 64 MiB.
func Import(ctx context.Context, st Store, tenant string, r io.Reader) error {
	return importLines(ctx, st, tenant, r, maxImportLine)
}

func importLines(ctx context.Context, st Store, tenant string, r io.Reader, maxLine int) error {
	im := &importer{lines: bufio.NewReaderSize(r, 64<<10), maxLine: maxLine}
	err := st.Write(ctx, tenant, func(tx Tx) error {
		if im.line > 0 {
			return errors.New("transaction was repeated after lines were read")
		}
		for _, err := range tx.Records() {
			if err != nil {
				return err
			}
			return ErrNotEmpty
		}
		im.tx = tx
		if err := im.run(); err != nil && im.line > 0 {
			return fmt.Errorf("line %d: %w", im.line, err)
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}

// importer reads the lines of an export into a transaction.
type importer struct {
	lines   *bufio.Reader
	maxLine int
	line    int // number of the last line that was read
	tx      Tx

	changes     []Change
	transitions []*Transition
	seq         int64 // of the last transition, as exported
	records     int
}

func (im *importer) run() error {
	text, err := im.next()
	if err != nil {
		return err
	}
	var header exportHeader
	switch err := strict(text, &header); {
	case err != nil || header.Format != exportFormat:
		return errors.New("not an export of alerts")
	case header.Version > exportVersion:
		return fmt.Errorf("export of version %d: %w", header.Version, ErrNewer)
	case header.Version < 1:
		return fmt.Errorf("invalid version %d", header.Version)
	}
	for {
		text, err := im.next()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(text, []byte(`{"end":`)) {
			return im.end(text)
		}
		var rec Record
		if err := strict(text, &rec); err != nil {
			return err
		}
		if err := im.add(rec); err != nil {
			return err
		}
		im.records++
		if len(im.changes) == importBatch || len(im.transitions) == importBatch {
			if err := im.flush(); err != nil {
				return err
			}
		}
	}
}

// next returns the next line. A line that does not end is cut off.
func (im *importer) next() ([]byte, error) {
	im.line++
	var line []byte
	for {
		part, err := im.lines.ReadSlice('\n')
		if len(line)+len(part) > im.maxLine {
			return nil, fmt.Errorf("line too long (want at most %d bytes)", im.maxLine)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// strict decodes one JSON value without unknown fields.
func strict(text []byte, x any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(x); err != nil {
		return err
	}
	if d.Decode(&struct{}{}) != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func (im *importer) end(text []byte) error {
	var e exportEnd
	if err := strict(text, &e); err != nil {
		return err
	}
	if e.End == nil || *e.End != im.records {
		return fmt.Errorf("got %d records, and the end does not say so", im.records)
	}
	if _, err := im.lines.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("more lines after the end")
	}
	return im.flush()
}

// flush writes the records that are collected.
func (im *importer) flush() error {
	if len(im.changes) > 0 {
		if err := im.tx.Put(im.changes...); err != nil {
			return err
		}
	}
	if len(im.transitions) > 0 {
		if err := im.tx.Append(im.transitions...); err != nil {
			return err
		}
	}
	im.changes, im.transitions = im.changes[:0], im.transitions[:0]
	return nil
}

// add writes a record, or collects it.
func (im *importer) add(rec Record) error {
	if err := rec.normalize(); err != nil {
		return err
	}
	switch {
	case rec.Alert != nil:
		im.changes = append(im.changes, Change{New: rec.Alert})
		return nil
	case rec.Transition != nil:
		if rec.Transition.Seq <= im.seq {
			return fmt.Errorf("transition %d follows %d", rec.Transition.Seq, im.seq)
		}
		im.seq = rec.Transition.Seq
		im.transitions = append(im.transitions, rec.Transition)
		return nil
	case rec.Document != nil:
		if rec.Document.Data == nil {
			return fmt.Errorf("document %q without data", rec.Document.Name)
		}
		return im.tx.PutDocument(rec.Document.Kind, rec.Document.Name, rec.Document.Data)
	case rec.Scan != nil:
		return im.tx.PutScan(*rec.Scan)
	case rec.Unknown != nil:
		return im.tx.PutUnknown(*rec.Unknown)
	case rec.Message != nil:
		return im.tx.PutMessages(*rec.Message)
	default:
		return im.tx.PutVersion(*rec.Version)
	}
}

// normalize brings the times of a record to the form in which stores keep them. It returns an
// error unless there is one thing in the record and it can be exported.
func (rec *Record) normalize() error {
	set := 0
	for _, isSet := range []bool{
		rec.Alert != nil, rec.Transition != nil, rec.Document != nil, rec.Scan != nil, rec.Unknown != nil, rec.Message != nil, rec.Version != nil,
	} {
		if isSet {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("record of %d things (want 1)", set)
	}
	switch {
	case rec.Alert != nil:
		rec.Alert = cloneAlert(rec.Alert)
	case rec.Transition != nil:
		*rec.Transition = cloneTransition(*rec.Transition)
	case rec.Scan != nil:
		*rec.Scan = cloneScan(*rec.Scan)
	case rec.Unknown != nil:
		micros(&rec.Unknown.Since, &rec.Unknown.Verified)
	case rec.Message != nil:
		*rec.Message = cloneMessage(*rec.Message)
	case rec.Version != nil:
		*rec.Version = cloneVersion(*rec.Version)
	}
	_, err := json.Marshal(rec) // a time beyond the year 9999 has no JSON
	return err
}
