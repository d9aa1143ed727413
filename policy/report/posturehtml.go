package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy/compliance"
)

// maxAssets bounds the assets of one section on a page.
const maxAssets = 200

// PostureHTML writes postures as one page for a browser, without scripts and in the style
// of [HTML]. Requirements with failed or unknown assets are open. Each section lists the
// assets that do not pass, at most 200, with the policies that decided.
func PostureHTML(w io.Writer, postures []*compliance.Posture, opts *Options) error {
	o := opts.orZero()
	return write(w, "HTML", func() ([]byte, error) {
		var data struct {
			Page     webPage
			Postures []htmlPosture
		}
		data.Page.Title = "Compliance"
		data.Page.about(o)
		for i, p := range postures {
			data.Postures = append(data.Postures, newHTMLPosture(p, fmt.Sprintf("standard%d", i+1)))
			data.Page.Facts = append(data.Page.Facts, fact{visible(p.Standard.Name), factText(p.Counts), data.Postures[i].Anchor})
		}
		return data.Page.execute("posture.html", "", &data)
	})
}

// factText sums up a posture in a line.
func factText(c compliance.Counts) string {
	text := percentText(c) + " pass, " + plural(c.Failed, "failed asset")
	if c.Unknown > 0 {
		text += fmt.Sprintf(", %d unknown", c.Unknown)
	}
	if c.Gaps > 0 {
		text += ", " + gapsText(c.Gaps) + ": assets may be missing"
	}
	return text
}

type (
	htmlPosture struct {
		Anchor, ID, Name, Sections string
		Counts                     postureCounts
		Requirements               []htmlRequirement
		Scopes                     []htmlScopes
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
		Assets             []htmlAsset
		More               int
	}
	htmlAsset  struct{ Status, Name, Ref, Where, Policies, Console string }
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
		Bar                   bar
	}
)

func newPostureCounts(c compliance.Counts) postureCounts {
	text := fmt.Sprintf("%d passed, %d accepted, %d unknown, %d failed", c.Passed, c.Accepted, c.Unknown, c.Failed)
	return postureCounts{
		Counts: c, Percent: percentText(c), By: failedText(c), GapsText: gapsText(c.Gaps),
		Bar: newBar("", "", text, c.Passed+c.Accepted+c.Unknown+c.Failed,
			part{"passed", c.Passed}, part{"accepted", c.Accepted}, part{"unknown", c.Unknown}, part{"failed", c.Failed}),
	}
}

func newHTMLPosture(p *compliance.Posture, anchor string) htmlPosture {
	h := htmlPosture{Anchor: anchor, ID: visible(p.Standard.ID), Name: visible(p.Standard.Name), Sections: sectionsText(p), Counts: newPostureCounts(p.Counts)}
	for _, q := range p.Requirements {
		r := htmlRequirement{ID: visible(q.Requirement.ID), Title: visible(q.Requirement.Title), Counts: newPostureCounts(q.Counts)}
		r.Open = q.Counts.Failed > 0 || q.Counts.Unknown > 0 || q.Counts.Gaps > 0
		for i := range q.Sections {
			r.Sections = append(r.Sections, newHTMLSection(p, &q.Sections[i]))
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

func newHTMLSection(p *compliance.Posture, s *compliance.SectionPosture) htmlSection {
	x := htmlSection{
		ID: visible(s.Section.ID), Title: visible(s.Section.Title), Status: s.Status().String(), StatusText: words(s.Status().String()),
		Policies: s.Policies, Counts: newPostureCounts(s.Counts),
	}
	if s.Section.Manual {
		x.Mode = "manual"
	}
	if s.Counts.Failed+s.Counts.Unknown+s.Counts.Accepted == 0 {
		return x
	}
	for a := range p.Assets(s.Control) {
		if a.Status == compliance.Passed {
			break // they come last
		}
		if len(x.Assets) == maxAssets {
			x.More++
			continue
		}
		policies := ""
		if len(s.Policies) > 1 { // else the section names it
			policies = visible(strings.Join(a.Policies, ", "))
		}
		x.Assets = append(x.Assets, htmlAsset{
			Status: a.Status.String(), Name: visible(cmp.Or(a.Name, secret.Mask(a.Ref.ID))), Ref: visible(secret.Mask(a.Ref.String())), Where: visible(a.Scope.String()),
			Policies: policies, Console: consoleURL(a.URL),
		})
	}
	return x
}
