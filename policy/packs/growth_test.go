package packs_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/policytest"
)

// TestPoliciesGrow evaluates every policy over estates that repeat the assets of its cases,
// in one account and in accounts of their own, and counts operations. Of a policy that looks
// at an asset of each repetition for each repetition, they grow by one at least for each pair.
// Evidence, which shows some assets that do not matter, may not make a further repetition cost
// twice as much among 100 as among 10.
func TestPoliciesGrow(t *testing.T) {
	all, err := readPacks()
	require.NoError(t, err)
	for _, p := range all {
		t.Run(p.ID, func(t *testing.T) {
			tested := *p
			tested.Tests = nil
			plain, err := policy.NewSet(&policy.Options{Parallel: 1, Now: policytest.Now, NoEvidence: true}, &tested)
			require.NoError(t, err)
			full, err := policy.NewSet(&policy.Options{Parallel: 1, Now: policytest.Now}, &tested)
			require.NoError(t, err)
			for _, accounts := range []bool{false, true} {
				var verdicts, evidence [3]int64
				for i, n := range []int{1, 10, 100} {
					inv := estateOf(t, p, full.Types(), n, accounts)
					verdicts[i], evidence[i] = operations(t, plain, inv), operations(t, full, inv)
				}
				assert.Positive(t, verdicts[0])
				few, many := each(verdicts)
				assert.Less(t, (many-few)/99, 0.5, "operations for each pair; accounts %t: %d", accounts, verdicts)
				few, many = each(evidence)
				assert.LessOrEqual(t, many, 2*few, "operations with evidence; accounts %t: %d", accounts, evidence)
			}
			if len(full.Types()) == 1 {
				return
			}
			var unread [3]int64
			for i, n := range []int{1, 10, 100} {
				unread[i] = operations(t, plain, withGaps(p, estateOf(t, p, full.Types(), n, true)))
			}
			few, many := each(unread)
			assert.Less(t, (many-few)/99, 0.5, "operations for each pair over gaps: %d", unread)
		})
	}
}

// each returns the operations of a further repetition from 1 to 10 and from 10 to 100.
func each(operations [3]int64) (few, many float64) {
	return float64(operations[1]-operations[0]) / 9, float64(operations[2]-operations[1]) / 90
}

// withGaps returns an inventory in which the links of no asset were read, nor what belongs to
// assets that a policy looks up.
func withGaps(p *policy.Policy, complete *asset.Inventory) *asset.Inventory {
	inv, cause := &asset.Inventory{}, asset.Unread{Op: "test:Read", Reason: asset.Denied, Code: "AccessDenied"}
	for a := range complete.All() {
		b := *a
		b.Unread = maps.Clone(a.Unread)
		_ = b.SetUnread("links", cause) // the error is one of the path
		inv.Add(&b)
		if !slices.ContainsFunc(p.Checks, func(c policy.Check) bool { return slices.Contains(c.Types, a.Type) }) {
			inv.Add(&asset.Gap{Scope: a.Scope, Of: a.Ref, Cause: cause})
		}
	}
	for _, c := range complete.AllCoverage() {
		inv.Add(c)
	}
	return inv
}

// operations returns the operations of an evaluation.
func operations(t *testing.T, set *policy.Set, inv *asset.Inventory) int64 {
	var n atomic.Int64
	for f, err := range set.Evaluate(expr.CountTo(t.Context(), &n), inv) {
		require.NoError(t, err)
		require.NotErrorIs(t, f.Err, expr.ErrTooCostly)
	}
	return n.Load()
}

// onePerAccount are types of which an account, or a region of it, has one asset.
var onePerAccount = map[asset.Type]bool{
	"Stance::AWS::Account": true, "AWS::Organizations::Organization": true, "Stance::AWS::Region": true, "Stance::Entra::Tenant": true, "Microsoft.Resources/subscriptions": true,
	"cloudresourcemanager.googleapis.com/Project": true, "compute.googleapis.com/Project": true,
}

