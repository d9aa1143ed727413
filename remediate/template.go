package remediate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// Expand returns the commands of a template, such as the command line of a policy's
// remediation, for an asset: one command a line. A variable, {name} or ${name}, stands for a part
// of one argument, whatever characters its value has. The variables are
//
//   - account: the AWS account, the Azure subscription or the Google Cloud project
//   - region
//   - resourceId: the id of the asset
//   - resourceName
//   - resourceGroup: of an asset of Azure
//   - azureScope: what the asset of Azure belongs to: the id above it
//   - gcpZoneId: the zone of an asset of Google Cloud
//
// and those of values, which precede them. It is an error if the template has another variable,
// if the asset has no value for it, or if the template has a character that a shell gives a
// meaning outside quotes.
func Expand(template string, a *asset.Asset, values map[string]string) ([]Argv, error) {
	value := func(name string) (string, error) {
		if v, ok := values[name]; ok {
			return v, nil
		}
		return variable(name, a)
	}
	var all []Argv
	for line := range strings.Lines(template) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		argv, err := expandLine(line, value)
		if err != nil {
			return nil, fmt.Errorf("command template: %w", err)
		}
		all = append(all, argv)
	}
	if len(all) == 0 {
		return nil, errors.New("command template: empty")
	}
	return all, nil
}

// variable returns the value of a variable for an asset.
func variable(name string, a *asset.Asset) (string, error) {
	var v string
	switch name {
	case "account":
		v = a.Account
	case "region":
		v = a.Region
	case "resourceId":
		v = a.ID
	case "resourceName":
		v = a.Name
	case "resourceGroup":
		v = after(a.ID, "resourcegroups")
	case "azureScope":
		if i := strings.LastIndex(a.ID, "/providers/"); i > 0 && a.Type.Provider() == "azure" {
			v = a.ID[:i]
		}
	case "gcpZoneId":
		if a.Type.Provider() == "gcp" {
			v = after(a.ID, "zones")
		}
	default:
		return "", fmt.Errorf("unknown variable %.100q (has %s)", name, strings.Join(variables(), ", "))
	}
	if v == "" {
		return "", fmt.Errorf("variable %q: %s %s has none", name, a.Type, a.ID)
	}
	return v, nil
}

func variables() []string {
	return []string{"account", "region", "resourceId", "resourceName", "resourceGroup", "azureScope", "gcpZoneId"}
}

// after returns the part of an id that follows a part.
func after(id, part string) string {
	parts := strings.Split(id, "/")
	if i := slices.IndexFunc(parts, func(p string) bool { return strings.EqualFold(p, part) }); i >= 0 && i+1 < len(parts) {
		return parts[i+1]
	}
	return ""
}

// expandLine splits a line into arguments as a POSIX shell does, and sets in the variables.
func expandLine(line string, value func(string) (string, error)) (Argv, error) {
	var argv Argv
	var word strings.Builder
	inWord, quote := false, rune(0)
	for i := 0; i < len(line); {
		c := rune(line[i])
		switch {
		case c == '{' || c == '$' && strings.HasPrefix(line[i+1:], "{"):
			if c == '$' {
				i++
			}
			name, rest, closed := strings.Cut(line[i+1:], "}")
			if closed && isName(name) {
				v, err := value(name)
				if err != nil {
					return nil, err
				}
				if word.Len() == 0 && obeyed(argv, v) {
					return nil, fmt.Errorf("value of variable %q begins as an option or a file: %.100q", name, v)
				}
				word.WriteString(v)
				inWord = true
				i = len(line) - len(rest)
				continue
			}
			if c == '$' || quote == 0 {
				return nil, fmt.Errorf("malformed variable at %.40q", line[i:])
			}
			word.WriteByte('{') // of JSON in quotes
		case quote == 0 && (c == ' ' || c == '\t'):
			if inWord {
				argv = append(argv, word.String())
				word.Reset()
				inWord = false
			}
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case c == quote:
			quote = 0
		case c == '\\' && quote != '\'', c == '$' && quote != '\'', c == '`' && quote != '\'',
			quote == 0 && strings.ContainsRune("|&;<>()#*?[]~!", c), c < ' ', c == 0x7f:
			return nil, fmt.Errorf("character %q has a meaning in a shell, at %.40q", c, line[i:])
		default:
			word.WriteByte(line[i])
			inWord = true
		}
		i++
	}
	if quote != 0 {
		return nil, fmt.Errorf("quote %q is not closed", quote)
	}
	if inWord {
		argv = append(argv, word.String())
	}
	if len(argv) == 0 {
		return nil, errors.New("no program")
	}
	return argv, nil
}

// obeyed reports whether a program would take an argument for more than a value: for an
// option, or for the place of a file or page to read. Source: "Load a parameter from a file" of
// the AWS CLI's user guide, "Use the Azure CLI successfully" (@ of arguments).
func obeyed(argv Argv, value string) bool {
	if strings.HasPrefix(value, "-") || strings.HasPrefix(value, "@") || strings.HasPrefix(value, "file://") || strings.HasPrefix(value, "fileb://") {
		return true
	}
	return len(argv) == 0 || argv[0] == "aws" && (strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://"))
}

// isName reports whether s is the name of a variable.
func isName(s string) bool {
	for i, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && (r >= '0' && r <= '9' || r == '_')) {
			return false
		}
	}
	return s != ""
}
