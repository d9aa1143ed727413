package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
)

const maxEvidence = 50

// evidence evaluates a check once more, with what it reads being kept, and returns
// what decided.
func (e *evaluator) evidence(c *compiledCheck) []Evidence {
	var reads []expr.Read
	if c.when != nil {
		if when := e.machine.Explain(c.when); when.Result.Truth() == expr.Unknown {
			reads = when.Deciding()
		}
	}
	reads = append(reads, e.machine.Explain(c.require).Deciding()...)
	evidence := make([]Evidence, 0, min(len(reads), maxEvidence))
	for _, r := range reads {
		ev := Evidence{r.Of, r.Path, r.Value}
		same := func(o Evidence) bool { return o.Asset == ev.Asset && o.Path == ev.Path }
		if len(evidence) < maxEvidence && !slices.ContainsFunc(evidence, same) {
			evidence = append(evidence, ev)
		}
	}
	return evidence
}

// Explanation shows the steps of an evaluation.
type Explanation struct {
	Finding    Finding
	Conditions []Condition
}

// Condition is a part of an expression with its value.
type Condition struct {
	Depth  int    // 0 for an expression as a whole
	Part   string // of a whole: "when", "require", the same of a claim ("claims[0].when"); of one that is a variable, "let " and its name
	Source string
	Value  string // "true", "false", another value as JSON, "unknown: why" or "error: why"
	Reads  []Evidence
	Branch Branch // zero if the part is not a condition
	Truth  Status // of a condition: Pass for true, Fail for false, else Unknown
}

// Branch identifies a condition in the expressions of a policy. Tests should cover both of
// its outcomes.
type Branch struct {
	Policy string
	Check  int    // index
	Part   string // "when", "require", the same of a claim ("claims[0].when"), or the name of a variable
	id     int64
}

// Branches returns the conditions of a policy with their source, for coverage: each
// operand of && and || and !, each condition of ?:, each body of a comprehension,
// and each expression as a whole. It omits constant conditions. Checks in Go have none. It
// returns nil if the policy is unknown.
func (s *Set) Branches(id string) map[Branch]string {
	branches := map[Branch]string{}
	p := s.find(id)
	if p == nil {
		return nil
	}
	done := map[int]bool{}
	for _, c := range p.checks {
		if done[c.index] || c.require == nil {
			continue
		}
		done[c.index] = true
		add := func(part string, x *expr.Expr) {
			for b, source := range x.Branches("") {
				branches[Branch{p.ID, c.index, part, b.ID}] = source
			}
		}
		for _, l := range c.lets {
			add(l.Name, l.Expr)
		}
		if c.when != nil {
			add("when", c.when)
		}
		add("require", c.require)
		for i, claim := range c.claims {
			if claim.when != nil {
				add(claimPart(i, "when"), claim.when)
			}
			if claim.require != nil {
				add(claimPart(i, "require"), claim.require)
			}
		}
	}
	return branches
}

// Explain evaluates one policy for one asset step by step. Conditions that were not
// evaluated, because others decided before them, are omitted. An unknown policy, and one
// that does not apply to the type of the asset, is an error.
func (s *Set) Explain(ctx context.Context, id string, a *asset.Asset, related *asset.Inventory) (*Explanation, error) {
	p := s.find(id)
	if p == nil {
		return nil, s.unknownPolicy(id)
	}
	i := slices.IndexFunc(p.checks, func(c *compiledCheck) bool { return c.typ == a.Type })
	if i < 0 {
		return nil, fmt.Errorf("policy %s does not apply to assets of type %s", p.ID, a.Type)
	}
	c, now, others := p.checks[i], s.opts.Now(), assetexpr.NewRelated(related, s.opts.Schemas)
	e := s.pool.Get().(*evaluator)
	defer s.pool.Put(e)
	x := &Explanation{Finding: e.finding(ctx, c, a, others, now)}
	if c.require == nil {
		return x, nil
	}
	e.begin(ctx, c, a, others, now)
	if c.when != nil {
		when := e.machine.Explain(c.when)
		x.add(c, "when", 0, when)
		if when.Result.Truth() == expr.False {
			return x, nil
		}
	}
	x.add(c, "require", 0, e.machine.Explain(c.require))
	for i, claim := range c.claims {
		if claim.when != nil {
			when := e.machine.Explain(claim.when)
			x.add(c, claimPart(i, "when"), 0, when)
			if when.Result.Truth() == expr.False {
				continue
			}
		}
		if claim.require != nil && x.Finding.Status != Pass {
			x.add(c, claimPart(i, "require"), 0, e.machine.Explain(claim.require))
		}
	}
	for i, l := range c.lets {
		if e.machine.Unexplained(i) {
			x.add(c, l.Name, 0, e.machine.Explain(l.Expr))
		}
	}
	return x, nil
}

func (x *Explanation) add(c *compiledCheck, part string, depth int, s *expr.Step) {
	condition := Condition{Depth: depth, Source: s.Source, Value: expr.Text(s.Result.Value)}
	switch {
	case depth == 0 && (part == "when" || part == "require" || strings.HasPrefix(part, "claims[")):
		condition.Part = part
	case depth == 0:
		condition.Part = "let " + part
	}
	if why := s.Result.Why(); why != nil {
		prefix := "unknown: "
		if s.Result.Err != nil {
			prefix = "error: "
		}
		condition.Value = prefix + strings.ReplaceAll(why.Error(), "\n", "; ")
	}
	for _, r := range s.Reads {
		condition.Reads = append(condition.Reads, Evidence{r.Of, r.Path, r.Value})
	}
	if s.Branch != (expr.Branch{}) {
		if s.Branch.Let != "" {
			part = s.Branch.Let
		}
		condition.Branch = Branch{c.policy.ID, c.index, part, s.Branch.ID}
		condition.Truth = Status(s.Result.Truth()) // the same numbers
	}
	x.Conditions = append(x.Conditions, condition)
	for _, child := range s.Steps {
		x.add(c, part, depth+1, child)
	}
}
