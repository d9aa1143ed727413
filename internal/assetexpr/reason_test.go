package assetexpr

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// TestFirstReason compares the first reason of a scope with looking at each.
func TestFirstReason(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	one := func(of ...string) string { return of[rng.IntN(len(of))] }
	scope := func() asset.Scope {
		s := asset.Scope{Provider: one("", "aws", "gcp")}
		if s.Provider != "" && rng.IntN(5) > 0 {
			s.Account, s.Region = one("p", "q", "r"), one("", "eu", "us")
		}
		return s
	}
	found := 0
	for range 2000 {
		rs, all := &reasons{}, []reason(nil)
		for i := range rng.IntN(8) {
			r := reason{scope(), asset.Type(one("A", "B")), &asset.Unread{Message: fmt.Sprint(i)}}
			rs.add(r.scope, r.kind, r.why)
			all = append(all, r)
		}
		searched, kind := scope(), asset.Type(one("A", "B"))
		var want *asset.Unread
		for _, r := range all {
			if overlap(searched, r.scope) && r.kind == kind {
				want = r.why
				found++
				break
			}
		}
		assert.Equal(t, want, rs.first(&expr.Budget{}, searched, func(k asset.Type) bool { return k == kind }))
	}
	assert.Greater(t, found, 500)
}
