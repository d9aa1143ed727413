package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/yamlfile"
)

// Load reads the policies of packs, every file whose name ends in .yaml or .yml, and
// compiles them to one set. The error joins every problem of every file, each a
// *[Diagnostic] with the file, line and column; then there is no set.
func Load(opts *Options, packs ...fs.FS) (*Set, error) {
	policies, err := Read(packs...)
	if err != nil {
		// The files without a problem are compiled as well, to report everything at once.
		_, more := NewSet(opts, policies...)
		return nil, errors.Join(err, more)
	}
	return NewSet(opts, policies...)
}

// Read reads the policies of packs without compiling them, in the order of the packs
// and of the names of their files. The error joins the problems of the files; the
// policies of files without a problem are returned beside it. An empty pack is an error, and
// so is none: a set without policies would never report a failure.
func Read(packs ...fs.FS) ([]*Policy, error) {
	if len(packs) == 0 {
		return nil, errors.New("no packs to read policies from")
	}
	var policies []*Policy
	var problems []error
	for _, fsys := range packs {
		some, err := readPack(fsys)
		policies = append(policies, some...)
		problems = append(problems, err)
	}
	return policies, errors.Join(problems...)
}

func readPack(fsys fs.FS) ([]*Policy, error) {
	var policies []*Policy
	var faults []error
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		files++
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			faults = append(faults, &Diagnostic{File: name, What: err.Error()})
			return nil
		}
		p, errs := readPolicy(name, source)
		faults = append(faults, errs...)
		if len(errs) == 0 {
			policies = append(policies, p)
		}
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("there are no policies: no file ends in .yaml or .yml")
	}
	if err != nil {
		faults = append(faults, fmt.Errorf("read policies: %w", err))
	}
	return policies, errors.Join(faults...)
}

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	namePattern    = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)
	controlPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

func readPolicy(name string, source []byte) (*Policy, []error) {
	f := newFile(name, source)
	root := f.document()
	if root == nil {
		return nil, f.faults
	}
	p := &Policy{file: name, source: f, positions: map[string]position{}}
	r := &policyReader{f, p}
	r.policy(root)
	return p, f.faults
}

// policyReader reads a policy from YAML.
type policyReader struct {
	*file
	p *Policy
}

// at remembers where something stands, for faults found later.
func (r *policyReader) at(place string, n *yaml.Node) {
	r.p.positions[place] = position{n.Line, n.Column, n}
}

func (r *policyReader) policy(root *yaml.Node) {
	p := r.p
	var single Check
	var tests *yaml.Node
	fields := map[string]func(*yaml.Node){
		"id":          r.text(&p.ID),
		"previousIds": r.texts(&p.PreviousIDs),
		"title":       r.text(&p.Title),
		"rationale":   r.text(&p.Rationale),
		"severity":    r.severity,
		"params":      r.params,
		"controls":    r.texts(&p.Controls),
		"labels":      r.texts(&p.Labels),
		"remediation": r.remediation,
		"tests":       func(n *yaml.Node) { tests = n },
		"checks": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				i := len(p.Checks)
				p.Checks = append(p.Checks, Check{})
				var c Check
				r.Mapping(el, r.check(i, &c))
				r.at(fmt.Sprintf("checks[%d]", i), el)
				p.Checks[i] = c
			})
		},
	}
	for k, read := range r.check(0, &single) {
		fields[k] = read
	}
	seen := r.Mapping(root, fields)
	r.at("", yamlfile.Resolve(root))
	for k, n := range seen {
		if _, ok := r.p.positions[k]; !ok {
			r.at(k, n)
		}
	}
	if seen["checks"] == nil {
		p.Checks = []Check{single}
		r.at("checks[0]", yamlfile.Resolve(root))
	} else {
		for _, k := range []string{"type", "when", "let", "require", "message"} {
			if n := seen[k]; n != nil {
				r.Fault(n, "%q beside \"checks\": it belongs into each of the checks", k)
			}
		}
	}
	if tests != nil {
		r.List(tests, func(n *yaml.Node) {
			if c, ok := r.test(n); ok {
				p.Tests = append(p.Tests, c)
			}
		})
	}
}

