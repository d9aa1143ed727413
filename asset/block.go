package asset

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"
)

// A document is one string of bytes, its block, without pointers: text as it is,
// and nodes of 8 bytes, little-endian, which refer to other places in the block.
//
//	bits 0-3   tag
//	bits 4-7   flags
//	bits 8-31  length of text, count of elements, or the place of a table of keys;
//	           longCount: the 8 bytes before the place hold it
//	bits 32-63 payload: the place of text, elements or values, or a small number
//
// At the end are the nodes of the documents that share the block, mostly one, and their
// number. An absent part has no block: in its place stands what was missing, if that is
// known.
//
// Elements are nodes side by side, and so are the values of a map. The keys of a map, in
// the order of its values, are in a table that maps with the same keys share: the count
// of keys in 4 bytes, and their nodes. If they are more than indexFrom, their numbers
// follow, 4 bytes each, in the order of the keys, for a binary search.
//
// Elements that are equal in bits 0-31, as like objects are, stand as these 4 bytes and
// bits 32-63 of each: flagAlike tells so. A list of like objects takes 4 bytes an
// object and 8 bytes a member beside the texts of its values.
type node uint64

const (
	tagAbsent node = iota
	tagNull
	tagBool
	tagInt32    // payload: the number
	tagInt64    // payload: place of 8 bytes
	tagUint64   // the same, for numbers over math.MaxInt64
	tagFloat    // text of the number
	tagString   // text
	tagRedacted // place of three string nodes: text, hash, detectors joined by commas
	tagList
	tagMap
	tagUnread // place of four string nodes (operation, code, message, request id) and the reason
)

const (
	flagDefault node = 1 << 4
	flagPartial node = 1 << 5 // of a map: members were left out
	flagPath    node = 1 << 5 // of an absent part: doc is the path to it, not its key
	flagAlike   node = 1 << 6 // of a list: elements have bits 0-31 in common

	// flagSanitized stands in the node of a Value alone, never in a block: a part of a
	// sanitized document, and a document that was made of one, have to prove themselves.
	flagSanitized node = 1 << 7

	longCount = 1<<24 - 1
	indexFrom = 16
)

var tagKinds = [16]Kind{
	tagAbsent: Absent, tagNull: Null, tagBool: Bool, tagInt32: Int, tagInt64: Int, tagUint64: Int,
	tagFloat: Float, tagString: String, tagRedacted: String, tagList: List, tagMap: Map, tagUnread: UnreadPart,
}

func (n node) tag() node           { return n & 15 }
func (n node) kind() Kind          { return tagKinds[n&15] }
func (n node) flag(f node) bool    { return n&f != 0 }
func (n node) short() int          { return int(n >> 8 & longCount) }
func (n node) payload() uint32     { return uint32(n >> 32) }
func placed(tag node, at int) node { return tag | node(at)<<32 }

