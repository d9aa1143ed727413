package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/member"
)

// line is a line in the making.
type line struct {
	buf    []byte
	clouds asset.Clouds
	err    error // the first
}

func (l *line) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// readable checks that the line can be read back. Only one with many brackets can be
// too deep, and is parsed to know.
func (l *line) readable() error {
	if len(l.buf) > asset.MaxDocument {
		return fmt.Errorf("%d bytes, more than %d", len(l.buf), asset.MaxDocument)
	}
	if bytes.Count(l.buf, []byte("{"))+bytes.Count(l.buf, []byte("[")) <= asset.MaxDepth {
		return nil
	}
	_, err := asset.Parse(l.buf)
	return err
}

func (l *line) raw(s string) { l.buf = append(l.buf, s...) }

// next begins a member or an element, after a comma unless it is the first.
func (l *line) next() {
	if c := l.buf[len(l.buf)-1]; c != '{' && c != '[' {
		l.buf = append(l.buf, ',')
	}
}

// key begins a member with one of the names of the format.
func (l *line) key(name string) {
	l.next()
	l.buf = append(l.buf, '"')
	l.buf = append(l.buf, name...)
	l.buf = append(l.buf, '"', ':')
}

// text writes a member that holds a string, unless it is empty.
func (l *line) text(name, s string) {
	if s != "" {
		l.key(name)
		l.quote(s)
	}
}

func (l *line) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		l.fail(fmt.Errorf("%s: year %d cannot be written", name, t.Year()))
		return
	}
	l.key(name)
	l.buf = append(l.buf, '"')
	l.buf = t.AppendFormat(l.buf, time.RFC3339Nano)
	l.buf = append(l.buf, '"')
}

func (l *line) ref(r asset.Ref) {
	if got, err := l.clouds.ParseRef(r.Type, r.ID); err != nil {
		l.fail(err)
	} else if got != r {
		l.fail(fmt.Errorf("ref %s is canonically %s", r, got))
	}
	r.ID = secret.Mask(r.ID) // which stays canonical, or is refused when it is read
	for _, m := range member.Ref(&r) {
		l.text(m.Name, *m.Text)
	}
}

func (l *line) scope(s asset.Scope) {
	for _, m := range member.Scope(&s) {
		l.text(m.Name, *m.Text)
	}
}

func (l *line) gap(g *asset.Gap) {
	l.raw(`{"gap":{`)
	l.scope(g.Scope)
	l.text("type", string(g.Type))
	if !g.Of.IsZero() {
		l.key("of")
		l.raw("{")
		l.ref(g.Of)
		l.raw("}")
	}
	l.unread(&g.Cause)
	l.raw("}}")
}

func (l *line) coverage(c *asset.Coverage) {
	switch {
	case c.Type == "" || c.Scope.Provider == "":
		l.fail(errors.New("no type or no provider"))
	case c.State < asset.NotAsked || c.State > asset.Complete:
		l.fail(fmt.Errorf("no state %d", c.State))
	}
	l.raw(`{"coverage":{`)
	l.scope(c.Scope)
	l.text("type", string(c.Type))
	l.text("state", c.State.String())
	l.raw("}}")
}

