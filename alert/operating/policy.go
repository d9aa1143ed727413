package operating

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/glob"
	"github.com/openstance/stance/internal/nearest"
	"github.com/openstance/stance/internal/phrases"
	"github.com/openstance/stance/internal/yamlfile"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// maxFile is the size of the largest document, in bytes.
const maxFile = 4 << 20

// Options is what a document is validated against.
type Options struct {
	// Rules has the channels of the program, its policies and its accounts. The groups and
	// owners of the document replace those of Rules.
	Rules alert.RulesOptions
	// Standards are the standards that a document can name. Nil: those that the policies name.
	Standards []*compliance.Standard
	// Remediation reads the section "remediation" of the document, such as standing approvals.
	// Nil: a document with the section is refused.
	Remediation func(*yaml.Node) error
}

// Policy is a validated operating policy. It is immutable and safe for concurrent use.
type Policy struct {
	name      string
	standards []string
	baseline  bool
	schedule  Schedule
	rules     *alert.Rules
}

// Load reads an operating policy from YAML and validates it as a whole. The file name is for
// messages. The error joins every problem, each a *[policy.Diagnostic] with a position, except
// for errors of Options.Remediation that have none.
//
//	name: Acme cloud operations        # required
//	start: quiet                       # or baseline: see Policy.Baseline
//	channels: [chat, mail]             # those that the document may use; absent: all
//	standards: [cis-aws-5.0]           # those that count; absent: all policies
//	notify:                            # of rules without their own
//	  - {channels: [chat], on: [opened, overdue]}
//	due: {critical: 24h, high: 7d}     # of rules without their own
//	rules:                             # required; see alert.LoadRules
//	  - name: production
//	    accountGroups: [production]
//	groups:                            # account groups; see alert.LoadRules
//	  - {name: production, accounts: ["444455556666"]}
//	owners: {tags: [owner], default: security team}
//	review:
//	  every: monthly                   # the default, or weekly (Mondays); in UTC
//	  day: 1                           # of the month, 1 to 28
//	  channel: mail                    # default: alert.ChannelHealth
//	  language: en                     # the default, or ja
//	remediation: {}                    # read by Options.Remediation
//
// A rule without standards selects only policies that cover the standards that count.
func Load(o *Options, data []byte, file string) (*Policy, error) {
	if o == nil {
		o = &Options{}
	}
	l := &loader{options: o, file: cmp.Or(file, "operating policy"), source: data, ruleOptions: o.Rules}
	l.Report = func(line, column int, what string) {
		l.problems = append(l.problems, &policy.Diagnostic{File: l.file, Line: line, Column: column, What: what})
	}
	p := l.load()
	if err := errors.Join(l.problems...); err != nil {
		return nil, err
	}
	return p, nil
}

// Name returns the name of the policy.
func (p *Policy) Name() string { return p.name }

// Rules returns the rules that follow from the policy.
func (p *Policy) Rules() *alert.Rules { return p.rules }

// Standards returns the ids of the standards that count. Nil: all policies count.
func (p *Policy) Standards() []string { return slices.Clone(p.standards) }

// Baseline reports whether the first complete scan of a stream notifies nobody: the value for
// alert.Tracker.Baseline. Otherwise, it sends one digest to each channel.
func (p *Policy) Baseline() bool { return p.baseline }

// Schedule returns when the policy is reviewed.
func (p *Policy) Schedule() Schedule { return p.schedule }

// Apply puts the rules of the policy in force: see [alert.Tracker.SetRules]. It fails if the
// tracker's Baseline is not that of the policy.
func (p *Policy) Apply(ctx context.Context, t *alert.Tracker, actor string) (alert.Preview, error) {
	if t.Baseline != p.baseline {
		return alert.Preview{}, fmt.Errorf("apply operating policy %q: baseline of the tracker is %t (want %t)", p.name, t.Baseline, p.baseline)
	}
	return t.SetRules(ctx, p.rules, actor)
}

// Preview returns what Apply would change: see [alert.Tracker.Preview].
func (p *Policy) Preview(ctx context.Context, t *alert.Tracker) (alert.Preview, error) {
	return t.Preview(ctx, p.rules)
}

// loader reads a document.
type loader struct {
	yamlfile.File
	options     *Options
	file        string
	source      []byte
	ruleOptions alert.RulesOptions
	problems    []error
	covering    []string // ids of the policies that cover the standards that count
}

