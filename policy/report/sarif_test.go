package report_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"net/url"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

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
	pkg, err := build.Import(reflect.TypeFor[sarif.Report]().PkgPath(), ".", build.FindOnly)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, "schema.go"), nil, 0)
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
