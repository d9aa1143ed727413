package expr

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/iam"
	"github.com/openstance/stance/internal/netrule"
)

var (
	textsType = cel.ListType(cel.StringType)
	docsType  = cel.ListType(cel.DynType)
)

// iamHelpers judge access policies: those of AWS and of Google Cloud, told apart
// by their form.
var iamHelpers = []helper{
	{"iam.isPublic", []*cel.Type{cel.DynType}, cel.BoolType, ofDocument(iam.IsPublic)},
	{"iam.grantsAdmin", []*cel.Type{cel.DynType}, cel.BoolType, ofDocument(iam.GrantsAdmin)},
	{"iam.externalPrincipals", []*cel.Type{cel.DynType, textsType}, textsType, func(a []ref.Val) (any, error) {
		return withDocument(a[0], func(doc asset.Value) (any, error) {
			own, err := texts(a[1])
			if err != nil {
				return nil, err
			}
			return iam.ExternalPrincipals(doc, own)
		})
	}},
	{"iam.deniesInsecureTransport", []*cel.Type{cel.DynType, cel.StringType}, cel.BoolType, ofDocumentAndText(iam.DeniesInsecureTransport)},
	{"iam.deniesOldTLS", []*cel.Type{cel.DynType, cel.StringType}, cel.BoolType, ofDocumentAndText(iam.DeniesOldTLS)},
	{"iam.escalations", []*cel.Type{docsType, cel.DynType, cel.StringType}, textsType, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		return withDocument(a[1], func(boundary asset.Value) (any, error) {
			return iam.Escalations(docs, boundary, string(a[2].(types.String)))
		})
	}},
	{"iam.membersOf", []*cel.Type{docsType, textsType}, textsType, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		roles, err := texts(a[1])
		if err != nil {
			return nil, err
		}
		return iam.MembersOf(docs, roles)
	}},
	{"iam.membersOfBoth", []*cel.Type{docsType, textsType, textsType}, textsType, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		some, err := texts(a[1])
		if err != nil {
			return nil, err
		}
		others, err := texts(a[2])
		if err != nil {
			return nil, err
		}
		return iam.MembersOfBoth(docs, some, others)
	}},
	{"iam.adminServiceAccounts", []*cel.Type{docsType}, textsType, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		return iam.AdminServiceAccounts(docs)
	}},
}

func ofDocument(judge func(asset.Value) (bool, error)) func([]ref.Val) (any, error) {
	return func(a []ref.Val) (any, error) {
		return withDocument(a[0], func(doc asset.Value) (any, error) { return judge(doc) })
	}
}

func ofDocumentAndText(judge func(asset.Value, string) (bool, error)) func([]ref.Val) (any, error) {
	return func(a []ref.Val) (any, error) {
		return withDocument(a[0], func(doc asset.Value) (any, error) { return judge(doc, string(a[1].(types.String))) })
	}
}

func withDocument(v ref.Val, judge func(asset.Value) (any, error)) (any, error) {
	doc, err := ToValue(v)
	if err != nil {
		return nil, err
	}
	return judge(doc)
}

// documents returns the elements of a list, of records their documents. An unknown
// element is an unread document, which the function handles.
func documents(v ref.Val) ([]asset.Value, error) {
	l, ok := v.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("a %s is no list", v.Type().TypeName())
	}
	var docs []asset.Value
	for it := l.Iterator(); it.HasNext() == types.True; {
		el := it.Next()
		if types.IsUnknown(el) {
			docs = append(docs, (&asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: fmt.Sprint(el)}).Value())
			continue
		}
		if r, ok := el.(Record); ok {
			el = r.Document()
		}
		doc, err := ToValue(el)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// texts returns the elements of a list of strings.
func texts(v ref.Val) ([]string, error) { return each(v, asset.Value.Str) }

// numbers returns the elements of a list of integers.
func numbers(v ref.Val) ([]int64, error) { return each(v, asset.Value.Int) }