// typePlace is the place of one of the types of a check.
func typePlace(check int, t asset.Type) string { return fmt.Sprintf("checks[%d].type.%s", check, t) }

func (r *policyReader) check(i int, c *Check) map[string]func(*yaml.Node) {
	place := func(what string, read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.at(fmt.Sprintf("checks[%d].%s", i, what), n)
			read(n)
		}
	}
	return map[string]func(*yaml.Node){
		"type": place("type", func(n *yaml.Node) {
			var names []string
			r.texts(&names)(n)
			for j, t := range names {
				c.Types = append(c.Types, asset.Type(t))
				if n.Kind == yaml.SequenceNode && j < len(n.Content) {
					r.at(typePlace(i, asset.Type(t)), n.Content[j])
				} else {
					r.at(typePlace(i, asset.Type(t)), n)
				}
			}
		}),
		"when":    place("when", r.text(&c.When)),
		"require": place("require", r.text(&c.Require)),
		"message": place("message", r.text(&c.Message)),
		"let": func(n *yaml.Node) {
			if n.Kind != yaml.MappingNode {
				r.Fault(n, "want a mapping of names to expressions")
				return
			}
			for j := 0; j+1 < len(n.Content); j += 2 {
				name, v := n.Content[j].Value, yamlfile.Resolve(n.Content[j+1])
				if slices.ContainsFunc(c.Let, func(l Variable) bool { return l.Name == name }) {
					r.Fault(n.Content[j], "variable %q a second time", name)
				}
				l := Variable{Name: name}
				r.text(&l.Expr)(v)
				r.at(fmt.Sprintf("checks[%d].let.%s", i, name), v)
				c.Let = append(c.Let, l)
			}
		},
	}
}

func (r *policyReader) severity(n *yaml.Node) {
	var name string
	r.text(&name)(n)
	s, err := ParseSeverity(name)
	if err != nil {
		r.Fault(n, "%v", err)
	}
	r.p.Severity = s
}

func (r *policyReader) remediation(n *yaml.Node) {
	m := &r.p.Remediation
	r.Mapping(n, map[string]func(*yaml.Node){
		"class": func(n *yaml.Node) {
			var c string
			r.text(&c)(n)
			m.Class = Class(c)
			if !slices.Contains([]Class{Safe, Guarded, Manual}, m.Class) {
				r.Fault(n, "class %q is none of safe, guarded, manual", c)
			}
		},
		"text":      r.text(&m.Text),
		"cli":       r.text(&m.CLI),
		"prechecks": r.texts(&m.PreChecks),
		"fix":       r.text(&m.Fix),
	})
}

func (r *policyReader) params(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.Fault(n, "want a mapping of names to parameters")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p := Param{Name: n.Content[i].Value}
		body := yamlfile.Resolve(n.Content[i+1])
		var def asset.Value
		var typ string
		seen := r.Mapping(body, map[string]func(*yaml.Node){
			"type": r.text(&typ), "default": r.value(&def), "description": r.text(&p.Description),
		})
		p.Type = ParamType(typ)
		if seen["default"] == nil {
			r.Fault(body, "parameter %q has no default", p.Name)
		} else if d, err := p.Type.fromValue(def); err != nil {
			r.Fault(seen["default"], "parameter %q: %v", p.Name, err)
		} else {
			p.Default = d
		}
		if slices.ContainsFunc(r.p.Params, func(q Param) bool { return q.Name == p.Name }) {
			r.Fault(n.Content[i], "parameter %q a second time", p.Name)
		}
		r.p.Params = append(r.p.Params, p)
	}
}

// fromValue returns the Go value of a parameter of the type.
func (t ParamType) fromValue(v asset.Value) (any, error) {
	switch t {
	case StringParam:
		return v.Str()
	case IntParam:
		return v.Int()
	case BoolParam:
		return v.Bool()
	case StringsParam:
		return elements(v, asset.Value.Str)
	case IntsParam:
		return elements(v, asset.Value.Int)
	}
	return nil, fmt.Errorf("type %q is none of string, int, bool, list(string), list(int)", t)
}