// few are types of which an account has few, however large it is.
var few = map[asset.Type]string{
	"Stance::Entra::ConditionalAccessPolicy": "a tenant has at most 240",
}

// estateOf returns n copies of the assets of each case of a policy. Cases are in accounts of
// their own, and so is each copy if accounts. What the copies have in common is there once:
// the organization, and related assets that neither refer to a copy nor are referred to. Of
// these there are n if the policy is about an account.
func estateOf(t *testing.T, p *policy.Policy, types []asset.Type, n int, accounts bool) *asset.Inventory {
	inv, scopes := &asset.Inventory{}, map[asset.Scope]bool{}
	for i, test := range p.Tests {
		of := grownCase{subject: conformed(test.Asset), n: n, accounts: accounts, number: i}
		for _, o := range test.Related {
			if a, ok := o.(*asset.Asset); ok {
				of.related = append(of.related, conformed(a))
			}
		}
		for _, a := range of.assets(t) {
			inv.Add(a)
			scopes[a.Scope] = true
			scopes[asset.Scope{Provider: a.Provider, Account: a.Account}] = true
		}
	}
	for s := range scopes {
		for _, typ := range types {
			inv.Add(&asset.Coverage{Scope: s, Type: typ, State: asset.Complete})
		}
	}
	return inv
}

// grownCase makes copies of the assets of a case.
type grownCase struct {
	subject  *asset.Asset
	related  []*asset.Asset
	n        int
	accounts bool
	number   int // of the case
}

// assets returns the copies. In each, the ids of its assets and the names of their owners are
// others, wherever they stand. Assets of an account have the same ancestors.
func (e *grownCase) assets(t *testing.T) []*asset.Asset {
	single := onePerAccount[e.subject.Type] && !e.accounts
	names, owners := map[string]bool{}, map[string]bool{strings.ToLower(e.subject.Account): true}
	all := append(slices.Clone(e.related), e.subject)
	// An organization and a folder have one firewall policy.
	nodes := e.accounts && slices.ContainsFunc(all, func(a *asset.Asset) bool { return a.Type == "compute.googleapis.com/FirewallPolicy" })
	for _, a := range all {
		for _, m := range projectName.FindAllStringSubmatch(text(t, a), -1) {
			owners[strings.ToLower(m[1])] = true
		}
		for _, node := range nodeName.FindAllString(text(t, a), -1) {
			if nodes {
				owners[node] = true
			}
		}
		switch contains := slices.Contains(e.subject.Parents, a.Ref); {
		case a.Type == "cloudresourcemanager.googleapis.com/Organization", contains && !e.accounts, single && a == e.subject:
			continue
		}
		for _, name := range namesOf(a) {
			names[name] = true
		}
	}
	parts := map[*asset.Asset][]place{}
	var related []*asset.Asset
	for _, a := range e.related {
		parts[a] = strs(a)
		if (few[a.Type] != "" || onePerAccount[a.Type]) && !e.accounts {
			continue
		}
		if single || e.accounts && a.Account == e.subject.Account || e.tied(t, a, names) {
			related = append(related, a)
		}
	}
	parts[e.subject] = strs(e.subject)
	find := slices.Concat(slices.Collect(maps.Keys(names)), slices.Collect(maps.Keys(owners)))
	r := newRenamer(find, nil)
	var copies []*asset.Asset
	for k := range e.n {
		suffix := fmt.Sprintf("-%d-%d", e.number, k)
		r.to = func(name string) string {
			if owners[name] && !names[name] && !e.accounts {
				return fmt.Sprintf("%s-%d", name, e.number)
			}
			return name + suffix
		}
		if k == 0 || !single {
			copies = append(copies, r.asset(t, e.subject, parts[e.subject]))
		}
		copied := related
		if k == 0 {
			copied = e.related
		}
		for _, a := range copied {
			copies = append(copies, r.asset(t, a, parts[a]))
		}
	}
	return copies
}

