package slack_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/slack"
)

func TestSuite(t *testing.T) {
	sample.Suite(t, func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		io.WriteString(w, `ok`)
		return true
	}, func(t *testing.T, url string) alert.Tester {
		n, err := slack.New(url+"/services/canary", &slack.Options{AllowPrivate: true})
		require.NoError(t, err)
		return n
	}, nil)
}