func elements[T any](v asset.Value, read func(asset.Value) (T, error)) ([]T, error) {
	seq, err := v.Elements()
	if err != nil {
		return nil, err
	}
	list := []T{}
	for i, el := range seq {
		x, err := read(el)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list = append(list, x)
	}
	return list, nil
}

// test reads a case.
func (r *policyReader) test(n *yaml.Node) (Case, bool) {
	before := len(r.faults)
	c := Case{Line: n.Line, Asset: &asset.Asset{}}
	var want, now string
	var params asset.Value
	fields := map[string]func(*yaml.Node){
		"name":    r.text(&c.Name),
		"message": r.text(&c.Message),
		"want":    r.text(&want),
		"now":     r.text(&now),
		"params":  r.value(&params),
		"related": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				a := &asset.Asset{}
				r.asset(el, a, map[string]func(*yaml.Node){}, true)
				c.Related = append(c.Related, a)
			})
		},
		"gaps": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) { c.Related = append(c.Related, r.gap(el)) })
		},
		"coverage": func(n *yaml.Node) {
			c.Covered = true
			r.List(n, func(el *yaml.Node) { c.Related = append(c.Related, r.coverage(el)) })
		},
	}
	seen := r.asset(n, c.Asset, fields, false)
	if c.Name == "" {
		r.Fault(n, "a test has no name")
	} else if slices.ContainsFunc(r.p.Tests, func(o Case) bool { return o.Name == c.Name }) {
		r.Fault(n, "test %q a second time", c.Name)
	}
	switch want {
	case "pass":
		c.Want = Pass
	case "fail":
		c.Want = Fail
	case "unknown":
		c.Want = Unknown
	case "not_applicable":
		c.Want = NotApplicable
	default:
		r.Fault(n, "test %q: want %q is none of pass, fail, unknown, not_applicable", c.Name, want)
	}
	if now != "" {
		t, err := parseTime(now)
		if err != nil {
			r.Fault(seen["now"], "%v", err)
		}
		c.Now = t
	}
	if !params.IsAbsent() {
		c.Params = r.caseParams(seen["params"], params)
	}
	return c, len(r.faults) == before
}

func (r *policyReader) caseParams(n *yaml.Node, v asset.Value) map[string]any {
	params := map[string]any{}
	members, err := v.Members()
	if err != nil {
		r.Fault(n, "params %v", err)
	}
	for name, x := range members {
		i := slices.IndexFunc(r.p.Params, func(p Param) bool { return p.Name == name })
		if i < 0 {
			r.Fault(n, "no parameter %q", name)
			continue
		}
		value, err := r.p.Params[i].Type.fromValue(x)
		if err != nil {
			r.Fault(n, "parameter %q: %v", name, err)
		}
		params[name] = value
	}
	return params
}

// asset reads an asset of a case: its documents beside its metadata, which for the
// subject of the case stand under the key asset, and for a related one beside them.
func (r *policyReader) asset(n *yaml.Node, a *asset.Asset, fields map[string]func(*yaml.Node), related bool) map[string]*yaml.Node {
	var unread *yaml.Node
	fields["config"] = r.value(&a.Config)
	fields["status"] = r.value(&a.Status)
	fields["access"] = r.value(&a.Access)
	fields["unread"] = func(n *yaml.Node) { unread = n }
	meta := r.meta(a)
	if related {
		for k, read := range meta {
			fields[k] = read
		}
	} else {
		fields["asset"] = func(n *yaml.Node) { r.Mapping(n, meta) }
	}
	seen := r.Mapping(n, fields)
	if !related && a.Type == "" && len(r.p.Checks) > 0 && len(r.p.Checks[0].Types) > 0 {
		a.Type = r.p.Checks[0].Types[0]
	}
	if a.Type == "" {
		r.Fault(n, "an asset has no type")
	}
	if a.ID == "" {
		a.ID = "test"
		if related {
			r.Fault(n, "a related asset has no id")
		}
	}
	if a.Name == "" {
		a.Name = a.ID
	}
	if a.Account == "" {
		a.Account = "test-account"
	}
	if a.Provider == "" {
		a.Provider = a.Type.Provider()
	}
	if unread != nil {
		r.List(unread, func(el *yaml.Node) { r.unread(el, a) })
	}
	return seen
}

