// Package payload writes events as JSON within the size limits of message services.
package payload

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/printable"
)

// ErrTooLarge is under the error of an event that does not fit even without its data.
var ErrTooLarge = errors.New("event too large")

// message is an event and the names of its parts that were left out.
type message struct {
	alert.Event
	Truncated []string `json:"truncated,omitempty"`
}

// maxText is the number of bytes of a text that is kept in a message that is too large.
const maxText = 1024

// JSON returns an event as JSON in at most limit bytes. If the whole event is larger, the
// data of the asset is left out, then texts are cut, then the list of a digest; the member
// "truncated" names what is missing, and the link of the event leads to it. The event itself
// stays as it is.
func JSON(e alert.Event, limit int) ([]byte, error) {
	m := message{Event: e}
	for _, reduce := range []func(*message){nil, dropData, cutTexts, shortenDigest(10), shortenDigest(1)} {
		if reduce != nil {
			reduce(&m)
		}
		b, err := marshal(m)
		if err != nil {
			return nil, fmt.Errorf("event %q: %w", e.ID, err)
		}
		if len(b) <= limit {
			return b, nil
		}
	}
	if b, err := shorten(m); err == nil && len(b) <= limit {
		return b, nil
	}
	return nil, fmt.Errorf("event %q: %w (limit %d bytes)", printable.Short(e.ID), ErrTooLarge, limit)
}

// shorten returns a message in which a digest stands for the end of every long string, also
// of ids: equal strings stay equal.
func shorten(m message) ([]byte, error) {
	m.Truncated = append(m.Truncated, "strings")
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	return marshal(shorter(tree))
}

func shorter(v any) any {
	switch v := v.(type) {
	case string:
		return digested(v)
	case []any:
		for i := range v {
			v[i] = shorter(v[i])
		}
	case map[string]any:
		for _, key := range slices.Collect(maps.Keys(v)) {
			value := v[key]
			if key != "link" && key != "url" { // part of a link leads nowhere
				value = shorter(value)
			}
			delete(v, key)
			v[digested(key)] = value
		}
	}
	return v
}

func digested(s string) string {
	if len(s) <= maxText {
		return s
	}
	h := sha256.Sum256([]byte(s))
	return Cut(s, maxText/2) + hex.EncodeToString(h[:])
}

// marshal returns JSON without the two characters that XML, and so SQS, refuses: the other
// ones that it refuses are escaped in JSON.
func marshal(m any) ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	b = bytes.ReplaceAll(b, []byte("\ufffe"), []byte(`\ufffe`))
	return bytes.ReplaceAll(b, []byte("\uffff"), []byte(`\uffff`)), nil
}

func dropData(m *message) {
	change(m, func(a *alert.Alert) {
		a.Evidence, a.Asset.Tags, a.Asset.Parents = nil, nil, nil
	})
	m.Truncated = append(m.Truncated, "evidence", "asset.tags", "asset.parents")
}

func cutTexts(m *message) {
	change(m, func(a *alert.Alert) {
		p := &a.Policy
		for _, s := range []*string{&a.Message, &p.Title, &p.Rationale, &p.Steps, &p.CLI, &a.Asset.Name, &a.Asset.AccountName} {
			*s = Cut(*s, maxText)
		}
		p.Labels, p.Controls = first(p.Labels), first(p.Controls)
		a.Asset.Groups, a.Rules = first(a.Asset.Groups), first(a.Rules)
	})
	if m.Transition != nil {
		t := *m.Transition
		t.Note, t.Groups = Cut(t.Note, maxText), first(t.Groups)
		m.Transition = &t
	}
	if m.Health != nil {
		h := *m.Health
		h.Message = Cut(h.Message, maxText)
		m.Health = &h
	}
	if m.Review != nil {
		r := *m.Review
		r.Text = Cut(r.Text, maxText)
		m.Review = &r
	}
	m.Truncated = append(m.Truncated, "texts")
}

// shortenDigest returns a reduction that keeps the first alerts of a digest.
func shortenDigest(n int) func(*message) {
	return func(m *message) {
		if m.Digest == nil || len(m.Digest.Alerts) <= n {
			return
		}
		d := *m.Digest
		d.More += len(d.Alerts) - n
		d.Alerts, d.Accounts = d.Alerts[:n], nil
		m.Digest = &d
		m.Truncated = append(m.Truncated, fmt.Sprintf("digest.alerts[%d:]", n), "digest.accounts")
	}
}

// change replaces the alerts of a message by copies that f changes.
func change(m *message, f func(*alert.Alert)) {
	if m.Alert != nil {
		a := *m.Alert
		f(&a)
		m.Alert = &a
	}
	if m.Digest != nil {
		d := *m.Digest
		d.Alerts = make([]*alert.Alert, len(m.Digest.Alerts))
		for i, old := range m.Digest.Alerts {
			a := *old
			f(&a)
			d.Alerts[i] = &a
		}
		m.Digest = &d
	}
}

// first returns at most 20 of some strings, each cut.
func first(list []string) []string {
	if list == nil {
		return nil
	}
	short := make([]string, min(len(list), 20))
	for i := range short {
		short[i] = Cut(list[i], 256)
	}
	return short
}

// Cut returns a string in at most limit bytes, with an ellipsis in place of its end.
func Cut(s string, limit int) string {
	const ellipsis = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:max(end, 0)] + ellipsis
}