func (l *loader) load() *Policy {
	root := l.Document(l.source, maxFile)
	if root == nil {
		return nil
	}
	p := &Policy{schedule: defaultSchedule()}
	rules, defaults := &yaml.Node{Kind: yaml.MappingNode, Line: root.Line, Column: root.Column}, &yaml.Node{Kind: yaml.MappingNode, Line: root.Line, Column: root.Column}
	part := func(of *yaml.Node, key string) func(*yaml.Node) {
		return func(n *yaml.Node) { of.Content = append(of.Content, word(key, n), n) }
	}
	seen := l.Mapping(root, map[string]func(*yaml.Node){
		"name":        l.Text(&p.name),
		"start":       func(n *yaml.Node) { p.baseline = l.choice(n, "start", "quiet", "baseline") == "baseline" },
		"channels":    l.channels,
		"standards":   func(n *yaml.Node) { p.standards = l.standards(n) },
		"notify":      part(defaults, "notify"),
		"due":         part(defaults, "due"),
		"rules":       part(rules, "rules"),
		"groups":      part(rules, "groups"),
		"owners":      part(rules, "owners"),
		"review":      func(*yaml.Node) {}, // needs the channels
		"remediation": l.remediation,
	})
	if root.Kind != yaml.MappingNode {
		return nil
	}
	if n := seen["name"]; n == nil {
		l.Problem(root, "missing key \"name\"")
	} else if n.Kind == yaml.ScalarNode && strings.TrimSpace(p.name) == "" {
		l.Problem(n, "empty name")
	}
	if n := seen["review"]; n != nil {
		l.review(n, &p.schedule)
	}
	if seen["rules"] == nil {
		l.Problem(root, "missing key \"rules\" (an empty list matches nothing)")
		rules.Content = append(rules.Content, word("rules", root), &yaml.Node{Kind: yaml.SequenceNode, Line: root.Line, Column: root.Column})
	}
	if len(defaults.Content) > 0 {
		rules.Content = append(rules.Content, word("defaults", defaults), defaults)
	}
	var err error
	p.rules, err = alert.DecodeRules(&l.ruleOptions, rules, l.source, l.file, func(r *alert.Rule) error { return l.limit(r, p.standards) })
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		l.problems = append(l.problems, many.Unwrap()...)
	} else if err != nil {
		l.problems = append(l.problems, err)
	}
	return p
}

// word returns a key of a mapping that stands at another node.
func word(s string, at *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Line: at.Line, Column: at.Column}
}

// choice reads one of some words.
func (l *loader) choice(n *yaml.Node, noun string, words ...string) string {
	before := len(l.problems)
	var s string
	l.Text(&s)(n)
	if len(l.problems) == before && !slices.Contains(words, s) {
		l.unknown(n, noun, s, words)
	}
	return s
}

// unknown reports an unknown name, with the nearest of the known names.
func (l *loader) unknown(n *yaml.Node, noun, name string, names []string) {
	if near := nearest.Name(name, names); near != "" {
		l.Problem(n, "unknown %s %q; did you mean %q?", noun, name, near)
		return
	}
	const few = 12
	if len(names) > few {
		l.Problem(n, "unknown %s %q", noun, name)
		return
	}
	l.Problem(n, "unknown %s %q (has %s)", noun, name, strings.Join(names, ", "))
}

// names reads a list of distinct names, each of the known ones if these are not nil.
func (l *loader) names(n *yaml.Node, noun string, known []string) []string {
	names := []string{}
	l.List(n, func(el *yaml.Node) {
		var s string
		l.Text(&s)(el)
		switch {
		case s == "":
			l.Problem(el, "empty %s", noun)
		case slices.Contains(names, s):
			l.Problem(el, "duplicate %s %q", noun, s)
		case known != nil && !slices.Contains(known, s):
			l.unknown(el, noun, s, known)
		}
		names = append(names, s)
	})
	return names
}

// channels reads the channels that the document may use.
func (l *loader) channels(n *yaml.Node) {
	l.ruleOptions.Channels = l.names(n, "channel", l.options.Rules.Channels)
}

