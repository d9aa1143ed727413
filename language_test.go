package stance_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// phrases are those that CONTRIBUTING.md replaces, with what to write.
var phrases = []struct{ pattern, instead string }{
	{`\btold\b`, "visible to, reported, known from"},
	{`\b(nobody )?asked for\b`, "requested"},
	{`\bin vain\b`, "not retryable"},
	{`\ball the same\b`, "nothing, or still"},
	{`\ba second time\b`, "duplicate"},
	{`\bis there for\b`, "supports, implements"},
	{`\b(of|by) which it\b`, "a sentence of its own"},
	{`\bmany goroutines at once\b`, "concurrent use"},
	{`\bwho looks\b`, "caller, user, reader"},
	{`\bmisspelt\b`, "misspelled"},
	{`\borganisation`, "organization"},
	{`\bbehaviour`, "behavior"},
	{`\blicence\b`, "license"},
	{`\bcolour`, "color"},
}

// kept are names in data that keep their spelling: ids that the list of verdicts has.
var kept = map[string]string{filepath.Join("internal", "organization", "generate", "aws.go"): "organisation"}

// TestLanguage refuses the phrases in comments, strings, policies and pages.
func TestLanguage(t *testing.T) {
	var all []*regexp.Regexp
	for _, p := range phrases {
		all = append(all, regexp.MustCompile("(?i)"+p.pattern))
	}
	check := func(place, text string) {
		for i, p := range all {
			if m := p.FindString(text); m != "" && kept[strings.SplitN(place, ":", 2)[0]] != m {
				t.Errorf("%s: %q: write %s", place, m, phrases[i].instead)
			}
		}
	}
	files := 0
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case name == "language_test.go", name == "CONTRIBUTING.md", name == "CHANGELOG.md":
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".md", ".yaml":
		default:
			return nil
		}
		files++
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		if filepath.Ext(name) != ".go" {
			for i, line := range strings.Split(string(source), "\n") {
				check(fmt.Sprintf("%s:%d", name, i+1), line)
			}
			return nil
		}
		fset := token.NewFileSet()
		file := fset.AddFile(name, -1, len(source))
		var s scanner.Scanner
		s.Init(file, source, nil, scanner.ScanComments)
		for {
			pos, tok, text := s.Scan()
			switch tok {
			case token.EOF:
				return nil
			case token.COMMENT, token.STRING:
				check(fset.Position(pos).String(), strings.Join(strings.Fields(text), " "))
			}
		}
	}))
	require.Greater(t, files, 100)
}
