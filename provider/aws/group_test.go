package aws

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// An account is described to groups with all that Organizations tells of it.
func TestGroupHas(t *testing.T) {
	shop := Account{
		ID: "1", Name: "shop-prod",
		Units: []Unit{{ID: "ou-b", Name: "web"}, {ID: "ou-a", Name: "prod", ARN: "arn:a"}},
		Tags:  map[string]string{"team": "web", "empty": ""},
	}
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
		"tag":                  {asset.Group{Tags: map[string]string{"team": "web"}}, true},
		"tag of another value": {asset.Group{Tags: map[string]string{"team": "data"}}, false},
		"tag without a value":  {asset.Group{Tags: map[string]string{"empty": ""}}, true},
		"no such tag":          {asset.Group{Tags: map[string]string{"none": ""}}, false},
		"all":                  {asset.Group{Accounts: []string{"1"}, Names: []string{"shop-*"}, Parents: []string{"web"}, Tags: map[string]string{"team": "web"}}, true},
		"all but one":          {asset.Group{Accounts: []string{"1"}, Names: []string{"shop-*"}, Parents: []string{"web"}, Tags: map[string]string{"team": "data"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in, _ := tt.group.Has(shop.described())
			assert.Equal(t, tt.want, in)
		})
	}
}

// What could decide and was not read is reported; what could not decide is not.
func TestGroupOfAnAccountThatIsNotKnown(t *testing.T) {
	units := &asset.Unread{Code: "AccessDenied"}
	a := Account{ID: "1", Name: "shop", Tags: map[string]string{}, unitsUnread: units}
	for name, tt := range map[string]struct {
		groups asset.Groups
		in     bool
		why    *asset.Unread
	}{
		"decided by the name":         {asset.Groups{{Names: []string{"other"}, Parents: []string{"prod"}}}, false, nil},
		"to be decided by the units":  {asset.Groups{{Names: []string{"shop"}, Parents: []string{"prod"}}}, false, units},
		"in another group":            {asset.Groups{{Parents: []string{"prod"}}, {Name: "shops", Names: []string{"sh*"}}}, true, nil},
		"decided by tags it has not":  {asset.Groups{{Parents: []string{"prod"}, Tags: map[string]string{"a": "b"}}}, false, nil},
		"of two, one not known":       {asset.Groups{{Names: []string{"other"}}, {Parents: []string{"prod"}}}, false, units},
		"without groups all are seen": {nil, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := a
			in, why := (&Options{Groups: tt.groups}).grouped(&a)
			assert.Equal(t, tt.in, in)
			assert.Equal(t, tt.why, why)
		})
	}
}

func TestGroupWithAMalformedPattern(t *testing.T) {
	x := newTester(t, &Options{Groups: asset.Groups{{Name: "shops", Names: []string{"shop["}}}})
	_, _, err := x.Accounts(t.Context())
	require.EqualError(t, err, `group "shops": pattern "shop[": syntax error in pattern`)
}

// Without an organization names are not known, and nobody may think that all accounts
// were looked at and none was in the group.
func TestGroupByNameWithoutAnOrganization(t *testing.T) {
	x := newTester(t, &Options{Groups: asset.Groups{{Names: []string{"*"}}}})
	list, gaps, err := x.Accounts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list)
	require.Len(t, gaps, 1)
	assert.Equal(t, "123456789012", gaps[0].Scope.Account)
	assert.Equal(t, codeNotAsked, gaps[0].Cause.Code)
}
