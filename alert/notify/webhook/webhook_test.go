package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/webhook"
)

const secret = "canary-secret"

var (
	oldKey = []byte("old-key-of-16-bytes-or-more")
	newKey = []byte("new-key-of-16-bytes-or-more")
)

// receiver is a server that checks and records what arrives.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
	answer   func(http.ResponseWriter, request)
}

type request struct {
	header http.Header
	body   []byte
	events []map[string]any
}

func newReceiver(t *testing.T, answer func(http.ResponseWriter, request)) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		assert.NoError(t, err)
		got := request{header: req.Header, body: body}
		assert.NoError(t, json.Unmarshal(body, &got.events))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.requests = append(r.requests, got)
		if r.answer != nil {
			r.answer(w, got)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// received returns the requests so far.
func (r *receiver) received() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func (r *receiver) notifier(t *testing.T, o webhook.Options) *webhook.Notifier {
	t.Helper()
	o.AllowPrivate = true
	if o.Now == nil {
		o.Now = func() time.Time { return sample.At }
	}
	n, err := webhook.New(r.URL+"/hooks/"+secret, &o)
	require.NoError(t, err)
	return n
}

func TestNotify(t *testing.T) {
	r := newReceiver(t, nil)
	n := r.notifier(t, webhook.Options{Keys: [][]byte{newKey, oldKey}, Token: secret, Headers: map[string]string{"X-Tenant": "t"}})
	events := []alert.Event{sample.Opened(1), sample.Resolved(2), sample.Digest(3), sample.Health(false)}
	require.NoError(t, n.Notify(t.Context(), events))
	require.Len(t, r.received(), 1)
	got := r.received()[0]
	require.Len(t, got.events, 4)
	for i, e := range events {
		assert.Equal(t, e.ID, got.events[i]["id"])
		assert.Equal(t, string(e.Kind), got.events[i]["kind"])
	}
	assert.Equal(t, "[High] Opened: S3 buckets block public access (bucket-1)", got.events[0]["title"])
	assert.Equal(t, "bucket-1", got.events[0]["alert"].(map[string]any)["asset"].(map[string]any)["name"])
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	assert.Equal(t, "Bearer "+secret, got.header.Get("Authorization"))
	assert.Equal(t, "t", got.header.Get("X-Tenant"))

	for _, keys := range [][][]byte{{newKey}, {oldKey}, {[]byte("another-key-of-16-bytes"), oldKey}} {
		assert.NoError(t, webhook.Verify(got.header, got.body, keys, sample.At.Add(4*time.Minute)))
	}
	require.NoError(t, n.Notify(t.Context(), events))
	assert.Equal(t, got.header.Get(webhook.HeaderIdempotency), r.received()[1].header.Get(webhook.HeaderIdempotency))
	require.NoError(t, n.Notify(t.Context(), events[:1]))
	assert.NotEqual(t, got.header.Get(webhook.HeaderIdempotency), r.received()[2].header.Get(webhook.HeaderIdempotency))
	require.NoError(t, n.Notify(t.Context(), nil))
	assert.Len(t, r.received(), 3, "nothing to send, no request")
}

func TestVerifyRefuses(t *testing.T) {
	r := newReceiver(t, nil)
	n := r.notifier(t, webhook.Options{Keys: [][]byte{newKey}})
	require.NoError(t, n.Test(t.Context()))
	got := r.received()[0]
	keys := [][]byte{newKey}
	require.NoError(t, webhook.Verify(got.header, got.body, keys, sample.At))
	for name, test := range map[string]struct {
		change func(h http.Header)
		body   []byte
		keys   [][]byte
		after  time.Duration
	}{
		"another body":        {body: append([]byte(" "), got.body...)},
		"another key":         {keys: [][]byte{oldKey}},
		"no key":              {keys: [][]byte{}},
		"an empty key":        {keys: [][]byte{{}}},
		"late":                {after: webhook.Tolerance + time.Second},
		"early":               {after: -webhook.Tolerance - time.Second},
		"another timestamp":   {change: func(h http.Header) { h.Set(webhook.HeaderTimestamp, fmt.Sprint(sample.At.Unix()+1)) }},
		"no timestamp":        {change: func(h http.Header) { h.Del(webhook.HeaderTimestamp) }},
		"no signature":        {change: func(h http.Header) { h.Del(webhook.HeaderSignature) }},
		"an empty signature":  {change: func(h http.Header) { h.Set(webhook.HeaderSignature, "v1=") }},
		"part of a signature": {change: func(h http.Header) { h.Set(webhook.HeaderSignature, h.Get(webhook.HeaderSignature)[:20]) }},
		"another version":     {change: func(h http.Header) { h.Set(webhook.HeaderSignature, "v2"+h.Get(webhook.HeaderSignature)[2:]) }},
		"too many to look at all": {change: func(h http.Header) {
			h.Set(webhook.HeaderSignature, strings.Repeat("v1=00,", 8)+h.Get(webhook.HeaderSignature))
		}},
	} {
		header, body, with := got.header.Clone(), got.body, keys
		if test.change != nil {
			test.change(header)
		}
		if test.body != nil {
			body = test.body
		}
		if test.keys != nil {
			with = test.keys
		}
		assert.ErrorIs(t, webhook.Verify(header, body, with, sample.At.Add(test.after)), webhook.ErrSignature, name)
	}
}

func TestPrisma(t *testing.T) {
	r := newReceiver(t, nil)
	n := r.notifier(t, webhook.Options{Prisma: true})
	opened, dismissed := sample.Opened(1), sample.Dismissed(2)
	opened.Alert.Policy.Labels = []string{"a"}
	require.NoError(t, n.Notify(t.Context(), []alert.Event{opened, dismissed, sample.Digest(3), sample.Health(true)}))
	require.NoError(t, n.Test(t.Context()))
	require.Len(t, r.received(), 2)
	all := r.received()[0].events
	require.Len(t, all, 6, "a digest has an object for each alert")
	first := all[0]
	for key, want := range map[string]any{
		"alertId": opened.Alert.ID, "alertStatus": "open", "reason": "NEW_ALERT", "alertTs": float64(sample.At.UnixMilli()), "firstSeen": float64(sample.At.UnixMilli()),
		"lastSeen": float64(sample.At.UnixMilli()), "alertRuleName": "all", "callbackUrl": opened.Link, "accountId": "123456789012", "accountName": "production",
		"cloudType": "aws", "policyId": "aws-s3-public", "policyName": "S3 buckets block public access", "policyType": "config", "severity": "high",
		"resourceId": "arn:aws:s3:::bucket-1", "resourceName": "bucket-1", "resourceType": "AWS::S3::Bucket", "resourceRegion": "eu-west-1",
		"policyLabels": []any{"a"}, "accountOwners": []any{"storage"}, "riskRating": nil, "tags": []any{map[string]any{"key": "team", "value": "storage"}},
		"alertRemediationCli": "aws s3api put-public-access-block --bucket {resourceId}", "hasFinding": false,
	} {
		assert.Equal(t, want, first[key], key)
	}
	assert.Equal(t, "cis-aws-5.0", first["complianceMetadata"].([]any)[0].(map[string]any)["standardName"])
	assert.Equal(t, "https://console.aws.amazon.com/s3/buckets/bucket-1", first["resource"].(map[string]any)["url"])
	assert.Equal(t, "dismissed", all[1]["alertStatus"])
	assert.Equal(t, "accepted until the migration", all[1]["alertDismissalNote"])
	assert.Equal(t, "resolved", all[5]["alertStatus"], "a health condition that ended")
	assert.Equal(t, "P-0", r.received()[1].events[0]["alertId"])

	keys := map[string]bool{}
	for key := range first {
		keys[key] = true
	}
	for key := range strings.FieldsSeq(`alertId alertStatus reason alertTs firstSeen lastSeen alertRuleId alertRuleName callbackUrl source accountId accountName
		accountOwners accountAncestors cloudType policyId policyName policyType policyDescription policyRecommendation policyLabels severity riskRating savedSearchId
		complianceMetadata resourceId resourceName resourceType resourceRegion resourceRegionId resourceCloudService resource alertRemediationCli
		alertRemediationCliDescription alertRemediationImpact hasFinding findingSummary anomaly tags additionalInfo alertAttribution alertDismissalNote`) {
		assert.True(t, keys[key], "no member %q", key)
	}
}

func TestTemplate(t *testing.T) {
	r := newReceiver(t, nil)
	n := r.notifier(t, webhook.Options{Language: "ja", Template: `{"what": "{{.Title}}", "labels": {{json .Alert.Labels}}}`})
	e := sample.Opened(1)
	e.Alert.Policy.Title = `"},{"x":"`
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	assert.Equal(t, []map[string]any{{"what": `［高］検出："},{"x":"（bucket-1）`, "labels": []any{}}}, r.received()[0].events)
}

func TestNewRefuses(t *testing.T) {
	for problem, o := range map[string]webhook.Options{
		"3 keys (want at most 2)":                 {Keys: [][]byte{newKey, newKey, newKey}},
		"key 1 has 13 bytes (want 16 or more)":    {Keys: [][]byte{[]byte(secret)}},
		`invalid header "X Y"`:                    {Headers: map[string]string{"X Y": secret}},
		`invalid header "X-Y"`:                    {Headers: map[string]string{"X-Y": secret + "\r\nX-Z: 1"}},
		`header "stance-signature" cannot be set`: {Headers: map[string]string{"stance-signature": secret}},
		"invalid token":                           {Token: secret + "\n"},
		"both Prisma and a template":              {Prisma: true, Template: "{{json .}}"},
		"(want Title?)":                           {Template: `"{{.Titel}}"`},
		`unknown language "fr" (has en, ja)`:      {Language: "fr"},
		"invalid scheme of the URL (want https)":  {},
	} {
		url := "https://example.com/" + secret
		if strings.HasPrefix(problem, "invalid scheme") {
			url = "http://example.com/" + secret
		}
		_, err := webhook.New(url, &o)
		assert.ErrorContains(t, err, problem)
		assert.NotContains(t, fmt.Sprint(err), secret)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	o := webhook.Options{Token: secret, Headers: map[string]string{"X": secret}, Keys: [][]byte{[]byte(secret + secret)}}
	n, err := webhook.New("https://example.com/"+secret, &o)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		assert.NotContains(t, fmt.Sprintf(verb, n), secret)
		assert.NotContains(t, fmt.Sprintf(verb, o), secret)
	}
}

func TestBrokenReceivers(t *testing.T) {
	events := []alert.Event{sample.Opened(1), sample.Opened(2), sample.Opened(3), sample.Opened(4)}
	for name, test := range map[string]struct {
		answer    func(http.ResponseWriter, request)
		permanent bool
		after     time.Duration
		failed    []int // nil: a whole error
		requests  int
	}{
		"429": {func(w http.ResponseWriter, _ request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, false, 7 * time.Second, []int{0, 1, 2, 3}, 1},
		"503 until a date": {func(w http.ResponseWriter, _ request) {
			w.Header().Set("Retry-After", sample.At.Add(time.Minute).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		}, false, time.Minute, []int{0, 1, 2, 3}, 1},
		"401": {func(w http.ResponseWriter, _ request) { w.WriteHeader(http.StatusUnauthorized) }, true, 0, []int{0, 1, 2, 3}, 1},
		"redirect": {func(w http.ResponseWriter, _ request) {
			w.Header().Set("Location", "/"+secret)
			w.WriteHeader(http.StatusFound)
		}, true, 0, []int{0, 1, 2, 3}, 1},
		"400 for one event": {func(w http.ResponseWriter, r request) {
			if strings.Contains(string(r.body), "bucket-3 is public") {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, secret)
			}
		}, true, 0, []int{2}, 5},
		"cut": {func(http.ResponseWriter, request) { panic(http.ErrAbortHandler) }, false, 0, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, test.answer)
			n := r.notifier(t, webhook.Options{Token: secret})
			err := n.Notify(t.Context(), events)
			require.Error(t, err)
			assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), secret)
			assert.Len(t, r.received(), test.requests)
			partial, ok := errors.AsType[*alert.PartialError](err)
			require.Equal(t, test.failed != nil, ok, "%v", err)
			if ok {
				var failed []int
				for _, f := range partial.Failed {
					failed = append(failed, f.Index)
					assert.Equal(t, test.permanent, f.Permanent)
					assert.Equal(t, test.after, f.RetryAfter)
				}
				assert.Equal(t, test.failed, failed)
			}
		})
	}
}

