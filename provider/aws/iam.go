package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// iamTables read users, roles, groups and policies in one pass, and what of the
// account is kept by IAM.
func iamTables(u *unit) []collect.Table {
	client := iam.NewFromConfig(u.config("iam"), func(o *iam.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	report := collect.Once(func(ctx context.Context) (credentialReport, error) { return readCredentialReport(ctx, client) })
	return []collect.Table{
		iamDetails(u, client, report),
		iamInstanceProfiles(client),
		accountTable(u, client, report),
	}
}

func iamDetails(u *unit, client *iam.Client, report func(context.Context) (credentialReport, error)) collect.Table {
	const op = "iam:GetAccountAuthorizationDetails"
	filter := iamFilter(u)
	page := func(ctx context.Context, token string, filter []iamtypes.EntityType) (*iam.GetAccountAuthorizationDetailsOutput, error) {
		return client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
			Filter: filter, Marker: optional(token), MaxItems: aws.Int32(1000),
		})
	}
	// Users name their groups without the path that the ARN has.
	groups := collect.Once(func(ctx context.Context) (map[string]string, error) {
		arns := map[string]string{}
		for g, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]iamtypes.GroupDetail, string, error) {
			out, err := page(ctx, token, []iamtypes.EntityType{iamtypes.EntityTypeGroup})
			if err != nil {
				return nil, "", err
			}
			return out.GroupDetailList, aws.ToString(out.Marker), nil
		}) {
			if err != nil {
				return nil, err
			}
			arns[aws.ToString(g.GroupName)] = aws.ToString(g.Arn)
		}
		return arns, nil
	})
	// What a role is described as is not among the details. No more than that is kept of
	// the roles of an account.
	type settings struct {
		description *string
		maxSession  *int32
	}
	roles := collect.Once(func(ctx context.Context) (map[string]settings, error) {
		byARN := map[string]settings{}
		for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]iamtypes.Role, string, error) {
			out, err := client.ListRoles(ctx, &iam.ListRolesInput{Marker: optional(token), MaxItems: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			return out.Roles, aws.ToString(out.Marker), nil
		}) {
			if err != nil {
				return nil, err
			}
			byARN[aws.ToString(r.Arn)] = settings{r.Description, r.MaxSessionDuration}
		}
		return byARN, nil
	})
	// A policy of AWS that is a boundary and attached to nobody is not among the details.
	var boundaries boundaryPolicies
	return collect.Table{
		Op:     op,
		Gone:   []string{"NoSuchEntity"},
		Types:  []asset.Type{iamUser, iamRole, iamGroup, iamManagedPolicy},
		Global: true,
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := page(ctx, token, filter)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.UserDetailList {
				boundaries.use(x.PermissionsBoundary)
				d := userDraft(op, x)
				if len(x.GroupList) > 0 {
					arns, err := groups(ctx)
					if err != nil {
						return nil, "", err
					}
					for _, g := range x.GroupList {
						id, ok := arns[g]
						if !ok {
							// Made since the groups were listed: where it is by default. If it is
							// elsewhere the link leads to what nobody observes.
							id = groupARN(d.ID, g)
						}
						d.Link("member_of", iamGroup, id)
					}
				}
				ds = append(ds, d)
			}
			for _, x := range out.RoleDetailList {
				boundaries.use(x.PermissionsBoundary)
				ds = append(ds, roleDraft(op, x))
			}
			for _, x := range out.GroupDetailList {
				ds = append(ds, groupDraft(op, x))
			}
			for _, x := range out.Policies {
				boundaries.list(aws.ToString(x.Arn))
				ds = append(ds, managedPolicyDraft(op, x))
			}
			next := aws.ToString(out.Marker)
			if next == "" && u.scan.Query.Wants(iamManagedPolicy) {
				ds = append(ds, boundaries.drafts()...)
			}
			return ds, next, nil
		},
		Reads: []collect.Read{{
			Op: "iam:GetPolicyVersion",
			Of: iamManagedPolicy,
			Each: func(ctx context.Context, d *collect.Draft) error {
				if _, ok := d.Config["DefaultVersionId"]; ok {
					return nil // with the details
				}
				return readBoundary(ctx, client, d)
			},
		}, {
			Op: "iam:ListPolicyTags",
			Of: iamManagedPolicy,
			Each: func(ctx context.Context, d *collect.Draft) error {
				if ofAWS(d.ID) {
					d.Tags = map[string]string{} // nobody can tag it
					return nil
				}
				var err error
				d.Tags, err = pagedTags(ctx, iamTag, func(ctx context.Context, token string) ([]iamtypes.Tag, string, error) {
					out, err := client.ListPolicyTags(ctx, &iam.ListPolicyTagsInput{PolicyArn: &d.ID, Marker: optional(token)})
					if err != nil {
						return nil, "", err
					}
					return out.Tags, aws.ToString(out.Marker), nil
				})
				return err
			},
		}, {
			Op: "iam:GetCredentialReport",
			Of: iamUser,
			Each: func(ctx context.Context, d *collect.Draft) error {
				rows, err := report(ctx)
				if err != nil {
					return err
				}
				row, err := rows.of(d.Name, d.Created)
				if err != nil {
					return err
				}
				d.Status["CredentialReport"] = row
				return nil
			},
		}, {
			Op:     "iam:GetLoginProfile",
			Of:     iamUser,
			Absent: []string{"NoSuchEntity"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &d.Name})
				if err != nil {
					return err
				}
				if out.LoginProfile != nil {
					d.Config["LoginProfile"] = collect.Doc{"PasswordResetRequired": out.LoginProfile.PasswordResetRequired}
				}
				return nil
			},
		}, {
			Op: "iam:ListMFADevices",
			Of: iamUser,
			Each: func(ctx context.Context, d *collect.Draft) error {
				devices := []collect.Doc{}
				for m, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]iamtypes.MFADevice, string, error) {
					out, err := client.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: &d.Name, Marker: optional(token), MaxItems: aws.Int32(1000)})
					if err != nil {
						return nil, "", err
					}
					return out.MFADevices, aws.ToString(out.Marker), nil
				}) {
					if err != nil {
						return err
					}
					devices = append(devices, collect.Doc{"SerialNumber": m.SerialNumber, "EnableDate": m.EnableDate})
				}
				d.Status["MFADevices"] = devices
				return nil
			},
		}, {
			Op: "iam:ListRoles",
			Of: iamRole,
			Each: func(ctx context.Context, d *collect.Draft) error {
				byARN, err := roles(ctx)
				if err != nil {
					return err
				}
				r, ok := byARN[d.ID]
				if !ok {
					return unread("iam:ListRoles", codeNotListed, "the role is not in the list")
				}
				d.Config["Description"] = r.description
				d.Config["MaxSessionDuration"] = r.maxSession
				return nil
			},
		}},
		Under: []collect.Table{{
			Op:    "iam:ListAccessKeys",
			Gone:  []string{"NoSuchEntity"},
			Types: []asset.Type{iamAccessKey},
			Of:    iamUser,
			ListOf: func(ctx context.Context, user *collect.Draft, token string) ([]*collect.Draft, string, error) {
				out, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user.Name, Marker: optional(token), MaxItems: aws.Int32(1000)})
				if err != nil {
					return nil, "", err
				}
				var ds []*collect.Draft
				for _, k := range out.AccessKeyMetadata {
					id := aws.ToString(k.AccessKeyId)
					d := collect.NewDraft(iamAccessKey, id, id)
					d.Created, d.Incarnation, d.Page = aws.ToTime(k.CreateDate), id, user.ID
					d.Config = collect.Doc{"Id": id, "UserName": user.Name, "Status": k.Status}
					d.Status = collect.Doc{"CreateDate": k.CreateDate}
					d.Link("owned_by", iamUser, user.ID)
					ds = append(ds, d)
				}
				return ds, aws.ToString(out.Marker), nil
			},
			Reads: []collect.Read{{
				Op: "iam:GetAccessKeyLastUsed",
				Each: func(ctx context.Context, d *collect.Draft) error {
					out, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &d.ID})
					if err != nil {
						return err
					}
					d.Status["AccessKeyLastUsed"] = out.AccessKeyLastUsed
					return nil
				},
			}},
		}},
	}
}

