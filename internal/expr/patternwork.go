package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// matching calls f with the pattern and the subject of a call. It returns nil for
// arguments that are no strings.
func (m *Machine) matching(args []ref.Val, f func(p *pattern, s string) (ref.Val, error)) ref.Val {
	s, ok := args[0].(types.String)
	if !ok {
		return nil
	}
	source, ok := args[1].(types.String)
	if !ok {
		return nil
	}
	p, err := m.pattern(string(source))
	if err != nil {
		return types.WrapErr(err)
	}
	v, err := f(p, string(s))
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}

// matchingConstant plans a match with a constant pattern, which is compiled once.
func (m *Machine) matchingConstant(call interpreter.InterpretableCall) (interpreter.InterpretableV2, error) {
	c, ok := call.Args()[1].(interpreter.InterpretableConst)
	if !ok {
		return call, nil
	}
	source, ok := c.Value().(types.String)
	if !ok {
		return call, nil
	}
	p, err := compilePattern(string(source))
	if err != nil {
		return nil, err
	}
	return interpreter.NewCall(call.ID(), "@matches", "", call.Args(), func(args ...ref.Val) ref.Val {
		s, ok := args[0].(types.String)
		if !ok {
			return types.MaybeNoSuchOverloadErr(args[0])
		}
		found, err := p.matches(&m.run.budget, string(s))
		if err != nil {
			return types.WrapErr(err)
		}
		return types.Bool(found)
	}), nil
}

func matches(m *Machine, args []ref.Val) ref.Val {
	return m.matching(args, func(p *pattern, s string) (ref.Val, error) {
		found, err := p.matches(&m.run.budget, s)
		return types.Bool(found), err
	})
}

func extract(m *Machine, args []ref.Val) ref.Val {
	return m.matching(args, func(p *pattern, s string) (ref.Val, error) {
		part, found, err := p.extract(&m.run.budget, s)
		if !found {
			return types.OptionalNone, err
		}
		return types.OptionalOf(types.String(part)), err
	})
}

func extractAll(m *Machine, args []ref.Val) ref.Val {
	return m.matching(args, func(p *pattern, s string) (ref.Val, error) {
		parts, err := p.extractAll(&m.run.budget, s)
		return types.NewStringList(types.DefaultTypeAdapter, parts), err
	})
}

func replaceMatches(m *Machine, args []ref.Val) ref.Val {
	n := types.Int(-1)
	if len(args) == 4 {
		n, _ = args[3].(types.Int)
	}
	replacement, ok := args[2].(types.String)
	if !ok {
		return nil
	}
	return m.matching(args, func(p *pattern, s string) (ref.Val, error) {
		out, err := p.replace(&m.run.budget, s, string(replacement), int64(n))
		return types.String(out), err
	})
}
