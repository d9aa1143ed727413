package awsapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/moto"
)

// TestWhatIsTriedAgain says of answers, as each protocol has them, whether a call is
// made once more.
func TestWhatIsTriedAgain(t *testing.T) {
	call := map[string]func(aws.Config) error{
		"json": func(cfg aws.Config) error {
			_, err := ecr.NewFromConfig(cfg).DescribeRepositories(context.Background(), &ecr.DescribeRepositoriesInput{})
			return err
		},
		"query": func(cfg aws.Config) error {
			_, err := iam.NewFromConfig(cfg).ListUsers(context.Background(), &iam.ListUsersInput{})
			return err
		},
		"rest json": func(cfg aws.Config) error {
			_, err := efs.NewFromConfig(cfg).DescribeAccessPoints(context.Background(), &efs.DescribeAccessPointsInput{})
			return err
		},
		"rest xml": func(cfg aws.Config) error {
			_, err := s3.NewFromConfig(cfg).ListBuckets(context.Background(), &s3.ListBucketsInput{})
			return err
		},
	}
	for name, tt := range map[string]struct {
		protocol, body string
		status         int
		again          bool
	}{
		"throttled":                    {"json", `{"__type":"ThrottlingException"}`, 400, true},
		"throttled, in a query":        {"query", `<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>`, 400, true},
		"too many":                     {"rest json", `{"code":"TooManyRequestsException"}`, 429, true},
		"too many, without a code":     {"rest json", ``, 429, true},
		"too many, JSON":               {"json", ``, 429, true},
		"too many, a page":             {"query", `<html>`, 429, true},
		"too many, XML":                {"rest xml", ``, 429, true},
		"denied, without a code":       {"json", ``, 403, false},
		"slow down":                    {"rest xml", `<Error><Code>SlowDown</Code></Error>`, 503, true},
		"failed":                       {"json", `{"__type":"InternalServerError"}`, 500, true},
		"failed before the service":    {"query", `<html>`, 502, true},
		"denied":                       {"json", `{"__type":"AccessDeniedException"}`, 400, false},
		"no such operation":            {"json", `{"__type":"UnknownOperationException"}`, 400, false},
		"no such operation, not found": {"rest json", `{"message":"Not Found"}`, 404, false},
		"no such action":               {"query", `<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>`, 400, false},
		"no such page":                 {"query", `<html>`, 404, false},
		"not implemented":              {"rest xml", `<Error><Code>NotImplemented</Code></Error>`, 501, false},
		"not implemented, a page":      {"json", `<html>`, 501, false},
		"not implemented, a failure":   {"json", `{"__type":"NotImplementedException"}`, 500, false},
		"unknown, a failure":           {"query", `<ErrorResponse><Error><Code>UnknownOperation</Code></Error></ErrorResponse>`, 503, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.body))
			}))
			defer server.Close()
			cfg := moto.Config(server.URL)
			cfg.RetryMaxAttempts = 1
			err := call[tt.protocol](cfg)
			require.Error(t, err)
			assert.Equal(t, tt.again, newLimiter(0, 0).IsErrorRetryable(err), err)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		header map[string]string
		wait   time.Duration // at least
		again  bool
	}{
		"seconds":            {429, map[string]string{"Retry-After": "7"}, 7 * time.Second, true},
		"of an outage":       {503, map[string]string{"Retry-After": "30"}, 30 * time.Second, true},
		"until a time":       {429, map[string]string{"Date": "Sun, 01 Mar 2026 12:00:00 GMT", "Retry-After": "Sun, 01 Mar 2026 12:00:09 GMT"}, 9 * time.Second, true},
		"a time in the past": {429, map[string]string{"Date": "Sun, 01 Mar 2026 12:00:00 GMT", "Retry-After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0, true},
		"too long":           {429, map[string]string{"Retry-After": "3600"}, time.Hour, false},
		"nonsense":           {429, map[string]string{"Retry-After": "soon"}, 0, true},
		"not requested":      {429, nil, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := answered(tt.status, "", "")
			for k, v := range tt.header {
				server.header.Set(k, v)
			}
			_, err := ecr.NewFromConfig(server.config()).DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{})
			l := newLimiter(0, 0)
			assert.Equal(t, tt.again, l.IsErrorRetryable(err))
			delay, failed := l.RetryDelay(1, err)
			require.NoError(t, failed)
			assert.GreaterOrEqual(t, delay, tt.wait)
			assert.LessOrEqual(t, delay, max(tt.wait, maxBackoff))
		})
	}
}

// The status says what went wrong where there is no code that does.
func TestErrorsWithoutACode(t *testing.T) {
	for name, read := range reads {
		for _, tt := range []struct {
			status int
			reason asset.Reason
		}{
			{401, asset.Denied}, {403, asset.Denied}, {404, asset.NotFound}, {408, asset.TimedOut}, {429, asset.Throttled},
			{500, asset.Unavailable}, {501, asset.Unsupported}, {502, asset.Unavailable}, {504, asset.TimedOut}, {302, asset.UnknownReason}, {418, asset.UnknownReason},
		} {
			for _, body := range []string{"", "<html><body>no</body></html>", "no"} {
				err := read.call(t.Context(), answered(tt.status, "text/html", body).config())
				require.Error(t, err)
				why := Unread("x:Y", err)
				assert.Equal(t, "HTTP"+strconv.Itoa(tt.status), why.Code, "%s %q: %v", name, body, err)
				assert.Equal(t, tt.reason, why.Reason, "%s %d %q", name, tt.status, body)
				assert.Contains(t, why.Message, strconv.Itoa(tt.status))
			}
		}
	}
}
