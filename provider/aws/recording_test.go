package aws

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/moto"
)

// exchange is a recorded answer of AWS, with how to know the request.
type exchange struct {
	Service, Operation string
	Match              struct {
		Action, Method, Path string
		Target               string `json:"x_amz_target"`
	}
	Wire *struct { // nil if the answer could not be made wire again
		Status  int
		Headers map[string]string
		Body    string
	}
}

// key is the service and the operation, as recordings name them.
func (e *exchange) key() string { return e.Service + ":" + e.Operation }

// recordedName returns the service of the SDK as recordings name it.
func recordedName(serviceID string) string {
	switch serviceID {
	case "Elastic Load Balancing":
		return "elb"
	case "Elastic Load Balancing v2":
		return "elbv2"
	case "Config Service":
		return "config"
	case "EventBridge":
		return "events"
	case "CloudWatch Logs":
		return "logs"
	}
	return strings.ToLower(strings.ReplaceAll(serviceID, " ", ""))
}

var pathField = regexp.MustCompile(`\\\{[A-Za-z_]+(\\\+)?\\\}`)

// matches reports whether a request is one that the answer was recorded for.
func (e *exchange) matches(r *http.Request, body string) bool {
	m := &e.Match
	switch {
	case m.Target != "":
		return strings.HasSuffix("."+m.Target, "."+r.Header.Get("X-Amz-Target"))
	case m.Action != "":
		return strings.HasPrefix(body, "Action="+m.Action+"&")
	}
	path, query, _ := strings.Cut(m.Path, "?")
	pattern := pathField.ReplaceAllStringFunc(regexp.QuoteMeta(strings.TrimSuffix(path, "/")), func(field string) string {
		if strings.Contains(field, "+") {
			return ".+"
		}
		return "[^/]+"
	})
	ok, err := regexp.MatchString("^"+pattern+"/?$", r.URL.EscapedPath())
	return err == nil && ok && r.Method == m.Method && (query == "" || r.URL.Query().Has(query))
}

// replay answers calls with what was recorded, each answer once, and refuses others.
type replay struct {
	t    *testing.T
	read map[string]bool // names of operations that collectors may call
	as   string          // the account that is looked at

	mu       sync.Mutex
	answers  map[string][]*exchange
	answered map[string]int
}

var (
	recordedOwner = regexp.MustCompile(`<(?:imageO|o)wnerId>([0-9]{12})<`)
	recordedARN   = regexp.MustCompile(`"(?:FunctionArn|Arn)": "(arn:aws:[^"]+)"`)
)

// recordedAccount returns the account that a recording is of, if it tells it.
func recordedAccount(all []*exchange) string {
	for _, e := range all {
		if e.Wire != nil {
			if m := recordedOwner.FindStringSubmatch(e.Wire.Body); m != nil {
				return m[1]
			}
		}
	}
	return moto.Account
}

// recordedOnes are operations that are called for one asset, of which recordings have more
// than collectors ask for when they list.
var recordedOnes = map[string]asset.Type{"kms:DescribeKey": kmsKey, "lambda:GetFunctionConfiguration": lambdaFunction}

// left returns what names the next asset of an operation of which the answer was not yet
// requested, or "".
func (x *replay) left(key string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.answers[key]) > 0 {
		if m := recordedARN.FindStringSubmatch(x.answers[key][0].Wire.Body); m != nil {
			return m[1]
		}
		x.answers[key] = x.answers[key][1:] // an error
	}
	return ""
}

// notRecorded is what calls end in for which there is no answer.
var notRecorded = &smithy.GenericAPIError{Code: "NotRecorded"}

// install puts the replay into clients of a configuration.
func (x *replay) install(cfg *aws.Config) {
	cfg.HTTPClient = &http.Client{Transport: x}
	cfg.APIOptions = append(cfg.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("replay", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			name := awsmiddleware.GetOperationName(ctx)
			key := recordedName(awsmiddleware.GetServiceID(ctx)) + ":" + name
			assert.True(x.t, x.read[name], "%s is not in the catalogue", key)
			e := x.next(key)
			var out middleware.InitializeOutput
			switch {
			case e != nil:
				return next.HandleInitialize(context.WithValue(ctx, x, e), in)
			case name == "GetCallerIdentity":
				out.Result = &sts.GetCallerIdentityOutput{Account: &x.as, Arn: aws.String("arn:aws:iam::" + x.as + ":root")}
			case name == "GenerateCredentialReport":
				out.Result = &iam.GenerateCredentialReportOutput{State: iamtypes.ReportStateTypeComplete}
			case name == "GetBucketLocation": // older answers to ListBuckets do not tell
				out.Result = &s3.GetBucketLocationOutput{}
			default:
				return out, middleware.Metadata{}, notRecorded
			}
			return out, middleware.Metadata{}, nil
		}), middleware.After)
	})
}

// next takes the next answer of an operation.
func (x *replay) next(key string) *exchange {
	x.mu.Lock()
	defer x.mu.Unlock()
	recorded := x.answers[key]
	if len(recorded) == 0 {
		return nil
	}
	x.answers[key] = recorded[1:]
	x.answered[key]++
	return recorded[0]
}

func (x *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	e := r.Context().Value(x).(*exchange)
	if !e.matches(r, string(body)) {
		x.t.Errorf("%s: the request is %s %s %q and not %+v", e.key(), r.Method, r.URL, body, e.Match)
	}
	header := http.Header{}
	for k, v := range e.Wire.Headers {
		header.Set(k, v)
	}
	return &http.Response{StatusCode: e.Wire.Status, Header: header, Body: io.NopCloser(strings.NewReader(e.Wire.Body)), ContentLength: int64(len(e.Wire.Body)), Request: r}, nil
}
