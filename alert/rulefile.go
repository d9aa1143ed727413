package alert

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/yamlfile"
	"github.com/openstance/stance/policy"
)

// maxRuleFile is the size of the largest file of rules, in bytes.
const maxRuleFile = 4 << 20

// LoadRules reads a set of rules from YAML and validates it like [NewRules]. The file name is
// for messages. The error joins every problem, each a *[policy.Diagnostic] with a position.
//
//	rules:
//	  - name: exposed production        # unique, required
//	    description: what a stranger can reach
//	    owner: security team
//	    enabled: true                   # the default
//	    policies: [aws-s3-*]            # ids, with * for any characters
//	    excludedPolicies: [aws-s3-bucket-versioning]
//	    labels: [exposure]
//	    kinds: [config, network]
//	    severities: [high, critical]
//	    standards: [cis-aws-5.0, pci-dss-4.0/1.3]
//	    providers: [aws]
//	    accountGroups: [production]
//	    accounts: ["4444*"]             # ids
//	    excludedAccounts: ["444455557777"]
//	    regions: [eu-central-1, global] # global: without a region
//	    types: ["AWS::S3::*"]
//	    assets: ["arn:aws:s3:::shop-*"] # ids
//	    tags: {env: [prod, staging], owner: "*"} # one of these; "*": any value
//	    where: '!(asset.name in ["shop-public"])' # see CompileFilter
//	    notify:
//	      - channels: [chat, mail]
//	        on: [opened, resolved]      # also dismissed, snoozed, pending, overdue, flapping
//	        delay: 10m
//	        every: daily                # immediately (the default), hourly, weekly, monthly
//	    due: {critical: 24h, high: 7d}  # from the opening; units: w, d, h, m, s
//	    autoRemediate: false            # the default
//
// All fields of a rule must match, each with one of its values; fields that are absent match
// every alert. The document may have other keys. What a rule lacks is taken from the defaults;
// of the due dates, those of the severities that it selects. The last two replace the
// [RulesOptions]:
//
//	defaults:
//	  notify: [{channels: [mail], every: daily}]
//	  due: {critical: 24h, high: 7d}
//	groups:                             # account groups: see asset.Group
//	  - name: production
//	    owner: ops@example.com
//	    parents: [prod]
//	    children: [{name: shop, names: [shop-*], tags: {team: shop}}]
//	owners:
//	  tags: [owner, team]
//	  accounts: {"444455556666": shop team}
//	  default: security team
func LoadRules(o *RulesOptions, data []byte, file string) (*Rules, error) {
	r := newRuleReader(data, file)
	root := r.Document(data, maxRuleFile)
	if root == nil {
		return nil, errors.Join(r.problems...)
	}
	return r.read(o, root, nil)
}

// DecodeRules is [LoadRules] for a part of a YAML document: root is a mapping with the keys of
// LoadRules, and source the document, for positions. If adjust is not nil, it is called with
// each rule before the rule is validated. It may change the rule, and its error is a problem of
// the rule.
func DecodeRules(o *RulesOptions, root *yaml.Node, source []byte, file string, adjust func(*Rule) error) (*Rules, error) {
	return newRuleReader(source, file).read(o, root, adjust)
}

func newRuleReader(source []byte, file string) *ruleReader {
	r := &ruleReader{name: cmp.Or(file, "rules"), source: source}
	r.Report = func(line, column int, what string) {
		r.problems = append(r.problems, &policy.Diagnostic{File: r.name, Line: line, Column: column, What: what})
	}
	return r
}

func (r *ruleReader) read(o *RulesOptions, root *yaml.Node, adjust func(*Rule) error) (*Rules, error) {
	options := RulesOptions{}
	if o != nil {
		options = *o
	}
	var list *yaml.Node
	var defaults placedRule
	seen := r.Mapping(root, map[string]func(*yaml.Node){
		"rules":    func(n *yaml.Node) { list = n },
		"defaults": func(n *yaml.Node) { defaults = r.defaults(n) },
		"groups":   func(n *yaml.Node) { options.Groups = r.groups(n) },
		"owners":   func(n *yaml.Node) { options.Owners = r.owners(n) },
	})
	var rules []placedRule
	if list != nil {
		r.List(list, func(el *yaml.Node) { rules = r.append(rules, el, &defaults) })
	}
	if seen["rules"] == nil && len(r.problems) == 0 {
		r.Problem(root, "missing key \"rules\" (an empty list matches nothing)")
	}
	problems := r.problems
	if defaults.Rule != nil {
		// Defaults that no rule takes are validated as well.
		probe := *defaults.Rule
		if len(probe.Due) == 0 {
			probe.Due = map[policy.Severity]time.Duration{policy.High: time.Hour}
		}
		c := newRuleCompiler(&RulesOptions{Channels: options.Channels})
		c.rule(&placedRule{Rule: &probe, file: r.name, place: defaults.place})
		problems = append(problems, c.problems...)
	}
	for i := 0; adjust != nil && i < len(rules); i++ {
		if err := adjust(rules[i].Rule); err != nil {
			p := &ruleProblems{placedRule: &rules[i]}
			p.add("", "%v", err)
			problems = append(problems, p.found...)
		}
	}
	set, err := newRules(&options, rules)
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		problems = append(problems, many.Unwrap()...)
	}
	if err := errors.Join(distinct(problems)...); err != nil {
		return nil, err
	}
	return set, nil
}