func TestAReceiverThatHangs(t *testing.T) {
	release := make(chan struct{})
	reached := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached <- struct{}{}
		<-release
	}))
	defer server.Close()
	defer close(release)
	n, err := webhook.New(server.URL+"/"+secret, &webhook.Options{AllowPrivate: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("shutdown")
	go func() {
		<-reached
		cancel(cause)
	}()
	assert.ErrorIs(t, n.Notify(ctx, []alert.Event{sample.Opened(1)}), cause)

	n, err = webhook.New(server.URL+"/"+secret, &webhook.Options{AllowPrivate: true, Timeout: 20 * time.Millisecond})
	require.NoError(t, err)
	err = n.Notify(t.Context(), []alert.Event{sample.Opened(1)})
	assert.ErrorContains(t, err, "Client.Timeout exceeded")
	assert.NotContains(t, err.Error(), secret)
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	n, err := webhook.New(server.URL, nil)
	require.NoError(t, err)
	assert.ErrorContains(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1)}), "address not allowed")
}

func TestLargeBatchesAreDivided(t *testing.T) {
	for _, prisma := range []bool{false, true} {
		r := newReceiver(t, nil)
		n := r.notifier(t, webhook.Options{MaxBytes: 20_000, Prisma: prisma})
		var events []alert.Event
		for i := range 50 {
			events = append(events, sample.Opened(i))
		}
		large, huge := sample.Opened(50), sample.Opened(51)
		for range 100 {
			large.Alert.Evidence = append(large.Alert.Evidence, alert.Evidence{Value: strings.Repeat("x", 1000)})
		}
		huge.Link = "https://example.com/" + strings.Repeat("x", 30_000)
		err := n.Notify(t.Context(), append(events, huge, large))
		partial, ok := errors.AsType[*alert.PartialError](err)
		require.True(t, ok, "%v", err)
		require.Len(t, partial.Failed, 1)
		assert.Equal(t, 50, partial.Failed[0].Index)
		assert.True(t, partial.Failed[0].Permanent)
		total := 0
		for _, got := range r.received() {
			assert.LessOrEqual(t, len(got.body), 20_000)
			total += len(got.events)
		}
		assert.Equal(t, 51, total)
		assert.Greater(t, len(r.received()), 1)
		assert.Less(t, len(r.received()), 20)
		last := r.received()[len(r.received())-1].body
		assert.Contains(t, string(last), `"truncated"`, "the data is left out, and that is said")
	}
}

func ExampleVerify() {
	keys := [][]byte{newKey}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = webhook.Verify(r.Header, body, keys, time.Now())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Println("received")
	}
	server := httptest.NewServer(http.HandlerFunc(handler))
	defer server.Close()
	n, err := webhook.New(server.URL, &webhook.Options{Keys: keys, AllowPrivate: true})
	if err != nil {
		panic(err)
	}
	if err := n.Test(context.Background()); err != nil {
		panic(err)
	}
	// Output: received
}
