package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/netrule"
)

// netHelpers evaluate the rules of packet filters: sg and nacl of AWS, nsg of Azure, fw
// of Google Cloud.
var netHelpers = []helper{
	{"net.isPublic", []*cel.Type{cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return netrule.IsPublic(string(a[0].(types.String)))
	}},
	{"net.isAnywhere", []*cel.Type{stringList}, cel.BoolType, func(a []ref.Val) (any, error) {
		prefixes, err := stringsOf(a[0])
		if err != nil {
			return nil, err
		}
		return netrule.IsAnywhere(prefixes)
	}},
	{"net.contains", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return netrule.Contains(string(a[0].(types.String)), string(a[1].(types.String)))
	}},
	{"net.portsCover", []*cel.Type{stringList, cel.IntType}, cel.BoolType, func(a []ref.Val) (any, error) {
		ranges, err := stringsOf(a[0])
		if err != nil {
			return nil, err
		}
		return netrule.PortsCover(ranges, int64(a[1].(types.Int)))
	}},
	{"net.sgOpens", []*cel.Type{cel.DynType, cel.StringType, intList, documentList}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[0], a[2], a[3], func(rules asset.Value, ports []int64, lists []asset.Value) (any, error) {
			return netrule.SecurityGroupOpens(rules, string(a[1].(types.String)), ports, lists)
		})
	}},
	{"net.sgOpensOver", []*cel.Type{cel.StringType, cel.DynType, cel.StringType, intList, documentList}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[1], a[3], a[4], func(rules asset.Value, ports []int64, lists []asset.Value) (any, error) {
			return netrule.SecurityGroupOpensOver(string(a[0].(types.String)), rules, string(a[2].(types.String)), ports, lists)
		})
	}},
	{"net.sgOpensAll", []*cel.Type{cel.DynType, cel.StringType, documentList}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[0], nil, a[2], func(rules asset.Value, _ []int64, lists []asset.Value) (any, error) {
			return netrule.SecurityGroupOpensAll(rules, string(a[1].(types.String)), lists)
		})
	}},
	{"net.naclOpens", []*cel.Type{documentList, cel.StringType, intList}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(nil, a[2], a[0], func(_ asset.Value, ports []int64, entries []asset.Value) (any, error) {
			return netrule.NetworkACLOpens(entries, string(a[1].(types.String)), ports)
		})
	}},
	{"net.nsgOpens", []*cel.Type{cel.DynType, cel.StringType, intList}, stringList, func(a []ref.Val) (any, error) {
		return withRules(a[0], a[2], nil, func(rules asset.Value, ports []int64, _ []asset.Value) (any, error) {
			return netrule.SecurityRulesOpen(rules, string(a[1].(types.String)), ports)
		})
	}},
	{"net.nsgOpensAll", []*cel.Type{cel.DynType, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[0], nil, nil, func(rules asset.Value, _ []int64, _ []asset.Value) (any, error) {
			return netrule.SecurityRulesOpenAll(rules, string(a[1].(types.String)))
		})
	}},
	{"net.fwOpens", []*cel.Type{documentList, documentList, documentList, cel.StringType, intList}, stringList, func(a []ref.Val) (any, error) {
		before, after, err := policies(a[1], a[2])
		if err != nil {
			return nil, err
		}
		return withRules(nil, a[4], a[0], func(_ asset.Value, ports []int64, firewalls []asset.Value) (any, error) {
			return netrule.FirewallsOpen(firewalls, before, after, string(a[3].(types.String)), ports)
		})
	}},
	{"net.fwOpensAll", []*cel.Type{documentList, documentList, documentList, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		before, after, err := policies(a[1], a[2])
		if err != nil {
			return nil, err
		}
		return withRules(nil, nil, a[0], func(_ asset.Value, _ []int64, firewalls []asset.Value) (any, error) {
			return netrule.FirewallsOpenAll(firewalls, before, after, string(a[3].(types.String)))
		})
	}},
}

// withRules converts the arguments of a function of rules. Nil arguments are skipped.
func withRules(rules, ports, docs ref.Val, judge func(asset.Value, []int64, []asset.Value) (any, error)) (any, error) {
	var (
		doc  asset.Value
		nums []int64
		list []asset.Value
		err  error
	)
	if rules != nil {
		if doc, err = ToValue(rules); err != nil {
			return nil, err
		}
	}
	if ports != nil {
		if nums, err = integersOf(ports); err != nil {
			return nil, err
		}
	}
	if docs != nil {
		if list, err = documents(docs); err != nil {
			return nil, err
		}
	}
	return judge(doc, nums, list)
}

func policies(a, b ref.Val) (before, after []asset.Value, err error) {
	if before, err = documents(a); err != nil {
		return nil, nil, err
	}
	after, err = documents(b)
	return before, after, err
}
