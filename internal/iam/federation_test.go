package iam

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestExcludesStrangers(t *testing.T) {
	mapping, err := asset.Of(map[string]any{
		"google.subject": "assertion.sub", "attribute.owner": "assertion.repository_owner", "attribute.who": "assertion.actor",
		"attribute.twice": "attribute.owner", "attribute.loop": "attribute.loop", "attribute.made": "assertion.sub.extract('x')",
	})
	require.NoError(t, err)
	const yes, no, unknown = "yes", "no", "unknown"
	for condition, want := range map[string]string{
		`assertion.repository_owner == 'acme'`:                                       yes,
		`'acme' == assertion.repository_owner`:                                       yes,
		`assertion['repository_owner_id'] == '123'`:                                  yes,
		`assertion.repository_owner == ''`:                                           no,
		`assertion.sub != ''`:                                                        no,
		`assertion.actor == 'alice'`:                                                 no,
		`assertion.repository_owner == assertion.actor`:                              no,
		`assertion.repository_owner in ['acme', 'acme-labs']`:                        yes,
		`assertion.ref == 'refs/heads/main' && assertion.repository_owner == 'acme'`: yes,
		`assertion.ref == 'refs/heads/main' || assertion.repository_owner == 'acme'`: no,
		`assertion.repository == 'acme/a' || assertion.repository == 'acme/b'`:       yes,
		`assertion.repository.startsWith('acme/')`:                                   yes,
		`assertion.repository.startsWith('acme')`:                                    no,
		`assertion.sub.startsWith('repo:acme/')`:                                     yes,
		`assertion.sub.startsWith('repo:')`:                                          no,
		`assertion.sub.endsWith(':environment:prod')`:                                no,
		`assertion.repository.contains('acme')`:                                      no,
		`assertion.repository.matches('^acme/.*$')`:                                  yes,
		`assertion.repository.matches('acme/.*')`:                                    no,
		`assertion.repository_owner.matches('^acme$')`:                               yes,
		`assertion.repository.matches('^(acme|other)/.*')`:                           unknown,
		`!(assertion.repository_owner != 'acme')`:                                    yes,
		`!(assertion.repository_owner == 'acme')`:                                    unknown,
		`attribute.owner == 'acme'`:                                                  yes,
		`attribute.twice == 'acme'`:                                                  yes,
		`attribute.who == 'acme'`:                                                    no,
		`attribute.loop == 'acme'`:                                                   unknown,
		`attribute.made == 'acme'`:                                                   unknown,
		`google.subject == 'repo:acme/app:ref:refs/heads/main'`:                      yes,
		`true`:                            no,
		`false`:                           yes,
		`has(assertion.repository_owner)`: unknown,
		`assertion.repository_owner == 'acme' ? true : false`: unknown,
		``:           no,
		`assertion.`: unknown,
		`assertion.repository_owner == 'acme' && assertion.sub.size() > 3`: yes,
	} {
		got := no
		excluded, err := ExcludesStrangers(condition, mapping, "https://token.actions.githubusercontent.com/")
		if err != nil {
			got = unknown
		} else if excluded {
			got = yes
		}
		assert.Equal(t, want, got, condition)
	}
}

func FuzzExcludesStrangers(f *testing.F) {
	f.Add(`assertion.repository_owner == 'acme' && attribute.x.startsWith('a')`, `assertion.sub`)
	f.Fuzz(func(t *testing.T, condition, mapped string) {
		mapping, err := asset.Of(map[string]any{"attribute.x": mapped})
		if err != nil {
			t.Skip()
		}
		_, _ = ExcludesStrangers(condition, mapping, "https://gitlab.com")
	})
}
