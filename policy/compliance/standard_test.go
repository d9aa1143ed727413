package compliance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

func cis(t testing.TB) []*compliance.Standard {
	t.Helper()
	all, err := compliance.Load(compliance.CIS())
	require.NoError(t, err)
	return all
}

func TestCIS(t *testing.T) {
	var ids []string
	for _, s := range cis(t) {
		ids = append(ids, s.ID)
		for _, x := range s.Sections() {
			words := len(strings.Fields(x.Title))
			assert.True(t, words >= 3 && words <= 8, "%s: a title is short: %s", s.Control(x), x.Title)
			assert.Contains(t, []int{1, 2}, x.Level, s.Control(x))
		}
	}
	assert.Equal(t, []string{
		"cis-aws-3.0", "cis-aws-5.0", "cis-aws-7.0", "cis-azure-3.0", "cis-azure-4.0", "cis-azure-5.0", "cis-azure-6.0",
		"cis-gcp-3.0", "cis-gcp-4.0", "cis-gcp-5.0",
	}, ids)
}

// Every section of each benchmark is there, with its number, level and mode, and in
// other words than the benchmark's.
func TestCISFacts(t *testing.T) {
	b, err := os.ReadFile(fixtures.Dir(t, "compliance", "cis-sections.ndjson"))
	require.NoError(t, err)
	type fact struct{ Standard, Number, Title, Profile, Assessment string }
	facts := map[string]fact{}
	for line := range strings.Lines(string(b)) {
		var f fact
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		c := f.Standard + "/" + f.Number
		if _, twice := facts[c]; twice {
			// The source has lost the zero of one number: 1.1 is there twice, and 1.10,
			// between 1.9 and 1.11, is not.
			require.Equal(t, "cis-aws-5.0/1.1", c)
			c = "cis-aws-5.0/1.10"
		}
		facts[c] = f
	}
	n, known := 0, map[string]bool{}
	for _, s := range cis(t) {
		known[s.ID] = true
		for q, x := range s.Sections() {
			c := s.Control(x)
			f, ok := facts[c]
			if !assert.True(t, ok, "%s is not in the benchmark", c) {
				continue
			}
			n++
			assert.Equal(t, f.Profile, fmt.Sprint("Level ", x.Level), c)
			assert.Equal(t, f.Assessment == "Manual", x.Manual, c)
			assert.True(t, strings.HasPrefix(x.ID, q.ID+"."), "%s is in chapter %s", c, q.ID)
			assert.NotContains(t, letters(f.Title), letters(x.Title), "%s has the benchmark's words", c)
		}
	}
	want := 0
	for _, f := range facts {
		if known[f.Standard] {
			want++
		}
	}
	assert.Equal(t, want, n, "sections are missing")
}

var noLetters = regexp.MustCompile(`[^a-z0-9]+`)

func letters(s string) string { return noLetters.ReplaceAllString(strings.ToLower(s), "") }

const guideline = `
id: acme-2026
name: Acme guideline
requirements:
  - id: A
    title: Storage
    sections:
      - {id: A.1, title: Buckets are private, level: 1, policies: [bucket]}
      - {id: 1.10, title: Owners are named, manual: true}
`

func TestLoad(t *testing.T) {
	all, err := compliance.Load(fstest.MapFS{"g.yaml": {Data: []byte(guideline)}, "README.md": {Data: []byte("no")}})
	require.NoError(t, err)
	assert.Equal(t, []*compliance.Standard{{
		ID: "acme-2026", Name: "Acme guideline", Requirements: []compliance.Requirement{{
			ID: "A", Title: "Storage", Sections: []compliance.Section{
				{ID: "A.1", Title: "Buckets are private", Level: 1, Policies: []string{"bucket"}},
				{ID: "1.10", Title: "Owners are named", Manual: true},
			},
		}},
	}}, all)
}

