package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// maxProblems bounds the problems that a Summary keeps.
const maxProblems = 100

// Summary describes what was read of a snapshot: the lines up to the end of the
// sequence, and the problems of the assets that the query requests. Problems do not
// end the sequence, unless [Options.Strict] is set.
type Summary struct {
	Assets, Gaps, Coverage int64 // lines

	// Duplicates are assets with the ref and the observers of an earlier one. All are
	// yielded.
	Duplicates int
	// Misfits are parts of documents that do not fit the schema of their type: see
	// [asset.Lint], which returns at most 100 for one asset.
	Misfits int
	// Unknown counts the assets of each type that has no schema.
	Unknown map[asset.Type]int
	// Problems are the first 100 of the duplicates and misfits, each with its line.
	Problems []*Error
}

// ErrDuplicate is the error, in an [*Error], of an asset with the ref and the observers of
// an earlier one.
var ErrDuplicate = errors.New("duplicate asset")

// inspector checks the assets of one sequence.
type inspector struct {
	Summary
	seed maphash.Seed
	seen map[uint64]bool // hashes of refs and observers
}

func newInspector() *inspector {
	return &inspector{seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
}

// inspect returns the problems of an asset. It is called before the asset is reduced to
// the requested parts.
func (in *inspector) inspect(a *asset.Asset, s *asset.Schema) []error {
	var problems []error
	if id := in.identity(a); in.seen[id] {
		in.Duplicates++
		problems = append(problems, fmt.Errorf("%w %s", ErrDuplicate, secret.Mask(a.Ref.String())))
	} else {
		in.seen[id] = true
	}
	if s == nil {
		if in.Unknown == nil {
			in.Unknown = map[asset.Type]int{}
		}
		if _, known := in.Unknown[a.Type]; known || len(in.Unknown) < maxTypes {
			in.Unknown[asset.Type(strings.Clone(string(a.Type)))]++
		}
	}
	for _, m := range asset.Lint(a, s) {
		in.Misfits++
		problems = append(problems, fmt.Errorf("asset %s: %s", a.Ref, m))
	}
	return problems
}

func (in *inspector) identity(a *asset.Asset) uint64 {
	var h maphash.Hash
	h.SetSeed(in.seed)
	part := func(s string) {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.WriteString(s)
	}
	part(string(a.Type))
	part(a.ID)
	for _, o := range a.Observers {
		part(o)
	}
	return h.Sum64()
}

// summary returns the summary of the lines so far.
func (in *inspector) summary(c counts) Summary {
	s := in.Summary
	s.Assets, s.Gaps, s.Coverage = c.assets, c.gaps, c.coverage
	s.Unknown = maps.Clone(s.Unknown)
	return s
}
