package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

func TestInterruptedRead(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	from, to := io.Pipe() // a read of it blocks until it is written to or closed
	defer to.Close()
	r := &interruptible{ctx: ctx, from: from}
	go func() { _, _ = to.Write([]byte("hello")) }()
	got := make([]byte, 3)
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	assert.Equal(t, "hel", string(got))
	gone := errors.New("interrupted")
	go cancel(gone)
	_, err = io.ReadAll(r)
	require.ErrorIs(t, err, gone)
}

func TestReadToTheEnd(t *testing.T) {
	text := strings.Repeat("0123456789", 20_000)
	got, err := io.ReadAll(&interruptible{ctx: t.Context(), from: strings.NewReader(text)})
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
}

// findings returns a finding of each status about assets, and one about coverage.
func findings(end error) iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		p := &policy.Policy{ID: "p", Title: "P", Severity: policy.Medium}
		for i, status := range []policy.Status{policy.Pass, policy.Fail} {
			a := &asset.Asset{Ref: asset.Ref{Type: "T", ID: string(rune('a' + i))}}
			if !yield(policy.Finding{Policy: p, Subject: policy.AssetSubject{Asset: a}, Status: status}, nil) {
				return
			}
		}
		if end != nil {
			yield(policy.Finding{}, end)
		}
	}
}

func TestFailingSinkLosesNoFinding(t *testing.T) {
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone")
	require.NoError(t, os.Mkdir(gone, 0o755))
	o := &Output{format: "json", all: true, files: paths{
		"json=" + filepath.Join(gone, "f"), "csv=" + filepath.Join(dir, "kept.csv"),
	}}
	all, err := o.open()
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(gone))
	var out bytes.Buffer
	err = all.write(&out, findings(nil), &report.Options{All: true})
	require.ErrorContains(t, err, "-out json=")
	assert.Equal(t, 2, strings.Count(out.String(), "\n"), "the standard output has both")
	kept, err := os.ReadFile(filepath.Join(dir, "kept.csv"))
	require.NoError(t, err)
	assert.Equal(t, 3, strings.Count(string(kept), "\n"), "a head and both")
	left, err := filepath.Glob(filepath.Join(dir, ".stance-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestCutOffFindingsMakeNoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.csv")
	o := &Output{format: "json", files: paths{"csv=" + file}}
	all, err := o.open()
	require.NoError(t, err)
	cut := errors.New("cut off")
	require.ErrorIs(t, all.write(io.Discard, findings(cut), &report.Options{}), cut)
	assert.NoFileExists(t, file)
}

func TestOutputsAreCheckedFirst(t *testing.T) {
	for name, o := range map[string]*Output{
		"format":    {format: "xml"},
		"no file":   {format: "json", files: paths{"csv"}},
		"no format": {format: "json", files: paths{"xml=f"}},
		"no folder": {format: "json", files: paths{"csv=" + filepath.Join(t.TempDir(), "no", "f")}},
		"no hub":    {format: "asff"},
	} {
		_, err := o.open()
		require.Error(t, err, name)
	}
}

func TestExitCode(t *testing.T) {
	medium := &policy.Policy{ID: "p", Severity: policy.Medium}
	of := func(status policy.Status) policy.Finding {
		return policy.Finding{Policy: medium, Subject: policy.AssetSubject{Asset: &asset.Asset{}}, Status: status}
	}
	accepted := of(policy.Fail)
	accepted.Exception = &policy.Exception{}
	set, err := policy.NewSet(nil)
	require.NoError(t, err)
	partial := policy.Finding{Policy: medium, Subject: policy.CoverageSubject{Type: "AWS::Glue::Job"}, Status: policy.Unknown}
	for name, tt := range map[string]struct {
		output   Output
		findings []policy.Finding
		want     int
	}{
		"nothing":                     {Output{}, nil, Trouble},
		"nothing, and none fails":     {Output{failOn: severity{none}}, nil, Trouble},
		"only coverage":               {Output{}, []policy.Finding{partial}, Trouble},
		"pass":                        {Output{}, []policy.Finding{of(policy.Pass)}, Clean},
		"does not apply":              {Output{}, []policy.Finding{of(policy.NotApplicable)}, Clean},
		"fail":                        {Output{}, []policy.Finding{of(policy.Fail)}, Found},
		"unknown":                     {Output{}, []policy.Finding{of(policy.Unknown)}, Found},
		"accepted":                    {Output{}, []policy.Finding{accepted}, Clean},
		"below the severity":          {Output{failOn: severity{policy.High}}, []policy.Finding{of(policy.Fail)}, Clean},
		"none":                        {Output{failOn: severity{none}}, []policy.Finding{of(policy.Fail)}, Clean},
		"incomplete coverage":         {Output{}, []policy.Finding{of(policy.Pass), partial}, Found},
		"incomplete coverage allowed": {Output{allowPartial: []string{"AWS::Glue::Job"}}, []policy.Finding{of(policy.Pass), partial}, Clean},
	} {
		t.Run(name, func(t *testing.T) {
			seq := func(yield func(policy.Finding, error) bool) {
				for _, f := range tt.findings {
					if !yield(f, nil) {
						return
					}
				}
			}
			tt.output.format = "json"
			all, err := tt.output.open()
			require.NoError(t, err)
			code, err := tt.output.report(all, IO{Out: io.Discard, Err: io.Discard}, seq, source{at: organization.Now(), inv: &asset.Inventory{}, set: set})
			assert.Equal(t, tt.want, code)
			assert.Equal(t, tt.want == Trouble, err != nil)
		})
	}
}

func TestDispatch(t *testing.T) {
	ran := ""
	command := func(name string) *Command {
		return &Command{Name: name, Summary: "Do " + name, Run: func(_ context.Context, _ IO, args []string) (int, error) {
			ran = name + strings.Join(args, ",")
			return Found, nil
		}}
	}
	for _, tt := range []struct {
		args []string
		code int
		ran  string
		errs string
	}{
		{nil, Trouble, "", "usage: prog COMMAND"},
		{[]string{"help"}, Clean, "", "Do one"},
		{[]string{"-h"}, Clean, "", "Do two"},
		{[]string{"help", "one"}, Clean, "", "usage: prog one"},
		{[]string{"three"}, Trouble, "", `prog: unknown command "three" (has one, two)`},
		{[]string{"one", "a", "b"}, Found, "onea,b", ""},
		{[]string{"one", "-x"}, Trouble, "", "not defined"},
	} {
		ran = ""
		var errs bytes.Buffer
		code := Dispatch(t.Context(), "prog", IO{Out: io.Discard, Err: &errs}, tt.args, command("one"), command("two"))
		assert.Equal(t, tt.code, code, tt.args)
		assert.Equal(t, tt.ran, ran)
		assert.Contains(t, errs.String(), tt.errs)
	}
}
