package report

import (
	"html/template"
	"io"

	"github.com/openstance/stance/policy/compliance"
)

// PostureHTML writes postures as a page for a browser, in the way of [HTML].
// Requirements in which something fails or is unknown are open.
func PostureHTML(w io.Writer, postures []*compliance.Posture, _ *Options) error {
	return write(w, "HTML", func() ([]byte, error) {
		css, err := style()
		if err != nil {
			return nil, err
		}
		data := struct {
			Style    template.CSS
			Postures []htmlPosture
		}{Style: css}
		for _, p := range postures {
			data.Postures = append(data.Postures, newHTMLPosture(p))
		}
		return execute("posture.html", data)
	})
}

type (
	htmlPosture struct {
		ID, Name, Sections string
		Counts             postureCounts
		Requirements       []htmlRequirement
		Scopes             []htmlScopes
	}
	htmlRequirement struct {
		ID, Title string
		Open      bool
		Counts    postureCounts
		Sections  []htmlSection
	}
	htmlSection struct {
		ID, Title, Mode    string
		Status, StatusText string
		Policies           []string
		Counts             postureCounts
	}
	htmlScopes struct {
		Title, What string
		Rows        []htmlScope
	}
	htmlScope struct {
		Name   string
		Counts postureCounts
	}
	// postureCounts are counts with what a page says of them.
	postureCounts struct {
		compliance.Counts
		Percent, By, GapsText string
		Bar                   []barPart
	}
	barPart struct {
		Class   string
		Percent float64
	}
)

func newPostureCounts(c compliance.Counts) postureCounts {
	x := postureCounts{Counts: c, Percent: percentText(c), By: failedText(c), GapsText: gapsText(c.Gaps)}
	total := c.Passed + c.Accepted + c.Unknown + c.Failed
	for _, p := range []struct {
		class string
		n     int
	}{{"passed", c.Passed}, {"accepted", c.Accepted}, {"unknown", c.Unknown}, {"failed", c.Failed}} {
		if p.n > 0 {
			x.Bar = append(x.Bar, barPart{p.class, float64(p.n) * 100 / float64(total)})
		}
	}
	return x
}

func newHTMLPosture(p *compliance.Posture) htmlPosture {
	h := htmlPosture{ID: visible(p.Standard.ID), Name: visible(p.Standard.Name), Sections: sectionsText(p), Counts: newPostureCounts(p.Counts)}
	for _, q := range p.Requirements {
		r := htmlRequirement{ID: visible(q.Requirement.ID), Title: visible(q.Requirement.Title), Counts: newPostureCounts(q.Counts)}
		r.Open = q.Counts.Failed > 0 || q.Counts.Unknown > 0 || q.Counts.Gaps > 0
		for i := range q.Sections {
			s := &q.Sections[i]
			x := htmlSection{
				ID: visible(s.Section.ID), Title: visible(s.Section.Title), Status: s.Status().String(), StatusText: words(s.Status().String()),
				Policies: s.Policies, Counts: newPostureCounts(s.Counts),
			}
			if s.Section.Manual {
				x.Mode = "manual"
			}
			r.Sections = append(r.Sections, x)
		}
		h.Requirements = append(h.Requirements, r)
	}
	for _, list := range []struct {
		title, what string
		scopes      []compliance.ScopePosture
	}{{"By cloud", "Cloud", p.Clouds}, {"By account", "Account", p.Accounts}, {"By region", "Region", p.Regions}} {
		x := htmlScopes{Title: list.title, What: list.what}
		for _, s := range list.scopes {
			name := scopeName(s.Scope)
			if list.what == "Region" && s.Scope.Region == "" {
				name += " (global)"
			}
			x.Rows = append(x.Rows, htmlScope{name, newPostureCounts(s.Counts)})
		}
		if len(x.Rows) > 0 {
			h.Scopes = append(h.Scopes, x)
		}
	}
	return h
}
