package secret

import (
	"strings"
	"unicode"

	"github.com/openstance/stance/asset"
)

// secretNamed reports whether the name of a value makes it a secret.
func secretNamed(name, value string) bool {
	if value == "" || screen(name, false)&clueName == 0 && !(len(name) == 3 && strings.EqualFold(name, "pwd")) {
		return false
	}
	switch kindOf(name) {
	case plainName:
		return !refersElsewhere(value) && !isKeyID(value)
	case vagueName:
		return looksRandom(value) && !refersElsewhere(value) && !isKeyID(value)
	case authName:
		return !isMethod(value) && !refersElsewhere(value)
	}
	return false
}

func isKeyID(s string) bool { return len(s) == 20 && hasKeyID(s) }

// isMethod reports whether a value is more like the name of a method, of which there
// are many, than like a secret.
func isMethod(s string) bool {
	if len(s) < 6 || strings.ContainsAny(s, " \t\n,") {
		return true
	}
	return !looksRandom(s) && strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' }) < 0 &&
		!strings.ContainsAny(s, "!@#%^&*+=")
}

// looksRandom reports whether s is more like a generated secret than like a name: it
// changes between letters and digits, lower and upper case, more often than words do, or
// nobody could pronounce it.
func looksRandom(s string) bool {
	if len(s) < 16 || strings.ContainsAny(s, " \t\n") || isUUID(s) {
		return false
	}
	var letters, digits bool
	changes, consonants, most := 0, 0, 0
	for i := range len(s) {
		letters, digits = letters || isLetter(s[i]), digits || isDigit(s[i])
		if i > 0 {
			changes += change(s[i-1], s[i])
		}
		if consonants++; !isLetter(s[i]) || strings.IndexByte("aeiouy", s[i]|0x20) >= 0 {
			consonants = 0
		}
		most = max(most, consonants)
	}
	return letters && digits && (6*changes >= len(s) || most >= 6)
}

// change returns 1 if two neighbors change between digits, lower and upper case as words
// in camel case do not.
func change(a, b byte) int {
	switch {
	case isDigit(a) && isLetter(b), isLetter(a) && isDigit(b), isLower(a) && isUpper(b):
		return 1
	}
	return 0
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	hex := classOf('H')
	for i := range len(s) {
		if joint := i == 8 || i == 13 || i == 18 || i == 23; joint != (s[i] == '-') || !joint && !hex(s[i]) {
			return false
		}
	}
	return true
}

// refersElsewhere reports whether a value in the place of a secret is not one: a reference
// to the secret, a mask, a switch, or a word for "none".
func refersElsewhere(s string) bool { return isSwitch(s) || isReference(s) }

// isReference reports whether a value refers to a secret, or masks it.
func isReference(s string) bool {
	if _, ok := asset.ParseRedacted(s); ok || s == "" {
		return true
	}
	switch s[0] {
	case '$':
		if isVariable(s[1:]) {
			return true
		}
	case '/', '~':
		if isPath(s) {
			return true
		}
	case '<', '{', '[', '(':
		if strings.IndexByte(">}])"[strings.IndexByte("<{[(", s[0]):], s[len(s)-1]) == 0 {
			return true
		}
	case '%':
		if n := run(s[1:], isWord) + 1; len(s) <= 3 || n < len(s) && s[n] == '%' {
			return true
		}
	case '@':
		if i := run(s[1:], isWord) + 1; i == len(s) || s[i] == '.' || s[i] == '(' || s[i] == '{' || s[i] == '/' {
			return true // @Microsoft.KeyVault(...), @{...}, @file
		}
	case '!': // a tag of YAML, as in !Sub
		if n := run(s[1:], isAlnum) + 1; n > 2 && isUpper(s[1]) && (n == len(s) || s[n] == ' ' || s[n] == ':') {
			return true
		}
	case '`', '\\':
		return true
	}
	for _, p := range references {
		if len(s) >= len(p) && equalFold(s, p) {
			_, _, ok := userinfo(s[strings.Index(s, ":")+1:])
			return !ok
		}
	}
	if strings.Contains(s, "${") || strings.Contains(s, "#{") || strings.Contains(s, "{{") || strings.Contains(s, "$(") || strings.Contains(s, "<%") {
		return true
	}
	if isAttribute(s) || isSecretPath(s) || isVariableName(s) {
		return true
	}
	return strings.IndexFunc(s, func(r rune) bool { return r != '*' && r != 'x' && r != 'X' && r != '•' && r != '.' && r != '-' }) < 0
}

// references are the beginnings, in lower case, of values that say where a secret is.
var references = []string{"arn:", "projects/", "http://", "https://", "secretref:", "vault:", "op://", "ssm:", "ssm://", "file:",
	"secretsmanager:", "awssm:", "sm://", "gcpsm:", "gcp-sm:", "akv:", "akvs:", "azurekeyvault:", "keyvault:", "keyvaultref:", "kv:",
	"ref+", "env:", "env.", "berglas://", "doppler:", "bws:", "conjur:", "s3://", "gs://", "kms:", "k8s:", "resolve:", "parameter:",
	"parameterstore:", "aws:ssm", "aws:secretsmanager",
	"var.", "local.", "data.", "module.", "process.env", "os.environ", "os.getenv", "getenv("}

