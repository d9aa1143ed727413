package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/iam"
)

// iamHelpers evaluate access policies of AWS and of Google Cloud, which differ in form.
var iamHelpers = []helper{
	{"iam.isPublic", []*cel.Type{cel.DynType}, cel.BoolType, ofDocument(iam.IsPublic)},
	{"iam.grantsAdmin", []*cel.Type{cel.DynType}, cel.BoolType, ofDocument(iam.GrantsAdmin)},
	{"iam.externalPrincipals", []*cel.Type{cel.DynType, stringList}, stringList, func(a []ref.Val) (any, error) {
		return withDocument(a[0], func(doc asset.Value) (any, error) {
			own, err := stringsOf(a[1])
			if err != nil {
				return nil, err
			}
			return iam.ExternalPrincipals(doc, own)
		})
	}},
	{"iam.deniesInsecureTransport", []*cel.Type{cel.DynType, cel.StringType}, cel.BoolType, ofDocumentAndText(iam.DeniesInsecureTransport)},
	{"iam.deniesOldTLS", []*cel.Type{cel.DynType, cel.StringType}, cel.BoolType, ofDocumentAndText(iam.DeniesOldTLS)},
	{"iam.escalations", []*cel.Type{documentList, cel.DynType, cel.StringType}, stringList, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		return withDocument(a[1], func(boundary asset.Value) (any, error) {
			return iam.Escalations(docs, boundary, string(a[2].(types.String)))
		})
	}},
	{"iam.membersOf", []*cel.Type{documentList, stringList}, stringList, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		roles, err := stringsOf(a[1])
		if err != nil {
			return nil, err
		}
		return iam.MembersOf(docs, roles)
	}},
	{"iam.membersOfBoth", []*cel.Type{documentList, stringList, stringList}, stringList, func(a []ref.Val) (any, error) {
		docs, err := documents(a[0])
		if err != nil {
			return nil, err
		}
		some, err := stringsOf(a[1])
		if err != nil {
			return nil, err
		}
		others, err := stringsOf(a[2])
		if err != nil {
			return nil, err
		}
		return iam.MembersOfBoth(docs, some, others)
	}},
	{"iam.adminServiceAccounts", []*cel.Type{documentList}, stringList, func(a []ref.Val) (any, error) {
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
