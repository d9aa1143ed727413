package email_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/email"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/sample"
)

const from = "Stance <stance@example.com>"

func notifier(t *testing.T, s *server, o email.Options, to ...string) *email.Notifier {
	t.Helper()
	o.AllowPrivate, o.TLS = true, &tls.Config{RootCAs: s.roots}
	o.Now = func() time.Time { return sample.At }
	n, err := email.New(s.addr, from, to, &o)
	require.NoError(t, err)
	return n
}

// parts returns the head and the decoded parts of a mail.
func parts(t *testing.T, data string) (head mail.Header, text, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, text, html
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", p.Header.Get("Content-Transfer-Encoding"))
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		require.NoError(t, err)
		switch kind, params, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind {
		case "text/plain":
			text = string(b)
			assert.Equal(t, "UTF-8", params["charset"])
		case "text/html":
			html = string(b)
			assert.Equal(t, "UTF-8", params["charset"])
		}
	}
}

func subject(t *testing.T, h mail.Header) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	require.NoError(t, err)
	return s
}

func failed(t *testing.T, err error) []alert.EventError {
	t.Helper()
	p, ok := errors.AsType[*alert.PartialError](err)
	require.True(t, ok, "%v", err)
	return p.Failed
}

func TestOneMailForEachRecipient(t *testing.T) {
	for name, how := range map[string]security{"StartTLS": startTLS, "ImplicitTLS": implicitTLS, "Unencrypted": unencrypted} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, &server{}, how)
			n := notifier(t, s, email.Options{Security: email.Security(how)}, "a@example.com", "Bea <b@example.com>")
			require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Resolved(1)}))
			got := s.got()
			require.Len(t, got, 4)
			assert.Equal(t, 1, s.sessions-boolInt(how == startTLS), "one connection: a session begins again after STARTTLS")
			assert.Equal(t, []string{"a@example.com", "b@example.com", "a@example.com", "b@example.com"},
				[]string{got[0].to, got[1].to, got[2].to, got[3].to})
			first, text, html := parts(t, got[0].data)
			assert.Equal(t, "stance@example.com", got[0].from)
			assert.Equal(t, `"Stance" <stance@example.com>`, first.Get("From"))
			assert.Equal(t, "<a@example.com>", first.Get("To"))
			assert.Contains(t, subject(t, first), "S3 buckets block public access")
			assert.Contains(t, text, "bucket-1 is public")
			assert.Contains(t, html, `<a href="https://stance.example.com/alerts/`)
			assert.Equal(t, "auto-generated", first.Get("Auto-Submitted"))
			resolved, _, _ := parts(t, got[2].data)
			assert.Equal(t, first.Get("References"), resolved.Get("References"), "one thread")
			assert.NotEqual(t, first.Get("Message-ID"), resolved.Get("Message-ID"))
		})
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestJapanese(t *testing.T) {
	s := serve(t, &server{}, startTLS)
	n := notifier(t, s, email.Options{Language: "ja"}, "a@example.com")
	e := sample.Opened(1)
	e.Alert.Policy.Title = strings.Repeat("バケットは公開されていない", 5)
	e.Alert.Message = "バケットが公開されています"
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	head, text, html := parts(t, s.got()[0].data)
	for _, r := range s.got()[0].data {
		require.Less(t, r, rune(0x80), "mails are ASCII on the wire")
	}
	assert.Contains(t, subject(t, head), e.Alert.Policy.Title)
	assert.Contains(t, text, e.Alert.Message)
	assert.Contains(t, html, e.Alert.Message)
	assert.Contains(t, html, `<html lang="ja">`)
}

func TestHostileStrings(t *testing.T) {
	s := serve(t, &server{}, startTLS)
	n := notifier(t, s, email.Options{}, "a@example.com")
	e := sample.Opened(1)
	e.Alert.Policy.Title = "title\r\nBcc: eve@example.com\r\n\r\nbody"
	e.Alert.Asset.Name = "<script>alert(1)</script>"
	e.Alert.Message = "a\r\n.\r\nMAIL FROM:<eve@example.com>\r\n<img src=x onerror=alert(1)>"
	e.Alert.Asset.URL = "javascript:alert(1)"
	e.Alert.ID = "P-1>\r\nBcc: eve@example.com"
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	require.Len(t, s.got(), 1)
	head, text, html := parts(t, s.got()[0].data)
	assert.Empty(t, head.Get("Bcc"))
	assert.NotContains(t, subject(t, head), "\n")
	assert.Contains(t, text, "MAIL FROM")
	for _, bad := range []string{"<script", "<img", "javascript:"} {
		assert.NotContains(t, html, bad)
	}
}

