package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const (
	iamUser            asset.Type = "AWS::IAM::User"
	iamRole            asset.Type = "AWS::IAM::Role"
	iamGroup           asset.Type = "AWS::IAM::Group"
	iamManagedPolicy   asset.Type = "AWS::IAM::ManagedPolicy"
	iamAccessKey       asset.Type = "AWS::IAM::AccessKey"
	iamInstanceProfile asset.Type = "AWS::IAM::InstanceProfile"
)

// iamTables read users, roles, groups and policies in one pass, and what of the
// account is kept by IAM.
func iamTables(u *unit) []table {
	client := iam.NewFromConfig(u.config("iam"))
	report := once(func(ctx context.Context) (credentialReport, error) { return readCredentialReport(ctx, client) })
	return []table{
		iamDetails(u, client, report),
		iamInstanceProfiles(client),
		accountTable(u, client, report),
	}
}

func iamDetails(u *unit, client *iam.Client, report func(context.Context) (credentialReport, error)) table {
	const op = "iam:GetAccountAuthorizationDetails"
	filter := iamFilter(u)
	page := func(ctx context.Context, token string, filter []iamtypes.EntityType) (*iam.GetAccountAuthorizationDetailsOutput, error) {
		return client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
			Filter: filter, Marker: optional(token), MaxItems: aws.Int32(1000),
		})
	}
	// Users name their groups without the path that the ARN has.
	groups := once(func(ctx context.Context) (map[string]string, error) {
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
	roles := once(func(ctx context.Context) (map[string]settings, error) {
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
	return table{
		op:     op,
		types:  []asset.Type{iamUser, iamRole, iamGroup, iamManagedPolicy},
		global: true,
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := page(ctx, token, filter)
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.UserDetailList {
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
						d.link("member_of", iamGroup, id)
					}
				}
				ds = append(ds, d)
			}
			for _, x := range out.RoleDetailList {
				ds = append(ds, roleDraft(op, x))
			}
			for _, x := range out.GroupDetailList {
				ds = append(ds, groupDraft(op, x))
			}
			for _, x := range out.Policies {
				ds = append(ds, managedPolicyDraft(op, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{{
			op: "iam:ListPolicyTags",
			of: iamManagedPolicy,
			each: func(ctx context.Context, d *draft) error {
				if ofAWS(d.ID) {
					d.tags = map[string]string{} // nobody can tag it
					return nil
				}
				var err error
				d.tags, err = pagedTags(ctx, iamTag, func(ctx context.Context, token string) ([]iamtypes.Tag, string, error) {
					out, err := client.ListPolicyTags(ctx, &iam.ListPolicyTagsInput{PolicyArn: &d.ID, Marker: optional(token)})
					if err != nil {
						return nil, "", err
					}
					return out.Tags, aws.ToString(out.Marker), nil
				})
				return err
			},
		}, {
			op: "iam:GetCredentialReport",
			of: iamUser,
			each: func(ctx context.Context, d *draft) error {
				rows, err := report(ctx)
				if err != nil {
					return err
				}
				// A user made after the report was is not in it, or one of the same name is
				// that was there before.
				row, ok := rows[d.name]
				if !ok || madeBefore(row, d.created) {
					return &asset.Unread{Op: "iam:GetCredentialReport", Code: codeNotInReport, Message: "the report is older than the user"}
				}
				d.status["CredentialReport"] = row
				return nil
			},
		}, {
			op:     "iam:GetLoginProfile",
			of:     iamUser,
			absent: []string{"NoSuchEntity"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: &d.name})
				if err != nil {
					return err
				}
				if out.LoginProfile != nil {
					d.config["LoginProfile"] = doc{"PasswordResetRequired": out.LoginProfile.PasswordResetRequired}
				}
				return nil
			},
		}, {
			op: "iam:ListMFADevices",
			of: iamUser,
			each: func(ctx context.Context, d *draft) error {
				devices := []doc{}
				for m, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]iamtypes.MFADevice, string, error) {
					out, err := client.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: &d.name, Marker: optional(token), MaxItems: aws.Int32(1000)})
					if err != nil {
						return nil, "", err
					}
					return out.MFADevices, aws.ToString(out.Marker), nil
				}) {
					if err != nil {
						return err
					}
					devices = append(devices, doc{"SerialNumber": m.SerialNumber, "EnableDate": m.EnableDate})
				}
				d.status["MFADevices"] = devices
				return nil
			},
		}, {
			op: "iam:ListRoles",
			of: iamRole,
			each: func(ctx context.Context, d *draft) error {
				byARN, err := roles(ctx)
				if err != nil {
					return err
				}
				r, ok := byARN[d.ID]
				if !ok {
					return &asset.Unread{Op: "iam:ListRoles", Code: codeNotListed, Message: "the role is not in the list"}
				}
				d.config["Description"] = r.description
				d.config["MaxSessionDuration"] = r.maxSession
				return nil
			},
		}},
		under: []table{{
			op:    "iam:ListAccessKeys",
			types: []asset.Type{iamAccessKey},
			of:    iamUser,
			listOf: func(ctx context.Context, user *draft, token string) ([]*draft, string, error) {
				out, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user.name, Marker: optional(token), MaxItems: aws.Int32(1000)})
				if err != nil {
					return nil, "", err
				}
				var ds []*draft
				for _, k := range out.AccessKeyMetadata {
					id := aws.ToString(k.AccessKeyId)
					d := newDraft(iamAccessKey, id, id)
					d.created, d.incarnation, d.page = aws.ToTime(k.CreateDate), id, user.ID
					d.config = doc{"Id": id, "UserName": user.name, "Status": k.Status}
					d.status = doc{"CreateDate": k.CreateDate}
					d.link("owned_by", iamUser, user.ID)
					ds = append(ds, d)
				}
				return ds, aws.ToString(out.Marker), nil
			},
			reads: []read{{
				op: "iam:GetAccessKeyLastUsed",
				each: func(ctx context.Context, d *draft) error {
					out, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &d.ID})
					if err != nil {
						return err
					}
					d.status["AccessKeyLastUsed"] = out.AccessKeyLastUsed
					return nil
				},
			}},
		}},
	}
}

