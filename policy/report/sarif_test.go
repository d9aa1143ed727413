package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
)

func TestSARIFIsValid(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(sample(t)...), sampleOptions()))
	validSARIF(t, b.Bytes())
}

// validSARIF checks against the JSON schema of SARIF 2.1.0, which go-sarif carries in its
// sources, and reads strictly.
func validSARIF(t testing.TB, b []byte) *sarif.Report {
	t.Helper()
	schema, err := sarifSchema()
	require.NoError(t, err)
	result, err := schema.Validate(gojsonschema.NewBytesLoader(b))
	require.NoError(t, err)
	require.Empty(t, result.Errors())
	r, err := sarif.FromBytes(b, sarif.WithStrictValidation())
	require.NoError(t, err)
	return r
}

var sarifSchema = sync.OnceValues(func() (*gojsonschema.Schema, error) {
	// The go command knows its GOROOT, which a test that is built with -trimpath does not.
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", reflect.TypeFor[sarif.Report]().PkgPath()).Output()
	if err != nil {
		return nil, fmt.Errorf("find the sources of go-sarif: %w", err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	text := file.Scope.Lookup("schema").Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value
	if text, err = strconv.Unquote(text); err != nil {
		return nil, err
	}
	return gojsonschema.NewSchema(gojsonschema.NewStringLoader(text))
})

// By the standard a result of another kind than "fail" has the level "none" (3.27.10),
// and what a result refers to by its index is there (3.52.5).
func TestSARIFResults(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(sample(t)...), &report.Options{All: true}))
	run := validSARIF(t, b.Bytes()).Runs[0]
	kinds := map[string]int{}
	for _, r := range run.Results {
		kinds[r.Kind]++
		if r.Kind != "fail" {
			assert.Equal(t, "none", r.Level)
		} else {
			assert.NotEqual(t, "none", r.Level)
		}
		assert.Equal(t, *r.RuleID, *run.Tool.Driver.Rules[r.RuleIndex].ID)
	}
	assert.Equal(t, map[string]int{"fail": 4, "open": 3, "pass": 1, "notApplicable": 1}, kinds)
	assert.Len(t, run.Results[4].Suppressions, 1)
	assert.Empty(t, run.Results[8].Suppressions, "a finding about an exception is not accepted by it")
	assert.Equal(t, "deploy/storage%20account.json", *run.Results[6].Locations[0].PhysicalLocation.ArtifactLocation.URI)
	assert.True(t, *run.Invocations[0].ExecutionSuccessful)
	require.Len(t, run.Invocations[0].ToolExecutionNotifications, 4, "an error of evaluation, a gap, and two types with incomplete coverage")
}

// GitHub's documentation of its support of SARIF names these requirements.
func TestSARIFForGitHub(t *testing.T) {
	all := sample(t)
	many := *all[0].Policy
	for i := range 40 {
		many.Controls = append(many.Controls, fmt.Sprint("standard/", i))
	}
	all[0].Policy = &many
	for _, file := range []string{"", "/snapshots/../prod.ndjson", `C:\data\x.ndjson`} {
		var b bytes.Buffer
		require.NoError(t, report.SARIF(&b, seq(all...), &report.Options{All: true, SourceFile: file, Version: "v1.2.3"}))
		assert.NotContains(t, b.String(), ":-1", "a sentinel for what is not there")
		run := validSARIF(t, b.Bytes()).Runs[0]
		assert.Equal(t, "v1.2.3", *run.Tool.Driver.Version)
		for _, r := range run.Results {
			require.Len(t, r.Locations, 1)
			place := r.Locations[0].PhysicalLocation
			uri, err := url.Parse(*place.ArtifactLocation.URI)
			require.NoError(t, err)
			assert.False(t, uri.IsAbs() || strings.HasPrefix(uri.Path, "/") || strings.HasPrefix(uri.Path, ".."), uri)
			assert.Positive(t, *place.Region.StartLine)
			assert.Len(t, r.PartialFingerprints["primaryLocationLineHash"], 32)
		}
		assert.Equal(t, map[string]string{"": "policies/labels", "/snapshots/../prod.ndjson": "prod.ndjson", `C:\data\x.ndjson`: "data/x.ndjson"}[file],
			*run.Results[5].Locations[0].PhysicalLocation.ArtifactLocation.URI)
		for _, rule := range run.Tool.Driver.Rules {
			assert.NotEmpty(t, *rule.ShortDescription.Text)
			assert.NotEmpty(t, *rule.FullDescription.Text)
			assert.NotEmpty(t, *rule.Help.Text)
			assert.LessOrEqual(t, len(rule.Properties.Tags), 20)
		}
		assert.Len(t, run.Tool.Driver.Rules[0].Properties.Tags, 20)
	}
}

