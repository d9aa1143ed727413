package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Level says how well something is. The zero Level is Failing.
type Level int

// The levels, the worst first.
const (
	Failing Level = iota // it cannot be read
	Warning              // whether it can be read is not known
	OK
)

// String returns "error", "warning" or "ok".
func (l Level) String() string {
	switch l {
	case OK:
		return "ok"
	case Warning:
		return "warning"
	}
	return "error"
}

// MarshalText returns what String does.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Status is a node of the tree that [Provider.Check] answers.
type Status struct {
	Name    string   `json:"name"`
	Level   Level    `json:"level"` // the worst of those below, if there are any
	Message string   `json:"message,omitempty"`
	Action  string   `json:"action,omitempty"` // what to do; empty if there is nothing to do
	Below   []Status `json:"below,omitempty"`
}

// Check tells of each account whether a discovery of what the query asks for can read
// it: a tree for each, sorted by the account's id, which is the name of the node. Below
// an account are "entry", "regions" with one node for each, and "permissions" with one
// for each permission that the query takes.
//
// Whether a permission is granted is asked of IAM (iam:SimulatePrincipalPolicy) where
// that is permitted, which leaves policies of resources out of account. Else each
// operation is tried once, in one region of the account, on the first asset that is
// found; a permission is then granted if an operation that takes it succeeds, and not
// known if there was no asset to try it on. Calls only read, but for IAM's
// credential report, which is made.
//
// What hinders the list of accounts itself is a tree named "accounts", the first. The
// error is the context's, or that the credentials cannot be used at all.
func (p *Provider) Check(ctx context.Context, q provider.Query) ([]Status, error) {
	s := &scan{provider: p, query: q}
	byAccount := map[string]*Status{}
	work := func(ctx context.Context) error {
		accounts, err := s.accounts(ctx)
		if err != nil {
			return err
		}
		trees := make([]Status, len(accounts))
		var g errgroup.Group
		g.SetLimit(accountsAtOnce)
		for i, a := range accounts {
			byAccount[a.ID] = &trees[i]
			g.Go(func() error {
				trees[i] = s.check(ctx, a)
				return nil
			})
		}
		return g.Wait()
	}
	var gaps []*asset.Gap
	err := s.drive(ctx, work, func(o asset.Observation) bool {
		if g, ok := o.(*asset.Gap); ok {
			gaps = append(gaps, g)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, g := range gaps {
		name := g.Scope.Account
		if name == "" || byAccount[name] != nil {
			name = "" // of a list of accounts that was read in part
		}
		if byAccount[name] == nil {
			byAccount[name] = &Status{Name: name}
		}
		why := &g.Cause
		byAccount[name].Below = append(byAccount[name].Below, failing(g.Cause.Op, why))
	}
	var all []Status
	for _, name := range slices.Sorted(maps.Keys(byAccount)) {
		tree := *byAccount[name]
		if tree.Name == "" {
			tree.Name = "accounts"
		}
		all = append(all, tree.sum())
	}
	return all, nil
}

// sum returns the node with the level of the worst of those below.
func (s Status) sum() Status {
	if len(s.Below) == 0 {
		return s
	}
	s.Level = OK
	bad := 0
	for _, b := range s.Below {
		s.Level = min(s.Level, b.Level)
		if b.Level != OK {
			bad++
		}
	}
	if bad > 0 && s.Message == "" {
		s.Message = fmt.Sprintf("%d of %d are not ok", bad, len(s.Below))
	}
	return s
}

func failing(name string, why *asset.Unread) Status {
	if name == "" {
		name = why.Code
	}
	return Status{Name: name, Message: strings.TrimSuffix(why.Code+": "+why.Message, ": "), Action: action(why)}
}

// action says what to do about a failed call.
func action(why *asset.Unread) string {
	switch why.Code {
	case codeNotActive:
		return "leave the account out, or have it made active again"
	case codeNoRole:
		return "name the role to assume in the accounts"
	case codeNoAccount:
		return "correct the number of the account, or take it out of the list"
	case codeNotEnabled:
		return "enable the region in the account, or leave it out"
	case codeNoRegion:
		return "correct the name of the region"
	case codeTimeout, codeNoAnswer, codeNoEndpoint:
		return "see whether the service can be reached from here"
	case codeNotAsked:
		return "ask Organizations for the accounts"
	}
	switch {
	case unsubscribed(why.Code):
		return "subscribe the account to the service, or leave its types out"
	case why.Op == "sts:AssumeRole" && denies(why.Code):
		return "see that the account has the role, that the role trusts these credentials and that the external id is the one it asks for"
	case strings.HasPrefix(why.Op, "organizations:"):
		return "use credentials of the management account or of one to which it delegates, which are permitted " + why.Op
	case denies(why.Code):
		return "permit " + why.Op
	}
	return "try again later"
}

// unsubscribed reports whether a code says that the account may not use a service at all,
// whatever is permitted in it. It does not say that nothing is there: an account that
// has not paid is answered so, too.
func unsubscribed(code string) bool {
	return slices.Contains([]string{"OptInRequired", "SubscriptionRequiredException", "NotSignedUp"}, code)
}

// denies reports whether a code says that a permission is missing. InvalidAccess is what
// Security Hub says.
func denies(code string) bool {
	return slices.ContainsFunc([]string{"AccessDenied", "Unauthorized", "NotAuthorized", "AuthorizationError", "Forbidden", "InvalidAccess"}, func(s string) bool {
		return strings.Contains(code, s)
	})
}

// check makes the tree of one account.
func (s *scan) check(ctx context.Context, a *account) Status {
	tree := Status{Name: a.ID}
	if why := a.enter(ctx); why != nil {
		tree.Below = []Status{failing("entry", why)}
		return tree.sum()
	}
	entry := Status{Name: "entry", Level: OK, Message: "with the credentials themselves"}
	if a.assumed {
		entry.Message = "by the role " + s.provider.opts.Role.Name
	}
	regions := s.checkRegions(ctx, a)
	tree.Below = []Status{entry, regions, s.checkPermissions(ctx, a)}
	return tree.sum()
}

// checkRegions tells of each region of an account whether it is looked at, and sets
// those that are.
func (s *scan) checkRegions(ctx context.Context, a *account) Status {
	node := Status{Name: "regions"}
	enabled, known, err := a.listRegions(ctx)
	asked := slices.Compact(slices.Sorted(slices.Values(s.provider.opts.Regions)))
	if err != nil {
		a.regions = asked
		node = failing(node.Name, fault("ec2:DescribeRegions", err))
		if len(asked) > 0 {
			node.Level = Warning // they are looked at all the same
		}
		return node
	}
	if len(asked) == 0 {
		asked = enabled
	}
	for _, r := range asked {
		switch {
		case slices.Contains(enabled, r):
			a.regions = append(a.regions, r)
			node.Below = append(node.Below, Status{Name: r, Level: OK})
		case slices.Contains(known, r):
			node.Below = append(node.Below, failing(r, &asset.Unread{Code: codeNotEnabled, Message: "the region is not enabled in the account"}))
		default:
			node.Below = append(node.Below, failing(r, &asset.Unread{Code: codeNoRegion, Message: "there is no such region"}))
		}
	}
	return node.sum()
}

// checkPermissions tells of each permission whether it is granted.
func (s *scan) checkPermissions(ctx context.Context, a *account) Status {
	needed := s.provider.permissions(s.query, s.askedElsewhere(a))
	names := slices.Sorted(maps.Keys(needed))
	answers, how := s.simulate(ctx, a, names), "as IAM simulates them"
	if answers == nil {
		answers, how = s.try(ctx, a, needed), "as they were tried, because they could not be simulated"
	}
	node := Status{Name: "permissions"}
	for _, name := range names {
		answer, ok := answers[name]
		if !ok {
			answer = Status{Level: Warning, Message: "there was no answer", Action: "try again later"}
		}
		answer.Name = name
		node.Below = append(node.Below, answer)
	}
	node = node.sum()
	node.Message = strings.TrimPrefix(node.Message+", "+how, ", ")
	return node
}
