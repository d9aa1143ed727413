package webhook

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/policy"
)

// flat is the object of an alert, as Prisma Cloud sends it. Times are milliseconds.
type flat struct {
	AlertID       string `json:"alertId"`
	AlertStatus   string `json:"alertStatus"`
	Reason        string `json:"reason"`
	AlertTime     int64  `json:"alertTs"`
	FirstSeen     int64  `json:"firstSeen"`
	LastSeen      int64  `json:"lastSeen"`
	AlertRuleID   string `json:"alertRuleId"`
	AlertRuleName string `json:"alertRuleName"`
	CallbackURL   string `json:"callbackUrl"`
	Source        string `json:"source"`

	AccountID        string   `json:"accountId"`
	AccountName      string   `json:"accountName"`
	AccountOwners    []string `json:"accountOwners"`
	AccountAncestors []string `json:"accountAncestors"`
	CloudType        string   `json:"cloudType"`

	PolicyID             string    `json:"policyId"`
	PolicyName           string    `json:"policyName"`
	PolicyType           string    `json:"policyType"`
	PolicyDescription    string    `json:"policyDescription"`
	PolicyRecommendation string    `json:"policyRecommendation"`
	PolicyLabels         []string  `json:"policyLabels"`
	Severity             string    `json:"severity"`
	RiskRating           *string   `json:"riskRating"`
	SavedSearchID        string    `json:"savedSearchId"`
	Compliance           []control `json:"complianceMetadata"`

	ResourceID           string   `json:"resourceId"`
	ResourceName         string   `json:"resourceName"`
	ResourceType         string   `json:"resourceType"`
	ResourceRegion       string   `json:"resourceRegion"`
	ResourceRegionID     string   `json:"resourceRegionId"`
	ResourceCloudService string   `json:"resourceCloudService"`
	Resource             resource `json:"resource"`

	CLI            *string `json:"alertRemediationCli"`
	CLIDescription *string `json:"alertRemediationCliDescription"`
	Impact         *string `json:"alertRemediationImpact"`

	HasFinding     bool              `json:"hasFinding"`
	FindingSummary *string           `json:"findingSummary"`
	Anomaly        *string           `json:"anomaly"`
	Tags           []tag             `json:"tags"`
	AdditionalInfo map[string]string `json:"additionalInfo"`
	Attribution    *string           `json:"alertAttribution"`
	DismissalNote  string            `json:"alertDismissalNote"`
}

type control struct {
	Standard      string `json:"standardName"`
	Requirement   string `json:"requirementId"`
	Section       string `json:"sectionId"`
	Compliance    string `json:"complianceId"`
	SystemDefault bool   `json:"systemDefault"`
}

