package packs_test

import (
	"testing"

	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/policytest"
)

func TestAWS(t *testing.T) {
	policytest.Run(t, packs.AWS(), &policytest.Options{MinCoverage: 1})
}