// iamFilter returns the kinds of entities that are asked for.
func iamFilter(u *unit) []iamtypes.EntityType {
	wants := u.scan.query.Wants
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

func userDraft(op string, x iamtypes.UserDetail) *draft {
	d := newDraft(iamUser, aws.ToString(x.Arn), aws.ToString(x.UserName))
	d.created, d.incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.UserId)
	d.tags = tagMap(x.Tags, iamTag)
	d.config = doc{
		"Arn":      x.Arn,
		"UserName": x.UserName,
		"Path":     x.Path,
		"Groups":   x.GroupList,
	}
	d.status = doc{"UserId": x.UserId, "CreateDate": x.CreateDate}
	d.grants(op, x.AttachedManagedPolicies, x.UserPolicyList, x.PermissionsBoundary)
	return d
}

// groupARN returns the ARN of a group without a path, in the account of a user.
func groupARN(user, name string) string {
	account, _, _ := strings.Cut(user, ":user/")
	return account + ":group/" + name
}

func roleDraft(op string, x iamtypes.RoleDetail) *draft {
	d := newDraft(iamRole, aws.ToString(x.Arn), aws.ToString(x.RoleName))
	d.created, d.incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.RoleId)
	d.tags = tagMap(x.Tags, iamTag)
	d.access = policyDocument(op, x.AssumeRolePolicyDocument)
	d.config = doc{
		"Arn":                      x.Arn,
		"RoleId":                   x.RoleId,
		"RoleName":                 x.RoleName,
		"Path":                     x.Path,
		"AssumeRolePolicyDocument": d.access,
	}
	d.status = doc{"CreateDate": x.CreateDate, "RoleLastUsed": x.RoleLastUsed}
	d.grants(op, x.AttachedManagedPolicies, x.RolePolicyList, x.PermissionsBoundary)
	return d
}

