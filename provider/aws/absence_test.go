package aws

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

var testRegion = asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}

// A service that is switched off answers so: there is nothing, and that is known.
func TestServicesThatAreSwitchedOff(t *testing.T) {
	for name, tt := range map[string]struct {
		typ    asset.Type
		answer func(x *tester)
	}{
		"Security Hub": {securityHub, func(x *tester) {
			x.fail(&hubtypes.InvalidAccessException{Message: aws.String("Account 123456789012 is not subscribed to AWS Security Hub")}, "SecurityHub:DescribeHub")
		}},
		"Security Hub, in other words": {securityHub, func(x *tester) {
			x.fail(&hubtypes.InvalidAccessException{Message: aws.String("Security Hub is not enabled in this account and region")}, "SecurityHub:DescribeHub")
		}},
		"Security Hub, of old": {securityHub, func(x *tester) { x.fail(code("ResourceNotFoundException"), "SecurityHub:DescribeHub") }},
		"GuardDuty":            {guardDutyDetector, func(x *tester) { x.says("GuardDuty:ListDetectors", &guardduty.ListDetectorsOutput{}) }},
		"Access Analyzer":      {accessAnalyzer, func(x *tester) { x.says("AccessAnalyzer:ListAnalyzers", &accessanalyzer.ListAnalyzersOutput{}) }},
		"Config": {configRecorder, func(x *tester) {
			x.says("Config Service:DescribeConfigurationRecorders", &configservice.DescribeConfigurationRecordersOutput{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			x := offline(t)
			tt.answer(x)
			inv := x.collect(t, tt.typ)
			assert.Empty(t, gapTexts(inv))
			assert.Equal(t, asset.Complete, inv.Coverage(testRegion, tt.typ))
		})
	}
}

// What may be there and may not be read is a gap, and its code tells denials from the rest.
func TestServicesThatCannotBeUsed(t *testing.T) {
	for name, tt := range map[string]struct {
		typ       asset.Type
		operation string
		err       error
		code      string
		denied    bool
		action    string
	}{
		"not subscribed": {kinesisStream, "Kinesis:ListStreams", code("SubscriptionRequiredException"), "SubscriptionRequiredException", false, "subscribe"},
		"not opted in":   {ec2Volume, "EC2:DescribeVolumes", code("OptInRequired"), "OptInRequired", false, "subscribe"},
		"not signed up":  {s3Bucket, "S3:ListBuckets", code("NotSignedUp"), "NotSignedUp", false, "subscribe"},
		"denied by Security Hub": {
			securityHub, "SecurityHub:DescribeHub", &hubtypes.InvalidAccessException{Message: aws.String("The account doesn't have permission to perform this action.")}, "InvalidAccessException", true, "permit securityhub:DescribeHub",
		},
		"denied":        {ecrRepository, "ECR:DescribeRepositories", code("AccessDeniedException"), "AccessDeniedException", true, "permit ecr:DescribeRepositories"},
		"denied by EC2": {ec2Volume, "EC2:DescribeVolumes", code("UnauthorizedOperation"), "UnauthorizedOperation", true, "permit ec2:DescribeVolumes"},
	} {
		t.Run(name, func(t *testing.T) {
			x := offline(t)
			x.fail(tt.err, tt.operation)
			inv := x.collect(t, tt.typ)
			require.Len(t, inv.Gaps(), 1)
			assert.Equal(t, tt.code, inv.Gaps()[0].Cause.Code)
			assert.Equal(t, asset.Partial, inv.Coverage(testRegion, tt.typ))
			assert.Equal(t, tt.denied, inv.Gaps()[0].Cause.Reason == asset.Denied)
			assert.Contains(t, action(&inv.Gaps()[0].Cause), tt.action)
		})
	}
}

// The names of services that a region does not have do not resolve; nor do those that
// are withheld from whoever asks.
func TestServicesWhoseNameDoesNotResolve(t *testing.T) {
	x := offline(t)
	var calls atomic.Int64
	x.Provider.cfg.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
		calls.Add(1)
		host, _, err := net.SplitHostPort(address)
		assert.NoError(t, err)
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}}}
	x.Provider.cfg.BaseEndpoint, x.Provider.cfg.RetryMaxAttempts = nil, 0
	inv := x.collect(t, ecrRepository)
	assert.Equal(t, []*asset.Gap{{
		Scope: testRegion, Type: ecrRepository, Cause: asset.Unread{Op: "ecr:DescribeRepositories", Reason: asset.Unavailable, Code: "EndpointNotFound",
			Message: "no such host api.ecr.us-east-1.amazonaws.com: the service may not be offered in the region"},
	}}, inv.Gaps())
	assert.Equal(t, asset.Unavailable, inv.Gaps()[0].Cause.Reason)
	assert.Equal(t, asset.Partial, inv.Coverage(testRegion, ecrRepository))
	assert.EqualValues(t, 1, calls.Load(), "the call is not retryable")
}
