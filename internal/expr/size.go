package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// The bytes of memory that parts of values are taken to have beside their strings.
const (
	elementSize = 16 // of a list
	entrySize   = 64 // of a map
	headerSize  = 32 // of a list or map
	unknownSize = 256
	stepSize    = 256 // of an explanation
)

// size is the size of a value with all of its parts, each as often as it occurs.
type size struct {
	nodes, text int64 // text: bytes of strings
	depth       int64
}

func (s *size) add(part size) {
	s.nodes += part.nodes
	s.text += part.text
	s.depth = max(s.depth, part.depth+1)
}

// walk returns the size of a value. It charges so many operations for each part, and the
// reading of its strings.
func (b *Budget) walk(v ref.Val, each int64) size {
	switch x := v.(type) {
	case *object:
		return b.walkDocument(x.v, each)
	case *list:
		return b.walkDocument(x.v, each)
	case *types.Optional:
		if x.HasValue() {
			return b.walk(x.GetValue(), each)
		}
	case Record:
		return b.walk(x.Document(), each)
	case *List:
		s := size{nodes: 1}
		b.Work(each)
		for _, item := range x.Items {
			s.add(b.walk(item, each))
		}
		return s
	case traits.Lister:
		s := size{nodes: 1}
		b.Work(each)
		for it := x.Iterator(); it.HasNext() == types.True; {
			s.add(b.walk(it.Next(), each))
		}
		return s
	case traits.Mapper:
		s := size{nodes: 1}
		b.Work(each)
		for it := x.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			s.add(b.walk(k, each))
			if value, ok := x.Find(k); ok {
				s.add(b.walk(value, each))
			}
		}
		return s
	}
	n := textLen(v)
	b.Work(each + int64(n)/bytesPerOperation)
	return size{nodes: 1, text: int64(n)}
}

func (b *Budget) walkDocument(v asset.Value, each int64) size {
	parts, bytes, depth := v.Size()
	b.Work(int64(parts)*each + int64(bytes)/bytesPerOperation)
	return size{int64(parts), int64(bytes), int64(depth)}
}

// textLen returns the bytes of a string or of bytes, and 0 for other values.
func textLen(v ref.Val) int {
	switch x := v.(type) {
	case types.String:
		return len(x)
	case types.Bytes:
		return len(x)
	}
	return 0
}

// lengthOf returns the number of elements of a list or of members of a map that are
// known, and 0 for other values.
func lengthOf(v ref.Val) int64 {
	switch x := v.(type) {
	case *object:
		return int64(x.v.Len())
	case *list:
		return int64(x.v.Len())
	case *List:
		return int64(len(x.Items))
	case types.String, types.Bytes:
		return 0
	case traits.Sizer:
		if n, ok := x.Size().(types.Int); ok {
			return int64(n)
		}
	}
	return 0
}
