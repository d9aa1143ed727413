package message

import (
	"net/url"
	"strings"

	"github.com/openstance/stance/internal/printable"
)

// The number of bytes of a string that is kept.
const (
	maxLine = 2000
	maxText = 8000
	maxList = 50 // elements of a list
)

// line returns a string as one printable line.
func line(s string) string { return printable.Text(cut(s, maxLine)) }

// text returns a string as printable lines.
func text(s string) string {
	lines := strings.Split(strings.ReplaceAll(cut(s, maxText), "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = printable.Text(l)
	}
	return strings.Join(lines, "\n")
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n-len("…")], "") + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func lines(list []string) []string {
	list = list[:min(len(list), maxList)]
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = line(s)
	}
	return clean
}

// link returns a URL that can stand in a link of any format, or an empty one.
func link(s string) URL {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxLine || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return ""
	}
	var b strings.Builder
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(u.String()) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("|<>\"'()`\\^{}*", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return URL(b.String())
}
