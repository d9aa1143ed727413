package alert

import (
	"maps"
	"slices"
	"time"
)

// micro returns a time as stores keep it: UTC, to the microsecond.
func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func micros(all ...*time.Time) {
	for _, t := range all {
		*t = micro(*t)
	}
}

// copied returns a copy of what p points to, or nil.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// cloneAlert returns an alert that shares nothing with the given one, with times as stores
// keep them.
func cloneAlert(a *Alert) *Alert {
	c := *a
	c.Policy.Labels = slices.Clone(a.Policy.Labels)
	c.Policy.Controls = slices.Clone(a.Policy.Controls)
	c.Asset.Tags = maps.Clone(a.Asset.Tags)
	c.Asset.Parents = slices.Clone(a.Asset.Parents)
	c.Asset.Groups = slices.Clone(a.Asset.Groups)
	c.Evidence = slices.Clone(a.Evidence)
	c.Rules = slices.Clone(a.Rules)
	c.Changes = slices.Clone(a.Changes)
	for i := range c.Changes {
		micros(&c.Changes[i])
	}
	if c.Accepted = copied(a.Accepted); c.Accepted != nil {
		micros(&c.Accepted.At, &c.Accepted.Until)
	}
	if c.Pending = copied(a.Pending); c.Pending != nil {
		micros(&c.Pending.At)
	}
	if c.CreatedBy = copied(a.CreatedBy); c.CreatedBy != nil {
		micros(&c.CreatedBy.At)
	}
	if c.Unknown = copied(a.Unknown); c.Unknown != nil {
		micros(&c.Unknown.Since, &c.Unknown.Verified)
	}
	micros(&c.Read.Earliest, &c.Read.Latest, &c.FirstSeen, &c.LastSeen, &c.AlertTime, &c.Due, &c.MissingSince, &c.Fixed, &c.Wake, &c.LastObserved)
	return &c
}

func cloneTransition(t Transition) Transition {
	t.Groups = slices.Clone(t.Groups)
	micros(&t.At)
	return t
}

func cloneScan(r ScanRecord) ScanRecord {
	r.Policies = slices.Clone(r.Policies)
	r.Accounts = slices.Clone(r.Accounts)
	r.Quiet = maps.Clone(r.Quiet)
	for channel, d := range r.Quiet {
		r.Quiet[channel] = cloneDigest(d)
	}
	r.Missing, r.Unread, r.Denied = slices.Clone(r.Missing), slices.Clone(r.Unread), slices.Clone(r.Denied)
	r.Held = maps.Clone(r.Held)
	for account, ids := range r.Held {
		r.Held[account] = slices.Clone(ids)
	}
	r.Coverage = slices.Clone(r.Coverage)
	r.Counts = slices.Clone(r.Counts)
	for i := range r.Counts {
		r.Counts[i].Failed = maps.Clone(r.Counts[i].Failed)
	}
	micros(&r.Start, &r.End)
	return r
}

func cloneDigest(d *Digest) *Digest {
	if d = copied(d); d == nil {
		return nil
	}
	d.Severity, d.Accounts, d.Alerts = maps.Clone(d.Severity), maps.Clone(d.Accounts), slices.Clone(d.Alerts)
	for i, a := range d.Alerts {
		d.Alerts[i] = cloneAlert(a)
	}
	micros(&d.From, &d.To)
	return d
}

func cloneMessage(m Message) Message {
	e := &m.Event
	if e.Alert != nil {
		e.Alert = cloneAlert(e.Alert)
	}
	if e.Transition != nil {
		t := cloneTransition(*e.Transition)
		e.Transition = &t
	}
	e.Digest = cloneDigest(e.Digest)
	if e.Health = copied(e.Health); e.Health != nil {
		micros(&e.Health.Since, &e.Health.Until, &e.Health.Sent)
	}
	e.Review = copied(e.Review)
	micros(&m.NotBefore, &e.At)
	return m
}

func cloneVersion(v Version) Version {
	v.Data = slices.Clone(v.Data)
	micros(&v.From, &v.Last)
	return v
}

// The following return copies that share nothing with the original, with times as stores keep
// them: in UTC, to the microsecond. Stores keep and return copies.

// Clone returns a copy of the alert.
func (a *Alert) Clone() *Alert { return cloneAlert(a) }

// Clone returns a copy of the transition.
func (t Transition) Clone() Transition { return cloneTransition(t) }

// Clone returns a copy of the record.
func (r ScanRecord) Clone() ScanRecord { return cloneScan(r) }

// Clone returns a copy of the message.
func (m Message) Clone() Message { return cloneMessage(m) }

// Clone returns a copy of the version.
func (v Version) Clone() Version { return cloneVersion(v) }
