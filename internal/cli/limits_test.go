package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

func TestInventoryIsBounded(t *testing.T) {
	endless := func(yield func(asset.Observation, error) bool) {
		for i := 0; yield(&asset.Asset{Ref: asset.Ref{Type: "Test::T", ID: fmt.Sprint(i)}}, nil); i++ {
		}
	}
	inv, err := gather(context.Background(), endless, 10_000, IO{Err: io.Discard})
	require.ErrorIs(t, err, provider.ErrTooLarge)
	assert.ErrorContains(t, err, "more than 10000 bytes")
	assert.Nil(t, inv)
}

// Problems of which a snapshot has very many kinds are counted.
func TestLintOfManyKindsOfProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"stance":"snapshot","version":1}` + "\n")
	for i := range maxMisfits + 5 {
		fmt.Fprintf(&b, `{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::b%d","provider":"aws","config":{"Nothing%d":1}}}`+"\n", i, i)
	}
	fmt.Fprintf(&b, `{"end":{"assets":%d,"gaps":0,"coverage":0}}`+"\n", maxMisfits+5)
	name := filepath.Join(t.TempDir(), "s.ndjson")
	require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o600))
	found, err := lintSnapshot(context.Background(), name)
	require.NoError(t, err)
	assert.Len(t, found, maxMisfits+1)
	assert.Contains(t, found[maxMisfits], "5 further problems")
}

// A pack is read through os.Root: a link leads to nothing outside of it.
func TestPackHoldsLinksBack(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside.yaml")
	require.NoError(t, os.WriteFile(outside, []byte("id: outside\n"), 0o600))
	if err := os.Symlink(outside, filepath.Join(dir, "p.yaml")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	found, err := lint(context.Background(), IO{}, dir)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	assert.Contains(t, found[0], "p.yaml:1:1: ")
	assert.NotContains(t, strings.Join(found, "\n"), "id")
}
