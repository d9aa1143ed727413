package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/glob"
	"github.com/openstance/stance/internal/yamlfile"
)

// Overlay adapts the policies of packs to a site without copying them. It is a YAML file
// or a value:
//
//	only:                         # policies that one of these selects; all if there is none
//	  - {service: s3}
//	  - {control: cis-aws-5.0, severity: high}
//	without:                      # and none of these
//	  - {id: aws-s3-bucket-versioning}
//	severity:
//	  aws-kms-rotation: low
//	params:
//	  aws-iam-access-key-max-age-90: {maxAgeDays: 60}
//	exceptions:
//	  - policies: [aws-s3-bucket-not-public]
//	    assets: ["arn:aws:s3:::website-*"]
//	    owner: web team
//	    reason: the public website
//	    until: 2027-01-31
type Overlay struct {
	Only, Without []Selector
	Severities    map[string]Severity
	Params        map[string]map[string]any
	Exceptions    []Exception

	file      string
	positions map[string]position
	values    map[string]asset.Value // of params, by policy id, until the types are known
}

// Selector selects the policies that match all of its fields. Empty fields match every
// policy.
type Selector struct {
	ID       string   // with * for any characters; also an earlier id
	Severity Severity // this or above
	Control  string   // a control, or a whole standard: "cis-aws-5.0", "cis-aws-5.0/2.1.4"
	Label    string
	Service  string // of a type, in any case, as asset.Type.Service returns it: S3 of AWS::S3::Bucket
	Provider string // of a type: aws, azure, gcp, kubernetes
}

// Matches reports whether the selector selects a policy.
//
// Service and Provider are those of the built-in table of clouds; a set reads
// [Options].Clouds.
func (s Selector) Matches(p *Policy) bool { return s.matches(p, nil) }

func (s Selector) matches(p *Policy, clouds asset.Clouds) bool {
	id := func(x string) bool { return glob.Match(s.ID, x) }
	control := func(c string) bool { return c == s.Control || strings.HasPrefix(c, s.Control+"/") }
	return (s.ID == "" || id(p.ID) || slices.ContainsFunc(p.PreviousIDs, id)) &&
		p.Severity >= s.Severity &&
		(s.Control == "" || slices.ContainsFunc(p.Controls, control)) &&
		(s.Label == "" || slices.Contains(p.Labels, s.Label)) &&
		(s.Service == "" || p.about(func(t asset.Type) bool { return strings.EqualFold(clouds.Service(t), s.Service) })) &&
		(s.Provider == "" || p.about(func(t asset.Type) bool { return clouds.Provider(t) == s.Provider }))
}

func (p *Policy) about(match func(asset.Type) bool) bool {
	return slices.ContainsFunc(p.Checks, func(c Check) bool { return slices.ContainsFunc(c.Types, match) })
}

// ReadOverlay reads an overlay from a file. The error joins every problem of it, each a
// *[Diagnostic]. Whether there are the policies and parameters that it names is found out
// when a set is made with it.
func ReadOverlay(fsys fs.FS, name string) (*Overlay, error) {
	source, err := yamlfile.Read(fsys, name, MaxFile)
	if err != nil {
		return nil, fmt.Errorf("read overlay: %w", err)
	}
	o := &Overlay{
		Severities: map[string]Severity{}, file: name,
		positions: map[string]position{}, values: map[string]asset.Value{},
	}
	f := newFile(name, source)
	root := f.document()
	if root == nil {
		return nil, errors.Join(f.problems...)
	}
	r := &overlayReader{f, o}
	f.Mapping(root, map[string]func(*yaml.Node){
		"only":     r.selectors(&o.Only),
		"without":  r.selectors(&o.Without),
		"severity": r.byPolicy("severity", r.severity),
		"params":   r.byPolicy("params", func(id string, n *yaml.Node) { v := asset.Value{}; f.value(&v)(n); o.values[id] = v }),
		"exceptions": func(n *yaml.Node) {
			f.List(n, func(el *yaml.Node) { o.Exceptions = append(o.Exceptions, r.exception(el)) })
		},
	})
	return o, errors.Join(f.problems...)
}

type overlayReader struct {
	*file
	o *Overlay
}

func (r *overlayReader) selectors(to *[]Selector) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.List(n, func(el *yaml.Node) {
			var s Selector
			seen := r.Mapping(el, map[string]func(*yaml.Node){
				"id": r.Text(&s.ID), "control": r.Text(&s.Control), "label": r.Text(&s.Label),
				"service": r.Text(&s.Service), "provider": r.Text(&s.Provider),
				"severity": func(n *yaml.Node) { s.Severity = r.parseSeverity(n) },
			})
			if len(seen) == 0 {
				r.Problem(el, "empty selector (want at least one of id, severity, control, label, service, provider)")
			}
			*to = append(*to, s)
		})
	}
}

func (r *overlayReader) parseSeverity(n *yaml.Node) Severity {
	var name string
	r.Text(&name)(n)
	s, err := ParseSeverity(name)
	if err != nil {
		r.Problem(n, "%v", err)
	}
	return s
}

