package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/organization"
)

func TestAssess(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, assess(t.Context(), &out, organization.Provider()))
	for _, name := range []string{"cis-aws-5.0", "cis-azure-5.0", "cis-gcp-5.0", "Example guideline"} {
		assert.Contains(t, out.String(), name)
	}
}
