package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/organization"
)

func TestJudge(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, judge(t.Context(), &out, organization.Provider()))
	for _, id := range []string{"aws-s3-bucket-not-public", "az-storage-default-network-deny", "gcp-bucket-not-public"} {
		assert.Contains(t, out.String(), id)
	}
}
