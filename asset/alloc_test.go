//go:build !race

package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/corpus"
)

// The race detector makes sync.Pool drop what it is given now and then.
func TestParseAllocatesOnce(t *testing.T) {
	for _, doc := range corpus.Documents() {
		assert.LessOrEqual(t, testing.AllocsPerRun(200, func() {
			_, _ = asset.Parse(doc)
		}), 1.0)
	}
}
