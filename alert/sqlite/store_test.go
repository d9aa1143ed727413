package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/sqlite"
)

func TestStore(t *testing.T) {
	alerttest.Store(t, func(t *testing.T, now func() time.Time) alert.Store {
		return open(t, filepath.Join(t.TempDir(), "alerts.db"), &sqlite.Options{Now: now})
	})
}