// iamFilter returns the kinds of entities that are requested.
func iamFilter(u *unit) []iamtypes.EntityType {
	wants := u.scan.Query.Wants
	var filter []iamtypes.EntityType
	if wants(iamUser) || wants(iamAccessKey) {
		filter = append(filter, iamtypes.EntityTypeUser)
	}
	if wants(iamRole) {
		filter = append(filter, iamtypes.EntityTypeRole)
	}
	if wants(iamGroup) {
		filter = append(filter, iamtypes.EntityTypeGroup)
	}
	if wants(iamManagedPolicy) {
		filter = append(filter, iamtypes.EntityTypeLocalManagedPolicy, iamtypes.EntityTypeAWSManagedPolicy)
	}
	return filter
}

func userDraft(op string, x iamtypes.UserDetail) *collect.Draft {
	d := collect.NewDraft(iamUser, aws.ToString(x.Arn), aws.ToString(x.UserName))
	d.Created, d.Incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.UserId)
	d.Tags = tagMap(x.Tags, iamTag)
	d.Config = collect.Doc{
		"Arn":      x.Arn,
		"UserName": x.UserName,
		"Path":     x.Path,
		"Groups":   x.GroupList,
	}
	d.Status = collect.Doc{"UserId": x.UserId, "CreateDate": x.CreateDate}
	grants(d, op, x.AttachedManagedPolicies, x.UserPolicyList, x.PermissionsBoundary)
	return d
}

