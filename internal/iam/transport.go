package iam

import (
	"github.com/openstance/stance/asset"
)

// DeniesInsecureTransport reports whether the policy of a bucket denies every request
// without TLS: Deny statements for everyone that apply when aws:SecureTransport is false
// cover all actions on the bucket, given by its ARN, and on all its objects.
func DeniesInsecureTransport(policy asset.Value, bucketARN string) (bool, error) {
	return deniesAll(policy, bucketARN, map[string][]string{"aws:securetransport": {"false"}})
}

// DeniesOldTLS reports whether the policy of a bucket denies, in the same way, every
// request over a version of TLS before 1.2. It need not deny requests without TLS.
func DeniesOldTLS(policy asset.Value, bucketARN string) (bool, error) {
	return deniesAll(policy, bucketARN,
		map[string][]string{"aws:securetransport": {"true"}, "s3:tlsversion": {"1.0"}},
		map[string][]string{"aws:securetransport": {"true"}, "s3:tlsversion": {"1.1"}})
}

// deniesAll reports whether all requests to a bucket that have one of the contexts are
// denied.
func deniesAll(policy asset.Value, bucketARN string, contexts ...map[string][]string) (bool, error) {
	ss, err := statements(policy)
	if err != nil {
		return false, err
	}
	var deny policies
	var unsure []statement // that may be for everyone
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

// addressesAll reports whether the statement is for everyone without exception.
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
