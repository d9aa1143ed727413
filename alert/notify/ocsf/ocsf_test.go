package ocsf_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/ocsf"
	"github.com/openstance/stance/policy"
)

type line struct {
	ActivityName string `json:"activity_name"`
	TypeUID      int    `json:"type_uid"`
	Time         int64
	Severity     string
	StatusID     int `json:"status_id"`
	Message      string
	Comment      string
	Metadata     struct{ UID, Version string }
	Info         struct {
		UID       string
		URL       string `json:"src_url"`
		FirstSeen int64  `json:"first_seen_time"`
	} `json:"finding_info"`
	Compliance struct {
		Control  string
		StatusID int      `json:"status_id"`
		Details  []string `json:"status_details"`
	}
	Cloud     struct{ Account struct{ UID string } }
	Resources []struct{ UID string }
}

func read(t *testing.T, path string) (all []line) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var l line
		require.NoError(t, json.Unmarshal(s.Bytes(), &l))
		require.Equal(t, 2003, l.TypeUID/100)
		require.Equal(t, "1.8.0", l.Metadata.Version)
		all = append(all, l)
	}
	return all
}

func open(t *testing.T, o ocsf.Options) (*ocsf.Notifier, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alerts.ndjson")
	n, err := ocsf.New(path, &o)
	require.NoError(t, err)
	t.Cleanup(func() { n.Close() })
	return n, path
}

func TestLifeOfAnAlert(t *testing.T) {
	n, path := open(t, ocsf.Options{})
	reopened := sample.Opened(1)
	reopened.Transition.From = alert.Resolved
	fixed := sample.Resolved(1)
	fixed.Alert.Verdict = policy.Pass
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Dismissed(1)}))
	require.NoError(t, n.Notify(t.Context(), []alert.Event{fixed, reopened}))
	all := read(t, path)
	require.Len(t, all, 4)
	for i, want := range []struct {
		activity           string
		status, compliance int
	}{{"Create", 1, 3}, {"Update", 3, 3}, {"Close", 4, 1}, {"Update", 1, 3}} {
		l := all[i]
		assert.Equal(t, want.activity, l.ActivityName)
		assert.Equal(t, want.status, l.StatusID)
		assert.Equal(t, want.compliance, l.Compliance.StatusID)
		assert.Equal(t, sample.At.UnixMilli(), l.Time)
		assert.Equal(t, sample.At.UnixMilli(), l.Info.FirstSeen)
		assert.Equal(t, sample.Alert(1).ID, l.Info.UID)
		assert.Equal(t, "High", l.Severity)
		assert.Equal(t, "123456789012", l.Cloud.Account.UID)
		assert.Equal(t, "arn:aws:s3:::bucket-1", l.Resources[0].UID)
		assert.Equal(t, sample.Opened(1).Link, l.Info.URL)
	}
	assert.Equal(t, sample.Opened(1).ID, all[0].Metadata.UID)
	assert.Equal(t, "accepted until the migration", all[1].Comment)
	assert.Equal(t, []string{"USER_DISMISSED"}, all[1].Compliance.Details)
}

func TestOtherEvents(t *testing.T) {
	n, path := open(t, ocsf.Options{})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Digest(3), sample.Health(false), sample.Health(true), sample.Review()}))
	require.NoError(t, n.Test(t.Context()))
	all := read(t, path)
	require.Len(t, all, 6)
	assert.Equal(t, all[3].Info.UID, all[4].Info.UID)
	assert.Equal(t, "Close", all[4].ActivityName)
}

func TestRotation(t *testing.T) {
	n, path := open(t, ocsf.Options{MaxBytes: 2000, Keep: 2, Now: func() time.Time { return sample.At }})
	for i := range 9 {
		require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(i)}))
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(2000))
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	kept := read(t, files[1])
	last := read(t, path)
	assert.Equal(t, sample.Alert(8).ID, last[len(last)-1].Info.UID)
	assert.Equal(t, sample.Alert(8-len(last)).ID, kept[len(kept)-1].Info.UID, "the newest are kept")
}

func TestRotationOfALargeFileOfBefore(t *testing.T) {
	n, path := open(t, ocsf.Options{MaxBytes: 2000})
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("{}\n", 600)), 0o600))
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	assert.Len(t, read(t, path), 1)
}

func TestAfterACrash(t *testing.T) {
	n, path := open(t, ocsf.Options{})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, n.Close())
	require.NoError(t, os.WriteFile(path, append(whole, `{"activity_id":1,"cut`...), 0o600))
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(2)}))
	assert.Len(t, read(t, path), 2)
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	n, err := ocsf.New(filepath.Join(dir, "missing", "alerts.ndjson"), nil)
	require.NoError(t, err)
	events := []alert.Event{sample.Opened(1), sample.Review(), sample.Opened(2)}
	p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), events))
	require.True(t, ok)
	require.Len(t, p.Failed, 2, "a review is not written anyway")
	assert.ErrorIs(t, p.Failed[0].Err, os.ErrNotExist)
	assert.False(t, p.Failed[0].Permanent)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "missing"), 0o700))
	require.NoError(t, n.Notify(t.Context(), events), "the directory is there now")
	require.NoError(t, n.Close())

	n, err = ocsf.New(dir, nil)
	require.NoError(t, err)
	require.Error(t, n.Notify(t.Context(), events), "a directory")
	_, err = ocsf.New("", nil)
	assert.EqualError(t, err, "ocsf channel: no file")
}

func TestSuite(t *testing.T) {
	alerttest.Notifier(t, func(t *testing.T) *alerttest.Receiver {
		n, path := open(t, ocsf.Options{})
		var mu sync.Mutex
		return &alerttest.Receiver{
			Notifier: n,
			Received: func() []string {
				mu.Lock()
				defer mu.Unlock()
				b, err := os.ReadFile(path)
				if err != nil {
					return nil
				}
				return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
			},
			Sends: func(e alert.Event) bool { return e.Kind != alert.EventReview },
		}
	})
}

func ExampleNew() {
	dir, err := os.MkdirTemp("", "alerts")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	n, err := ocsf.New(filepath.Join(dir, "alerts.ndjson"), nil)
	if err != nil {
		panic(err)
	}
	defer n.Close()
	if err := n.Test(context.Background()); err != nil {
		panic(err)
	}
	// Output:
}