// groupARN returns the ARN of a group without a path, in the account of a user.
func groupARN(user, name string) string {
	account, _, _ := strings.Cut(user, ":user/")
	return account + ":group/" + name
}

func roleDraft(op string, x iamtypes.RoleDetail) *collect.Draft {
	d := collect.NewDraft(iamRole, aws.ToString(x.Arn), aws.ToString(x.RoleName))
	d.Created, d.Incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.RoleId)
	d.Tags = tagMap(x.Tags, iamTag)
	d.Access = policyDocument(op, x.AssumeRolePolicyDocument)
	d.Config = collect.Doc{
		"Arn":                      x.Arn,
		"RoleId":                   x.RoleId,
		"RoleName":                 x.RoleName,
		"Path":                     x.Path,
		"AssumeRolePolicyDocument": d.Access,
	}
	d.Status = collect.Doc{"CreateDate": x.CreateDate, "RoleLastUsed": x.RoleLastUsed}
	grants(d, op, x.AttachedManagedPolicies, x.RolePolicyList, x.PermissionsBoundary)
	return d
}

func groupDraft(op string, x iamtypes.GroupDetail) *collect.Draft {
	d := collect.NewDraft(iamGroup, aws.ToString(x.Arn), aws.ToString(x.GroupName))
	d.Created, d.Incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.GroupId)
	d.Config = collect.Doc{"Arn": x.Arn, "GroupName": x.GroupName, "Path": x.Path}
	d.Status = collect.Doc{"GroupId": x.GroupId, "CreateDate": x.CreateDate}
	grants(d, op, x.AttachedManagedPolicies, x.GroupPolicyList, nil)
	return d
}

