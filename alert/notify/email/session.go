package email

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/openstance/stance/alert/notify/internal/httpout"
)

// session is the connection of one call of Notify. It connects when it first delivers, and
// again after the connection broke.
type session struct {
	n      *Notifier
	ctx    context.Context
	client *gomail.Client
	conn   *smtp.Client
	raw    net.Conn
	stop   func() bool // of the watch over the context
}

// deliver sends a mail with one recipient, and reports whether repeating it is of no use.
func (s *session) deliver(m *gomail.Msg) (permanent bool, err error) {
	if s.conn == nil {
		if err := s.connect(); err != nil {
			return false, &unreachable{fmt.Errorf("mail server %s: %w", s.n.host, s.plain(err))}
		}
	}
	err = s.client.SendWithSMTPClient(s.conn, m)
	if err == nil {
		return false, nil
	}
	sent, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		s.close()
		return false, s.plain(err)
	}
	if code := sent.ErrorCode(); code == 0 || code == 421 || sent.Reason == gomail.ErrSMTPReset {
		s.close() // nothing else can be sent by this connection
	}
	if m.IsDelivered() {
		return false, nil // what failed is the preparation of the next mail
	}
	code := sent.ErrorCode()
	if code == 0 {
		if cause := context.Cause(s.ctx); cause != nil {
			return false, cause
		}
		return false, fmt.Errorf("%s: connection failed", sent.Reason)
	}
	return code >= 500, fmt.Errorf("%s: status %d %s", sent.Reason, code, sent.EnhancedStatusCode())
}

func (s *session) connect() error {
	o := &s.n.options
	config := o.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if config.ServerName == "" {
		config.ServerName = s.n.host
	}
	options := []gomail.Option{
		gomail.WithPort(s.n.port), gomail.WithTimeout(o.Timeout), gomail.WithTLSConfig(config), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := httpout.Dialer(o.AllowPrivate).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			s.raw = conn
			// The library looks at the context only until the connection stands.
			s.stop = context.AfterFunc(s.ctx, func() { conn.Close() })
			if o.Security != ImplicitTLS {
				return conn, nil
			}
			secure := tls.Client(conn, config)
			if err := secure.HandshakeContext(ctx); err != nil {
				conn.Close()
				return nil, err
			}
			return secure, nil
		}),
	}
	switch o.Security {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default: // TLS stands already, or is not wanted
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if o.Hello != "" {
		options = append(options, gomail.WithHELO(o.Hello))
	}
	if o.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthType(o.Auth)), gomail.WithUsername(o.Username), gomail.WithPassword(o.Password))
	}
	client, err := gomail.NewClient(s.n.host, options...)
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(s.ctx)
	if err != nil {
		s.drop()
		return err
	}
	s.client, s.conn = client, conn
	return nil
}

// drop closes the connection, which the library leaves open after an error.
func (s *session) drop() {
	if s.raw != nil {
		s.stop()
		s.raw.Close()
	}
	s.raw, s.stop = nil, nil
}

func (s *session) close() {
	if s.conn == nil {
		return
	}
	_ = s.client.CloseWithSMTPClient(s.conn) // the mails are sent
	s.drop()
	s.client, s.conn = nil, nil
}

// plain returns an error without what the server wrote, which can repeat the login.
func (s *session) plain(err error) error {
	if cause := context.Cause(s.ctx); cause != nil {
		return cause
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("status %d before the first mail", e.Code)
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return errors.New("no valid SMTP response")
	}
	return err
}

// digest returns a name that follows from strings.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
