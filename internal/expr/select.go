package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/openstance/stance/asset"
)

// selecting is an attribute whose fields are unknown where a scalar or a list stands in
// place of a map. To cel-go, has() and .? find such fields absent, but nothing is known
// of what the document should hold there. Schemas leave this to happen only in parts that
// they do not describe.
type selecting struct {
	interpreter.InterpretableAttribute
	m *Machine
}

// selecting returns the node that replaces an attribute.
func (m *Machine) selecting(i interpreter.InterpretableV2) interpreter.InterpretableV2 {
	attr, ok := i.(interpreter.InterpretableAttribute)
	if _, done := i.(*selecting); !ok || done {
		return i
	}
	return &selecting{attr, m}
}

// AddQualifier implements interpreter.InterpretableAttribute.
func (s *selecting) AddQualifier(q interpreter.Qualifier) (interpreter.Attribute, error) {
	if key, ok := q.(interpreter.ConstantQualifier); ok && key.Value().Type() == types.StringType {
		q = &field{key, s.m}
	}
	_, err := s.InterpretableAttribute.AddQualifier(q)
	return s, err
}

// Exec implements interpreter.InterpretableV2.
func (s *selecting) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return s.InterpretableAttribute.Exec(frame)
}

// field is the selection of a field by its name.
type field struct {
	interpreter.ConstantQualifier
	m *Machine
}

// Qualify implements interpreter.Qualifier.
func (f *field) Qualify(vars interpreter.Activation, obj any) (any, error) {
	if u := f.m.run.notMap(obj); u != nil {
		return u, nil
	}
	return f.ConstantQualifier.Qualify(vars, obj)
}

// QualifyIfPresent implements interpreter.Qualifier.
func (f *field) QualifyIfPresent(vars interpreter.Activation, obj any, presenceOnly bool) (any, bool, error) {
	if u := f.m.run.notMap(obj); u != nil {
		return u, true, nil
	}
	return f.ConstantQualifier.QualifyIfPresent(vars, obj, presenceOnly)
}

// notMap returns an unknown if a value is a scalar or a list, else nil.
func (r *Run) notMap(obj any) *types.Unknown {
	var got asset.Kind
	switch obj.(type) {
	case types.String:
		got = asset.String
	case types.Bool:
		got = asset.Bool
	case types.Int, types.Uint:
		got = asset.Int
	case types.Double:
		got = asset.Float
	case *list:
		got = asset.List
	default:
		return nil
	}
	return r.Unknown(&asset.Unread{Reason: asset.Malformed, Code: asset.CodeMalformed, Message: "is " + got.String() + ", want a map"})
}
