package packs_test

import (
	"testing"

	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/policytest"
)

func TestGCP(t *testing.T) {
	policytest.Run(t, packs.GCP(), &policytest.Options{MinCoverage: 1})
}
