package remediate

import (
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// BaseOf returns a digest of what a plan is made of: the ref and the incarnation of the asset,
// the digest of the policy, the id and the version of the fix, and the values at the paths that
// the policy reads or the fix writes. No other part of the asset changes it. A part that is
// unread counts as unread, whatever the reason is.
//
// The policy must be from a set. It is an error if the digest of the policy is not complete:
// see [policy.Policy.Digest].
func BaseOf(f *Fix, p *policy.Policy, a *asset.Asset) (string, error) {
	judged, complete := p.Digest()
	if !complete {
		return "", fmt.Errorf("policy %s has no complete digest (want a policy of a set, and a Version of each check in Go)", p.ID)
	}
	seen := &asset.Asset{Ref: a.Ref, Incarnation: a.Incarnation, Config: a.Config, Status: a.Status, Access: a.Access}
	paths := slices.Concat(p.Reads()[a.Type], f.Writes)
	for name, doc := range seen.Documents() {
		within := []asset.Path{}
		for _, path := range paths {
			if of, rest := path.Document(); of == name {
				within = append(within, rest)
			}
		}
		kept, err := doc.Project(within...)
		if err != nil {
			return "", fmt.Errorf("paths of policy %s and fix %s: %w", p.ID, f.ID, err)
		}
		*doc = kept.Redact(&asset.Redaction{Unread: func(*asset.Unread) *asset.Unread {
			return &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved}
		}})
	}
	content, _ := seen.Digest()
	return digestOf(struct{ Policy, Fix, Content string }{judged.String(), fmt.Sprintf("%s %d", f.ID, f.Version), content.String()})
}
