package packs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// open holds the cases that do not get the verdict that they want, by the reason. A case
// that gets it must not be here.
var open = map[string][]string{
	"on purpose: see internal/docs/verdicts.md": {
		"mo25.ndjson az-storage-no-cross-tenant-replication st25",
		"gc17.ndjson gcp-subnet-flow-logs s17",
	},
}

// openOfEngine are those of the engine.
var openOfEngine = []string{}

// casesNow is the instant of cases that name none.
var casesNow = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// TestCases judges the small cases whose right verdict the documentation of the cloud
// settles: policies of the packs over snapshots.
func TestCases(t *testing.T) {
	dir := fixtures.Dir(t, "..", "cases")
	used := map[string]bool{}
	t.Run("aws", func(t *testing.T) {
		inventories := map[string]*asset.Inventory{}
		for c := range lines[struct{ File, Policy, ID, Want string }](t, filepath.Join(dir, "aws", "expected.ndjson")) {
			inv, ok := inventories[c.File]
			if !ok {
				inv = readCase(t, filepath.Join(dir, "aws", c.File))
				inventories[c.File] = inv
			}
			key := c.File + " " + c.Policy + " " + c.ID
			t.Run(key, func(t *testing.T) {
				set := casePolicies(t, c.Policy, nil, casesNow)
				got := verdictOf(t, set, inv, func(r asset.Ref, _ string) bool { return r.ID == c.ID })
				check(t, used, key, c.Want, got)
			})
		}
	})
	t.Run("other", func(t *testing.T) {
		inventories := map[string]*asset.Inventory{}
		for c := range lines[struct{ File, Kind, Policy, Asset, Want, Why string }](t, filepath.Join(dir, "other", "expected.ndjson")) {
			inv, ok := inventories[c.File]
			if !ok {
				inv = readCase(t, filepath.Join(dir, "other", c.File))
				inventories[c.File] = inv
			}
			key := c.File + " " + c.Policy + " " + c.Asset
			t.Run(key, func(t *testing.T) {
				set := casePolicies(t, c.Policy, nil, casesNow)
				got := verdictOf(t, set, inv, func(r asset.Ref, name string) bool {
					return name == c.Asset || strings.HasPrefix(name, c.Asset+"/") || strings.HasSuffix(r.ID, "/"+strings.ToLower(c.Asset)) || strings.HasSuffix(r.ID, "/"+c.Asset) || r.ID == c.Asset
				})
				check(t, used, key, c.Want, got)
			})
		}
	})
	t.Run("azure-gcp", func(t *testing.T) {
		type line struct {
			ID, Policy, Want, Subject string
			Params                    map[string]any
			Now                       *time.Time
			Lines                     []json.RawMessage
		}
		for c := range lines[line](t, filepath.Join(dir, "azure-gcp.ndjson")) {
			t.Run(c.ID, func(t *testing.T) {
				now := casesNow
				if c.Now != nil {
					now = *c.Now
				}
				set := casePolicies(t, c.Policy, c.Params, now)
				got := verdictOf(t, set, composeCase(t, c.ID, c.Lines), func(r asset.Ref, _ string) bool { return strings.EqualFold(r.ID, c.Subject) })
				check(t, used, c.ID, c.Want, got)
			})
		}
	})
	for _, keys := range open {
		for _, key := range keys {
			assert.True(t, used[key], "no case %q", key)
		}
	}
}

// TestCasesOfTheEngine judges small policies, each over a snapshot of its own.
func TestCasesOfTheEngine(t *testing.T) {
	dir := fixtures.Dir(t, "..", "cases", "engine")
	type line struct {
		Dir, Kind, Why string
		Want           json.RawMessage
	}
	for c := range lines[line](t, filepath.Join(dir, "expected.ndjson")) {
		t.Run(c.Dir+" "+c.Kind, func(t *testing.T) {
			from := filepath.Join(dir, c.Dir)
			set, loadErr := policy.Load(&policy.Options{Dynamic: []asset.Type{"Acme::Thing"}}, os.DirFS(from))
			inv, readErr := provider.Collect(t.Context(), provider.Query{}, snapshot.File(filepath.Join(from, "snapshot.ndjson"), nil))
			stays := slices.Contains(openOfEngine, c.Dir)
			var problem string
			var want [][2]string
			if json.Unmarshal(c.Want, &problem) == nil {
				switch problem {
				case "load error":
					require.NoError(t, readErr)
					assert.Equal(t, stays, loadErr == nil, "%v", loadErr)
				case "read error":
					require.NoError(t, loadErr)
					assert.Equal(t, stays, readErr == nil, "%v", readErr)
				default:
					t.Fatalf("unknown expectation %q", problem)
				}
				return
			}
			require.NoError(t, json.Unmarshal(c.Want, &want))
			require.NoError(t, errors.Join(loadErr, readErr))
			var got [][2]string
			for f, err := range set.Evaluate(t.Context(), inv) {
				require.NoError(t, err)
				if f.Asset() != nil {
					got = append(got, [2]string{f.Asset().Name, f.Status.String()})
				}
			}
			if stays {
				assert.NotEqual(t, want, got, "no longer open")
			} else {
				assert.Equal(t, want, got, c.Why)
			}
		})
	}
}

