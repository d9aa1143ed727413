package httpout

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// DefaultTimeout is the time limit of a request with its response, unless Options sets one.
const DefaultTimeout = 30 * time.Second

// Options configures Client.
type Options struct {
	// AllowPrivate permits loopback, private and other addresses that are not public.
	// Link-local addresses, and those of the metadata services of clouds, stay refused.
	AllowPrivate bool
	Timeout      time.Duration // of a request with its response; 0: DefaultTimeout
	TLS          *tls.Config   // nil: the defaults of Go; at least TLS 1.2
}

// Client returns an HTTP client that checks each address that it connects to, follows no
// redirects and uses no proxy.
func Client(o Options) *http.Client {
	config := o.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext:            Dialer(o.AllowPrivate).DialContext,
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    10 * time.Second,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxConnsPerHost:        8,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ParseURL parses the URL of a channel. The URL must be HTTPS, or HTTP if private addresses
// are allowed, with a host and without a user. Errors do not hold the URL.
func ParseURL(raw string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("invalid URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !allowPrivate):
		return nil, fmt.Errorf("invalid scheme of the URL (want https)")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("no host in the URL")
	case u.User != nil:
		return nil, errors.New("user in the URL (pass credentials apart)")
	}
	u.Fragment = ""
	return u, nil
}
