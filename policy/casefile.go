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
	var controls *yaml.Node
	place := testPlace(len(r.p.Tests))
	relate := func(n *yaml.Node, o asset.Observation) {
		r.at(relatedPlace(place, len(c.Related)), n)
		c.Related = append(c.Related, o)
	}
	fields := map[string]func(*yaml.Node){
		"name":     r.Text(&c.Name),
		"message":  r.Text(&c.Message),
		"want":     r.Text(&want),
		"now":      r.Text(&now),
		"controls": func(n *yaml.Node) { controls = n },
		"params":   r.value(&params),
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
	if err := c.Want.UnmarshalText([]byte(want)); err != nil {
		r.Problem(n, "test %q: invalid want %q (want pass, fail, unknown or not_applicable)", c.Name, want)
	}
	if controls != nil {
		c.Controls = r.caseControls(controls)
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

// defaults reads what assets of cases have of the parts that a case omits, which can only
// be that there are none.
func (r *policyReader) defaults(n *yaml.Node) {
	empty := func(part string, kind yaml.Kind, tag string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			if n.Kind != kind || len(n.Content) > 0 || n.ShortTag() != tag {
				r.Problem(n, "invalid default of %s (want parents: [], links: [], access: null)", part)
			}
			r.stated[part] = true
		}
	}
	r.Mapping(n, map[string]func(*yaml.Node){
		"parents": empty("parents", yaml.SequenceNode, "!!seq"),
		"links":   empty("links", yaml.SequenceNode, "!!seq"),
		"access":  empty("access", yaml.ScalarNode, "!!null"),
	})
}

func testPlace(i int) string { return fmt.Sprintf("tests[%d]", i) }

func relatedPlace(test string, i int) string { return fmt.Sprintf("%s.related[%d]", test, i) }

// caseControls reads the statuses that a case expects of controls.
func (r *policyReader) caseControls(n *yaml.Node) map[string]Status {
	all := map[string]Status{}
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "want a mapping of controls to statuses")
		return nil
	}
	for k, v := range r.Members(n) {
		var s Status
		if err := s.UnmarshalText([]byte(v.Value)); err != nil {
			r.Problem(v, "control %q: %v", k.Value, err)
		}
		all[k.Value] = s
	}
	return all
}

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
		value, err := r.p.Params[i].Type.fromFile(x)
		if err != nil {
			r.Problem(n, "parameter %q: %v", name, err)
		}
		params[name] = value
	}
	return params
}

// asset reads an asset of a case: its documents beside its metadata, which for the
// subject of the case stand under the key asset, and for a related one beside them.
// Parents, links and the access policy that neither the case nor the defaults state are
// unread.
func (r *policyReader) asset(n *yaml.Node, a *asset.Asset, fields map[string]func(*yaml.Node), related bool) map[string]*yaml.Node {
	var unread *yaml.Node
	var beside map[string]*yaml.Node // the keys of the metadata
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
		fields["asset"] = func(n *yaml.Node) { beside = r.Mapping(n, meta) }
	}
	seen := r.Mapping(n, fields)
	if related {
		beside = seen
	}
	for _, part := range []string{"parents", "links"} {
		if beside[part] == nil && !r.stated[part] {
			// The error is one of the path.
			_ = a.SetUnread(asset.Path(part), *asset.NotStated(part))
		}
	}
	if seen["access"] == nil && !r.stated["access"] {
		a.Access = asset.NotStated("access").Value()
	}
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
		"observers": r.Texts(&a.Observers), "parents": refs(&a.Parents),
		"origin": func(n *yaml.Node) {
			var o string
			r.Text(&o)(n)
			switch o {
			case "template":
				a.Origin = asset.Origin{File: "template", Line: 1}
			case "live":
			default:
				r.Problem(n, "invalid origin %q (want live or template)", o)
			}
		},
		"created": func(n *yaml.Node) {
			r.Text(&created)(n)
			t, err := parseTime(created)
			if err != nil {
				r.Problem(n, "%v", err)
			}
			a.Created = t
		},
		"tags": r.Tags(&a.Tags),
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
		keys[f.Name] = r.Text(f.Text)
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
		keys["path"], keys["reason"] = r.Text(&p), r.reason(&u.Reason)
		r.Mapping(n, keys)
	}
	if err := a.SetUnread(asset.Path(p), u); err != nil {
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
		r.Text(&name)(n)
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
