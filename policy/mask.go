package policy

import (
	"cmp"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// SecretPolicy returns the policy of findings about assets whose id holds a token: a name
// that somebody chose, and that every list, log and bill of the cloud shows. Every set
// yields these findings, for assets of all types. Their keys are those of the ids as they
// are; outputs show the ids masked ([Finding.Masked]).
func SecretPolicy() *Policy {
	return &Policy{
		ID: "stance-secret-in-id", Title: "Ids of assets hold no secrets", Severity: High,
		Rationale: "The name of an asset stands in its id, which everyone can read who may list assets, and in logs, bills and links.",
		Remediation: Remediation{
			Text: "Revoke the token at its issuer, then create the asset again under another name.",
		},
	}
}

// secretInID returns the finding of an asset whose id holds a token.
func secretInID(a *asset.Asset) (Finding, bool) {
	issuer := secret.InID(a.ID)
	if issuer == "" {
		return Finding{}, false
	}
	f := Finding{Policy: SecretPolicy(), Subject: AssetSubject{Asset: a}, Status: Fail, Message: "the id holds a secret (" + issuer + ")"}
	f.Read.add(a)
	return f, true
}

// Masked returns the finding for output. Tokens of issuers in ids, the message and the
// error are masked as [secret.Mask] does it. The key stays that of the ids as they are.
func (f Finding) Masked() Finding {
	f.Message = secret.Mask(f.Message)
	if f.Err != nil {
		f.Err = secret.MaskError(f.Err)
	}
	switch s := f.Subject.(type) {
	case AssetSubject:
		if a := s.Asset; a != nil && (isMasked(a.Ref) || slices.ContainsFunc(a.Parents, isMasked) ||
			slices.ContainsFunc(a.Links, func(l asset.Link) bool { return isMasked(l.To) })) {
			b := *a
			b.Ref, b.Parents, b.Links = maskRef(a.Ref), maskRefs(a.Parents), slices.Clone(a.Links)
			for i := range b.Links {
				b.Links[i].To = maskRef(b.Links[i].To)
			}
			f.Subject = AssetSubject{Asset: &b, id: cmp.Or(s.id, a.ID)}
		}
	case GapSubject:
		g := s.Gap
		cause := g.Cause
		cause.Message = secret.Mask(cause.Message)
		if isMasked(g.Of) || cause != g.Cause || slices.ContainsFunc(s.Parents, isMasked) {
			b := *g
			b.Of, b.Cause = maskRef(g.Of), cause
			s.of, s.Gap, s.Parents = cmp.Or(s.of, g.Of.ID), &b, maskRefs(s.Parents)
			f.Subject = s
		}
	}
	if slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return isMasked(e.Asset) }) {
		f.Evidence = slices.Clone(f.Evidence)
		for i := range f.Evidence {
			f.Evidence[i].Asset = maskRef(f.Evidence[i].Asset)
		}
	}
	return f
}

func maskRef(r asset.Ref) asset.Ref {
	r.ID = secret.Mask(r.ID)
	return r
}

func isMasked(r asset.Ref) bool { return maskRef(r) != r }

func maskRefs(refs []asset.Ref) []asset.Ref {
	refs = slices.Clone(refs)
	for i := range refs {
		refs[i] = maskRef(refs[i])
	}
	return refs
}
