package expr

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/iam"
)

// iamHelpers evaluate access policies of AWS and of Google Cloud, which differ in form.
var iamHelpers = []helper{
	{"@iam.isPublic", timed(cel.DynType), cel.BoolType, ofPolicy(iam.IsPublic, nil)},
	{"@iam.isPublic", timed(cel.DynType, stringList), cel.BoolType, ofPolicy(iam.IsPublic, func(f *iam.Facts, a []ref.Val) (err error) {
		f.Issuers, err = stringsOf(a[0])
		return err
	})},
	{"@iam.grantsAdmin", timed(cel.DynType), cel.BoolType, ofPolicy(iam.GrantsAdmin, nil)},
	{"@iam.grantsAdmin", timed(cel.DynType, cel.StringType, documentList), cel.BoolType, ofPolicy(iam.GrantsAdmin, func(f *iam.Facts, a []ref.Val) (err error) {
		f.Principal = string(a[0].(types.String))
		f.Organizations, err = organizationsOf(a[1])
		return err
	})},
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
	{"iam.demandsMFA", []*cel.Type{cel.DynType, cel.DynType, cel.DynType}, cel.BoolType, func(a []ref.Val) (any, error) {
		var docs [3]asset.Value
		for i := range docs {
			var err error
			if docs[i], err = ToValue(a[i]); err != nil {
				return nil, err
			}
		}
		return iam.DemandsMFA(docs[0], docs[1], docs[2])
	}},
	{"iam.excludesStrangers", []*cel.Type{cel.DynType, cel.DynType, cel.StringType}, cel.BoolType, func(a []ref.Val) (any, error) {
		return withDocument(a[0], func(condition asset.Value) (any, error) {
			if condition.IsAbsent() {
				return false, nil
			}
			text, err := condition.Str()
			if err != nil {
				return nil, err
			}
			return withDocument(a[1], func(mapping asset.Value) (any, error) {
				return iam.ExcludesStrangers(text, mapping, string(a[2].(types.String)))
			})
		})
	}},
	{"@iam.escalations", timed(documentList, cel.DynType, cel.StringType), stringList, func(a []ref.Val) (any, error) {
		return escalations(a[1], a[2], iam.Facts{Now: instantOf(a), Principal: string(a[3].(types.String))})
	}},
	{"@iam.escalations", timed(documentList, cel.DynType, cel.StringType, stringList, documentList), stringList, func(a []ref.Val) (any, error) {
		f := iam.Facts{Now: instantOf(a), Principal: string(a[3].(types.String))}
		var err error
		if f.Holds, err = listOf(a[4]); err != nil {
			return nil, err
		}
		if f.Organizations, err = organizationsOf(a[5]); err != nil {
			return nil, err
		}
		return escalations(a[1], a[2], f)
	}},
	{"@iam.membersOf", timed(documentList, stringList), stringList, func(a []ref.Val) (any, error) {
		docs, err := documents(a[1])
		if err != nil {
			return nil, err
		}
		roles, err := stringsOf(a[2])
		if err != nil {
			return nil, err
		}
		return iam.MembersOf(docs, roles, iam.Facts{Now: instantOf(a)})
	}},
	{"@iam.membersOfBoth", timed(documentList, stringList, stringList), stringList, func(a []ref.Val) (any, error) {
		docs, err := documents(a[1])
		if err != nil {
			return nil, err
		}
		some, err := stringsOf(a[2])
		if err != nil {
			return nil, err
		}
		others, err := stringsOf(a[3])
		if err != nil {
			return nil, err
		}
		return iam.MembersOfBoth(docs, some, others, iam.Facts{Now: instantOf(a)})
	}},
	{"@iam.adminServiceAccounts", timed(documentList), stringList, func(a []ref.Val) (any, error) {
		docs, err := documents(a[1])
		if err != nil {
			return nil, err
		}
		return iam.AdminServiceAccounts(docs, iam.Facts{Now: instantOf(a)})
	}},
}

// timed returns the types of the arguments after the instant of the evaluation.
func timed(args ...*cel.Type) []*cel.Type { return append([]*cel.Type{cel.TimestampType}, args...) }

func instantOf(a []ref.Val) time.Time { return a[0].(types.Timestamp).Time }

// organizationsOf returns the ids of organizations of AWS, which are assets or ids.
func organizationsOf(v ref.Val) (asset.Value, error) {
	docs, err := documents(v)
	if err != nil {
		return asset.Value{}, err
	}
	ids := make([]any, len(docs))
	for i, d := range docs {
		if d.Kind() == asset.Map {
			d = d.Get("Id")
		}
		ids[i] = d
	}
	return asset.Of(ids)
}

// ofPolicy returns a helper that judges a policy under the facts that add completes from
// the arguments after the policy.
func ofPolicy(judge func(asset.Value, iam.Facts) (bool, error), add func(*iam.Facts, []ref.Val) error) func([]ref.Val) (any, error) {
	return func(a []ref.Val) (any, error) {
		f := iam.Facts{Now: instantOf(a)}
		if add != nil {
			if err := add(&f, a[2:]); err != nil {
				return nil, err
			}
		}
		return withDocument(a[1], func(doc asset.Value) (any, error) { return judge(doc, f) })
	}
}

func escalations(policies, boundary ref.Val, f iam.Facts) (any, error) {
	docs, err := documents(policies)
	if err != nil {
		return nil, err
	}
	return withDocument(boundary, func(boundary asset.Value) (any, error) { return iam.Escalations(docs, boundary, f) })
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
