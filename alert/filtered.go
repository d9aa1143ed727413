package alert

import (
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// filtered is an alert as conditions see it.
type filtered struct {
	alert  *Alert
	groups []string
	// more is why the account may be in further groups; nil: it is known to be in no other.
	more *asset.Unread
}

// variable returns the value of a variable of a condition.
func (f filtered) variable(run *expr.Run, name string) (ref.Val, bool) {
	switch name {
	case "alert":
		return &expr.Struct[alertFields]{Fields: alertFields{f.alert}}, true
	case "policy":
		return &expr.Struct[policyFields]{Fields: policyFields{f.alert}}, true
	case "asset":
		return &expr.Struct[assetFields]{Fields: assetFields{f, run}}, true
	}
	return nil, false
}

func texts(list []string) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, list) }

func instant(t time.Time) ref.Val { return types.Timestamp{Time: t} }

type alertFields struct{ a *Alert }

// Field implements [expr.Fields].
func (f alertFields) Field(name string) (ref.Val, bool) {
	switch name {
	case "id":
		return types.String(f.a.ID), true
	case "status":
		return types.String(f.a.Status), true
	case "reason":
		return types.String(f.a.Reason), true
	case "verdict":
		return types.String(f.a.Verdict.String()), true
	case "firstSeen":
		return instant(f.a.FirstSeen), true
	case "lastSeen":
		return instant(f.a.LastSeen), true
	case "alertTime":
		return instant(f.a.AlertTime), true
	case "due":
		return instant(f.a.Due), !f.a.Due.IsZero()
	case "overdue":
		return types.Bool(f.a.Overdue), true
	case "owner":
		return types.String(f.a.Owner), true
	case "assignee":
		return types.String(f.a.Assignee), true
	case "rules":
		return texts(f.a.Rules), true
	}
	return nil, false
}

// Len implements [expr.Fields].
func (f alertFields) Len() int { return 12 }

type policyFields struct{ a *Alert }

// Field implements [expr.Fields].
func (f policyFields) Field(name string) (ref.Val, bool) {
	p := &f.a.Policy
	switch name {
	case "id":
		return types.String(f.a.Key.Policy), true
	case "title":
		return types.String(p.Title), true
	case "severity":
		return types.String(p.Severity.String()), true
	case "kind":
		return types.String(p.Kind), true
	case "labels":
		return texts(p.Labels), true
	case "controls":
		return texts(p.Controls), true
	case "class":
		return types.String(p.Class), true
	case "remediable":
		return types.String(p.Remediable), true
	}
	return nil, false
}

// Len implements [expr.Fields].
func (f policyFields) Len() int { return 8 }

type assetFields struct {
	filtered
	run *expr.Run
}

// Field implements [expr.Fields].
func (f assetFields) Field(name string) (ref.Val, bool) {
	a := &f.alert.Asset
	switch name {
	case "type":
		return types.String(f.alert.Ref.Type), true
	case "id":
		return types.String(f.alert.Ref.ID), true
	case "name":
		return types.String(a.Name), true
	case "class":
		return types.String(a.Class), true
	case "provider":
		return types.String(a.Provider), true
	case "account":
		return types.String(a.Account), true
	case "accountName":
		return types.String(a.AccountName), true
	case "region":
		return types.String(a.Region), true
	case "tags":
		return types.NewStringStringMap(types.DefaultTypeAdapter, a.Tags), true
	case "groups":
		if f.more == nil {
			return texts(f.groups), true
		}
		items := make([]ref.Val, len(f.groups))
		for i, g := range f.groups {
			items[i] = types.String(g)
		}
		return &expr.List{Run: f.run, Items: items, More: f.more}, true
	case "url":
		return types.String(a.URL), true
	}
	return nil, false
}

// Len implements [expr.Fields].
func (f assetFields) Len() int { return 11 }
