package secret

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"
)

// Detect returns the sorted names of the detectors that find a secret in a string, nil
// if none does. The detectors are
//
//	aws-access-key-id        the id of an access key; not a secret by itself
//	aws-secret-access-key    40 characters beside such an id, or assigned to a name like secret_access_key
//	azure-sas                a shared access signature in a query
//	azure-storage-key        AccountKey= and SharedAccessKey= of connection strings
//	basic-auth-url           scheme://user:password@host
//	bearer-token             "Bearer " and a token
//	gcp-service-account-key  the JSON file of a service account
//	github-token gitlab-token google-api-key npm-token pypi-token sendgrid-key
//	slack-token stripe-key   tokens in the form that their issuers document
//	jwt                      a signed JSON Web Token
//	password                 a literal assigned to a name like password, client_secret, api_key or token
//	private-key              a private key in PEM
//
// Detect also searches the content of a string that is base64 as a whole, the form in
// which clouds return user data. A reference to a secret is not a secret: a variable, a
// template's expression, an ARN, a path, the address of a vault. A default such as
// "changeme" is one.
func Detect(text string) []string { return detect("", text) }

const (
	byKeyID     = "aws-access-key-id"
	byAWSSecret = "aws-secret-access-key"
	byName      = "password"
)

// detect is Detect for a string that is the value of a name.
func detect(name, text string) []string {
	found := detectPlain(name, text)
	if plain, ok := fromBase64(text); ok {
		found = append(found, detectPlain("", plain)...)
		slices.Sort(found)
		found = slices.Compact(found)
	}
	return found
}

func detectPlain(name, text string) []string {
	var found []string
	if screen(text) {
		for _, d := range detectors {
			if d.finds(text) {
				found = append(found, d.name)
			}
		}
	}
	if name != "" && secretNamed(name, text) {
		by := byName
		if len(text) == 40 && hasAWSSecret(text, 0) && strings.Contains(squeeze(name), "secret") {
			by = byAWSSecret
		}
		if i, ok := slices.BinarySearch(found, by); !ok {
			found = slices.Insert(found, i, by)
		}
	}
	return found
}

// fromBase64 returns the content of a string in base64.
func fromBase64(text string) (string, bool) {
	if len(text) < 16 {
		return "", false
	}
	b, err := base64.StdEncoding.DecodeString(text)
	return string(b), err == nil && utf8.Valid(b)
}

type detector struct {
	name  string
	finds func(string) bool
}

// The detectors, sorted by name. Every string that one matches must hold a word of
// screenWords.
var detectors = []detector{
	{byKeyID, hasKeyID},
	{byAWSSecret, hasAWSPair},
	{"azure-sas", hasSAS},
	{"azure-storage-key", func(s string) bool {
		return hasToken(s, "AccountKey=", isBase64, 40) || hasToken(s, "SharedAccessKey=", isBase64, 40)
	}},
	{"basic-auth-url", hasUserinfo},
	{"bearer-token", hasBearer},
	{"gcp-service-account-key", func(s string) bool {
		return strings.Contains(s, `"service_account"`) && strings.Contains(s, `"private_key"`) && hasPEM(s)
	}},
	{"github-token", func(s string) bool {
		for _, p := range []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"} {
			if hasToken(s, p, isAlnum, 36) {
				return true
			}
		}
		return hasToken(s, "github_pat_", isWord, 22)
	}},
	{"gitlab-token", func(s string) bool {
		for _, p := range []string{"glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glsoat-", "glft-", "glimt-", "glagent-"} {
			if hasToken(s, p, isToken, 20) {
				return true
			}
		}
		return false
	}},
	{"google-api-key", func(s string) bool { return hasToken(s, "AIza", isToken, 35) }},
	{"jwt", hasJWT},
	{"npm-token", func(s string) bool { return hasToken(s, "npm_", isAlnum, 36) }},
	{byName, hasAssignment},
	{"private-key", hasPEM},
	{"pypi-token", func(s string) bool { return hasToken(s, "pypi-AgE", isToken, 50) }},
	{"sendgrid-key", hasSendGrid},
	{"slack-token", func(s string) bool {
		for _, p := range []string{"xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xapp-"} {
			if hasToken(s, p, isToken, 20) {
				return true
			}
		}
		return hasToken(s, "hooks.slack.com/services/", isBase64, 30)
	}},
	{"stripe-key", func(s string) bool {
		for _, p := range []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_"} {
			if hasToken(s, p, isAlnum, 16) {
				return true
			}
		}
		return false
	}},
}

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isUpper(c byte) bool  { return c-'A' <= 25 }
func isLower(c byte) bool  { return c-'a' <= 25 }
func isAlnum(c byte) bool  { return isDigit(c) || isLower(c|0x20) }
func isWord(c byte) bool   { return isAlnum(c) || c == '_' }
func isToken(c byte) bool  { return isWord(c) || c == '-' }
func isBase64(c byte) bool { return isAlnum(c) || c == '+' || c == '/' }

