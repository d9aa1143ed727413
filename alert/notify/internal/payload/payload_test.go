package payload_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/alert/notify/internal/sample"
)

type body struct {
	alert.Event
	Truncated []string `json:"truncated"`
}

func decode(t *testing.T, b []byte) (m body) {
	t.Helper()
	require.NoError(t, json.Unmarshal(b, &m))
	return m
}

func TestWholeEvent(t *testing.T) {
	e := sample.Opened(1)
	b, err := payload.JSON(e, 1<<20)
	require.NoError(t, err)
	got := decode(t, b)
	assert.Equal(t, e, got.Event)
	assert.Empty(t, got.Truncated)
}

func TestTooLarge(t *testing.T) {
	full := func() alert.Event {
		e := sample.Opened(1)
		for i := range 40 {
			e.Alert.Evidence = append(e.Alert.Evidence, alert.Evidence{Path: "config.X", Value: strings.Repeat("v", 100)})
			e.Alert.Asset.Tags[fmt.Sprint("tag", i)] = strings.Repeat("t", 100)
		}
		return e
	}
	e := full()
	b, err := payload.JSON(e, 4000)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), 4000)
	got := decode(t, b)
	assert.Equal(t, []string{"evidence", "asset.tags", "asset.parents"}, got.Truncated)
	assert.Empty(t, got.Alert.Evidence)
	assert.Empty(t, got.Alert.Asset.Tags)
	assert.Equal(t, e.Link, got.Link)
	assert.Equal(t, e.Alert.Message, got.Alert.Message)
	assert.Equal(t, full(), e, "other channels use the event too")

	e.Alert.Message, e.Alert.Policy.Rationale = strings.Repeat("日本語", 2000), strings.Repeat("r", 9000)
	b, err = payload.JSON(e, 5000)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), 5000)
	got = decode(t, b)
	assert.Contains(t, got.Truncated, "texts")
	assert.True(t, strings.HasSuffix(got.Alert.Message, "…"))
	assert.True(t, strings.HasPrefix(e.Alert.Message, strings.TrimSuffix(got.Alert.Message, "…")))

	_, err = payload.JSON(e, 500)
	assert.ErrorIs(t, err, payload.ErrTooLarge)
	assert.ErrorContains(t, err, e.ID)
}

func TestLongIDs(t *testing.T) {
	short := func(id string) body {
		e := sample.Opened(1)
		e.ID, e.Alert.ID, e.Transition.Alert, e.Alert.Owner = id, id, id, strings.Repeat("o", 5000)
		e.Transition.Seq = 1<<53 + 1
		b, err := payload.JSON(e, 8000)
		require.NoError(t, err)
		require.LessOrEqual(t, len(b), 8000)
		return decode(t, b)
	}
	long := strings.Repeat("日", 5000)
	got := short(long)
	assert.Contains(t, got.Truncated, "strings")
	assert.Equal(t, got.ID, got.Transition.Alert)
	assert.Equal(t, got.ID, short(long).ID)
	assert.NotEqual(t, got.ID, short(long+"x").ID, "ids that differ stay different")
	assert.Equal(t, int64(1<<53+1), got.Transition.Seq)

	e := sample.Opened(1)
	e.Link = "https://example.com/" + long
	_, err := payload.JSON(e, 8000)
	assert.ErrorIs(t, err, payload.ErrTooLarge, "a link is whole")
}

func TestTooLargeDigest(t *testing.T) {
	e := sample.Digest(70)
	b, err := payload.JSON(e, 15000)
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), 15000)
	got := decode(t, b)
	assert.Len(t, got.Digest.Alerts, 10)
	assert.Equal(t, 60, got.Digest.More)
	assert.Equal(t, 70, got.Digest.Opened)
	assert.Len(t, e.Digest.Alerts, 50)
	assert.Equal(t, 20, e.Digest.More)
}

// SQS refuses a message with a character that XML does not have.
func TestCharacters(t *testing.T) {
	e := sample.Opened(1)
	e.Alert.Message = "a\ufffeb\uffffc\x01d\xffe<&>日本"
	b, err := payload.JSON(e, 1<<20)
	require.NoError(t, err)
	for _, r := range string(b) {
		assert.False(t, r < ' ' || r == 0xfffe || r == 0xffff, "%U", r)
	}
	assert.Equal(t, "a\ufffeb\uffffc\x01d\ufffde<&>日本", decode(t, b).Alert.Message)
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		s     string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "lo…"},
		{"日本語", 9, "日本語"},
		{"日本語x", 9, "日本…"},
		{"日本語x", 8, "日…"},
		{"abc", 2, "…"},
	} {
		assert.Equal(t, c.want, payload.Cut(c.s, c.limit))
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("message", 1000)
	f.Add(strings.Repeat("日", 3000), 2000)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		e := sample.Opened(1)
		e.Alert.Message = s
		b, err := payload.JSON(e, limit)
		if err != nil {
			require.ErrorIs(t, err, payload.ErrTooLarge)
			return
		}
		require.LessOrEqual(t, len(b), limit)
		require.True(t, utf8.Valid(b))
		decode(t, b)
	})
}
