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
	for _, pass := range []string{"first", "second"} {
		b.Run(pass, func(b *testing.B) {
			var r secret.Redactor
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				for _, a := range assets {
					one := a
					if pass == "first" {
						one = new(asset.Asset)
						*one = *a
					}
					if err := r.Redact(one); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