// run returns the number of bytes at the start of s that are in the class.
func run(s string, class func(byte) bool) int {
	for i := range len(s) {
		if !class(s[i]) {
			return i
		}
	}
	return len(s)
}

// after yields the rest of s after each place where a word begins with the prefix.
func after(s, prefix string, yield func(rest string) bool) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], prefix)
		if i < 0 {
			return false
		}
		at += i + len(prefix)
		if start := at - len(prefix); start > 0 && isAlnum(s[start-1]) && isAlnum(prefix[0]) {
			continue
		}
		if yield(s[at:]) {
			return true
		}
	}
}

func hasToken(s, prefix string, class func(byte) bool, least int) bool {
	return after(s, prefix, func(rest string) bool { return run(rest, class) >= least })
}

func hasKeyID(s string) bool {
	id := func(rest string) bool { return run(rest, func(c byte) bool { return isUpper(c) || isDigit(c) }) == 16 }
	return after(s, "AKIA", id) || after(s, "ASIA", id)
}

// hasAWSPair finds a secret access key beside an access key id, or after a name.
func hasAWSPair(s string) bool {
	if hasKeyID(s) && hasAWSSecret(s, len(s)) {
		return true
	}
	for at := 0; ; {
		i := indexFold(s[at:], "secret")
		if i < 0 {
			return false
		}
		at += i + len("secret")
		rest := s[at:min(len(s), at+24)]
		// What is between the name and the secret: _access_key": "
		if k := indexFold(rest, "key"); k >= 0 {
			from := at + k + len("key")
			gap := run(s[from:], func(c byte) bool { return strings.IndexByte(" \t\"'=:>,\\", c) >= 0 })
			if gap > 0 && hasAWSSecret(s[from+gap:], 0) {
				return true
			}
		}
	}
}

// hasAWSSecret finds a secret access key that begins at most within bytes into s: 40
// characters of base64, not all of which can be those of a hash.
func hasAWSSecret(s string, within int) bool {
	for i := 0; i < len(s) && i <= within; {
		n := run(s[i:], isBase64)
		if n == 40 && (i+n == len(s) || s[i+n] != '=') && mixed(s[i:i+n]) {
			return true
		}
		i += n + 1
	}
	return false
}

// mixed reports whether s has upper case, lower case and digits.
func mixed(s string) bool {
	var upper, lower, digit bool
	for i := range len(s) {
		upper, lower, digit = upper || isUpper(s[i]), lower || isLower(s[i]), digit || isDigit(s[i])
	}
	return upper && lower && digit
}

func hasSAS(s string) bool {
	return strings.Contains(s, "se=") && after(s, "sig=", func(rest string) bool {
		return run(rest, func(c byte) bool { return isBase64(c) || c == '%' }) >= 40
	})
}

func hasUserinfo(s string) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return false
		}
		at += i + 3
		if _, password, ok := userinfo(s[at:]); ok && !refersElsewhere(password) {
			return true
		}
	}
}

// userinfo reads user:password@ at the begin of s.
func userinfo(s string) (user, password string, ok bool) {
	colon := -1
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':' && colon < 0:
			colon = i
		case c == '@':
			if colon < 0 || colon == i-1 {
				return "", "", false
			}
			return s[:colon], s[colon+1 : i], true
		case c <= ' ', c == '/', c == '?', c == '#', c == '"', c == '\'', c == '<', c >= 0x7f:
			return "", "", false
		}
	}
	return "", "", false
}

func hasBearer(s string) bool {
	for at := 0; ; {
		i := indexFold(s[at:], "bearer ")
		if i < 0 {
			return false
		}
		at += i + len("bearer ")
		n := run(s[at:], func(c byte) bool { return isToken(c) || isBase64(c) || c == '.' || c == '~' })
		if n >= 20 && strings.ContainsAny(s[at:at+n], "0123456789") {
			return true
		}
	}
}

func hasJWT(s string) bool {
	for {
		i := strings.Index(s, "eyJ")
		if i < 0 {
			return false
		}
		whole := i == 0 || !isToken(s[i-1])
		// What does not end in a dot cannot hold the head of a token at a later place either.
		s = s[i:]
		head := run(s, isToken)
		rest := s[head:]
		s = rest
		if !whole || head < 10 || !strings.HasPrefix(rest, ".") {
			continue
		}
		body := run(rest[1:], isToken)
		rest = rest[1+body:]
		if body >= 2 && strings.HasPrefix(rest, ".") && run(rest[1:], isToken) >= 16 {
			return true
		}
	}
}

func hasPEM(s string) bool {
	return after(s, "-----BEGIN ", func(rest string) bool {
		label, _, ok := strings.Cut(rest[:min(len(rest), 64)], "-----")
		return ok && strings.Contains(label, "PRIVATE KEY")
	})
}

func hasSendGrid(s string) bool {
	return after(s, "SG.", func(rest string) bool {
		n := run(rest, isToken)
		return n >= 16 && n < len(rest) && rest[n] == '.' && run(rest[n+1:], isToken) >= 32
	})
}

// indexFold is strings.Index without regard to the case of ASCII letters; sub is in
// lower case.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i]|0x20 == sub[0] && strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}
