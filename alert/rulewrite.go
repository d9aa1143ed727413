package alert

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// YAML returns the rules, groups and owners in the form that [LoadRules] reads.
func (r *Rules) YAML() ([]byte, error) {
	doc := fileForm{Rules: []ruleForm{}}
	for _, rule := range r.All() {
		doc.Rules = append(doc.Rules, formOf(rule))
	}
	if r != nil {
		if r.options.Groups != nil {
			groups := groupForms(r.options.Groups)
			doc.Groups = &groups
		}
		o := ownersForm(r.options.Owners)
		if len(o.Tags)+len(o.Accounts) > 0 || o.Default != "" {
			doc.Owners = &o
		}
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	return out.Bytes(), nil
}

// The forms of rules in YAML.
type (
	fileForm struct {
		Rules  []ruleForm
		Groups *[]groupForm `yaml:",omitempty"`
		Owners *ownersForm  `yaml:",omitempty"`
	}
	ruleForm struct {
		Name             string
		Description      string              `yaml:",omitempty"`
		Owner            string              `yaml:",omitempty"`
		Enabled          *bool               `yaml:",omitempty"`
		Policies         []string            `yaml:",omitempty,flow"`
		ExcludedPolicies []string            `yaml:"excludedPolicies,omitempty,flow"`
		Labels           []string            `yaml:",omitempty,flow"`
		Kinds            []policy.Kind       `yaml:",omitempty,flow"`
		Severities       []string            `yaml:",omitempty,flow"`
		Standards        []string            `yaml:",omitempty,flow"`
		Providers        []string            `yaml:",omitempty,flow"`
		AccountGroups    []string            `yaml:"accountGroups,omitempty,flow"`
		Accounts         []string            `yaml:",omitempty,flow"`
		ExcludedAccounts []string            `yaml:"excludedAccounts,omitempty,flow"`
		Regions          []string            `yaml:",omitempty,flow"`
		Types            []string            `yaml:",omitempty,flow"`
		Assets           []string            `yaml:",omitempty,flow"`
		Tags             map[string][]string `yaml:",omitempty,flow"`
		Where            string              `yaml:",omitempty"`
		Notify           []noticeForm        `yaml:",omitempty"`
		Due              map[string]string   `yaml:",omitempty,flow"`
		AutoRemediate    bool                `yaml:"autoRemediate,omitempty"`
	}
	noticeForm struct {
		Channels []string    `yaml:",flow"`
		On       []EventKind `yaml:",omitempty,flow"`
		Delay    string      `yaml:",omitempty"`
		Every    Period      `yaml:",omitempty"`
	}
	groupForm struct {
		Name        string
		Description string            `yaml:",omitempty"`
		Owner       string            `yaml:",omitempty"`
		Accounts    []string          `yaml:",omitempty,flow"`
		Names       []string          `yaml:",omitempty,flow"`
		Parents     []string          `yaml:",omitempty,flow"`
		Tags        map[string]string `yaml:",omitempty,flow"`
		Children    []groupForm       `yaml:",omitempty"`
	}
	ownersForm struct {
		Tags     []string          `yaml:",omitempty,flow"`
		Accounts map[string]string `yaml:",omitempty"`
		Default  string            `yaml:",omitempty"`
	}
)

func formOf(r *Rule) ruleForm {
	f := ruleForm{
		Name: r.Name, Description: r.Description, Owner: r.Owner, Policies: r.Policies, ExcludedPolicies: r.ExcludedPolicies,
		Labels: r.Labels, Kinds: r.Kinds, Standards: r.Standards, Providers: r.Providers, AccountGroups: r.AccountGroups,
		Accounts: r.Accounts, ExcludedAccounts: r.ExcludedAccounts, Regions: r.Regions, Types: r.Types, Assets: r.Assets,
		Where: r.Where, AutoRemediate: r.AutoRemediate,
	}
	if r.Disabled {
		f.Enabled = new(bool)
	}
	for _, s := range r.Severities {
		f.Severities = append(f.Severities, s.String())
	}
	for _, t := range r.Tags {
		if f.Tags == nil {
			f.Tags = map[string][]string{}
		}
		value := t.Value
		if value == "" {
			value = "*"
		}
		f.Tags[t.Key] = append(f.Tags[t.Key], value)
	}
	for _, n := range r.Notify {
		notice := noticeForm{Channels: n.Channels, On: n.On, Every: n.Every}
		if n.Delay > 0 {
			notice.Delay = formatDuration(n.Delay)
		}
		f.Notify = append(f.Notify, notice)
	}
	for severity, d := range r.Due {
		if f.Due == nil {
			f.Due = map[string]string{}
		}
		f.Due[severity.String()] = formatDuration(d)
	}
	return f
}

func groupForms(groups []asset.Group) []groupForm {
	forms := make([]groupForm, len(groups))
	for i, g := range groups {
		forms[i] = groupForm{g.Name, g.Description, g.Owner, g.Accounts, g.Names, g.Parents, g.Tags, nil}
		if len(g.Children) > 0 {
			forms[i].Children = groupForms(g.Children)
		}
	}
	return forms
}