// projectName finds the projects of Google Cloud that documents name, and nodeName folders
// and organizations.
var (
	projectName = regexp.MustCompile(`projects/([^/"]+)/`)
	nodeName    = regexp.MustCompile(`(folders|organizations)/[0-9]+`)
)

// strs returns the strings of the documents of an asset.
func strs(a *asset.Asset) []place {
	return slices.DeleteFunc(places(a), func(p place) bool { return p.value.Kind() != asset.String })
}

// namesOf returns the names by which others refer to an asset: its id, and that without the
// service of Google Cloud.
func namesOf(a *asset.Asset) []string {
	id := strings.ToLower(a.ID)
	if full, ok := strings.CutPrefix(id, "//"); ok {
		if _, name, _ := strings.Cut(full, "/"); strings.Contains(name, "/") {
			return []string{id, name}
		}
	}
	return []string{id}
}

// tied reports whether a related asset refers to another one of the case, or is referred
// to, in documents, links and parents, or by its id.
func (e *grownCase) tied(t *testing.T, a *asset.Asset, names map[string]bool) bool {
	mark := func(name string) string { return name + "!" }
	own := newRenamer(namesOf(a), mark)
	others := newRenamer(slices.DeleteFunc(slices.Collect(maps.Keys(names)), func(name string) bool { return slices.Contains(namesOf(a), name) }), mark)
	for _, b := range append(slices.Clone(e.related), e.subject) {
		if b != a && text(t, own.asset(t, b, strs(b))) != text(t, b) {
			return true
		}
	}
	return others.text(a.ID) != a.ID || text(t, others.asset(t, a, strs(a))) != text(t, a)
}

func text(t *testing.T, a *asset.Asset) string {
	var all []any
	for _, doc := range a.Documents() {
		all = append(all, doc.String())
	}
	data, err := json.Marshal(append(all, a.Links, a.Parents))
	require.NoError(t, err)
	return string(data)
}

// renamer gives names another one in each place where they stand, between slashes and colons.
type renamer struct {
	to    func(name string) string
	names *regexp.Regexp
}

func newRenamer(names []string, to func(string) string) renamer {
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	if len(names) == 0 {
		quoted = []string{`[^\x00-\x{10ffff}]`} // nothing
	}
	return renamer{to, regexp.MustCompile("(?i)(^|[/:])(" + strings.Join(quoted, "|") + ")($|[/:])")}
}

// asset returns a copy of an asset, of whose documents parts are strings.
func (r renamer) asset(t *testing.T, a *asset.Asset, parts []place) *asset.Asset {
	b := *a
	b.ID, b.Account = r.text(a.ID), r.text(a.Account)
	b.Parents, b.Links, b.Observers = slices.Clone(a.Parents), slices.Clone(a.Links), slices.Clone(a.Observers)
	for i := range b.Observers {
		b.Observers[i] = r.text(b.Observers[i])
	}
	for i := range b.Parents {
		b.Parents[i].ID = r.text(b.Parents[i].ID)
	}
	for i := range b.Links {
		b.Links[i].To.ID = r.text(b.Links[i].To.ID)
	}
	for _, p := range parts {
		s, err := p.value.Str()
		require.NoError(t, err)
		if other := r.text(s); other != s {
			v, err := asset.Of(other)
			require.NoError(t, err)
			require.NoError(t, b.SetPath(p.path, v))
		}
	}
	return &b
}

func (r renamer) text(s string) string {
	if !r.names.MatchString(s) {
		return s
	}
	var out strings.Builder
	for {
		at := r.names.FindStringSubmatchIndex(s)
		if at == nil {
			return out.String() + s
		}
		out.WriteString(s[:at[4]] + r.to(strings.ToLower(s[at[4]:at[5]])))
		s = s[at[5]:]
	}
}
