package alert

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// healthTx keeps documents and messages alone.
type healthTx struct {
	Tx
	documents map[string][]byte
	messages  []Message
	writes    int
}

func (tx *healthTx) Document(kind, name string) ([]byte, error) {
	return tx.documents[kind+"\x00"+name], nil
}

func (tx *healthTx) PutDocument(kind, name string, data []byte) error {
	tx.writes++
	tx.documents[kind+"\x00"+name] = data
	if data == nil {
		delete(tx.documents, kind+"\x00"+name)
	}
	return nil
}

func (tx *healthTx) Documents(kind string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(tx.documents)) {
			if name, ok := strings.CutPrefix(key, kind+"\x00"); ok && !yield(Document{Name: name, Data: tx.documents[key]}, nil) {
				return
			}
		}
	}
}

func (tx *healthTx) PutMessages(ms ...Message) error {
	tx.messages = append(tx.messages, ms...)
	return nil
}

func TestHealthIsReportedOnceADay(t *testing.T) {
	tx := &healthTx{documents: map[string][]byte{}}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	condition := Health{Kind: HealthUnscanned, Subject: "aws/111111111111", Message: "no scan for 2 h"}
	type step struct {
		after time.Duration
		end   bool
		send  bool
		since time.Duration
	}
	for i, s := range []step{
		{after: 0, send: true},
		{after: time.Hour, send: false},
		{after: 24*time.Hour - time.Microsecond, send: false},
		{after: 24 * time.Hour, send: true},
		{after: 25 * time.Hour, end: true, send: true},  // its beginning was reported: so is the end
		{after: 25 * time.Hour, end: true, send: false}, // it ended already
		{after: 26 * time.Hour, since: 26 * time.Hour},  // begins again within the day
		{after: 27 * time.Hour, end: true, send: false}, // nobody heard of the beginning
		{after: 49 * time.Hour, send: true, since: 49 * time.Hour},
	} {
		now := start.Add(s.after)
		before := len(tx.messages)
		if s.end {
			require.NoError(t, endHealth(tx, condition.Kind, condition.Subject, now))
		} else {
			send, err := putHealth(tx, condition, now)
			require.NoError(t, err)
			assert.Equal(t, s.send, send, "step %d", i)
		}
		sent := tx.messages[before:]
		if !s.send {
			assert.Empty(t, sent, "step %d", i)
			continue
		}
		require.Len(t, sent, 1, "step %d", i)
		m := sent[0]
		assert.Equal(t, ChannelHealth, m.Channel)
		assert.Equal(t, m.Event.ID+"/health", m.ID)
		assert.Equal(t, now, m.NotBefore)
		assert.Equal(t, EventHealth, m.Event.Kind)
		assert.Equal(t, start.Add(s.since), m.Event.Health.Since, "step %d", i)
		assert.Equal(t, s.end, !m.Event.Health.Until.IsZero(), "step %d", i)
	}
	ids := map[string]bool{}
	for _, m := range tx.messages {
		assert.False(t, ids[m.ID], "IDs differ")
		ids[m.ID] = true
	}
}

func TestHealthIsWrittenOnlyOnAChange(t *testing.T) {
	tx := &healthTx{documents: map[string][]byte{}}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := Health{Kind: HealthPermission, Subject: "aws/1 s3:GetBucketPolicy", Message: "denied"}
	for range 3 {
		_, err := putHealth(tx, h, now)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, tx.writes)
	h.Message = "denied by an organization policy"
	_, err := putHealth(tx, h, now.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, 2, tx.writes)
	assert.Len(t, tx.messages, 1)
	assert.NoError(t, endHealth(tx, HealthPermission, "another", now))
	assert.Equal(t, 2, tx.writes)
}

func TestHealthAfterTheClockWentBack(t *testing.T) {
	tx := &healthTx{documents: map[string][]byte{}}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	h := Health{Kind: HealthClock, Subject: "store"}
	send, err := putHealth(tx, h, now)
	require.NoError(t, err)
	require.True(t, send)
	send, err = putHealth(tx, h, now.Add(-time.Hour))
	require.NoError(t, err)
	assert.False(t, send)
	send, err = putHealth(tx, h, now.AddDate(-1, 0, 0))
	require.NoError(t, err)
	assert.True(t, send, "a report from far in the future silences nothing")
}

func TestHealthRefusesACondition(t *testing.T) {
	tx := &healthTx{documents: map[string][]byte{}}
	_, err := putHealth(tx, Health{Kind: HealthClock}, time.Now())
	assert.EqualError(t, err, `health condition "clock"/"": no kind or no subject`)
	tx.documents["health\x00clock/store"] = []byte("{")
	_, err = putHealth(tx, Health{Kind: HealthClock, Subject: "store"}, time.Now())
	assert.ErrorContains(t, err, `health document "clock/store"`)
	_, err = HealthTree(tx)
	assert.ErrorContains(t, err, `health document "clock/store"`)
}

func TestHealthMessageIsBounded(t *testing.T) {
	tx := &healthTx{documents: map[string][]byte{}}
	_, err := putHealth(tx, Health{Kind: HealthScan, Subject: "s", Message: strings.Repeat("設", 4096)}, time.Now())
	require.NoError(t, err)
	message := tx.messages[0].Event.Health.Message
	assert.Equal(t, strings.Repeat("設", 1365), message)
}

func TestHealthTree(t *testing.T) {
	tx := &healthTx{documents: map[string][]byte{}}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tree, err := HealthTree(tx)
	require.NoError(t, err)
	assert.True(t, tree.OK())
	for _, h := range []Health{
		{Kind: HealthUnscanned, Subject: "aws/2"},
		{Kind: HealthUnscanned, Subject: "aws/1"},
		{Kind: HealthUnknown, Subject: "aws/1/eu-west-1/aws.s3.Bucket/policy"},
		{Kind: HealthChannel, Subject: "pager"},
	} {
		_, err := putHealth(tx, h, now)
		require.NoError(t, err)
	}
	require.NoError(t, endHealth(tx, HealthChannel, "pager", now.Add(time.Hour)))
	tree, err = HealthTree(tx)
	require.NoError(t, err)
	assert.Equal(t, 3, tree.Failing)
	assert.False(t, tree.OK())
	var lines []string
	for _, kind := range tree.Children {
		for _, subject := range kind.Children {
			lines = append(lines, strings.Join([]string{kind.Name, subject.Name, subject.Condition.Since.Format(time.TimeOnly)}, " "))
			assert.Equal(t, subject.Failing == 1, subject.Condition.Until.IsZero())
		}
	}
	assert.Equal(t, []string{
		"account_unscanned aws/1 12:00:00",
		"account_unscanned aws/2 12:00:00",
		"channel_failing pager 12:00:00",
		"unknown aws/1/eu-west-1/aws.s3.Bucket/policy 12:00:00",
	}, lines)
	data, err := json.Marshal(tree)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"failing":3`)

	require.NoError(t, sweepHealth(tx, now.Add(24*time.Hour)))
	tree, err = HealthTree(tx)
	require.NoError(t, err)
	assert.Len(t, tree.Children, 3, "the end is 23 hours old")
	require.NoError(t, sweepHealth(tx, now.Add(25*time.Hour)))
	tree, err = HealthTree(tx)
	require.NoError(t, err)
	assert.Len(t, tree.Children, 2)
	assert.Equal(t, 3, tree.Failing, "what holds is kept")
}
