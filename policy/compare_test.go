package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// findingsOf makes findings of words: "policy id status", where the id of an asset may be
// followed by @ and its region, and "policy gap region", "policy coverage region" or
// "policy exception fail".
func findingsOf(text string) []policy.Finding {
	var all []policy.Finding
	for _, line := range strings.Split(text, ",") {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		p := &policy.Policy{ID: w[0]}
		if w[0] == "renamed" {
			p.PreviousIDs = []string{"older", "p"}
		}
		f := policy.Finding{Policy: p}
		scope := asset.Scope{Provider: "aws", Account: "1"}
		switch w[1] {
		case "gap":
			scope.Region = w[2]
			f.Subject = policy.GapSubject{Gap: &asset.Gap{Scope: scope, Type: "T"}}
		case "coverage":
			f.Subject = policy.CoverageSubject{Type: "T", Account: scope, Regions: []string{w[2]}}
		case "exception":
			f.Subject, f.Status = policy.ExceptionSubject{Exception: &policy.Exception{Owner: "o"}}, policy.Fail
		default:
			id, region, _ := strings.Cut(w[1], "@")
			scope.Region = region
			f.Subject = policy.AssetSubject{Asset: &asset.Asset{Ref: asset.Ref{Type: "T", ID: id}, Scope: scope}}
			f.Status = map[string]policy.Status{"pass": policy.Pass, "fail": policy.Fail, "accepted": policy.Fail, "na": policy.NotApplicable}[w[2]]
			if w[2] == "accepted" {
				f.Exception = &policy.Exception{}
			}
		}
		all = append(all, f)
	}
	return all
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct{ before, after, want string }{
		{"", "", ""},
		{"p x pass", "p x pass", ""},
		{"p x pass", "p x unknown", ""},
		{"p x fail", "p x fail", "p x still_failing"},
		{"p x fail", "p x accepted", "p x still_failing"},
		{"p x accepted", "p x pass", "p x fixed"},
		{"p x pass", "p x fail", "p x new"},
		{"p x unknown", "p x fail", "p x new"},
		{"", "p x fail", "p x new"},
		{"p x fail", "p x pass", "p x fixed"},
		{"p x fail", "p x na", "p x fixed"},
		{"p x fail", "p x unknown", "p x now_unknown"},
		{"p x fail", "p y pass", "p x gone"},
		{"p x fail", "", "p x gone"},
		{"p x fail", "q x pass", "p x gone"},
		{"p x@r1 fail", "p gap r1", "p x not_observed"},
		{"p x@r1 fail", "p gap r2", "p x gone"},
		{"p x@r1 fail", "q gap r1", "p x gone"},
		{"p x@r1 fail", "p coverage r1", "p x not_observed"},
		{"p x@r1 fail", "p coverage r2", "p x gone"},
		{"p x@r1 fail", "p gap r1, p x@r1 pass", "p x fixed"},
		{"p gap r1", "p gap r1", ""},
		{"p x fail", "renamed x fail", "renamed x still_failing"},
		{"p x fail", "renamed x pass", "renamed x fixed"},
		{"p x@r1 fail", "renamed gap r1", "p x not_observed"},
		{"p exception fail", "", "p  fixed"},
		{"p exception fail", "p exception fail", "p  still_failing"},
		{"p b fail, q a fail, p a fail", "p c fail", "p a gone, q a gone, p b gone, p c new"},
	} {
		t.Run(tt.before+" then "+tt.after, func(t *testing.T) {
			changes, err := policy.Compare(cutOff(findingsOf(tt.before), nil), cutOff(findingsOf(tt.after), nil))
			require.NoError(t, err)
			var got []string
			for _, c := range changes {
				f := c.Finding()
				got = append(got, fmt.Sprintf("%s %s %s", f.Policy.ID, f.Subject.Ref().ID, c.Kind))
				assert.Equal(t, c.Kind == policy.New, c.Before == nil)
				if c.Kind == policy.NotObserved {
					assert.NotEqual(t, policy.OfAsset, c.After.Subject.Kind(), "what may hide the asset")
				}
			}
			assert.Equal(t, tt.want, strings.Join(got, ", "))
		})
	}
}

func TestCompareCutOff(t *testing.T) {
	gone := errors.New("gone")
	whole, cut := cutOff(findingsOf("p x fail"), nil), cutOff(findingsOf("p x fail"), gone)
	_, err := policy.Compare(cut, whole)
	assert.ErrorIs(t, err, gone)
	_, err = policy.Compare(whole, cut)
	assert.ErrorIs(t, err, gone)
}
