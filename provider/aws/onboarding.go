package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openstance/stance/provider"
)

// Limits of AWS, of IAM and CloudFormation: what a managed policy may have of
// characters without white space, how many may be attached to a role unless the quota
// is raised, and the bytes of a template that stands in another.
const (
	maxPolicy       = 6144
	maxPolicies     = 10
	maxTemplateBody = 51200
)

// Onboarding renders the role that a scan assumes in an account. The role permits the
// operations that the query needs and nothing else, as the catalogue lists their
// permissions, and trusts one principal, which must present an external id.
type Onboarding struct {
	// Role has the name of the role, "stance-read" if it is empty, and the external id.
	// Without one it is a parameter of the template.
	Role Role
	// Principal is the ARN that may assume the role. If it is empty it is a parameter of
	// the template.
	Principal string
	// Query is the query of the scans: Types and Reads of a set of policies.
	Query provider.Query
	// Organization adds the permissions to list the accounts of the organization. It is
	// for the role in the management account, or in one to which it delegates.
	Organization bool
	// Simulate adds the permission to simulate policies, with which [Provider.Check]
	// reports more and makes fewer calls.
	Simulate bool
}

var (
	roleName     = regexp.MustCompile(`^([A-Za-z0-9+=,.@_-]{1,64}/){0,8}[A-Za-z0-9+=,.@_-]{1,64}$`)
	externalID   = regexp.MustCompile(`^` + externalIDPattern + `$`)
	principalARN = regexp.MustCompile(`^` + principalPattern + `$`)
	plainAction  = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+\*?$`) // some handlers of Cloud Control name all of a kind
)

const (
	externalIDPattern = `[A-Za-z0-9+=,.@:/_-]+`
	principalPattern  = `arn:aws[a-z-]*:iam::[0-9]{12}:(root|(user|role)/[A-Za-z0-9+=,.@_/-]+)`
)

// role is what all forms render.
type role struct {
	path, name            string
	principal, externalID string
	policies              []policyDoc
}

type policyDoc struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal any `json:",omitempty"`
	Action    []string
	Resource  string `json:",omitempty"`
	Condition any    `json:",omitempty"`
}

// Permissions returns what the role permits, sorted.
func (o *Onboarding) Permissions() []string {
	all := New(aws.Config{}, nil).Permissions(o.Query)
	if o.Organization {
		all = append(all, organizationPermissions(true)...)
	}
	if o.Simulate {
		all = append(all, "iam:SimulatePrincipalPolicy", "iam:GetRole")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (o *Onboarding) role() (*role, error) {
	r := &role{name: o.Role.Name, path: "/", principal: o.Principal, externalID: o.Role.ExternalID}
	if r.name == "" {
		r.name = "stance-read"
	}
	r.name = strings.TrimPrefix(r.name, "/")
	switch {
	case !roleName.MatchString(r.name):
		return nil, fmt.Errorf("onboarding: role name %q: IAM allows up to 64 letters, digits and +=,.@_-, with a path before it", o.Role.Name)
	case r.principal != "" && !principalARN.MatchString(r.principal):
		return nil, fmt.Errorf("onboarding: principal %q: want the ARN of an account's root, a user or a role", r.principal)
	case r.externalID != "" && (len(r.externalID) < 2 || len(r.externalID) > 1224 || !externalID.MatchString(r.externalID)):
		return nil, errors.New("onboarding: external id: IAM allows 2 to 1224 letters, digits and +=,.@:/_-")
	}
	if i := strings.LastIndexByte(r.name, '/'); i >= 0 {
		r.path, r.name = "/"+r.name[:i+1], r.name[i+1:]
	}
	actions := o.Permissions()
	for _, a := range actions {
		if !plainAction.MatchString(a) {
			return nil, fmt.Errorf("onboarding: the catalogue's permission %q is not one action", a)
		}
	}
	if r.policies = split(actions); len(r.policies) > maxPolicies {
		return nil, fmt.Errorf("onboarding: %d permissions take %d policies, and a role has at most %d", len(actions), len(r.policies), maxPolicies)
	}
	return r, nil
}

// split makes as few policies of actions as their sizes allow, in order.
func split(actions []string) []policyDoc {
	document := func(actions []string, n int) policyDoc {
		return policyDoc{"2012-10-17", []statement{{Sid: "StanceRead" + strconv.Itoa(n), Effect: "Allow", Action: actions, Resource: "*"}}}
	}
	var docs []policyDoc
	for from := 0; from < len(actions); {
		size, to := len(compact(document(nil, len(docs)+1))), from
		for to < len(actions) && size+len(actions[to])+3 <= maxPolicy {
			size += len(actions[to]) + 3 // quotes and comma
			to++
		}
		docs = append(docs, document(actions[from:to], len(docs)+1))
		from = to
	}
	return docs
}

type object = map[string]any

func refTo(name string) object { return object{"Ref": name} }

// parameter is one of a template, with the default if there is one.
func parameter(description, pattern, value string) object {
	p := object{"Type": "String", "Description": description, "AllowedPattern": pattern}
	if value != "" {
		p["Default"] = value
	}
	return p
}

func (r *role) parameters() object {
	id := parameter("External id that has to be shown to assume the role", externalIDPattern, r.externalID)
	id["MinLength"], id["MaxLength"] = 2, 1224
	return object{
		"TrustedPrincipal": parameter("ARN of who may assume the role", principalPattern, r.principal),
		"ExternalId":       id,
	}
}

// resources are the role and its policies.
func (r *role) resources() object {
	all := object{}
	var arns []any
	for i, doc := range r.policies {
		id := "StanceReadPolicy" + strconv.Itoa(i+1)
		all[id] = object{
			"Type":       "AWS::IAM::ManagedPolicy",
			"Properties": object{"Description": "What Stance reads, part " + strconv.Itoa(i+1), "PolicyDocument": doc},
		}
		arns = append(arns, refTo(id))
	}
	all["StanceRole"] = object{
		"Type": "AWS::IAM::Role",
		"Properties": object{
			"RoleName":    r.name,
			"Path":        r.path,
			"Description": "Lets Stance read what its policies look at",
			"AssumeRolePolicyDocument": policyDoc{"2012-10-17", []statement{{
				Effect: "Allow", Principal: object{"AWS": refTo("TrustedPrincipal")}, Action: []string{"sts:AssumeRole"},
				Condition: object{"StringEquals": object{"sts:ExternalId": refTo("ExternalId")}},
			}}},
			"ManagedPolicyArns": arns,
		},
	}
	return all
}

func (r *role) template() object {
	return object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "Role by which Stance reads this account",
		"Parameters":               r.parameters(),
		"Resources":                r.resources(),
		"Outputs":                  object{"RoleArn": object{"Value": object{"Fn::GetAtt": []string{"StanceRole", "Arn"}}}},
	}
}

// CloudFormation returns a template, in JSON, that makes the role in one account. It
// is deployed with the capability CAPABILITY_NAMED_IAM.
func (o *Onboarding) CloudFormation() ([]byte, error) {
	r, err := o.role()
	if err != nil {
		return nil, err
	}
	return indented(r.template()), nil
}

// StackSet returns a template, in JSON, for the management account of an organization.
// It creates the role there, and a stack set that creates it in every account below the
// organizational units that a parameter names, now and later. The role of the management
// account may list the accounts, as with Organization.
func (o *Onboarding) StackSet() ([]byte, error) {
	member, management := *o, *o
	member.Organization, management.Organization = false, true
	inside, err := member.role()
	if err != nil {
		return nil, err
	}
	r, err := management.role()
	if err != nil {
		return nil, err
	}
	body := compact(inside.template())
	if len(body) > maxTemplateBody {
		return nil, fmt.Errorf("onboarding: the template for the accounts has %d bytes, and one in a stack set at most %d", len(body), maxTemplateBody)
	}
	t := r.template()
	t["Description"] = "Roles by which Stance reads the accounts of an organization"
	t["Parameters"].(object)["OrganizationalUnitIds"] = object{
		"Type":        "CommaDelimitedList",
		"Description": "Organizational units, or the root, in whose accounts to create the role",
	}
	pass := func(name string) object {
		return object{"ParameterKey": name, "ParameterValue": refTo(name)}
	}
	t["Resources"].(object)["StanceStackSet"] = object{
		"Type": "AWS::CloudFormation::StackSet",
		"Properties": object{
			"StackSetName":    "stance-read",
			"PermissionModel": "SERVICE_MANAGED",
			"AutoDeployment":  object{"Enabled": true, "RetainStacksOnAccountRemoval": false},
			"Capabilities":    []string{"CAPABILITY_NAMED_IAM"},
			"Parameters":      []object{pass("TrustedPrincipal"), pass("ExternalId")},
			"StackInstancesGroup": []object{{
				"DeploymentTargets": object{"OrganizationalUnitIds": refTo("OrganizationalUnitIds")},
				"Regions":           []object{refTo("AWS::Region")},
			}},
			"OperationPreferences": object{"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 25},
			"TemplateBody":         string(body),
		},
	}
	return indented(t), nil
}

// Terraform returns a module in Terraform's JSON syntax, for a file whose name ends in
// .tf.json, that makes the role in one account.
func (o *Onboarding) Terraform() ([]byte, error) {
	r, err := o.role()
	if err != nil {
		return nil, err
	}
	variable := func(description, value string) object {
		v := object{"type": "string", "description": description}
		if value != "" {
			v["default"] = value
		}
		return v
	}
	policies, attachments := object{}, object{}
	for i, doc := range r.policies {
		id := "stance_read_" + strconv.Itoa(i+1)
		policies[id] = object{
			"name": r.name + "-" + strconv.Itoa(i+1), "path": r.path,
			"description": "What Stance reads, part " + strconv.Itoa(i+1),
			"policy":      string(compact(doc)),
		}
		attachments[id] = object{"role": "${aws_iam_role.stance.name}", "policy_arn": "${aws_iam_policy." + id + ".arn}"}
	}
	return indented(object{
		"terraform": object{"required_providers": object{"aws": object{"source": "hashicorp/aws"}}},
		"variable": object{
			"trusted_principal": variable("ARN of who may assume the role", r.principal),
			"external_id":       variable("External id that has to be shown to assume the role", r.externalID),
		},
		"resource": object{
			"aws_iam_role": object{"stance": object{
				"name": r.name, "path": r.path,
				"description": "Lets Stance read what its policies look at",
				"assume_role_policy": `${jsonencode({Version = "2012-10-17", Statement = [{Effect = "Allow", Principal = {AWS = var.trusted_principal}, ` +
					`Action = "sts:AssumeRole", Condition = {StringEquals = {"sts:ExternalId" = var.external_id}}}]})}`,
			}},
			"aws_iam_policy":                 policies,
			"aws_iam_role_policy_attachment": attachments,
		},
		"output": object{"role_arn": object{"value": "${aws_iam_role.stance.arn}"}},
	}), nil
}

// indented and compact are of values that always have a form in JSON, with members in
// the order of their names.
func indented(v any) []byte {
	var out bytes.Buffer
	_ = json.Indent(&out, compact(v), "", "  ")
	return append(out.Bytes(), '\n')
}

func compact(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(out.Bytes())
}
