package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// Versions of the encodings below, so that digests of two versions of this package never
// agree by accident.
const (
	policyDigestVersion = "stance policy 1"
	setDigestVersion    = "stance set 1"
)

// Digest returns a digest of everything in a policy of a set that can change a verdict: the
// types, conditions, variables and requirements of its checks, the parameters in force,
// the version of the functions of expressions, and the Version of checks in Go. It does
// not cover the id, texts, severity, kind, controls without claims, labels, remediation and cases, nor
// the schemas and exceptions of the set.
//
// It reports whether that is complete: it is not for a check in Go without a Version,
// and for a policy that is not from a set, whose digest is zero. Policies with equal and
// complete digests have the same verdicts.
func (p *Policy) Digest() (d asset.Digest, complete bool) { return p.digest, p.digested }

// Digest returns a digest of the ids and digests of the policies, and reports whether all
// of these are complete.
func (s *Set) Digest() (d asset.Digest, complete bool) {
	w := digester{sha256.New()}
	w.strings(setDigestVersion)
	complete = true
	for _, p := range s.policies {
		w.strings(p.ID)
		w.Write(p.digest[:])
		complete = complete && p.digested
	}
	w.Sum(d[:0])
	return d, complete
}

// setDigest sets the digest of the policy in the set.
func (p *compiled) setDigest() {
	w := digester{sha256.New()}
	complete := true
	w.strings(policyDigestVersion, expr.HelperVersion)
	w.count(len(p.Params))
	for _, name := range sorted(p.values) {
		w.strings(name, string(p.values[name].AppendJSON(nil)))
	}
	// A type is in one check only, so the order of checks and of their types changes nothing.
	checks := slices.Clone(p.Policy.Checks)
	for i := range checks {
		checks[i].Types = slices.Sorted(slices.Values(checks[i].Types))
	}
	slices.SortFunc(checks, func(a, b Check) int { return slices.Compare(a.Types, b.Types) })
	w.count(len(checks))
	for _, c := range checks {
		w.count(len(c.Types))
		for _, t := range c.Types {
			w.strings(string(t))
		}
		if c.Run != nil {
			w.strings("go", c.Version)
			complete = complete && c.Version != ""
			continue
		}
		w.strings("cel", strings.TrimSpace(c.When), strings.TrimSpace(c.Require))
		w.count(len(c.Let))
		for _, l := range c.Let {
			w.strings(l.Name, strings.TrimSpace(l.Expr))
		}
		for _, claim := range c.Claims {
			w.strings("claim", strings.TrimSpace(claim.When), strings.TrimSpace(claim.Require))
			w.count(len(claim.Controls))
			w.strings(claim.Controls...)
		}
	}
	w.Sum(p.Policy.digest[:0])
	p.Policy.digested = complete
}

// digester writes into a hash. Each string begins with its length, so that no two
// sequences are written alike.
type digester struct{ hash.Hash }

func (w digester) count(n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	w.Write(b[:])
}

func (w digester) strings(all ...string) {
	for _, s := range all {
		w.count(len(s))
		w.Write([]byte(s))
	}
}
