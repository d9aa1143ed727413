package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"github.com/openstance/stance/asset"
)

//go:embed templates
var templates embed.FS

// webPage is what all pages have in common.
type webPage struct {
	Title string
	Facts []fact
	Style template.CSS
	CSP   string // content security policy
}

// fact is a line of the head of a page.
type fact struct{ Name, Text, Link string }

func (p *webPage) fact(name, text string) {
	if text != "" {
		p.Facts = append(p.Facts, fact{Name: name, Text: text})
	}
}

// about adds what the options say of the report.
func (p *webPage) about(o Options) {
	if !o.Time.IsZero() {
		p.fact("Date", timeText(o.Time))
	}
	p.fact("Source", sentence(o.Source))
	p.fact("Version", visible(o.Version))
}

// execute makes a page of a template. The page loads nothing from elsewhere, and the
// browser is instructed to run no script but this one, and to apply no other style.
func (p *webPage) execute(name, script string, data any) ([]byte, error) {
	css, err := templates.ReadFile("templates/style.css")
	if err != nil {
		return nil, err
	}
	p.Style = template.CSS(css)
	p.CSP = "default-src 'none'; style-src " + hashSource(string(css)) + "; script-src " + hashSource(script) + "; base-uri 'none'; form-action 'none'"
	t, err := template.ParseFS(templates, "templates/parts.html", "templates/"+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// hashSource returns the source expression of a content security policy that allows one
// inline script or style.
func hashSource(s string) string {
	if s == "" {
		return "'none'"
	}
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// consoleURL returns the page of an asset in the console of a cloud. URLs are read from
// snapshots too and are not trusted: it returns "" for any other site.
func consoleURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" {
		return ""
	}
	for _, host := range []string{
		"console.aws.amazon.com", "console.amazonaws-us-gov.com", "console.amazonaws.cn",
		"portal.azure.com", "portal.azure.us", "portal.azure.cn", "console.cloud.google.com",
	} {
		if u.Host == host || strings.HasSuffix(u.Host, "."+host) {
			return u.String()
		}
	}
	return ""
}

// bar is a bar of a chart.
type bar struct {
	Label, Link, Text string
	Parts             []barPart
}

type barPart struct {
	Class    string
	X, Width string // of 100
}

// newBar returns a bar of parts, of which whole would fill it.
func newBar(label, link, text string, whole int, parts ...part) bar {
	b := bar{Label: label, Link: link, Text: text}
	x := 0
	percent := func(n int) string { return fmt.Sprintf("%.2f", float64(n)*100/float64(max(whole, 1))) }
	for _, p := range parts {
		if p.n > 0 {
			b.Parts = append(b.Parts, barPart{p.class, percent(x), percent(p.n)})
			x += p.n
		}
	}
	return b
}

type part struct {
	class string
	n     int
}

// ownerOf returns the owner of an asset as its tags have it. It is visible text.
func ownerOf(a *asset.Asset, o Options) string {
	if a == nil {
		return ""
	}
	if o.OwnerTag != "" {
		return visible(a.Tags[o.OwnerTag])
	}
	for _, key := range []string{"owner", "Owner", "OWNER"} {
		if v := a.Tags[key]; v != "" {
			return visible(v)
		}
	}
	return ""
}