func groupDraft(op string, x iamtypes.GroupDetail) *draft {
	d := newDraft(iamGroup, aws.ToString(x.Arn), aws.ToString(x.GroupName))
	d.created, d.incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.GroupId)
	d.config = doc{"Arn": x.Arn, "GroupName": x.GroupName, "Path": x.Path}
	d.status = doc{"GroupId": x.GroupId, "CreateDate": x.CreateDate}
	d.grants(op, x.AttachedManagedPolicies, x.GroupPolicyList, nil)
	return d
}

// grants adds the policies that a user, role or group has.
func (d *draft) grants(op string, attached []iamtypes.AttachedPolicy, inline []iamtypes.PolicyDetail, boundary *iamtypes.AttachedPermissionsBoundary) {
	arns := make([]string, 0, len(attached))
	for _, p := range attached {
		arns = append(arns, aws.ToString(p.PolicyArn))
		d.link("attached_policy", iamManagedPolicy, aws.ToString(p.PolicyArn))
	}
	policies := make([]doc, 0, len(inline))
	for _, p := range inline {
		policies = append(policies, doc{"PolicyName": p.PolicyName, "PolicyDocument": policyDocument(op, p.PolicyDocument)})
	}
	d.config["ManagedPolicyArns"] = arns
	d.config["Policies"] = policies
	if boundary != nil {
		d.config["PermissionsBoundary"] = boundary.PermissionsBoundaryArn
		d.link("permissions_boundary", iamManagedPolicy, aws.ToString(boundary.PermissionsBoundaryArn))
	}
}

func managedPolicyDraft(op string, x iamtypes.ManagedPolicyDetail) *draft {
	d := newDraft(iamManagedPolicy, aws.ToString(x.Arn), arnName(aws.ToString(x.Arn)))
	d.created, d.incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.PolicyId)
	d.config = doc{
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
			d.config["PolicyDocument"] = policyDocument(op, v.Document)
		}
	}
	if d.config["PolicyDocument"] == nil {
		d.setUnread([]asset.Path{"config.PolicyDocument"}, &asset.Unread{Op: op, Code: codeMalformed, Message: "no default version in the answer"})
	}
	if ofAWS(d.ID) {
		// How often a policy of AWS is attached differs from account to account, so that
		// it is not told of the one asset that they share.
		delete(d.config, "AttachmentCount")
		delete(d.config, "PermissionsBoundaryUsageCount")
	}
	return d
}

// ofAWS reports whether a policy is one of AWS itself.
func ofAWS(policy string) bool { return strings.Contains(policy, ":iam::aws:") }

func iamInstanceProfiles(client *iam.Client) table {
	return table{
		op:     "iam:ListInstanceProfiles",
		types:  []asset.Type{iamInstanceProfile},
		global: true,
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{Marker: optional(token), MaxItems: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.InstanceProfiles {
				d := newDraft(iamInstanceProfile, aws.ToString(x.Arn), aws.ToString(x.InstanceProfileName))
				d.created, d.incarnation = aws.ToTime(x.CreateDate), aws.ToString(x.InstanceProfileId)
				d.config = doc{"Arn": x.Arn, "InstanceProfileName": x.InstanceProfileName, "Path": x.Path}
				var names []*string
				for _, r := range x.Roles {
					names = append(names, r.RoleName)
					d.link("role", iamRole, aws.ToString(r.Arn))
				}
				d.config["Roles"] = names
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{{
			op: "iam:ListInstanceProfileTags",
			each: func(ctx context.Context, d *draft) (err error) {
				d.tags, err = pagedTags(ctx, iamTag, func(ctx context.Context, token string) ([]iamtypes.Tag, string, error) {
					out, err := client.ListInstanceProfileTags(ctx, &iam.ListInstanceProfileTagsInput{InstanceProfileName: &d.name, Marker: optional(token)})
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
