package secret

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"
)

// commandForms are options of commands whose value is a secret though their name does
// not say so. Attached, the value is part of the option's word (-pV); userColon means
// that the value is user:password, userPercent user%password.
var commandForms = []struct {
	command, option string
	value           formValue
}{
	{"curl", "-u", userColon},
	{"curl", "--user", userColon},
	{"curl", "-U", userColon},
	{"curl", "--proxy-user", userColon},
	{"http", "-a", userColon}, // HTTPie
	{"mysql", "-p", attached},
	{"mysqldump", "-p", attached},
	{"mysqladmin", "-p", attached},
	{"mysqlimport", "-p", attached},
	{"mariadb", "-p", attached},
	{"mariadb-dump", "-p", attached},
	{"sshpass", "-p", either},
	{"redis-cli", "-a", either},
	{"docker login", "-p", apart},
	{"podman login", "-p", apart},
	{"nerdctl login", "-p", apart},
	{"buildah login", "-p", apart},
	{"skopeo login", "-p", apart},
	{"helm registry login", "-p", apart},
	{"oc login", "-p", apart},
	{"cf login", "-p", apart},
	{"az login", "-p", apart},
	{"sqlcmd", "-P", either},
	{"bcp", "-P", either},
	{"osql", "-P", either},
	{"mongo", "-p", apart},
	{"mongosh", "-p", apart},
	{"mongodump", "-p", apart},
	{"mongorestore", "-p", apart},
	{"cqlsh", "-p", apart},
	{"ldapsearch", "-w", apart},
	{"ldapmodify", "-w", apart},
	{"ldapadd", "-w", apart},
	{"ldapdelete", "-w", apart},
	{"smbclient", "-U", userPercent},
	{"rpcclient", "-U", userPercent},
	{"rabbitmqadmin", "-p", apart},
	{"winexe", "-U", userPercent},
	{"unzip", "-P", apart},
}

type formValue int8

const (
	apart formValue = iota
	attached
	either
	userColon
	userPercent
)

// phraseForms are phrases that a secret follows, in lower case. A quoted one counts only
// in quotes, as in SQL.
var phraseForms = []struct {
	phrase string
	quoted bool
}{
	{"identified by ", true},
	{"identified by values ", true},
	{"with password ", true},
	{"password password ", true},
	{"set password ", true},
	{"set password = ", true},
	{"encrypted password ", true},
	{"convertto-securestring -string ", false},
	{"convertto-securestring ", false},
	{"requirepass ", false},
	{"masterauth ", false},
	{"-passin pass:", false},
	{"-passout pass:", false},
	{"-pass pass:", false},
	{"-storepass ", false},
	{"-keypass ", false},
	{"--from-literal=password=", false},
}

// formWords returns the literals of which one is in every string that hasForm matches, apart
// from the words of names.
func formWords() []string {
	words := []string{"basic ", "authorization", "chpasswd", "net user", "x-api-key", "_auth"}
	for _, f := range commandForms {
		command, _, _ := strings.Cut(f.command, " ")
		if len(f.command) > len(command) {
			command = "login"
		}
		if command == "http" {
			command = "http "
		}
		if len(command) < 4 {
			command += " "
		}
		words = append(words, command)
	}
	for _, f := range phraseForms {
		words = append(words, f.phrase)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// hasForm finds a secret in the options of a command, in a header, in a .netrc file and
// behind a phrase.
func hasForm(s string) bool {
	return hasOption(s) || hasHeader(s) || hasPhrase(s) || hasNetrc(s) || hasChpasswd(s)
}

// hasOption finds --password V and the options of commandForms.
func hasOption(s string) bool {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '-')
		if i < 0 {
			return false
		}
		at += i
		n := run(s[at:], func(c byte) bool { return isToken(c) || c == '.' })
		if at == 0 || isSpace(s[at-1]) || strings.IndexByte("\"'([,", s[at-1]) >= 0 {
			if optionAt(commandBefore(s[:at]), s[at:], n) {
				return true
			}
		}
		at += n
	}
}

// commandBefore returns the part of a command that stands before an option, lines that a
// backslash continues included.
func commandBefore(s string) string {
	s = s[max(0, len(s)-nearby):]
	for at := len(s); ; {
		i := strings.LastIndexByte(s[:at], '\n')
		if i < 0 || i == 0 || s[i-1] != '\\' {
			return s[i+1:]
		}
		at = i
	}
}

// optionAt reports whether a secret follows the option of n bytes at the begin of rest;
// before is what stands before it in the line.
func optionAt(before, rest string, n int) bool {
	option := rest[:n]
	value := func(s string) string {
		if trimmed := strings.TrimLeft(s, " \t="); len(trimmed) < len(s) {
			s = trimmed
		}
		if s == "" || s[0] == '-' {
			return ""
		}
		v, _ := valueAt(s)
		return v
	}
	if next := rest[n:]; next != "" && (next[0] == ' ' || next[0] == '\t') {
		if name := strings.TrimLeft(option, "-"); len(name) >= 3 && secretNamed(name, value(next)) {
			return true
		}
	}
	return optionOf(func(command string) bool { return holdsCommand(before, command) }, option, rest, value(rest[n:]))
}

