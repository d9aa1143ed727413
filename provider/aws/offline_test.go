package aws

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/moto"
)

// testKey is a key in the region that tests look at.
const testKey = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// one is a provider that looks at one region.
func one(t *testing.T) *tester {
	t.Helper()
	return newTester(t, &Options{Regions: []string{"us-east-1"}})
}

// link makes a link for comparison.
func link(rel string, t asset.Type, id string) asset.Link {
	return asset.Link{Rel: rel, To: asset.Ref{Type: t, ID: id}}
}

// inTestRegion makes an ARN in the account and the region that tests look at.
func inTestRegion(service, resource string) *string {
	return aws.String("arn:aws:" + service + ":us-east-1:123456789012:" + resource)
}

// offline is a provider that looks at one region, in which nothing answers but what a
// test says.
func offline(t *testing.T) *tester {
	t.Helper()
	own := moto.Config("http://127.0.0.1:1")
	own.RetryMaxAttempts = 1
	c := &calls{}
	c.count(&own)
	p := New(own, &Options{Regions: []string{"us-east-1"}, Now: func() time.Time { return observed }})
	strict(t, p)
	x := &tester{Provider: p, cfg: own, calls: c}
	x.says("STS:GetCallerIdentity", &sts.GetCallerIdentityOutput{Account: aws.String(moto.Account), Arn: aws.String("arn:aws:sts::" + moto.Account + ":assumed-role/stance/test")})
	x.says("EC2:DescribeRegions", &ec2.DescribeRegionsOutput{Regions: []ec2types.Region{{RegionName: aws.String("us-east-1"), OptInStatus: aws.String("opt-in-not-required")}}})
	return x
}
