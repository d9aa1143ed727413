package secret_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// encode64 returns base64 in lines of 76 characters, as MIME has it.
func encode64(text string) string {
	all := base64.StdEncoding.EncodeToString([]byte(text))
	var lines []string
	for len(all) > 76 {
		lines, all = append(lines, all[:76]), all[76:]
	}
	return strings.Join(append(lines, all), "\r\n")
}

func compress(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func wide(text string, mark bool, order func(uint16) []byte) string {
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	var b []byte
	for _, u := range units {
		b = append(b, order(u)...)
	}
	return string(b)
}

func little(u uint16) []byte { return []byte{byte(u), byte(u >> 8)} }
func big(u uint16) []byte    { return []byte{byte(u >> 8), byte(u)} }

// A start-up script is searched in whatever form clouds and their tools write it.
func TestContentOfUserData(t *testing.T) {
	script := "#!/bin/sh\n# a start-up script of some length, so that it takes several lines of base64\nexport DB_PASSWORD=hunter2\nsystemctl restart app\n"
	plain := strings.Replace(script, "export DB_PASSWORD=hunter2", "export LOG_LEVEL=debug", 1)
	mime := func(body, encoding string) string {
		return "Content-Type: multipart/mixed; boundary=\"XX\"\r\nMIME-Version: 1.0\r\n\r\n--XX\r\nContent-Type: text/x-shellscript\r\n" +
			"Content-Transfer-Encoding: " + encoding + "\r\n\r\n" + body + "\r\n--XX--\r\n"
	}
	forms := map[string]func(string) string{
		"plain":                 func(s string) string { return s },
		"gzip":                  func(s string) string { return compress(t, s) },
		"gzip twice":            func(s string) string { return compress(t, compress(t, s)) },
		"base64 again":          func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"UTF-16 with a mark":    func(s string) string { return wide(s, true, little) },
		"UTF-16, big end first": func(s string) string { return wide(s, true, big) },
		"UTF-16 without a mark": func(s string) string { return wide(s, false, little) },
		"Latin-1":               func(s string) string { return s + "# caf\xe9 fran\xe7ais\n" },
		"MIME":                  func(s string) string { return mime(s, "7bit") },
		"MIME in base64":        func(s string) string { return mime(encode64(s), "base64") },
		"MIME in base64 and gzip": func(s string) string {
			return mime(encode64(compress(t, s)), "base64")
		},
		"a file of cloud-init": func(s string) string {
			return "#cloud-config\nwrite_files:\n- encoding: b64\n  path: /etc/app.env\n  content: " + base64.StdEncoding.EncodeToString([]byte(s)) + "\n"
		},
		"a compressed file of cloud-init": func(s string) string {
			return "#cloud-config\nwrite_files:\n- {encoding: gz+b64, path: /etc/app.env, content: " + base64.StdEncoding.EncodeToString([]byte(compress(t, s))) + "}\n"
		},
		"a command that decodes": func(s string) string {
			return "#!/bin/sh\necho " + base64.RawStdEncoding.EncodeToString([]byte(s)) + " | base64 -d > /etc/app.env\n"
		},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{"password"}, detectorsOfUserData(t, base64.StdEncoding.EncodeToString([]byte(form(script)))))
			assert.Empty(t, detectorsOfUserData(t, base64.StdEncoding.EncodeToString([]byte(form(plain)))))
		})
	}
}

// What cannot be decoded is not clean.
func TestOpaqueUserData(t *testing.T) {
	noise := make([]byte, 600)
	for i := range noise {
		noise[i] = byte(i*i*31 + i*7)
	}
	long := compress(t, strings.Repeat("# nothing\n", 1<<19))
	for name, b := range map[string]string{
		"bytes of no form":       string(noise),
		"gzip that is cut off":   compress(t, string(noise))[:200],
		"gzip of too much":       long,
		"many parts of too much": strings.Repeat("- "+base64.StdEncoding.EncodeToString([]byte(compress(t, strings.Repeat("# nothing\n", 1<<17))))+"\n", 8),
		"an archive":             "PK\x03\x04" + string(noise),
		"gzip in a text, broken": "#cloud-config\ncontent: " + base64.StdEncoding.EncodeToString([]byte(compress(t, string(noise)))[:200]) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{secret.Opaque}, detectorsOfUserData(t, base64.StdEncoding.EncodeToString([]byte(b))))
		})
	}
	t.Run("what is readable in it counts", func(t *testing.T) {
		got := detectorsOfUserData(t, base64.StdEncoding.EncodeToString([]byte("\x00\x01\x02"+keyID+":"+awsSecret+"\x00\x03")))
		assert.Equal(t, []string{"aws-access-key-id", "aws-secret-access-key", secret.Opaque}, got)
	})
	t.Run("a secret of another name is only a secret", func(t *testing.T) {
		var r secret.Redactor
		a := &asset.Asset{Config: parse(t, `{"Key":"`+base64.StdEncoding.EncodeToString(noise)+`"}`)}
		require.NoError(t, r.Redact(a, "config.Key"))
		kept, ok := a.Config.Get("Key").Redacted()
		require.True(t, ok)
		assert.NotContains(t, kept.Detectors, secret.Opaque)
	})
}

func detectorsOfUserData(t *testing.T, data string) []string {
	t.Helper()
	var r secret.Redactor
	v, err := asset.Of(map[string]any{"UserData": data})
	require.NoError(t, err)
	a := &asset.Asset{Config: v}
	require.NoError(t, r.Redact(a, "config.UserData"))
	kept, ok := a.Config.Get("UserData").Redacted()
	require.True(t, ok)
	return kept.Detectors
}

func FuzzUserData(f *testing.F) {
	f.Add([]byte("#!/bin/sh\nexport A=b\n"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return // stays as it is
		}
		first := detectorsOfUserData(t, base64.StdEncoding.EncodeToString(b))
		assert.Equal(t, first, detectorsOfUserData(t, base64.StdEncoding.EncodeToString(b)))
		assert.IsIncreasing(t, append([]string{""}, first...))
	})
}
