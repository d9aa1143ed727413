package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

const hexDigits = "0123456789abcdef"

// appendString appends a text as a JSON string in which everything that is not
// plain is escaped, so that it can be shown on a terminal. Invalid UTF-8 becomes
// U+FFFD.
func appendString(dst []byte, s string) []byte {
	begin := len(dst)
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = appendEscape(dst, uint16(c))
			}
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !printable.Rune(r) {
			dst = append(dst, s[from:i]...)
			dst = appendRune(dst, r)
			from = i + size
		}
		i += size
	}
	return escapeCommands(append(append(dst, s[from:]...), '"'), begin)
}

// escapeCommands escapes commands for the runners of CI systems in the JSON text that
// begins at an offset. Only its strings can hold them.
func escapeCommands(dst []byte, from int) []byte {
	if !bytes.Contains(dst[from:], []byte("##")) {
		return dst
	}
	return append(dst[:from], printable.Commands(string(dst[from:]))...)
}

// appendRune appends a character as one or two escapes.
func appendRune(dst []byte, r rune) []byte {
	if r <= 0xffff {
		return appendEscape(dst, uint16(r))
	}
	r -= 0x10000
	return appendEscape(appendEscape(dst, uint16(0xd800+r>>10)), uint16(0xdc00+r&0x3ff))
}

func appendEscape(dst []byte, u uint16) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

// appendValue appends a value as JSON, or {"truncated": bytes} in the place of one
// that is too large.
func appendValue(dst []byte, v asset.Value) []byte {
	from := len(dst)
	dst = v.AppendJSON(dst)
	if n := len(dst) - from; n > maxValue {
		dst = append(dst[:from], `{"truncated":`...)
		dst = strconv.AppendInt(dst, int64(n), 10)
		return append(dst, '}')
	}
	return escapeJSON(dst, from)
}

// escapeJSON escapes what is not plain in the JSON text that begins at an offset.
// Characters beyond ASCII, and DEL, can be in its strings only.
func escapeJSON(dst []byte, from int) []byte {
	dst = escapeCommands(dst, from)
	bad := bytes.IndexFunc(dst[from:], func(r rune) bool { return r != '\n' && !printable.Rune(r) })
	if bad < 0 {
		return dst
	}
	tail := bytes.Clone(dst[from+bad:])
	dst = dst[:from+bad]
	for len(tail) > 0 {
		r, size := utf8.DecodeRune(tail)
		if r == '\n' || printable.Rune(r) {
			dst = append(dst, tail[:size]...)
		} else {
			dst = appendRune(dst, r)
		}
		tail = tail[size:]
	}
	return dst
}

// appendObject appends what encoding/json makes of x.
func appendObject(dst []byte, x any) []byte {
	b, err := json.Marshal(x)
	if err != nil {
		panic(err) // x is a struct of texts, numbers and lists of them
	}
	return escapeJSON(append(dst, b...), len(dst))
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// appendField appends a comma, a name, which needs no escaping, and a text.
func appendField(dst []byte, name, text string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendString(dst, text)
}

// lines writes a JSON text for each finding, in lines. If the sequence ends in an
// error the last line is an object that is not closed.
func lines(w io.Writer, format string, findings iter.Seq2[policy.Finding, error], o Options, add func([]byte, policy.Finding) []byte) error {
	return batches(w, format, findings, o, 0, add)
}

// batches is lines with lists of at most size JSON texts, one on each line; or, with a
// size of 0, the texts themselves.
func batches(w io.Writer, format string, findings iter.Seq2[policy.Finding, error], o Options, size int, add func([]byte, policy.Finding) []byte) error {
	begun := 0 // elements of the list that is not closed yet
	const chunk = 64 << 10
	buf := make([]byte, 0, chunk+chunk/4)
	flush := func() error {
		_, err := w.Write(buf)
		if buf = buf[:0]; cap(buf) > 16*chunk { // after an extraordinary value
			buf = make([]byte, 0, chunk+chunk/4)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", format, err)
		}
		return nil
	}
	for f, err := range findings {
		if err != nil {
			if begun > 0 {
				buf = append(buf, ',')
			}
			buf = append(buf, `{"incomplete":`...)
			buf = appendString(buf, joined(err.Error()))
			buf = append(buf, '\n')
			_ = flush() // the sequence's error comes first
			return err
		}
		if !o.shows(f) {
			continue
		}
		switch {
		case size > 0 && begun == 0:
			buf = append(buf, '[')
		case begun > 0:
			buf = append(buf, ',')
		}
		buf = add(buf, f.Masked())
		switch begun++; {
		case size == 0:
			buf = append(buf, '\n')
			begun = 0
		case begun == size:
			buf = append(buf, "]\n"...)
			begun = 0
		}
		if len(buf) >= chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if begun > 0 {
		buf = append(buf, "]\n"...)
	}
	return flush()
}
