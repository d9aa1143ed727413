package alert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/openstance/stance/internal/expr"
	"github.com/openstance/stance/internal/glob"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

// placedRule is a rule and where it is written.
type placedRule struct {
	*Rule
	file string // empty: a Go value
	// place returns the position of a part, such as "severities[0]", or of an offset in it
	// that is not negative; nil: none is known.
	place func(part string, offset int) (line, column int)
}

// clone returns a copy that shares nothing.
func (r *Rule) clone() *Rule {
	c := *r
	s := &c.Selector
	for _, list := range []*[]string{
		&s.Policies, &s.ExcludedPolicies, &s.Labels, &s.Standards, &s.Providers, &s.AccountGroups, &s.Accounts,
		&s.ExcludedAccounts, &s.Regions, &s.Types, &s.Assets,
	} {
		*list = cloneList(*list)
	}
	s.Kinds, s.Severities, s.Tags = cloneList(s.Kinds), cloneList(s.Severities), cloneList(s.Tags)
	c.Due, c.Notify = maps.Clone(c.Due), cloneList(c.Notify)
	if len(c.Due) == 0 {
		c.Due = nil
	}
	for i := range c.Notify {
		c.Notify[i].Channels, c.Notify[i].On = cloneList(c.Notify[i].Channels), cloneList(c.Notify[i].On)
	}
	return &c
}

