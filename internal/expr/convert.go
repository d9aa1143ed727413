package expr

import (
	"context"
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"github.com/openstance/stance/asset"
)

// ToValue returns a CEL value as a part of a document. It keeps unread parts.
func ToValue(v ref.Val) (asset.Value, error) {
	switch x := v.(type) {
	case *object:
		x.run.noteAll(x.at, x.v)
		return x.v, nil
	case *list:
		x.run.noteAll(x.at, x.v)
		return x.v, nil
	case *types.Optional:
		if !x.HasValue() {
			return asset.Value{}, nil
		}
		return ToValue(x.GetValue())
	}
	plain, err := toPlain(v)
	if err != nil {
		return asset.Value{}, err
	}
	return asset.Of(plain)
}

func toPlain(v ref.Val) (any, error) {
	switch x := v.(type) {
	case *object:
		return x.v, nil
	case *list:
		return x.v, nil
	case types.String, types.Int, types.Uint, types.Double, types.Bool, types.Bytes, types.Timestamp:
		return x.Value(), nil
	case types.Duration:
		return x.Duration.String(), nil
	case types.Null:
		return nil, nil
	case *types.Unknown, *types.Err:
		return nil, fmt.Errorf("%v", x)
	case traits.Mapper:
		m := map[string]any{}
		for _, k := range new(Budget).keysOf(x) {
			switch k.(type) {
			case types.String, types.Int, types.Uint, types.Bool:
			default:
				return nil, fmt.Errorf("invalid key of type %s in a document", k.Type().TypeName())
			}
			p, err := toPlain(x.Get(k))
			if err != nil {
				return nil, err
			}
			m[fmt.Sprint(k.Value())] = p
		}
		return m, nil
	case traits.Lister:
		l := []any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			p, err := toPlain(it.Next())
			if err != nil {
				return nil, err
			}
			l = append(l, p)
		}
		return l, nil
	}
	return nil, fmt.Errorf("invalid value of type %s in a document", v.Type().TypeName())
}

// shown reports whether a value has so few parts that its text is made. Documents have no
// more than their size; a value that an expression made can share parts with itself.
func shown(v ref.Val) (small bool) {
	switch v.(type) {
	case *object, *list:
		return true
	}
	var b Budget
	b.begin(context.Background(), Limits{Operations: 100_000})
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(interpreter.EvalCancelledError); !ok {
				panic(r)
			}
			small = false
		}
	}()
	b.walk(v, 1)
	return true
}

// Text returns a short readable form of a value.
func Text(v ref.Val) string {
	const limit = 400
	var s string
	switch x := v.(type) {
	case nil:
		s = "nothing"
	case *types.Err:
		s = "error: " + x.String()
	case *types.Unknown:
		s = "unknown"
	case *List:
		s = fmt.Sprintf("%d elements", len(x.Items))
	case Record:
		s = x.String()
	case *types.Optional:
		if x.HasValue() {
			return Text(x.GetValue())
		}
		s = "none"
	case types.Timestamp, types.Duration:
		s = fmt.Sprint(x.ConvertToType(types.StringType).Value())
	default:
		if !shown(v) {
			return "a " + v.Type().TypeName() + " with many parts"
		}
		if doc, err := ToValue(v); err == nil {
			s = doc.String()
		} else {
			s = fmt.Sprint(v.Value())
		}
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return s
}
