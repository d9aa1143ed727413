package expr_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// checkReads evaluates a random expression over all of a document and over only
// what it says it reads, which must come to the same.
func checkReads(t *testing.T, b *bench, data []byte) (compiled bool) {
	s := newSource(data)
	g := &generator{source: s, vars: map[string]kind{}}
	text := g.expr(kindsOfResults[s.n(len(kindsOfResults))], 1+s.n(4))
	x, problems := b.scope.Compile(text, nil)
	if problems != nil {
		return false
	}
	var within []asset.Path
	read, value := x.Reads(nil)
	for _, p := range append(read, value...) {
		name, rest := p.Path.Document()
		require.Equal(t, "config", name, text)
		within = append(within, rest)
	}
	for range 4 {
		raw := s.value(b.schema.Config, 0)
		doc, _ := obscure(s, raw, thingNames, document(t, raw))
		part, err := doc.Project(within...)
		require.NoError(t, err)
		want, got := b.eval(expr.NewMachine(expr.Limits{}), x, doc), b.eval(expr.NewMachine(expr.Limits{}), x, part)
		wantValue, ok := settled(want)
		gotValue, gotOK := settled(got)
		require.Equal(t, want.Err == nil, got.Err == nil, "%s\nreads %v\n%v of %s\n%v of %s", text, within, want.Err, doc, got.Err, part)
		if want.Err == nil && ok {
			require.True(t, gotOK && gotValue.Equal(wantValue), "%s\nreads %v\n%s of %s\n%s of %s, %v", text, within, wantValue, doc, gotValue, part, got.Unread)
		}
	}
	return true
}

func TestReadsAreEnough(t *testing.T) {
	b, n, compiled := newBench(t), 600, 0
	for _, seed := range seeds(n) {
		if checkReads(t, b, seed) {
			compiled++
		}
	}
	assert.Greater(t, compiled, n*8/10)
}

func FuzzReadsAreEnough(f *testing.F) {
	for _, seed := range seeds(20) {
		f.Add(seed)
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkReads(t, b, data) })
}
