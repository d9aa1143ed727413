package httpout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
)

func TestCheckAddress(t *testing.T) {
	for name, list := range map[string][]string{
		"public": {
			"8.8.8.8", "172.32.0.1", "172.15.255.255", "100.63.255.255", "100.128.0.1", "169.253.1.1", "::ffff:8.8.8.8",
			"2606:4700::1111", "64:ff9b::8.8.8.8",
		},
		"private": {
			"127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255",
			"192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1",
			"::1", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1",
			"2002:7f00:1::", "2002:a00:1::1", "2001:db8::1", "2001::1", "64:ff9b:1::1", "3fff::1", "4000::1", "100::1",
		},
		"never": {
			"0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192", "224.0.0.1", "255.255.255.255", "240.0.0.1",
			"::", "fe80::1", "fe80::1%eth0", "::1%lo", "ff02::1", "fec0::1", "fd00:ec2::254", "fd20:ce::254",
			"::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::", "::169.254.169.254", "::10.0.0.1", "::ffff:0.0.0.0",
		},
	} {
		for _, s := range list {
			a := netip.MustParseAddr(s)
			err, errPrivate := CheckAddress(a, false), CheckAddress(a, true)
			assert.Equal(t, name == "public", err == nil, "%s %s", name, s)
			assert.Equal(t, name != "never", errPrivate == nil, "%s %s", name, s)
			if err != nil {
				assert.ErrorIs(t, err, ErrAddress)
			}
		}
	}
	assert.Error(t, CheckAddress(netip.Addr{}, true))
}

func FuzzCheckAddress(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xa9\xfe\xa9\xfe"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || CheckAddress(a, false) != nil {
			return
		}
		require.NoError(t, CheckAddress(a, true), "%s", a)
		u := a.Unmap()
		if !u.IsGlobalUnicast() || u.IsPrivate() || u.IsLinkLocalUnicast() || u.IsLoopback() {
			t.Errorf("%s is allowed", a)
		}
	})
}

func get(t *testing.T, client *http.Client, url string) ([]byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return Do(client, req, time.Now())
}

func TestClientRefusesPrivateAddresses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"} {
		_, err := get(t, Client(Options{}), "http://"+host+":"+port+"/services/SECRET")
		assert.ErrorIs(t, err, ErrAddress, host)
		assert.NotContains(t, err.Error(), "SECRET")
	}
	_, err = get(t, Client(Options{AllowPrivate: true}), "http://169.254.169.254/latest/meta-data/")
	assert.ErrorIs(t, err, ErrAddress, "the metadata service stays refused")
}

func TestClientFollowsNoRedirect(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/first", r.URL.Path)
		http.Redirect(w, r, "/second?token=SECRET", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	_, err := get(t, Client(Options{AllowPrivate: true}), server.URL+"/first")
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	assert.True(t, e.Permanent)
	assert.ErrorContains(t, err, "status 307 Temporary Redirect (redirects are not followed)")
	assert.NotContains(t, err.Error(), "SECRET")
}

func TestClientUsesNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	assert.Nil(t, Client(Options{}).Transport.(*http.Transport).Proxy)
}

func TestDo(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for status, permanent := range map[int]bool{
		400: true, 401: true, 403: true, 404: true, 410: true, 413: true, 422: true, 302: true, 304: true,
		408: false, 425: false, 429: false, 500: false, 502: false, 503: false, 504: false, 529: false,
	} {
		assert.Equal(t, permanent, Permanent(status), "%d", status)
	}
	for value, want := range map[string]time.Duration{
		"":                              0,
		"120":                           2 * time.Minute,
		" 7 ":                           7 * time.Second,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"99999999":                      24 * time.Hour,
		"99999999999999999999999":       0,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"Mon, 01 Mar 2027 11:00:00 GMT": 24 * time.Hour,
	} {
		assert.Equal(t, want, RetryAfter(http.Header{"Retry-After": {value}}, now), "%q", value)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 2*MaxResponse))
	}))
	defer server.Close()
	client := Client(Options{AllowPrivate: true})
	body, err := get(t, client, server.URL)
	require.NoError(t, err)
	assert.Len(t, body, MaxResponse)

	_, err = get(t, client, server.URL+"/busy")
	e, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	assert.Equal(t, 9*time.Second, e.RetryAfter)
	assert.Len(t, e.Body, MaxResponse)
	assert.Equal(t, server.Listener.Addr().String()+": status 429 Too Many Requests", err.Error())

	partial, ok := errors.AsType[*alert.PartialError](Batch(2, err))
	require.True(t, ok)
	assert.Equal(t, []alert.EventError{{Index: 0, Err: err, RetryAfter: 9 * time.Second}, {Index: 1, Err: err, RetryAfter: 9 * time.Second}}, partial.Failed)
	assert.NoError(t, Batch(2, nil))
}

func TestDoOnBrokenServers(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-hang
		case "/late": // accepts, and hangs in the body
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-hang
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/garbage":
			conn, _, err := w.(http.Hijacker).Hijack()
			if assert.NoError(t, err) {
				fmt.Fprintf(conn, "%s\r\n\r\n", r.Header.Get("Authorization"))
				conn.Close()
			}
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		}
	}))
	defer server.Close()
	defer close(hang)
	client := Client(Options{AllowPrivate: true, Timeout: 50 * time.Millisecond})
	for _, path := range []string{"/hang", "/cut", "/garbage", "/headers"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path+"?SECRET", strings.NewReader("{}"))
		require.NoError(t, err)
		req.Header.Set("Authorization", "SECRET")
		_, err = Do(client, req, time.Now())
		require.Error(t, err, path)
		assert.NotContains(t, err.Error(), "SECRET", path)
		_, refused := errors.AsType[*Error](err)
		assert.False(t, refused, "%s is retryable: %v", path, err)
		assert.Equal(t, err, Batch(3, err))
	}
	_, err := get(t, client, server.URL+"/late")
	assert.NoError(t, err, "the status accepted the request")

	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("shutdown")
	cancel(cause)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	_, err = Do(client, req, time.Now())
	assert.ErrorIs(t, err, cause)
}

func TestParseURL(t *testing.T) {
	for raw, problem := range map[string]string{
		"https://example.com/x?y=SECRET": "",
		"http://example.com/SECRET":      "invalid scheme of the URL (want https)",
		"ftp://example.com/SECRET":       "invalid scheme of the URL (want https)",
		"https:///SECRET":                "no host in the URL",
		"https:SECRET":                   "no host in the URL",
		"https://u:SECRET@example.com":   "user in the URL (pass credentials apart)",
		"https://exa mple.com/SECRET":    "invalid URL",
		"":                               "invalid scheme of the URL (want https)",
	} {
		_, err := ParseURL(raw, false)
		if problem == "" {
			assert.NoError(t, err)
			continue
		}
		assert.EqualError(t, err, problem, raw)
	}
	_, err := ParseURL("http://127.0.0.1:8080/hook", true)
	assert.NoError(t, err)
}
