package report

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// PostureJSON writes postures as a JSON list of objects:
//
//	standard {id, name, provider}, counts, sections {status: number},
//	requirements [{id, title, counts, sections [{id, control, title, level, mode, status, policies, counts}]}],
//	clouds, accounts, regions [{provider, account, region, counts}]
//
// Counts are {passed, failed, failed_by {severity: number}, accepted, unknown, gaps,
// percent}, as [compliance.Counts]; percent is null where nothing passes or fails.
func PostureJSON(w io.Writer, postures []*compliance.Posture, _ *Options) error {
	return write(w, "JSON", func() ([]byte, error) {
		all := []jsonPosture{}
		for _, p := range postures {
			all = append(all, newJSONPosture(p))
		}
		b, err := json.MarshalIndent(all, "", "  ")
		return append(escapeJSON(b, 0), '\n'), err
	})
}

type (
	jsonPosture struct {
		Standard struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Provider string `json:"provider"`
		} `json:"standard"`
		Counts       jsonCounts                       `json:"counts"`
		Sections     map[compliance.SectionStatus]int `json:"sections"`
		Requirements []jsonRequirement                `json:"requirements"`
		Clouds       []jsonScope                      `json:"clouds"`
		Accounts     []jsonScope                      `json:"accounts"`
		Regions      []jsonScope                      `json:"regions"`
	}
	jsonRequirement struct {
		ID       string        `json:"id"`
		Title    string        `json:"title"`
		Counts   jsonCounts    `json:"counts"`
		Sections []jsonSection `json:"sections"`
	}
	jsonSection struct {
		ID       string                   `json:"id"`
		Control  string                   `json:"control"`
		Title    string                   `json:"title"`
		Level    int                      `json:"level"`
		Mode     string                   `json:"mode"`
		Status   compliance.SectionStatus `json:"status"`
		Policies []string                 `json:"policies"`
		Counts   jsonCounts               `json:"counts"`
	}
	jsonScope struct {
		Provider string     `json:"provider"`
		Account  string     `json:"account"`
		Region   string     `json:"region"`
		Counts   jsonCounts `json:"counts"`
	}
	jsonCounts struct {
		Passed   int                     `json:"passed"`
		Failed   int                     `json:"failed"`
		FailedBy map[policy.Severity]int `json:"failed_by"`
		Accepted int                     `json:"accepted"`
		Unknown  int                     `json:"unknown"`
		Gaps     int                     `json:"gaps"`
		Percent  *float64                `json:"percent"`
	}
)

func newJSONPosture(p *compliance.Posture) jsonPosture {
	j := jsonPosture{Counts: newJSONCounts(p.Counts), Sections: map[compliance.SectionStatus]int{}, Requirements: []jsonRequirement{}}
	j.Standard.ID, j.Standard.Name, j.Standard.Provider = p.Standard.ID, p.Standard.Name, p.Standard.Provider
	n := p.Sections()
	for _, s := range sectionStatuses() {
		j.Sections[s] = n[s]
	}
	for _, q := range p.Requirements {
		r := jsonRequirement{ID: q.Requirement.ID, Title: q.Requirement.Title, Counts: newJSONCounts(q.Counts)}
		for i := range q.Sections {
			s := &q.Sections[i]
			r.Sections = append(r.Sections, jsonSection{
				ID: s.Section.ID, Control: s.Control, Title: s.Section.Title, Level: s.Section.Level, Mode: modeText(s.Section),
				Status: s.Status(), Policies: slices.Concat([]string{}, s.Policies), Counts: newJSONCounts(s.Counts),
			})
		}
		j.Requirements = append(j.Requirements, r)
	}
	j.Clouds, j.Accounts, j.Regions = jsonScopes(p.Clouds), jsonScopes(p.Accounts), jsonScopes(p.Regions)
	return j
}

func jsonScopes(scopes []compliance.ScopePosture) []jsonScope {
	all := []jsonScope{}
	for _, s := range scopes {
		all = append(all, jsonScope{s.Scope.Provider, s.Scope.Account, s.Scope.Region, newJSONCounts(s.Counts)})
	}
	return all
}

func newJSONCounts(c compliance.Counts) jsonCounts {
	j := jsonCounts{
		Passed: c.Passed, Failed: c.Failed, FailedBy: map[policy.Severity]int{}, Accepted: c.Accepted, Unknown: c.Unknown, Gaps: c.Gaps,
	}
	for s := policy.Critical; s > 0; s-- {
		j.FailedBy[s] = c.FailedBy[s]
	}
	if p, ok := c.Percent(); ok {
		j.Percent = &p
	}
	return j
}
