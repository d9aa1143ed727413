package expr_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The place of a diagnostic is a part of the source, or none.
func TestPlacesOfDiagnostics(t *testing.T) {
	b := loose(t)
	for source, want := range map[string]int{
		"config.any.exists(., 1)":      -1, // the parser gives the variable no place
		"config.any.exists(.,0000":     -1,
		"config.any.exists(v.w, true)": 19,
		"config.s == 'a' && asse":      19,
		"config.s ==\n'a' &&\nunknown": 19,
		"'é' == asse":                  8,
		"config.any.exists(":           18,
	} {
		_, problems := b.scope.Compile(source, nil)
		require.NotEmpty(t, problems, source)
		assert.Equal(t, want, problems[0].Offset, "%s: %v", source, problems)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("config.any.exists(., 1)")
	f.Add("config.?o.?ls.orValue([])\n.all(v, v.startsWith('é') && asse\x00)")
	f.Add("ip('10.0.0.1').famly() == 4 || '\xff' == config.s")
	for _, seed := range seeds(10) {
		s := newSource(seed)
		f.Add(s.condition([]string{"config"}, s.n(5)))
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, source string) {
		_, problems := b.scope.Compile(source, nil)
		for _, p := range problems {
			assert.GreaterOrEqual(t, p.Offset, -1, p.Message)
			if utf8.ValidString(source) {
				assert.LessOrEqual(t, p.Offset, len(source), p.Message)
			}
			assert.LessOrEqual(t, strings.Count(p.Snippet, "\n"), 1)
		}
	})
}
