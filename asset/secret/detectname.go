package secret

import (
	"strings"

	"github.com/openstance/stance/asset"
)

// The name of a secret ends in one of these words, in any case and with any joint between
// words. A value under a plain word is a secret whatever it looks like. Under a vague word
// there may also be a name or an algorithm: only a value that looks random is a secret.
var (
	plainWords = []string{"password", "passwd", "passphrase", "pwd", "clientsecret", "secretkey", "secretaccesskey",
		"privatekey", "apikey", "accesskey", "accountkey"}
	vagueWords = []string{"secret", "token", "credential", "credentials", "clientkey", "authkey", "masterkey",
		"signingkey", "encryptionkey", "sharedkey", "primarykey", "secondarykey"}
	// Tokens that mark a page or make a call idempotent.
	harmlessTokens = []string{"nexttoken", "pagetoken", "clienttoken", "requesttoken", "creationtoken", "locktoken",
		"updatetoken", "changetoken", "revisiontoken", "idempotencytoken", "continuationtoken", "synctoken"}
)

// secretNamed reports whether the name of a value makes it a secret.
func secretNamed(name, value string) bool {
	if value == "" || !mayBeSecretName(name) {
		return false
	}
	if len(name) >= 4 && !screen(name) {
		return false // so that a name counts the same wherever it stands
	}
	word := squeeze(name)
	switch {
	case endsIn(word, plainWords):
		return !refersElsewhere(value) && !isKeyID(value)
	case endsIn(word, vagueWords) && !endsIn(word, harmlessTokens):
		return looksRandom(value) && !refersElsewhere(value)
	}
	return false
}

// mayBeSecretName rules most names out by their last letter.
func mayBeSecretName(name string) bool {
	if len(name) < 3 {
		return false
	}
	switch name[len(name)-1] | 0x20 {
	case 'd', 'e', 'y', 't', 'n', 'l', 's':
		return true
	}
	return false
}

// squeeze returns the end of a name in lower case and without what joins its words.
func squeeze(name string) string {
	const longest = 20 // of the words
	var buf [longest]byte
	n := longest
	for i := len(name) - 1; i >= 0 && n > 0; i-- {
		if c := name[i]; isAlnum(c) {
			n--
			buf[n] = c | 0x20
		}
	}
	return string(buf[n:])
}

func endsIn(s string, words []string) bool {
	for _, w := range words {
		if strings.HasSuffix(s, w) {
			return true
		}
	}
	return false
}

func isKeyID(s string) bool { return len(s) == 20 && hasKeyID(s) }

// looksRandom reports whether s is more like a generated secret than like a name.
func looksRandom(s string) bool {
	if len(s) < 16 || strings.ContainsAny(s, " \t\n") {
		return false
	}
	return mixed(s) || strings.ContainsAny(s, "0123456789") && !strings.ContainsAny(s, "-_./:") &&
		strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// refersElsewhere reports whether a value in the place of a secret is not one: a reference
// to the secret, a mask, or a word for "none".
func refersElsewhere(s string) bool {
	if _, ok := asset.ParseRedacted(s); ok || s == "" {
		return true
	}
	switch s[0] {
	case '$', '<', '%', '{', '@', '`': // variables, placeholders, @Microsoft.KeyVault(...)
		return true
	case '/': // a path, of a file or in a parameter store
		if len(s) < 32 || strings.Contains(s[1:], "/") {
			return true
		}
	}
	for _, p := range []string{"arn:", "projects/", "http://", "https://", "secretref:", "vault:", "op://", "ssm:",
		"var.", "local.", "data.", "module.", "!Ref ", "!Sub "} {
		if strings.HasPrefix(s, p) {
			_, _, ok := userinfo(s[strings.Index(s, ":")+1:])
			return !ok
		}
	}
	if strings.Contains(s, "${") || strings.Contains(s, "{{") || strings.Contains(s, "$(") {
		return true
	}
	switch strings.ToLower(s) {
	case "null", "none", "nil", "true", "false", "enabled", "disabled", "required", "optional", "redacted", "hidden",
		"hidden_due_to_security_reasons":
		return true
	}
	return strings.IndexFunc(s, func(r rune) bool { return r != '*' && r != 'x' && r != 'X' && r != '•' }) < 0
}

// hasAssignment finds name=value, name: value and "name":"value".
func hasAssignment(s string) bool {
	for i := 1; i < len(s)-1; i++ {
		switch {
		case s[i] != '=' && s[i] != ':':
			continue
		case s[i+1] == '=': // a comparison, or := of which the next character is looked at
			if s[i] == '=' {
				i++
			}
			continue
		}
		name, quoted := nameBefore(s[:i])
		if !mayBeSecretName(name) {
			continue
		}
		value, enclosed := valueAt(s[i+1:])
		// A colon parts many things. It assigns in JSON, and in YAML to the end of the line.
		if s[i] == ':' && !enclosed && (quoted || !aloneInLine(s[i+1:], value)) {
			continue
		}
		if secretNamed(name, value) {
			return true
		}
	}
	return false
}

// nearby bounds the search around an assignment, in bytes: without it the time for a
// hostile string would grow with the square of its length.
const nearby = 512

// nameBefore returns the name that s ends in, up to a quote and white space.
func nameBefore(s string) (name string, quoted bool) {
	s = strings.TrimRight(s[max(0, len(s)-nearby):], " \t:")
	for _, q := range []string{`\"`, `"`, `'`} {
		if cut, ok := strings.CutSuffix(s, q); ok {
			s, quoted = cut, true
			break
		}
	}
	from := len(s)
	for from > 0 && (isToken(s[from-1]) || s[from-1] == '.') {
		from--
	}
	return s[from:], quoted
}

// valueAt returns the value that s begins with, in quotes or up to a separator.
func valueAt(s string) (value string, enclosed bool) {
	s = strings.TrimLeft(s[:min(len(s), nearby)], " \t")
	for _, q := range []string{`\"`, `"`, `'`} {
		if inner, ok := strings.CutPrefix(s, q); ok {
			value, _, _ := strings.Cut(inner, q)
			return value, true
		}
	}
	if i := strings.IndexAny(s, " \t\r\n,;&\"'|)<>\\"); i >= 0 {
		s = s[:i]
	}
	if strings.HasSuffix(s, "(") {
		return "", false // a call
	}
	return s, false
}

// aloneInLine reports whether the value has only white space around it in its line.
func aloneInLine(s, value string) bool {
	rest := strings.TrimLeft(s[:min(len(s), nearby)], " \t")
	if len(rest) == len(s) { // no space after the colon
		return false
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, value), " \t\r")
	return rest == "" || rest[0] == '\n'
}