func each[T any](v ref.Val, read func(asset.Value) (T, error)) ([]T, error) {
	docs, err := documents(v)
	if err != nil {
		return nil, err
	}
	list := make([]T, len(docs))
	for i, d := range docs {
		if list[i], err = read(d); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// netHelpers judge the rules of packet filters. The name says whose: sg and nacl
// are AWS's, nsg is Azure's, fw Google Cloud's.
var netHelpers = []helper{
	{"net.isPublic", []*cel.Type{cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return netrule.IsPublic(string(a[0].(types.String)))
	}},
	{"net.isAnywhere", []*cel.Type{textsType}, cel.BoolType, func(a []ref.Val) (any, error) {
		prefixes, err := texts(a[0])
		if err != nil {
			return nil, err
		}
		return netrule.IsAnywhere(prefixes)
	}},
	{"net.contains", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return netrule.Contains(string(a[0].(types.String)), string(a[1].(types.String)))
	}},
	{"net.portsCover", []*cel.Type{textsType, cel.IntType}, cel.BoolType, func(a []ref.Val) (any, error) {
		ranges, err := texts(a[0])
		if err != nil {
			return nil, err
		}
		return netrule.PortsCover(ranges, int64(a[1].(types.Int)))
	}},
	{"net.sgOpens", []*cel.Type{cel.DynType, cel.StringType, portsType, docsType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[0], a[2], a[3], func(rules asset.Value, ports []int64, lists []asset.Value) (any, error) {
			return netrule.SecurityGroupOpens(rules, string(a[1].(types.String)), ports, lists)
		})
	}},
	{"net.sgOpensAll", []*cel.Type{cel.DynType, cel.StringType, docsType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[0], nil, a[2], func(rules asset.Value, _ []int64, lists []asset.Value) (any, error) {
			return netrule.SecurityGroupOpensAll(rules, string(a[1].(types.String)), lists)
		})
	}},
	{"net.naclOpens", []*cel.Type{docsType, cel.StringType, portsType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(nil, a[2], a[0], func(_ asset.Value, ports []int64, entries []asset.Value) (any, error) {
			return netrule.NetworkACLOpens(entries, string(a[1].(types.String)), ports)
		})
	}},
	{"net.nsgOpens", []*cel.Type{cel.DynType, cel.StringType, portsType}, textsType, func(a []ref.Val) (any, error) {
		return withRules(a[0], a[2], nil, func(rules asset.Value, ports []int64, _ []asset.Value) (any, error) {
			return netrule.SecurityRulesOpen(rules, string(a[1].(types.String)), ports)
		})
	}},
	{"net.nsgOpensAll", []*cel.Type{cel.DynType, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withRules(a[0], nil, nil, func(rules asset.Value, _ []int64, _ []asset.Value) (any, error) {
			return netrule.SecurityRulesOpenAll(rules, string(a[1].(types.String)))
		})
	}},
	{"net.fwOpens", []*cel.Type{docsType, docsType, docsType, cel.StringType, portsType}, textsType, func(a []ref.Val) (any, error) {
		before, after, err := policies(a[1], a[2])
		if err != nil {
			return nil, err
		}
		return withRules(nil, a[4], a[0], func(_ asset.Value, ports []int64, firewalls []asset.Value) (any, error) {
			return netrule.FirewallsOpen(firewalls, before, after, string(a[3].(types.String)), ports)
		})
	}},
	{"net.fwOpensAll", []*cel.Type{docsType, docsType, docsType, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		before, after, err := policies(a[1], a[2])
		if err != nil {
			return nil, err
		}
		return withRules(nil, nil, a[0], func(_ asset.Value, _ []int64, firewalls []asset.Value) (any, error) {
			return netrule.FirewallsOpenAll(firewalls, before, after, string(a[3].(types.String)))
		})
	}},
}

var portsType = cel.ListType(cel.IntType)

// withRules brings the arguments of a judgement of rules into form; those that are
// nil are left out.
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
		if nums, err = numbers(ports); err != nil {
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
