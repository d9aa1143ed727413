package jira_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// site is the part of Jira Cloud that the channel uses.
type site struct {
	mu        sync.Mutex
	issues    []*stored
	searches  int
	lag       bool // the search finds no issue yet
	fail      map[string]int
	requests  []string
	noResolve bool // the workflow has no transition to done
}

type stored struct {
	key      string
	fields   map[string]any
	done     bool
	comments []json.RawMessage
	moves    []string
}

func (s *stored) labels() (all []string) {
	for _, l := range s.fields["labels"].([]any) {
		all = append(all, l.(string))
	}
	return all
}

func (s *stored) view() map[string]any {
	category := map[bool]string{true: "done", false: "new"}[s.done]
	return map[string]any{"key": s.key, "fields": map[string]any{
		"labels": s.labels(), "status": map[string]any{"statusCategory": map[string]string{"key": category}}}}
}

var labelInQuery = regexp.MustCompile(`^project = "SEC" AND labels = "([A-Za-z0-9-]+)" ORDER BY created ASC$`)

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in map[string]any
	raw, _ := io.ReadAll(r.Body)
	json.Unmarshal(raw, &in)
	reply := func(status int, v any) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	path := strings.TrimPrefix(r.URL.Path, "/rest/api/3/")
	name := r.Method + " " + path
	s.requests = append(s.requests, name)
	if user, token, _ := r.BasicAuth(); user != "bot@example.com" || token != "canary" {
		reply(http.StatusUnauthorized, map[string]string{"error": r.Header.Get("Authorization")})
		return
	}
	if s.fail[name] > 0 {
		s.fail[name]--
		reply(http.StatusBadGateway, nil)
		return
	}
	var i *stored
	part := strings.Split(path, "/")
	if part[0] == "issue" && len(part) > 1 {
		at := slices.IndexFunc(s.issues, func(x *stored) bool { return x.key == part[1] })
		if at < 0 {
			reply(http.StatusNotFound, nil)
			return
		}
		i = s.issues[at]
		part[1] = "KEY"
	}
	switch r.Method + " " + strings.Join(part, "/") {
	case "POST search/jql":
		s.searches++
		label := labelInQuery.FindStringSubmatch(in["jql"].(string))
		found := []any{}
		for _, x := range s.issues {
			if label != nil && !s.lag && slices.Contains(x.labels(), label[1]) {
				found = append(found, x.view())
			}
		}
		reply(http.StatusOK, map[string]any{"issues": found})
	case "POST issue":
		x := &stored{key: fmt.Sprintf("SEC-%d", len(s.issues)+1), fields: in["fields"].(map[string]any)}
		s.issues = append(s.issues, x)
		reply(http.StatusCreated, map[string]string{"key": x.key})
	case "GET issue/KEY":
		reply(http.StatusOK, i.view())
	case "GET issue/KEY/comment":
		list := []any{}
		for _, c := range slices.Backward(i.comments) {
			list = append(list, c)
		}
		reply(http.StatusOK, map[string]any{"comments": list})
	case "POST issue/KEY/comment":
		i.comments = append(i.comments, raw)
		reply(http.StatusCreated, map[string]string{"id": "1"})
	case "GET issue/KEY/transitions":
		to := func(id, name, category string) map[string]any {
			return map[string]any{"id": id, "name": name, "to": map[string]any{"statusCategory": map[string]string{"key": category}}}
		}
		list := []any{to("11", "Start", "indeterminate")}
		if !s.noResolve {
			list = append(list, to("21", "Close", "done"), to("22", "Will not do", "done"))
		}
		reply(http.StatusOK, map[string]any{"transitions": list})
	case "POST issue/KEY/transitions":
		id := in["transition"].(map[string]any)["id"].(string)
		i.done = id != "11"
		i.moves = append(i.moves, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		reply(http.StatusNotFound, nil)
	}
}

func serve(t *testing.T) (*site, string) {
	t.Helper()
	s := &site{fail: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}
