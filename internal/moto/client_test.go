package moto

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve returns the address of a server that does one thing with each connection, and
// how many connections there were.
func serve(t *testing.T, do func(net.Conn)) (url string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	connections = new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				do(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String(), connections
}

func answer(conn net.Conn, text string) { io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")) }

const ok = "HTTP/1.1 200 OK\nContent-Length: 2\nConnection: close\n\nok"

func TestClient(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(net.Conn)
		err  error // nil: the response is "ok"
	}{
		{"answers", func(conn net.Conn) {
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				io.Copy(io.Discard, r.Body)
			}
			answer(conn, ok)
		}, nil},
		{"announces the answer", func(conn net.Conn) {
			http.ReadRequest(bufio.NewReader(conn))
			answer(conn, "HTTP/1.1 100 Continue\n\n"+ok)
			io.Copy(io.Discard, conn)
		}, nil},
		{"answers before it reads", func(conn net.Conn) {
			answer(conn, ok)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		}, nil},
		{"closes at the end of the answer", func(conn net.Conn) {
			http.ReadRequest(bufio.NewReader(conn))
			answer(conn, "HTTP/1.0 200 OK\n\nok")
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		}, nil},
		{"closes without an answer", func(conn net.Conn) {
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		}, io.ErrUnexpectedEOF},
		{"closes in the answer", func(conn net.Conn) {
			answer(conn, ok[:len(ok)-1])
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn)
		}, io.ErrUnexpectedEOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, connections := serve(t, c.do)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(strings.Repeat("x", 10_000)))
			require.NoError(t, err)
			resp, err := client{}.Do(r)
			assert.EqualValues(t, 1, connections.Load(), "a request is not repeated")
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, "ok", string(body))
		})
	}
}

func TestClientEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, _ := serve(t, func(conn net.Conn) {
		cancel()
		io.Copy(io.Discard, conn)
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	_, err = client{}.Do(r)
	require.ErrorIs(t, err, context.Canceled)
}
