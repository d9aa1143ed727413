package alert

import (
	"fmt"
	"time"
)

// sent counts the messages that rules would have caused, from the history.
type sent struct {
	t      *Tracker
	rules  *Rules
	reader Reader
	counts map[string]int // by channel

	first   map[string]string    // the first scan of an account, by stream and account
	streams map[string]string    // streams of scans, by ID
	digests map[string]time.Time // the last digest, by channel and period or scan
	// waiting are the last openings that are held back, by alert and channel: until when.
	waiting map[string]map[string]time.Time
}

func newSent(t *Tracker, rules *Rules, r Reader, counts map[string]int) *sent {
	return &sent{
		t: t, rules: rules, reader: r, counts: counts,
		first: map[string]string{}, streams: map[string]string{}, digests: map[string]time.Time{}, waiting: map[string]map[string]time.Time{},
	}
}

// maxScans is the number of scans that are looked at for the first of each account.
const maxScans = 100_000

// count counts the messages since an instant.
func (s *sent) count(from time.Time) error {
	scans, err := s.reader.Scans("", maxScans)
	if err != nil {
		return err
	}
	for _, scan := range scans { // the latest first
		s.streams[scan.ID] = scan.Stream
		for _, account := range scan.Accounts {
			s.first[scan.Stream+"\x00"+account] = scan.ID
		}
	}
	const page = 5000
	for after := int64(0); ; {
		history, err := s.reader.History(HistoryQuery{From: from, After: after, Limit: page})
		if err != nil {
			return err
		}
		if err := s.transitions(history); err != nil {
			return err
		}
		if len(history) < page {
			return nil
		}
		after = history[len(history)-1].Seq
	}
}

// transitions counts the messages of transitions.
func (s *sent) transitions(history []Transition) error {
	ids := map[string]bool{}
	for i := range history {
		if happened(&history[i]) != "" {
			ids[history[i].Alert] = true
		}
	}
	list := sortedKeys(ids)
	alerts, err := s.reader.ByID(list...)
	if err != nil {
		return err
	}
	byID := map[string]*Alert{}
	for i, a := range alerts {
		if a != nil {
			byID[list[i]] = a
		}
	}
	for i := range history {
		tr := &history[i]
		if kind, a := happened(tr), byID[tr.Alert]; kind != "" && a != nil {
			a.Asset.Groups = tr.Groups
			s.transition(tr, kind, a)
		}
	}
	return nil
}

// happened returns the kind of the event that a transition stands for if rules match its
// alert, or "". What rules did is no event, and what befell a finding that no rule matched is.
func happened(tr *Transition) EventKind {
	if tr.To == Unmatched {
		switch tr.Reason {
		case NewAlert:
			return EventOpened
		case ResourceUpdated, ResourceDeleted, PolicyUpdated:
			return EventResolved
		}
		return ""
	}
	switch tr.Reason {
	case RuleUpdated, RuleDisabled, RuleDeleted, GroupUpdated, GroupDeleted, ResourceRescoped, Restored:
		return ""
	}
	if tr.Silent || tr.From == Unmatched && tr.Scan == "" { // a rule opened it
		return ""
	}
	return eventOf(tr)
}

// transition counts the messages of a transition.
func (s *sent) transition(tr *Transition, kind EventKind, a *Alert) {
	waiting := s.waiting[a.ID]
	delete(s.waiting, a.ID)
	for _, m := range s.rules.messages(s.t.Tenant, owed{a, tr, kind}) {
		if until, ok := waiting[m.Channel]; ok && kind == EventResolved && tr.At.Before(until) {
			continue // a pair that opens and closes inside the delay sends nothing
		}
		account := s.streams[tr.Scan] + "\x00" + accountOf(a.Asset.Scope())
		switch {
		case kind == EventOpened && tr.Scan != "" && s.first[account] == tr.Scan:
			s.digest(m.Channel, "scan "+tr.Scan, time.Time{})
		case m.Digest != "":
			s.digest(m.Channel, m.Digest, Period(m.Digest).begin(tr.At))
		default:
			s.counts[m.Channel]++
			if kind == EventOpened && m.NotBefore.After(tr.At) {
				if s.waiting[a.ID] == nil {
					s.waiting[a.ID] = map[string]time.Time{}
				}
				s.waiting[a.ID][m.Channel] = m.NotBefore
			}
		}
	}
	if kind == EventResolved {
		for channel, until := range waiting {
			if tr.At.Before(until) {
				s.counts[channel]--
			}
		}
	}
}

// digest counts the digest of a channel and a period that begins at an instant, once.
func (s *sent) digest(channel, what string, begin time.Time) {
	key := fmt.Sprintf("%s\x00%s", channel, what)
	if last, ok := s.digests[key]; ok && !begin.After(last) {
		return
	}
	s.digests[key] = begin
	s.counts[channel]++
}

// begin returns the beginning of the period that has an instant, in UTC.
func (p Period) begin(at time.Time) time.Time {
	at = at.UTC()
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	switch p {
	case Hourly:
		return at.Truncate(time.Hour)
	case Weekly:
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case Monthly:
		return day.AddDate(0, 0, 1-day.Day())
	}
	return day
}