func TestTemplates(t *testing.T) {
	s := serve(t, &server{}, startTLS)
	n := notifier(t, s, email.Options{Subject: "{{.Alert.Severity}}\n{{.Alert.AssetName}}", Text: "see {{.Link}}", HTML: "<p>{{.Title}}</p>"}, "a@example.com")
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(7)}))
	head, text, html := parts(t, s.got()[0].data)
	assert.Equal(t, "high bucket-7", subject(t, head))
	assert.Contains(t, text, "see https://stance.example.com/")
	assert.True(t, strings.HasPrefix(html, "<p>"))
}

func TestRefusedRecipient(t *testing.T) {
	s := serve(t, &server{rcpt: map[string]error{"gone@example.com": errUnknownUser}}, startTLS)
	n := notifier(t, s, email.Options{}, "gone@example.com", "a@example.com")
	events := []alert.Event{sample.Opened(1), sample.Opened(2)}
	f := failed(t, n.Notify(t.Context(), events))
	require.Len(t, f, 2)
	assert.True(t, f[0].Permanent)
	assert.ErrorContains(t, f[0].Err, "recipient gone@example.com")
	assert.ErrorContains(t, f[0].Err, "550 5.1.1")
	require.Len(t, s.got(), 2, "the other recipient has both")

	failed(t, n.Notify(t.Context(), events))
	assert.Len(t, s.got(), 2, "and gets neither twice")
}

func TestGreylisting(t *testing.T) {
	s := serve(t, &server{rcpt: map[string]error{"b@example.com": errGreylisted}}, startTLS)
	n := notifier(t, s, email.Options{}, "a@example.com", "b@example.com")
	events := []alert.Event{sample.Opened(1)}
	f := failed(t, n.Notify(t.Context(), events))
	require.Len(t, f, 1)
	assert.False(t, f[0].Permanent)
	s.mu.Lock()
	s.rcpt = nil
	s.mu.Unlock()
	require.NoError(t, n.Notify(t.Context(), events))
	got := s.got()
	require.Len(t, got, 2)
	assert.Equal(t, "b@example.com", got[1].to)
}

func TestCutConnection(t *testing.T) {
	cuts := 1
	s := serve(t, &server{data: func(c *smtp.Conn) error {
		if cuts > 0 {
			cuts--
			c.Conn().Close()
			return errCut
		}
		return nil
	}}, unencrypted)
	n := notifier(t, s, email.Options{Security: email.Unencrypted}, "a@example.com")
	events := []alert.Event{sample.Opened(1), sample.Opened(2)}
	f := failed(t, n.Notify(t.Context(), events))
	require.Len(t, f, 1)
	assert.Equal(t, 0, f[0].Index)
	assert.False(t, f[0].Permanent)
	require.Len(t, s.got(), 1, "the second event has a new connection")
	require.NoError(t, n.Notify(t.Context(), events[:1]))
}

func TestLogin(t *testing.T) {
	const password = "canary-password"
	s := serve(t, &server{password: password}, startTLS)
	n := notifier(t, s, email.Options{Username: "stance", Password: password}, "a@example.com")
	require.NoError(t, n.Test(t.Context()))
	require.Len(t, s.got(), 1)
	assert.NotContains(t, s.got()[0].data, "canary")

	for name, o := range map[string]email.Options{
		"wrong password":  {Username: "stance", Password: "canary-wrong"},
		"no login":        {},
		"other mechanism": {Username: "stance", Password: password, Auth: email.AuthCRAMMD5},
	} {
		t.Run(name, func(t *testing.T) {
			err := notifier(t, s, o, "a@example.com").Notify(t.Context(), []alert.Event{sample.Opened(1)})
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "canary")
		})
	}
	assert.Len(t, s.got(), 1)
	f := failed(t, notifier(t, s, email.Options{Username: "stance", Password: "canary-wrong"}, "a@example.com").
		Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Opened(2)}))
	require.Len(t, f, 2, "nothing is sent without the login")
	assert.False(t, f[0].Permanent, "the password can be mended")
	assert.ErrorContains(t, f[0].Err, "status 535")
}

