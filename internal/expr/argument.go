package expr

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// The types of arguments.
var (
	stringList   = cel.ListType(cel.StringType)
	documentList = cel.ListType(cel.DynType)
	intList      = cel.ListType(cel.IntType)
)

// documents returns the elements of a list, of records their documents. An unknown
// element is an unread document, which the function handles.
func documents(v ref.Val) ([]asset.Value, error) {
	l, ok := v.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("argument of type %s (want a list)", v.Type().TypeName())
	}
	var docs []asset.Value
	for it := l.Iterator(); it.HasNext() == types.True; {
		el := it.Next()
		if types.IsUnknown(el) {
			docs = append(docs, (&asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: fmt.Sprint(el)}).Value())
			continue
		}
		if r, ok := el.(Record); ok {
			el = r.Document()
		}
		doc, err := ToValue(el)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// listOf returns a list as a value, with unknown elements as unread ones.
func listOf(v ref.Val) (asset.Value, error) {
	docs, err := documents(v)
	if err != nil {
		return asset.Value{}, err
	}
	list := make([]any, len(docs))
	for i, d := range docs {
		list[i] = d
	}
	return asset.Of(list)
}

// stringsOf returns the elements of a list of strings.
func stringsOf(v ref.Val) ([]string, error) { return each(v, asset.Value.Str) }

// Integers returns the elements of a list of integers.
func Integers(v ref.Val) ([]int64, error) { return integersOf(v) }

// integersOf returns the elements of a list of integers.
func integersOf(v ref.Val) ([]int64, error) { return each(v, asset.Value.Int) }

func each[T any](v ref.Val, read func(asset.Value) (T, error)) ([]T, error) {
	docs, err := documents(v)
	if err != nil {
		return nil, err
	}
	list := make([]T, len(docs))
	for i, d := range docs {
		if list[i], err = read(d); err != nil {
			return nil, err
		}
	}
	return list, nil
}
