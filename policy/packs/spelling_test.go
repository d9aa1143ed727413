package packs_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// respelling is a change of the spelling of one name or value in a document.
type respelling struct {
	what  string
	apply func(n int)
}

// spellings returns the changes that can be made to a document: of names of fields, or of
// documented values and those that policies compare with.
func spellings(s *asset.Shape, v any, names bool, literals map[string]bool, at asset.Path, set func(any)) (all []respelling) {
	if s == nil {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			elem := s.Elem
			if s.Kind == asset.ObjectShape {
				f, ok := s.Field(k)
				if !ok {
					continue
				}
				if names {
					all = append(all, respelling{string(at.Key(k)), func(n int) {
						x := v[k]
						delete(v, k)
						v[respelled(k, n)] = x
					}})
				}
				elem = f.Shape
			}
			all = append(all, spellings(elem, v[k], names, literals, at.Key(k), func(x any) { v[k] = x })...)
		}
	case []any:
		for i := range v {
			all = append(all, spellings(s.Elem, v[i], names, literals, at.Index(i), func(x any) { v[i] = x })...)
		}
	case string:
		if !names && s.Kind == asset.StringShape && (slices.Contains(s.Enum, v) || literals[v]) {
			all = append(all, respelling{fmt.Sprintf("%s = %s", at, v), func(n int) { set(respelled(v, n)) }})
		}
	}
	return all
}

// respelled returns a name in upper case, in lower case, or with one letter in the other.
func respelled(name string, n int) string {
	upper, lower := strings.ToUpper(name), strings.ToLower(name)
	first := upper[:1]
	if first == name[:1] {
		first = lower[:1]
	}
	for i := range 3 {
		if x := []string{upper, lower, first + name[1:]}[(n+i)%3]; x != name {
			return x
		}
	}
	return name
}

var literal = regexp.MustCompile(`'([A-Za-z][A-Za-z0-9 ._-]*)'`)

// literalsOf returns the strings in the expressions of policies and their parameters.
func literalsOf(t *testing.T, pack fs.FS) map[string]bool {
	all := map[string]bool{}
	policies, err := policy.Read(pack)
	require.NoError(t, err)
	for _, p := range policies {
		for _, q := range p.Params {
			if list, ok := q.Default.([]string); ok {
				for _, x := range list {
					all[x] = true
				}
			}
		}
		for _, c := range p.Checks {
			texts := []string{c.When, c.Require}
			for _, l := range c.Let {
				texts = append(texts, l.Expr)
			}
			for _, x := range c.Claims {
				texts = append(texts, x.When, x.Require)
			}
			for _, text := range texts {
				for _, m := range literal.FindAllStringSubmatch(text, -1) {
					all[m[1]] = true
				}
			}
		}
	}
	return all
}

// estate is a snapshot whose lines a test changes.
type estate struct {
	head, lines []string
}

// readEstate returns the lines of a snapshot about a cloud.
func readEstate(t *testing.T, text io.Reader, cloud string, defaults bool) *estate {
	e := &estate{}
	in := bufio.NewScanner(text)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		line := in.Text()
		if len(e.head) == 0 {
			e.head = append(e.head, line)
			if defaults {
				e.head = append(e.head, strings.TrimSpace(caseDefaults))
			}
			continue
		}
		if !strings.HasPrefix(line, `{"end"`) && (strings.Contains(line, `"`+cloud+`"`) || strings.HasPrefix(line, `{"defaults"`)) {
			e.lines = append(e.lines, line)
		}
	}
	require.NoError(t, in.Err())
	return e
}

// statuses returns the status of each finding.
func (e *estate) statuses(t *testing.T, set *policy.Set, lines []string) map[string]policy.Status {
	t.Helper()
	assets, gaps, coverage := 0, 0, 0
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, `{"asset"`):
			assets++
		case strings.HasPrefix(l, `{"gap"`):
			gaps++
		case strings.HasPrefix(l, `{"coverage"`):
			coverage++
		}
	}
	end := fmt.Sprintf(`{"end": {"assets": %d, "gaps": %d, "coverage": %d}}`, assets, gaps, coverage)
	text := strings.Join(slices.Concat(e.head, lines, []string{end}), "\n") + "\n"
	inv, err := provider.Collect(t.Context(), provider.Query{}, snapshot.Bytes([]byte(text), nil))
	require.NoError(t, err)
	all := map[string]policy.Status{}
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		all[f.Policy.ID+" "+f.Subject.Ref().ID] = f.Status
	}
	return all
}

