package asset_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestGroupHas(t *testing.T) {
	shop := asset.Account{
		ID: "1", Name: "shop-prod",
		Parents: []asset.AccountParent{{ID: "ou-b", Name: "web"}, {ID: "ou-a", Name: "prod", Ref: asset.Ref{Type: "AWS::Organizations::OrganizationalUnit", ID: "arn:a"}}},
		Tags:    map[string]string{"team": "web", "empty": ""},
	}
	web := asset.Group{Tags: map[string]string{"team": "web"}}
	other := asset.Group{Accounts: []string{"2"}}
	for name, tt := range map[string]struct {
		group asset.Group
		want  bool
	}{
		"nothing":              {asset.Group{}, true},
		"id":                   {asset.Group{Accounts: []string{"2", "1"}}, true},
		"another id":           {asset.Group{Accounts: []string{"2"}}, false},
		"pattern":              {asset.Group{Names: []string{"*-prod"}}, true},
		"part of the name":     {asset.Group{Names: []string{"shop"}}, false},
		"nearest unit by id":   {asset.Group{Parents: []string{"ou-b"}}, true},
		"unit above by name":   {asset.Group{Parents: []string{"prod"}}, true},
		"unit above by ARN":    {asset.Group{Parents: []string{"arn:a"}}, true},
		"another unit":         {asset.Group{Parents: []string{"test"}}, false},
		"empty parent":         {asset.Group{Parents: []string{""}}, false},
		"tag":                  {asset.Group{Tags: map[string]string{"team": "web"}}, true},
		"tag of another value": {asset.Group{Tags: map[string]string{"team": "data"}}, false},
		"tag without a value":  {asset.Group{Tags: map[string]string{"empty": ""}}, true},
		"no such tag":          {asset.Group{Tags: map[string]string{"none": ""}}, false},
		"all":                  {asset.Group{Accounts: []string{"1"}, Names: []string{"shop-*"}, Parents: []string{"web"}, Tags: map[string]string{"team": "web"}}, true},
		"all but one":          {asset.Group{Accounts: []string{"1"}, Names: []string{"shop-*"}, Parents: []string{"web"}, Tags: map[string]string{"team": "data"}}, false},
		"child":                {asset.Group{Children: []asset.Group{other, web}}, true},
		"grandchild":           {asset.Group{Children: []asset.Group{{Children: []asset.Group{web}}}}, true},
		"no child":             {asset.Group{Children: []asset.Group{other}}, false},
		"child or conditions":  {asset.Group{Accounts: []string{"3"}, Children: []asset.Group{web}}, true},
		"conditions or child":  {asset.Group{Accounts: []string{"1"}, Children: []asset.Group{other}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			in, why := tt.group.Has(shop)
			assert.Equal(t, tt.want, in)
			assert.Nil(t, why)
		})
	}
}

