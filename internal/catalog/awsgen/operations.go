package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/openstance/stance/internal/catalog"
)

// operations returns the calls by which Cloud Control reads a type. For each it makes
// calls of the type's service with the permissions of the caller.
func operations(typ string, resources map[string]*resource, registry map[string]*registered) []catalog.Operation {
	list := func(t string) catalog.Operation {
		return catalog.Operation{
			Name:        "cloudcontrol:ListResources(" + t + ")",
			Permissions: permissions("cloudformation:ListResources", registry[t].Handlers.List.Permissions),
			MayOmit:     true, // some services' first page is all there is
		}
	}
	ops := []catalog.Operation{list(typ), {
		Name:        "cloudcontrol:GetResource(" + typ + ")",
		Permissions: permissions("cloudformation:GetResource", registry[typ].Handlers.Read.Permissions),
		Provides:    []string{"config"},
		PerAsset:    true,
	}}
	for p := resources[typ].Parent; p != ""; p = resources[p].Parent {
		ops = slices.Insert(ops, 0, list(p))
	}
	return ops
}

var (
	readVerb = regexp.MustCompile(`(?i)^(admin|batch)?(get|list|describe|search|view|lookup)\w*\*?$`)

	// readsData are the actions with such a verb that read what is kept in a service,
	// or hand out what opens it, rather than how it is set up.
	readsData = regexp.MustCompile(`(?i)^(s3:getobject(version)?|secretsmanager:getsecretvalue|ssm:getparameters?|dynamodb:(batch)?getitem|sts:.*|ivs:getstreamkey|lakeformation:getdataaccess|billing:getbillingviewdata|wisdom:getcontent|translate:get(paralleldata|terminology)|kms:getparametersforimport|route53globalresolver:getaccesstoken)$`)
)

// permissions returns what a call takes: its own permission and of those that the
// registry names for it the ones that only read settings. Many handlers are written
// down with permissions to write, which listing and reading do not use; one that
// does read data is refused, and what it would have answered is not read.
func permissions(own string, named []string) []string {
	all := []string{own}
	for _, p := range named {
		service, action, _ := strings.Cut(p, ":")
		p = strings.ToLower(service) + ":" + action
		if readVerb.MatchString(action) && !readsData.MatchString(p) {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
