package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/openstance/stance/policy"
)

// maxDigestAlerts is the number of alerts that a digest lists.
const maxDigestAlerts = 50

// due returns the first messages of the channel that are due, after it put those that wait
// for a digest into one or until its time.
func (b *batch) due(tx Tx, limit int) ([]Message, error) {
	digests := map[digestKey]*digestBuilder{}
	for {
		due, err := tx.Messages(MessageQuery{Channel: b.name, Before: b.now, Limit: limit})
		if err != nil {
			return nil, err
		}
		waiting := slices.DeleteFunc(slices.Clone(due), func(m Message) bool { return m.Digest == "" })
		if len(waiting) > 0 {
			if err := b.collect(tx, waiting, digests); err != nil {
				return nil, err
			}
			continue
		}
		if len(digests) == 0 {
			return due, nil
		}
		var ms []Message
		for _, key := range slices.SortedFunc(maps.Keys(digests), func(a, b digestKey) int {
			return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.period, b.period))
		}) {
			ms = append(ms, digests[key].message(b, key))
		}
		if err := tx.PutMessages(ms...); err != nil {
			return nil, err
		}
		digests = nil
	}
}

// digestKey identifies a digest of a channel: the period, and the instant at which it is due.
type digestKey struct {
	period Period
	at     time.Time
}

// collect moves messages that wait for a digest: into the digest if its time came, else to
// that time.
func (b *batch) collect(tx Tx, waiting []Message, digests map[digestKey]*digestBuilder) error {
	ids := make([]string, len(waiting))
	for i, m := range waiting {
		ids[i] = m.Alert
	}
	alerts, err := tx.ByID(ids...)
	if err != nil {
		return err
	}
	gone, held, err := b.delayed(tx, waiting)
	if err != nil {
		return err
	}
	var later []Message
	var digested []string
	for i, m := range waiting {
		if gone[m.ID] {
			continue
		}
		if h, ok := held[m.Alert]; ok && m.Seq > h.Seq {
			m.NotBefore, m.Attempts = h.NotBefore, 1
			later = append(later, m)
			continue
		}
		at, ok := digestTime(Period(m.Digest), m.NotBefore, b.channel)
		switch {
		case !ok: // a period that this version does not know
			m.Digest = ""
			later = append(later, m)
		case at.After(b.now):
			// The delay is over: from now on the message is not damped.
			m.NotBefore, m.Attempts = at, 1
			later = append(later, m)
		default:
			key := digestKey{Period(m.Digest), at}
			if digests[key] == nil {
				digests[key] = &digestBuilder{first: m.ID, seen: map[string]bool{}}
			}
			digests[key].add(m, alerts[i])
			digested = append(digested, m.ID)
		}
	}
	b.done.Digested += len(digested)
	if err := tx.PutMessages(later...); err != nil {
		return err
	}
	return tx.DeleteMessages(digested...)
}

