package providers_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/examples/providers"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
)

const file = `[{"Name": "front", "Locked": true, "OpensFor": ["all"]}, {"Name": "back", "Locked": false}, {"Name": "roof"}]`

func doors(data string, err error) *providers.Doors {
	return &providers.Doors{
		Office: "berlin",
		Read:   func(context.Context) ([]byte, error) { return []byte(data), err },
		Now:    func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) },
	}
}

func TestConformance(t *testing.T) {
	providertest.Test(t, func(*testing.T) provider.Provider { return doors(file, nil) }, nil)
}

func TestVerdicts(t *testing.T) {
	for name, tt := range map[string]struct {
		provider provider.Provider
		want     []string
	}{
		"a file":   {doors(file, nil), []string{"fail berlin/back", "pass berlin/front", "unknown berlin/roof"}},
		"no file":  {doors("", errors.New("the system is down")), []string{"unknown "}},
		"not JSON": {doors("<html>", nil), []string{"unknown "}},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := policy.NewSet(&policy.Options{Schemas: providers.Schema}, providers.Locked())
			require.NoError(t, err)
			inv, err := provider.Collect(t.Context(), provider.Query{Types: set.Types(), Reads: set.Reads()}, tt.provider)
			require.NoError(t, err)
			var got []string
			for f, err := range set.Evaluate(t.Context(), inv) {
				require.NoError(t, err)
				got = append(got, fmt.Sprint(f.Status, " ", f.Subject.Ref().ID))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}
