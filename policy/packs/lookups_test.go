package packs_test

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

var (
	linked = regexp.MustCompile(`\b(follow|referrers)\('([^']*)', '([^']*)'\)`)
	named  = regexp.MustCompile(`\b(assets|ancestors)\('([^']*)'\)`)
)

// TestLookups holds every relation and type that a policy looks up to the catalogue.
func TestLookups(t *testing.T) {
	uses := map[string]bool{}
	known := func(typ string) *asset.Schema {
		s, ok := catalog.Schema(asset.Type(typ))
		require.True(t, ok, typ)
		require.EqualValues(t, typ, s.Type)
		return s
	}
	leads := func(from *asset.Schema, relation string, to asset.Type) bool {
		rule, ok := from.Link(relation)
		return ok && (len(rule.To) == 0 || slices.Contains(rule.To, to))
	}
	for _, fsys := range []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()} {
		policies, err := policy.Read(fsys)
		require.NoError(t, err)
		for _, p := range policies {
			for _, c := range p.Checks {
				source := c.When + "\n" + c.Require + "\n" + c.Message
				for _, x := range c.Claims {
					source += "\n" + x.When + "\n" + x.Require
				}
				for _, l := range c.Let {
					source += "\n" + l.Expr
				}
				for _, use := range named.FindAllStringSubmatch(source, -1) {
					uses[use[0]] = true
					known(use[2])
				}
				for _, use := range linked.FindAllStringSubmatch(source, -1) {
					uses[use[0]] = true
					other := known(use[3])
					found := slices.ContainsFunc(c.Types, func(subject asset.Type) bool {
						if use[1] == "referrers" {
							return leads(other, use[2], subject)
						}
						return leads(known(string(subject)), use[2], other.Type)
					})
					assert.True(t, found, "%s: %s", p.ID, use[0])
				}
			}
		}
	}
	assert.GreaterOrEqual(t, len(uses), 40)
}