// standards reads the standards that count.
func (l *loader) standards(n *yaml.Node) []string {
	var known []string
	for _, s := range l.options.Standards {
		known = append(known, s.ID)
	}
	set := l.options.Rules.Set
	if l.options.Standards == nil && set != nil {
		known = []string{}
		for q := range set.Policies() {
			for _, c := range q.Controls {
				standard, _, _ := strings.Cut(c, "/")
				known = append(known, standard)
			}
		}
		slices.Sort(known)
		known = slices.Compact(known)
	}
	names := l.names(n, "standard", known)
	if len(names) == 0 && n.Kind == yaml.SequenceNode {
		l.Problem(n, "standards is empty (omit the key to count all policies)")
	}
	if l.options.Standards == nil || set == nil {
		return names
	}
	m, err := compliance.NewMapping(set.Policies(), l.options.Standards...)
	if err != nil {
		l.Problem(n, "%v", err)
		return names
	}
	l.covering = []string{}
	for _, s := range l.options.Standards {
		if !slices.Contains(names, s.ID) {
			continue
		}
		before := len(l.covering)
		for _, section := range s.Sections() {
			l.covering = append(l.covering, m.Policies(s.Control(section))...)
		}
		if len(l.covering) == before {
			l.Problem(n, "standard %q: no policy covers a section of it", s.ID)
		}
	}
	slices.Sort(l.covering)
	l.covering = slices.Compact(l.covering)
	return names
}

// limit limits a rule to the standards that count. The sections of a standard may name
// policies that do not name them: then the rule selects policies by id.
func (l *loader) limit(r *alert.Rule, standards []string) error {
	switch {
	case len(standards) == 0 || len(r.Standards) > 0:
	case len(l.covering) == 0:
		r.Standards = slices.Clone(standards)
	case len(r.Policies) == 0:
		r.Policies = slices.Clone(l.covering)
	default:
		chosen := slices.DeleteFunc(slices.Clone(l.covering), func(id string) bool { return !glob.Any(r.Policies, id) && !l.renamed(id, r.Policies) })
		if len(chosen) == 0 {
			return fmt.Errorf("rule %q selects no policy that covers a standard that counts", r.Name)
		}
		r.Policies = chosen
	}
	return nil
}

// renamed reports whether patterns match an id that a policy had before.
func (l *loader) renamed(id string, patterns []string) bool {
	q, ok := l.options.Rules.Set.Policy(id)
	return ok && slices.ContainsFunc(q.PreviousIDs, func(id string) bool { return glob.Any(patterns, id) })
}

// remediation passes the section on.
func (l *loader) remediation(n *yaml.Node) {
	if l.options.Remediation == nil {
		l.Problem(n, "section \"remediation\" is not supported by this program")
		return
	}
	if err := l.options.Remediation(n); err != nil {
		l.problems = append(l.problems, fmt.Errorf("%s:%d:%d: remediation: %w", l.file, n.Line, n.Column, err))
	}
}

// review reads the schedule of the review.
func (l *loader) review(n *yaml.Node, s *Schedule) {
	seen := l.Mapping(n, map[string]func(*yaml.Node){
		"every": func(n *yaml.Node) {
			s.Every = alert.Period(l.choice(n, "period of reviews", string(alert.Weekly), string(alert.Monthly)))
		},
		"day": func(n *yaml.Node) {
			if n.Kind != yaml.ScalarNode || n.Decode(&s.Day) != nil || s.Day < 1 || s.Day > 28 {
				l.Problem(n, "invalid day (want 1 to 28)")
			}
		},
		"channel": func(n *yaml.Node) {
			before := len(l.problems)
			l.Text(&s.Channel)(n)
			known := l.ruleOptions.Channels
			switch {
			case len(l.problems) > before:
			case s.Channel == "":
				l.Problem(n, "empty channel")
			case known != nil && s.Channel != alert.ChannelHealth && !slices.Contains(known, s.Channel):
				l.unknown(n, "channel", s.Channel, known)
			}
		},
		"language": func(n *yaml.Node) {
			l.Text(&s.Language)(n)
			if p, err := phrases.New(s.Language); err != nil {
				l.Problem(n, "%v", err)
			} else {
				s.Language = p.Language()
			}
		},
	})
	if n := seen["day"]; n != nil && s.Every == alert.Weekly {
		l.Problem(n, "day of a weekly review (reviews are on Mondays)")
	}
}
