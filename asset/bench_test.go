package asset_test

import (
	"encoding/json"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestCorpusIsLikeAssets(t *testing.T) {
	total, least, most := 0, 1<<30, 0
	for _, doc := range corpus(t) {
		total, least, most = total+len(doc), min(least, len(doc)), max(most, len(doc))
	}
	assert.InDelta(t, 3600, total/10, 400, "mean")
	assert.InDelta(t, 350, least, 150)
	assert.InDelta(t, 11000, most, 1500)
}

func TestValueSize(t *testing.T) {
	text, block := 0, 0
	for _, doc := range corpus(t) {
		v, err := asset.Parse(doc)
		require.NoError(t, err)
		text, block = text+len(doc), block+asset.BlockLen(v)+int(unsafe.Sizeof(v))
	}
	ratio := float64(block) / float64(text)
	t.Logf("%.3f times the compact JSON", ratio)
	assert.Less(t, ratio, 1.4)
}

func BenchmarkParse(b *testing.B) {
	docs, size := corpus(b), 0
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

func BenchmarkRedact(b *testing.B) {
	var assets []*asset.Asset
	size := 0
	for _, doc := range corpus(b) {
		assets = append(assets, &asset.Asset{Config: parse(b, string(doc))})
		size += len(doc)
	}
	var r asset.Redactor
	b.ReportAllocs()
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, a := range assets {
			if err := r.Redact(a); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkDiffOfNothing(b *testing.B) {
	var old, new asset.Inventory
	size := 0
	for i, doc := range corpus(b) {
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
