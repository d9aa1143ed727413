package aws

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/internal/moto"
)

// cloud is an account of made-up resources in two regions, which answers from memory
// and in the form in which AWS answers, so that what reads the wire is at work, too.
// Everything else that is called is empty.
type cloud struct {
	percent int // of the resources that it may have
	most    int // things on a page; 0: as many as the service answers
	answers map[string]func(*question) string

	mu    sync.Mutex
	calls map[string]int // by service and operation, as the SDK names them
}

// numbers says how many resources a cloud has, in each region or, of what is global,
// in the account. With the account and its regions they are 10,000.
func numbers() map[asset.Type]int {
	return map[asset.Type]int{
		iamUser: 100, iamAccessKey: 100, iamRole: 600, iamGroup: 21, iamManagedPolicy: 300, s3Bucket: 400,

		ec2Instance: 500, ec2Volume: 700, ec2Snapshot: 650, ec2SecurityGroup: 300, ec2NetworkInterface: 600, ec2Subnet: 60, ec2VPC: 10,
		lambdaFunction: 300, sqsQueue: 150, snsTopic: 80, kmsKey: 60, kmsAlias: 60, logGroup: 320, metricFilter: 48,
		cloudwatchAlarm: 200, dynamoTable: 60, secretsManagerSecret: 100, ecrRepository: 40,
	}
}

// cloudRegions are those of a cloud.
func cloudRegions() []string { return []string{"eu-west-1", "us-east-1"} }

func newCloud(percent int) *cloud {
	return &cloud{percent: percent, calls: map[string]int{}, answers: cloudAnswers()}
}

// provider returns one that looks at the account, as fast as it can.
func (c *cloud) provider(t testing.TB) *Provider {
	t.Helper()
	cfg := moto.Config("http://cloud.invalid")
	cfg.HTTPClient = c
	p := New(cfg, &Options{Now: func() time.Time { return observed }})
	for i := range p.services {
		p.services[i].rate, p.services[i].burst = 1e9, 1e9
	}
	return p
}

// n returns how many resources of a type a region has, or the account.
func (c *cloud) n(t asset.Type) int {
	all, ok := numbers()[t]
	if !ok {
		panic("no number of " + t)
	}
	return (all*c.percent + 99) / 100
}

// ofAccount reports whether the number of a type is of the account.
func ofAccount(t asset.Type) bool {
	return strings.HasPrefix(string(t), "AWS::IAM::") || t == s3Bucket
}

// size returns how many assets are in the cloud.
func (c *cloud) size() int {
	n := 1 + len(cloudRegions())
	for t := range numbers() {
		if ofAccount(t) {
			n += c.n(t)
		} else {
			n += c.n(t) * len(cloudRegions())
		}
	}
	return n
}

// question is a call.
type question struct {
	cloud                      *cloud
	service, operation, region string
	path                       string
	asked                      string // query and body
}

// pageToken finds the token of a page in a request, which is the number of the first
// thing on the page.
var pageToken = regexp.MustCompile(`(?:[Nn]extToken|[Mm]arker|continuation-token|ExclusiveStartTableName)(?:"?[:=]"?|.)([0-9]+)`)

// signedFor finds the region that a request is signed for.
var signedFor = regexp.MustCompile(`Credential=[^/]+/[^/]+/([^/]+)/`)

// page returns the things of a page, each made from its number, and the tag with the
// token of the next, if there is one.
func (q *question) page(t asset.Type, size int, token string, thing func(i int) string) (things, next string) {
	from := 0
	if m := pageToken.FindStringSubmatch(q.asked); m != nil {
		from, _ = strconv.Atoi(m[1])
	}
	if q.cloud.most > 0 {
		size = q.cloud.most
	}
	n := q.cloud.n(t)
	to := min(from+size, n)
	var b strings.Builder
	for i := from; i < to; i++ {
		if b.Len() > 0 && strings.HasPrefix(token, `"`) {
			b.WriteByte(',')
		}
		b.WriteString(thing(i))
	}
	if to < n {
		next = fmt.Sprintf(token, to)
	}
	return b.String(), next
}

