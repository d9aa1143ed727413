package secret

import "strings"

// hasAssignment finds name=value, name: value, name => value and "name":"value".
func hasAssignment(s string) bool {
	for i := 1; i < len(s)-1; i++ {
		at := i + 1
		switch {
		case s[i] != '=' && s[i] != ':':
			continue
		case s[at] == '=': // a comparison, or := of which the next character is looked at
			if s[i] == '=' {
				i++
			}
			continue
		case s[i] == '=' && s[at] == '>': // an arrow
			at++
		}
		name, quoted := nameBefore(s[:i])
		if len(name) < 3 {
			continue
		}
		value, enclosed := valueAt(s[at:])
		// A colon parts many things. It assigns in JSON, and in YAML to the end of the line.
		if s[i] == ':' && !enclosed && (quoted || !aloneInLine(s[at:], value)) {
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
	if strings.HasSuffix(s, "(") || strings.Contains(s, "()") {
		return "", false // a call
	}
	return s, false
}

// aloneInLine reports whether the value has only white space around it in its line, or
// the quote that ends a header.
func aloneInLine(s, value string) bool {
	rest := strings.TrimLeft(s[:min(len(s), nearby)], " \t")
	if len(rest) == len(s) { // no space after the colon
		return false
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, value), " \t\r")
	return rest == "" || rest[0] == '\n' || rest[0] == '"' || rest[0] == '\'' || strings.HasPrefix(rest, `\"`) || strings.HasPrefix(rest, `\n`)
}

// hasNamedMember finds name and value in the attributes of an XML element, and the text
// of an element whose name, or attribute name, is that of a secret:
//
//	<add key="Password" value="V"/>   <property name="password">V</property>   <password>V</password>
func hasNamedMember(s string) bool {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '<')
		if i < 0 {
			return false
		}
		at += i + 1
		rest := s[at:min(len(s), at+nearby)]
		end := strings.IndexAny(rest, "<>")
		if end <= 0 || rest[end] == '<' || rest[0] == '/' {
			continue
		}
		tag, rest := rest[:end], rest[end+1:]
		name := attribute(tag, "key", "name", "id")
		if name == "" {
			name = tag[:run(tag, func(c byte) bool { return isToken(c) || c == '.' })]
		} else if secretNamed(name, attribute(tag, "value")) {
			return true
		}
		if text, _, ok := strings.Cut(rest, "</"); ok && tag[len(tag)-1] != '/' && !strings.Contains(text, "<") && secretNamed(name, strings.TrimSpace(text)) {
			return true
		}
	}
}

// attribute returns the value of the first attribute of a tag with one of the names.
func attribute(tag string, names ...string) string {
	for _, name := range names {
		for at := 0; ; {
			i := indexFold(tag[at:], name)
			if i < 0 {
				break
			}
			whole := at+i > 0 && isSpace(tag[at+i-1])
			at += i + len(name)
			if rest := strings.TrimLeft(tag[at:], " "); whole && strings.HasPrefix(rest, "=") {
				if value, enclosed := valueAt(rest[1:]); enclosed {
					return value
				}
			}
		}
	}
	return ""
}
