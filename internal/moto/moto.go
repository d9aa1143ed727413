// Package moto runs moto_server, a server that behaves like AWS, for tests.
package moto

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Account is the account of the credentials that Config has.
const Account = "123456789012"

// web calls what is not a service of AWS.
var web = http.Client{Transport: client{}}

type server struct {
	url  string
	life io.Closer // the server's standard input, kept so that it is not collected
	err  error
}

// running is the server of this test binary. It ends with the binary, because it
// waits for the end of its standard input.
var running = sync.OnceValue(func() server {
	program, err := exec.LookPath(cmp.Or(os.Getenv("STANCE_MOTO"), "moto_server"))
	if err != nil {
		return server{err: err}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return server{err: err}
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := exec.Command("sh", "-c", `"$0" -H 127.0.0.1 -p "$1" </dev/null >/dev/null 2>&1 & cat >/dev/null; kill $!`, program, port)
	life, err := cmd.StdinPipe()
	if err != nil {
		return server{err: err}
	}
	if err := cmd.Start(); err != nil {
		return server{err: err}
	}
	s := server{url: "http://127.0.0.1:" + port, life: life}
	for range 600 {
		if resp, err := web.Get(s.url + "/moto-api/"); err == nil && resp.StatusCode == http.StatusOK {
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.err = errors.New("it does not answer")
	return s
})

// URL returns the address of a server without any resources. There is one server for
// a test binary, and every call of URL empties it: tests that use it cannot run at
// the same time. It skips the test where there is no moto_server: the program that
// STANCE_MOTO names, or one on PATH.
func URL(t testing.TB) string {
	t.Helper()
	s := running()
	if s.err != nil {
		t.Skipf("moto_server: %v", s.err)
	}
	post(t, s.url+"/moto-api/reset")
	return s.url
}

func post(t testing.TB, url string) {
	t.Helper()
	resp, err := web.Post(url, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		t.Fatal(fmt.Errorf("%s: %s", url, resp.Status))
	}
}

// Config returns a configuration for the server, in us-east-1 and with credentials of
// [Account].
func Config(url string) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &url,
		Credentials:  credentials.NewStaticCredentialsProvider("testing", "testing", ""),
		HTTPClient:   client{},
	}
}