func TestLoadFaults(t *testing.T) {
	edit := func(old, new string) string {
		require.Contains(t, guideline, old)
		return strings.Replace(guideline, old, new, 1)
	}
	for _, c := range []struct{ name, file, want string }{
		{"unknown key", edit("name:", "nmae:"), `g.yaml:3:1: unknown key "nmae"`},
		{"missing key", edit("name: Acme guideline", ""), `g.yaml:2:1: missing key "name"`},
		{"key twice", edit("name:", "id: x\nname:"), `g.yaml:3:1: duplicate key "id"`},
		{"section twice", edit("1.10", "A.1"), `g.yaml:9:14: duplicate id "A.1"`},
		{"requirement twice", guideline + "  - {id: A, title: x, sections: [{id: z, title: z}]}\n", `g.yaml:10:10: duplicate id "A"`},
		{"policy twice", edit("[bucket]", "[bucket, bucket]"), `g.yaml:8:76: duplicate policy "bucket"`},
		{"form of an id", edit("acme-2026", "Acme 2026"), `g.yaml:2:5: invalid id "Acme 2026"`},
		{"slash in a section", edit("A.1", "A/1"), `g.yaml:8:14: invalid id "A/1"`},
		{"level", edit("level: 1", "level: one"), "g.yaml:8:54: want a level from 1 to 9"},
		{"mode", edit("manual: true", "manual: maybe"), "g.yaml:9:53: want true or false"},
		{"no text", edit("Acme guideline", "[]"), "g.yaml:3:7: want a string"},
		{"null", edit("Acme guideline", "~"), "g.yaml:3:7: want a string"},
		{"no text where an alias leads", edit("name: Acme guideline", "name: &x []\nprovider: *x"), "g.yaml:3:7: want a string"},
		{"no list", edit("[bucket]", "bucket"), "g.yaml:8:67: want a list"},
		{"no sections", edit("    sections:", "    sections: []\nx:"), "g.yaml:5:5: missing sections"},
		{"no requirements", "id: x\nname: x\nrequirements: []\n", "g.yaml:1:1: missing requirements"},
		{"not a mapping", "- x\n", "g.yaml:1:1: want a mapping"},
		{"empty", "", "g.yaml:1:1: file is empty"},
		{"second document", guideline + "---\nid: x\n", "g.yaml:10:1: more than one document in the file"},
		{"syntax", "id: [\n", "g.yaml:"},
		{"too large", strings.Repeat("#", policy.MaxFile+1), "g.yaml:1:1: file of 1048577 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := compliance.Load(fstest.MapFS{"g.yaml": {Data: []byte(c.file)}})
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, all)
			var problem *policy.Diagnostic
			assert.ErrorAs(t, err, &problem)
		})
	}
}

func TestLoadTwice(t *testing.T) {
	g := fstest.MapFS{"g.yaml": {Data: []byte(guideline)}}
	_, err := compliance.Load(g, g)
	assert.ErrorContains(t, err, `g.yaml:2:5: duplicate standard "acme-2026" (also in g.yaml)`)
}

func TestLoadOfNothing(t *testing.T) {
	all, err := compliance.Load(fstest.MapFS{"g.yaml": {Data: []byte(guideline)}}, fstest.MapFS{"readme.md": {}})
	assert.EqualError(t, err, "read standards: no standards: no file ends in .yaml or .yml")
	assert.Nil(t, all)
}

// All problems of all files are reported at once.
func TestLoadAllFaults(t *testing.T) {
	_, err := compliance.Load(fstest.MapFS{"a.yaml": {Data: []byte("id: x\nx: y\n")}, "b.yaml": {Data: []byte("- x")}})
	for _, want := range []string{`a.yaml:2:1: unknown key "x"`, `a.yaml:1:1: missing key "requirements"`, "b.yaml:1:1: want a mapping"} {
		assert.ErrorContains(t, err, want)
	}
}

// What Load accepts has the form that everything else relies on.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(guideline))
	f.Add([]byte("id: &a [*a]\n"))
	f.Add([]byte("{id: 1, name: 2, requirements: [{id: 1, title: 1, sections: [{id: 1, title: 1}]}]}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := compliance.Load(fstest.MapFS{"g.yaml": {Data: b}})
		if err != nil {
			assert.Nil(t, all)
			return
		}
		require.Len(t, all, 1)
		s := all[0]
		assert.NotEmpty(t, s.ID)
		assert.NotEmpty(t, s.Name)
		controls := map[string]bool{}
		for q, x := range s.Sections() {
			assert.NotEmpty(t, q.Title)
			assert.NotEmpty(t, x.Title)
			assert.False(t, controls[s.Control(x)])
			controls[s.Control(x)] = true
		}
		assert.NotEmpty(t, controls)
	})
}

func ExampleLoad() {
	// An organization's own guideline beside the benchmarks.
	own := fstest.MapFS{"acme.yaml": {Data: []byte(guideline)}}
	standards, err := compliance.Load(compliance.CIS(), own)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := standards[0]
	for q, x := range s.Sections() {
		fmt.Printf("%s: %s: %s\n", s.Control(x), q.Title, x.Title)
	}
	// Output:
	// acme-2026/A.1: Storage: Buckets are private
	// acme-2026/1.10: Storage: Owners are named
}
