package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	catalog "github.com/openstance/stance/asset/catalog/aws"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
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

	mu       sync.Mutex
	answers  map[string][]*exchange
	answered map[string]int
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
				out.Result = &sts.GetCallerIdentityOutput{Account: aws.String(moto.Account), Arn: aws.String("arn:aws:iam::" + moto.Account + ":root")}
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

// shortened are recordings in which somebody left out what AWS always answers, or
// wrote dots for it, or which are older than the ARNs of their resources.
var shortened = map[string]bool{
	"test_config_inconsistent_hub_rule":               true,
	"test_ec2_iam_role_tag_mirror_equal":              true,
	"test_ec2_iam_role_tag_mirror_match_in":           true,
	"test_elasticache_cluster_mark":                   true,
	"test_elasticache_cluster_simple":                 true,
	"test_elasticache_cluster_snapshot":               true,
	"test_elasticache_cluster_unmark":                 true,
	"test_elasticache_remove_matched_security_groups": true,
	"test_rds_aws_managed_kms_keys":                   true,
	"test_rds_snapshot_age_filter":                    true,
	"test_rds_snapshot_mark":                          true,
	"test_rdscluster_simple":                          true,
	"test_unused_keypair":                             true,
	"test_vpc_endpoint_metrics_filter":                true,
}

// partFaults tells the parts of an asset that were answered and could not be read.
func partFaults(a *asset.Asset) []string {
	var faults []string
	for _, document := range []asset.Value{a.Config, a.Status, a.Access} {
		for at, part := range document.Marks() {
			if why := part.Unread(); why != nil && slices.Contains(unparsed, why.Code) {
				faults = append(faults, fmt.Sprintf("%s %s: %v", a.Ref, at, why))
			}
		}
	}
	return faults
}

// unparsed are the codes of what was answered and could not be read.
var unparsed = []string{codeMalformed, codeNoAnswer}

// replayTypes returns the types for which one of the operations is called.
func replayTypes(p *Provider, operations map[string]bool) []asset.Type {
	var types []asset.Type
	var walk func(tables []table)
	walk = func(tables []table) {
		for i := range tables {
			t := &tables[i]
			_, name, _ := strings.Cut(t.op, ":")
			wanted := operations[name] || slices.ContainsFunc(t.also, func(op string) bool {
				_, name, _ := strings.Cut(op, ":")
				return operations[name]
			})
			for _, r := range t.reads {
				_, name, _ := strings.Cut(r.op, ":")
				wanted = wanted || operations[name]
			}
			if wanted {
				types = append(types, t.types...)
			}
			walk(t.under)
		}
	}
	for i := range p.services {
		walk(p.inert(&p.services[i], provider.Query{}))
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// TestReplay lets collectors read what AWS has really sent: of each recording what it
// has of the operations of the catalogue.
func TestReplay(t *testing.T) {
	cases := fixtures.Cases(t, "http", "aws")
	read := map[string]bool{"GetCallerIdentity": true, "DescribeRegions": true, "ListRegions": true, "GenerateCredentialReport": true}
	for typ := range catalog.Types() {
		s, _ := catalog.Schema(typ)
		for _, o := range s.Operations {
			_, name, _ := strings.Cut(o.Name, ":")
			name, _, _ = strings.Cut(name, "(")
			read[name] = true
		}
	}
	answered := map[string]int{}
	recorded := map[string]int{}
	assets := 0
	for c := range cases {
		var input struct{ Exchanges []*exchange }
		require.NoError(t, json.Unmarshal(c.Input, &input), c.ID)
		answers := map[string][]*exchange{}
		operations := map[string]bool{}
		for _, e := range input.Exchanges {
			if e.Wire != nil && read[e.Operation] {
				operations[e.Operation] = true
				answers[e.key()] = append(answers[e.key()], e)
				recorded[e.key()]++
			}
		}
		cfg := moto.Config("http://replay.invalid")
		x := &replay{read: read, answers: answers, answered: answered}
		x.install(&cfg)
		p := New(cfg, &Options{Regions: []string{"us-east-1"}, Now: func() time.Time { return observed }})
		types := replayTypes(p, operations)
		if len(types) == 0 {
			continue
		}
		name := strings.TrimPrefix(c.ID, "c7n-aws/")
		t.Run(name, func(t *testing.T) {
			x.t = t
			strict(t, p)
			var faults []string
			for o, err := range p.Discover(t.Context(), provider.Query{Types: types}) {
				require.NoError(t, err)
				switch o := o.(type) {
				case *asset.Gap:
					if slices.Contains(unparsed, o.Code) {
						faults = append(faults, string(o.Type)+": "+o.Unread().Error())
					}
				case *asset.Asset:
					assets++
					faults = append(faults, partFaults(o)...)
					if !shortened[name] {
						conforms(t, o)
					}
				}
			}
			if !shortened[name] {
				assert.Empty(t, faults)
			}
		})
	}
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		t.Logf("%s: %d of %d", key, answered[key], recorded[key])
	}
	t.Logf("%d operations, %d assets", len(answered), assets)
	assert.GreaterOrEqual(t, len(answered), 105, "operations whose answers were read")
	assert.GreaterOrEqual(t, assets, 1000)
}

func TestWhatHasNoNameIsAGap(t *testing.T) {
	x := offline(t)
	x.says("RDS:DescribeDBInstances", &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{{Engine: aws.String("mysql")}}})
	inv := x.collect(t, rdsInstance)
	assert.Zero(t, inv.Len())
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, codeMalformed, inv.Gaps()[0].Code)
	assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: moto.Account, Region: "us-east-1"}, rdsInstance))
}
