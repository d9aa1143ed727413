package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// posture runs the program.
func posture(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), cli.IO{In: strings.NewReader(in), Out: &o, Err: &e}, args)
	return code, o.String(), e.String()
}

func TestTable(t *testing.T) {
	code, out, errs := posture(t, "")
	assert.Equal(t, 1, code)
	assert.Empty(t, errs)
	golden := filepath.Join("testdata", "table.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(out), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	if out != string(want) {
		t.Errorf("the output is another than in %s; go test ./examples/posture -update rewrites it", golden)
	}
}

// finding is the form of a finding in JSON, whose names are a promise.
type finding struct {
	Policy, Severity, Status, Provider, Account, Region, Type, ID, Name, Message, Error *string
	Evidence                                                                            *[]map[string]any
}

func findings(t *testing.T, out string) []finding {
	t.Helper()
	var all []finding
	for line := range strings.Lines(out) {
		var f finding
		require.NoError(t, json.Unmarshal([]byte(line), &f), line)
		for _, p := range []*string{f.Policy, f.Severity, f.Status, f.Provider, f.Account, f.Region, f.Type, f.ID, f.Name, f.Message, f.Error} {
			require.NotNil(t, p, "a promised name is missing: %s", line)
		}
		require.NotNil(t, f.Evidence)
		all = append(all, f)
	}
	return all
}

func TestJSON(t *testing.T) {
	code, out, _ := posture(t, "", "-format", "json", "-all")
	assert.Equal(t, 1, code)
	count := map[string]int{}
	providers, policies := map[string]bool{}, map[string]bool{}
	for _, f := range findings(t, out) {
		count[*f.Status]++
		providers[*f.Provider] = true
		policies[*f.Policy] = true
		if *f.Status == "unknown" {
			assert.NotEmpty(t, *f.Error, "%s of %s does not say why", *f.Policy, *f.ID)
		}
	}
	assert.Len(t, providers, 3)
	assert.GreaterOrEqual(t, len(policies), 25)
	for _, status := range []string{"pass", "fail", "unknown", "not_applicable"} {
		assert.Positive(t, count[status], status)
	}
	_, again, _ := posture(t, "", "-format", "json", "-all")
	assert.Equal(t, out, again, "the same input gives the same output")
	assert.NotContains(t, out, "correct-horse-battery", "a secret of the organization")
}

func TestOtherForms(t *testing.T) {
	_, out, _ := posture(t, "", "-format", "junit")
	assert.True(t, strings.HasPrefix(out, "<?xml"))
	_, out, _ = posture(t, "", "-format", "sarif")
	assert.True(t, json.Valid([]byte(out)))
}

func TestSeverities(t *testing.T) {
	_, out, _ := posture(t, "", "-format", "json", "-min-severity", "critical")
	for _, f := range findings(t, out) {
		assert.Equal(t, "critical", *f.Severity)
	}
	code, _, _ := posture(t, "", "-fail-on", "none")
	assert.Equal(t, 0, code)
}

func TestExplain(t *testing.T) {
	_, out, _ := posture(t, "", "-format", "json")
	all := findings(t, out)
	for _, f := range all {
		if *f.Status != "fail" || *f.ID == "" {
			continue
		}
		code, text, errs := posture(t, "", "-explain", *f.Policy, *f.ID)
		require.Equal(t, 0, code, errs)
		assert.Contains(t, text, "FAIL")
		assert.Contains(t, text, *f.Policy)
		return
	}
	t.Fatal("nothing fails")
}

const header = `{"stance":"snapshot","version":1}` + "\n"

func TestStandardInput(t *testing.T) {
	snapshot := header +
		`{"coverage":{"provider":"azure","account":"s1","type":"Microsoft.Storage/storageAccounts","state":"complete"}}` + "\n" +
		`{"asset":{"type":"Microsoft.Storage/storageAccounts","id":"/subscriptions/s1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/open","provider":"azure","account":"s1","name":"open","config":{"properties":{}}}}` + "\n" +
		`{"end":{"assets":1,"gaps":0,"coverage":1}}` + "\n"
	code, out, errs := posture(t, snapshot, "-snapshot", "-", "-format", "json")
	assert.Equal(t, 1, code, errs)
	assert.Contains(t, out, `"policy":"az-storage-default-network-deny","severity":"high","status":"fail"`)
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	file("empty/readme.txt", "no policies")
	file("broken/a.yaml", "id: a\ntitle: A\nseverity: high\ntype: AWS::S3::Bucket\nrequire: config.PublicAccesBlockConfiguration.BlockPublicAcls\n")
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no such file", []string{"-snapshot", filepath.Join(dir, "nothing")}, "no such file"},
		{"not a snapshot", []string{"-snapshot", file("text", "hello\n")}, "text:1: "},
		{"cut off", []string{"-snapshot", file("cut", header+`{"asset":{"type":"AWS::S3::Buc`)}, "cut:2: "},
		{"no closing line", []string{"-snapshot", file("open", header)}, "end"},
		{"misspelled member", []string{"-snapshot", file("typo", header+`{"asset":{"type":"T","id":"i","provider":"p","acess":{}}}`+"\n")}, "acess"},
		{"format", []string{"-format", "xml"}, "want one of table, html"},
		{"severity", []string{"-fail-on", "worst"}, "worst"},
		{"no such packs", []string{"-packs", filepath.Join(dir, "none")}, "none"},
		{"packs is a file", []string{"-packs", file("f", "")}, "not a directory"},
		{"no policies", []string{"-packs", filepath.Join(dir, "empty")}, "no policies"},
		{"misspelled field", []string{"-packs", filepath.Join(dir, "broken")}, "a.yaml:5:16: undefined field 'PublicAccesBlockConfiguration'"},
		{"explain without an asset", []string{"-explain", "x"}, "asset"},
		{"explain no such policy", []string{"-explain", "x", "y"}, `unknown policy "x"`},
		{"explain no such asset", []string{"-explain", "az-storage-default-network-deny", "y"}, `"y"`},
		{"argument", []string{"y"}, `"y"`},
		{"no such role", []string{"-role", "oracle"}, "oracle"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := posture(t, "", tt.args...)
			assert.Equal(t, 2, code)
			assert.Empty(t, out)
			assert.Contains(t, errs, tt.want)
		})
	}
}

func TestRole(t *testing.T) {
	code, out, errs := posture(t, "", "-role", "aws")
	require.Equal(t, 0, code, errs)
	assert.Contains(t, out, "s3:GetBucketPolicy")
	assert.NotContains(t, out, "s3:GetObject\"")
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	assert.Equal(t, 2, run(ctx, cli.IO{In: strings.NewReader(""), Out: &out, Err: &errs}, nil))
	assert.Contains(t, errs.String(), "canceled")
}

func TestNoCloudSDK(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the go command")
	}
	out, err := goList(t, "-deps", ".")
	require.NoError(t, err)
	for _, sdk := range []string{"github.com/aws/", "github.com/Azure/", "cloud.google.com/", "google.golang.org/api"} {
		assert.NotContains(t, out, sdk)
	}
}

func goList(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	return string(out), err
}
