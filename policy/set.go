package policy

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
)

// Options configure a set and its evaluations. The zero Options, like nil, use the
// catalogue's schemas, the policies unchanged, and the system clock.
type Options struct {
	// Schemas returns the schema of a type. A policy that names a type without one, as
	// its subject or in a lookup, is an error. Nil: catalog.Schema.
	Schemas func(asset.Type) (*asset.Schema, bool)
	// Dynamic are types that policies may name without a schema. Neither their fields
	// nor their relations are checked.
	Dynamic []asset.Type
	// Clouds extend the built-in table of clouds, for types of the caller's own providers.
	Clouds asset.Clouds
	// Overlays adapt the policies, in this order: they select policies, set severities and
	// parameters, and accept findings. An exception that has ended, or that matched nothing
	// in a whole evaluation, yields a finding of [ExceptionPolicy].
	Overlays []*Overlay
	// Now is the instant of an evaluation, read once in each. Nil: time.Now.
	Now func() time.Time
	// Parallel is the number of goroutines of an evaluation. 0: one for each processor.
	Parallel int
	// Budget bounds every evaluation of a policy for an asset. Past it the finding is unknown.
	Budget Budget
	// NoEvidence omits the evidence of findings, which costs more than the verdict.
	// [Set.Explain] computes it for single findings.
	NoEvidence bool
}

// Budget bounds one evaluation of the expressions of a policy for an asset. A zero field
// stands for its default.
type Budget struct {
	// Operations bounds the calls, the passes through loops, and the parts of documents that
	// are read. 0: 10 million.
	Operations int64
	// Bytes bounds the values that expressions make, such as strings and lists. 0: 16 MiB.
	Bytes int64
}

// Set holds policies that were compiled together. It is immutable and safe for
// concurrent use.
type Set struct {
	opts     Options
	policies []*Policy // sorted by id
	byID     map[string]*compiled
	byType   map[asset.Type][]*compiledCheck // sorted by policy id
	pool     sync.Pool                       // of *evaluator
	needs    []need
	needed   map[asset.Type]int // indexes of needs

	exceptions []*Exception
	exempt     map[string][]int // indexes of exceptions, by policy id
}

// compiled is a policy ready to be evaluated.
type compiled struct {
	*Policy
	params map[string]any
	values map[string]asset.Value // of params
	checks []*compiledCheck
}

// compiledCheck is a check for one of its types.
type compiledCheck struct {
	policy                 *compiled
	index                  int
	typ                    asset.Type
	check                  *Check
	when, require, message *expr.Expr // nil where there is none
	lets                   []expr.Let
	claims                 []compiledClaim
}

// compiledClaim is a claim for one of the types of its check.
type compiledClaim struct {
	controls      []string
	when, require *expr.Expr // nil where there is none
}