type resource struct {
	Data            any               `json:"data"`
	URL             string            `json:"url"`
	RRN             string            `json:"rrn"`
	ID              string            `json:"id"`
	Name            string            `json:"name"`
	Account         string            `json:"account"`
	AccountID       string            `json:"accountId"`
	Region          string            `json:"region"`
	RegionID        string            `json:"regionId"`
	CloudType       string            `json:"cloudType"`
	ResourceAPIName string            `json:"resourceApiName"`
	ResourceType    string            `json:"resourceType"`
	AdditionalInfo  map[string]string `json:"additionalInfo"`
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// prisma returns the objects of an event: of a digest one for each alert that it lists.
func (n *Notifier) prisma(e alert.Event, limit int) ([]byte, error) {
	var all []flat
	switch {
	case e.Digest != nil && len(e.Digest.Alerts) > 0:
		for _, a := range e.Digest.Alerts {
			if a != nil {
				all = append(all, n.flat(alert.Event{ID: e.ID, Kind: e.Kind, At: e.At, Rule: e.Rule, Link: e.Link, Alert: a}))
			}
		}
	default:
		all = []flat{n.flat(e)}
	}
	for _, reduce := range []func(*flat){nil, dropData, cutTexts} {
		var b bytes.Buffer
		for i := range all {
			if reduce != nil {
				reduce(&all[i])
			}
			one, err := json.Marshal(all[i])
			if err != nil {
				return nil, err
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(one)
		}
		if b.Len() <= limit {
			return b.Bytes(), nil
		}
	}
	return nil, payload.ErrTooLarge
}

// dropData leaves out the data of the asset, and says so.
func dropData(f *flat) {
	f.Resource.Data, f.Tags = nil, nil
	if f.AdditionalInfo == nil {
		f.AdditionalInfo = map[string]string{}
	}
	f.AdditionalInfo["truncated"] = "resource.data, tags"
}

func cutTexts(f *flat) {
	for _, s := range []*string{&f.PolicyName, &f.PolicyDescription, &f.PolicyRecommendation, &f.ResourceName, &f.Resource.Name, &f.DismissalNote} {
		*s = payload.Cut(*s, 1024)
	}
	f.PolicyLabels, f.Compliance = f.PolicyLabels[:min(len(f.PolicyLabels), 20)], f.Compliance[:min(len(f.Compliance), 20)]
}

// flat returns the object of an event. Kinds of events that are not about an alert have the
// same members, with the texts of the event in those of the policy.
func (n *Notifier) flat(e alert.Event) flat {
	f := flat{
		AlertID: e.ID, AlertStatus: string(alert.Open), Reason: string(alert.NewAlert), AlertTime: millis(e.At), FirstSeen: millis(e.At), LastSeen: millis(e.At),
		AlertRuleID: e.Rule, AlertRuleName: e.Rule, CallbackURL: e.Link, Source: "Stance",
		PolicyLabels: []string{}, Compliance: []control{}, Tags: []tag{}, AccountOwners: []string{}, AccountAncestors: []string{},
		AdditionalInfo: map[string]string{"eventId": e.ID, "eventKind": string(e.Kind)},
	}
	m := n.texts.Message(&e)
	if e.Alert != nil {
		f.fill(e.Alert)
	} else {
		f.PolicyName, f.PolicyDescription, f.PolicyType, f.Severity = m.Title, m.Text, string(e.Kind), "informational"
	}
	if h := e.Health; h != nil {
		f.ResourceID, f.ResourceName, f.FirstSeen = h.Subject, h.Subject, millis(h.Since)
		if !h.Until.IsZero() {
			f.AlertStatus, f.Reason = string(alert.Resolved), string(alert.ResourceUpdated)
		}
	}
	if t := e.Transition; t != nil {
		f.AlertID, f.AlertStatus, f.Reason = t.Alert, string(t.To), string(t.Reason)
		f.DismissalNote = t.Note
	}
	if e.Kind == alert.EventTest {
		f.AlertID = "P-0"
	}
	return f
}

func (f *flat) fill(a *alert.Alert) {
	f.AlertID, f.AlertStatus, f.Reason = a.ID, string(a.Status), string(a.Reason)
	f.AlertTime, f.FirstSeen, f.LastSeen = millis(a.AlertTime), millis(a.FirstSeen), millis(a.LastSeen)
	s, region := &a.Asset, a.Asset.Region
	if region == "" {
		region = "global"
	}
	f.AccountID, f.AccountName, f.CloudType = s.Account, s.AccountName, s.Provider
	if a.Owner != "" {
		f.AccountOwners = []string{a.Owner}
	}
	p := &a.Policy
	f.PolicyID, f.PolicyName, f.PolicyType, f.PolicyDescription, f.PolicyRecommendation = a.Key.Policy, p.Title, policyType(p.Kind), p.Rationale, p.Steps
	f.PolicyLabels, f.Severity = append(f.PolicyLabels, p.Labels...), p.Severity.String()
	for _, c := range p.Controls {
		standard, section, _ := strings.Cut(c, "/")
		f.Compliance = append(f.Compliance, control{standard, section, section, c, true})
	}
	if p.CLI != "" {
		f.CLI, f.CLIDescription, f.Impact = &p.CLI, &p.Steps, new(string)
		*f.Impact = string(p.Class)
	}
	service := strings.Split(string(a.Ref.Type), ".")
	if len(service) > 1 {
		f.ResourceCloudService = service[1]
	}
	f.ResourceID, f.ResourceName, f.ResourceType, f.ResourceRegion, f.ResourceRegionID = a.Ref.ID, s.Name, string(a.Ref.Type), region, region
	f.Resource = resource{
		URL: s.URL, ID: a.Ref.ID, Name: s.Name, Account: s.AccountName, AccountID: s.Account, Region: region, RegionID: region,
		CloudType: s.Provider, ResourceAPIName: string(a.Ref.Type), ResourceType: string(a.Ref.Type),
	}
	if len(a.Evidence) > 0 {
		f.Resource.Data = a.Evidence
	}
	for key, value := range s.Tags {
		f.Tags = append(f.Tags, tag{key, value})
	}
	slices.SortFunc(f.Tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	if a.Accepted != nil {
		f.DismissalNote = a.Accepted.Note
	}
	f.AdditionalInfo["message"] = a.Message
}

// policyType returns the name that Prisma Cloud has for a kind of policy.
func policyType(k policy.Kind) string {
	switch k {
	case "":
		return string(policy.KindConfig)
	case policy.KindIdentity:
		return "iam"
	case policy.KindEvent:
		return "audit_event"
	}
	return string(k)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
