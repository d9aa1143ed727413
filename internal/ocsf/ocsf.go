// Package ocsf has the objects of the Open Cybersecurity Schema Framework 1.8, with the
// attributes that reports and channels use of the class Compliance Finding (2003).
package ocsf

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Version is the version of the schema.
const Version = "1.8.0"

// The objects of the schema, with the attributes that are used.
type (
	Finding struct {
		ActivityID   int          `json:"activity_id"`
		ActivityName string       `json:"activity_name"`
		CategoryUID  int          `json:"category_uid"`
		CategoryName string       `json:"category_name"`
		ClassUID     int          `json:"class_uid"`
		ClassName    string       `json:"class_name"`
		TypeUID      int          `json:"type_uid"`
		TypeName     string       `json:"type_name"`
		Time         int64        `json:"time"` // milliseconds since 1970
		SeverityID   int          `json:"severity_id"`
		Severity     string       `json:"severity"`
		StatusID     int          `json:"status_id,omitempty"`
		Status       string       `json:"status,omitempty"`
		Message      string       `json:"message"`
		Metadata     Metadata     `json:"metadata"`
		Info         Info         `json:"finding_info"`
		Compliance   Compliance   `json:"compliance"`
		Cloud        *Cloud       `json:"cloud,omitempty"`
		Resources    []Resource   `json:"resources,omitempty"`
		Remediation  *Remediation `json:"remediation,omitempty"`
		Evidences    []Evidence   `json:"evidences,omitempty"`
	}
	Metadata struct {
		Version  string   `json:"version"`
		Product  Product  `json:"product"`
		Profiles []string `json:"profiles,omitempty"`
		UID      string   `json:"uid,omitempty"` // of the event
		Tenant   string   `json:"tenant_uid,omitempty"`
	}
	Product struct {
		Name    string `json:"name"`
		Vendor  string `json:"vendor_name"`
		Version string `json:"version,omitempty"`
	}
	Info struct {
		UID   string `json:"uid"`
		Title string `json:"title"`
		Desc  string `json:"desc,omitempty"`
		URL   string `json:"src_url,omitempty"`

		// Instants in milliseconds since 1970.
		Created   int64 `json:"created_time,omitempty"`
		Modified  int64 `json:"modified_time,omitempty"`
		FirstSeen int64 `json:"first_seen_time,omitempty"`
		LastSeen  int64 `json:"last_seen_time,omitempty"`
	}
	Compliance struct {
		Control      string   `json:"control"`
		Standards    []string `json:"standards"`
		Requirements []string `json:"requirements,omitempty"`
		StatusID     int      `json:"status_id"`
		Status       string   `json:"status"`
		Details      []string `json:"status_details,omitempty"`
	}
	Cloud struct {
		Provider string   `json:"provider"`
		Account  *Account `json:"account,omitempty"`
		Region   string   `json:"region,omitempty"`
	}
	Account struct {
		UID    string `json:"uid"`
		TypeID int    `json:"type_id"`
		Type   string `json:"type"`
	}
	Resource struct {
		UID    string `json:"uid"`
		Name   string `json:"name,omitempty"`
		Type   string `json:"type"`
		Region string `json:"region,omitempty"`
	}
	Remediation struct {
		Desc string `json:"desc"`
	}
	Evidence struct {
		Data json.RawMessage `json:"data"`
	}
)

// The activities of a finding.
const (
	Create = 1
	Update = 2
	Close  = 3
)

// New returns a finding with what is the same for all of an activity.
func New(activity int, at time.Time, version string) Finding {
	const class = 2003
	name := map[int]string{Create: "Create", Update: "Update", Close: "Close"}[activity]
	return Finding{
		ActivityID: activity, ActivityName: name, CategoryUID: 2, CategoryName: "Findings",
		ClassUID: class, ClassName: "Compliance Finding", TypeUID: class*100 + activity, TypeName: "Compliance Finding: " + name,
		Time:     at.UnixMilli(),
		Metadata: Metadata{Version: Version, Product: Product{Name: "Stance", Vendor: "OpenStance", Version: version}},
	}
}

// AccountOf returns the account of a cloud.
func AccountOf(provider, account string) *Account {
	switch provider {
	case "aws":
		return &Account{account, 10, "AWS Account"}
	case "gcp":
		return &Account{account, 11, "GCP Project"}
	case "azure":
		return &Account{account, 13, "Azure Subscription"}
	}
	return &Account{account, 99, "Other"}
}

// StandardsOf returns the ids of the standards of controls,
// sorted; never nil.
func StandardsOf(controls []string) []string {
	ids := []string{}
	for _, c := range controls {
		if i := strings.LastIndexByte(c, '/'); i > 0 {
			ids = append(ids, c[:i])
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