// NewSet compiles policies to a set. It returns no set if it finds a problem in any of
// them, a field in a case that the schema of the asset lacks included; the error joins all
// problems. The set copies the policies as far as it changes them; the caller must not
// change them afterwards.
func NewSet(opts *Options, policies ...*Policy) (*Set, error) {
	s := &Set{byID: map[string]*compiled{}, byType: map[asset.Type][]*compiledCheck{}, exempt: map[string][]int{}}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Schemas == nil {
		s.opts.Schemas = catalog.Schema
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	env, err := assetexpr.NewEnv(assetexpr.Types{Schema: s.opts.Schemas, Clouds: s.opts.Clouds, Dynamic: s.opts.Dynamic, Names: typeNames(policies)})
	if err != nil {
		return nil, fmt.Errorf("make CEL environment: %w", err)
	}
	c := &compiler{set: s, env: env, scopes: map[asset.Type]*expr.Scope{}}
	var problems []error
	for _, p := range policies {
		if !s.opts.selects(p) {
			continue
		}
		if before, ok := s.byID[p.ID]; ok {
			where := before.file
			if where == "" {
				where = "a policy without a file"
			}
			problems = append(problems, p.problem("id", fmt.Sprintf("duplicate policy %q (also in %s)", p.ID, where)))
			continue
		}
		compiled, errs := c.policy(p)
		problems = append(problems, errs...)
		s.byID[p.ID] = compiled
		s.policies = append(s.policies, compiled.Policy)
	}
	for _, p := range s.policies {
		for _, id := range p.PreviousIDs {
			if other := s.find(id); other.ID != p.ID {
				problems = append(problems, p.problem("previousIds", fmt.Sprintf("previous id %q is an id of policy %s", id, other.ID)))
			}
		}
	}
	known := func(id string) bool {
		return slices.ContainsFunc(policies, func(p *Policy) bool { return p.ID == id || slices.Contains(p.PreviousIDs, id) })
	}
	for _, o := range s.opts.Overlays {
		problems = append(problems, o.apply(s, known)...)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	slices.SortFunc(s.policies, func(a, b *Policy) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range s.policies {
		s.byID[p.ID].setDigest()
		s.byID[p.ID].setLookups()
		s.setReads(s.byID[p.ID])
		for _, check := range s.byID[p.ID].checks {
			s.byType[check.typ] = append(s.byType[check.typ], check)
		}
	}
	s.need()
	s.pool.New = func() any { return newEvaluator(s) }
	return s, nil
}

// typeNames yields the types that policies are about, and all of the catalogue.
func typeNames(policies []*Policy) iter.Seq[asset.Type] {
	return func(yield func(asset.Type) bool) {
		for _, p := range policies {
			for _, c := range p.Checks {
				for _, t := range c.Types {
					if !yield(t) {
						return
					}
				}
			}
		}
		catalog.Types()(yield)
	}
}

// selects reports whether all overlays keep a policy.
func (o *Options) selects(p *Policy) bool {
	return !slices.ContainsFunc(o.Overlays, func(v *Overlay) bool { return !v.selects(p, o.Clouds) })
}

// find returns the policy with the id, or the one that had it before.
func (s *Set) find(id string) *compiled {
	if p, ok := s.byID[id]; ok {
		return p
	}
	for _, p := range s.policies {
		if slices.Contains(p.PreviousIDs, id) {
			return s.byID[p.ID]
		}
	}
	return nil
}

// Policies returns the policies of the set, sorted by id.
func (s *Set) Policies() iter.Seq[*Policy] { return slices.Values(s.policies) }

// Policy returns the policy with the id, or the one that had it before.
func (s *Set) Policy(id string) (*Policy, bool) {
	if p := s.find(id); p != nil {
		return p.Policy, true
	}
	return nil, false
}

func (p *compiled) set(name string, x any) error {
	i := slices.IndexFunc(p.Params, func(q Param) bool { return q.Name == name })
	if i < 0 {
		return p.unknownParam(name)
	}
	value, err := p.Params[i].Type.check(x)
	if err != nil {
		return fmt.Errorf("parameter %q: %w", name, err)
	}
	p.params[name] = value
	p.values[name], err = asset.Of(value)
	return err
}

// unknownPolicy returns the error of an id that no policy has.
func (s *Set) unknownPolicy(id string) error {
	var ids []string
	for _, p := range s.policies {
		ids = append(ids, p.ID)
	}
	return fmt.Errorf("unknown policy %q%s", id, expr.DidYouMean(id, ids))
}

// unknownParam returns the error of a name that no parameter of the policy has.
func (p *Policy) unknownParam(name string) error {
	if len(p.Params) == 0 {
		return fmt.Errorf("unknown parameter %q of policy %q (has none)", name, p.ID)
	}
	var names []string
	for _, q := range p.Params {
		names = append(names, q.Name)
	}
	return fmt.Errorf("unknown parameter %q of policy %q (has %s)", name, p.ID, strings.Join(names, ", "))
}