func (l *line) asset(a *asset.Asset) {
	if a.Provider == "" {
		l.fail(errors.New("no provider"))
	}
	l.raw(`{"asset":{`)
	l.ref(a.Ref)
	l.scope(a.Scope)
	l.text("name", a.Name)
	l.text("class", a.Class)
	l.text("url", a.URL)
	if len(a.Tags) > 0 {
		l.key("tags")
		l.raw("{")
		for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
			l.next()
			l.quote(k)
			l.raw(":")
			l.quote(a.Tags[k])
		}
		l.raw("}")
	}
	for name, doc := range a.Documents() {
		if k := doc.Kind(); k != asset.Absent && k != asset.UnreadPart {
			l.key(name)
			l.buf = doc.AppendJSON(l.buf)
		}
	}
	if len(a.Links) > 0 {
		l.key("links")
		l.raw("[")
		for _, x := range a.Links {
			if x.Rel == "" {
				l.fail(fmt.Errorf("link to %s without a relation", x.To))
			}
			l.next()
			l.raw("{")
			l.text("rel", x.Rel)
			l.ref(x.To)
			l.raw("}")
		}
		l.raw("]")
	}
	if len(a.Parents) > 0 {
		l.key("parents")
		l.raw("[")
		for _, r := range a.Parents {
			l.next()
			l.raw("{")
			l.ref(r)
			l.raw("}")
		}
		l.raw("]")
	}
	if len(a.Observers) > 0 {
		l.key("observers")
		l.quotes(a.Observers)
	}
	if a.Origin != (asset.Origin{}) {
		l.key("origin")
		l.raw("{")
		l.text("file", a.Origin.File)
		if a.Origin.Line != 0 {
			if a.Origin.Line < 0 || a.Origin.Line > maxLine {
				l.fail(fmt.Errorf("%d is no line", a.Origin.Line))
			}
			l.key("line")
			l.buf = strconv.AppendInt(l.buf, int64(a.Origin.Line), 10)
		}
		l.raw("}")
	}
	l.text("incarnation", a.Incarnation)
	l.time("created", a.Created)
	l.time("observed", a.Observed)
	l.raw("}")

	var unread, redacted, defaults []mark
	for name, doc := range a.Documents() {
		for p, v := range doc.Marks() {
			m := mark{from(asset.Path(name), p), v}
			if v.Kind() == asset.UnreadPart {
				unread = append(unread, m)
			} else if _, ok := v.Redacted(); ok {
				redacted = append(redacted, m)
			}
			if v.IsDefault() {
				defaults = append(defaults, m)
			}
		}
	}
	for _, part := range slices.Sorted(maps.Keys(a.Unread)) {
		unread = append(unread, mark{asset.Path(part), a.Unread[part].Value()})
	}
	l.marks(unread, redacted, defaults)
	l.raw("}")
}

type mark struct {
	path asset.Path
	v    asset.Value
}

// from returns the path from the asset of one that leads from a document.
func from(document, p asset.Path) asset.Path {
	if p == "" || p[0] == '[' {
		return document + p
	}
	return document + "." + p
}

// unread writes the members that say why something was not read.
func (l *line) unread(u *asset.Unread) {
	l.text("op", u.Op)
	if u.Reason != asset.UnknownReason {
		l.text("reason", u.Reason.String())
	}
	l.text("code", u.Code)
	l.text("message", u.Message)
	l.text("request_id", u.RequestID)
}

func (l *line) marks(unread, redacted, defaults []mark) {
	if len(unread) > 0 {
		l.key("unread")
		l.raw("[")
		for _, m := range unread {
			u := m.v.Unread()
			l.next()
			l.raw("{")
			l.text("path", string(m.path))
			l.unread(u)
			l.raw("}")
		}
		l.raw("]")
	}
	if len(redacted) > 0 {
		l.key("redacted")
		l.raw("[")
		for _, m := range redacted {
			r, _ := m.v.Redacted()
			l.next()
			l.raw("{")
			l.text("path", string(m.path))
			if len(r.Detectors) > 0 {
				l.key("detectors")
				l.quotes(r.Detectors)
			}
			l.text("hash", r.Hash)
			l.raw("}")
		}
		l.raw("]")
	}
	if len(defaults) > 0 {
		l.key("defaults")
		l.raw("[")
		for _, m := range defaults {
			l.next()
			l.quote(string(m.path))
		}
		l.raw("]")
	}
}

func (l *line) quotes(list []string) {
	l.raw("[")
	for _, s := range list {
		l.next()
		l.quote(s)
	}
	l.raw("]")
}

// quote writes a JSON string.
func (l *line) quote(s string) {
	if !utf8.ValidString(s) {
		l.fail(fmt.Errorf("%.40q is not UTF-8", s))
	}
	l.buf = append(l.buf, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			l.buf = append(l.buf, '\\', c)
		case c < ' ':
			l.buf = fmt.Appendf(l.buf, `\u%04x`, c)
		default:
			l.buf = append(l.buf, c)
		}
	}
	l.buf = append(l.buf, '"')
}