func TestEncryptionIsRequired(t *testing.T) {
	s := serve(t, &server{}, unencrypted)
	for _, how := range []email.Security{email.StartTLS, email.ImplicitTLS} {
		require.Error(t, notifier(t, s, email.Options{Security: how}, "a@example.com").Test(t.Context()))
	}
	other := serve(t, &server{}, startTLS)
	n, err := email.New(other.addr, from, []string{"a@example.com"}, &email.Options{AllowPrivate: true})
	require.NoError(t, err)
	_, unknown := errors.AsType[*tls.CertificateVerificationError](n.Test(t.Context()))
	assert.True(t, unknown, "an unknown certificate")
	assert.Empty(t, s.got())
	assert.Empty(t, other.got())
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	s := serve(t, &server{}, startTLS)
	n, err := email.New(s.addr, from, []string{"a@example.com"}, nil)
	require.NoError(t, err)
	assert.ErrorIs(t, n.Test(t.Context()), httpout.ErrAddress)
	assert.Zero(t, s.sessions)
}

// silent accepts connections and never answers.
func silent(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(io.Discard, conn); conn.Close() }()
		}
	}()
	return l.Addr().String()
}

func TestHangingServer(t *testing.T) {
	for _, how := range []email.Security{email.StartTLS, email.ImplicitTLS} {
		n, err := email.New(silent(t), from, []string{"a@example.com"}, &email.Options{Security: how, AllowPrivate: true, Timeout: 100 * time.Millisecond})
		require.NoError(t, err)
		f := failed(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Opened(2)}))
		require.Len(t, f, 2)
		assert.False(t, f[0].Permanent)
	}
}

// The library does not look at the context once it is connected.
func TestCanceledWhileSending(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("shutdown")
	release := make(chan struct{})
	defer close(release)
	s := serve(t, &server{data: func(*smtp.Conn) error { cancel(cause); <-release; return errCut }}, unencrypted)
	n := notifier(t, s, email.Options{Security: email.Unencrypted, Timeout: time.Hour}, "a@example.com")
	f := failed(t, n.Notify(ctx, []alert.Event{sample.Opened(1), sample.Opened(2)}))
	require.Len(t, f, 2)
	assert.ErrorIs(t, f[0].Err, cause)
	assert.ErrorIs(t, f[1].Err, cause)
}

func TestNew(t *testing.T) {
	to := []string{"a@example.com"}
	for want, f := range map[string]func() error{
		`email channel: invalid server "mail.example.com" (want host:port)`: func() error { _, err := email.New("mail.example.com", from, to, nil); return err },
		`email channel: invalid port of the server "m:0"`:                   func() error { _, err := email.New("m:0", from, to, nil); return err },
		`email channel: invalid sender "x"`:                                 func() error { _, err := email.New("m:25", "x", to, nil); return err },
		"email channel: no recipients":                                      func() error { _, err := email.New("m:25", from, nil, nil); return err },
		`email channel: invalid recipient "a@b\r\nBcc: c@d"`: func() error {
			_, err := email.New("m:25", from, []string{"a@b\r\nBcc: c@d"}, nil)
			return err
		},
		`email channel: duplicate recipient "A <a@example.com>"`: func() error {
			_, err := email.New("m:25", from, []string{"a@example.com", "A <a@example.com>"}, nil)
			return err
		},
		"email channel: Unencrypted without AllowPrivate": func() error {
			_, err := email.New("m:25", from, to, &email.Options{Security: email.Unencrypted})
			return err
		},
		"email channel: login without encryption": func() error {
			_, err := email.New("m:25", from, to, &email.Options{Security: email.Unencrypted, AllowPrivate: true, Username: "u", Password: "canary"})
			return err
		},
		`email channel: unknown mechanism "MAGIC"`: func() error {
			_, err := email.New("m:25", from, to, &email.Options{Username: "u", Auth: "MAGIC"})
			return err
		},
	} {
		assert.EqualError(t, f(), want)
	}
	_, err := email.New("m:25", from, to, &email.Options{Subject: "{{.Titel}}"})
	assert.ErrorContains(t, err, "email channel: template of the subject:")
	assert.ErrorContains(t, err, "want Title?")
}

func ExampleNew() {
	n, err := email.New("smtp.example.com:587", "Stance <stance@example.com>", []string{"cloud-team@example.com"},
		&email.Options{Username: "stance", Password: "from your secret store"})
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
