package secret_test

import (
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/corpus"
)

func BenchmarkRedact(b *testing.B) {
	var assets []*asset.Asset
	size := 0
	for _, doc := range corpus.Documents() {
		assets = append(assets, &asset.Asset{Config: parse(b, string(doc))})
		size += len(doc)
	}
	var r secret.Redactor
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
