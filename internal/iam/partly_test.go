package iam

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/partly"
)

// generator makes random policies, whole but for the holes in them.
type generator struct{ *partly.Maker }

func (g generator) stringsIn(values ...string) any {
	one := func() any { return partly.OneOf(g.Maker, values...) }
	if g.IntN(2) == 0 {
		return one()
	}
	list := make([]any, g.IntN(4))
	for i := range list {
		list[i] = g.Maybe(one)
	}
	return list
}

func (g generator) document() any {
	doc := map[string]any{"Statement": g.Maybe(func() any {
		if g.IntN(4) == 0 {
			return g.statement()
		}
		list := make([]any, 1+g.IntN(3))
		for i := range list {
			list[i] = g.Maybe(g.statement)
		}
		return list
	})}
	if g.IntN(4) > 0 {
		doc["Version"] = g.Maybe(func() any { return partly.OneOf(g.Maker, "2012-10-17", "2012-10-17", "2008-10-17") })
	}
	return doc
}

func (g generator) statement() any {
	s := map[string]any{"Effect": g.Maybe(func() any { return partly.OneOf(g.Maker, "Allow", "Deny") })}
	actions := func() any { return g.stringsIn("*", "s3:*", "s3:GetObject", "iam:*", "iam:Put*", "lambda:*", "*:*") }
	resources := func() any {
		return g.stringsIn("*", "*", "arn:aws:s3:::b*", "arn:aws:s3:::b", "arn:aws:iam::*:*", "arn:aws-cn:iam::*:*", "arn:aws:s3:::b/${aws:username}", "${*}")
	}
	for _, e := range []struct {
		name  string
		never int // of ten times
		hole  partly.Hole
	}{
		{"Action", 0, actions},
		{"Resource", 1, resources},
		{"Principal", 2, g.principals},
	} {
		name, opposite := e.name, "Not"+e.name
		if g.IntN(4) == 0 {
			name, opposite = opposite, name
		}
		if g.IntN(10) >= e.never {
			s[name] = g.Maybe(e.hole)
		}
		g.perhaps(s, opposite, e.hole)
	}
	if g.IntN(3) > 0 {
		s["Condition"] = g.Maybe(g.condition)
	} else {
		g.perhaps(s, "Condition", g.condition)
	}
	g.perhaps(s, "Sid", func() any { return "s" })
	g.perhaps(s, "Remark", func() any { return "is no element" })
	return s
}

// perhaps puts a hole where there may be nothing.
func (g generator) perhaps(m map[string]any, key string, what partly.Hole) {
	if g.IntN(4*g.Rare) == 0 {
		m[key] = what
	}
}

func (g generator) principals() any {
	if g.IntN(3) == 0 {
		return partly.OneOf(g.Maker, "*", "*", "123456789012")
	}
	m := map[string]any{}
	for range 1 + g.IntN(2) {
		switch g.IntN(4) {
		case 0, 1:
			m["AWS"] = g.Maybe(func() any {
				return g.stringsIn("*", "123456789012", "arn:aws:iam::210987654321:root", "arn:aws:iam::*:role/x")
			})
		case 2:
			m["Service"] = g.Maybe(func() any { return g.stringsIn("sns.amazonaws.com") })
		case 3:
			m["Federated"] = g.Maybe(func() any {
				return g.stringsIn("cognito-identity.amazonaws.com", "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
					"arn:aws:iam::123456789012:oidc-provider/login.example.com")
			})
		}
	}
	return m
}

func (g generator) condition() any {
	c := map[string]any{}
	for range 1 + g.IntN(2) {
		op := partly.OneOf(g.Maker, "Bool", "Bool", "Null", "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnLike", "ArnNotEquals",
			"IpAddress", "NotIpAddress", "NumericLessThan", "DateGreaterThan", "BinaryEquals")
		if op != "Null" {
			op = partly.OneOf(g.Maker, "", "", "ForAllValues:", "ForAnyValue:") + op + partly.OneOf(g.Maker, "", "", "IfExists")
		}
		c[op] = g.Maybe(func() any {
			keys := map[string]any{}
			for range 1 + g.IntN(2) {
				key, values := g.key()
				keys[key] = g.Maybe(values)
			}
			return keys
		})
	}
	g.perhaps(c, "BoolOrSo", func() any { return map[string]any{"k": "true"} })
	return c
}