func (r *policyReader) meta(a *asset.Asset) map[string]func(*yaml.Node) {
	var created string
	refs := func(to *[]asset.Ref) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				var ref asset.Ref
				r.Mapping(el, map[string]func(*yaml.Node){"type": r.text((*string)(&ref.Type)), "id": r.text(&ref.ID)})
				*to = append(*to, ref)
			})
		}
	}
	return map[string]func(*yaml.Node){
		"id": r.text(&a.ID), "type": r.text((*string)(&a.Type)), "name": r.text(&a.Name), "class": r.text(&a.Class),
		"provider": r.text(&a.Provider), "account": r.text(&a.Account), "region": r.text(&a.Region),
		"observers": r.texts(&a.Observers), "parents": refs(&a.Parents),
		"origin": func(n *yaml.Node) {
			var o string
			r.text(&o)(n)
			switch o {
			case "template":
				a.Origin = asset.Origin{File: "template", Line: 1}
			case "live":
			default:
				r.Fault(n, "origin %q is none of live, template", o)
			}
		},
		"created": func(n *yaml.Node) {
			r.text(&created)(n)
			t, err := parseTime(created)
			if err != nil {
				r.Fault(n, "%v", err)
			}
			a.Created = t
		},
		"tags": r.tags(&a.Tags),
		"links": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				var l asset.Link
				r.Mapping(el, map[string]func(*yaml.Node){
					"rel": r.text(&l.Rel), "type": r.text((*string)(&l.To.Type)), "id": r.text(&l.To.ID)})
				a.Links = append(a.Links, l)
			})
		},
	}
}

// unread marks a part of an asset of a case: a path, or a mapping with the reason.
func (r *policyReader) unread(n *yaml.Node, a *asset.Asset) {
	u := asset.Unread{Op: "test:Read", Reason: asset.Denied, Code: "AccessDenied"}
	var p string
	if n.Kind == yaml.ScalarNode {
		p = n.Value
	} else {
		r.Mapping(n, map[string]func(*yaml.Node){
			"path": r.text(&p), "op": r.text(&u.Op), "reason": r.reason(&u.Reason), "code": r.text(&u.Code), "message": r.text(&u.Message)})
	}
	if err := a.SetPath(asset.Path(p), u.Value()); err != nil {
		r.Fault(n, "unread: %v", err)
	}
}

func (r *policyReader) scope(s *asset.Scope, t *asset.Type) map[string]func(*yaml.Node) {
	return map[string]func(*yaml.Node){
		"provider": r.text(&s.Provider), "account": r.text(&s.Account), "region": r.text(&s.Region), "type": r.text((*string)(t)),
	}
}

// fill gives a scope of a case what assets of a case have by default.
func fillScope(s *asset.Scope, t asset.Type) {
	if s.Account == "" {
		s.Account = "test-account"
	}
	if s.Provider == "" {
		s.Provider = t.Provider()
	}
}

func (r *policyReader) reason(to *asset.Reason) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var name string
		r.text(&name)(n)
		reason, err := asset.ParseReason(name)
		if err != nil {
			r.Fault(n, "%v", err)
		}
		*to = reason
	}
}

func (r *policyReader) gap(n *yaml.Node) *asset.Gap {
	g := &asset.Gap{}
	fields := r.scope(&g.Scope, &g.Type)
	fields["op"], fields["reason"] = r.text(&g.Cause.Op), r.reason(&g.Cause.Reason)
	fields["code"], fields["message"] = r.text(&g.Cause.Code), r.text(&g.Cause.Message)
	fields["of"] = func(n *yaml.Node) {
		r.Mapping(n, map[string]func(*yaml.Node){"type": r.text((*string)(&g.Of.Type)), "id": r.text(&g.Of.ID)})
	}
	r.Mapping(n, fields)
	fillScope(&g.Scope, g.Type)
	return g
}

