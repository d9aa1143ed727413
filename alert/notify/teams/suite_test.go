package teams_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/teams"
)

func TestSuite(t *testing.T) {
	sample.Suite(t, func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		return true
	}, func(t *testing.T, url string) alert.Tester {
		n, err := teams.New(url+"/workflows?sig=canary", &teams.Options{AllowPrivate: true})
		require.NoError(t, err)
		return n
	}, nil)
}
