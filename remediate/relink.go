package remediate

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// relink returns an asset after a step with the links that follow from its documents. The
// links of a relation whose source the step may have changed, and that the documents do not
// name, are unread.
func relink(set *policy.Set, before, after *asset.Asset, s *Step) *asset.Asset {
	schema, ok := set.Schema(after.Type)
	if !ok {
		return after
	}
	rels := affected(schema, before, []Step{*s})
	if len(rels) == 0 {
		return after
	}
	derived := asset.Derive(without(after, rels), set.Schema)
	proven := asset.Derive(without(before, rels), set.Schema)
	for _, rel := range rels {
		if sameLinks(before, proven, rel) && proven.UnreadLinks(rel) == nil && slices.ContainsFunc(schema.Links, func(r asset.LinkRule) bool { return r.Rel == rel && len(r.At) > 0 }) {
			continue // the rule that led to the links before leads to those after
		}
		b := *derived
		derived = &b
		// The path is one of a relation.
		_ = derived.SetUnread(asset.Path("links").Key(rel), asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "a simulated step changes the part that the links come from"})
	}
	return derived
}

// affectedLinks reports whether steps may change links of an asset.
func affectedLinks(set *policy.Set, a *asset.Asset, steps []Step) bool {
	schema, ok := set.Schema(a.Type)
	return ok && len(affected(schema, a, steps)) > 0
}

// affected returns the relations whose links steps may change: those with a source among
// the changed parts, and those without a known source if a changed part, before or after,
// names an asset that they may lead to.
func affected(schema *asset.Schema, a *asset.Asset, steps []Step) []string {
	var changed []asset.Path
	var values []asset.Value
	for i := range steps {
		changed = append(changed, steps[i].changed()...)
		before, _ := steps[i].values(a) // what cannot be read has no strings
		for _, at := range before {
			values = appendParsed(values, at.Value)
		}
		for _, c := range steps[i].Effect {
			values = appendParsed(values, c.Value)
		}
	}
	var named []string
	for _, v := range values {
		named = appendStrings(named, v)
	}
	var rels []string
	for _, rule := range schema.Links {
		sources := slices.Concat(rule.From, rule.At)
		hit := slices.ContainsFunc(sources, func(p asset.Path) bool {
			return slices.ContainsFunc(changed, func(c asset.Path) bool { return overlap(c, p) })
		})
		if len(sources) == 0 && !rule.Within {
			hit = slices.ContainsFunc(named, func(s string) bool { return leadsTo(a, rule, s) })
		}
		if hit && !slices.Contains(rels, rule.Rel) {
			rels = append(rels, rule.Rel)
		}
	}
	return rels
}

func appendParsed(values []asset.Value, data json.RawMessage) []asset.Value {
	if v, err := asset.Parse(data); err == nil {
		values = append(values, v)
	}
	return values
}

// appendStrings appends the strings in a value.
func appendStrings(dst []string, v asset.Value) []string {
	switch v.Kind() {
	case asset.String:
		s, _ := v.Str()
		return append(dst, s)
	case asset.List:
		for i := range v.Len() {
			dst = appendStrings(dst, v.Index(i))
		}
	case asset.Map:
		for i := range v.Len() {
			_, m := v.MemberAt(i)
			dst = appendStrings(dst, m)
		}
	}
	return dst
}

// leadsTo reports whether a string may be a reference that a link of the rule comes from: the
// id of a linked asset or the last part of it, or the ARN, id or name of an asset of a type of the rule.
func leadsTo(a *asset.Asset, rule asset.LinkRule, s string) bool {
	if s == "" {
		return false
	}
	for _, l := range a.Links {
		if l.Rel == rule.Rel && (l.To.ID == s || strings.HasSuffix(l.To.ID, "/"+s) || strings.HasSuffix(l.To.ID, ":"+s)) {
			return true
		}
	}
	for _, t := range rule.To {
		switch arn := strings.SplitN(s, ":", 4); {
		case len(arn) == 4 && arn[0] == "arn":
			if strings.EqualFold(arn[2], t.Service()) {
				return true
			}
		case strings.Contains(s, "/"):
			if r, err := asset.ParseRef(t, s); err == nil && strings.Contains(strings.ToLower(r.ID), "/"+strings.ToLower(lastPart(t))) {
				return true
			}
		}
	}
	return false
}

// lastPart returns the last part of a type, as it stands in ids: "vaults" of
// Microsoft.KeyVault/vaults. In ids of Google Cloud it is the plural.
func lastPart(t asset.Type) string {
	return string(t[strings.LastIndexAny(string(t), "/:")+1:])
}

// without returns a copy of an asset without the links of some relations.
func without(a *asset.Asset, rels []string) *asset.Asset {
	b := *a
	b.Links = slices.DeleteFunc(slices.Clone(a.Links), func(l asset.Link) bool { return slices.Contains(rels, l.Rel) })
	return &b
}

// sameLinks reports whether two assets have the same links of a relation, in any order.
func sameLinks(a, b *asset.Asset, rel string) bool {
	of := func(x *asset.Asset) []asset.Link {
		all := slices.DeleteFunc(slices.Clone(x.Links), func(l asset.Link) bool { return l.Rel != rel })
		slices.SortFunc(all, func(l, m asset.Link) int { return l.To.Compare(m.To) })
		return all
	}
	return slices.Equal(of(a), of(b))
}
