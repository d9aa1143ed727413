package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// unknownLimit is how long something may be unknown, or a remediation pending, until it is a
// health condition.
const unknownLimit = 24 * time.Hour

// endStream records in the document of the stream that a scan is done, and writes the health
// conditions that follow from it and the scans before.
func (t *Tracker) endStream(tx Tx, record *ScanRecord) error {
	var s stream
	if _, err := readDocument(tx, docStream, record.Stream, &s); err != nil {
		return err
	}
	if record.Start.Before(s.Start) {
		return nil // a later scan is done
	}
	s.Last, s.Start, s.End = record.ID, record.Start, record.End
	accounts := append(slices.Clone(s.Accounts), record.Accounts...)
	slices.Sort(accounts)
	s.Accounts = slices.Compact(accounts)
	if err := t.absentPolicies(tx, record, &s); err != nil {
		return err
	}
	if err := t.stillUnknown(tx, record, &s); err != nil {
		return err
	}
	if err := t.denied(tx, record, &s); err != nil {
		return err
	}
	for _, account := range record.Accounts {
		if err := endHealth(tx, HealthUnscanned, account, t.now()); err != nil {
			return err
		}
	}
	return writeDocument(tx, docStream, record.Stream, s)
}

// absentPolicies reports policies with alerts that the sets of two scans lack.
func (t *Tracker) absentPolicies(tx Tx, record *ScanRecord, s *stream) error {
	counts, err := tx.Count(Query{Statuses: []Status{Open, Dismissed, Snoozed, PendingResolution}}, PerPolicy)
	if err != nil {
		return err
	}
	absent := map[string]int{}
	for _, c := range counts {
		id := c.By[0]
		if slices.Contains(record.Policies, id) {
			if err := endHealth(tx, HealthPolicy, record.Stream+" "+id, t.now()); err != nil {
				return err
			}
			continue
		}
		if absent[id] = s.Absent[id] + 1; absent[id] < 2 {
			continue
		}
		msg := fmt.Sprintf("%d alerts of policy %s are not judged: the sets of %d scans lack it", c.N, id, absent[id])
		if _, err := putHealth(tx, Health{Kind: HealthPolicy, Subject: record.Stream + " " + id, Message: msg}, t.now()); err != nil {
			return err
		}
	}
	s.Absent = absent
	return nil
}

// stillUnknown reports the types of accounts that are unknown for a policy for over a day.
func (t *Tracker) stillUnknown(tx Tx, record *ScanRecord, s *stream) error {
	since, policies, first := map[string]time.Time{}, map[string]int{}, map[string]time.Time{}
	for _, place := range record.Unread {
		at, ok := s.Unknown[place]
		if !ok {
			at = record.Start
		}
		since[place] = at
		subject := place[:strings.LastIndexByte(place, ' ')]
		if record.Start.Sub(at) > unknownLimit {
			if policies[subject]++; first[subject].IsZero() || at.Before(first[subject]) {
				first[subject] = at
			}
		}
	}
	for _, subject := range sortedKeys(policies) {
		msg := fmt.Sprintf("unknown to %d policies for over 24 hours", policies[subject])
		if _, err := putHealth(tx, Health{Kind: HealthUnknown, Subject: subject, Message: msg, Since: first[subject]}, t.now()); err != nil {
			return err
		}
	}
	for place := range s.Unknown {
		if subject := place[:strings.LastIndexByte(place, ' ')]; policies[subject] == 0 {
			if err := endHealth(tx, HealthUnknown, subject, t.now()); err != nil {
				return err
			}
		}
	}
	s.Unknown = since
	return nil
}

// denied reports operations that an earlier scan of the stream could use and this one cannot.
func (t *Tracker) denied(tx Tx, record *ScanRecord, s *stream) error {
	denied := map[string]time.Time{}
	for _, place := range record.Denied {
		at, ok := s.Denied[place]
		if !ok {
			at = record.Start
		}
		denied[place] = at
		account, op, _ := strings.Cut(place, " ")
		if ok || s.Denied == nil || !slices.Contains(s.Accounts, account) {
			continue // it was never permitted
		}
		msg := fmt.Sprintf("%s is denied in %s, and was not before", op, account)
		if _, err := putHealth(tx, Health{Kind: HealthPermission, Subject: place, Message: msg, Since: at}, t.now()); err != nil {
			return err
		}
	}
	for place := range s.Denied {
		if _, still := denied[place]; !still {
			if err := endHealth(tx, HealthPermission, place, t.now()); err != nil {
				return err
			}
		}
	}
	s.Denied = denied
	return nil
}
