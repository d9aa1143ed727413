package packs_test

import (
	"testing"

	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/policytest"
)

func TestAzure(t *testing.T) {
	policytest.Run(t, packs.Azure(), &policytest.Options{MinCoverage: 1})
}