// distinct returns errors without those that repeat another: a problem of the defaults is one
// of each rule that takes them.
func distinct(problems []error) []error {
	seen := map[string]bool{}
	return slices.DeleteFunc(problems, func(err error) bool {
		repeated := seen[err.Error()]
		seen[err.Error()] = true
		return repeated
	})
}

// defaults reads what rules take that lack it.
func (r *ruleReader) defaults(n *yaml.Node) placedRule {
	rule, at := &Rule{Name: "defaults"}, map[string]*yaml.Node{"": n}
	r.Mapping(n, map[string]func(*yaml.Node){
		"notify": func(n *yaml.Node) { at["notify"] = n; rule.Notify = r.notices(n, at) },
		"due":    func(n *yaml.Node) { at["due"] = n; rule.Due = r.due(n, at) },
	})
	return placedRule{Rule: rule, file: r.name, place: r.place(at)}
}

// ruleReader reads rules from YAML.
type ruleReader struct {
	yamlfile.File
	name     string
	source   []byte
	problems []error
}

// append reads a rule, completes it by the defaults, and appends it if it has no problems.
func (r *ruleReader) append(rules []placedRule, n *yaml.Node, defaults *placedRule) []placedRule {
	before := len(r.problems)
	rule, at := r.rule(n)
	if len(r.problems) > before {
		return rules
	}
	place := r.place(at)
	if d := defaults.Rule; d != nil {
		ownNotify, ownDue := at["notify"] != nil, at["due"] != nil
		c := d.clone()
		if !ownNotify {
			rule.Notify = c.Notify
		}
		if !ownDue {
			maps.DeleteFunc(c.Due, func(s policy.Severity, _ time.Duration) bool { return !oneOf(rule.Severities, s) })
			rule.Due = c.Due
		}
		own := place
		place = func(part string, offset int) (line, column int) {
			if !ownNotify && strings.HasPrefix(part, "notify") || !ownDue && strings.HasPrefix(part, "due") {
				return defaults.place(part, offset)
			}
			return own(part, offset)
		}
	}
	return append(rules, placedRule{Rule: rule, file: r.name, place: place})
}

// place returns the function that finds the parts of a rule.
func (r *ruleReader) place(at map[string]*yaml.Node) func(part string, offset int) (line, column int) {
	return func(part string, offset int) (line, column int) {
		if n := at[part]; n != nil && offset >= 0 && offset <= len(n.Value) {
			return yamlfile.Place(r.source, n, offset)
		}
		for at[part] == nil && part != "" {
			part = part[:max(0, strings.LastIndexAny(part, ".["))]
		}
		return at[part].Line, at[part].Column
	}
}

// rule reads a rule, and where its parts are.
func (r *ruleReader) rule(n *yaml.Node) (*Rule, map[string]*yaml.Node) {
	rule, at := &Rule{}, map[string]*yaml.Node{"": n}
	s := &rule.Selector
	enabled := true
	texts := func(name string, to *[]string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.Texts(to)(n)
			at[name] = n
			for i, el := range n.Content {
				at[element(name, i)] = yamlfile.Resolve(el)
			}
		}
	}
	placed := func(name string, read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { at[name] = n; read(n) }
	}
	var kinds, severities []string
	seen := r.Mapping(n, map[string]func(*yaml.Node){
		"name":        placed("name", r.Text(&rule.Name)),
		"description": r.Text(&rule.Description),
		"owner":       r.Text(&rule.Owner),
		"enabled":     r.Bool(&enabled),

		"policies": texts("policies", &s.Policies), "excludedPolicies": texts("excludedPolicies", &s.ExcludedPolicies),
		"labels": texts("labels", &s.Labels), "kinds": texts("kinds", &kinds), "severities": texts("severities", &severities),
		"standards": texts("standards", &s.Standards), "providers": texts("providers", &s.Providers),
		"accountGroups": texts("accountGroups", &s.AccountGroups), "accounts": texts("accounts", &s.Accounts),
		"excludedAccounts": texts("excludedAccounts", &s.ExcludedAccounts), "regions": texts("regions", &s.Regions),
		"types": texts("types", &s.Types), "assets": texts("assets", &s.Assets),
		"tags": placed("tags", func(n *yaml.Node) { s.Tags = r.tagList(n) }),

		"where":         placed("where", r.condition(&rule.Where)),
		"notify":        placed("notify", func(n *yaml.Node) { rule.Notify = r.notices(n, at) }),
		"due":           placed("due", func(n *yaml.Node) { rule.Due = r.due(n, at) }),
		"autoRemediate": r.Bool(&rule.AutoRemediate),
	})
	r.notEmpty(seen, "policies", "labels", "kinds", "severities", "standards", "providers", "accountGroups", "accounts", "regions",
		"types", "assets", "tags")
	rule.Disabled = !enabled
	for _, k := range kinds {
		s.Kinds = append(s.Kinds, policy.Kind(k))
	}
	for i, name := range severities {
		severity, err := policy.ParseSeverity(name)
		if err != nil {
			r.Problem(cmp.Or(at[element("severities", i)], at["severities"]), "%v", err)
		}
		s.Severities = append(s.Severities, severity)
	}
	return rule, at
}