// A part that could decide and is unread is the reason; one that could not is not.
func TestGroupsOfAnAccountThatIsNotKnown(t *testing.T) {
	units := &asset.Unread{Reason: asset.Denied, Code: "AccessDenied"}
	tags := &asset.Unread{Reason: asset.Throttled, Code: "Throttling"}
	a := asset.Account{ID: "1", Name: "shop", ParentsUnread: units}
	rest := asset.Group{Name: asset.DefaultGroup}
	for name, tt := range map[string]struct {
		account asset.Account
		groups  asset.Groups
		want    []string
		why     *asset.Unread
	}{
		"decided by the name":           {a, asset.Groups{{Names: []string{"other"}, Parents: []string{"prod"}}}, nil, nil},
		"to be decided by the units":    {a, asset.Groups{{Names: []string{"shop"}, Parents: []string{"prod"}}}, nil, units},
		"in another group":              {a, asset.Groups{{Parents: []string{"prod"}}, {Name: "shops", Names: []string{"sh*"}}}, []string{"shops"}, units},
		"decided by tags it has not":    {a, asset.Groups{{Parents: []string{"prod"}, Tags: map[string]string{"a": "b"}}}, nil, nil},
		"of two, one unknown":           {a, asset.Groups{{Names: []string{"other"}}, {Parents: []string{"prod"}}}, nil, units},
		"a child unknown":               {a, asset.Groups{{Name: "all", Children: []asset.Group{{Names: []string{"other"}}, {Parents: []string{"prod"}}}}}, nil, units},
		"unknown, and so is default":    {a, asset.Groups{{Parents: []string{"prod"}}, rest}, nil, units},
		"in none, and so in default":    {a, asset.Groups{rest, {Names: []string{"other"}}}, []string{"default"}, nil},
		"in one, and so not in default": {a, asset.Groups{rest, {Name: "shops", Names: []string{"shop"}}}, []string{"shops"}, nil},
		"default alone":                 {a, asset.Groups{rest}, []string{"default"}, nil},
		"no groups":                     {a, nil, nil, nil},
		"name unread":                   {asset.Account{ID: "1", NameUnread: tags}, asset.Groups{{Names: []string{"*"}}}, nil, tags},
		"tags unread":                   {asset.Account{ID: "1", TagsUnread: tags}, asset.Groups{{Tags: map[string]string{"a": "b"}}}, nil, tags},
		"tags unread, id decides":       {asset.Account{ID: "1", TagsUnread: tags}, asset.Groups{{Accounts: []string{"2"}, Tags: map[string]string{"a": "b"}}}, nil, nil},
		"parent and child": {a, asset.Groups{{Name: "all", Children: []asset.Group{{Name: "shops", Names: []string{"shop"}}, {Name: "labs", Names: []string{"lab"}}}}},
			[]string{"all", "shops"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			names, why := tt.groups.Of(tt.account)
			assert.Equal(t, tt.want, names)
			assert.Equal(t, tt.why, why)
		})
	}
}

func TestGroupsValidate(t *testing.T) {
	for name, tt := range map[string]struct {
		groups asset.Groups
		err    string
	}{
		"none":                  {},
		"fine":                  {groups: asset.Groups{{Name: "a", Names: []string{"a*"}, Children: []asset.Group{{Name: "b"}}}, {Name: "default"}}},
		"two without a name":    {groups: asset.Groups{{}, {}}},
		"pattern":               {asset.Groups{{Name: "shops", Names: []string{"shop["}}}, `group "shops": pattern "shop[": syntax error in pattern`},
		"pattern of a child":    {asset.Groups{{Children: []asset.Group{{Name: "shops", Names: []string{"shop["}}}}}, `group "shops": pattern "shop[": syntax error in pattern`},
		"duplicate":             {asset.Groups{{Name: "a"}, {Name: "b", Children: []asset.Group{{Name: "a"}}}}, `duplicate group "a"`},
		"default with a member": {asset.Groups{{Name: "default", Accounts: []string{"1"}}}, `group "default": has conditions or children (want none: it holds the accounts in no other group)`},
		"default with children": {asset.Groups{{Name: "default", Children: []asset.Group{{Name: "a"}}}}, `group "default": has conditions or children (want none: it holds the accounts in no other group)`},
		"default as a child":    {asset.Groups{{Name: "a", Children: []asset.Group{{Name: "default"}}}}, `group "default": is a child of another`},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.groups.Validate()
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.err)
		})
	}
}

func ExampleGroups_Of() {
	groups := asset.Groups{
		{Name: "production", Owner: "ops@example.com", Parents: []string{"prod"}, Children: []asset.Group{
			{Name: "shop", Owner: "shop@example.com", Names: []string{"shop-*"}},
		}},
		{Name: asset.DefaultGroup, Owner: "security@example.com"},
	}
	shop := asset.Account{ID: "444455556666", Name: "shop-live", Parents: []asset.AccountParent{{ID: "ou-ab12-cdef", Name: "prod"}}}
	lab := asset.Account{ID: "777788889999", Name: "lab"}
	for _, a := range []asset.Account{shop, lab} {
		names, unread := groups.Of(a)
		fmt.Println(a.Name, names, unread)
	}
	// Output:
	// shop-live [production shop] <nil>
	// lab [default] <nil>
}
