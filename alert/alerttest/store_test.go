package alerttest_test

import (
	"testing"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
)

func TestMemoryConforms(t *testing.T) {
	alerttest.Store(t, func(_ *testing.T, now func() time.Time) alert.Store { return alert.NewMemory(now) })
}