// le64 reads 8 bytes. Written so, it compiles to one test and one load.
func le64(s string, at uint32) uint64 {
	b := s[at:]
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func le32(s string, at uint32) uint32 {
	b := s[at:]
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func (v Value) load(at uint32) node { return node(le64(v.doc, at)) }

// text returns the text that a string or number node of the block refers to.
func (v Value) text(n node) string {
	from := int(n.payload())
	return v.doc[from : from+v.length(n)]
}

// length returns the bytes of the text that a node refers to.
func (v Value) length(n node) int {
	if l := n.short(); l != longCount {
		return l
	}
	return v.long(n)
}

// size returns bits 8-31: the count of a list, the place of the keys of a map.
func (v Value) size() int {
	if n := v.node.short(); n != longCount {
		return n
	}
	return v.long(v.node)
}

// long returns what does not fit in bits 8-31. It is apart because it is rare.
//
//go:noinline
func (v Value) long(n node) int { return int(le64(v.doc, n.payload()-8)) }

// count returns the number of elements of a list or members of a map.
func (v Value) count() int {
	if v.node.tag() == tagMap {
		n, _ := v.keys()
		return n
	}
	return v.size()
}

// keys returns the number of members of a map and the place of the nodes of their keys.
func (v Value) keys() (n int, at uint32) {
	table := uint32(v.size())
	return int(le32(v.doc, table)), table + 4
}

// nth returns an element of a list or a value of a map, which must have so many.
func (v Value) nth(i int) Value {
	at := v.node.payload()
	if v.node.flag(flagAlike) {
		return Value{v.doc, node(le32(v.doc, at)) | node(le32(v.doc, at+4+4*uint32(i)))<<32}
	}
	return Value{v.doc, v.load(at + 8*uint32(i))}
}

// find returns the number of the member with the key, or -1.
func (v Value) find(key string) int {
	n, at := v.keys()
	if n > indexFrom {
		index := at + 8*uint32(n)
		lo, hi := 0, n
		for lo < hi {
			mid := (lo + hi) / 2
			i := le32(v.doc, index+4*uint32(mid))
			switch c := strings.Compare(v.text(v.load(at+8*i)), key); {
			case c == 0:
				return int(i)
			case c < 0:
				lo = mid + 1
			default:
				hi = mid
			}
		}
		return -1
	}
	same := placed(tagString, 0) | node(min(len(key), longCount))<<8
	for i := range n {
		k := v.load(at + 8*uint32(i))
		if uint32(k) == uint32(same) && v.text(k) == key {
			return i
		}
	}
	return -1
}

// notKept is what lies in a projected map beside what was kept.
var notKept = (&Unread{Reason: NotKept, Code: CodeNotKept}).Value()

// block builds a document.
type block struct {
	out   []byte
	stack []node // elements of the lists and maps that are being built
	order []uint32

	// keys and tables hold keys and tables of them that were written before, by hash,
	// so that a list of like objects holds them once: a key in one of four places, a
	// table in one of two. A table stands there as the node of an imagined map.
	keys   [64][4]node
	tables [256]node
}

// blocks are for documents that are made of others.
var blocks = sync.Pool{New: func() any { return new(block) }}

// newBlock returns an empty block, which is to be freed.
func newBlock() *block { return blocks.Get().(*block) }

// free lets others use the memory of the block, unless that is much.
func (b *block) free() {
	if cap(b.out) <= 1<<20 {
		b.reset()
		blocks.Put(b)
	}
}

// reset makes the block empty, and keeps its memory.
func (b *block) reset() {
	b.out, b.stack = b.out[:0], b.stack[:0]
	clear(b.keys[:])
	clear(b.tables[:])
}

func (b *block) u64(n uint64) {
	b.out = append(b.out, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), byte(n>>32), byte(n>>40), byte(n>>48), byte(n>>56))
}

func (b *block) u32(n uint32) {
	b.out = append(b.out, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

// sized returns bits 8-31 for n, having written it before the place if it is long.
func (b *block) sized(n int) node {
	if n < longCount {
		return node(n) << 8
	}
	b.u64(uint64(n))
	return longCount << 8
}

func (b *block) str(tag node, s string) node { return textNode(b, tag, s) }

// textNode writes a text and returns its node.
func textNode[T string | []byte](b *block, tag node, s T) node {
	n := b.sized(len(s))
	return placed(tag, write(b, s)) | n
}

// write writes bytes and returns their place. It does what append does, but without a
// write barrier each time: a slice that is resliced in place keeps its pointer.
func write[T string | []byte](b *block, s T) int {
	at := len(b.out)
	if cap(b.out)-at < len(s) {
		b.out = slices.Grow(b.out, len(s))
	}
	b.out = b.out[:at+len(s)]
	copy(b.out[at:], s)
	return at
}

func (b *block) bool(x bool) node {
	if x {
		return placed(tagBool, 1)
	}
	return tagBool
}

func (b *block) int(n int64) node {
	if n == int64(int32(n)) {
		return tagInt32 | node(uint32(n))<<32
	}
	at := len(b.out)
	b.u64(uint64(n))
	return placed(tagInt64, at)
}

func (b *block) uint(n uint64) node {
	if n <= math.MaxInt64 {
		return b.int(int64(n))
	}
	at := len(b.out)
	b.u64(n)
	return placed(tagUint64, at)
}

func (b *block) strings(tag node, texts ...string) node {
	var nodes [4]node
	for i, t := range texts {
		nodes[i] = b.str(tagString, t)
	}
	at := len(b.out)
	for i := range texts {
		b.u64(uint64(nodes[i]))
	}
	return placed(tag, at)
}

func (b *block) unread(u *Unread) node {
	n := b.strings(tagUnread, u.Op, u.Code, u.Message, u.RequestID)
	b.u64(uint64(u.Reason))
	return n
}

func (b *block) redacted(r Redacted) node {
	return b.strings(tagRedacted, r.String(), r.Hash, strings.Join(r.Detectors, ","))
}

// list writes the nodes on the stack above mark as the elements of a list.
func (b *block) list(mark int) node {
	nodes := b.stack[mark:]
	n := b.sized(len(nodes))
	at := len(b.out)
	if alike(nodes) {
		n |= flagAlike
		b.u32(uint32(nodes[0]))
		for _, x := range nodes {
			b.u32(x.payload())
		}
	} else {
		for _, x := range nodes {
			b.u64(uint64(x))
		}
	}
	b.stack = b.stack[:mark]
	return placed(tagList, at) | n
}

// alike reports whether there are nodes, and all are equal in bits 0-31.
func alike(nodes []node) bool {
	for _, x := range nodes {
		if uint32(x) != uint32(nodes[0]) {
			return false
		}
	}
	return len(nodes) > 0
}

// mapping writes the nodes on the stack above mark, key and value in turn, as the
// members of a map. It returns a key that occurs twice, if there is one.
func (b *block) mapping(mark int) (n node, twice string, ok bool) {
	nodes := b.stack[mark:]
	table, twice, ok := b.table(nodes)
	if !ok {
		return 0, twice, false
	}
	l := b.sized(table)
	at := len(b.out)
	for i := 1; i < len(nodes); i += 2 {
		b.u64(uint64(nodes[i]))
	}
	b.stack = b.stack[:mark]
	return placed(tagMap, at) | l, "", true
}

// table returns the place of the table of the keys among nodes. It writes one if there
// is none for the same nodes; the keys of one that there is were found to differ.
func (b *block) table(nodes []node) (at int, twice string, ok bool) {
	var sum node
	for i := 0; i < len(nodes); i += 2 {
		sum += nodes[i]
	}
	h := uint64(sum) * 0x9e3779b97f4a7c15 >> 56
	slot, beside := &b.tables[h], &b.tables[h^1]
	if *slot != 0 && b.hasKeys(slot.payload(), nodes) {
		return int(slot.payload()), "", true
	}
	if *beside != 0 && b.hasKeys(beside.payload(), nodes) {
		return int(beside.payload()), "", true
	}
	at = len(b.out)
	count := len(nodes) / 2
	b.u32(uint32(count))
	for i := 0; i < len(nodes); i += 2 {
		b.u64(uint64(nodes[i]))
	}
	if count > indexFrom {
		if twice, ok = b.index(nodes); !ok {
			return 0, twice, false
		}
	}
	*beside, *slot = *slot, placed(tagMap, at)
	return at, "", true
}

// hasKeys reports whether the table has just the keys among nodes, in their order.
func (b *block) hasKeys(table uint32, nodes []node) bool {
	t := b.out[table:]
	if int(binary.LittleEndian.Uint32(t)) != len(nodes)/2 {
		return false
	}
	t = t[4:]
	for i := 0; i < len(nodes); i += 2 {
		if binary.LittleEndian.Uint64(t[4*i:]) != uint64(nodes[i]) {
			return false
		}
	}
	return true
}

func (b *block) index(nodes []node) (twice string, ok bool) {
	order := b.order[:0]
	for i := range len(nodes) / 2 {
		order = append(order, uint32(i))
	}
	b.order = order
	slices.SortFunc(order, func(x, y uint32) int {
		return bytes.Compare(b.bytesOf(nodes[2*x]), b.bytesOf(nodes[2*y]))
	})
	for i, x := range order {
		if i > 0 && bytes.Equal(b.bytesOf(nodes[2*x]), b.bytesOf(nodes[2*order[i-1]])) {
			return string(b.bytesOf(nodes[2*x])), false
		}
		b.u32(x)
	}
	return "", true
}

// bytesOf returns the text of a key in the unfinished block.
func (b *block) bytesOf(n node) []byte {
	l := uint32(n.short())
	if l == longCount {
		l = uint32(binary.LittleEndian.Uint64(b.out[n.payload()-8:]))
	}
	return b.out[n.payload() : n.payload()+l]
}

// copy writes v into the block.
func (b *block) copy(v Value) node { return b.copyWith(v, nil) }

// copyWith writes v into the block, with the strings that r puts in place of others. A
// nil r replaces nothing.
func (b *block) copyWith(v Value, r *Redaction) node {
	flags := v.node & (flagDefault | flagPartial)
	switch v.node.tag() {
	case tagString:
		s := v.text(v.node)
		if r != nil && r.Text != nil {
			if kept, ok := r.Text(s); ok {
				return b.redacted(kept) | flags
			}
		}
		return b.str(tagString, s) | flags
	case tagFloat:
		return b.str(tagFloat, v.text(v.node)) | flags
	case tagInt64, tagUint64:
		at := len(b.out)
		b.u64(le64(v.doc, v.node.payload()))
		return placed(v.node.tag(), at) | flags
	case tagRedacted:
		kept, _ := v.Redacted()
		return b.redacted(kept) | flags
	case tagUnread:
		u := v.Unread()
		if r != nil && r.Unread != nil {
			u = r.Unread(u)
		}
		return b.unread(u) | flags
	case tagList:
		mark := len(b.stack)
		for i := range v.count() {
			n := b.copyWith(v.nth(i), r)
			b.stack = append(b.stack, n)
		}
		return b.list(mark) | flags
	case tagMap:
		mark := len(b.stack)
		for i := range v.count() {
			k, x := v.MemberAt(i)
			if r != nil && r.Key != nil {
				k = r.Key(k)
			}
			b.member(k, b.copyWith(x, r))
		}
		n, _, _ := b.mapping(mark) // the keys of v differ
		return n | flags
	}
	return v.node &^ (flagSanitized | flagPath) // all in the node
}

func (b *block) member(key string, n node) {
	b.stack = append(b.stack, b.key(key), n)
}

func (b *block) key(key string) node {
	before := len(b.out)
	n, _ := b.share(b.str(tagString, key), before)
	return n
}

// share returns the node and the hash of a key that was written at the end of the
// block from before on. If its text is there already, it is taken back.
func (b *block) share(n node, before int) (node, uint32) {
	known, hash := b.known(b.bytesOf(n))
	if known != 0 {
		b.out = b.out[:before]
		return known, hash
	}
	b.remember(n, hash)
	return n, hash
}

// known returns the node of a key that was written before, or 0, and the key's hash.
func (b *block) known(s []byte) (node, uint32) {
	var first, last uint64
	if len(s) >= 8 {
		first, last = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[len(s)-8:])
	} else {
		for _, c := range s {
			first = first<<8 | uint64(c)
		}
	}
	h := (first ^ bits.RotateLeft64(last, 23) ^ uint64(len(s))<<56) * 0x9e3779b97f4a7c15
	hash := uint32(h >> 32)
	for _, n := range &b.keys[hash%64] {
		if n != 0 && bytes.Equal(b.bytesOf(n), s) {
			return n, hash
		}
	}
	return 0, hash
}

// remember lets known find a key, in place of the oldest of its hash.
func (b *block) remember(n node, hash uint32) {
	places := &b.keys[hash%64]
	copy(places[1:], places[:])
	places[0] = n
}

// value makes the block one document.
func (b *block) value(n node) Value {
	if n.tag() == tagAbsent {
		return Value{node: n}
	}
	return Value{b.end(n), n}
}

// end ends the block with the roots of its documents, from which errors find the paths
// to parts.
func (b *block) end(roots ...node) string {
	for _, n := range roots {
		b.u64(uint64(n))
	}
	b.u64(uint64(len(roots)))
	return string(b.out)
}

// roots yields the documents of the block that v is a part of.
func (v Value) roots(yield func(Value) bool) {
	end := uint32(len(v.doc) - 8)
	for at := end - 8*uint32(le64(v.doc, end)); at < end; at += 8 {
		if !yield(Value{v.doc, v.load(at)}) {
			return
		}
	}
}

// Value makes a document that is nothing but this unread part.
func (u *Unread) Value() Value {
	var b block
	n := b.unread(u)
	return b.value(n)
}

// timeText is how a time stands in a document.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