// grants adds the policies that a user, role or group has.
func grants(d *collect.Draft, op string, attached []iamtypes.AttachedPolicy, inline []iamtypes.PolicyDetail, boundary *iamtypes.AttachedPermissionsBoundary) {
	arns := make([]string, 0, len(attached))
	for _, p := range attached {
		arns = append(arns, aws.ToString(p.PolicyArn))
		d.Link("attached_policy", iamManagedPolicy, aws.ToString(p.PolicyArn))
	}
	policies := make([]collect.Doc, 0, len(inline))
	for _, p := range inline {
		policies = append(policies, collect.Doc{"PolicyName": p.PolicyName, "PolicyDocument": policyDocument(op, p.PolicyDocument)})
	}
	d.Config["ManagedPolicyArns"] = arns
	d.Config["Policies"] = policies
	if boundary != nil {
		d.Config["PermissionsBoundary"] = boundary.PermissionsBoundaryArn
		d.Link("permissions_boundary", iamManagedPolicy, aws.ToString(boundary.PermissionsBoundaryArn))
	}
}

func managedPolicyDraft(op string, x iamtypes.ManagedPolicyDetail) *collect.Draft {
	d := collect.NewDraft(iamManagedPolicy, aws.ToString(x.Arn), awsapi.Name(aws.ToString(x.Arn)))
	d.Created, d.Incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.PolicyId)
	d.Config = collect.Doc{
		"PolicyArn":                     x.Arn,
		"PolicyId":                      x.PolicyId,
		"ManagedPolicyName":             x.PolicyName,
		"Path":                          x.Path,
		"Description":                   x.Description,
		"AttachmentCount":               x.AttachmentCount,
		"DefaultVersionId":              x.DefaultVersionId,
		"IsAttachable":                  x.IsAttachable,
		"PermissionsBoundaryUsageCount": x.PermissionsBoundaryUsageCount,
		"CreateDate":                    x.CreateDate,
		"UpdateDate":                    x.UpdateDate,
	}
	for _, v := range x.PolicyVersionList {
		if v.IsDefaultVersion {
			d.Config["PolicyDocument"] = policyDocument(op, v.Document)
		}
	}
	if d.Config["PolicyDocument"] == nil {
		d.SetUnread(unread(op, collect.CodeMalformed, "no default version in the answer"), "config.PolicyDocument")
	}
	if ofAWS(d.ID) {
		// How often a policy of AWS is attached differs from account to account, so that
		// it is not reported of the one asset that they share.
		delete(d.Config, "AttachmentCount")
		delete(d.Config, "PermissionsBoundaryUsageCount")
	}
	return d
}

// ofAWS reports whether a policy is one of AWS itself.
func ofAWS(policy string) bool { return strings.Contains(policy, ":iam::aws:") }

func iamInstanceProfiles(client *iam.Client) collect.Table {
	return collect.Table{
		Op:     "iam:ListInstanceProfiles",
		Gone:   []string{"NoSuchEntity"},
		Types:  []asset.Type{iamInstanceProfile},
		Global: true,
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{Marker: optional(token), MaxItems: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.InstanceProfiles {
				d := collect.NewDraft(iamInstanceProfile, aws.ToString(x.Arn), aws.ToString(x.InstanceProfileName))
				d.Created, d.Incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.InstanceProfileId)
				d.Config = collect.Doc{"Arn": x.Arn, "InstanceProfileName": x.InstanceProfileName, "Path": x.Path}
				var names []*string
				for _, r := range x.Roles {
					names = append(names, r.RoleName)
					d.Link("role", iamRole, aws.ToString(r.Arn))
				}
				d.Config["Roles"] = names
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "iam:ListInstanceProfileTags",
			Each: func(ctx context.Context, d *collect.Draft) (err error) {
				d.Tags, err = pagedTags(ctx, iamTag, func(ctx context.Context, token string) ([]iamtypes.Tag, string, error) {
					out, err := client.ListInstanceProfileTags(ctx, &iam.ListInstanceProfileTagsInput{InstanceProfileName: &d.Name, Marker: optional(token)})
					if err != nil {
						return nil, "", err
					}
					return out.Tags, aws.ToString(out.Marker), nil
				})
				return err
			},
		}},
	}
}

func iamTag(t iamtypes.Tag) (key, value *string) { return t.Key, t.Value }
