package remediate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/openstance/stance/internal/printable"
)

// maxCommand is the size of the largest command, in bytes.
const maxCommand = 128 << 10

// Sh returns the command quoted for POSIX shells: the shell passes the arguments on exactly as
// they are. It is an error if there is no program, or if an argument has a control character
// or invalid UTF-8, by which a terminal could show another command than the one that runs.
//
// Source: POSIX.1-2024, Shell Command Language, 2.2.2 (single quotes) and 2.6.1 (tilde).
func (a Argv) Sh() (string, error) {
	return a.quote(func(arg string) (string, error) {
		if arg != "" && strings.IndexFunc(arg, unquotedInSh) < 0 {
			return arg, nil
		}
		return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'", nil
	})
}

// unquotedInSh reports whether a character needs quotes in a POSIX shell, wherever it stands.
func unquotedInSh(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+./:,@=", r))
}

// batchPrograms returns the programs that are batch files on Windows, whose arguments cmd.exe
// reads once more.
func batchPrograms() []string { return []string{"az", "gcloud", "gsutil", "bq"} }

var plainInPwsh = regexp.MustCompile(`^(--)?[A-Za-z][A-Za-z0-9_-]*$`)

// Pwsh returns the command quoted for PowerShell 7.3 or later, which passes the arguments on
// as they are. In addition to what is an error in Sh, it is an error if the program is a batch
// file on Windows (az, gcloud) and an argument has a character that cmd.exe gives a meaning.
//
// Source: PowerShell documentation, about_Quoting_Rules (single quotes, of which there are
// five characters), about_Parsing and $PSNativeCommandArgumentPassing, whose default on
// Windows passes arguments of .bat and .cmd files in the legacy way.
func (a Argv) Pwsh() (string, error) {
	return a.quote(func(arg string) (string, error) {
		if slices.Contains(batchPrograms(), a[0]) && strings.ContainsAny(arg, "\"%^&|<>!()") {
			return "", errors.New("has a character that a batch file on Windows would read")
		}
		if plainInPwsh.MatchString(arg) {
			return arg, nil
		}
		var b strings.Builder
		b.WriteByte('\'')
		for _, r := range arg {
			if strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) {
				b.WriteRune(r)
			}
			b.WriteRune(r)
		}
		b.WriteByte('\'')
		return b.String(), nil
	})
}

func (a Argv) quote(quote func(string) (string, error)) (string, error) {
	if len(a) == 0 || !plainInPwsh.MatchString(a[0]) || strings.HasPrefix(a[0], "-") {
		return "", errors.New("command without a program")
	}
	words := make([]string, len(a))
	size := 0
	for i, arg := range a {
		if !utf8.ValidString(arg) || strings.ContainsFunc(arg, func(r rune) bool { return !printable.Rune(r) }) {
			return "", fmt.Errorf("argument %d of %s: control character or invalid UTF-8: %.100q", i, a[0], arg)
		}
		word, err := quote(arg)
		if err != nil {
			return "", fmt.Errorf("argument %d of %s: %w: %.100q", i, a[0], err, arg)
		}
		words[i] = word
		if size += len(word) + 1; size > maxCommand {
			return "", fmt.Errorf("command of %s: more than %d bytes", a[0], maxCommand)
		}
	}
	return strings.Join(words, " "), nil
}

// commands renders the commands of a proposal. It omits a shell that cannot have them.
func commands(all []Argv) []Command {
	out := []Command{}
	for _, shell := range []struct {
		name  string
		quote func(Argv) (string, error)
	}{{"sh", Argv.Sh}, {"pwsh", Argv.Pwsh}} {
		var lines []string
		for _, a := range all {
			line, err := shell.quote(a)
			if err != nil {
				lines = nil
				break // a part of the commands would be another change
			}
			lines = append(lines, line)
		}
		if len(lines) > 0 {
			out = append(out, Command{Shell: shell.name, Text: strings.Join(lines, "\n")})
		}
	}
	return out
}
