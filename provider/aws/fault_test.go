package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
)

// fault is a way in which an operation does not answer. It makes its answer of the right one.
type fault func(q *question, r *http.Request, right *http.Response) (*http.Response, error)

func faults() map[string]fault {
	const page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Welcome<br></p></body></html>"
	with := func(status int, contentType, body string) fault {
		return func(_ *question, r *http.Request, right *http.Response) (*http.Response, error) {
			kind := cmp.Or(contentType, right.Header.Get("Content-Type"))
			header := http.Header{"Content-Type": {kind}, "Smithy-Protocol": right.Header["Smithy-Protocol"]}
			return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
		}
	}
	failing := func(status int, code string) fault {
		return func(q *question, r *http.Request, _ *http.Response) (*http.Response, error) {
			response := q.answer(r, notConfigured+code)
			response.StatusCode = status
			switch q.service {
			case "EC2":
				response.Body = io.NopCloser(strings.NewReader("<Response><Errors><Error><Code>" + code + "</Code></Error></Errors></Response>"))
			case "CloudWatch":
				response.Body = io.NopCloser(strings.NewReader(string(cbor.Encode(cbor.Map{"__type": cbor.String(code)}))))
			}
			return response, nil
		}
	}
	half := func(end error) fault {
		return func(_ *question, _ *http.Request, right *http.Response) (*http.Response, error) {
			body, err := io.ReadAll(right.Body)
			if err != nil {
				return nil, err
			}
			right.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(body[:len(body)/2])), endOf{end}))
			right.ContentLength = -1
			return right, nil
		}
	}
	return map[string]fault{
		"denied":    failing(http.StatusForbidden, "AccessDeniedException"),
		"throttled": failing(http.StatusBadRequest, "ThrottlingException"),
		"5xx":       with(http.StatusServiceUnavailable, "text/plain", ""),
		"cut off":   half(io.ErrUnexpectedEOF),
		"shortened": half(io.EOF),
		"empty":     with(http.StatusOK, "", ""),
		"204":       with(http.StatusNoContent, "text/plain", ""),
		"page":      with(http.StatusOK, "text/html; charset=utf-8", page),
		"null":      with(http.StatusOK, "", "null"),
		"hanging": func(_ *question, r *http.Request, _ *http.Response) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
	}
}

// endOf is the end of a body.
type endOf struct{ err error }

func (e endOf) Read([]byte) (int, error) { return 0, e.err }

// faulty is a cloud of which one operation has a fault.
type faulty struct {
	*cloud
	key   string // by service and operation, as the SDK names them; "": all but those that find the account and its regions
	fault fault
}

func (c *faulty) Do(r *http.Request) (*http.Response, error) {
	right, err := c.cloud.Do(r)
	service, operation := awsmiddleware.GetServiceID(r.Context()), awsmiddleware.GetOperationName(r.Context())
	found := operation == "GetCallerIdentity" || operation == "DescribeRegions"
	if err != nil || c.key == "" && found || c.key != "" && service+":"+operation != c.key {
		return right, err
	}
	return c.fault(&question{cloud: c.cloud, service: service, operation: operation}, r, right)
}

// once makes clients of a configuration call once, and without a rate: the SDK's adaptive
// one, once something was throttled, waits for less than a nanosecond, for ever where time
// stands still meanwhile.
func once(cfg *aws.Config) {
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(s *middleware.Stack) error {
		_, err := s.Finalize.Remove("Retry")
		return err
	})
}

// careless returns a cloud in which much is wrong.
func careless() *cloud {
	c := newCloud(1)
	for key, answer := range c.answers {
		if key != "IAM:GetCredentialReport" {
			c.answers[key] = func(q *question) string {
				return strings.NewReplacer("arn:aws:iam::"+moto.Account+":root", "*", "10.0.0.0/8", "0.0.0.0/0").Replace(answer(q))
			}
		}
	}
	for key, answer := range map[string]string{
		"EC2:GetEbsEncryptionByDefault":         "<ebsEncryptionByDefault>false</ebsEncryptionByDefault>",
		"IAM:GetAccountPasswordPolicy":          notConfigured + "NoSuchEntity",
		"IAM:GetAccountSummary":                 "<SummaryMap><entry><key>AccountMFAEnabled</key><value>0</value></entry><entry><key>AccountAccessKeysPresent</key><value>1</value></entry></SummaryMap>",
		"IAM:ListMFADevices":                    "<MFADevices/><IsTruncated>false</IsTruncated>",
		"KMS:GetKeyRotationStatus":              `{"KeyRotationEnabled":false}`,
		"S3:GetBucketEncryption":                notConfigured + "ServerSideEncryptionConfigurationNotFoundError",
		"S3:GetBucketLogging":                   "<BucketLoggingStatus/>",
		"S3:GetBucketOwnershipControls":         notConfigured + "OwnershipControlsNotFoundError",
		"S3:GetBucketVersioning":                "<VersioningConfiguration/>",
		"S3:GetPublicAccessBlock":               notConfigured + "NoSuchPublicAccessBlockConfiguration",
		"DynamoDB:DescribeContinuousBackups":    `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"DISABLED"}}`,
		"EC2:GetSnapshotBlockPublicAccessState": "<state>unblocked</state>",
		"Lambda:GetFunctionCodeSigningConfig":   notConfigured + "ResourceNotFoundException",
		"S3:GetBucketLifecycleConfiguration":    notConfigured + "NoSuchLifecycleConfiguration",
	} {
		c.answers[key] = always(answer)
	}
	return c
}

// typesOf returns the types for which an operation is called, all if the catalogue does
// not name it.
func typesOf(key string) []asset.Type {
	var types []asset.Type
	for typ := range awscatalog.Types() {
		s, _ := awscatalog.Schema(typ)
		if slices.ContainsFunc(s.Operations, func(o asset.Operation) bool {
			prefix, name, _ := strings.Cut(o.Name, ":")
			name, _, _ = strings.Cut(name, "(")
			return sdkServices()[prefix]+":"+name == key || "Elastic Load Balancing:"+name == key && prefix == "elasticloadbalancing" ||
				key == "IAM:GenerateCredentialReport" && o.Name == reportOp
		}) {
			types = append(types, typ)
		}
	}
	return types
}

// TestFaults says of every operation and every fault that it makes no finding better: one
// that fails or is unknown with right answers does not pass, and does not vanish unless a
// gap says why.
func TestFaults(t *testing.T) {
	set, err := policy.Load(&policy.Options{Now: func() time.Time { return observed }}, packs.AWS())
	require.NoError(t, err)
	evaluate := func(inv *asset.Inventory) map[string]policy.Finding {
		all := map[string]policy.Finding{}
		for f, err := range set.Evaluate(context.Background(), inv) {
			require.NoError(t, err)
			all[f.Key()] = f
		}
		return all
	}
	clean := careless()
	p := clean.provider(t)
	known := map[asset.Type]bool{}
	for _, typ := range p.Types() {
		known[typ] = true
	}
	var right []asset.Observation
	for o, err := range p.Discover(t.Context(), provider.Query{}) {
		require.NoError(t, err)
		right = append(right, o)
	}
	whole := &asset.Inventory{}
	for _, o := range right {
		whole.Add(o)
	}
	require.Empty(t, gapTexts(whole))
	before := evaluate(whole)
	bad := 0
	for _, f := range before {
		if f.Status == policy.Fail || f.Status == policy.Unknown {
			bad++
		}
	}
	require.Greater(t, bad, 30, "findings that a fault could hide")

	pairs := 0
	for _, key := range slices.Sorted(maps.Keys(clean.calls)) {
		types := slices.DeleteFunc(typesOf(key), func(typ asset.Type) bool { return !known[typ] })
		for name, fault := range faults() {
			pairs++
			what := fmt.Sprintf("%s, %s", key, name)
			inv := &asset.Inventory{}
			synctest.Test(t, func(t *testing.T) {
				p := clean.provider(t)
				p.cfg.HTTPClient = &faulty{careless(), key, fault}
				once(&p.cfg)
				for o, err := range p.Discover(t.Context(), provider.Query{Types: types}) {
					if err != nil {
						require.True(t, key == "STS:GetCallerIdentity" && !errors.Is(err, context.Canceled), "%s: %v", what, err)
						return
					}
					inv.Add(o)
				}
			})
			if key == "STS:GetCallerIdentity" {
				continue // nothing can be discovered, and the error says so
			}
			for _, o := range right {
				if !slices.Contains(types, typeOf(o)) {
					inv.Add(o)
				}
			}
			after := evaluate(inv)
			for k, f := range before {
				if f.Status != policy.Fail && f.Status != policy.Unknown {
					continue
				}
				now, there := after[k]
				switch {
				case there && (now.Status == policy.Fail || now.Status == policy.Unknown):
				case there:
					t.Errorf("%s: %s %v is %s and was %s", what, f.Policy.ID, refOf(f), now.Status, f.Status)
				case !explained(inv, f):
					t.Errorf("%s: %s %v vanishes without a gap", what, f.Policy.ID, refOf(f))
				}
			}
		}
	}
	t.Logf("%d operations, %d pairs of operation and fault, %d findings that fail or are unknown", len(clean.calls), pairs, bad)
	assert.Greater(t, pairs, 400)
}

func typeOf(o asset.Observation) asset.Type {
	switch o := o.(type) {
	case *asset.Asset:
		return o.Type
	case *asset.Coverage:
		return o.Type
	case *asset.Gap:
		return o.Type
	}
	return ""
}

func refOf(f policy.Finding) asset.Ref {
	if f.Asset() == nil {
		return asset.Ref{}
	}
	return f.Asset().Ref
}

// explained reports whether a gap says why the subject of a finding is not there any more.
func explained(inv *asset.Inventory, f policy.Finding) bool {
	return slices.ContainsFunc(inv.Gaps(), func(g *asset.Gap) bool {
		return f.Asset() == nil || g.Scope.Account == f.Asset().Account && (g.Scope.Region == "" || g.Scope.Region == f.Asset().Region) && (g.Type == "" || g.Type == f.Asset().Type)
	})
}
