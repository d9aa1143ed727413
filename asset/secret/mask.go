package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Mask returns a text with the tokens of issuers replaced, such as an id for output: by
// "[redacted-github-token-5f0c...]", with the first 8 bytes of the SHA-256 of the token,
// so that two ids stay two. It knows tokens by their issuers' forms alone (issuers.go),
// which no id has by chance, and none of them is weak enough to be guessed from its hash.
//
// Ids are not redacted, since a program needs them: to read an asset again, to follow
// links, to recognize an alert. Whatever leaves the program masks them.
func Mask(text string) string {
	if len(text) < 16 || screen(text, false)&clueToken == 0 {
		return text
	}
	var b strings.Builder
	done := 0
	for t := range tokens(text) {
		sum := sha256.Sum256([]byte(text[t.from:t.to]))
		b.WriteString(text[done:t.from])
		b.WriteString(masked + t.issuer + "-" + hex.EncodeToString(sum[:8]) + "]")
		done = t.to
	}
	b.WriteString(text[done:])
	return b.String()
}

// MaskError returns an error whose text is masked: err itself if it holds no token. It unwraps
// to err.
func MaskError(err error) error {
	if text := err.Error(); Mask(text) != text {
		return maskedError{err}
	}
	return err
}

type maskedError struct{ error }

// Error returns the text, masked.
func (e maskedError) Error() string { return Mask(e.error.Error()) }

// Unwrap returns the error as it is.
func (e maskedError) Unwrap() error { return e.error }

const masked = "[redacted-"

// InID returns the issuer of a token in an id, or "". It also recognizes an id that
// [Mask] made.
func InID(id string) string {
	if i := strings.Index(id, masked); i >= 0 {
		name, _, _ := strings.Cut(id[i+len(masked):], "]")
		if cut := strings.LastIndexByte(name, '-'); cut > 0 {
			return name[:cut]
		}
	}
	if len(id) < 16 || screen(id, false)&clueToken == 0 {
		return ""
	}
	for t := range tokens(id) {
		return t.issuer
	}
	return ""
}