// check compares a verdict with the one that is right.
func check(t *testing.T, used map[string]bool, key, want, got string) {
	t.Helper()
	used[key] = true
	for _, keys := range open {
		if slices.Contains(keys, key) {
			assert.NotEqual(t, want, got, "no longer open")
			return
		}
	}
	assert.Equal(t, want, got)
}

// casePolicies returns a set with one policy of the packs.
func casePolicies(t *testing.T, id string, params map[string]any, now time.Time) *policy.Set {
	t.Helper()
	all, err := readPacks()
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(p *policy.Policy) bool { return p.ID == id })
	require.GreaterOrEqual(t, i, 0, "no policy %s", id)
	o := &policy.Overlay{}
	if len(params) > 0 {
		o.Params = map[string]map[string]any{id: params}
	}
	set, err := policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{o}, NoEvidence: true, Parallel: 1, Now: func() time.Time { return now }}, all[i])
	require.NoError(t, err)
	return set
}

// readPacks reads the policies of all packs, once.
var readPacks = sync.OnceValues(func() ([]*policy.Policy, error) {
	return policy.Read(packs.AWS(), packs.Azure(), packs.GCP())
})

// verdictOf returns the status of the finding about the asset that is meant, or about a
// gap in what belongs to it.
func verdictOf(t *testing.T, set *policy.Set, inv *asset.Inventory, meant func(r asset.Ref, name string) bool) string {
	t.Helper()
	got := none
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		switch s := f.Subject.(type) {
		case policy.AssetSubject:
			if !meant(s.Asset.Ref, s.Asset.Name) {
				continue
			}
		case policy.GapSubject:
			if s.Gap.Of.IsZero() || !meant(s.Gap.Of, "") {
				continue
			}
		default:
			continue
		}
		t.Log(f.Subject.Ref(), f.Status, f.Message, f.Err)
		if got == none || got == policy.NotApplicable.String() || f.Status == policy.Fail {
			got = f.Status.String()
		}
	}
	return got
}

// readCase reads the snapshot of a case.
func readCase(t *testing.T, name string) *asset.Inventory {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	head, rest, _ := strings.Cut(string(text), "\n")
	if !slices.Contains(absentInFile, filepath.Base(name)) {
		rest = caseDefaults + rest
	}
	inv, err := provider.Collect(t.Context(), provider.Query{}, snapshot.Bytes([]byte(head+"\n"+rest), nil))
	require.NoError(t, err)
	return inv
}

// caseDefaults states what the lines of cases omit, except those that are about its absence.
const caseDefaults = `{"defaults":{"parents":[],"links":[],"access":null}}` + "\n"

// absentInFile are the snapshots of cases that are about the absence of parents, links and
// access policies, and absentInName are parts of the names of such cases.
var (
	absentInFile = []string{"mo23.ndjson", "mo25.ndjson"}
	absentInName = []string{"no parents: ", "no link to ", "is not among the links"}
)

// composeCase reads lines of a snapshot, and those that stand for complete coverage.
func composeCase(t *testing.T, id string, all []json.RawMessage) *asset.Inventory {
	t.Helper()
	var text bytes.Buffer
	text.WriteString(`{"stance":"snapshot","version":1}` + "\n")
	if !slices.ContainsFunc(absentInName, func(part string) bool { return strings.Contains(id, part) }) {
		text.WriteString(caseDefaults)
	}
	var counts struct{ assets, gaps, coverage int }
	for _, raw := range all {
		var line struct {
			Asset, Gap, Coverage json.RawMessage
			Complete             []string
			But                  []asset.Type
		}
		require.NoError(t, json.Unmarshal(raw, &line))
		switch {
		case line.Asset != nil:
			counts.assets++
		case line.Gap != nil:
			counts.gaps++
		case line.Coverage != nil:
			counts.coverage++
		case len(line.Complete) == 2:
			but := map[asset.Type]bool{}
			for _, typ := range line.But {
				but[typ] = true
			}
			for typ := range catalog.Types() {
				if s, _ := catalog.Schema(typ); s.Provider == line.Complete[0] && !but[typ] {
					fmt.Fprintf(&text, `{"coverage":{"provider":%q,"account":%q,"type":%q,"state":"complete"}}`+"\n", line.Complete[0], line.Complete[1], typ)
					counts.coverage++
				}
			}
			continue
		default:
			t.Fatalf("unknown line %s", raw)
		}
		text.Write(raw)
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, `{"end":{"assets":%d,"gaps":%d,"coverage":%d}}`+"\n", counts.assets, counts.gaps, counts.coverage)
	inv, err := provider.Collect(t.Context(), provider.Query{}, snapshot.Bytes(text.Bytes(), nil))
	require.NoError(t, err)
	return inv
}

// lines yields the lines of a file of JSON objects.
func lines[T any](t *testing.T, name string) func(yield func(T) bool) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(data))
	return func(yield func(T) bool) {
		for d.More() {
			var x T
			require.NoError(t, d.Decode(&x))
			if !yield(x) {
				return
			}
		}
	}
}