// notEmpty reports empty lists and mappings, which would match everything.
func (r *ruleReader) notEmpty(seen map[string]*yaml.Node, keys ...string) {
	for _, key := range keys {
		if n := seen[key]; n != nil && n.Kind != yaml.ScalarNode && len(n.Content) == 0 {
			r.Problem(n, "%s is empty (omit the key to match all)", key)
		}
	}
}

// condition reads a condition, which is not empty.
func (r *ruleReader) condition(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.Text(to)(n)
		if strings.TrimSpace(*to) == "" && n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			r.Problem(n, "empty condition")
		}
	}
}

// tagList reads a mapping of keys of tags to values, "*" for any.
func (r *ruleReader) tagList(n *yaml.Node) []Tag {
	var tags []Tag
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "want a mapping of tags to values")
		return nil
	}
	for k, v := range r.Members(n) {
		if !r.Count(k) {
			break
		}
		var values []string
		if v.Kind == yaml.ScalarNode {
			var value string
			r.Text(&value)(v)
			values = []string{value}
		} else {
			r.Texts(&values)(v)
		}
		if len(values) == 0 {
			r.Problem(v, "tag %q has no values (want \"*\" for any)", k.Value)
		}
		for _, value := range values {
			switch value {
			case "":
				r.Problem(v, "empty value of tag %q (want \"*\" for any)", k.Value)
			case "*":
				value = ""
			}
			tags = append(tags, Tag{Key: k.Value, Value: value})
		}
	}
	return tags
}

// notices reads what a rule reports.
func (r *ruleReader) notices(n *yaml.Node, at map[string]*yaml.Node) []Notice {
	var notices []Notice
	r.List(n, func(el *yaml.Node) {
		var notice Notice
		var on []string
		here := element("notify", len(notices))
		at[here] = el
		part := func(name string, read func(*yaml.Node)) func(*yaml.Node) {
			return func(n *yaml.Node) {
				read(n)
				at[here+"."+name] = n
				for i, el := range n.Content {
					at[element(here+"."+name, i)] = yamlfile.Resolve(el)
				}
			}
		}
		r.Mapping(el, map[string]func(*yaml.Node){
			"channels": part("channels", r.Texts(&notice.Channels)),
			"on":       part("on", r.Texts(&on)),
			"delay":    part("delay", r.duration(&notice.Delay)),
			"every":    part("every", r.Text((*string)(&notice.Every))),
		})
		for _, kind := range on {
			notice.On = append(notice.On, EventKind(kind))
		}
		notices = append(notices, notice)
	})
	return notices
}

// due reads a mapping of severities to durations.
func (r *ruleReader) due(n *yaml.Node, at map[string]*yaml.Node) map[policy.Severity]time.Duration {
	due := map[policy.Severity]time.Duration{}
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "want a mapping of severities to durations")
		return nil
	}
	for k, v := range r.Members(n) {
		if !r.Count(k) {
			break
		}
		severity, err := policy.ParseSeverity(k.Value)
		if err != nil {
			r.Problem(k, "%v", err)
			continue
		}
		if _, ok := due[severity]; ok {
			r.Problem(k, "duplicate severity %q", severity)
		}
		var d time.Duration
		before := len(r.problems)
		r.duration(&d)(v)
		if len(r.problems) > before {
			continue
		}
		due[severity] = d
		at["due."+severity.String()] = v
	}
	return due
}

// owners reads who is responsible.
func (r *ruleReader) owners(n *yaml.Node) Owners {
	var o Owners
	r.Mapping(n, map[string]func(*yaml.Node){
		"tags": r.Texts(&o.Tags), "accounts": r.Tags(&o.Accounts), "default": r.Text(&o.Default),
	})
	o.Tags = cloneList(o.Tags)
	if len(o.Accounts) == 0 {
		o.Accounts = nil
	}
	return o
}

// groups reads account groups.
func (r *ruleReader) groups(n *yaml.Node) asset.Groups {
	groups := asset.Groups{}
	r.List(n, func(el *yaml.Node) {
		var g asset.Group
		seen := r.Mapping(el, map[string]func(*yaml.Node){
			"name": r.Text(&g.Name), "description": r.Text(&g.Description), "owner": r.Text(&g.Owner),
			"accounts": r.Texts(&g.Accounts), "names": r.Texts(&g.Names), "parents": r.Texts(&g.Parents),
			"tags": r.Tags(&g.Tags), "children": func(n *yaml.Node) { g.Children = r.groups(n) },
		})
		r.notEmpty(seen, "accounts", "names", "parents", "tags", "children")
		if g.Name == "" {
			r.Problem(el, "account group has no name")
		}
		groups = append(groups, g)
	})
	return groups
}
