package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// progress shows on a terminal how far the scans of all clouds are.
type progress struct {
	mu           sync.Mutex
	meter        *Meter
	accounts     map[string][2]int // steps that are done, of how many
	assets, gaps int
}

func newProgress(w io.Writer) *progress {
	return &progress{meter: NewMeter(w), accounts: map[string][2]int{}}
}

// show reports the progress of one of the scans.
func (p *progress) show(now provider.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.assets, p.gaps = p.assets+now.Assets, p.gaps+now.Gaps
	p.accounts[now.Scope.Provider+" "+now.Scope.Account] = [2]int{now.Done, now.Total}
	p.meter.Show(func() string {
		finished := 0
		for _, n := range p.accounts {
			if n[0] == n[1] {
				finished++
			}
		}
		return fmt.Sprintf("%s account %s: %d of %d, last in %s; accounts: %d of %d done; %d assets, %d gaps", now.Scope.Provider,
			now.Scope.Account, now.Done, now.Total, cmp.Or(now.Scope.Region, "global"), finished, len(p.accounts), p.assets, p.gaps)
	})
}

func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.Done()
}

// printGaps prints what could not be read: one line for each operation that failed in a
// region of an account, with the types that are missing because of it.
func printGaps(w io.Writer, inv *asset.Inventory) {
	type place struct {
		scope    asset.Scope
		op, code string
	}
	var order []place
	first := map[place]*asset.Gap{}
	types := map[place][]string{}
	for _, g := range inv.Gaps() {
		at := place{g.Scope, g.Cause.Op, g.Cause.Code}
		if first[at] == nil {
			first[at] = g
			order = append(order, at)
		}
		if t := string(g.Type); t != "" && (len(types[at]) == 0 || types[at][len(types[at])-1] != t) {
			types[at] = append(types[at], t)
		}
	}
	for _, at := range order {
		var where []string
		if at.scope.Account != "" {
			where = append(where, "account "+at.scope.Account)
		}
		if at.scope.Region != "" {
			where = append(where, "region "+at.scope.Region)
		}
		where = append(where, cmp.Or(at.op, at.code))
		text := strings.Join(where, ", ")
		if at.op != "" {
			text += ": " + at.code
		}
		if m := first[at].Cause.Message; m != "" {
			text += ": " + m
		}
		if n := len(types[at]); n > 0 {
			text += " (no " + types[at][0]
			if n > 1 {
				text += fmt.Sprintf(" and %d other types", n-1)
			}
			text += ")"
		}
		fmt.Fprintf(w, "not read: %s %s\n", at.scope.Provider, text)
	}
}