// cloneList returns a copy of a list; that of an empty one is nil, as a file has it that omits
// the list.
func cloneList[L ~[]E, E any](list L) L {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// ruleCompiler compiles and validates the rules of a set.
type ruleCompiler struct {
	options    RulesOptions
	conditions func() (*filterCompiler, error)
	groups     []string // names of all groups
	policies   []*policy.Policy
	names      map[string]bool // of the rules so far
	problems   []error
}

func newRuleCompiler(o *RulesOptions) *ruleCompiler {
	c := &ruleCompiler{names: map[string]bool{}}
	if o != nil {
		c.options = *o
		c.options.Channels, c.options.Accounts = slices.Clone(o.Channels), slices.Clone(o.Accounts)
		c.options.Owners.Tags, c.options.Owners.Accounts = slices.Clone(o.Owners.Tags), maps.Clone(o.Owners.Accounts)
	}
	c.groups = groupNames(c.options.Groups)
	if err := c.options.Groups.Validate(); err != nil {
		c.problems = append(c.problems, &policy.Diagnostic{File: "account groups", What: printable.Short(err.Error())})
	}
	if c.options.Set != nil {
		c.policies = slices.Collect(c.options.Set.Policies())
	}
	c.conditions = sync.OnceValues(newFilterCompiler)
	return c
}

// ruleProblems collects the problems of a rule.
type ruleProblems struct {
	*placedRule
	found []error
}

func (p *ruleProblems) add(part, format string, args ...any) {
	p.addAt(part, -1, "", fmt.Sprintf(format, args...))
}

func (p *ruleProblems) addAt(part string, offset int, snippet, what string) {
	d := &policy.Diagnostic{File: p.file, What: printable.Short(what), Snippet: snippet}
	if d.File == "" {
		d.File = fmt.Sprintf("rule %q", p.Name)
	}
	if p.place != nil {
		d.Line, d.Column = p.place(part, offset)
	}
	p.found = append(p.found, d)
}

// element names an element of a list.
func element(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// rule compiles a rule.
func (c *ruleCompiler) rule(placed *placedRule) *compiledRule {
	r := placed.Rule.clone()
	p := &ruleProblems{placedRule: placed}
	out := &compiledRule{Rule: r, policies: r.Policies, excluded: r.ExcludedPolicies}
	switch {
	case strings.TrimSpace(r.Name) == "":
		p.add("name", "rule has no name")
	case !utf8.ValidString(r.Name + r.Description + r.Owner):
		p.add("name", "invalid name, description or owner (want UTF-8)")
	case c.names[r.Name]:
		p.add("name", "duplicate rule %q", r.Name)
	}
	c.names[r.Name] = true
	c.selector(p, &r.Selector)
	c.notices(p, r)
	due(p, r)
	if r.Where != "" {
		var found []expr.Diagnostic
		if conditions, err := c.conditions(); err != nil {
			p.add("where", "%v", err)
		} else {
			out.where, found = compileFilter(conditions.rules, r.Where)
		}
		for _, d := range found {
			if strings.HasPrefix(d.Message, "unknown variable 'alert'") {
				d.Message = "unknown variable 'alert' (a rule sees policy and asset)"
			}
			p.addAt("where", d.Offset, d.Snippet, d.Message)
		}
	}
	if len(p.found) == 0 {
		out.policies, out.excluded = c.present(r.Policies), c.present(r.ExcludedPolicies)
		c.impossible(p, out)
	}
	out.selects = digestOf(r.Selector, out.policies, out.excluded, r.Where, r.Disabled)
	c.problems = append(c.problems, p.found...)
	return out
}

// present returns patterns with the present ids of policies that had an id before which
// matches.
func (c *ruleCompiler) present(patterns []string) []string {
	all := slices.Clone(patterns)
	for _, q := range c.policies {
		before := func(id string) bool { return glob.Any(patterns, id) }
		if !glob.Any(patterns, q.ID) && slices.ContainsFunc(q.PreviousIDs, before) {
			all = append(all, q.ID)
		}
	}
	return all
}

// selector validates each field of a selector.
func (c *ruleCompiler) selector(p *ruleProblems, s *Selector) {
	lists := map[string][]string{
		"policies": s.Policies, "excludedPolicies": s.ExcludedPolicies, "labels": s.Labels, "standards": s.Standards,
		"providers": s.Providers, "accountGroups": s.AccountGroups, "accounts": s.Accounts,
		"excludedAccounts": s.ExcludedAccounts, "regions": s.Regions, "types": s.Types, "assets": s.Assets,
	}
	for _, list := range slices.Sorted(maps.Keys(lists)) {
		for i, v := range lists[list] {
			if v == "" || !utf8.ValidString(v) {
				p.add(element(list, i), "invalid value %q in %s (want UTF-8, not empty)", v, list)
			}
		}
	}
	for _, t := range s.Tags {
		if t.Key == "" || !utf8.ValidString(t.Key+t.Value) {
			p.add("tags", "invalid tag %q (want UTF-8, not empty)", t.Key)
		}
	}
	for i, severity := range s.Severities {
		if severity < policy.Informational || severity > policy.Critical {
			p.add(element("severities", i), "invalid severity %d (want informational to critical)", severity)
		}
	}
	if c.options.Groups != nil {
		for i, g := range s.AccountGroups {
			if g != "" && !slices.Contains(c.groups, g) {
				p.add(element("accountGroups", i), "%s", unknown("account group", g, c.groups))
			}
		}
	}
	if c.options.Set != nil {
		c.inSet(p, s)
	}
}

// notified are the kinds of events that a rule can report.
func notified() []EventKind {
	return []EventKind{EventOpened, EventResolved, EventDismissed, EventSnoozed, EventPending, EventOverdue, EventFlapping}
}

// maxWait bounds delays and due dates.
const maxWait = 10 * 366 * 24 * time.Hour

// notices validates what a rule reports.
func (c *ruleCompiler) notices(p *ruleProblems, r *Rule) {
	type reported struct {
		channel string
		on      EventKind
	}
	seen := map[reported]bool{}
	for i, n := range r.Notify {
		at := element("notify", i)
		if len(n.Channels) == 0 {
			p.add(at, "notice has no channels")
		}
		if n.Delay < 0 || n.Delay > maxWait {
			p.add(at+".delay", "invalid delay %s (want 0 to 10 years)", n.Delay)
		}
		if !slices.Contains([]Period{"", Immediately, Hourly, Daily, Weekly, Monthly}, n.Every) {
			p.add(at+".every", "%s", unknown("period", string(n.Every), []string{"immediately", "hourly", "daily", "weekly", "monthly"}))
		}
		for j, on := range n.On {
			switch {
			case !slices.Contains(notified(), on):
				p.add(element(at+".on", j), "%s", unknown("event", string(on), kindNames(notified())))
			case on == EventOverdue && len(r.Due) == 0:
				p.add(element(at+".on", j), "event \"overdue\" of a rule without due dates")
			}
		}
		for j, channel := range n.Channels {
			part := element(at+".channels", j)
			switch {
			case channel == "" || !utf8.ValidString(channel):
				p.add(part, "invalid channel %q (want UTF-8, not empty)", channel)
			case c.options.Channels != nil && !slices.Contains(c.options.Channels, channel):
				p.add(part, "%s", unknown("channel", channel, c.options.Channels))
			}
			on := n.On
			if len(on) == 0 {
				on = []EventKind{EventOpened}
			}
			for _, kind := range on {
				if seen[reported{channel, kind}] {
					p.add(part, "channel %q hears of event %q twice", channel, kind)
				}
				seen[reported{channel, kind}] = true
			}
		}
	}
}

func kindNames(kinds []EventKind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return names
}

// due validates the due dates of a rule.
func due(p *ruleProblems, r *Rule) {
	for _, severity := range slices.Sorted(maps.Keys(r.Due)) {
		part := "due." + severity.String()
		switch d := r.Due[severity]; {
		case severity < policy.Informational || severity > policy.Critical:
			p.add("due", "invalid severity %d (want informational to critical)", severity)
		case d <= 0 || d > maxWait:
			p.add(part, "invalid due time %s of severity %q (want more than 0, at most 10 years)", d, severity)
		case !oneOf(r.Severities, severity):
			p.add(part, "due time of severity %q, which the rule does not select", severity)
		}
	}
}
