package iam

import (
	"github.com/openstance/stance/asset"
)

// DeniesInsecureTransport tells whether the policy of a bucket refuses every
// request that does not come over TLS: Deny statements for everybody that hold
// whenever aws:SecureTransport is false cover all actions on the bucket (its ARN)
// and on all objects in it.
func DeniesInsecureTransport(policy asset.Value, bucketARN string) (bool, error) {
	return deniesAll(policy, bucketARN, map[string][]string{"aws:securetransport": {"false"}})
}

// DeniesOldTLS tells whether the policy of a bucket refuses in that way every
// request that comes over a version of TLS before 1.2, whether or not it also
// refuses those without TLS.
func DeniesOldTLS(policy asset.Value, bucketARN string) (bool, error) {
	return deniesAll(policy, bucketARN,
		map[string][]string{"aws:securetransport": {"true"}, "s3:tlsversion": {"1.0"}},
		map[string][]string{"aws:securetransport": {"true"}, "s3:tlsversion": {"1.1"}})
}

// deniesAll tells whether all requests to a bucket that have one of the contexts are
// denied.
func deniesAll(policy asset.Value, bucketARN string, contexts ...map[string][]string) (bool, error) {
	ss, err := statements(policy)
	if err != nil {
		return false, err
	}
	var deny policies
	var unsure []statement // for everybody, perhaps
	for _, s := range ss {
		t := s.is("Deny").and(s.addressesAll())
		if t.isYes() {
			deny.deny = append(deny.deny, s)
		} else if t.err != nil {
			unsure = append(unsure, s)
		}
	}
	t := known(true)
	for _, context := range contexts {
		j := judgement{open: true, context: context}
		for _, p := range []probe{{"s3:*", quote(bucketARN)}, {"s3:*", quote(bucketARN) + "/*"}} {
			denied := deny.denies(p, j)
			for _, s := range unsure {
				denied = denied.or(s.is("Deny").and(s.addressesAll()).and(policies{deny: []statement{s}}.denies(p, j)))
			}
			t = t.and(denied)
		}
	}
	return t.get()
}

// addressesAll tells whether the statement is about everybody without exception.
func (s statement) addressesAll() truth {
	t := known(false)
	for p, err := range principals(s.v.Get("Principal")) {
		switch {
		case err != nil:
			t = undecided(err)
		case p.kind == "AWS" && isStars(p.name):
			return known(true)
		}
	}
	return t
}
