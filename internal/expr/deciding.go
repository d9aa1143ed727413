package expr

import (
	"slices"

	"cel.dev/cel-go/common/operators"
)

// Deciding returns the reads of the parts that decided the result, in the order of the
// evaluation.
func (s *Step) Deciding() []Read {
	return dedupe(s.deciding())
}

func (s *Step) deciding() []Read {
	if len(s.Steps) == 0 {
		return s.Reads
	}
	var reads []Read
	steps := s.Steps
	switch s.operator {
	case operators.LogicalAnd, operators.LogicalOr:
		steps = s.like(steps)
	case "range":
		if decided := s.like(steps[1:]); len(decided) > 0 && len(decided) < len(steps)-1 || s.Result.Truth() == Unknown {
			steps = append(slices.Clone(steps[:1]), decided...)
		}
	}
	for _, child := range steps {
		reads = append(reads, child.deciding()...)
	}
	return reads
}

// like returns the steps with the truth of the result, or all if none has it.
func (s *Step) like(steps []*Step) []*Step {
	var same []*Step
	for _, child := range steps {
		if child.Result.Truth() == s.Result.Truth() {
			same = append(same, child)
		}
	}
	if len(same) == 0 {
		return steps
	}
	return same
}
