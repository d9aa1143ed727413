package awsapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
