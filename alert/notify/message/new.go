package message

import (
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/phrases"
	"github.com/openstance/stance/policy"
)

// Texts makes messages in a language. The zero Texts is not valid: use NewTexts.
type Texts struct{ p *phrases.Printer }

// NewTexts returns the texts of a language: "en", "ja" or a tag that stands for one of them.
// The empty tag stands for English.
func NewTexts(language string) (*Texts, error) {
	p, err := phrases.New(language)
	if err != nil {
		return nil, err
	}
	return &Texts{p}, nil
}

// Message returns the message of an event.
func (t *Texts) Message(e *alert.Event) *Message {
	m := &Message{ID: line(e.ID), Kind: line(string(e.Kind)), At: e.At, Tenant: line(e.Tenant), Rule: line(e.Rule), Link: link(e.Link), Language: t.p.Language()}
	switch {
	case e.Digest != nil:
		t.digest(m, e.Digest)
	case e.Health != nil:
		t.health(m, e.Health)
	case e.Review != nil:
		t.review(m, e.Review)
	case e.Alert != nil || e.Transition != nil:
		t.alert(m, e)
	default:
		m.Title, m.Text = t.p.Text("title.test"), t.p.Text("text.test")
	}
	m.Title = cut(m.Title, maxLine)
	return m
}

// add adds a fact with a value.
func (t *Texts) add(m *Message, key, value string, to URL) {
	if value != "" {
		m.Fields = append(m.Fields, Field{t.p.Text(key), value, to})
	}
}

func (t *Texts) alert(m *Message, e *alert.Event) {
	a := &m.Alert
	if e.Alert != nil {
		*a = view(e.Alert)
	}
	if tr := e.Transition; tr != nil {
		a.ID, a.Policy, a.Asset, a.AssetType = line(tr.Alert), line(tr.Key.Policy), line(tr.Key.Ref.ID), line(string(tr.Key.Ref.Type))
		a.Status, a.From, a.Reason = line(string(tr.To)), line(string(tr.From)), line(string(tr.Reason))
		a.Actor, a.Note = line(tr.Actor), line(tr.Note)
	}
	kind := m.Kind
	if e.Kind == alert.EventOpened && a.From != "" {
		kind = "reopened"
	}
	m.Title = t.p.Text("title.alert", t.p.Value("severity", a.Severity), t.p.Value("event", kind), first(a.PolicyTitle, a.Policy), first(a.AssetName, a.Asset))
	m.Text = strings.Join(slices.DeleteFunc([]string{a.Message, a.Rationale, a.Steps}, func(s string) bool { return s == "" }), "\n\n")
	t.add(m, "field.alert", a.ID, m.Link)
	t.add(m, "field.status", t.p.Value("status", a.Status), "")
	t.add(m, "field.reason", t.p.Value("reason", a.Reason), "")
	t.add(m, "field.severity", t.p.Value("severity", a.Severity), "")
	t.add(m, "field.policy", a.Policy, "")
	t.add(m, "field.asset", a.Asset, a.Console)
	t.add(m, "field.type", a.AssetType, "")
	t.add(m, "field.account", named(a.Account, a.AccountName), "")
	t.add(m, "field.region", first(a.Region, t.p.Text("text.global")), "")
	t.add(m, "field.owner", a.Owner, "")
	t.add(m, "field.assignee", a.Assignee, "")
	t.add(m, "field.actor", a.Actor, "")
	t.add(m, "field.note", a.Note, "")
	t.add(m, "field.due", Time(a.Due), "")
	t.add(m, "field.first_seen", Time(a.FirstSeen), "")
	t.add(m, "field.at", Time(m.At), "")
	t.add(m, "field.rule", m.Rule, "")
}

func view(a *alert.Alert) Alert {
	v := Alert{
		ID: line(a.ID), Status: line(string(a.Status)), Reason: line(string(a.Reason)), Severity: severity(a.Policy.Severity), Message: line(a.Message),
		Policy: line(a.Key.Policy), PolicyTitle: line(a.Policy.Title), Kind: line(string(a.Policy.Kind)),
		Rationale: text(a.Policy.Rationale), Steps: text(a.Policy.Steps), Remediable: line(string(a.Policy.Remediable)),
		Labels: lines(a.Policy.Labels), Controls: lines(a.Policy.Controls),
		Asset: line(a.Ref.ID), AssetName: line(a.Asset.Name), AssetType: line(string(a.Ref.Type)), Provider: line(a.Asset.Provider),
		Account: line(a.Asset.Account), AccountName: line(a.Asset.AccountName), Region: line(a.Asset.Region), Groups: lines(a.Asset.Groups),
		Console: link(a.Asset.URL), Owner: line(a.Owner), Assignee: line(a.Assignee),
		FirstSeen: a.FirstSeen, LastSeen: a.LastSeen, AlertTime: a.AlertTime, Due: a.Due, Overdue: a.Overdue,
	}
	for _, key := range sorted(a.Asset.Tags) {
		if v.Tags == nil {
			v.Tags = map[string]string{}
		}
		v.Tags[line(key)] = line(a.Asset.Tags[key])
	}
	return v
}

