package alert

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// maxCursor is the length of the longest cursor: an id of an asset has at most 8192 bytes,
// each of which JSON can write as six.
const maxCursor = 128 << 10

// Position is a place in the order of a query: that of an alert, whether it still exists or
// not.
type Position struct {
	// Values are those of [SortField.Values] for each part of the order: int64 or string.
	Values []any
	ID     string // of the alert
}

// Orders returns the order of the alerts: Sort, or its default. The ID follows, ascending.
func (q *Query) Orders() []Order {
	if len(q.Sort) == 0 {
		return []Order{{By: ByAlertTime, Desc: true}}
	}
	return q.Sort
}

func (q *Query) checkOrder() error {
	for i, o := range q.Sort {
		if o.By.Values(new(Alert)) == nil {
			return fmt.Errorf("unknown order %q", o.By)
		}
		if slices.ContainsFunc(q.Sort[:i], func(before Order) bool { return before.By == o.By }) {
			return fmt.Errorf("duplicate order %q", o.By)
		}
	}
	return nil
}

// Values returns what alerts are compared by: an int64 or strings, which compare byte by
// byte. Times are in microseconds since 1970. An alert without a due date is due last.
func (f SortField) Values(a *Alert) []any {
	switch f {
	case ByAlertTime:
		return []any{a.AlertTime.UnixMicro()}
	case ByLastSeen:
		return []any{a.LastSeen.UnixMicro()}
	case BySeverity:
		return []any{int64(a.Policy.Severity)}
	case ByPolicy:
		return []any{a.Key.Policy}
	case ByAccount:
		return []any{a.Asset.Account}
	case ByAsset:
		return []any{string(a.Ref.Type), a.Ref.ID}
	case ByDue:
		if a.Due.IsZero() {
			return []any{int64(math.MaxInt64)}
		}
		return []any{a.Due.UnixMicro()}
	case ByID:
		return []any{} // the ID follows in every order
	}
	return nil
}

// Position returns the place of an alert in the order of the query.
func (q *Query) Position(a *Alert) Position {
	p := Position{ID: a.ID}
	for _, o := range q.Orders() {
		p.Values = append(p.Values, o.By.Values(a)...)
	}
	return p
}

// compare compares two places in the order of the query.
func (q *Query) compare(a, b Position) int {
	i := 0
	for _, o := range q.Orders() {
		for range o.By.Values(new(Alert)) {
			c := 0
			switch x := a.Values[i].(type) {
			case int64:
				c = cmp.Compare(x, b.Values[i].(int64))
			case string:
				c = strings.Compare(x, b.Values[i].(string))
			}
			if i++; c != 0 && o.Desc {
				return -c
			} else if c != 0 {
				return c
			}
		}
	}
	return strings.Compare(a.ID, b.ID)
}

// cursor is the content of a cursor.
type cursor struct {
	Order  string            `json:"o"`
	Values []json.RawMessage `json:"v"`
	ID     string            `json:"i"`
}

// spec returns the order as a string.
func (q *Query) spec() string {
	var b strings.Builder
	for _, o := range q.Orders() {
		direction := "+"
		if o.Desc {
			direction = "-"
		}
		b.WriteString(string(o.By) + direction)
	}
	return b.String()
}

// Next returns the cursor for the alerts after a place.
func (q *Query) Next(p Position) string {
	c := cursor{Order: q.spec(), ID: p.ID}
	for _, v := range p.Values {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // an int64 or a string
		}
		c.Values = append(c.Values, text)
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// After returns the place after which the page begins, or nil for the first page.
func (q *Query) After() (*Position, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	if len(q.Cursor) > maxCursor {
		return nil, errors.New("invalid cursor (too long)")
	}
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return nil, errors.New("invalid cursor")
	}
	var c cursor
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || d.Decode(&struct{}{}) != io.EOF {
		return nil, errors.New("invalid cursor")
	}
	if c.Order != q.spec() {
		return nil, errors.New("invalid cursor (of another order)")
	}
	p := &Position{ID: c.ID}
	for _, o := range q.Orders() {
		for _, kind := range o.By.Values(new(Alert)) {
			if len(c.Values) == 0 {
				return nil, errors.New("invalid cursor")
			}
			var number int64
			var word string
			into := any(&number)
			if _, isString := kind.(string); isString {
				into = &word
			}
			if string(c.Values[0]) == "null" || json.Unmarshal(c.Values[0], into) != nil {
				return nil, errors.New("invalid cursor")
			}
			if into == &number {
				p.Values = append(p.Values, number)
			} else {
				p.Values = append(p.Values, word)
			}
			c.Values = c.Values[1:]
		}
	}
	if len(c.Values) > 0 {
		return nil, errors.New("invalid cursor")
	}
	return p, nil
}