// isSwitch reports whether a value is a switch or a word for "none" or "hidden".
func isSwitch(s string) bool {
	if len(s) == 1 {
		return true
	}
	switch strings.ToLower(s) {
	case "null", "none", "nil", "true", "false", "yes", "no", "on", "off", "enabled", "disabled", "enable", "disable", "required", "optional",
		"redacted", "hidden", "hidden_due_to_security_reasons", "allow", "deny", "always", "never", "default", "unset", "undefined", "string",
		"bool", "int", "number", "object", "securestring", "secretstring", "pass", "passed", "fail", "failed", "preferred", "sensitive", "(sensitive)", "encrypted", "not set", "n/a":
		return true
	}
	return false
}

// isVariable reports whether s, behind a dollar sign, is a variable or an expression rather
// than the rest of a password: words in one case, or in camel case with digits at the end.
func isVariable(s string) bool {
	if s == "" {
		return true
	}
	if s[0] == '{' || s[0] == '(' || s[0] == '[' || s[0] == '$' || s[0] == '@' || s[0] == '*' || s[0] == '?' {
		return true
	}
	n := run(s, isWord)
	if n == 0 {
		return false
	}
	if isDigit(s[0]) {
		return n == len(s) && n <= 2 // an argument; $2y$ and $6$ begin a hash
	}
	if name := s[:n]; !isUpperName(name) {
		for i := 1; i < len(name); i++ {
			if isDigit(name[i-1]) && isLetter(name[i]) {
				return false
			}
		}
		if looksRandom(name) {
			return false
		}
	}
	return n == len(s) || strings.IndexByte("/:.,;-()[]{}\"'$ \\", s[n]) >= 0
}

func isUpperName(s string) bool {
	for i := range len(s) {
		if isLower(s[i]) {
			return false
		}
	}
	return true
}

// isPath reports whether a value that begins with a slash is a path, of a file or in a
// parameter store, rather than a secret in base64.
func isPath(s string) bool {
	if strings.ContainsAny(s, "!#$%^&*=?<>|`\"'") && !strings.Contains(s, "$") {
		return false
	}
	for segment := range strings.SplitSeq(s[1:], "/") {
		if len(segment) >= 16 && looksRandom(segment) {
			return false
		}
	}
	return !(len(s) >= 32 && strings.Contains(s, "+")) && !mixedThroughout(s)
}

// mixedThroughout reports whether a long string in the alphabet of base64 changes case
// and digits all along, as no path does.
func mixedThroughout(s string) bool {
	if len(s) == 40 && hasAWSSecret(s, 0) {
		return true
	}
	changes := 0
	for i := 1; i < len(s); i++ {
		changes += change(s[i-1], s[i])
	}
	return len(s) >= 20 && 4*changes >= len(s)
}

// isSecretPath reports whether a value is the name of a secret in a store, such as
// prod/db/password.
func isSecretPath(s string) bool {
	if strings.IndexByte(s, '/') <= 0 || run(s, func(c byte) bool { return isToken(c) || c == '/' || c == '.' || c == ':' }) < len(s) {
		return false
	}
	if isAccessSecret(s) {
		return false
	}
	for segment := range strings.SplitSeq(s, "/") {
		if segment == "" || looksRandom(segment) {
			return false
		}
	}
	return strings.Count(s, "/") >= 2 && !mixedThroughout(s) || screen(s, false)&clueName != 0
}

// isAccessSecret reports whether a value has the form of the secret of an AWS access key,
// which may have slashes: 40 characters of base64 with letters of both cases and digits.
func isAccessSecret(s string) bool {
	return len(s) == 40 && run(s, isBase64) == 40 && strings.IndexFunc(s, unicode.IsUpper) >= 0 &&
		strings.IndexFunc(s, unicode.IsLower) >= 0 && strings.IndexFunc(s, unicode.IsDigit) >= 0
}

// isAttribute reports whether a value is an attribute of something in a program or a
// template, such as random_password.db.result.
func isAttribute(s string) bool {
	dots := 0
	for segment := range strings.SplitSeq(s, ".") {
		if segment == "" || !isLetter(segment[0]) && segment[0] != '_' || run(segment, isToken) < len(segment) || looksRandom(segment) {
			return false
		}
		dots++
	}
	first, _, _ := strings.Cut(s, ".")
	return dots > 2 || dots == 2 && strings.Contains(first, "_")
}

// isVariableName reports whether a value is the name of a variable that holds a secret.
func isVariableName(s string) bool {
	return strings.IndexByte(s, '_') > 0 && run(s, func(c byte) bool { return isUpper(c) || isDigit(c) || c == '_' }) == len(s) &&
		kindOf(s) != noSecret
}