func (t *Texts) digest(m *Message, d *alert.Digest) {
	v := &m.Digest
	*v = Digest{
		Title: line(d.Title), From: d.From, To: d.To, Opened: d.Opened, Resolved: d.Resolved, Other: d.Other, More: d.More,
		Critical: d.Severity[policy.Critical], High: d.Severity[policy.High], Medium: d.Severity[policy.Medium], Low: d.Severity[policy.Low],
		Informational: d.Severity[policy.Informational],
	}
	v.Title = first(t.p.Value("period", v.Title), t.p.Text("event.digest"))
	for _, a := range d.Alerts[:min(len(d.Alerts), maxList)] {
		if a != nil {
			v.Alerts = append(v.Alerts, view(a))
		}
	}
	m.Title = t.p.Text("title.digest", v.Title, v.Opened, v.Resolved)
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return t.p.Text("text.number", n)
	}
	t.add(m, "field.opened", number(v.Opened), "")
	for _, s := range []struct {
		name string
		n    int
	}{{"critical", v.Critical}, {"high", v.High}, {"medium", v.Medium}, {"low", v.Low}, {"informational", v.Informational}} {
		t.add(m, "severity."+s.name, number(s.n), "")
	}
	t.add(m, "field.resolved", number(v.Resolved), "")
	t.add(m, "field.other", number(v.Other), "")
	for _, account := range sorted(d.Accounts) {
		if n := d.Accounts[account]; n > 0 {
			m.Fields = append(m.Fields, Field{Label: t.p.Text("field.account") + " " + line(account), Value: number(n)})
		}
	}
	if !v.From.IsZero() && !v.To.IsZero() {
		t.add(m, "field.period", Time(v.From)+" – "+Time(v.To), "")
	}
	var b strings.Builder
	for _, a := range v.Alerts {
		b.WriteString(t.p.Text("title.alert", t.p.Value("severity", a.Severity), t.p.Value("status", a.Status), first(a.PolicyTitle, a.Policy), first(a.AssetName, a.Asset)))
		b.WriteByte('\n')
	}
	if v.More > 0 {
		b.WriteString(t.p.Text("text.more", v.More))
	}
	m.Text = strings.TrimSuffix(b.String(), "\n")
}

func (t *Texts) health(m *Message, h *alert.Health) {
	m.Health = Health{Kind: line(string(h.Kind)), Subject: line(h.Subject), Message: line(h.Message), Since: h.Since, Until: h.Until}
	key := "title.health"
	if !h.Until.IsZero() {
		key = "title.healthEnded"
	}
	m.Title = t.p.Text(key, t.p.Value("health", m.Health.Kind), m.Health.Subject)
	m.Text = m.Health.Message
	t.add(m, "field.subject", m.Health.Subject, m.Link)
	t.add(m, "field.since", Time(h.Since), "")
	t.add(m, "field.until", Time(h.Until), "")
}

func (t *Texts) review(m *Message, r *alert.ReviewNote) {
	m.Review = Review{Name: line(r.Name), Title: line(r.Title), Text: text(r.Text), Item: line(r.Item)}
	m.Title = first(m.Review.Title, t.p.Text("event.review"))
	m.Text = m.Review.Text
	t.add(m, "event.review", m.Review.Name, m.Link)
	t.add(m, "field.item", m.Review.Item, "")
}

// Phrase returns the label of a value in the language: Phrase("severity", "high") is "High".
// A value without a label is returned as it is.
func (t *Texts) Phrase(prefix, value string) string { return t.p.Value(prefix, value) }

// Time returns an instant as messages write it, in UTC with minutes; empty if it is zero.
func Time(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02 15:04 UTC")
}

func severity(s policy.Severity) string {
	if s < policy.Informational || s > policy.Critical {
		return ""
	}
	return s.String()
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func named(id, name string) string {
	if name == "" || name == id {
		return id
	}
	return name + " (" + id + ")"
}

// sorted returns the first keys of a map.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys[:min(len(keys), maxList)]
}
