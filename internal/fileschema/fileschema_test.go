package fileschema_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/internal/fileschema"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/packs"
)

// compiled returns a schema as a validator takes it.
func compiled(t *testing.T, kind string) *gojsonschema.Schema {
	t.Helper()
	text, err := fileschema.Schema(kind)
	require.NoError(t, err)
	s, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(text))
	require.NoError(t, err)
	return s
}

// problems validates a document of YAML or JSON.
func problems(t *testing.T, s *gojsonschema.Schema, source []byte) []string {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal(source, &v))
	text, err := json.Marshal(v)
	require.NoError(t, err)
	r, err := s.Validate(gojsonschema.NewBytesLoader(text))
	require.NoError(t, err)
	var all []string
	for _, e := range r.Errors() {
		all = append(all, e.String())
	}
	return all
}

// valid validates every file of a pack.
func valid(t *testing.T, kind string, fsys fs.FS) {
	t.Helper()
	s := compiled(t, kind)
	files := 0
	require.NoError(t, fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".yaml" {
			return err
		}
		files++
		source, err := fs.ReadFile(fsys, name)
		require.NoError(t, err)
		assert.Empty(t, problems(t, s, source), name)
		return nil
	}))
	assert.Positive(t, files)
}

func TestPolicies(t *testing.T) {
	for _, pack := range []fs.FS{packs.AWS(), packs.Azure(), packs.GCP(), os.DirFS("../../examples/mypack/policies")} {
		valid(t, "policy", pack)
	}
}

func TestStandards(t *testing.T) {
	valid(t, "standard", compliance.CIS())
	valid(t, "standard", os.DirFS("../../examples/compliance/standards"))
}

func TestOverlays(t *testing.T) {
	source, err := os.ReadFile("../../examples/mypack/site.yaml")
	require.NoError(t, err)
	assert.Empty(t, problems(t, compiled(t, "overlay"), source))
}

func TestSnapshots(t *testing.T) {
	f, err := os.Open("../organization/organization.ndjson.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	s := compiled(t, "snapshot")
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		if n++; n > 1 && n%7 != 0 { // a seventh of them has every kind
			continue
		}
		r, err := s.Validate(gojsonschema.NewBytesLoader(bytes.Clone(lines.Bytes())))
		require.NoError(t, err)
		assert.Empty(t, r.Errors(), "line %d", n)
	}
	require.NoError(t, lines.Err())
	assert.Greater(t, n, 1000)
}

const valid1 = "id: a\ntitle: T\nseverity: low\n"

func TestMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ kind, file string }{
		"misspelled key":        {"policy", valid1 + "type: T\nrequire: 'true'\nrequires: x\n"},
		"severity":              {"policy", "id: a\ntitle: T\nseverity: bad\ntype: T\nrequire: 'true'\n"},
		"no requirement":        {"policy", valid1 + "type: T\n"},
		"status of a case":      {"policy", valid1 + "type: T\nrequire: 'true'\ntests: [{name: n, want: passed}]\n"},
		"key of a case":         {"policy", valid1 + "type: T\nrequire: 'true'\ntests: [{name: n, want: pass, confg: {}}]\n"},
		"type of a parameter":   {"policy", valid1 + "type: T\nrequire: 'true'\nparams: {p: {type: integer, default: 1}}\n"},
		"exception for nothing": {"overlay", "exceptions: [{owner: o, reason: r, until: 2027-01-01}]\n"},
		"key of an overlay":     {"overlay", "severities: {}\n"},
		"level":                 {"standard", "id: s\nname: S\nrequirements: [{id: r, title: R, sections: [{id: x, title: X, level: 12}]}]\n"},
		"member of an asset":    {"snapshot", `{"asset":{"type":"T","id":"i","provider":"p","acess":{}}}`},
		"state":                 {"snapshot", `{"coverage":{"provider":"p","type":"T","state":"done"}}`},
		"reason":                {"snapshot", `{"gap":{"provider":"p","type":"T","reason":"no"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, problems(t, compiled(t, tt.kind), []byte(tt.file)))
		})
	}
	_, err := fileschema.Schema("pack")
	require.ErrorContains(t, err, `unknown kind of file "pack" (has overlay, policy, snapshot, standard)`)
}

// TestKeys compares the keys of the schemas with those that the readers take: a reader
// lists its keys when it refuses one.
func TestKeys(t *testing.T) {
	policyKeys := func(file string) string {
		_, err := policy.Read(fstest.MapFS{"p.yaml": {Data: []byte(file)}})
		require.Error(t, err)
		return err.Error()
	}
	overlayKeys := func(file string) string {
		_, err := policy.ReadOverlay(fstest.MapFS{"o.yaml": {Data: []byte(file)}}, "o.yaml")
		require.Error(t, err)
		return err.Error()
	}
	standardKeys := func(file string) string {
		_, err := compliance.Load(fstest.MapFS{"s.yaml": {Data: []byte(file)}})
		require.Error(t, err)
		return err.Error()
	}
	for name, tt := range map[string]struct {
		kind string
		at   []string // steps into the schema
		file string   // with the unknown key QQQQQQQQ
		read func(string) string
	}{
		"policy":      {"policy", nil, "QQQQQQQQ: 1\n", policyKeys},
		"check":       {"policy", []string{"checks", "items"}, valid1 + "checks: [{QQQQQQQQ: 1}]\n", policyKeys},
		"claim":       {"policy", []string{"checks", "items", "claims", "items"}, valid1 + "checks: [{claims: [{QQQQQQQQ: 1}]}]\n", policyKeys},
		"parameter":   {"policy", []string{"params", "additionalProperties"}, valid1 + "params: {p: {QQQQQQQQ: 1}}\n", policyKeys},
		"remediation": {"policy", []string{"remediation"}, valid1 + "remediation: {QQQQQQQQ: 1}\n", policyKeys},
		"case":        {"policy", []string{"tests", "items"}, valid1 + "type: T\nrequire: 'true'\ntests: [{QQQQQQQQ: 1}]\n", policyKeys},
		"asset":       {"policy", []string{"tests", "items", "asset"}, valid1 + "type: T\nrequire: 'true'\ntests: [{asset: {QQQQQQQQ: 1}}]\n", policyKeys},
		"related":     {"policy", []string{"tests", "items", "related", "items"}, valid1 + "type: T\nrequire: 'true'\ntests: [{related: [{QQQQQQQQ: 1}]}]\n", policyKeys},
		"gap":         {"policy", []string{"tests", "items", "gaps", "items"}, valid1 + "type: T\nrequire: 'true'\ntests: [{gaps: [{QQQQQQQQ: 1}]}]\n", policyKeys},
		"coverage":    {"policy", []string{"tests", "items", "coverage", "items"}, valid1 + "type: T\nrequire: 'true'\ntests: [{coverage: [{QQQQQQQQ: 1}]}]\n", policyKeys},
		"overlay":     {"overlay", nil, "QQQQQQQQ: 1\n", overlayKeys},
		"selector":    {"overlay", []string{"only", "items"}, "only: [{QQQQQQQQ: 1}]\n", overlayKeys},
		"exception":   {"overlay", []string{"exceptions", "items"}, "exceptions: [{QQQQQQQQ: 1}]\n", overlayKeys},
		"standard":    {"standard", nil, "QQQQQQQQ: 1\n", standardKeys},
		"requirement": {"standard", []string{"requirements", "items"}, "requirements: [{QQQQQQQQ: 1}]\n", standardKeys},
		"section":     {"standard", []string{"requirements", "items", "sections", "items"}, "requirements: [{sections: [{QQQQQQQQ: 1}]}]\n", standardKeys},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := fileschema.Schema(tt.kind)
			require.NoError(t, err)
			var s map[string]any
			require.NoError(t, json.Unmarshal(text, &s))
			for _, step := range tt.at {
				if next, ok := s[step].(map[string]any); ok {
					s = next
				} else {
					s = s["properties"].(map[string]any)[step].(map[string]any)
				}
			}
			var keys []string
			for k := range s["properties"].(map[string]any) {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			assert.Contains(t, tt.read(tt.file), `unknown key "QQQQQQQQ" (has `+strings.Join(keys, ", ")+")")
		})
	}
}
