package asset_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/corpus"
)

func TestCorpusIsLikeAssets(t *testing.T) {
	total, least, most := 0, 1<<30, 0
	for _, doc := range corpus.Documents() {
		total, least, most = total+len(doc), min(least, len(doc)), max(most, len(doc))
	}
	assert.InDelta(t, 3600, total/10, 400, "mean")
	assert.InDelta(t, 350, least, 150)
	assert.InDelta(t, 11000, most, 1500)
}

func TestValueSize(t *testing.T) {
	text, block := 0, 0
	for _, doc := range corpus.Documents() {
		v, err := asset.Parse(doc)
		require.NoError(t, err)
		text, block = text+len(doc), block+asset.BlockLen(v)+int(unsafe.Sizeof(v))
	}
	ratio := float64(block) / float64(text)
	t.Logf("%.3f times the compact JSON", ratio)
	assert.Less(t, ratio, 0.95)
}

// Objects in a list take 4 bytes each, 8 bytes a member, and the texts of their values,
// however the document was made.
func TestLikeObjectsShareTheirKeys(t *testing.T) {
	rules := func(n int) asset.Value {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"CidrIp":"10.0.0.0/%d","Port":"%d"}`, 10+i%20, 1000+i))
		}
		return parse(t, `{"Rules":[`+strings.Join(all, ",")+`],"Other":1}`)
	}
	const texts = len("10.0.0.0/10") + len("1000")
	for name, made := range map[string]func(asset.Value) (asset.Value, error){
		"parsed": func(v asset.Value) (asset.Value, error) { return v, nil },
		"of": func(v asset.Value) (asset.Value, error) {
			var x any
			require.NoError(t, v.Decode(&x))
			return asset.Of(x)
		},
		"copied":    func(v asset.Value) (asset.Value, error) { return v.MarkDefault(), nil },
		"set":       func(v asset.Value) (asset.Value, error) { return v.Set("Rules[*].Port", parse(t, `"9999"`)) },
		"projected": func(v asset.Value) (asset.Value, error) { return v.Project("Rules[*].CidrIp", "Rules[*].Port") },
		"marked":    func(v asset.Value) (asset.Value, error) { return v.WithMarks(v.MarkDefault().Marks()) },
	} {
		few, err := made(rules(2))
		require.NoError(t, err, name)
		many, err := made(rules(102))
		require.NoError(t, err, name)
		assert.Equal(t, 100*(4+2*8+texts), asset.BlockLen(many)-asset.BlockLen(few), name)
	}
}

func BenchmarkParse(b *testing.B) {
	docs, size := corpus.Documents(), 0
	for _, doc := range docs {
		size += len(doc)
	}
	b.Run("asset", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(size))
		for b.Loop() {
			for _, doc := range docs {
				if _, err := asset.Parse(doc); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("encoding_json", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(size))
		for b.Loop() {
			for _, doc := range docs {
				var m map[string]any
				if err := json.Unmarshal(doc, &m); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkDiffOfNothing(b *testing.B) {
	var old, new asset.Inventory
	size := 0
	for i, doc := range corpus.Documents() {
		for _, inv := range []*asset.Inventory{&old, &new} {
			inv.Add(&asset.Asset{Ref: asset.Ref{Type: "T", ID: string(rune('a' + i))}, Config: parse(b, string(doc))})
		}
		size += len(doc)
	}
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		for c := range asset.Diff(&old, &new) {
			b.Fatal(c)
		}
	}
}
