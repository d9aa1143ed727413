package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"reflect"
	"regexp"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/openstance/stance/internal/nearest"
)

// Format is what a template writes. It decides how values are escaped.
type Format int

// The formats.
const (
	Text     Format = iota // values are written as they are
	JSON                   // values are escaped for JSON strings; {{json .Title}} writes a JSON value
	HTML                   // as html/template does, by context
	Slack                  // mrkdwn of Slack
	Markdown               // CommonMark, as Microsoft Teams reads it
)

// MaxOutput is the number of bytes that a template may write.
const MaxOutput = 256 << 10

// Template writes a Message. It is safe for concurrent use.
type Template struct {
	execute func(io.Writer, *Message) error
	format  Format
}

// Parse parses a template of package text/template whose data is a *Message, and executes it
// with sample messages of each kind in each language. Unknown fields, errors, and in the
// format JSON every output that is not valid JSON, are errors. Beyond the functions of
// text/template it has:
//
//	{{time .At}}            "2026-03-01 12:00 UTC", or nothing for a zero time
//	{{join .Alert.Labels}}  elements with ", " between them
//	{{json .Alert}}         a JSON value; in the format JSON alone
func Parse(format Format, source string) (*Template, error) {
	t, err := compile(format, source)
	if err != nil {
		return nil, err
	}
	for _, m := range samples() {
		if _, err := t.Execute(m); err != nil {
			return nil, hint(err)
		}
	}
	return t, nil
}

func compile(format Format, source string) (*Template, error) {
	functions := texttemplate.FuncMap{"time": Time, "join": func(list []string) string { return strings.Join(list, ", ") }}
	if format == HTML {
		t, err := htmltemplate.New("template").Funcs(functions).Option("missingkey=zero").Parse(source)
		if err != nil {
			return nil, err
		}
		return &Template{func(w io.Writer, m *Message) error { return t.Execute(w, m) }, format}, nil
	}
	escape, ok := map[Format]func(string) string{Text: plain, JSON: escapeJSON, Slack: escapeSlack, Markdown: escapeMarkdown}[format]
	if !ok {
		return nil, fmt.Errorf("unknown format %d", format)
	}
	if format == JSON {
		functions["json"] = marshal
	}
	functions[escaper] = func(v any) string {
		switch v := v.(type) {
		case value:
			return string(v)
		case URL:
			if format != Markdown { // nothing in it has a meaning in Markdown links
				return escape(string(v))
			}
			return string(v)
		case nil:
			return ""
		}
		return escape(fmt.Sprint(v))
	}
	t, err := texttemplate.New("template").Funcs(functions).Option("missingkey=zero").Parse(source)
	if err != nil {
		return nil, err
	}
	for _, t := range t.Templates() {
		if t.Tree != nil {
			escapeNode(t.Tree, t.Root)
		}
	}
	return &Template{func(w io.Writer, m *Message) error { return t.Execute(w, m) }, format}, nil
}

// Execute writes a message. It fails if the output is larger than MaxOutput, or in the format
// JSON is not valid.
func (t *Template) Execute(m *Message) (string, error) {
	var b limited
	if err := t.execute(&b, m); err != nil {
		return "", err
	}
	if t.format == JSON && !json.Valid(b.Bytes()) {
		return "", fmt.Errorf("template writes invalid JSON for a message of kind %q in language %q", m.Kind, m.Language)
	}
	return b.String(), nil
}

// limited is a buffer that refuses more than MaxOutput bytes.
type limited struct{ bytes.Buffer }

func (b *limited) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxOutput {
		return 0, errors.New("output of the template is too long")
	}
	return b.Buffer.Write(p)
}

// escaper is the name of the function that escapes the value of each action.
const escaper = "stance_escape"

// escapeNode appends the escaper to the pipeline of each action that writes a value.
func escapeNode(tree *parse.Tree, n parse.Node) {
	branch := func(b *parse.BranchNode) {
		escapeNode(tree, b.List)
		if b.ElseList != nil {
			escapeNode(tree, b.ElseList)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			escapeNode(tree, child)
		}
	case *parse.ActionNode:
		if len(n.Pipe.Decl) == 0 {
			n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{
				NodeType: parse.NodeCommand, Pos: n.Pos,
				Args: []parse.Node{parse.NewIdentifier(escaper).SetTree(tree).SetPos(n.Pos)},
			})
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}

// value is a JSON value, which is not escaped again.
type value string

func marshal(v any) (value, error) {
	data, err := json.Marshal(v)
	return value(data), err
}

func plain(s string) string { return s }

func escapeJSON(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(data[1 : len(data)-1])
}

func escapeSlack(s string) string { return slack.Replace(s) }

// A zero-width space after a character of formatting keeps Slack from reading it so.
var slack = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "*\u200b", "_", "_\u200b", "~", "~\u200b", "`", "`\u200b")

func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_{}[]()#+-.!|~:@", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var unknownField = regexp.MustCompile(`can't evaluate field (\w+) in type \*?(message\.\w+)`)

// hint adds the nearest name to the error of an unknown field.
func hint(err error) error {
	match := unknownField.FindStringSubmatch(err.Error())
	if match == nil {
		return err
	}
	var names []string
	for _, t := range []reflect.Type{reflect.TypeFor[Message](), reflect.TypeFor[Field](), reflect.TypeFor[Alert](), reflect.TypeFor[Digest](), reflect.TypeFor[Health](), reflect.TypeFor[Review]()} {
		if t.String() != match[2] {
			continue
		}
		for i := range t.NumField() {
			names = append(names, t.Field(i).Name)
		}
	}
	if name := nearest.Name(match[1], names); name != "" {
		return fmt.Errorf("%w (want %s?)", err, name)
	}
	return err
}
