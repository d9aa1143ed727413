package aws

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/openstance/stance/asset"
)

// wafTables read access control lists of the region, and in the region that answers
// for what is global those of CloudFront. The token is the scope and the service's own.
func wafTables(u *unit) []table {
	client := wafv2.NewFromConfig(u.config("wafv2"))
	scopes := []waftypes.Scope{waftypes.ScopeRegional}
	if u.region == "us-east-1" {
		scopes = append(scopes, waftypes.ScopeCloudfront)
	}
	return []table{{
		op:    "wafv2:ListWebACLs",
		types: []asset.Type{webACL},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			scope, own, _ := strings.Cut(token, " ")
			if scope == "" {
				scope = string(scopes[0])
			}
			out, err := client.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: waftypes.Scope(scope), NextMarker: optional(own), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.WebACLs {
				d := newDraft(webACL, aws.ToString(x.ARN), aws.ToString(x.Name))
				d.key, d.incarnation = scope, aws.ToString(x.Id)
				d.config = doc{"Arn": x.ARN, "Description": x.Description, "Id": x.Id, "Name": x.Name, "Scope": scope}
				ds = append(ds, d)
			}
			if next := wafMarker(out.NextMarker, own, len(out.WebACLs)); next != "" {
				return ds, scope + " " + next, nil
			}
			if last := string(scopes[len(scopes)-1]); scope != last {
				return ds, last, nil
			}
			return ds, "", nil
		},
		reads: []read{{
			op: "wafv2:GetWebACL",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: &d.incarnation, Name: &d.name, Scope: waftypes.Scope(d.key)})
				if err != nil {
					return err
				}
				if out.WebACL == nil {
					return fmt.Errorf("no description of %s in the answer", d.name)
				}
				webACLRead(u, d, out.WebACL)
				return nil
			},
		}, {
			op: "wafv2:ListTagsForResource",
			each: func(ctx context.Context, d *draft) (err error) {
				tag := func(t waftypes.Tag) (key, value *string) { return t.Key, t.Value }
				d.tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]waftypes.Tag, string, error) {
					out, err := client.ListTagsForResource(ctx, &wafv2.ListTagsForResourceInput{ResourceARN: &d.ID, NextMarker: optional(token), Limit: aws.Int32(100)})
					if err != nil || out.TagInfoForResource == nil {
						return nil, "", err
					}
					list := out.TagInfoForResource.TagList
					return list, wafMarker(out.NextMarker, token, len(list)), nil
				})
				return err
			},
		}},
	}}
}

// wafMarker returns the marker of the next page, or "". A page with nothing on it that
// has the marker it was asked for by is the end.
func wafMarker(next *string, own string, found int) string {
	if found == 0 && aws.ToString(next) == own {
		return ""
	}
	return aws.ToString(next)
}

func webACLRead(u *unit, d *draft, x *waftypes.WebACL) {
	d.config["ApplicationConfig"] = x.ApplicationConfig
	d.config["AssociationConfig"] = x.AssociationConfig
	d.config["Capacity"] = x.Capacity
	d.config["CaptchaConfig"] = x.CaptchaConfig
	d.config["ChallengeConfig"] = x.ChallengeConfig
	d.config["CustomResponseBodies"] = x.CustomResponseBodies
	d.config["DataProtectionConfig"] = x.DataProtectionConfig
	d.config["DefaultAction"] = x.DefaultAction
	d.config["LabelNamespace"] = x.LabelNamespace
	d.config["MonetizationConfig"] = notCollected()
	d.config["OnSourceDDoSProtectionConfig"] = x.OnSourceDDoSProtectionConfig
	rules, _ := u.scan.known(webACL).schema.Config.Field("Rules")
	d.config["Rules"], _ = (&tidier{typ: webACL}).value(reflect.ValueOf(x.Rules), rules.Shape, "config.Rules")
	hideHeaders(d.config["Rules"])
	d.config["TokenDomains"] = x.TokenDomains
	d.config["VisibilityConfig"] = x.VisibilityConfig
}

// hideHeaders redacts what rules look for in headers that are not standard, or tell who
// calls: a secret, as a rule, by which a distribution or a client is known.
func hideHeaders(part any) {
	switch x := part.(type) {
	case []any:
		for _, e := range x {
			hideHeaders(e)
		}
	case map[string]any:
		if field, ok := x["FieldToMatch"].(map[string]any); ok && x["SearchStringBase64"] != nil {
			header, _ := field["SingleHeader"].(map[string]any)
			name, _ := header["Name"].(string)
			name = strings.ToLower(name)
			if strings.HasPrefix(name, "x-") || name == "authorization" || name == "cookie" {
				x["SearchStringBase64"] = asset.Redacted{}
			}
		}
		for _, member := range x {
			hideHeaders(member)
		}
	}
}