func (r *policyReader) coverage(n *yaml.Node) *asset.Coverage {
	c := &asset.Coverage{}
	fields := r.scope(&c.Scope, &c.Type)
	fields["state"] = func(n *yaml.Node) {
		for _, s := range []asset.CoverageState{asset.NotAsked, asset.Partial, asset.Complete} {
			if n.Value == s.String() {
				c.State = s
				return
			}
		}
		r.Fault(n, "state %q is none of not_asked, partial, complete", n.Value)
	}
	r.Mapping(n, fields)
	fillScope(&c.Scope, c.Type)
	return c
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: want 2006-01-02T15:04:05Z or 2006-01-02", s)
}

// verify reports what is wrong with a policy that needs no compiler.
func (p *Policy) verify() []error {
	var faults []error
	add := func(place, format string, args ...any) {
		faults = append(faults, p.fault(place, fmt.Sprintf(format, args...)))
	}
	if !idPattern.MatchString(p.ID) {
		add("id", "id %q: want lower case letters, digits and dashes", p.ID)
	}
	if strings.TrimSpace(p.Title) == "" {
		add("title", "no title")
	}
	if p.Severity < Informational || p.Severity > Critical {
		add("severity", "no severity")
	}
	for _, c := range p.Controls {
		if !controlPattern.MatchString(c) {
			add("controls", "control %q: want a standard and a section, such as cis-aws-5.0/2.1.4", c)
		}
	}
	for _, q := range p.Params {
		if !namePattern.MatchString(q.Name) {
			add("params", "parameter %q: want a name of letters and digits", q.Name)
		}
		if _, err := q.Type.check(q.Default); err != nil {
			add("params", "parameter %q: default %v", q.Name, err)
		}
	}
	if len(p.Checks) == 0 {
		add("", "no checks")
	}
	seen := map[asset.Type]bool{}
	for i, c := range p.Checks {
		place := fmt.Sprintf("checks[%d]", i)
		if len(c.Types) == 0 {
			add(place, "no type")
		}
		for _, t := range c.Types {
			if seen[t] {
				add(place+".type", "type %s a second time", t)
			}
			seen[t] = true
		}
		switch {
		case c.Run == nil && strings.TrimSpace(c.Require) == "":
			add(place, "no require")
		case c.Run != nil && (c.Require != "" || c.When != "" || c.Message != "" || len(c.Let) > 0):
			add(place, "a check in Go has no expressions")
		}
		for _, l := range c.Let {
			if !namePattern.MatchString(l.Name) || slices.Contains(reserved, l.Name) {
				add(place+".let."+l.Name, "variable %q: want a new name of letters and digits", l.Name)
			}
		}
	}
	return faults
}

var reserved = []string{"asset", "config", "status", "access", "params", "now", "true", "false", "null", "in"}

// fault makes a fault of something in p.
func (p *Policy) fault(place, what string) *Diagnostic {
	f := &Diagnostic{File: p.file, What: what}
	if f.File == "" {
		f.File = "policy " + p.ID
	}
	at, ok := p.positions[place]
	if !ok {
		at = p.positions[""]
	}
	f.Line, f.Column = at.line, at.column
	return f
}

// check returns a value of the type in its one Go form.
func (t ParamType) check(x any) (any, error) {
	switch t {
	case StringParam, IntParam, BoolParam, StringsParam, IntsParam:
	default:
		return nil, fmt.Errorf("type %q is none of string, int, bool, list(string), list(int)", t)
	}
	v, err := asset.Of(x)
	if err != nil {
		return nil, err
	}
	value, err := t.fromValue(v)
	if err != nil {
		return nil, fmt.Errorf("%v %w", x, err)
	}
	return value, nil
}
