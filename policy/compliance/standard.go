// Package compliance says how far assets comply with standards, from the findings of
// policies.
//
// A [Standard] has requirements, which have sections, which policies cover: because
// the policy names the section's control ("cis-aws-5.0/2.1.4"), or because the
// section names the policy. [CIS] has the foundations benchmarks of the Center for
// Internet Security for the three clouds; an organization's own guideline is a file
// in the same form, read by [Load]. A [Mapping] brings standards and policies
// together, and makes a [Posture] for each standard of findings. [Compare] tells
// what has changed between two postures.
//
// A posture counts distinct assets, and each once: at every level, an asset is as
// bad as the worst finding of the policies that cover that level. What could not be
// read is counted apart and never as passed, and so is what an exception accepts. A
// section without a policy is not covered, whatever the findings are.
package compliance

import (
	"embed"
	"io/fs"
	"iter"
)

// Standard is a catalogue of requirements: a benchmark, a law, a guideline of an
// organization. It is not changed after it was made.
type Standard struct {
	ID           string // "cis-aws-5.0": lower case, digits, dots and dashes
	Name         string
	Provider     string // the cloud that it is about; empty: any
	Requirements []Requirement
}

// Requirement is a chapter of a standard.
type Requirement struct {
	ID       string // unique in the standard
	Title    string
	Sections []Section
}

// Section is what a policy can cover.
type Section struct {
	ID    string // unique in the standard: "2.1.4"
	Title string
	Level int // the profile that asks for it, from 1; 0 if the standard has none
	// Manual says that the standard leaves the assessment to a person. A policy may
	// cover the section nevertheless, in whole or in part.
	Manual bool
	// Policies are ids of policies that cover the section, beside those that name it
	// among their controls.
	Policies []string
}

// Control returns the id by which policies name a section: "cis-aws-5.0/2.1.4".
func (s *Standard) Control(section *Section) string { return s.ID + "/" + section.ID }

// Sections yields the sections of all requirements, in order.
func (s *Standard) Sections() iter.Seq2[*Requirement, *Section] {
	return func(yield func(*Requirement, *Section) bool) {
		for i := range s.Requirements {
			r := &s.Requirements[i]
			for j := range r.Sections {
				if !yield(r, &r.Sections[j]) {
					return
				}
			}
		}
	}
}

//go:embed standards/*.yaml
var standards embed.FS

// CIS returns the sections of CIS benchmarks, for [Load]: Amazon Web Services
// Foundations 3.0, 5.0 and 7.0, Microsoft Azure Foundations 3.0, 4.0, 5.0 and 6.0,
// Google Cloud Platform Foundation 3.0, 4.0 and 5.0. Numbers, levels and the mode of
// assessment are the benchmarks'; the titles are short words of our own and do not
// replace their text.
func CIS() fs.FS {
	sub, err := fs.Sub(standards, "standards")
	if err != nil {
		panic(err) // the name is constant and valid
	}
	return sub
}
