package asset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"math"
	"slices"
	"strings"
)

// Digest is the SHA-256 of content. Equal digests stand for equal content.
type Digest [sha256.Size]byte

// String returns the digest as 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// digestVersion changes when the encoding below does, so that digests of two versions
// of this package never agree by accident.
const digestVersion = "stance asset 1"

// Digest returns a digest of the content of the asset, and reports whether every part
// of it was read. Two assets have unchanged content only if their digests
// are equal and both are complete: parts that were not read may differ.
//
// The digest covers ref, scope, name, tags, links, parents, incarnation, unread parts
// beside the documents, and the documents. Two values that are [Value.Equal] have one digest, with two exceptions: an
// unread part counts by its place and its [Reason] alone, and the order of links and of
// parents does not count. A redacted secret counts by its detectors and its hash; one
// without a hash may have changed unnoticed. The digest leaves out class, URL, origin,
// observers, and the times of creation and of observation.
func (a *Asset) Digest() (d Digest, complete bool) {
	w := digester{hash: sha256.New(), complete: true}
	w.strings(digestVersion, string(a.Type), a.ID, a.Provider, a.Account, a.Region, a.Name, a.Incarnation)
	w.count('t', len(a.Tags))
	for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
		w.strings(k, a.Tags[k])
	}
	w.count('k', len(a.Links))
	for _, l := range sorted(a.Links, func(x, y Link) int {
		if c := strings.Compare(x.Rel, y.Rel); c != 0 {
			return c
		}
		return x.To.Compare(y.To)
	}) {
		w.strings(l.Rel, string(l.To.Type), l.To.ID)
	}
	w.count('p', len(a.Parents))
	for _, r := range sorted(a.Parents, Ref.Compare) {
		w.strings(string(r.Type), r.ID)
	}
	if len(a.Unread) > 0 {
		w.complete = false
		w.count('q', len(a.Unread))
		for _, part := range slices.Sorted(maps.Keys(a.Unread)) {
			w.strings(part)
			w.number('u', uint64(a.Unread[part].Reason))
		}
	}
	for _, doc := range a.Documents() {
		w.value(*doc)
	}
	w.flush()
	w.hash.Sum(d[:0])
	return d, w.complete
}

// sorted returns the elements in order. It copies them only if they are not.
func sorted[T any](all []T, compare func(a, b T) int) []T {
	if slices.IsSortedFunc(all, compare) {
		return all
	}
	all = slices.Clone(all)
	slices.SortFunc(all, compare)
	return all
}

// digester writes into a hash through a small buffer. Each value begins with a letter
// for its kind, and each string and each count of parts with its length, so that no two
// values are written alike.
type digester struct {
	hash     hash.Hash
	buf      [512]byte
	used     int
	complete bool
}

func (w *digester) flush() {
	w.hash.Write(w.buf[:w.used])
	w.used = 0
}

// room makes sure that n bytes, at most those of the buffer, can be written.
func (w *digester) room(n int) {
	if len(w.buf)-w.used < n {
		w.flush()
	}
}

func (w *digester) byte(b byte) {
	w.room(1)
	w.buf[w.used] = b
	w.used++
}

func (w *digester) count(kind byte, n int) {
	w.number(kind, uint64(n))
}

func (w *digester) number(kind byte, n uint64) {
	w.room(9)
	w.buf[w.used] = kind
	binary.BigEndian.PutUint64(w.buf[w.used+1:], n)
	w.used += 9
}

func (w *digester) strings(all ...string) {
	for _, s := range all {
		w.count('s', len(s))
		for s != "" {
			w.room(1)
			n := copy(w.buf[w.used:], s)
			w.used += n
			s = s[n:]
		}
	}
}

func (w *digester) value(v Value) {
	switch v.node.tag() {
	case tagAbsent:
		w.byte('a')
	case tagNull:
		w.byte('n')
	case tagBool:
		w.number('b', uint64(v.node.payload()))
	case tagInt32, tagInt64, tagUint64:
		n, unsigned := v.bits()
		w.integer(n, unsigned)
	case tagFloat:
		w.float(v)
	case tagString:
		w.strings(v.text(v.node))
	case tagRedacted:
		r, _ := v.Redacted()
		w.count('r', len(r.Detectors))
		w.strings(r.Detectors...)
		w.strings(r.Hash)
	case tagUnread:
		w.complete = false
		w.number('u', uint64(v.load(v.node.payload()+32)))
	case tagList:
		w.count('l', v.count())
		for i := range v.count() {
			w.value(v.nth(i))
		}
	case tagMap:
		w.mapping(v)
	}
}

func (w *digester) mapping(v Value) {
	kind := byte('m')
	if v.IsPartial() {
		kind, w.complete = 'o', false // omitted members, for the one reason that there is
	}
	w.count(kind, v.count())
	for i := range v.byKey {
		key, x := v.MemberAt(i)
		w.strings(key)
		w.value(x)
	}
}

// float writes a number as [Value.Equal] compares it: one that is an integer as that.
func (w *digester) float(v Value) {
	f, _ := v.Float()
	switch {
	case math.IsInf(f, 0):
		w.byte('e')
		w.strings(v.text(v.node))
	case f == math.Trunc(f) && f >= -1<<63 && f < 1<<63:
		w.integer(uint64(int64(f)), false)
	case f == math.Trunc(f) && f >= 1<<63 && f < 1<<64:
		w.integer(uint64(f), true)
	default:
		w.number('f', math.Float64bits(f))
	}
}

func (w *digester) integer(n uint64, unsigned bool) {
	if unsigned {
		w.number('j', n)
	} else {
		w.number('i', n)
	}
}

// byKey yields the numbers of the members of a map in the order of their keys.
func (v Value) byKey(yield func(int) bool) {
	n, at := v.keys()
	if n > indexFrom {
		for i := range n {
			if !yield(int(le32(v.doc, at+8*uint32(n)+4*uint32(i)))) {
				return
			}
		}
		return
	}
	var order [indexFrom]int
	key := func(i int) string { return v.text(v.load(at + 8*uint32(i))) }
	for i := range n {
		to := i
		for ; to > 0 && key(order[to-1]) > key(i); to-- {
			order[to] = order[to-1]
		}
		order[to] = i
	}
	for _, i := range order[:n] {
		if !yield(i) {
			return
		}
	}
}