// Do answers a call.
func (c *cloud) Do(r *http.Request) (*http.Response, error) {
	q := &question{cloud: c, service: awsmiddleware.GetServiceID(r.Context()), operation: awsmiddleware.GetOperationName(r.Context()), path: r.URL.Path}
	if m := signedFor.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		q.region = m[1]
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	q.asked = r.URL.RawQuery + string(body)
	key := q.service + ":" + q.operation
	c.mu.Lock()
	c.calls[key]++
	c.mu.Unlock()
	text := ""
	if answer := c.answers[key]; answer != nil {
		text = answer(q)
	}
	return q.answer(r, text), nil
}

// notConfigured is what an answer begins with that is an error, followed by its code.
const notConfigured = "error "

// xmlError is an error of the services that answer XML, apart from EC2 and S3.
const xmlError = "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>none</Message></Error><RequestId>4c8e2a1f</RequestId></ErrorResponse>"

// answer puts the text in the envelope of the service's protocol.
func (q *question) answer(r *http.Request, text string) *http.Response {
	status, header := http.StatusOK, http.Header{"X-Amzn-Requestid": {"4c8e2a1f-6d0b-4f5e-9a57-0c1d2e3f4a5b"}}
	code, failed := strings.CutPrefix(text, notConfigured)
	if failed {
		status = http.StatusNotFound
		header.Set("X-Amzn-Errortype", code)
	}
	switch q.service {
	case "EC2":
		header.Set("Content-Type", "text/xml;charset=UTF-8")
		text = "<" + q.operation + `Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>4c8e2a1f</requestId>` + text + "</" + q.operation + "Response>"
	case "STS", "IAM", "RDS", "Auto Scaling", "Elastic Load Balancing", "Elastic Load Balancing v2", "SNS", "Redshift", "ElastiCache", "CloudFormation":
		header.Set("Content-Type", "text/xml")
		if failed {
			text = fmt.Sprintf(xmlError, code)
			break
		}
		text = "<" + q.operation + "Response><" + q.operation + "Result>" + text + "</" + q.operation + "Result><ResponseMetadata><RequestId>4c8e2a1f</RequestId></ResponseMetadata></" + q.operation + "Response>"
	case "S3", "S3 Control", "CloudFront", "Route 53":
		header.Set("Content-Type", "application/xml")
		switch {
		case failed && q.service != "S3":
			text = fmt.Sprintf(xmlError, code)
		case failed:
			text = "<Error><Code>" + code + "</Code><Message>none</Message><RequestId>4c8e2a1f</RequestId></Error>"
		case text == "":
			text = "<" + q.operation + "Result/>"
		}
	case "CloudWatch":
		header.Set("Content-Type", "application/cbor")
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		if text == "" {
			text = string(cbor.Encode(cbor.Map{}))
		}
	default:
		header.Set("Content-Type", "application/json")
		switch {
		case failed:
			text = `{"__type":"` + code + `","message":"none"}`
		case text == "":
			text = "{}"
		}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}
}

// id makes the id of a resource of EC2 from its number in the region.
func (q *question) id(kind string, i int) string {
	return fmt.Sprintf("%s-%s%015x", kind, map[string]string{"us-east-1": "0a", "eu-west-1": "0b"}[q.region], i)
}

// arn makes an ARN in the region of the question.
func (q *question) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + q.region + ":" + moto.Account + ":" + resource
}

// always returns an answer that is the same for every resource.
func always(text string) func(*question) string { return func(*question) string { return text } }

func TestCloudIsReadWhole(t *testing.T) {
	c := newCloud(1)
	p := c.provider(t)
	strict(t, p)
	x := &tester{Provider: p, cfg: aws.Config{}, calls: &calls{}}
	inv := x.collect(t)
	require.Empty(t, gapTexts(inv))
	for typ := range numbers() {
		want := c.n(typ)
		if !ofAccount(typ) {
			want *= len(cloudRegions())
		}
		assert.Len(t, slices.Collect(inv.OfType(typ)), want, "%s", typ)
	}
	assert.Equal(t, c.size(), inv.Len())
	for a := range inv.All() {
		for _, d := range []asset.Value{a.Config, a.Status, a.Access} {
			for at, part := range d.Marks() {
				if why := part.Unread(); why != nil {
					if (a.Type == ec2VPC || a.Type == ec2Subnet) && why.Code == codeNotListed {
						continue // the cloud has no groups and ACLs by default
					}
					require.Contains(t, []string{collect.CodeNotCollected, codeNotAsked}, why.Code, "%s %s: %v", a.Ref, at, why)
				}
			}
		}
	}
	require.Equal(t, 10_000, newCloud(100).size())
}