// respell changes the spelling of one name or value in each asset at a time, until every
// one was changed, and returns the number of changes and those after which a status is
// another.
func (e *estate) respell(t *testing.T, set *policy.Set, names bool, literals map[string]bool) (changes int, changed []string) {
	want := e.statuses(t, set, e.lines)
	for round := 0; ; round++ {
		lines, made := slices.Clone(e.lines), map[string]string{}
		for i, line := range e.lines {
			if !strings.HasPrefix(line, `{"asset"`) {
				continue
			}
			doc := decodeLine(t, line)
			a := doc["asset"].(map[string]any)
			s, ok := catalog.Schema(asset.Type(a["type"].(string)))
			if !ok {
				continue
			}
			if all := spellings(s.Config, a["config"], names, literals, "config", nil); round < len(all) {
				all[round].apply(round)
				made[strings.ToLower(a["id"].(string))] = fmt.Sprintf("%s %s", a["type"], all[round].what)
				lines[i] = encodeLine(t, doc)
			}
		}
		if len(made) == 0 {
			return changes, changed
		}
		changes += len(made)
		got := e.statuses(t, set, lines)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if want[key] != got[key] {
				what := "?"
				for id, m := range made {
					if strings.HasSuffix(key, " "+id) {
						what = m
					}
				}
				changed = append(changed, fmt.Sprintf("%s: %s: %s became %s", what, key, want[key], got[key]))
			}
		}
	}
}

