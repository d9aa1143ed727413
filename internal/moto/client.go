package moto

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// client sends every request on its own connection and reads the whole response before
// it closes the connection. An [http.Transport] writes and reads in goroutines of its
// own; if one of them closes the connection first, the error of the other one replaces
// the cause ("use of closed network connection"), or even the response.
type client struct{}

// Do sends a request. A response counts even if the server sent it before it read the
// whole request. Do does not repeat requests. JSON that moto calls HTML gets the content
// type that AWS sends.
func (client) Do(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.URL.Host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	r = r.WithContext(ctx) // a copy, since the caller's request must stay as it is
	r.Close = true
	unsent := r.Write(conn)
	resp, body, err := read(conn, r)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL, cmp.Or(context.Cause(ctx), unsent, err))
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if bytes.HasPrefix(body, []byte("{")) && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		resp.Header.Set("Content-Type", "application/json")
	}
	return resp, nil
}

// RoundTrip is Do.
func (c client) RoundTrip(r *http.Request) (*http.Response, error) { return c.Do(r) }

// read reads the final response.
func read(conn net.Conn, r *http.Request) (*http.Response, []byte, error) {
	in := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(in, r)
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode/100 == 1 {
			continue // announces the final response
		}
		body, err := io.ReadAll(resp.Body)
		return resp, body, err
	}
}
