package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// issuer is an identity provider, by host and path in lower case.
type issuer string

// issuerOf returns the OpenID Connect provider of a federated principal: the provider of
// an account by its ARN, or one of those that AWS trusts by itself. A SAML provider is
// none.
func issuerOf(p principal) (issuer, bool) {
	name := p.name
	if a, ok := parseARN(name); ok {
		if name, ok = strings.CutPrefix(a.resource(), "oidc-provider/"); !ok {
			return "", false
		}
	}
	return issuer(strings.TrimSuffix(strings.ToLower(name), "/")), true
}

// claims returns the claims that name the customer of a shared provider.
func (i issuer) claims() (claims []string, shared bool) {
	for _, s := range sharedIssuers {
		if s.issuer == string(i) {
			return s.claims, true
		}
	}
	return nil, false
}

// servesOneTenant reports whether the provider signs tokens for one tenant only.
func (i issuer) servesOneTenant(others []string) bool {
	if _, shared := i.claims(); shared {
		return false
	}
	matches := func(p string) bool { return covers(p, quote(string(i)), true) }
	return slices.ContainsFunc(tenantIssuers, matches) || slices.ContainsFunc(others, matches)
}

// isSentinel reports whether the provider is that of Microsoft Sentinel, whose sessions
// have the name of the customer's workspace.
func (i issuer) isSentinel() bool { return strings.HasSuffix(string(i), "/"+sentinelTenant) }

// claimOf splits a condition key that compares a claim of an identity provider.
func claimOf(key string) (i issuer, claim string, ok bool) {
	n := strings.LastIndexByte(key, ':')
	if n < 0 || !strings.Contains(key[:n], ".") {
		return "", "", false
	}
	return issuer(strings.TrimSuffix(key[:n], "/")), key[n+1:], true
}

// unknownIssuer returns the error for a provider that may serve strangers.
func unknownIssuer(i issuer) error {
	return &asset.Unread{
		Reason: asset.NotObserved, Code: asset.CodeNotObserved,
		Message: fmt.Sprintf("whether the identity provider %s serves other tenants is unknown, and no condition compares the subject", i),
	}
}
