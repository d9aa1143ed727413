package expr_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/expr"
)

var patterns = []struct{ pattern, subject string }{
	{"a", "banana"}, {"a*", "banana"}, {"", "abc"}, {"^b", "bbb"}, {"(?m)^b", "b\nb\nab"}, {`\bx`, "x xx x"}, {`\B`, "ab c"},
	{"(a)|(b)", "cabac"}, {"(?i)A", "aA"}, {"a+?", "aaa"}, {"$", "ab\n"}, {"(?m)$", "a\nb"}, {"é|漢", "é漢é"}, {".", "a\xffb"},
	{`\Qa.b`, "a.b a.b"}, {"(?s).+", "a\nb"}, {"x*y", "xxyxy"}, {"(?U)a+", "aaa"}, {"[^a]+", "bcabc"},
}

// The matches of a pattern are those of package regexp.
func TestFindAll(t *testing.T) {
	for _, tt := range patterns {
		got, err := expr.FindAll(tt.pattern, tt.subject)
		require.NoError(t, err, tt.pattern)
		assert.Equal(t, regexp.MustCompile(tt.pattern).FindAllStringSubmatchIndex(tt.subject, -1), got, "%q in %q", tt.pattern, tt.subject)
	}
}

func FuzzFindAll(f *testing.F) {
	for _, tt := range patterns {
		f.Add(tt.pattern, tt.subject)
	}
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		re, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > 50 || len(subject) > 200 {
			t.Skip()
		}
		got, err := expr.FindAll(pattern, subject)
		if err != nil {
			t.Skip() // a large program
		}
		require.Equal(t, re.FindAllStringSubmatchIndex(subject, -1), got, "%q in %q", pattern, subject)
	})
}

// The functions of patterns return what cel-go's return.
func TestPatternFunctions(t *testing.T) {
	plainEnv, err := cel.NewEnv(cel.OptionalTypes(), ext.Regex(), cel.Variable("s", cel.StringType), cel.Variable("p", cel.StringType), cel.Variable("r", cel.StringType))
	require.NoError(t, err)
	b := loose(t)
	for _, source := range []string{
		"s.matches(p)", "regex.extract(s, p).orValue('none')", "regex.extractAll(s, p)", "regex.replace(s, p, r)", "regex.replace(s, p, r, 1)", "regex.replace(s, p, r, 0)",
	} {
		plain, iss := plainEnv.Compile(source)
		require.NoError(t, iss.Err())
		program, err := plainEnv.Program(plain)
		require.NoError(t, err)
		x, problems := b.scope.Compile(strings.NewReplacer("(s", "(config.s", "s.m", "config.s.m", "p)", "config.p)", "p,", "config.p,", " r", " config.r").Replace(source), nil)
		require.Empty(t, problems)
		for _, tt := range patterns {
			for _, r := range []string{"x", "", `<\0>`, `\1`, `\\`, `\`, `\9`, `\x`} {
				if !strings.Contains(source, "r") {
					r = ""
				}
				in := map[string]any{"s": strings.ToValidUTF8(tt.subject, ""), "p": tt.pattern, "r": r}
				want, _, err := program.ContextEval(context.Background(), in)
				got := b.eval(expr.NewMachine(expr.Limits{}), x, document(t, in))
				if err != nil {
					assert.EqualError(t, got.Err, err.Error(), "%s %q", source, in)
					continue
				}
				require.NoError(t, got.Err, "%s %q", source, in)
				assert.Equal(t, expr.Text(want), expr.Text(got.Value), "%s %q", source, in)
			}
		}
	}
}

func TestLimitsOfPatterns(t *testing.T) {
	b := loose(t)
	for source, want := range map[string]string{
		"config.long.matches('a')":                       "string of more than 1048576 bytes matched against a pattern",
		"regex.extract(config.long, 'a').hasValue()":     "string of more than 1048576 bytes matched against a pattern",
		"regex.replace(config.long, 'a', 'b') == ''":     "string of more than 1048576 bytes matched against a pattern",
		"'a'.matches(config.program)":                    "regex program size",
		"regex.extractAll('a', config.program) == []":    "regex program size",
		"'a'.matches(config.long)":                       "pattern of 1048577 bytes",
		"config.long.matches('a') || config.long == 'a'": "string of more than 1048576 bytes matched against a pattern",
	} {
		x, problems := b.scope.Compile(source, cel.BoolType)
		require.Empty(t, problems, source)
		doc := document(t, map[string]any{"long": strings.Repeat("a", expr.MaxSubject+1), "program": "a{600}b{600}"})
		r := b.eval(expr.NewMachine(expr.Limits{}), x, doc)
		assert.Equal(t, expr.Unknown, r.Truth(), source)
		assert.ErrorContains(t, r.Err, want, source)
	}
	_, problems := b.scope.Compile("config.s.matches('a{600}b{600}')", cel.BoolType)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Message, "regex program size")
}