// GitHub takes 25,000 results in a run; more become several runs, each complete by itself.
func TestSARIFRuns(t *testing.T) {
	f := sample(t)[1]
	f.Evidence = nil
	for n, want := range map[int][]int{0: {0}, 25_000: {25_000}, 25_001: {25_000, 1}} {
		var b bytes.Buffer
		require.NoError(t, report.SARIF(&b, seq(slices.Repeat([]policy.Finding{f}, n)...), nil))
		var log struct {
			Runs []struct {
				AutomationDetails *struct{ ID string }
				Tool              struct {
					Driver struct{ Rules []struct{ ID string } }
				}
				Results     []struct{ RuleIndex int }
				Invocations []struct{ ExecutionSuccessful bool }
			}
		}
		require.NoError(t, json.Unmarshal(b.Bytes(), &log))
		require.Len(t, log.Runs, len(want))
		for i, run := range log.Runs {
			assert.Len(t, run.Results, want[i])
			assert.Equal(t, n > 0, run.Invocations[0].ExecutionSuccessful)
			assert.Len(t, run.Tool.Driver.Rules, min(n, 1))
			if len(want) > 1 {
				assert.Equal(t, fmt.Sprintf("stance/%d", i+1), run.AutomationDetails.ID)
			} else {
				assert.Nil(t, run.AutomationDetails)
			}
		}
	}
}

// The location of a live asset is its line in the snapshot that it was read from.
func TestSourceLine(t *testing.T) {
	f := sample(t)[1]
	o := &report.Options{SourceFile: "prod.ndjson", SourceLine: func(r asset.Ref) int {
		if r == f.Asset().Ref {
			return 7
		}
		return 0
	}}
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(f, sample(t)[4]), o))
	run := validSARIF(t, b.Bytes()).Runs[0]
	assert.Equal(t, 7, *run.Results[0].Locations[0].PhysicalLocation.Region.StartLine)
	assert.Equal(t, 1, *run.Results[1].Locations[0].PhysicalLocation.Region.StartLine)
	b.Reset()
	require.NoError(t, report.GitLab(&b, seq(f), o))
	assert.Contains(t, b.String(), `"location":{"path":"prod.ndjson","lines":{"begin":7}}`)
}

// The line of an asset whose id is masked is that of the id as it is.
func TestSourceLineOfMaskedID(t *testing.T) {
	f := sample(t)[1]
	named := *f.Asset()
	named.ID += "/" + plantedToken
	f.Subject = policy.AssetSubject{Asset: &named}
	o := &report.Options{SourceFile: "prod.ndjson", SourceLine: func(r asset.Ref) int { return map[asset.Ref]int{named.Ref: 7}[r] }}
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(f), o))
	assert.Equal(t, 7, *validSARIF(t, b.Bytes()).Runs[0].Results[0].Locations[0].PhysicalLocation.Region.StartLine)
	require.NoError(t, report.GitLab(&b, seq(f), o))
	assert.Contains(t, b.String(), `"location":{"path":"prod.ndjson","lines":{"begin":7}}`)
	assert.NotContains(t, b.String(), plantedToken)
}

func TestPolicyFileIsSARIFLocation(t *testing.T) {
	policies, err := policy.Read(packs.GCP())
	require.NoError(t, err)
	f := sample(t)[2]
	f.Policy = policies[0]
	require.NotEmpty(t, f.Policy.File())
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(f), &report.Options{All: true}))
	assert.Equal(t, f.Policy.File(), *validSARIF(t, b.Bytes()).Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI)
}
