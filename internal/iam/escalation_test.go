package iam

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// knownPaths are facts about escalation that others publish.
type knownPaths struct {
	Tables    map[string]map[string][]string // of a package: actions by the name of a method
	Dependent map[string][]string            // actions that an action needs besides
	Resources map[string][]string            // kinds of resources of an action, as ARNs
}

func readKnown(t *testing.T) knownPaths {
	t.Helper()
	data, err := os.ReadFile("testdata/escalation.json")
	require.NoError(t, err)
	var k knownPaths
	require.NoError(t, json.Unmarshal(data, &k))
	return k
}

func allowing(t *testing.T, actions []string) asset.Value {
	t.Helper()
	list, err := json.Marshal(actions)
	require.NoError(t, err)
	return parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":`+string(list)+`,"Resource":"*"}}`)
}

// TestPaths finds each path with exactly its actions, and not with one action less.
func TestPaths(t *testing.T) {
	f := Facts{Now: day, Principal: "arn:aws:iam::123456789012:user/me"}
	everything := parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	names := map[string]bool{}
	for _, m := range methods() {
		t.Run(m.name, func(t *testing.T) {
			assert.False(t, names[m.name], "two paths of one name")
			names[m.name] = true
			if m.service == "" && !strings.HasPrefix(m.steps[0].action, "iam:") {
				assert.NotEmpty(t, m.given, "what runs with a role has to exist")
			}
			boundary := asset.Value{}
			if m.unbinds {
				boundary = everything
			}
			var actions []string
			for _, s := range m.steps {
				assert.NotEmpty(t, s.resource, s.action)
				actions = append(actions, s.action)
			}
			got, err := Escalations([]asset.Value{allowing(t, actions)}, boundary, f)
			require.NoError(t, err)
			assert.Contains(t, got, m.name)
			for i, left := range actions {
				less := slices.Concat(actions[:i], actions[i+1:])
				if len(less) == 0 {
					continue
				}
				got, err := Escalations([]asset.Value{allowing(t, less)}, boundary, f)
				require.NoError(t, err)
				assert.NotContains(t, got, m.name, "without %s", left)
			}
		})
	}
}

// TestResourcesOfPaths compares the actions of paths and their resources with those that
// AWS publishes.
func TestResourcesOfPaths(t *testing.T) {
	k := readKnown(t)
	variable := strings.NewReplacer("${Account}", "ACCOUNT", "${Region}", "*")
	used := map[string]bool{}
	for _, m := range methods() {
		for _, s := range m.steps {
			used[s.action] = true
		}
	}
	for action, resource := range actionResources {
		assert.True(t, used[action], "no path uses %s", action)
		kinds, ok := k.Resources[action]
		if !assert.True(t, ok, "no action %s", action) || len(kinds) == 0 {
			continue // on any resource
		}
		assert.True(t, slices.ContainsFunc(kinds, func(kind string) bool {
			p := variable.Replace(kind)
			for {
				before, rest, ok := strings.Cut(p, "${")
				if !ok {
					break
				}
				_, after, _ := strings.Cut(rest, "}")
				p = before + "*" + after
			}
			return covers(p, resource, false)
		}), "%s has %s, not %s", action, kinds, resource)
	}
}

// TestDependentActions compares the paths with the actions that others need besides: who
// hands over a role passes it.
func TestDependentActions(t *testing.T) {
	k := readKnown(t)
	// The role stays the same, and is not passed again.
	unchanged := []string{"states:UpdateStateMachine"}
	passes := 0
	for _, m := range methods() {
		for _, action := range m.actions {
			if !slices.Contains(k.Dependent[action], "iam:PassRole") || slices.Contains(unchanged, action) {
				continue
			}
			passes++
			assert.NotEmpty(t, m.service, "%s by %s needs iam:PassRole", m.name, action)
		}
	}
	assert.Greater(t, passes, 25)
}

// TestTablesOfOthers measures how many of the methods that others know are found, and how
// many findings others do not have.
func TestTablesOfOthers(t *testing.T) {
	k := readKnown(t)
	f := Facts{Now: day, Principal: "arn:aws:iam::123456789012:user/me"}
	// CodeStar has ended; leaving a boundary gains something only for who has one.
	missed := map[string][]string{
		"prowler 5.46.0":        {"PassRole+CodeStar", "iam:DeleteUserPermissionsBoundary"},
		"cloudsplaining 0.9.1":  nil,
		"pacu 1.7.0":            {"CodeStarCreateProjectFromTemplate", "CodeStarCreateProjectThenAssociateTeamMember", "PassExistingRoleToNewCodeStarProject"},
		"principalmapper 1.1.5": nil,
	}
	var every [][]string
	for _, table := range k.Tables {
		for _, actions := range table {
			every = append(every, actions)
		}
	}
	anyOf := func(actions []string) bool {
		return slices.ContainsFunc(every, func(path []string) bool {
			return !slices.ContainsFunc(path, func(a string) bool {
				return !slices.ContainsFunc(actions, func(b string) bool { return covers(b, a, true) })
			})
		})
	}
	right, wrong := 0, 0
	for name, table := range k.Tables {
		found, lost := 0, []string(nil)
		for method, actions := range table {
			got, err := Escalations([]asset.Value{allowing(t, actions)}, asset.Value{}, f)
			require.NoError(t, err)
			if len(got) > 0 {
				found++
			} else {
				lost = append(lost, method)
			}
			// With one action less, it is one of their methods or none.
			for i := range actions {
				less := slices.Concat(actions[:i], actions[i+1:])
				if len(less) == 0 {
					continue
				}
				got, err := Escalations([]asset.Value{allowing(t, less)}, asset.Value{}, f)
				require.NoError(t, err)
				switch {
				case len(got) > 0 && anyOf(less):
					right++
				case len(got) > 0:
					wrong++
					t.Logf("%s without %s: %s", method, actions[i], got)
				}
			}
		}
		slices.Sort(lost)
		assert.Equal(t, missed[name], lost, name)
		t.Logf("%s: recall %d of %d", name, found, len(table))
		right += found
	}
	t.Logf("precision %d of %d", right, right+wrong)
	assert.GreaterOrEqual(t, float64(right)/float64(right+wrong), 0.95)
}