// byPolicy reads a mapping of ids of policies.
func (r *overlayReader) byPolicy(part string, read func(id string, n *yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			r.Problem(n, "want a mapping of policy ids")
			return
		}
		seen := map[string]bool{}
		for k, v := range r.Members(n) {
			id := k.Value
			if seen[id] {
				r.Problem(k, "duplicate policy %q", id)
			}
			seen[id] = true
			r.o.positions[part+"/"+id] = position{k.Line, k.Column, nil}
			read(id, v)
		}
	}
}

func (r *overlayReader) severity(id string, n *yaml.Node) { r.o.Severities[id] = r.parseSeverity(n) }

func (r *overlayReader) exception(n *yaml.Node) Exception {
	var e Exception
	var until string
	before := len(r.problems)
	seen := r.Mapping(n, map[string]func(*yaml.Node){
		"policies": r.Texts(&e.Policies), "assets": r.Texts(&e.Assets), "accounts": r.Texts(&e.Accounts),
		"owner": r.Text(&e.Owner), "reason": r.Text(&e.Reason), "until": r.Text(&until),
		"tags": r.Tags(&e.Tags),
	})
	if until != "" {
		t, err := parseTime(until)
		if err != nil {
			r.Problem(seen["until"], "%v", err)
		}
		if len(until) == len(time.DateOnly) {
			t = t.AddDate(0, 0, 1) // to the end of that day
		}
		e.Until = t
	}
	r.o.positions[fmt.Sprintf("exceptions[%d]", len(r.o.Exceptions))] = position{n.Line, n.Column, nil}
	if len(r.problems) == before {
		if err := e.verify(); err != nil {
			r.Problem(n, "exception: %v", err)
		}
	}
	return e
}

func (o *Overlay) problem(place string, err error) error {
	f := &Diagnostic{File: o.file, What: err.Error()}
	if f.File == "" {
		f.File = "overlay"
	}
	f.Line, f.Column = o.positions[place].line, o.positions[place].column
	return f
}

// selects reports whether the overlay keeps a policy.
func (o *Overlay) selects(p *Policy, clouds asset.Clouds) bool {
	match := func(s Selector) bool { return s.matches(p, clouds) }
	return (len(o.Only) == 0 || slices.ContainsFunc(o.Only, match)) && !slices.ContainsFunc(o.Without, match)
}

// apply applies the overlay to the policies of a set. Known tells whether there is a
// policy that this or another overlay left out.
func (o *Overlay) apply(s *Set, known func(id string) bool) []error {
	var problems []error
	look := func(place, id string, use func(*compiled) error) {
		p := s.find(id)
		switch {
		case p == nil && !known(id):
			problems = append(problems, o.problem(place, s.unknownPolicy(id)))
		case p != nil:
			if err := use(p); err != nil {
				problems = append(problems, o.problem(place, err))
			}
		}
	}
	for _, id := range sorted(o.Severities) {
		look("severity/"+id, id, func(p *compiled) error {
			sev := o.Severities[id]
			if sev < Informational || sev > Critical {
				return fmt.Errorf("invalid severity %d (want informational to critical)", sev)
			}
			p.Policy.Severity = sev
			return nil
		})
	}
	for _, id := range sorted(o.Params) {
		look("params/"+id, id, func(p *compiled) error {
			var errs []error
			for _, name := range sorted(o.Params[id]) {
				errs = append(errs, p.set(name, o.Params[id][name]))
			}
			return errors.Join(errs...)
		})
	}
	for _, id := range sorted(o.values) {
		look("params/"+id, id, func(p *compiled) error { return p.setAll(o.values[id]) })
	}
	for i := range o.Exceptions {
		e := &o.Exceptions[i]
		place := fmt.Sprintf("exceptions[%d]", i)
		if err := e.verify(); err != nil {
			problems = append(problems, o.problem(place, fmt.Errorf("exception: %w", err)))
		}
		for _, id := range e.Policies {
			look(place, id, func(p *compiled) error {
				s.exempt[p.ID] = append(s.exempt[p.ID], len(s.exceptions))
				return nil
			})
		}
		s.exceptions = append(s.exceptions, e)
	}
	return problems
}

// setAll sets parameters from a document.
func (p *compiled) setAll(v asset.Value) error {
	members, err := v.Members()
	if err != nil {
		return fmt.Errorf("want a mapping of parameters: %w", err)
	}
	var errs []error
	for name, x := range members {
		i := slices.IndexFunc(p.Policy.Params, func(q Param) bool { return q.Name == name })
		if i < 0 {
			errs = append(errs, p.unknownParam(name))
			continue
		}
		value, err := p.Policy.Params[i].Type.fromFile(x)
		if err != nil {
			errs = append(errs, fmt.Errorf("parameter %q: %w", name, err))
			continue
		}
		errs = append(errs, p.set(name, value))
	}
	return errors.Join(errs...)
}
