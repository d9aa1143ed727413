package secret

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of what is decoded of one string.
const (
	maxContent = 4 << 20 // bytes, of all its texts together
	maxNesting = 5       // encodings in each other
	maxRuns    = 200     // base64 in a text
	minRun     = 24      // characters of base64 in a text that are decoded
)

// content finds the texts that a string holds: itself, and what is encoded in it. Start-up
// scripts are base64 as a whole, compressed, in UTF-16, or have parts in base64 as MIME
// messages and the files of cloud-init have.
type content struct {
	texts []string
	size  int
	// opaque says that a part could not be decoded, so that nobody knows what it holds.
	opaque bool
}

// contentOf returns what a string holds.
func contentOf(text string) *content {
	c := &content{}
	if b, ok := fromBase64(text); ok {
		c.add(b, 1)
	} else {
		c.addText(text, 0)
	}
	return c
}

// add adds what bytes hold.
func (c *content) add(b []byte, nesting int) {
	if c.size += len(b); c.size > maxContent || nesting > maxNesting {
		c.opaque = true
		return
	}
	switch {
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			c.opaque = true
			return
		}
		c.decompress(r, nesting)
	case bytes.HasPrefix(b, []byte("BZh")):
		c.decompress(bzip2.NewReader(bytes.NewReader(b)), nesting)
	case isUTF16(b):
		c.addText(fromUTF16(b), nesting)
	case utf8.Valid(b) && !hasControls(b):
		c.addText(string(b), nesting)
	case isLatin1(b):
		c.addText(fromLatin1(b), nesting)
	default:
		// It may have plain text in it.
		c.texts = append(c.texts, string(b))
		c.opaque = true
	}
}

// decompress adds what a compressed part holds. A part that is cut off or too long is
// searched as far as it goes.
func (c *content) decompress(r io.Reader, nesting int) {
	b, err := io.ReadAll(io.LimitReader(r, int64(maxContent-c.size)+1))
	if err != nil && !errors.Is(err, io.EOF) {
		c.opaque = true
	}
	c.add(b, nesting+1)
}

// addText adds a text and what is in base64 in it, over several lines too.
func (c *content) addText(text string, nesting int) {
	c.texts = append(c.texts, text)
	if nesting >= maxNesting {
		return
	}
	runs := 0
	for run := range base64Runs(text) {
		if runs++; runs > maxRuns {
			c.opaque = true
			return
		}
		b, ok := fromBase64(run)
		if !ok {
			continue
		}
		// Most runs are no text: hashes, keys, images. They hide nothing that is read as one.
		inner := &content{size: c.size}
		inner.add(b, nesting+1)
		c.size = inner.size // what was decoded counts, whatever it was
		if c.size > maxContent {
			c.opaque = true
			return
		}
		if !inner.opaque || isCompressed(b) {
			c.texts, c.opaque = append(c.texts, inner.texts...), c.opaque || inner.opaque
		}
	}
}

// isCompressed reports whether bytes begin as compressed data does.
func isCompressed(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0x1f, 0x8b, 8}) || bytes.HasPrefix(b, []byte("BZh"))
}

// base64Runs yields the stretches of base64 in a text, each without its line breaks. Lines
// belong together if all but the last are of one length.
func base64Runs(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var run strings.Builder
		width := 0
		flush := func() bool {
			ok := run.Len() < minRun || yield(run.String())
			run.Reset()
			width = 0
			return ok
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if isBase64Text(line) && line != "" {
				if width > 0 && len(line) > width && !flush() {
					return
				}
				short := width > 0 && len(line) < width
				run.WriteString(line)
				width = max(width, len(line))
				if short && !flush() {
					return
				}
				continue
			}
			if !flush() {
				return
			}
			for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r > 127 || !isBase64(byte(r)) && r != '=' }) {
				word = strings.TrimLeft(word, "=")
				if len(word) >= minRun && isBase64Text(word) && !yield(word) {
					return
				}
			}
		}
		flush()
	}
}

// isBase64Text reports whether a string has the characters of base64 alone.
func isBase64Text(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		if !isBase64(s[i]) {
			return false
		}
	}
	return true
}

// fromBase64 returns the content of a string in base64, with line breaks or without, with
// padding or without.
func fromBase64(text string) ([]byte, bool) {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "\r\n") {
		text = strings.NewReplacer("\r", "", "\n", "").Replace(text)
	}
	if len(text) < 16 || !isBase64Text(text) {
		return nil, false
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return b, err == nil
}

// isUTF16 reports whether bytes begin with the mark of UTF-16, or have the zero bytes of
// Latin letters in it.
func isUTF16(b []byte) bool {
	if len(b) < 2 || len(b)%2 != 0 {
		return false
	}
	if b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff {
		return true
	}
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	half := len(b) / 2
	return len(b) >= 8 && (zeros[0] == 0 && zeros[1] >= half*9/10 || zeros[1] == 0 && zeros[0] >= half*9/10)
}

func fromUTF16(b []byte) string {
	big := b[0] == 0xfe || b[0] == 0
	units := make([]uint16, len(b)/2)
	for i := range units {
		if big {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		} else {
			units[i] = uint16(b[2*i+1])<<8 | uint16(b[2*i])
		}
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

// hasControls reports whether bytes hold control characters that no text has.
func hasControls(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			return true
		}
	}
	return false
}

// isLatin1 reports whether bytes are text in an alphabet of one byte for each letter: few
// letters beyond ASCII, and no control characters.
func isLatin1(b []byte) bool {
	beyond := 0
	for _, c := range b {
		if c >= 0xa0 {
			beyond++
		} else if c >= 0x7f {
			return false
		}
	}
	return !hasControls(b) && beyond*4 <= len(b)
}

func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}
