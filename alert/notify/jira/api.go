package jira

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/alert/notify/message"
)

const issues = "/rest/api/3/issue"

// issue is what is read of an issue.
type issue struct {
	Key    string
	Fields struct {
		Labels []string
		Status struct {
			Category struct{ Key string } `json:"statusCategory"`
		}
	}
}

// mark reports whether the event with a mark created the issue.
func (i *issue) mark(mark string) bool {
	for _, l := range i.Fields.Labels {
		if l == firstEvent+mark {
			return true
		}
	}
	return false
}

// firstEvent begins the label that has the mark of the event that created an issue.
const firstEvent = "stance-event-"

// markOf returns a short digest of an id.
func markOf(id string) string {
	h := sha256.Sum256([]byte(id))
	return hex.EncodeToString(h[:10])
}

var errResponse = errors.New("jira: invalid response")

func decode(body []byte, err error, into any) error {
	if err == nil && json.Unmarshal(body, into) != nil {
		return errResponse
	}
	return err
}

// find returns the issue with a label, or nil.
func (n *Notifier) find(ctx context.Context, label string) (*issue, error) {
	if key := n.recall(label); key != "" {
		var i issue
		body, err := n.sender.Do(ctx, http.MethodGet, issues+"/"+url.PathEscape(key), "fields=status,labels", nil)
		err = decode(body, err, &i)
		if refused, ok := errors.AsType[*httpout.Error](err); ok && refused.Status == http.StatusNotFound {
			n.forget(label) // someone deleted it
		} else if err != nil {
			return nil, err
		} else if i.Key == "" {
			return nil, errResponse
		} else {
			return &i, nil
		}
	}
	query := map[string]any{
		"jql":    fmt.Sprintf(`project = "%s" AND labels = "%s" ORDER BY created ASC`, n.project, label),
		"fields": []string{"status", "labels"}, "maxResults": 1,
	}
	var list struct{ Issues *[]issue }
	body, err := n.sender.Do(ctx, http.MethodPost, "/rest/api/3/search/jql", "", query)
	if err := decode(body, err, &list); err != nil {
		return nil, err
	}
	if list.Issues == nil {
		return nil, errResponse // not the answer of a search: it does not say that there is no issue
	}
	if len(*list.Issues) == 0 {
		return nil, nil
	}
	i := (*list.Issues)[0]
	n.remember(label, i.Key)
	return &i, nil
}

func (n *Notifier) create(ctx context.Context, e *alert.Event, m *message.Message, label, mark string) error {
	fields := map[string]any{}
	for name, value := range n.options.Fields {
		fields[name] = value
	}
	fields["project"] = map[string]string{"key": n.project}
	fields["issuetype"] = map[string]string{"name": n.kind}
	fields["summary"] = payload.Cut(m.Title, 250)
	fields["description"] = document(m, "")
	fields["labels"] = append([]string{label, firstEvent + mark}, n.options.Labels...)
	if name := n.priority(e); name != "" {
		fields["priority"] = map[string]string{"name": name}
	}
	var i issue
	body, err := n.sender.Do(ctx, http.MethodPost, issues, "", map[string]any{"fields": fields})
	if err := decode(body, err, &i); err != nil {
		return err
	}
	if i.Key == "" {
		return errResponse
	}
	n.remember(label, i.Key)
	return nil
}

// commented reports whether a recent comment has a mark.
func (n *Notifier) commented(ctx context.Context, key, mark string) (bool, error) {
	var list struct {
		Comments *[]struct{ Body json.RawMessage }
	}
	// The response is read in part: the comments are few, and short.
	body, err := n.sender.Do(ctx, http.MethodGet, issues+"/"+url.PathEscape(key)+"/comment", "orderBy=-created&maxResults=10", nil)
	if err != nil {
		return false, err
	}
	if strings.Contains(string(body), mark) {
		return true, nil
	}
	if len(body) < httpout.MaxResponse && (json.Unmarshal(body, &list) != nil || list.Comments == nil) {
		return false, errResponse
	}
	return false, nil
}

func (n *Notifier) comment(ctx context.Context, key string, m *message.Message, mark string) error {
	_, err := n.sender.Do(ctx, http.MethodPost, issues+"/"+url.PathEscape(key)+"/comment", "", map[string]any{"body": document(m, mark)})
	return err
}

// transition moves an issue by the transition with a name, or by the first that leads to a
// status that is done or not.
func (n *Notifier) transition(ctx context.Context, key, name string, done bool) error {
	path := issues + "/" + url.PathEscape(key) + "/transitions"
	var list struct {
		Transitions []struct {
			ID, Name string
			To       struct {
				Category struct{ Key string } `json:"statusCategory"`
			}
		}
	}
	body, err := n.sender.Do(ctx, http.MethodGet, path, "", nil)
	if err := decode(body, err, &list); err != nil {
		return err
	}
	for _, t := range list.Transitions {
		if name != "" && t.Name == name || name == "" && (t.To.Category.Key == "done") == done {
			_, err := n.sender.Do(ctx, http.MethodPost, path, "", map[string]any{"transition": map[string]string{"id": t.ID}})
			return err
		}
	}
	want := name
	if want == "" {
		want = map[bool]string{true: "to a status that is done", false: "to a status that is not done"}[done]
	}
	return httpjson.Permanent(fmt.Errorf("issue %s: no transition %q", key, want))
}

// node is a node of the Atlassian Document Format.
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Text    string         `json:"text,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Marks   []node         `json:"marks,omitempty"`
	Content []node         `json:"content,omitempty"`
}

// maxDocument is the number of bytes of a text in a document; Jira takes 32,767 characters in
// all.
const maxDocument = 8000

// document returns the document of a message, with a mark at its end.
func document(m *message.Message, mark string) node {
	d := node{Type: "doc", Version: 1}
	if mark != "" {
		d.Content = append(d.Content, paragraph(node{Type: "text", Text: cmp.Or(m.Title, "-"), Marks: []node{{Type: "strong"}}}))
	}
	var facts []node
	for _, f := range m.Fields {
		value := node{Type: "text", Text: payload.Cut(f.Value, 500)}
		if f.Link != "" {
			value.Marks = []node{linkTo(f.Link)}
		}
		facts = append(facts, node{Type: "listItem", Content: []node{paragraph(node{Type: "text", Text: f.Label + ": ", Marks: []node{{Type: "strong"}}}, value)}})
	}
	if len(facts) > 30 {
		facts = facts[:30]
	}
	if len(facts) > 0 {
		d.Content = append(d.Content, node{Type: "bulletList", Content: facts})
	}
	for part := range strings.SplitSeq(payload.Cut(m.Text, maxDocument), "\n") {
		if part = strings.TrimSpace(part); part != "" {
			d.Content = append(d.Content, paragraph(node{Type: "text", Text: part}))
		}
	}
	if m.Link != "" {
		d.Content = append(d.Content, paragraph(node{Type: "text", Text: string(m.Link), Marks: []node{linkTo(m.Link)}}))
	}
	if mark != "" {
		d.Content = append(d.Content, paragraph(node{Type: "text", Text: mark, Marks: []node{{Type: "code"}}}))
	}
	return d
}

func paragraph(content ...node) node { return node{Type: "paragraph", Content: content} }

func linkTo(u message.URL) node {
	return node{Type: "link", Attrs: map[string]any{"href": string(u)}}
}
