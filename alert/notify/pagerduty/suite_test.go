package pagerduty_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/pagerduty"
)

func TestSuite(t *testing.T) {
	sample.Suite(t, func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		io.WriteString(w, `{"status":"success"}`)
		return true
	}, func(t *testing.T, url string) alert.Tester {
		n, err := pagerduty.New("canary", &pagerduty.Options{URL: url, AllowPrivate: true})
		require.NoError(t, err)
		return n
	}, nil)
}
