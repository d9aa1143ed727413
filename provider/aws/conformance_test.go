package aws

import (
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
)

// TestConformance holds the provider to the contract of providers, over an account in
// memory: it asks for thousands of answers, of which none may be late.
func TestConformance(t *testing.T) {
	providertest.Test(t, func(t *testing.T) provider.Provider { return newCloud(1).provider(t) }, &providertest.Options{
		Missing: asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::no-such-bucket"},
		Secrets: []string{base64Of(cloudScript)},
		Sample:  100,
		Broken:  brokenClouds(t),
	})
}

// brokenClouds are providers over a cloud of which no call but the first has a right answer.
func brokenClouds(t *testing.T) map[string]func() provider.Provider {
	all := map[string]func() provider.Provider{}
	for name, fault := range faults() {
		if name == "hanging" {
			continue // for minutes, which TestFaults does not wait for
		}
		all[name] = func() provider.Provider {
			p := newCloud(1).provider(t)
			p.cfg.HTTPClient = &faulty{newCloud(1), "", fault}
			once(&p.cfg)
			return p
		}
	}
	return all
}
