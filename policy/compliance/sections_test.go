package compliance_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// together are policies whose sections one setting breaks by nature: nothing breaks those of
// the first and not those of the second.
var together = []struct{ broken, also, why string }{
	{"aws-s3-bucket-not-public", "aws-s3-bucket-public-access-block", "a bucket is public only where public access is not blocked"},
	{"az-activity-log-setting", "az-activity-log-exported", "no log is no category of one"},
	{"az-keyvault-key-expiry", "az-keyvault-rbac", "a section asks about vaults that do not use roles"},
	{"az-keyvault-secret-expiry", "az-keyvault-rbac", "a section asks about vaults that do not use roles"},
	{"az-sql-no-any-firewall", "az-sql-public-network-disabled", "firewall rules are in force on public networks alone"},
	{"az-storage-default-network-deny", "az-storage-public-network-disabled", "network rules are in force on public networks alone"},
	{"az-storage-key-reminder", "az-storage-shared-key-disabled", "keys that nobody may use need not be renewed"},
	{"az-storage-key-rotation", "az-storage-shared-key-disabled", "keys that nobody may use need not be renewed"},
	{"gcp-sql-no-open-network", "gcp-sql-no-public-ip", "networks are authorized for a public address"},
	{"gcp-vm-no-default-sa-full-scope", "gcp-vm-no-default-sa", "it asks about instances with the default account"},
}

// twice are sections of one standard that ask the same.
var twice = []struct{ a, b, why string }{
	{"cis-azure-4.0/10.2.1", "cis-azure-4.0/10.3.6", "the second asks for blobs and containers, the first for blobs"},
	{"cis-azure-4.0/2.2.1.2", "cis-azure-4.0/10.3.2.3", "the first asks of services what the second asks of storage"},
}

// unevaluated are sections about what no sound estate has.
var unevaluated = []string{
	// vaults that use access policies
	"cis-azure-3.0/3.3.2", "cis-azure-4.0/9.3.2", "cis-azure-5.0/8.3.2", "cis-azure-6.0/8.3.2",
	"cis-azure-3.0/3.3.4", "cis-azure-4.0/9.3.4", "cis-azure-5.0/8.3.4", "cis-azure-6.0/8.3.4",
	// storage accounts that let clients use keys
	"cis-azure-3.0/4.3", "cis-azure-4.0/10.3.1.1", "cis-azure-5.0/9.3.1.1", "cis-azure-6.0/9.3.1.1",
	"cis-azure-3.0/4.4", "cis-azure-4.0/10.3.1.2", "cis-azure-5.0/9.3.1.2", "cis-azure-6.0/9.3.1.2",
}

// The sound estates meet every section that policies cover.
func TestSoundEstates(t *testing.T) {
	for _, c := range clouds(t) {
		for control, status := range c.assess(t, c.estate, c.now) {
			want := compliance.Passed
			if slices.Contains(unevaluated, control) {
				want = compliance.NotEvaluated
			}
			assert.Equal(t, want, status, control)
		}
	}
}

// TestSectionsApart breaks what one section asks for, as a case of a policy that covers the
// section breaks it, in an estate that is sound otherwise. The section fails, and no other of
// its standard. A case that passes breaks none. That holds for every section of every
// benchmark, and for each of the policies that cover it.
func TestSectionsApart(t *testing.T) {
	broken, needed := map[string]bool{}, map[string]bool{}
	for _, c := range clouds(t) {
		for p := range c.policies.Policies() {
			if len(p.Controls) == 0 {
				continue
			}
			t.Run(p.ID, func(t *testing.T) {
				allowed := map[string]string{} // controls with a key of needed
				for _, x := range together {
					if also, ok := c.policies.Policy(x.also); ok && x.broken == p.ID {
						for _, control := range also.Controls {
							allowed[control] = x.broken + " " + x.also
						}
					}
				}
				failing := c.failures(t, p, policy.Fail, func(failing map[string][]string) bool {
					return !slices.ContainsFunc(p.Controls, func(control string) bool {
						_, ok := alone(control, failing, func(string) bool { return false })
						return !ok
					})
				})
				for _, control := range p.Controls {
					also, ok := alone(control, failing, func(other string) bool {
						return allowed[other] != "" || sameAs(control, other) != ""
					})
					assert.True(t, ok, "no case breaks %s alone: %v", control, failing)
					for _, other := range also {
						needed[cmp.Or(allowed[other], sameAs(control, other))] = true
					}
					broken[control] = ok
				}
				passing := c.failures(t, p, policy.Pass, func(passing map[string][]string) bool {
					return slices.ContainsFunc(slices.Collect(maps.Values(passing)), func(controls []string) bool { return len(controls) == 0 })
				})
				none := slices.ContainsFunc(slices.Collect(maps.Values(passing)), func(controls []string) bool {
					return !slices.ContainsFunc(controls, func(control string) bool { return allowed[control] == "" })
				})
				assert.True(t, none, "every case that passes breaks something: %v", passing)
			})
		}
		for _, s := range c.standards {
			for _, x := range s.Sections() {
				if control := s.Control(x); len(c.mapping.Policies(control)) > 0 {
					assert.True(t, broken[control], "%s was not broken", control)
				}
			}
		}
	}
	var rows []string
	for _, x := range together {
		rows = append(rows, x.broken+" "+x.also)
	}
	for _, x := range twice {
		rows = append(rows, sameAs(x.a, x.b))
	}
	assert.ElementsMatch(t, rows, slices.Collect(maps.Keys(needed)), "sections that one setting breaks")
	t.Logf("%d sections", len(broken))
}

// failures returns the controls that fail, sorted, for every blend of the estate with a case
// of the policy that wants the status, by the name of the blend, until they are enough.
func (c *cloud) failures(t *testing.T, p *policy.Policy, want policy.Status, enough func(map[string][]string) bool) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for i := range p.Tests {
		x := &p.Tests[i]
		if x.Want != want || len(x.Params) > 0 || x.Covered || x.Asset.Origin.File != "" {
			continue
		}
		for keep := everything; keep <= unread; keep++ {
			failed := []string{}
			for control, status := range c.assess(t, c.blend(t, p, x, keep), x.Now) {
				if status == compliance.Failed {
					failed = append(failed, control)
				}
			}
			slices.Sort(failed)
			all[fmt.Sprintf("%s, rest %d", x.Name, keep)] = failed
			if enough(all) {
				return all
			}
		}
	}
	return all
}

// sameAs returns a key of needed if the sections ask the same.
func sameAs(a, b string) string {
	for _, x := range twice {
		if x.a == a && x.b == b || x.a == b && x.b == a {
			return x.a + " " + x.b
		}
	}
	return ""
}

// alone reports whether a blend breaks a section, and returns the fewest others of its
// standard that it breaks, all of which are allowed.
func alone(control string, failing map[string][]string, allowed func(string) bool) (also []string, ok bool) {
	standard := control[:strings.Index(control, "/")+1]
	for _, failed := range failing {
		others := slices.DeleteFunc(slices.Clone(failed), func(c string) bool { return c == control || !strings.HasPrefix(c, standard) })
		switch {
		case !slices.Contains(failed, control):
		case slices.ContainsFunc(others, func(c string) bool { return !allowed(c) }):
		case !ok || len(others) < len(also):
			also, ok = others, true
		}
	}
	return also, ok
}
