package moto

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Call is a call of an operation.
type Call struct {
	Account, Region string // of the credentials, and that the call is signed for
	Service         string // by the name that the call is signed for
	Operation       string // of services that do not name it, method and path
	ExternalID      string // of sts AssumeRole
	Role            string // ARN, of sts AssumeRole
}

// Front stands before a server and refuses what moto lets through.
type Front struct {
	// Refuse returns the code and the message of the error that a call ends in, with
	// status 403, or "" to let it through. Many goroutines call it at once.
	Refuse func(Call) (code, message string)

	mu       sync.Mutex
	accounts map[string]string // by the id of the access key
}

var (
	credential  = regexp.MustCompile(`Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/aws4_request`)
	accessKeyID = regexp.MustCompile(`<AccessKeyId>([^<]+)</AccessKeyId>`)
)

// URL returns the address of the front of the server at an address. It is there until
// the test ends.
func (f *Front) URL(t testing.TB, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	f.accounts = map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call, body, err := f.call(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if code, message := f.Refuse(call); code != "" {
			refuse(w, call.Service, code, message)
			return
		}
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.RequestURI = target.Scheme, target.Host, ""
		out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		resp, err := client{}.Do(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if body, err = io.ReadAll(resp.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		f.learn(call.Role, body)
		maps.Copy(w.Header(), resp.Header)
		w.Header().Del("Connection") // is between the front and the server
		w.WriteHeader(resp.StatusCode)
		w.Write(body) // fails when the caller is gone
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// learn keeps the account of the credentials in the answer to an AssumeRole.
func (f *Front) learn(role string, body []byte) {
	parts := strings.Split(role, ":")
	key := accessKeyID.FindSubmatch(body)
	if len(parts) < 5 || key == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts[string(key[1])] = parts[4]
}

// call tells what a request calls, and returns its body.
func (f *Front) call(r *http.Request) (Call, []byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Call{}, nil, err
	}
	c := Call{Account: Account}
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		f.mu.Lock()
		if account, ok := f.accounts[m[1]]; ok {
			c.Account = account
		}
		f.mu.Unlock()
		c.Region, c.Service = m[2], m[3]
	}
	_, c.Operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return Call{}, nil, err
		}
		c.Operation, c.ExternalID = form.Get("Action"), form.Get("ExternalId")
		if c.Operation == "AssumeRole" {
			c.Role = form.Get("RoleArn")
		}
	}
	if c.Operation == "" {
		c.Operation = r.Method + " " + r.URL.RequestURI()
	}
	return c, body, nil
}

// refuse answers in the form of the service's protocol.
func refuse(w http.ResponseWriter, service, code, message string) {
	w.Header().Set("X-Amzn-Requestid", "refused")
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("Content-Type", "text/xml")
	text := `{"__type":%[1]q,"message":%[2]q}`
	switch service {
	case "ec2":
		text = `<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>refused</RequestID></Response>`
	case "s3":
		text = `<Error><Code>%s</Code><Message>%s</Message><RequestId>refused</RequestId></Error>`
	case "sts", "iam", "rds", "sns", "autoscaling", "elasticloadbalancing", "cloudfront", "redshift", "elasticache", "route53":
		text = `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>refused</RequestId></ErrorResponse>`
	default:
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, text, code, message)
}
