package policy

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/member"
)

// test reads a case.
func (r *policyReader) test(n *yaml.Node) (Case, bool) {
	before := len(r.problems)
	c := Case{Line: n.Line, Asset: &asset.Asset{}}
	var want, now string
	var params asset.Value
	place := testPlace(len(r.p.Tests))
	relate := func(n *yaml.Node, o asset.Observation) {
		r.at(relatedPlace(place, len(c.Related)), n)
		c.Related = append(c.Related, o)
	}
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
				relate(el, a)
			})
		},
		"gaps": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) { relate(el, r.gap(el)) })
		},
		"coverage": func(n *yaml.Node) {
			c.Covered = true
			r.List(n, func(el *yaml.Node) { relate(el, r.coverage(el)) })
		},
	}
	r.at(place, n)
	seen := r.asset(n, c.Asset, fields, false)
	if c.Name == "" {
		r.Problem(n, "missing name of a test")
	} else if slices.ContainsFunc(r.p.Tests, func(o Case) bool { return o.Name == c.Name }) {
		r.Problem(n, "duplicate test %q", c.Name)
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
		r.Problem(n, "test %q: invalid want %q (want pass, fail, unknown or not_applicable)", c.Name, want)
	}
	if now != "" {
		t, err := parseTime(now)
		if err != nil {
			r.Problem(seen["now"], "%v", err)
		}
		c.Now = t
	}
	if !params.IsAbsent() {
		c.Params = r.caseParams(seen["params"], params)
	}
	return c, len(r.problems) == before
}

func testPlace(i int) string { return fmt.Sprintf("tests[%d]", i) }

func relatedPlace(test string, i int) string { return fmt.Sprintf("%s.related[%d]", test, i) }

func (r *policyReader) caseParams(n *yaml.Node, v asset.Value) map[string]any {
	params := map[string]any{}
	members, err := v.Members()
	if err != nil {
		r.Problem(n, "params: %v", err)
	}
	for name, x := range members {
		i := slices.IndexFunc(r.p.Params, func(p Param) bool { return p.Name == name })
		if i < 0 {
			r.Problem(n, "%v", r.p.unknownParam(name))
			continue
		}
		value, err := r.p.Params[i].Type.fromValue(x)
		if err != nil {
			r.Problem(n, "parameter %q: %v", name, err)
		}
		params[name] = value
	}
	return params
}

// asset reads an asset of a case: its documents beside its metadata, which for the
// subject of the case stand under the key asset, and for a related one beside them.
func (r *policyReader) asset(n *yaml.Node, a *asset.Asset, fields map[string]func(*yaml.Node), related bool) map[string]*yaml.Node {
	var unread *yaml.Node
	for name, doc := range a.Documents() {
		fields[name] = r.value(doc)
	}
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
		r.Problem(n, "missing type of an asset")
	}
	if a.ID == "" {
		a.ID = "test"
		if related {
			r.Problem(n, "missing id of a related asset")
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
				fields := member.Ref(&ref)
				r.Mapping(el, r.strings(fields[:]))
				*to = append(*to, ref)
			})
		}
	}
	fields := member.Asset(a)
	keys := r.strings(fields[:])
	maps.Copy(keys, map[string]func(*yaml.Node){
		"observers": r.texts(&a.Observers), "parents": refs(&a.Parents),
		"origin": func(n *yaml.Node) {
			var o string
			r.text(&o)(n)
			switch o {
			case "template":
				a.Origin = asset.Origin{File: "template", Line: 1}
			case "live":
			default:
				r.Problem(n, "invalid origin %q (want live or template)", o)
			}
		},
		"created": func(n *yaml.Node) {
			r.text(&created)(n)
			t, err := parseTime(created)
			if err != nil {
				r.Problem(n, "%v", err)
			}
			a.Created = t
		},
		"tags": r.tags(&a.Tags),
		"links": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				var l asset.Link
				fields := member.Link(&l)
				r.Mapping(el, r.strings(fields[:]))
				a.Links = append(a.Links, l)
			})
		},
	})
	return keys
}

// strings returns the readers of members that hold strings.
func (r *policyReader) strings(fields []member.Member) map[string]func(*yaml.Node) {
	keys := map[string]func(*yaml.Node){}
	for _, f := range fields {
		keys[f.Name] = r.text(f.Text)
	}
	return keys
}

// unread marks a part of an asset of a case: a path, or a mapping with the reason.
func (r *policyReader) unread(n *yaml.Node, a *asset.Asset) {
	u := asset.Unread{Op: "test:Read", Reason: asset.Denied, Code: "AccessDenied"}
	var p string
	if n.Kind == yaml.ScalarNode {
		p = n.Value
	} else {
		fields := member.Cause(&u)
		keys := r.strings(fields[:])
		keys["path"], keys["reason"] = r.text(&p), r.reason(&u.Reason)
		r.Mapping(n, keys)
	}
	if err := a.SetPath(asset.Path(p), u.Value()); err != nil {
		r.Problem(n, "unread: %v", err)
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
			r.Problem(n, "%v", err)
		}
		*to = reason
	}
}

func (r *policyReader) gap(n *yaml.Node) *asset.Gap {
	g := &asset.Gap{}
	fields := member.Gap(g)
	keys := r.strings(fields[:])
	keys["reason"] = r.reason(&g.Cause.Reason)
	keys["of"] = func(n *yaml.Node) {
		of := member.Ref(&g.Of)
		r.Mapping(n, r.strings(of[:]))
	}
	r.Mapping(n, keys)
	fillScope(&g.Scope, g.Type)
	return g
}

func (r *policyReader) coverage(n *yaml.Node) *asset.Coverage {
	c := &asset.Coverage{}
	fields := member.Coverage(c)
	keys := r.strings(fields[:])
	keys["state"] = func(n *yaml.Node) {
		var ok bool
		if c.State, ok = member.State(n.Value); !ok {
			r.Problem(n, "invalid state %q (want not_asked, partial or complete)", n.Value)
		}
	}
	r.Mapping(n, keys)
	fillScope(&c.Scope, c.Type)
	return c
}
