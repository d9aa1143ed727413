package packs_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

var update = flag.Bool("update", false, "rewrite README.md")

// TestCatalogue holds README.md to the packs.
func TestCatalogue(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Policies\n\nThis page is made of the packs by `go test ./policy/packs -run TestCatalogue -update`.\n")
	total := 0
	for _, pack := range []struct {
		name string
		fsys fs.FS
	}{{"Amazon Web Services", packs.AWS()}, {"Microsoft Azure and Entra", packs.Azure()}, {"Google Cloud", packs.GCP()}} {
		policies, err := policy.Read(pack.fsys)
		require.NoError(t, err)
		fmt.Fprintf(&b, "\n## %s: %d policies\n\n| id | severity | requirement | repair | controls |\n|---|---|---|---|---|\n", pack.name, len(policies))
		for _, p := range policies {
			total++
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", p.ID, p.Severity, cell(p.Title), p.Remediation.Class, cell(strings.Join(p.Controls, ", ")))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(b.String()), 0o644))
	}
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Equal(t, b.String(), string(page), "README.md is stale: run go test ./policy/packs -run TestCatalogue -update")
	require.GreaterOrEqual(t, total, 120)
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// TestPolicies holds every policy to what the packs promise of each.
func TestPolicies(t *testing.T) {
	for _, fsys := range []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()} {
		policies, err := policy.Read(fsys)
		require.NoError(t, err)
		for _, p := range policies {
			t.Run(p.ID, func(t *testing.T) {
				require.NotEmpty(t, p.Rationale, "no rationale")
				require.NotEmpty(t, p.Labels, "no labels")
				require.NotEmpty(t, p.Remediation.Text, "no remediation")
				require.NotEmpty(t, p.Remediation.Class, "no class of the remediation")
				wants := map[policy.Status]bool{}
				for _, c := range p.Tests {
					wants[c.Want] = true
				}
				for _, want := range []policy.Status{policy.Pass, policy.Fail, policy.Unknown} {
					require.True(t, wants[want], "no case that wants %s", want)
				}
				require.NotContains(t, p.Remediation.CLI, "'{", "quotes around a variable, which stands for a quoted argument")
				require.NotContains(t, p.Remediation.CLI, "\"{", "quotes around a variable, which stands for a quoted argument")
			})
		}
	}
}
