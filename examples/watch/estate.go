package main

import (
	"context"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/provider"
)

// estate is the example organization as it is on one of three days. A program of your own has
// a cloud here.
type estate struct {
	day int
	now time.Time
}

const (
	repaired = "100000000011"             // its group "ops" is closed on the second day
	opened   = "100000000003"             // its group "ops" is open from the second day on
	deleted  = "sandbox-assets-eu-west-1" // a bucket, from the second day on
	denied   = "100000000099"             // cannot be read on the third day
)

// Name returns the name of the organization.
func (*estate) Name() string { return "example" }

// Discover yields the organization as it is today.
func (e *estate) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for o, err := range organization.Provider().Discover(ctx, q) {
			if err == nil {
				o, err = e.today(o)
			}
			if o == nil && err == nil {
				continue
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
		if e.day == 2 {
			yield(&asset.Gap{Scope: asset.Scope{Provider: "aws", Account: denied}, Cause: denial("sts:AssumeRole")}, nil)
		}
	}
}

// Get reads one asset anew.
func (e *estate) Get(ctx context.Context, ref asset.Ref) (*asset.Asset, error) {
	for o, err := range e.Discover(ctx, provider.Query{Types: []asset.Type{ref.Type}}) {
		if err != nil {
			return nil, err
		}
		if a, ok := o.(*asset.Asset); ok && a.Ref == ref {
			return a, nil
		}
	}
	if e.day == 2 {
		why := denial("cloudcontrol:GetResource")
		return nil, &why
	}
	return nil, provider.ErrNotFound
}

func denial(op string) asset.Unread {
	return asset.Unread{Op: op, Reason: asset.Denied, Code: "AccessDenied", Message: "the role of the scan was removed"}
}

// today returns an observation as it is today, or nil.
func (e *estate) today(o asset.Observation) (asset.Observation, error) {
	a, ok := o.(*asset.Asset)
	if !ok {
		return o, nil
	}
	if e.day > 0 && a.Name == deleted || e.day == 2 && a.Account == denied {
		return nil, nil
	}
	seen := *a
	seen.Observed = e.now
	if e.day == 0 || a.Type != "AWS::EC2::SecurityGroup" || a.Name != "ops" || a.Region != "eu-west-1" {
		return &seen, nil
	}
	rules := []any{}
	switch a.Account {
	case opened:
		rules = append(rules, map[string]any{"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22})
	case repaired:
	default:
		return &seen, nil
	}
	ingress, err := asset.Of(rules)
	if err != nil {
		return nil, err
	}
	seen.Config, err = seen.Config.Set("SecurityGroupIngress", ingress)
	return &seen, err
}
