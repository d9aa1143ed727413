package secret

import (
	"slices"
	"strings"
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
//	command                  the option of a command (--password V, mysql -pV, curl -u), a header, a line of
//	                         .netrc or a phrase (IDENTIFIED BY 'V') that gives a secret
//	gcp-service-account-key  the JSON file of a service account
//	jwt                      a signed JSON Web Token
//	password                 a literal assigned to a name like password, client_secret, api_key or token
//	private-key              a private key in PEM, of OpenPGP or PuTTY
//
// and one for each issuer whose tokens have a form of their own, such as github-token,
// google-api-key, slack-token and stripe-key: see issuers.go.
//
// Detect also searches what a string holds in base64, gzip, bzip2, UTF-16 or Latin-1, as a
// whole or in parts, as MIME messages and cloud-init files have, up to limits. A reference to a secret is not a secret: a variable, a
// template's expression, an ARN, a path, the address of a vault. Neither is a switch:
// ALLOW_EMPTY_PASSWORD=yes. A default such as "changeme" is one.
func Detect(text string) []string { return detect("", text) }

// Opaque stands among the detectors of a redacted start-up script (user data, custom data)
// whose content cannot be decoded: whether it holds a secret is unknown.
const Opaque = "opaque"

const (
	byKeyID     = "aws-access-key-id"
	byAWSSecret = "aws-secret-access-key"
	byCommand   = "command"
	byName      = "password"
)

// detect is Detect for a string that is the value of a name.
func detect(name, text string) []string {
	found := detectPlain(name, text)
	c := contentOf(text)
	for _, t := range c.texts {
		if t != text {
			found = append(found, detectPlain("", t)...)
		}
	}
	if c.opaque && isScript(name) {
		found = append(found, Opaque)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func detectPlain(name, text string) []string {
	var found []string
	if clues := screen(text, false); clues != 0 {
		for i := range detectors {
			if d := &detectors[i]; clues&d.clues != 0 && d.finds(text) {
				found = append(found, d.name)
			}
		}
		if clues&clueToken != 0 {
			for t := range tokens(text) {
				found = append(found, t.issuer)
			}
		}
	}
	if name != "" && secretNamed(name, text) {
		by := byName
		if len(text) == 40 && hasAWSSecret(text, 0) && strings.Contains(squeeze(name), "secret") {
			by = byAWSSecret
		}
		found = append(found, by)
	}
	if len(found) > 1 {
		slices.Sort(found)
		found = slices.Compact(found)
	}
	return found
}

type detector struct {
	name  string
	clues clue // one of which is in every string that the detector finds something in
	finds func(string) bool
}

var detectors = []detector{
	{byKeyID, clueKeyID, hasKeyID},
	{byAWSSecret, clueKeyID | clueName, hasAWSPair},
	{"azure-sas", clueSAS, hasSAS},
	{"azure-storage-key", clueName, func(s string) bool {
		return hasToken(s, "AccountKey=", isBase64, 40) || hasToken(s, "SharedAccessKey=", isBase64, 40)
	}},
	{"basic-auth-url", clueURL, hasUserinfo},
	{"bearer-token", clueBearer, hasBearer},
	{byCommand, clueForm | clueName, hasForm},
	{"gcp-service-account-key", cluePEM, func(s string) bool {
		return strings.Contains(s, `"service_account"`) && strings.Contains(s, `"private_key"`) && hasPEM(s)
	}},
	{"jwt", clueJWT, hasJWT},
	{byName, clueName, func(s string) bool { return hasAssignment(s) || hasNamedMember(s) }},
	{"private-key", cluePEM, hasPEM},
}

// keyIDPrefixes begin the ids of access keys.
var keyIDPrefixes = []string{"AKIA", "ASIA", "ABIA", "ACCA"}

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
	for _, prefix := range keyIDPrefixes {
		if after(s, prefix, func(rest string) bool { return run(rest, classOf('u')) == 16 }) {
			return true
		}
	}
	return false
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
	return (strings.Contains(s, "se=") || strings.Contains(s, "sv=")) && after(s, "sig=", func(rest string) bool {
		return run(rest, func(c byte) bool { return isBase64(c) || isToken(c) || c == '%' }) >= 40
	})
}

func hasUserinfo(s string) bool {
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return false
		}
		at += i + 3
		if _, password, ok := userinfo(s[at:]); ok && !isReference(password) {
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
		case c == '#' && colon >= 0: // of a password that nobody escaped
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
	}) || strings.Contains(s, "PuTTY-User-Key-File-")
}

// indexFold is strings.Index without regard to the case of ASCII letters; sub is in
// lower case.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i]|0x20 == sub[0]|0x20 && equalFold(s[i:], sub) {
			return i
		}
	}
	return -1
}
