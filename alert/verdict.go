package alert

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"iter"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider/snapshot"
)

// verdicts makes verdicts of findings. It remembers the policies, and the asset of the last
// finding: the findings about one asset come together.
type verdicts struct {
	policies map[*policy.Policy]*describedPolicy
	last     *asset.Asset
	asset    Asset
	state    [sha256.Size]byte // of the asset
	hash     hash.Hash
}

// describedPolicy is what verdicts say of a policy.
type describedPolicy struct {
	Policy
	alone bool // it looks at no other asset
	state [sha256.Size]byte
}

func newVerdicts() *verdicts {
	return &verdicts{policies: map[*policy.Policy]*describedPolicy{}, hash: sha256.New()}
}

// of returns the verdict of a finding about an asset that is not unknown.
func (vs *verdicts) of(f policy.Finding, scan Scan) *Verdict {
	p, a := vs.policy(f.Policy), f.Asset()
	vs.describe(a)
	v := &Verdict{
		Status: f.Status, Read: microseconds(f.Read), Policy: p.Policy, Asset: vs.asset, Message: cut(f.Message, maxMessage), Stream: scan.Stream,
	}
	if v.Read.Earliest.IsZero() {
		start := micro(scan.Start)
		v.Read = policy.ReadTimes{Earliest: start, Latest: start}
	}
	if !p.alone {
		v.Asset.Digest = ""
	}
	vs.hash.Reset()
	vs.number(uint64(f.Status))
	if f.Status == policy.Fail {
		vs.hash.Write(p.state[:])
		vs.hash.Write(vs.state[:])
		vs.text(v.Message)
		for _, e := range f.Evidence {
			if len(v.Evidence) == maxEvidence {
				break
			}
			ev := Evidence{Asset: e.Asset, Path: e.Path, Value: evidenceText(e.Value)}
			v.Evidence = append(v.Evidence, ev)
			vs.text(string(ev.Asset.Type))
			vs.text(ev.Asset.ID)
			vs.text(string(ev.Path))
			vs.text(ev.Value)
		}
		if x := f.Exception; x != nil {
			v.Accepted = &Accepted{By: x.Owner, Note: x.Reason, At: v.Read.Earliest, Until: micro(x.Until), Exception: true}
			vs.text(x.Owner)
			vs.text(x.Reason)
			vs.number(uint64(x.Until.UnixMicro()))
		}
	} else {
		vs.text(vs.asset.Incarnation)
	}
	var sum [sha256.Size]byte
	v.State = hex.EncodeToString(vs.hash.Sum(sum[:0])[:16])
	return v
}

// The bounds of what an alert quotes.
const (
	maxMessage  = 4096
	maxEvidence = 50
	maxValue    = 1024
)

func microseconds(t policy.ReadTimes) policy.ReadTimes {
	return policy.ReadTimes{Earliest: micro(t.Earliest), Latest: micro(t.Latest)}
}

// evidenceText writes a value, which is redacted.
func evidenceText(v asset.Value) string {
	if u := v.Unread(); u != nil {
		return cut("unread: "+u.Error(), maxValue)
	}
	if v.IsAbsent() {
		return "absent"
	}
	return cut(v.String(), maxValue)
}

func (vs *verdicts) policy(p *policy.Policy) *describedPolicy {
	if d := vs.policies[p]; d != nil {
		return d
	}
	d := &describedPolicy{Policy: Policy{
		Title: p.Title, Rationale: p.Rationale, Severity: p.Severity, Kind: p.Kind, Labels: p.Labels, Controls: p.Controls,
		Remediable: NotRemediable, Fix: p.Remediation.Fix, Class: p.Remediation.Class, Steps: p.Remediation.Text, CLI: p.Remediation.CLI,
		NoDismissal: p.NoDismissal,
	}}
	if d.Kind == "" {
		d.Kind = policy.KindConfig
	}
	switch {
	case d.Fix != "":
		d.Remediable = ByFix
	case d.CLI != "":
		d.Remediable = ByCommand
	}
	if sum, complete := p.Digest(); complete {
		d.Digest = hex.EncodeToString(sum[:])
	}
	others, known := p.Lookups()
	d.alone = known && len(others) == 0
	vs.hash.Reset()
	for _, s := range []string{d.Title, d.Rationale, d.Severity.String(), string(d.Kind), string(d.Remediable), d.Fix, string(d.Class), d.Steps, d.CLI, d.Digest, fmt.Sprint(d.NoDismissal)} {
		vs.text(s)
	}
	vs.texts(d.Labels)
	vs.texts(d.Controls)
	vs.hash.Sum(d.state[:0])
	vs.policies[p] = d
	return d
}

// describe sets what verdicts say of an asset.
func (vs *verdicts) describe(a *asset.Asset) {
	if a == vs.last {
		return
	}
	vs.last = a
	vs.asset = Asset{
		Provider: a.Provider, Account: a.Account, Region: a.Region, Name: secret.Mask(a.Name), Class: a.Class, URL: secret.Mask(a.URL),
		Tags: a.Tags, Parents: a.Parents, Incarnation: a.Incarnation,
	}
	if sum, complete := a.Digest(); complete {
		vs.asset.Digest = hex.EncodeToString(sum[:])
	}
	vs.hash.Reset()
	x := &vs.asset
	for _, s := range []string{x.Provider, x.Account, x.Region, x.Name, x.Class, x.URL, x.Incarnation, x.Digest} {
		vs.text(s)
	}
	for _, k := range slices.Sorted(maps.Keys(x.Tags)) {
		vs.text(k)
		vs.text(x.Tags[k])
	}
	for _, p := range x.Parents {
		vs.text(string(p.Type))
		vs.text(p.ID)
	}
	vs.hash.Sum(vs.state[:0])
}

// isMasked reports whether a ref holds a secret that was masked: the cloud does not know it.
func isMasked(r asset.Ref) bool { return secret.InID(r.ID) != "" }

func (vs *verdicts) text(s string) {
	vs.number(uint64(len(s)))
	vs.hash.Write([]byte(s))
}

func (vs *verdicts) texts(all []string) {
	vs.number(uint64(len(all)))
	for _, s := range all {
		vs.text(s)
	}
}

func (vs *verdicts) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	vs.hash.Write(b[:])
}

// versionOf returns the version of an asset that a verdict is about. Its data are a snapshot,
// or empty if the asset is not in the form of one.
func versionOf(a *asset.Asset, v *Verdict) Version {
	version := Version{Ref: a.Ref, Scope: a.Scope, From: v.Read.Earliest, Last: v.Read.Latest}
	if !a.Observed.IsZero() {
		version.From = micro(a.Observed)
		version.Last = version.From
	}
	sum, _ := a.Digest()
	version.Digest = hex.EncodeToString(sum[:])
	var b bytes.Buffer
	one := func(yield func(asset.Observation, error) bool) { yield(a, nil) }
	if err := snapshot.Write(&b, iter.Seq2[asset.Observation, error](one), &snapshot.WriteOptions{Created: version.From}); err != nil {
		return version // what cannot be written must not keep an alert from opening
	}
	version.Data = b.Bytes()
	return version
}