func (g generator) key() (string, partly.Hole) {
	k := partly.OneOf(g.Maker,
		[]string{"aws:SecureTransport", "true", "false"}, []string{"aws:SecureTransport", "true", "false"},
		[]string{"s3:TlsVersion", "1.2", "1.0"},
		[]string{"aws:MultiFactorAuthPresent", "true", "false"},
		[]string{"aws:PrincipalIsAWSService", "true", "false"},
		[]string{"aws:PrincipalOrgID", "o-a1", "o-*", "*", "${aws:ResourceOrgID}"},
		[]string{"aws:PrincipalArn", "*", "arn:aws:iam::123456789012:user/me", "arn:aws:iam::*:user/*", "arn:aws:iam::*:${aws:username}"},
		[]string{"aws:SourceIp", "0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "198.51.100.0/24"},
		[]string{"aws:CurrentTime", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"},
		[]string{"aws:CalledVia", "athena.amazonaws.com"},
		[]string{"aws:ResourceAccount", "123456789012", "210987654321", "${aws:PrincipalAccount}"},
		[]string{"aws:PrincipalOrgPaths", "o-a1/*", "o-*/*", "o-a1/r-1/ou-1/*", "o-b2/*"},
		[]string{"login.example.com:sub", "me", "*"},
		[]string{"aws:RequestedRegion", "us-east-1", "eu-west-1", "*"},
		[]string{"aws:PrincipalTag/team", "a", "*", "${aws:PrincipalTag/other}"},
		[]string{"token.actions.githubusercontent.com:sub", "repo:o/r:*", "repo:*", "*"},
		[]string{"iam:PassedToService", "lambda.amazonaws.com"},
	)
	return k[0], func() any { return g.stringsIn(k[1:]...) }
}

func (g generator) google() any {
	doc := map[string]any{"bindings": g.Maybe(func() any {
		list := make([]any, g.IntN(4))
		for i := range list {
			list[i] = g.Maybe(func() any {
				return map[string]any{
					"role": g.Maybe(func() any { return partly.OneOf(g.Maker, "roles/owner", "roles/storage.admin", "roles/viewer") }),
					"members": g.Maybe(func() any {
						members := make([]any, g.IntN(3))
						for i := range members {
							members[i] = g.Maybe(func() any {
								return partly.OneOf(g.Maker, "allUsers", "user:a@example.com", "user:b@example.org", "serviceAccount:s@p.iam.gserviceaccount.com", "deleted:user:c@example.org")
							})
						}
						return members
					}),
					"condition": g.Maybe(func() any {
						return partly.OneOf[any](g.Maker, nil, nil, map[string]any{"expression": g.Maybe(func() any {
							return partly.OneOf(g.Maker, "request.time < timestamp('2020-01-01T00:00:00Z')", "resource.name == 'a'")
						})})
					}),
				}
			})
		}
		return list
	})}
	g.perhaps(doc, "etag", func() any { return "x" })
	g.perhaps(doc, "Statement", func() any { return []any{} })
	return doc
}

// question is one that is asked of one document. The answer is all that is certain
// if it is a list.
type question struct {
	name string
	ask  func(doc asset.Value) (any, error)
}

func yesNo(f func(asset.Value) (bool, error)) func(asset.Value) (any, error) {
	return func(doc asset.Value) (any, error) { return f(doc) }
}

func lists(f func(asset.Value) ([]string, error)) func(asset.Value) (any, error) {
	return func(doc asset.Value) (any, error) { return f(doc) }
}

const me = "arn:aws:iam::123456789012:user/me"

var facts = Facts{Now: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), Principal: me}

func questionsToAWS(t *testing.T) []question {
	everything := parse(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	evaluate := func(docs func(asset.Value) []asset.Value, boundary func(asset.Value) asset.Value) func(asset.Value) (any, error) {
		return func(doc asset.Value) (any, error) {
			return Evaluate(docs(doc), boundary(doc), Request{
				Action: "s3:GetObject", Resource: "arn:aws:s3:::b/me",
				Context: map[string][]string{"aws:SecureTransport": {"false"}, "aws:username": {"me"}, "aws:PrincipalArn": {me}},
			})
		}
	}
	return []question{
		{"IsPublic", yesNo(func(doc asset.Value) (bool, error) { return IsPublic(doc, facts) })},
		{"GrantsAdmin", yesNo(func(doc asset.Value) (bool, error) { return GrantsAdmin(doc, facts) })},
		{"DeniesInsecureTransport", yesNo(func(doc asset.Value) (bool, error) { return DeniesInsecureTransport(doc, "arn:aws:s3:::b") })},
		{"DeniesOldTLS", yesNo(func(doc asset.Value) (bool, error) { return DeniesOldTLS(doc, "arn:aws:s3:::b") })},
		{"ExternalPrincipals", lists(func(doc asset.Value) ([]string, error) {
			return ExternalPrincipals(doc, []string{"123456789012", "o-a1", "198.51.100.0/24"})
		})},
		{"Escalations", lists(func(doc asset.Value) ([]string, error) {
			return Escalations([]asset.Value{doc}, asset.Value{}, facts)
		})},
		{"Escalations in an organization", lists(func(doc asset.Value) ([]string, error) {
			return Escalations([]asset.Value{doc}, asset.Value{}, Facts{Principal: me, Organizations: parse(t, `["o-a1"]`), Holds: parse(t, `["arn:aws:iam::123456789012:group/me"]`)})
		})},
		{"Escalations within bounds", lists(func(doc asset.Value) ([]string, error) {
			return Escalations([]asset.Value{everything}, doc, facts)
		})},
		{"Evaluate", evaluate(
			func(doc asset.Value) []asset.Value { return []asset.Value{doc} },
			func(asset.Value) asset.Value { return asset.Value{} })},
		{"Evaluate within bounds", evaluate(
			func(asset.Value) []asset.Value { return []asset.Value{everything} },
			func(doc asset.Value) asset.Value { return doc })},
	}
}

func questionsToGoogle() []question {
	of := func(f func([]asset.Value) ([]string, error)) func(asset.Value) (any, error) {
		return lists(func(doc asset.Value) ([]string, error) { return f([]asset.Value{doc}) })
	}
	return []question{
		{"IsPublic", yesNo(func(doc asset.Value) (bool, error) { return IsPublic(doc, facts) })},
		{"ExternalPrincipals", lists(func(doc asset.Value) ([]string, error) { return ExternalPrincipals(doc, []string{"example.com", "p"}) })},
		{"MembersOf", of(func(docs []asset.Value) ([]string, error) {
			return MembersOf(docs, []string{"roles/owner", "*view*"}, facts)
		})},
		{"MembersOfBoth", of(func(docs []asset.Value) ([]string, error) {
			return MembersOfBoth(docs, []string{"roles/owner"}, []string{"*admin"}, facts)
		})},
		{"AdminServiceAccounts", of(func(docs []asset.Value) ([]string, error) { return AdminServiceAccounts(docs, facts) })},
	}
}

// isPolicy reports whether all of a document is a policy.
func isPolicy(doc asset.Value) bool {
	ss, err := statements(doc)
	return (err == nil || !doc.Get("bindings").IsAbsent()) && !slices.ContainsFunc(ss, func(s statement) bool { return s.invalid != nil })
}

// TestUnreadPartsDoNotDecide asks every question of documents with unread
// parts, and then of what they could be.
func TestUnreadPartsDoNotDecide(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 300
	}
	for _, c := range []struct {
		cloud     string
		make      func(g generator) any
		questions []question
	}{
		{"AWS", generator.document, questionsToAWS(t)},
		{"Google", generator.google, questionsToGoogle()},
	} {
		decided, open := map[string]int{}, map[string]int{}
		for seed := range n {
			g := generator{partly.New(uint64(seed), 12)}
			holed := c.make(g)
			part := g.Obscured(holed)
			wholes := make([]asset.Value, 5)
			for i := range wholes {
				wholes[i] = g.Completed(holed)
			}
			if seed%4 == 0 { // a part that was not kept is not known to be there
				part, wholes = g.kept(t, wholes[0]), wholes[:1]
			}
			if !strings.Contains(part.String(), "<unread>") && !part.IsPartial() {
				continue
			}
			for _, q := range c.questions {
				got, err := q.ask(part)
				if err == nil {
					decided[q.name]++
				} else {
					open[q.name]++
				}
				for _, doc := range wholes {
					whole, wholeErr := q.ask(doc)
					_, unread := errors.AsType[*asset.Unread](err)
					holds := partly.Holds(got, err, whole, wholeErr) && (err == nil || unread || wholeErr != nil || !isPolicy(doc))
					require.True(t, holds, "%s says %v (%v) of\n%s\nand %v of\n%s", q.name, got, err, part, whole, doc)
				}
			}
		}
		for _, q := range c.questions {
			assert.Greater(t, decided[q.name], n/50, "%s: %s decides in spite of unread parts", c.cloud, q.name)
			assert.Greater(t, open[q.name], n/50, "%s: %s depends on unread parts", c.cloud, q.name)
		}
	}
}

// kept returns a document of which some parts were kept.
func (g generator) kept(t *testing.T, doc asset.Value) asset.Value {
	paths := []asset.Path{"Statement", "Statement[0]", "Version", "bindings"}[g.IntN(2):]
	for _, element := range []string{"Effect", "Principal", "Action", "Resource", "Condition", "Condition.Bool", `Condition[*]["s3:TlsVersion"]`} {
		if g.IntN(4) > 0 {
			paths = append(paths, asset.Path("Statement[*]."+element), asset.Path("Statement."+element))
		}
	}
	part, err := doc.Project(partly.OneOf(g.Maker, paths[1:], paths[2:])...)
	require.NoError(t, err)
	return part
}
