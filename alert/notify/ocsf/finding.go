package ocsf

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/ocsf"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

// finding is a Compliance Finding with what only alerts have.
type finding struct {
	ocsf.Finding
	Comment string `json:"comment,omitempty"`
}

// findings returns the findings that an event writes.
func (n *Notifier) findings(e *alert.Event) []finding {
	switch {
	case e.Digest != nil:
		var all []finding
		for _, a := range e.Digest.Alerts {
			if a != nil {
				all = append(all, n.ofAlert(e, a, ocsf.Update, a.Status, e.ID+"/"+a.ID))
			}
		}
		return all
	case e.Alert != nil:
		activity, status := ocsf.Update, e.Alert.Status
		switch {
		case e.Kind == alert.EventResolved:
			activity = ocsf.Close
		case e.Kind == alert.EventOpened && (e.Transition == nil || e.Transition.From == ""):
			activity = ocsf.Create
		}
		if e.Transition != nil {
			status = e.Transition.To
		}
		return []finding{n.ofAlert(e, e.Alert, activity, status, e.ID)}
	case e.Health != nil:
		activity := ocsf.Create
		if !e.Health.Until.IsZero() {
			activity = ocsf.Close
		}
		return []finding{n.ofAlerting(e, activity, "health/"+string(e.Health.Kind)+"/"+e.Health.Subject, string(e.Health.Kind), e.Health.Message)}
	case e.Kind == alert.EventTest:
		return []finding{n.ofAlerting(e, ocsf.Create, e.ID, "test", "test")}
	}
	return nil
}

func (n *Notifier) ofAlerting(e *alert.Event, activity int, id, control, text string) finding {
	f := finding{Finding: ocsf.New(activity, e.At, n.options.Version)}
	f.Metadata.UID = printable.Text(e.ID)
	f.Message = cmp.Or(printable.Text(text), "-")
	f.Info = ocsf.Info{UID: printable.Text(id), Title: printable.Text(control)}
	f.Compliance = ocsf.Compliance{Control: printable.Text(control), Standards: []string{}, StatusID: 99, Status: "Not Applicable"}
	f.SeverityID, f.Severity = 1, "Informational"
	f.StatusID, f.Status = 1, "New"
	if activity == ocsf.Close {
		f.StatusID, f.Status = 4, "Resolved"
	}
	return f
}

func (n *Notifier) ofAlert(e *alert.Event, a *alert.Alert, activity int, status alert.Status, id string) finding {
	f := finding{Finding: ocsf.New(activity, e.At, n.options.Version)}
	p := &a.Policy
	f.Metadata.UID, f.Metadata.Tenant = printable.Text(id), printable.Text(e.Tenant)
	f.Message = cmp.Or(printable.Text(a.Message), printable.Text(p.Title), "-")
	f.Info = ocsf.Info{
		UID: printable.Text(a.ID), Title: printable.Text(p.Title), Desc: printable.Text(p.Rationale),
		Created: millis(a.FirstSeen), FirstSeen: millis(a.FirstSeen), LastSeen: millis(a.LastObserved), Modified: millis(a.LastSeen),
	}
	f.Compliance = ocsf.Compliance{
		Control: printable.Text(a.Key.Policy), Standards: ocsf.StandardsOf(p.Controls), Requirements: p.Controls, StatusID: 3, Status: "Fail",
	}
	if status == alert.Resolved && a.Verdict != policy.Fail {
		f.Compliance.StatusID, f.Compliance.Status = 1, "Pass"
		if a.Verdict != policy.Pass {
			f.Compliance.StatusID, f.Compliance.Status = 99, "Not Applicable"
		}
	}
	name := p.Severity.String()
	f.SeverityID, f.Severity = int(p.Severity), strings.ToUpper(name[:1])+name[1:]
	f.StatusID, f.Status = statusOf(status)
	if e.Transition != nil {
		f.Comment = printable.Text(e.Transition.Note)
		f.Compliance.Details = []string{printable.Text(string(e.Transition.Reason))}
	}
	if strings.HasPrefix(e.Link, "https://") || strings.HasPrefix(e.Link, "http://") {
		f.Info.URL = printable.Text(e.Link)
	}
	if a.Asset.Provider != "" {
		f.Metadata.Profiles = []string{"cloud"}
		f.Cloud = &ocsf.Cloud{Provider: printable.Text(a.Asset.Provider), Region: printable.Text(a.Asset.Region)}
		if a.Asset.Account != "" {
			f.Cloud.Account = ocsf.AccountOf(a.Asset.Provider, printable.Text(a.Asset.Account))
		}
	}
	f.Resources = []ocsf.Resource{{
		UID: printable.Text(a.Ref.ID), Name: printable.Text(a.Asset.Name), Type: printable.Text(string(a.Ref.Type)), Region: printable.Text(a.Asset.Region),
	}}
	if p.Steps != "" {
		f.Remediation = &ocsf.Remediation{Desc: printable.Lines(p.Steps)}
	}
	for _, x := range a.Evidence {
		data, err := json.Marshal(map[string]string{"path": string(x.Path), "value": printable.Text(x.Value)})
		if err == nil {
			f.Evidences = append(f.Evidences, ocsf.Evidence{Data: data})
		}
	}
	return f
}

func statusOf(s alert.Status) (int, string) {
	switch s {
	case alert.Open:
		return 1, "New"
	case alert.PendingResolution:
		return 2, "In Progress"
	case alert.Dismissed, alert.Snoozed:
		return 3, "Suppressed"
	case alert.Resolved:
		return 4, "Resolved"
	}
	return 99, "Other"
}

func millis(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}
