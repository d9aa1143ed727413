package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/glob"
	"github.com/openstance/stance/internal/yamlfile"
	"github.com/openstance/stance/policy"
)

// Rules is a validated set of rules. It is immutable and safe for concurrent use. A nil
// *Rules matches nothing.
type Rules struct {
	rules   []*compiledRule // sorted by name
	options RulesOptions
	members map[string]membership // of the accounts of the options, by id
	digest  string
}

// RulesOptions is what rules are validated against, and what they look up. Fields that are
// nil allow any name.
type RulesOptions struct {
	Channels []string    // the names of all channels
	Set      *policy.Set // whose policies, labels, kinds and controls rules can name

	// Groups are the account groups. If nil, the groups of an account are those in the asset
	// of the alert.
	Groups asset.Groups
	// Accounts are the known accounts. Of another account only the id is known: whether it
	// is in a group that names or parents or tags decide is unknown.
	Accounts []asset.Account

	Owners Owners
}

// Owners says who is responsible for an alert: the first of the value of a tag of the asset,
// the entry of the account, the value of a tag of the account, the owner of the innermost
// group of the account that has one, and the default.
type Owners struct {
	Tags     []string          // keys of tags, the first that an asset has counts
	Accounts map[string]string // by account id
	Default  string
}

// NewRules returns a set of copies of the rules. The error joins every problem of the rules,
// each a *[policy.Diagnostic]. No rules are a valid set, which matches nothing.
func NewRules(o *RulesOptions, rules ...*Rule) (*Rules, error) {
	placed := make([]placedRule, len(rules))
	for i, r := range rules {
		placed[i] = placedRule{Rule: r}
	}
	return newRules(o, placed)
}

func newRules(o *RulesOptions, rules []placedRule) (*Rules, error) {
	c := newRuleCompiler(o)
	r := &Rules{options: c.options}
	for i := range rules {
		if rules[i].Rule == nil {
			c.problems = append(c.problems, fmt.Errorf("rule %d is nil", i))
			continue
		}
		r.rules = append(r.rules, c.rule(&rules[i]))
	}
	if n := len(c.problems); n > yamlfile.MaxProblems {
		c.problems = append(c.problems[:yamlfile.MaxProblems], fmt.Errorf("%d more problems", n-yamlfile.MaxProblems))
	}
	if err := errors.Join(c.problems...); err != nil {
		return nil, err
	}
	slices.SortFunc(r.rules, func(a, b *compiledRule) int { return cmp.Compare(a.Name, b.Name) })
	r.finish()
	return r, nil
}

// finish computes what follows from the rules and the options.
func (r *Rules) finish() {
	r.members = make(map[string]membership, len(r.options.Accounts))
	for _, a := range r.options.Accounts {
		r.members[a.ID] = membersOf(r.options.Groups, a)
	}
	r.digest = digestOf(r.All(), r.options.Groups, r.options.Accounts, r.options.Owners)
}

// digestOf returns a digest of values that have a JSON form.
func digestOf(values ...any) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			fmt.Fprintf(h, "%#v: %v", v, err) // none of the types that are passed have such values
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Digest returns a digest of the rules, groups, accounts and owners.
func (r *Rules) Digest() string {
	if r == nil {
		return digestOf([]*Rule(nil), asset.Groups(nil), []asset.Account(nil), Owners{})
	}
	return r.digest
}

// All returns copies of all rules, sorted by name.
func (r *Rules) All() []*Rule {
	if r == nil {
		return nil
	}
	var all []*Rule
	for _, c := range r.rules {
		all = append(all, c.Rule.clone())
	}
	return all
}

// Match returns the enabled rules that match an alert, sorted by name, without regard to its
// status and verdict. The caller must not change them. What is unknown counts as a match:
// see [Rules.Undecided].
func (r *Rules) Match(a *Alert) []*Rule {
	matching, _ := r.match(a)
	return matching
}

// Undecided returns why rules match an alert only because it is unknown whether they do: it
// is unknown whether the account is in a group, or a condition had an error. Such an alert is
// opened rather than lost. It returns nil if there is no such rule.
func (r *Rules) Undecided(a *Alert) error {
	_, err := r.match(a)
	return err
}

func (r *Rules) match(a *Alert) ([]*Rule, error) {
	if r == nil {
		return nil, nil
	}
	var matching []*Rule
	var undecided []error
	m := r.membership(a)
	for _, c := range r.rules {
		if c.Disabled {
			continue
		}
		ok, why := c.matches(a, m)
		if ok {
			matching = append(matching, c.Rule)
		}
		if why != nil {
			undecided = append(undecided, fmt.Errorf("rule %q: %w", c.Name, why))
		}
	}
	return matching, errors.Join(undecided...)
}

