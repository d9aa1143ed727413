package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// servicesAtOnce is how many services of an account are tried at once.
const servicesAtOnce = 8

// trial finds out which operations succeed in an account.
type trial struct {
	scan   *scan
	region string // in which regional operations are tried

	mu   sync.Mutex
	done map[string]*asset.Unread // by operation; nil if it succeeded
}

// try calls the operations that permissions are for, each once.
func (s *scan) try(ctx context.Context, a *account, permissions map[string][]string) map[string]provider.CheckResult {
	t := &trial{scan: s, done: map[string]*asset.Unread{}}
	_, _, err := a.listRegionsByEC2(ctx)
	t.note("ec2:DescribeRegions", err, nil)
	if _, needed := permissions["account:ListRegions"]; needed {
		_, _, err := a.listRegionsByAccount(ctx)
		t.note("account:ListRegions", err, nil)
	}
	if len(a.regions) > 0 {
		t.region = a.regions[0]
		if slices.Contains(a.regions, a.home()) {
			t.region = a.home()
		}
	}
	var g errgroup.Group
	g.SetLimit(servicesAtOnce)
	for _, pl := range s.plans() {
		g.Go(func() error {
			if pl.global {
				t.service(ctx, &unit{scan: s, account: a, service: pl.service})
			}
			if pl.regional && t.region != "" {
				t.service(ctx, &unit{scan: s, account: a, service: pl.service, region: t.region})
			}
			return nil
		})
	}
	g.Wait()
	answers := map[string]provider.CheckResult{}
	for permission, operations := range permissions {
		answers[permission] = t.answer(permission, operations)
	}
	return answers
}

// note keeps how a call went. The first call of an operation counts.
func (t *trial) note(op string, err error, absent []string) {
	var why *asset.Unread
	if err != nil && !hasCode(err, absent) && !errors.Is(err, errGone) {
		why = fault(op, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.done[op]; !ok {
		t.done[op] = why
	}
}

func (t *trial) service(ctx context.Context, u *unit) {
	for _, tab := range u.service.tables(u) {
		if tab.global == (u.region == "") && slices.ContainsFunc(tab.all(), t.scan.query.Wants) {
			t.table(ctx, u, &tab, tab.list)
		}
	}
}

// table lists one page, and reads the first asset of each type on it.
func (t *trial) table(ctx context.Context, u *unit, tab *table, list listFunc) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	page, _, err := list(call, "")
	cancel()
	t.note(tab.op, err, tab.absent)
	page = slices.DeleteFunc(page, func(d *draft) bool {
		if d.lost != nil {
			t.note(fault(tab.op, d.lost).Op, d.lost, nil)
		}
		return d.lost != nil
	})
	for _, op := range tab.also {
		t.note(op, err, tab.absent)
	}
	var tried []asset.Type
	for _, d := range page {
		if slices.Contains(tried, d.Type) {
			continue
		}
		tried = append(tried, d.Type)
		for i := range tab.reads {
			if r := &tab.reads[i]; r.applies(d) && t.scan.query.Wants(d.Type) && t.scan.wants(d.Type, t.scan.provider.fills(d.Type, r.op)) {
				t.note(r.op, t.read(ctx, r, d), r.absent)
			}
		}
		for i := range tab.under {
			if below := &tab.under[i]; below.of == d.Type && slices.ContainsFunc(below.all(), t.scan.query.Wants) {
				t.table(ctx, u, below, func(ctx context.Context, token string) ([]*draft, string, error) {
					return below.listOf(ctx, d, token)
				})
			}
		}
	}
}

func (t *trial) read(ctx context.Context, r *read, d *draft) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if r.together != nil {
		return r.together(ctx, []*draft{d})
	}
	return r.each(ctx, d)
}

// answer says whether a permission is granted, by how the operations went that take it.
func (t *trial) answer(permission string, operations []string) provider.CheckResult {
	var denial, failure *asset.Unread
	var granted string
	for _, op := range operations {
		why, tried := t.done[op]
		switch {
		case !tried:
		case why == nil:
			granted = op
		case denies(why.Code) && (why.Op == op || why.Op == permission):
			denial = why
		default:
			failure = why
		}
	}
	where := ""
	if t.region != "" {
		where = " in " + t.region
	}
	switch {
	case granted != "":
		return provider.CheckResult{Level: provider.CheckOK, Message: granted + " succeeded"}
	case denial != nil:
		return provider.CheckResult{Message: fmt.Sprintf("%s: %s: %s", denial.Op, denial.Code, denial.Message), Action: "add " + permission + " to the policies of the role"}
	case failure != nil:
		return provider.CheckResult{Level: provider.CheckWarning, Message: fmt.Sprintf("%s: %s: %s", failure.Op, failure.Code, failure.Message), Action: action(failure)}
	}
	return provider.CheckResult{Level: provider.CheckWarning, Message: "there was nothing to try it on" + where, Action: "permit iam:SimulatePrincipalPolicy, so that IAM can be asked"}
}
