package secret_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/fixtures"
)

var corpusFile = flag.String("corpus", "", "a file to which TestMeasure writes the corpora, a sample a line, for other scanners")

// reviewedText lists the strings of the fixtures that do hold a secret, by hash.
//
//go:embed testdata/reviewed.txt
var reviewedText string

// Of what is redacted at least 0.95 is a secret, and of the secrets at least 0.98 are
// redacted: in generated values of each kind with near misses, and in the strings of the
// fixtures.
func TestMeasure(t *testing.T) {
	samples := append(generated(), recorded(t)...)
	if *corpusFile != "" {
		writeCorpus(t, *corpusFile, samples)
	}
	type figures struct{ found, missed, wrong, right int }
	by := map[string]*figures{}
	var all figures
	for _, s := range samples {
		if by[s.Kind] == nil {
			by[s.Kind] = &figures{}
		}
		for _, f := range []*figures{by[s.Kind], &all} {
			switch redacted := isRedacted(t, s); {
			case s.Secret && redacted:
				f.found++
			case s.Secret:
				f.missed++
			case redacted:
				f.wrong++
			default:
				f.right++
			}
		}
		if isRedacted(t, s) != s.Secret {
			t.Logf("%s: %q: %.200q is taken for secret = %t", s.Kind, s.Name, s.Text, !s.Secret)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		f := by[kind]
		if f.found+f.missed > 0 {
			assert.GreaterOrEqual(t, float64(f.found)/float64(f.found+f.missed), 0.9, "recall of %s", kind)
		}
	}
	precision := float64(all.found) / float64(all.found+all.wrong)
	recall := float64(all.found) / float64(all.found+all.missed)
	t.Logf("%d secrets, %d other strings: precision %.4f, recall %.4f (%d found, %d missed, %d wrong)",
		all.found+all.missed, all.wrong+all.right, precision, recall, all.found, all.missed, all.wrong)
	assert.GreaterOrEqual(t, precision, 0.95)
	assert.GreaterOrEqual(t, recall, 0.98)
}

// isRedacted reports whether the product redacts a sample in a document; user data lies
// under a secret path, so there a detector has to name it.
func isRedacted(t *testing.T, s sample) bool {
	if s.Name == "UserData" {
		return len(secret.Detect(s.Text)) > 0
	}
	a := &asset.Asset{Config: value(t, map[string]string{s.Name: s.Text})}
	require.NoError(t, (&secret.Redactor{}).Redact(a))
	_, ok := a.Config.Get(s.Name).Redacted()
	return ok
}

// recorded returns each string of the fixtures once, with the name it stands under: what
// is JSON by leaf, other texts by line.
func recorded(t *testing.T) []sample {
	reviewed := map[string]bool{}
	for line := range strings.Lines(reviewedText) {
		reviewed[strings.TrimSpace(line)] = true
	}
	seen := map[[2]string]bool{}
	var all []sample
	one := func(name, text string) {
		if key := [2]string{name, text}; !seen[key] && text != "" {
			seen[key] = true
			all = append(all, sample{"fixture", name, text, reviewed[hashOf(name, text)]})
		}
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case string:
			if !strings.Contains(v, "\n") {
				one(name, v)
				return
			}
			for line := range strings.Lines(v) {
				one("", line)
			}
		case []any:
			for _, x := range v {
				walk(name, x)
			}
		case map[string]any:
			for k, x := range v {
				one("", k)
				walk(k, x)
			}
		}
	}
	dir := fixtures.Dir(t)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			r, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				return err
			}
			if b, err = io.ReadAll(r); err != nil {
				return err
			}
		}
		if strings.Contains(filepath.Base(path), ".json") || strings.Contains(filepath.Base(path), ".ndjson") {
			decoder := json.NewDecoder(bytes.NewReader(b))
			for {
				var v any
				if err := decoder.Decode(&v); err == nil {
					walk("", v)
					continue
				} else if err == io.EOF {
					return nil
				}
				break // not JSON after all
			}
		}
		for line := range strings.Lines(string(b)) {
			one("", line)
		}
		return nil
	}))
	return all
}

func hashOf(name, text string) string {
	h := sha256.Sum256([]byte(name + "\x00" + text))
	return hex.EncodeToString(h[:8])
}

func writeCorpus(t *testing.T, path string, samples []sample) {
	var b bytes.Buffer
	for _, s := range samples {
		line, err := json.Marshal(s)
		require.NoError(t, err)
		fmt.Fprintf(&b, "%s\n", line)
	}
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
}
