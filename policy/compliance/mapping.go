package compliance

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/openstance/stance/policy"
)

// Mapping says which policies cover which sections of standards. It is immutable and
// is safe for concurrent use.
type Mapping struct {
	standards []*mapped
	policies  []string       // ids of policies that cover anything, sorted, then those of claims
	index     map[string]int // of policies, also by earlier ids
	controls  map[string][]string
	claims    map[int]map[string]int // of policies whose controls have claims: the numbers of these
}

// mapped is a standard with its sections numbered in their order.
type mapped struct {
	*Standard
	chapter []int   // of each section: the number of its requirement
	covers  [][]int // of each policy, without controls that have claims, and of each claim: the numbers of its sections
}

// NewMapping maps policies, such as those of a set ([policy.Set.Policies]), to the
// sections of standards. Nothing that either side names may be missing on the other,
// so that a misspelled control does not make a section look as if nobody cared: the
// error joins every control of a policy that none of the standards has, and every
// policy of a section that is not among the policies, by its present or an earlier id.
func NewMapping(policies iter.Seq[*policy.Policy], standards ...*Standard) (*Mapping, error) {
	m := &Mapping{index: map[string]int{}, controls: map[string][]string{}, claims: map[int]map[string]int{}}
	sections := map[string]bool{}
	var problems []error
	for _, s := range standards {
		for _, x := range s.Sections() {
			if c := s.Control(x); sections[c] {
				problems = append(problems, fmt.Errorf("duplicate control %s", c))
			} else {
				sections[c] = true
			}
		}
	}
	claimed := map[string][]string{} // controls that have claims, by policy id
	byID := map[string]string{}      // also by earlier ids
	for p := range policies {
		byID[p.ID] = p.ID
		for _, id := range p.PreviousIDs {
			if _, taken := byID[id]; !taken {
				byID[id] = p.ID
			}
		}
		for _, c := range p.Controls {
			if !sections[c] {
				problems = append(problems, fmt.Errorf("policy %s: unknown control %q", p.ID, c))
				continue
			}
			m.add(c, p.ID)
		}
		for _, check := range p.Checks {
			for _, claim := range check.Claims {
				claimed[p.ID] = append(claimed[p.ID], claim.Controls...)
			}
		}
	}
	for _, s := range standards {
		for _, x := range s.Sections() {
			for _, id := range x.Policies {
				present, ok := byID[id]
				if !ok {
					problems = append(problems, fmt.Errorf("section %s: unknown policy %q", s.Control(x), id))
					continue
				}
				m.add(s.Control(x), present)
			}
		}
	}
	if len(problems) > 0 {
		slices.SortFunc(problems, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
		return nil, fmt.Errorf("map policies to standards: %w", errors.Join(problems...))
	}
	m.number(byID, claimed, standards)
	return m, nil
}

func (m *Mapping) add(control, policy string) {
	if !slices.Contains(m.controls[control], policy) {
		m.controls[control] = append(m.controls[control], policy)
	}
}

// number gives policies, claims and sections their numbers.
func (m *Mapping) number(byID map[string]string, claimed map[string][]string, standards []*Standard) {
	for _, ids := range m.controls {
		slices.Sort(ids)
		m.policies = append(m.policies, ids...)
	}
	slices.Sort(m.policies)
	m.policies = slices.Compact(m.policies)
	for id, present := range byID {
		if i, ok := slices.BinarySearch(m.policies, present); ok {
			m.index[id] = i
		}
	}
	for p, id := range m.policies {
		for _, control := range claimed[id] {
			if m.claims[p] == nil {
				m.claims[p] = map[string]int{}
			}
			if _, ok := m.claims[p][control]; !ok {
				m.claims[p][control] = len(m.policies)
				m.policies = append(m.policies, id)
			}
		}
	}
	for _, s := range standards {
		x := &mapped{Standard: s, covers: make([][]int, len(m.policies))}
		for chapter := range s.Requirements {
			for j := range s.Requirements[chapter].Sections {
				control := s.Control(&s.Requirements[chapter].Sections[j])
				for _, id := range m.controls[control] {
					p := m.index[id]
					if claim, ok := m.claims[p][control]; ok {
						p = claim
					}
					x.covers[p] = append(x.covers[p], len(x.chapter))
				}
				x.chapter = append(x.chapter, chapter)
			}
		}
		m.standards = append(m.standards, x)
	}
}

// Policies returns the ids of the policies that cover a control, sorted; nil if
// there are none.
func (m *Mapping) Policies(control string) []string { return slices.Clone(m.controls[control]) }