// delayed damps the messages of the alerts of some messages that wait for a digest. It returns
// the IDs of those that it removed, and by alert the first message that is within its delay:
// later ones wait for it.
func (b *batch) delayed(tx Tx, waiting []Message) (gone map[string]bool, held map[string]Message, err error) {
	var ids []string
	for _, m := range waiting {
		if m.Alert != "" {
			ids = append(ids, m.Alert)
		}
	}
	gone, held = map[string]bool{}, map[string]Message{}
	if len(ids) == 0 {
		return gone, held, nil
	}
	slices.Sort(ids)
	queue, err := tx.Messages(MessageQuery{Channel: b.name, Alerts: slices.Compact(ids), Limit: wideWindow})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(queue, func(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, m := range queue {
		if m.Digest == "" || gone[m.ID] {
			continue
		}
		end, err := undone(tx, m)
		if err != nil {
			return nil, nil, err
		}
		if end != 0 {
			dropped, err := b.drop(tx, m, end)
			if err != nil {
				return nil, nil, err
			}
			maps.Copy(gone, dropped)
			continue
		}
		if _, ok := held[m.Alert]; !ok && m.Attempts == 0 && m.NotBefore.After(b.now) {
			held[m.Alert] = m
		}
	}
	return gone, held, nil
}

// digestBuilder collects the messages of a digest.
type digestBuilder struct {
	first  string // ID of the first message
	digest Digest
	seen   map[string]bool // IDs of alerts
}

func (d *digestBuilder) add(m Message, a *Alert) {
	g := &d.digest
	g.From = earlier(g.From, m.Event.At)
	switch m.Event.Kind {
	case EventOpened:
		g.Opened++
		if a != nil {
			if g.Severity == nil {
				g.Severity, g.Accounts = map[policy.Severity]int{}, map[string]int{}
			}
			g.Severity[a.Policy.Severity]++
			g.Accounts[a.Asset.Provider+"/"+a.Asset.Account]++
		}
	case EventResolved:
		g.Resolved++
	default:
		g.Other++
	}
	if a == nil || d.seen[a.ID] {
		return
	}
	d.seen[a.ID] = true
	short := *a
	short.Evidence, short.Policy.Rationale, short.Policy.Steps, short.Policy.CLI = nil, "", "", ""
	at, _ := slices.BinarySearchFunc(g.Alerts, &short, func(a, b *Alert) int {
		return cmp.Or(cmp.Compare(b.Policy.Severity, a.Policy.Severity), b.AlertTime.Compare(a.AlertTime), cmp.Compare(a.ID, b.ID))
	})
	g.Alerts = slices.Insert(g.Alerts, at, &short)
	g.Alerts = g.Alerts[:min(len(g.Alerts), maxDigestAlerts)]
	g.More = len(d.seen) - len(g.Alerts)
}

// message returns the message of the digest, which is delivered like any other.
func (d *digestBuilder) message(b *batch, key digestKey) Message {
	d.digest.To, d.digest.Title = key.at, string(key.period)
	sum := sha256.Sum256([]byte(b.name + "\x00" + string(key.period) + "\x00" + key.at.Format(time.RFC3339) + "\x00" + d.first))
	id := "D-" + hex.EncodeToString(sum[:10])
	return Message{
		ID: id + "/" + b.name, Channel: b.name, Seq: key.at.UnixMicro(), NotBefore: b.now,
		Event: Event{ID: id, Kind: EventDigest, At: key.at, Digest: &d.digest},
	}
}

// digestTime returns the first time of a digest of the channel that is not before an instant.
func digestTime(p Period, from time.Time, c Channel) (time.Time, bool) {
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	from = from.In(zone)
	year, month, day := from.Date()
	// on returns the time of the digest on a day; of a time that the day lacks, what Go makes
	// of it. Each day of the calendar has one.
	on := func(day int) time.Time { return time.Date(year, month, day, c.Hour, 0, 0, 0, zone) }
	first := func(at func(int) (time.Time, bool)) time.Time {
		for i := -1; ; i++ {
			if t, ok := at(i); ok && !t.Before(from) {
				return t.UTC()
			}
		}
	}
	switch p {
	case Hourly:
		_, offset := from.Zone()
		local := from.Unix() + int64(offset)
		hour := local - mod(local, 3600)
		if t := time.Unix(hour-int64(offset), 0).UTC(); !t.Before(from) {
			return t, true
		}
		return time.Unix(hour+3600-int64(offset), 0).UTC(), true
	case Daily:
		return first(func(i int) (time.Time, bool) { return on(day + i), true }), true
	case Weekly:
		return first(func(i int) (time.Time, bool) {
			return on(day + i), time.Date(year, month, day+i, 0, 0, 0, 0, time.UTC).Weekday() == c.Weekday
		}), true
	case Monthly:
		return first(func(i int) (time.Time, bool) {
			last := time.Date(year, month+time.Month(i)+1, 0, 0, 0, 0, 0, time.UTC).Day()
			return time.Date(year, month+time.Month(i), min(max(c.Day, 1), last), c.Hour, 0, 0, 0, zone), true
		}), true
	}
	return time.Time{}, false
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }
