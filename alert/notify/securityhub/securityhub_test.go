package securityhub_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/securityhub"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/policy"
)

// hub imports into moto, which has no BatchUpdateFindings: the hub does that itself.
type hub struct {
	*sdk.Client
	updates []*sdk.BatchUpdateFindingsInput
	refuse  bool
}

func (h *hub) BatchUpdateFindings(_ context.Context, in *sdk.BatchUpdateFindingsInput, _ ...func(*sdk.Options)) (*sdk.BatchUpdateFindingsOutput, error) {
	h.updates = append(h.updates, in)
	if h.refuse {
		return &sdk.BatchUpdateFindingsOutput{UnprocessedFindings: []types.BatchUpdateFindingsUnprocessedFinding{{ErrorCode: aws.String("Busy"), ErrorMessage: aws.String("later")}}}, nil
	}
	return &sdk.BatchUpdateFindingsOutput{ProcessedFindings: in.FindingIdentifiers}, nil
}

func open(t *testing.T) (*hub, *securityhub.Notifier) {
	t.Helper()
	h := &hub{Client: sdk.NewFromConfig(moto.Config(moto.URL(t)))}
	_, err := h.EnableSecurityHub(t.Context(), &sdk.EnableSecurityHubInput{})
	require.NoError(t, err)
	n, err := securityhub.New(h, moto.Account, "us-east-1", nil)
	require.NoError(t, err)
	return h, n
}

func (h *hub) findings(t *testing.T) map[string]types.AwsSecurityFinding {
	t.Helper()
	out, err := h.GetFindings(t.Context(), &sdk.GetFindingsInput{MaxResults: aws.Int32(100)})
	require.NoError(t, err)
	all := map[string]types.AwsSecurityFinding{}
	for _, f := range out.Findings {
		all[*f.Id] = f
	}
	return all
}

func TestLifeOfAnAlert(t *testing.T) {
	h, n := open(t)
	id := sample.Alert(1).ID
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Opened(2)}))
	f := h.findings(t)[id]
	assert.Equal(t, types.RecordStateActive, f.RecordState)
	assert.Equal(t, types.ComplianceStatusFailed, f.Compliance.Status)
	assert.Equal(t, []string{"cis-aws-5.0/2.1.4"}, f.Compliance.RelatedRequirements)
	assert.Equal(t, types.SeverityLabelHigh, f.FindingProviderFields.Severity.Label)
	assert.Equal(t, "S3 buckets block public access", *f.Title)
	assert.Equal(t, "arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default", *f.ProductArn)
	assert.Equal(t, "AwsS3Bucket", *f.Resources[0].Type)
	assert.Equal(t, "eu-west-1", *f.Resources[0].Region)
	assert.Equal(t, "production", f.Resources[0].Details.Other["accountName"])
	assert.Equal(t, "2026-03-04T05:06:07.000Z", *f.UpdatedAt)

	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Dismissed(1)}))
	require.Len(t, h.updates, 1)
	assert.Equal(t, types.WorkflowStatusSuppressed, h.updates[0].Workflow.Status)
	assert.Equal(t, "accepted until the migration", *h.updates[0].Note.Text)
	assert.Equal(t, "ann@example.com", *h.updates[0].Note.UpdatedBy)
	assert.Equal(t, types.RecordStateActive, h.findings(t)[id].RecordState)

	reopened := sample.Opened(1)
	reopened.Transition.From = alert.Dismissed
	require.NoError(t, n.Notify(t.Context(), []alert.Event{reopened}))
	assert.Equal(t, types.WorkflowStatusNew, h.updates[1].Workflow.Status)

	gone := sample.Resolved(2)
	gone.Alert.Reason = alert.ResourceDeleted
	fixed := sample.Resolved(1)
	fixed.Alert.Verdict = policy.Pass
	require.NoError(t, n.Notify(t.Context(), []alert.Event{fixed, gone}))
	all := h.findings(t)
	assert.Equal(t, types.RecordStateArchived, all[id].RecordState)
	assert.Equal(t, types.ComplianceStatusPassed, all[id].Compliance.Status)
	assert.Equal(t, types.ComplianceStatusNotAvailable, all[sample.Alert(2).ID].Compliance.Status)
	assert.Len(t, all, 2)
	assert.Len(t, h.updates, 2)
}

func TestOtherEvents(t *testing.T) {
	h, n := open(t)
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Health(false), sample.Digest(60), sample.Review(), sample.Health(true)}))
	require.NoError(t, n.Test(t.Context()))
	all := h.findings(t)
	assert.Len(t, all, 52)
	assert.Equal(t, types.RecordStateArchived, all["stance/health/account_unscanned/aws/123456789012"].RecordState)
	assert.Equal(t, types.RecordStateArchived, all["stance/test"].RecordState)
}

func TestManyEvents(t *testing.T) {
	h, n := open(t)
	var events []alert.Event
	for i := range 140 {
		events = append(events, sample.Opened(i%99))
	}
	require.NoError(t, n.Notify(t.Context(), events))
	assert.Len(t, h.findings(t), 99)
}

func TestFailedUpdate(t *testing.T) {
	h, n := open(t)
	h.refuse = true
	p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Dismissed(2)}))
	require.True(t, ok)
	require.Len(t, p.Failed, 1)
	assert.Equal(t, 1, p.Failed[0].Index)
	assert.False(t, p.Failed[0].Permanent)
	assert.EqualError(t, p.Failed[0].Err, "update the workflow of a finding: Busy: later")
}

func TestLimits(t *testing.T) {
	e := sample.Hostile()
	long := strings.Repeat("日", 5000)
	a := e.Alert
	a.Policy.Title, a.Message, a.Policy.Steps, a.Ref.ID, a.Asset.Region = long, long, long, long, long
	a.Policy.Controls = slices.Repeat([]string{long}, 50)
	h, n := open(t)
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	f := h.findings(t)[a.ID]
	for limit, s := range map[int]string{256: *f.Title, 1024: *f.Description, 512: *f.Resources[0].Id, 16: *f.Resources[0].Region} {
		assert.LessOrEqual(t, len([]rune(s)), limit)
	}
	assert.Len(t, f.Compliance.RelatedRequirements, 32)
	assert.NotContains(t, *h.updates[0].Note.Text, "\x1b")
}

// importer stands for a Security Hub. A test sets its answer.
type importer struct {
	answer func(*sdk.BatchImportFindingsInput) (*sdk.BatchImportFindingsOutput, error)
}

func (i importer) BatchImportFindings(_ context.Context, in *sdk.BatchImportFindingsInput, _ ...func(*sdk.Options)) (*sdk.BatchImportFindingsOutput, error) {
	return i.answer(in)
}

func (i importer) BatchUpdateFindings(_ context.Context, in *sdk.BatchUpdateFindingsInput, _ ...func(*sdk.Options)) (*sdk.BatchUpdateFindingsOutput, error) {
	return &sdk.BatchUpdateFindingsOutput{ProcessedFindings: in.FindingIdentifiers}, nil
}

func TestIncompleteResponses(t *testing.T) {
	for name, out := range map[string]*sdk.BatchImportFindingsOutput{
		"empty":           {},
		"fewer":           {SuccessCount: aws.Int32(1), FailedCount: aws.Int32(0)},
		"unnamed":         {SuccessCount: aws.Int32(1), FailedCount: aws.Int32(1)},
		"unknown finding": {SuccessCount: aws.Int32(1), FailedCount: aws.Int32(1), FailedFindings: []types.ImportFindingsError{{Id: aws.String("x")}}},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := securityhub.New(importer{func(*sdk.BatchImportFindingsInput) (*sdk.BatchImportFindingsOutput, error) { return out, nil }}, "1", "us-east-1", nil)
			require.NoError(t, err)
			p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Opened(2)}))
			require.True(t, ok)
			assert.Len(t, p.Failed, 2)
		})
	}
}

func TestSuite(t *testing.T) {
	alerttest.Notifier(t, func(t *testing.T) *alerttest.Receiver {
		var mu sync.Mutex
		var received []string
		answer := alerttest.Answer{}
		n, err := securityhub.New(importer{func(in *sdk.BatchImportFindingsInput) (*sdk.BatchImportFindingsOutput, error) {
			mu.Lock()
			defer mu.Unlock()
			if answer.Kind == alerttest.Forbidden {
				return nil, errors.New("AccessDenied")
			}
			out := &sdk.BatchImportFindingsOutput{}
			good := 0
			for _, f := range in.Findings {
				body := *f.Id + *f.Title + *f.Description + *f.Resources[0].Id
				if d := f.Resources[0].Details; d != nil {
					body += d.Other["name"]
				}
				if answer.Kind != alerttest.Accept && strings.Contains(body, answer.Only) {
					code := map[alerttest.AnswerKind]string{alerttest.Later: "InternalError", alerttest.Never: "InvalidInput"}[answer.Kind]
					out.FailedFindings = append(out.FailedFindings, types.ImportFindingsError{Id: f.Id, ErrorCode: &code})
					continue
				}
				good++
				received = append(received, body)
			}
			out.SuccessCount, out.FailedCount = aws.Int32(int32(good)), aws.Int32(int32(len(out.FailedFindings)))
			return out, nil
		}}, "123456789012", "us-east-1", nil)
		require.NoError(t, err)
		return &alerttest.Receiver{
			Notifier: n,
			Received: func() []string {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(received)
			},
			Answer: func(a alerttest.Answer) {
				mu.Lock()
				defer mu.Unlock()
				answer = a
			},
			Sends: func(e alert.Event) bool { return e.Kind != alert.EventReview },
		}
	})
}

func TestBrokenServer(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"throttles": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"cuts":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"empty": func(http.ResponseWriter, *http.Request) {},
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			client := sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{},
				Credentials: credentials.NewStaticCredentialsProvider("AKID", "canary-secret", "canary-session")})
			n, err := securityhub.New(client, "123456789012", "us-east-1", &securityhub.Options{Timeout: 300 * time.Millisecond})
			require.NoError(t, err)
			p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Opened(2)}))
			require.True(t, ok)
			require.Len(t, p.Failed, 2)
			for _, f := range p.Failed {
				assert.False(t, f.Permanent)
				assert.NotContains(t, f.Err.Error(), "canary")
				if name == "throttles" {
					assert.Equal(t, 30*time.Second, f.RetryAfter)
				}
			}
		})
	}
}

func ExampleNew() {
	client := sdk.New(sdk.Options{Region: "eu-west-1"}) // with credentials
	n, err := securityhub.New(client, "123456789012", "eu-west-1", nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
