package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

// A message names an asset that its source gave no name.
func TestMessagesNameAssetsWithoutNames(t *testing.T) {
	set, err := policy.Load(&policy.Options{Overlays: []*policy.Overlay{{Only: []policy.Selector{{ID: "aws-s3-bucket-versioning"}}}}}, packs.AWS())
	require.NoError(t, err)
	inv := &asset.Inventory{}
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"}, Scope: asset.Scope{Provider: "aws", Account: "111122223333"}})
	var messages []string
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		if f.Status == policy.Fail {
			messages = append(messages, f.Message)
		}
	}
	assert.Equal(t, []string{"bucket logs does not have versioning enabled"}, messages)
}
