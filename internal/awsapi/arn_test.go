package awsapi

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestConsoleURL(t *testing.T) {
	for _, arn := range []string{"arn:aws:sqs:us-east-1:123456789012:queue", "arn:aws:iam::123456789012:role/a/b_c.d~e", "arn:aws:logs:us-east-1:1:log-group:a b:*", "arn:aws:x:::ü/$+&=", "arn:"} {
		assert.Equal(t, "https://console.aws.amazon.com/go/view?arn="+url.QueryEscape(arn), ConsoleURL("aws", arn))
	}
	assert.Equal(t, "https://console.amazonaws.cn/go/view?arn=arn%3Aaws-cn%3A", ConsoleURL("aws-cn", "arn:aws-cn:"))
	assert.Empty(t, ConsoleURL("aws", "i-1"))
	assert.Empty(t, ConsoleURL("aws-iso", "arn:aws-iso:"))
}

func TestWhere(t *testing.T) {
	for arn, want := range map[string][2]string{
		"arn:aws:sqs:us-east-1:123456789012:queue": {"123456789012", "us-east-1"},
		"arn:aws:s3:::bucket":                      {"", ""},
		"arn:aws:iam::123456789012:role/a:b":       {"123456789012", ""},
	} {
		account, region, ok := Where(arn)
		assert.True(t, ok, arn)
		assert.Equal(t, want, [2]string{account, region}, arn)
	}
	for _, id := range []string{"", "i-1", "arn:", "arn:aws:sqs:us-east-1:123456789012"} {
		_, _, ok := Where(id)
		assert.False(t, ok, id)
	}
}