// Due returns the due date of an alert: the shortest time that the matching rules give its
// severity after its AlertTime. It returns the zero time if they give none.
func (r *Rules) Due(a *Alert) time.Time {
	least := time.Duration(0)
	for _, rule := range r.Match(a) {
		if d := rule.Due[a.Policy.Severity]; d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	if least == 0 {
		return time.Time{}
	}
	return a.AlertTime.Add(least)
}

// Owner returns who is responsible for an alert, or "".
func (r *Rules) Owner(a *Alert) string {
	if r == nil {
		return ""
	}
	o := &r.options.Owners
	for _, key := range o.Tags {
		if v := ownerName(a.Asset.Tags[key]); v != "" {
			return v
		}
	}
	if v := ownerName(o.Accounts[a.Asset.Account]); v != "" {
		return v
	}
	if i := slices.IndexFunc(r.options.Accounts, func(x asset.Account) bool { return x.ID == a.Asset.Account }); i >= 0 {
		for _, key := range o.Tags {
			if v := ownerName(r.options.Accounts[i].Tags[key]); v != "" {
				return v
			}
		}
	}
	return cmp.Or(groupOwner(r.options.Groups, r.membership(a).names), o.Default)
}

// ownerName returns the name of an owner in the value of a tag.
func ownerName(s string) string {
	const limit = 256
	s = strings.TrimSpace(s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

// AllFindings returns a rule that opens an alert for every failing finding, and reports it
// to the channels at once.
func AllFindings(channels ...string) *Rule {
	r := &Rule{Name: "all findings"}
	if len(channels) > 0 {
		r.Notify = []Notice{{Channels: channels}}
	}
	return r
}

// compiledRule is a rule that can be matched.
type compiledRule struct {
	*Rule
	where    *Filter  // nil: none
	policies []string // Policies and ExcludedPolicies, with the present ids of renamed policies
	excluded []string
	selects  string // digest of what the rule selects
}

// matches reports whether the rule matches an alert, and why that is unknown.
func (c *compiledRule) matches(a *Alert, m membership) (bool, error) {
	if !c.selectsPolicy(a.Key.Policy, a.Policy.Severity, a.Policy.Kind, a.Policy.Labels, a.Policy.Controls) || !c.selectsAsset(a) {
		return false, nil
	}
	in, why := m.any(c.AccountGroups)
	if !in {
		return false, nil
	}
	if c.where != nil {
		switch ok, err := c.where.match(filtered{alert: a, groups: m.names, more: m.more}); {
		case err != nil:
			return true, errors.Join(why, err)
		case !ok:
			return false, nil
		}
	}
	return true, why
}

// selectsPolicy reports whether the rule selects a policy.
func (c *compiledRule) selectsPolicy(id string, severity policy.Severity, kind policy.Kind, labels, controls []string) bool {
	return (len(c.policies) == 0 || glob.Any(c.policies, id)) && !glob.Any(c.excluded, id) &&
		oneOf(c.Severities, severity) && oneOf(c.Kinds, kind) &&
		(len(c.Labels) == 0 || slices.ContainsFunc(labels, func(l string) bool { return slices.Contains(c.Labels, l) })) &&
		(len(c.Standards) == 0 || slices.ContainsFunc(c.Standards, func(s string) bool { return hasControl(controls, s) }))
}

// hasControl reports whether one of the controls is the named one, or is of the named
// standard.
func hasControl(controls []string, name string) bool {
	return slices.ContainsFunc(controls, func(c string) bool {
		return c == name || strings.HasPrefix(c, name+"/")
	})
}

// selectsAsset reports whether the rule selects the asset of an alert, but for the groups.
func (c *compiledRule) selectsAsset(a *Alert) bool {
	return oneOf(c.Providers, a.Asset.Provider) && oneOf(c.Regions, cmp.Or(a.Asset.Region, global)) &&
		(len(c.Accounts) == 0 || glob.Any(c.Accounts, a.Asset.Account)) && !glob.Any(c.ExcludedAccounts, a.Asset.Account) &&
		inCloud(c.Types, string(a.Ref.Type), a.Ref.Type) && inCloud(c.Assets, a.Ref.ID, a.Ref.Type) &&
		(len(c.Tags) == 0 || slices.ContainsFunc(c.Tags, func(t Tag) bool { return t.in(a.Asset.Tags) }))
}

// global is the name of the region of assets without one.
const global = "global"

// oneOf reports whether a list is empty or has an element.
func oneOf[T comparable](list []T, x T) bool { return len(list) == 0 || slices.Contains(list, x) }

// inCloud reports whether a list is empty or has a pattern that a name of a type's cloud
// matches, which ignores case if the cloud does.
func inCloud(patterns []string, name string, t asset.Type) bool {
	if len(patterns) == 0 || glob.Any(patterns, name) {
		return true
	}
	if !asset.Clouds(nil).AnyCase(t) {
		return false
	}
	name = strings.ToLower(name)
	return slices.ContainsFunc(patterns, func(p string) bool { return glob.Match(strings.ToLower(p), name) })
}

// in reports whether tags have the tag.
func (t Tag) in(tags map[string]string) bool {
	v, ok := tags[t.Key]
	return ok && (t.Value == "" || t.Value == v)
}