// optionOf reports whether a secret is the value of an option of a command: behind it in
// rest, which begins with the option, or apart from it.
func optionOf(runs func(command string) bool, option, rest, value string) bool {
	for _, f := range commandForms {
		if !strings.HasPrefix(option, f.option) || !runs(f.command) {
			continue
		}
		behind, _ := valueAt(rest[len(f.option):])
		whole := option == f.option
		v := value
		switch {
		case whole && f.value == attached:
			// The value, if there is one, follows at once: -p'V'.
			if v = behind; len(rest) == len(option) || isSpace(rest[len(option)]) {
				continue
			}
		case !whole && (f.value == attached || f.value == either):
			v = behind
		case !whole:
			continue
		}
		switch f.value {
		case userColon:
			_, v, _ = strings.Cut(v, ":")
		case userPercent:
			_, v, _ = strings.Cut(v, "%")
		}
		if len(v) >= 3 && v[0] != '-' && !refersElsewhere(v) {
			return true
		}
	}
	return false
}

// holdsCommand reports whether a command, of one word or more, stands in a line.
func holdsCommand(line, command string) bool {
	for at := 0; ; {
		i := strings.Index(line[at:], command)
		if i < 0 {
			return false
		}
		at += i + len(command)
		start := at - len(command)
		if (start == 0 || !isToken(line[start-1])) && (at == len(line) || isSpace(line[at])) {
			return true
		}
	}
}

// hasHeader finds the credentials of an Authorization header.
func hasHeader(s string) bool {
	for at := 0; ; {
		i := indexFold(s[at:], "basic ")
		if i < 0 {
			break
		}
		at += i + len("basic ")
		if isBasic(s[at : at+run(s[at:], func(c byte) bool { return isBase64(c) || c == '=' })]) {
			return true
		}
	}
	for at := 0; ; {
		i := indexFold(s[at:], "authorization")
		if i < 0 {
			return false
		}
		at += i + len("authorization")
		rest := strings.TrimLeft(s[at:min(len(s), at+nearby)], " \t\"'\\:=>")
		for _, scheme := range []string{"token ", "apikey ", "api-key ", "key ", "genie" + "key ", "ssws ", "bot ", "digest "} {
			if len(rest) >= len(scheme) && equalFold(rest, scheme) {
				rest = rest[len(scheme):]
				break
			}
		}
		if v := rest[:run(rest, func(c byte) bool { return isToken(c) || isBase64(c) || c == '.' || c == '=' || c == '~' })]; looksRandom(v) && !refersElsewhere(v) {
			return true
		}
	}
}

// isBasic reports whether s is user:password in base64.
func isBasic(s string) bool {
	if len(s) < 8 {
		return false
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil || !utf8.Valid(b) {
		return false
	}
	_, password, ok := strings.Cut(string(b), ":")
	return ok && len(password) >= 3 && !refersElsewhere(password)
}

// hasPhrase finds the phrases of phraseForms.
func hasPhrase(s string) bool {
	for _, f := range phraseForms {
		for at := 0; ; {
			i := indexFold(s[at:], f.phrase)
			if i < 0 {
				break
			}
			at += i + len(f.phrase)
			if v, enclosed := valueAt(s[at:]); (enclosed || !f.quoted) && len(v) >= 3 && v[0] != '-' && !refersElsewhere(v) {
				return true
			}
		}
	}
	return false
}

// hasNetrc finds login U password V, as in the file .netrc.
func hasNetrc(s string) bool {
	for at := 0; ; {
		i := indexFold(s[at:], "password")
		if i < 0 {
			return false
		}
		before := s[max(0, at+i-nearby) : at+i]
		at += i + len("password")
		if at == len(s) || !isSpace(s[at]) || !(strings.Contains(before, "login ") || strings.Contains(before, "machine ")) {
			continue
		}
		if v, _ := valueAt(strings.TrimLeft(s[at:], " \t\r\n")); len(v) >= 3 && !refersElsewhere(v) {
			return true
		}
	}
}

// hasChpasswd finds user:password piped to chpasswd, and the password of "net user".
func hasChpasswd(s string) bool {
	for line := range strings.Lines(s) {
		if before, _, ok := strings.Cut(line, "chpasswd"); ok {
			if i := strings.LastIndexByte(before, ':'); i > 0 && isWord(before[i-1]) {
				if v, _ := valueAt(before[i+1:]); len(v) >= 3 && !refersElsewhere(v) {
					return true
				}
			}
		}
		if i := indexFold(line, "net user "); i >= 0 {
			words := strings.Fields(line[i+len("net user "):])
			if len(words) >= 2 && words[1][0] != '/' && !refersElsewhere(strings.Trim(words[1], `"'`)) && words[1] != "*" {
				return true
			}
		}
	}
	return false
}

// optionsIn yields the places in a list of arguments that hold a secret: behind an option
// that names one, or as an option of a command does.
func secretArguments(arguments []string, yield func(i int)) {
	for i, a := range arguments {
		if !strings.HasPrefix(a, "-") {
			continue
		}
		value := ""
		if i+1 < len(arguments) && !strings.HasPrefix(arguments[i+1], "-") {
			value = arguments[i+1]
		}
		name := strings.TrimLeft(a, "-")
		before := strings.Join(arguments[max(0, i-8):i], " ")
		runs := func(command string) bool { return holdsCommand(before, command) }
		switch {
		case len(name) >= 3 && run(name, isToken) == len(name) && secretNamed(name, value),
			optionOf(runs, a, a, value) && value != "":
			yield(i + 1)
		case optionOf(runs, a, a, ""):
			yield(i)
		}
	}
}
