package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// Explain returns the command that shows how a policy decides for an asset.
func Explain() *Command {
	var policies Policies
	var file string
	return &Command{
		Name:    "explain",
		Args:    "POLICY ASSET",
		Summary: "Show step by step how a policy decides for one asset, by its id or name",
		Flags: func(fl *flag.FlagSet) {
			policies.Register(fl)
			fl.StringVar(&file, "snapshot", "", "read this `file` instead of the example organization; - is standard input")
		},
		Run: func(ctx context.Context, streams IO, args []string) (int, error) {
			if len(args) != 2 {
				return Trouble, errors.New("want a policy and the id or name of an asset")
			}
			opts := &policy.Options{}
			if file == "" {
				opts.Now = organization.Now
			}
			set, err := policies.Set(opts)
			if err != nil {
				return Trouble, err
			}
			inv, err := readSnapshot(ctx, file, streams)
			if err != nil {
				return Trouble, err
			}
			return explain(ctx, streams.Out, set, inv, args[0], args[1])
		},
	}
}

// explain prints how a policy decides for the one asset with the id or, if there is
// none, with the name.
func explain(ctx context.Context, out io.Writer, set *policy.Set, inv *asset.Inventory, id, name string) (int, error) {
	p, ok := set.Policy(id)
	if !ok {
		return Trouble, fmt.Errorf("unknown policy %q%s", id, didYouMean(id, policyIDs(set)))
	}
	a, err := subject(inv, p, name)
	if err != nil {
		return Trouble, err
	}
	x, err := set.Explain(ctx, p.ID, a, inv)
	if err != nil {
		return Trouble, err
	}
	_, width := terminal(out)
	if err := report.Explanation(out, x, &report.Options{Width: width}); err != nil {
		return Trouble, err
	}
	return Clean, nil
}

// subject returns the asset that a policy is to be explained for.
func subject(inv *asset.Inventory, p *policy.Policy, name string) (*asset.Asset, error) {
	var byID, byName, others []*asset.Asset
	for a := range inv.All() {
		if a.Name != name && !strings.EqualFold(a.ID, name) {
			if ref, err := asset.ParseRef(a.Type, name); err != nil || ref.ID != a.ID {
				continue
			}
		}
		switch {
		case !slices.ContainsFunc(p.Checks, func(c policy.Check) bool { return slices.Contains(c.Types, a.Type) }):
			others = append(others, a)
		case a.Name != name:
			byID = append(byID, a)
		default:
			byName = append(byName, a)
		}
	}
	found := byID
	if len(found) == 0 {
		found = byName
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("%d assets are named %q; use an id:%s", len(found), name, lines(found))
	case len(others) > 0:
		return nil, fmt.Errorf("policy %s is not about assets of type %s: %q", p.ID, others[0].Type, name)
	}
	return nil, fmt.Errorf("no asset has the id or name %q", name)
}

// lines lists at most ten assets, one on a line.
func lines(all []*asset.Asset) string {
	var b strings.Builder
	for i, a := range all {
		if i == 10 {
			fmt.Fprintf(&b, "\n  and %d more", len(all)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", secret.Mask(a.ID))
	}
	return b.String()
}

func policyIDs(set *policy.Set) []string {
	var ids []string
	for p := range set.Policies() {
		ids = append(ids, p.ID)
	}
	return ids
}

// Role returns the command that prints the least role of a cloud.
func Role() *Command {
	var policies Policies
	return &Command{
		Name:    "role",
		Args:    "aws|azure|gcp",
		Summary: "Print the least role that reading for the policies needs in a cloud",
		Flags:   policies.Register,
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			if len(args) != 1 {
				return Trouble, errors.New("want one cloud: aws, azure or gcp")
			}
			set, err := policies.Set(&policy.Options{})
			if err != nil {
				return Trouble, err
			}
			return printRole(streams.Out, args[0], set)
		},
	}
}

func printRole(out io.Writer, cloud string, set *policy.Set) (int, error) {
	role, err := catalog.Role(cloud, "stance-read", set.Reads(), nil)
	if err != nil {
		return Trouble, err
	}
	_, err = out.Write(role)
	return Clean, err
}
