package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/internal/collect"
)

// wafTables read access control lists of the region, and in the region that answers
// for what is global those of CloudFront. The token is the scope and the service's own.
func wafTables(u *unit) []collect.Table {
	client := wafv2.NewFromConfig(u.config("wafv2"))
	scopes := []waftypes.Scope{waftypes.ScopeRegional}
	if u.region == "us-east-1" {
		scopes = append(scopes, waftypes.ScopeCloudfront)
	}
	return []collect.Table{{
		Op:    "wafv2:ListWebACLs",
		Types: []asset.Type{webACL},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			scope, own, _ := strings.Cut(token, " ")
			if scope == "" {
				scope = string(scopes[0])
			}
			out, err := client.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: waftypes.Scope(scope), NextMarker: optional(own), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.WebACLs {
				d := collect.NewDraft(webACL, aws.ToString(x.ARN), aws.ToString(x.Name))
				d.Key, d.Incarnation = scope, aws.ToString(x.Id)
				d.Config = collect.Doc{"Arn": x.ARN, "Description": x.Description, "Id": x.Id, "Name": x.Name, "Scope": scope}
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
		Reads: []collect.Read{{
			Op: "wafv2:GetWebACL",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: &d.Incarnation, Name: &d.Name, Scope: waftypes.Scope(d.Key)})
				if err != nil {
					return err
				}
				if out.WebACL == nil {
					return fmt.Errorf("no description of %s in the answer", d.Name)
				}
				webACLRead(u, d, out.WebACL)
				return nil
			},
		}, {
			Op: "wafv2:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) (err error) {
				tag := func(t waftypes.Tag) (key, value *string) { return t.Key, t.Value }
				d.Tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]waftypes.Tag, string, error) {
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
// has the marker of its request is the end.
func wafMarker(next *string, own string, found int) string {
	if found == 0 && aws.ToString(next) == own {
		return ""
	}
	return aws.ToString(next)
}

func webACLRead(u *unit, d *collect.Draft, x *waftypes.WebACL) {
	d.Config["ApplicationConfig"] = x.ApplicationConfig
	d.Config["AssociationConfig"] = x.AssociationConfig
	d.Config["Capacity"] = x.Capacity
	d.Config["CaptchaConfig"] = x.CaptchaConfig
	d.Config["ChallengeConfig"] = x.ChallengeConfig
	d.Config["CustomResponseBodies"] = x.CustomResponseBodies
	d.Config["DataProtectionConfig"] = x.DataProtectionConfig
	d.Config["DefaultAction"] = x.DefaultAction
	d.Config["LabelNamespace"] = x.LabelNamespace
	d.Config["MonetizationConfig"] = collect.NotCollected()
	d.Config["OnSourceDDoSProtectionConfig"] = x.OnSourceDDoSProtectionConfig
	d.Config["Rules"] = u.webRules(x.Rules)
	d.Config["TokenDomains"] = x.TokenDomains
	d.Config["VisibilityConfig"] = x.VisibilityConfig
}

// webRules returns the rules, without what they look for in headers that are not
// standard, or that identify the caller: a secret, as a rule, by which a distribution or
// a client is known.
func (u *unit) webRules(rules []waftypes.Rule) any {
	schema, _ := awscatalog.Schema(webACL)
	field, _ := schema.Config.Field("Rules")
	v, err := u.scan.Value(rules, field.Shape)
	for _, p := range secretHeaders(v, "") {
		if err == nil {
			v, err = v.Set(p, asset.Redacted{}.Value())
		}
	}
	if err != nil {
		return unread("wafv2:GetWebACL", collect.CodeMalformed, err.Error())
	}
	return v
}

// secretHeaders returns the paths to what rules look for in such headers.
func secretHeaders(v asset.Value, at asset.Path) []asset.Path {
	var found []asset.Path
	switch v.Kind() {
	case asset.List:
		for i := range v.Len() {
			found = append(found, secretHeaders(v.Index(i), at.Index(i))...)
		}
	case asset.Map:
		name, _ := v.Get("FieldToMatch", "SingleHeader", "Name").Str()
		name = strings.ToLower(name)
		if !v.Get("SearchStringBase64").IsAbsent() && (strings.HasPrefix(name, "x-") || name == "authorization" || name == "cookie") {
			found = append(found, at.Key("SearchStringBase64"))
		}
		for i := range v.Len() {
			key, x := v.MemberAt(i)
			found = append(found, secretHeaders(x, at.Key(key))...)
		}
	}
	return found
}
