package policy

import (
	"fmt"
	"strconv"

	"cel.dev/cel-go/cel"

	"github.com/openstance/stance/asset"
)

// Param is a parameter of a policy: a value that sites set differently.
type Param struct {
	Name        string
	Type        ParamType
	Default     any // of the Go type that goes with Type
	Description string
}

// ParamType is the type of a parameter, written as in CEL.
type ParamType string

// The types of parameters, with the Go types of their values.
const (
	StringParam  ParamType = "string"       // string
	IntParam     ParamType = "int"          // int64
	BoolParam    ParamType = "bool"         // bool
	StringsParam ParamType = "list(string)" // []string
	IntsParam    ParamType = "list(int)"    // []int64
)

// fromValue returns the Go value of a parameter of the type.
func (t ParamType) fromValue(v asset.Value) (any, error) {
	switch t {
	case StringParam:
		return v.Str()
	case IntParam:
		return v.Int()
	case BoolParam:
		return v.Bool()
	case StringsParam:
		return elements(v, asset.Value.Str)
	case IntsParam:
		return elements(v, asset.Value.Int)
	}
	return nil, fmt.Errorf("unknown type %q (want string, int, bool, list(string) or list(int))", t)
}

// fromFile is fromValue of what a file has. Files may hold ids that look like numbers, such
// as those of accounts, without quotes: these are strings where strings are meant.
func (t ParamType) fromFile(v asset.Value) (any, error) {
	text := func(v asset.Value) (string, error) {
		if n, err := v.Int(); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		return v.Str()
	}
	switch t {
	case StringParam:
		return text(v)
	case StringsParam:
		return elements(v, text)
	}
	return t.fromValue(v)
}

func elements[T any](v asset.Value, read func(asset.Value) (T, error)) ([]T, error) {
	seq, err := v.Elements()
	if err != nil {
		return nil, err
	}
	list := []T{}
	for i, el := range seq {
		x, err := read(el)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list = append(list, x)
	}
	return list, nil
}

// check returns a value of the type in its one Go form.
func (t ParamType) check(x any) (any, error) {
	switch t {
	case StringParam, IntParam, BoolParam, StringsParam, IntsParam:
	default:
		return nil, fmt.Errorf("unknown type %q (want string, int, bool, list(string) or list(int))", t)
	}
	v, err := asset.Of(x)
	if err != nil {
		return nil, err
	}
	value, err := t.fromValue(v)
	if err != nil {
		return nil, fmt.Errorf("invalid value %v: %w", x, err)
	}
	return value, nil
}

func (t ParamType) cel() *cel.Type {
	switch t {
	case IntParam:
		return cel.IntType
	case BoolParam:
		return cel.BoolType
	case StringsParam:
		return cel.ListType(cel.StringType)
	case IntsParam:
		return cel.ListType(cel.IntType)
	}
	return cel.StringType
}
