package policy_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// limitsPack returns a pack of one policy whose lines after the head are given.
func limitsPack(lines string) fs.FS {
	return fstest.MapFS{"p.yaml": {Data: []byte("id: p\ntitle: T\nseverity: low\n" + lines)}}
}

func TestLimitsOfPolicyFiles(t *testing.T) {
	var lets, checks, params, types, long strings.Builder
	for i := range 101 {
		fmt.Fprintf(&lets, "  v%d: 'true'\n", i)
		fmt.Fprintf(&checks, "  - {type: Test::T%d, require: 'true'}\n", i)
		fmt.Fprintf(&params, "  p%d: {type: bool, default: true}\n", i)
	}
	for i := range 201 {
		fmt.Fprintf(&types, "Test::T%d, ", i)
	}
	for i := range 150 {
		fmt.Fprintf(&long, "Test::T%d, ", i)
	}
	for name, tt := range map[string]struct{ lines, want string }{
		"variables": {"type: Test::T\nrequire: 'true'\nlet:\n" + lets.String(), "101 variables, more than 100"},
		"checks":    {"checks:\n" + checks.String(), "101 checks, more than 100"},
		"params":    {"type: Test::T\nrequire: 'true'\nparams:\n" + params.String(), "101 parameters, more than 100"},
		"types":     {"type: [" + types.String() + "]\nrequire: 'true'\n", "201 types, more than 200"},
		"product": {"type: [" + long.String() + "]\nrequire: \"true" + strings.Repeat(" ", 8000) + "\"\n",
			"1200600 bytes of expressions to compile for the types of the checks, more than 1048576"},
	} {
		_, err := policy.Load(nil, limitsPack(tt.lines))
		assert.ErrorContains(t, err, tt.want, name)
	}
}

// diagnostics returns all problems in an error.
func diagnostics(err error) []*policy.Diagnostic {
	var all []*policy.Diagnostic
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, diagnostics(e)...)
		}
	}
	if d, ok := err.(*policy.Diagnostic); ok {
		all = append(all, d)
	}
	return all
}

func TestDiagnosticsAreBounded(t *testing.T) {
	for name, lines := range map[string]string{
		"keys":        "type: AWS::S3::Bucket\nrequire: 'true'\n" + strings.Repeat("a: 1\n", 300),
		"expressions": "type: AWS::S3::Bucket\nrequire: \"" + strings.Repeat("nothing.x && ", 300) + "true\"\n",
		"types":       "type: [" + strings.Repeat("AWS::S3::Buckets, ", 150) + "]\nrequire: nothing\n",
	} {
		_, err := policy.Load(nil, limitsPack(lines))
		require.Error(t, err, name)
		found := diagnostics(err)
		assert.LessOrEqual(t, len(found), 101, name)
		for _, d := range found {
			assert.LessOrEqual(t, utf8.RuneCountInString(d.What), 600, name)
			for line := range strings.SplitSeq(d.Snippet, "\n") {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 201, name)
			}
		}
	}
}

// A snippet of a long line shows the place of the problem.
func TestSnippetOfALongLine(t *testing.T) {
	_, err := policy.Load(nil, limitsPack("type: AWS::S3::Bucket\nrequire: \""+strings.Repeat("true && ", 200)+"nothing && "+strings.Repeat("true && ", 200)+"true\"\n"))
	found := diagnostics(err)
	require.Len(t, found, 1)
	source, caret, ok := strings.Cut(found[0].Snippet, "\n")
	require.True(t, ok)
	assert.Len(t, source, 200)
	assert.True(t, strings.HasPrefix(source[len(caret)-1:], "nothing"))
}

func TestDiagnosticsAreEscaped(t *testing.T) {
	d := &policy.Diagnostic{File: "a\x1b[2Jb", Line: 1, Column: 2, What: "key \"\u202e\"", Snippet: "\x07x\n::error::y"}
	assert.Equal(t, "a\\u001b[2Jb:1:2: key \"\\u202e\"\n    \\u0007x\n    \\u003a:error::y", d.Error())
	_, err := policy.Load(nil, limitsPack("type: AWS::S3::Bucket\nrequire: \"'\\e[2J' == nothing\"\n"))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestOnlyRegularFilesOfAPack(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.yaml")
	require.NoError(t, os.WriteFile(secret, []byte("id: outside\n"), 0o600))
	if err := os.Symlink(secret, filepath.Join(dir, "link.yaml")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	_, err = policy.Read(root.FS())
	assert.ErrorContains(t, err, "link.yaml")
	assert.NotContains(t, err.Error(), "outside")

	_, err = policy.Read(fstest.MapFS{"pipe.yaml": {Mode: fs.ModeNamedPipe, Data: []byte("id: p\n")}})
	assert.ErrorContains(t, err, "pipe.yaml:1:1: not a regular file")
	_, err = policy.ReadOverlay(fstest.MapFS{"pipe.yaml": {Mode: fs.ModeNamedPipe}}, "pipe.yaml")
	assert.ErrorContains(t, err, "not a regular file")
}

// Past its budget an evaluation is unknown, which the error says with the policy; the
// other findings are as without it.
func TestBudget(t *testing.T) {
	config, err := asset.Of(map[string]any{"Tags": []any{map[string]any{"Key": "a", "Value": strings.Repeat("x", 100)}}})
	require.NoError(t, err)
	inv := &asset.Inventory{}
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "Test::T", ID: "t"}, Config: config})
	check := func(require string) []policy.Check {
		return []policy.Check{{Types: []asset.Type{"Test::T"}, Require: require}}
	}
	policies := []*policy.Policy{
		{ID: "loop", Title: "Loop", Severity: policy.Low, Checks: check("lists.range(500).all(i, lists.range(10).all(j, i + j >= 0))")},
		{ID: "values", Title: "Values", Severity: policy.Low, Checks: check("lists.range(50).map(i, config.Tags[0].Value + '!').size() == 50")},
		{ID: "fine", Title: "Fine", Severity: policy.Low, Checks: check("config.Tags.exists(t, t.Key == 'a')")},
	}
	evaluate := func(b policy.Budget) map[string]policy.Finding {
		set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{"Test::T"}, Budget: b}, policies...)
		require.NoError(t, err)
		found := map[string]policy.Finding{}
		for f, err := range set.Evaluate(context.Background(), inv) {
			require.NoError(t, err)
			if f.Subject.Kind() == policy.OfAsset {
				found[f.Policy.ID] = f
			}
		}
		return found
	}
	for _, f := range evaluate(policy.Budget{}) {
		assert.Equal(t, policy.Pass, f.Status, f.Policy.ID)
	}
	found := evaluate(policy.Budget{Operations: 2000})
	assert.Equal(t, policy.Unknown, found["loop"].Status)
	assert.EqualError(t, found["loop"].Err, "policy loop: expression given up: more than 2000 operations")
	assert.Equal(t, "Loop (policy loop: expression given up: more than 2000 operations)", found["loop"].Message)
	assert.Equal(t, policy.Pass, found["values"].Status)
	assert.Equal(t, policy.Pass, found["fine"].Status)

	found = evaluate(policy.Budget{Bytes: 4000})
	assert.EqualError(t, found["values"].Err, "policy values: expression given up: values of more than 4000 bytes")
	assert.Equal(t, policy.Pass, found["fine"].Status)
}
