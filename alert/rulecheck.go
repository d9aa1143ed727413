package alert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/glob"
	"github.com/openstance/stance/internal/nearest"
	"github.com/openstance/stance/policy"
)

// inSet verifies that the set of policies has what a selector names.
func (c *ruleCompiler) inSet(p *ruleProblems, s *Selector) {
	var ids, renamed, labels, kinds, standards, controls []string
	for _, q := range c.policies {
		ids, renamed = append(ids, q.ID), append(renamed, q.PreviousIDs...)
		labels, kinds, controls = append(labels, q.Labels...), append(kinds, string(q.Kind)), append(controls, q.Controls...)
		for _, control := range q.Controls {
			standard, _, _ := strings.Cut(control, "/")
			standards = append(standards, standard)
		}
	}
	check := func(list, noun string, values, names []string, has func(string) bool) {
		for i, v := range values {
			if v != "" && !has(v) {
				p.add(element(list, i), "%s", unknown(noun, v, names))
			}
		}
	}
	matches := func(pattern string) bool {
		match := func(id string) bool { return glob.Match(pattern, id) }
		return slices.ContainsFunc(ids, match) || slices.ContainsFunc(renamed, match)
	}
	check("policies", "policy", s.Policies, ids, matches)
	check("excludedPolicies", "policy", s.ExcludedPolicies, ids, matches)
	check("labels", "label", s.Labels, labels, func(l string) bool { return slices.Contains(labels, l) })
	check("standards", "standard", s.Standards, append(standards, controls...), func(n string) bool { return hasControl(controls, n) })
	names := make([]string, len(s.Kinds))
	for i, k := range s.Kinds {
		names[i] = string(k)
	}
	check("kinds", "kind", names, kinds, func(k string) bool { return slices.Contains(kinds, k) })
}

// unknown returns the error of an unknown name, with the nearest of the known names.
func unknown(noun, name string, names []string) error {
	if strings.Contains(name, "*") {
		return fmt.Errorf("%s %q matches nothing", noun, name)
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	const few = 12
	switch near := nearest.Name(name, names); {
	case near != "":
		return fmt.Errorf("unknown %s %q; did you mean %q?", noun, name, near)
	case len(names) > 0 && len(names) <= few:
		return fmt.Errorf("unknown %s %q (has %s)", noun, name, strings.Join(names, ", "))
	}
	return fmt.Errorf("unknown %s %q", noun, name)
}

// impossible finds combinations of valid fields that no alert can match.
func (c *ruleCompiler) impossible(p *ruleProblems, r *compiledRule) {
	selects := func(q *policy.Policy) bool {
		return r.selectsPolicy(q.ID, q.Severity, q.Kind, q.Labels, q.Controls)
	}
	all := func(list, excluded []string) bool {
		return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !glob.Any(excluded, s) })
	}
	switch {
	case all(r.Policies, r.ExcludedPolicies) || glob.Any(r.ExcludedPolicies, ""):
		p.add("excludedPolicies", "rule excludes every policy that it selects")
	case c.options.Set != nil && !slices.ContainsFunc(c.policies, selects):
		p.add("", "rule selects no policy of the set: policies, labels, kinds, severities and standards exclude each other")
	}
	if all(r.Accounts, r.ExcludedAccounts) || glob.Any(r.ExcludedAccounts, "") {
		p.add("excludedAccounts", "rule excludes every account that it selects")
	}
	if len(r.Providers) > 0 {
		for i, t := range r.Types {
			cloud := asset.Clouds(nil).Provider(asset.Type(t))
			if cloud != "" && !strings.Contains(t, "*") && !slices.Contains(r.Providers, cloud) {
				p.add(element("types", i), "type %q is of provider %q, which the rule does not select", t, cloud)
			}
		}
	}
	if c.options.Groups != nil && len(r.AccountGroups) > 0 && len(r.Accounts) > 0 {
		c.outside(p, r)
	}
}

// outside finds accounts that a rule names and that none of its groups has.
func (c *ruleCompiler) outside(p *ruleProblems, r *compiledRule) {
	for i, id := range r.Accounts {
		at := slices.IndexFunc(c.options.Accounts, func(a asset.Account) bool { return a.ID == id })
		if at < 0 {
			continue
		}
		if in, _ := membersOf(c.options.Groups, c.options.Accounts[at]).any(r.AccountGroups); !in {
			p.add(element("accounts", i), "account %q is in none of the account groups of the rule", id)
		}
	}
}
