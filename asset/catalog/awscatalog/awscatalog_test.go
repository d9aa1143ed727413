package awscatalog

import (
	"testing"

	"github.com/openstance/stance/asset/catalog/internal/store"
)

// BenchmarkFirst makes the index and reads one type of the largest service, as the
// first look of a program does.
func BenchmarkFirst(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := store.New(store.Source{Published: published, Own: own, Group: group})
		if _, ok := s.Schema("AWS::EC2::Instance"); !ok {
			b.Fatal("no schema")
		}
	}
}

func BenchmarkAgain(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Schema("AWS::EC2::Instance"); !ok {
			b.Fatal("no schema")
		}
	}
}

func BenchmarkAll(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := store.New(store.Source{Published: published, Own: own, Group: group})
		for t := range s.Types() {
			s.Schema(t)
		}
	}
}
