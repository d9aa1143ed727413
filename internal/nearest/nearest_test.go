package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/internal/nearest"
)

func TestName(t *testing.T) {
	names := []string{"encrypted_by", "member_of", "AWS::S3::Bucket", "AWS::S3::BucketPolicy"}
	for name, want := range map[string]string{
		"encryptedby":      "encrypted_by",
		"encrypted_yb":     "encrypted_by",
		"ENCRYPTED_BY":     "encrypted_by",
		"AWS::S3::Buckets": "AWS::S3::Bucket",
		"aws::s3::bucket":  "AWS::S3::Bucket",
		"something else":   "",
		"":                 "",
	} {
		assert.Equal(t, want, nearest.Name(name, names), name)
	}
	assert.Empty(t, nearest.Name("x", nil))
	assert.Equal(t, "ab", nearest.Name("aa", []string{"ba", "ab"}), "the first of two that are as near")
}