// Azure takes names of properties and values of enumerations in any case, and so must
// every policy.
func TestVerdictsOfAzureDoNotDependOnCase(t *testing.T) {
	set, err := policy.Load(&policy.Options{Now: organization.Now, NoEvidence: true}, packs.Azure())
	require.NoError(t, err)
	literals := literalsOf(t, packs.Azure())
	estates := []*estate{organizationOf(t, "azure")}
	dir := fixtures.Dir(t, "..", "cases", "other")
	files, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	require.NoError(t, err)
	for _, name := range files {
		if filepath.Base(name) == "expected.ndjson" {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		if e := readEstate(t, bytes.NewReader(text), "azure", !slices.Contains(absentInFile, filepath.Base(name))); len(e.lines) > 0 {
			estates = append(estates, e)
		}
	}
	for what, least := range map[string]int{"names of properties": 315, "values of enumerations": 232} {
		t.Run(what, func(t *testing.T) {
			total := 0
			for _, e := range estates {
				changes, changed := e.respell(t, set, what == "names of properties", literals)
				assert.Empty(t, changed, strings.Join(changed, "\n"))
				total += changes
			}
			assert.GreaterOrEqual(t, total, least)
			t.Logf("%d %s", total, what)
		})
	}
}

// organizationOf returns the lines of the example organization about a cloud.
func organizationOf(t *testing.T, cloud string) *estate {
	f, err := os.Open(filepath.Join("..", "..", "internal", "organization", "organization.ndjson.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	return readEstate(t, z, cloud, false)
}

// absentFields returns the fields of a document that are not there, and could be null as well.
func absentFields(s *asset.Shape, v any, at asset.Path) (all []respelling) {
	if s == nil {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		for _, f := range s.Fields {
			x, there := v[f.Name]
			if there {
				all = append(all, absentFields(f.Shape, x, at.Key(f.Name))...)
				continue
			}
			all = append(all, respelling{string(at.Key(f.Name)), func(int) { v[f.Name] = nil }})
		}
	case []any:
		for i := range v {
			all = append(all, absentFields(s.Elem, v[i], at.Index(i))...)
		}
	}
	return all
}

// Null is absent at any depth: sources write settings that are not there in either way.
func TestVerdictsDoNotDependOnNull(t *testing.T) {
	set, err := policy.Load(&policy.Options{Now: organization.Now, NoEvidence: true}, packs.AWS(), packs.Azure(), packs.GCP())
	require.NoError(t, err)
	for _, cloud := range []string{"aws", "azure", "gcp"} {
		e := organizationOf(t, cloud)
		want := e.statuses(t, set, e.lines)
		total := 0
		lines := slices.Clone(e.lines)
		for i, line := range e.lines {
			if !strings.HasPrefix(line, `{"asset"`) {
				continue
			}
			doc := decodeLine(t, line)
			a := doc["asset"].(map[string]any)
			s, ok := catalog.Schema(asset.Type(a["type"].(string)))
			if !ok || unreadIn(doc) {
				continue
			}
			all := absentFields(s.Config, a["config"], "config")
			for _, null := range all {
				null.apply(0)
			}
			total += len(all)
			lines[i] = encodeLine(t, doc)
		}
		assert.Greater(t, total, 2202)
		got := e.statuses(t, set, lines)
		for key, status := range want {
			assert.Equal(t, status, got[key], key)
		}
		assert.Len(t, got, len(want))
	}
}

// unreadIn reports whether parts of the asset of a line are unread, whose fields are not
// absent.
func unreadIn(doc map[string]any) bool { return doc["unread"] != nil }

func decodeLine(t *testing.T, line string) (doc map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	require.NoError(t, d.Decode(&doc))
	return doc
}

// encodeLine writes the members in the order of their names: the asset is first.
func encodeLine(t *testing.T, doc map[string]any) string {
	t.Helper()
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	require.NoError(t, out.Encode(doc))
	return strings.TrimSpace(b.String())
}

// notFolded are the strings in policies of Azure that are no documented values: what
// they are.
var notFolded = map[string]string{
	"ON": "brought to lower case first", "on": "brought to lower case first",
	"TLSv1.2": "brought to lower case first", "TLSv1.3": "brought to lower case first",
	"securedbyperimeter": "brought to lower case first",
	"any":                "a protocol that a function names", "tcp": "a protocol that a function names", "udp": "a protocol that a function names",
	"diagnoses": "a relation", "monitors": "a relation", "parent": "a relation", "tenant": "a relation",
	"live": "an origin", "template": "an origin",
	"action": "a part of an operation", "read": "a part of an operation", "write": "a part of an operation",
	"not configured":                "for a message",
	"appservices":                   "a name of a plan, brought to lower case first",
	"arm":                           "a name of a plan, brought to lower case first",
	"containers":                    "a name of a plan, brought to lower case first",
	"cosmosdbs":                     "a name of a plan, brought to lower case first",
	"keyvaults":                     "a name of a plan, brought to lower case first",
	"opensourcerelationaldatabases": "a name of a plan, brought to lower case first",
	"sqlservers":                    "a name of a plan, brought to lower case first",
	"sqlservervirtualmachines":      "a name of a plan, brought to lower case first",
	"storageaccounts":               "a name of a plan, brought to lower case first",
	"virtualmachines":               "a name of a plan, brought to lower case first",
}

// What policies compare with is documented in the catalogue, or is not folded for a
// reason.
func TestPoliciesOfAzureCompareWithDocumentedValues(t *testing.T) {
	documented := map[string]bool{}
	seen := map[*asset.Shape]bool{}
	var walk func(s *asset.Shape)
	walk = func(s *asset.Shape) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for _, v := range s.Enum {
			documented[v] = true
		}
		walk(s.Elem)
		for _, f := range s.Fields {
			walk(f.Shape)
		}
	}
	for typ := range catalog.Types() {
		if typ.Provider() == "azure" {
			s, _ := catalog.Schema(typ)
			walk(s.Config)
			walk(s.Status)
		}
	}
	used := map[string]bool{}
	for text := range literalsOf(t, packs.Azure()) {
		_, known := notFolded[text]
		used[text] = known
		assert.True(t, documented[text] || known, "%q is no documented value", text)
	}
	for text := range notFolded {
		assert.True(t, used[text], "no policy has %q", text)
	}
}
