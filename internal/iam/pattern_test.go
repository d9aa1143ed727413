package iam

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// inRegexp is a slow pattern matcher by somebody else.
func inRegexp(pattern, s string) bool {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for _, r := range pattern {
		switch r {
		case '*':
			b.WriteString(`.*`)
		case '?':
			b.WriteString(`.`)
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + `\z`).MatchString(s)
}

// words yields every text of up to n letters.
func words(letters string, n int) []string {
	all := []string{""}
	for from := 0; n > 0; n-- {
		to := len(all)
		for _, w := range all[from:to] {
			for _, l := range letters {
				all = append(all, w+string(l))
			}
		}
		from = to
	}
	return all
}

func TestPatternsExhaustively(t *testing.T) {
	texts := words("ab", 5)
	patterns := words("ab*?", 3)
	matched := map[string]map[string]bool{}
	for _, p := range patterns {
		matched[p] = map[string]bool{}
		for _, s := range texts {
			m := covers(p, quote(s), false)
			require.Equal(t, inRegexp(p, s), m, "%q %q", p, s)
			require.Equal(t, m, overlaps(p, s, false), "%q %q", p, s)
			matched[p][s] = m
		}
	}
	for _, p := range patterns {
		for _, q := range patterns {
			subset, common := true, false
			for _, s := range texts {
				subset = subset && (matched[p][s] || !matched[q][s])
				common = common || matched[p][s] && matched[q][s]
			}
			if covers(p, q, false) {
				require.True(t, subset, "%q does not cover %q", p, q)
			}
			require.Equal(t, common, overlaps(p, q, false), "%q %q", p, q)
			require.Equal(t, overlaps(p, q, false), overlaps(q, p, false))
		}
	}
}

func TestOnResources(t *testing.T) {
	for _, c := range []struct {
		p, q string
		want bool
	}{
		{"*", "arn:aws:s3:::b", true},
		{"arn:aws:s3:::*", "arn:aws:s3:::b/x:y", true},
		{"arn:aws:*", "arn:aws:s3:::b", true},
		{"arn:aws:sqs", "arn:aws:sqs:us-east-1:1:q", true},
		{"arn:aws:sns:*:1:t", "arn:aws:sns:us-east-1:2:x:1:t", false},
		{"arn:aws:iam::*:user/*", "arn:aws:iam::1:user/path/bob", true},
		{"arn:aws:iam::1:user/*", "arn:aws:iam::1:role/x", false},
		{"arn:aws:s3:::b", "*", false},
		{"arn:aws:s3:::B", "arn:aws:s3:::b", false},
	} {
		assert.Equal(t, c.want, onResources(covers, c.p, c.q), "%s %s", c.p, c.q)
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("a*b?c", "aXbYc")
	f.Add("****", "")
	f.Add("*\xfe?", "*\xff")
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 200 || len(s) > 200 || !isASCII(p) || !isASCII(s) {
			return
		}
		want := inRegexp(p, s)
		assert.Equal(t, want, covers(p, quote(s), false))
		assert.Equal(t, want, overlaps(p, quote(s), false))
	})
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 }

// FuzzPolicy asks every question of any document: none may panic or run on, and what
// is said of a document that is partly unread must hold of the whole one.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalOrgID":"o-*"}}},{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}]}`)
	f.Add(`{"bindings":[{"role":"roles/owner","members":["allUsers","serviceAccount:a@b"]}]}`)
	f.Add(`"%7B%22Statement%22:[]%7D"`)
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"${","Condition":{"IpAddress":{"aws:SourceIp":["::/0","1.2.3.4/99"]},"DateLessThan":{"k":"2020"}}}}`)
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := asset.Parse([]byte(s))
		if err != nil {
			return
		}
		public, err := IsPublic(doc, Facts{})
		whole := err == nil
		_, _ = ExternalPrincipals(doc, []string{"123456789012"})
		_, _ = GrantsAdmin(doc, Facts{})
		_, _ = DeniesInsecureTransport(doc, "arn:aws:s3:::b")
		_, _ = DeniesOldTLS(doc, "arn:aws:s3:::b")
		_, _ = Escalations([]asset.Value{doc}, doc, Facts{Principal: "arn:aws:iam::123456789012:user/me"})
		_, _ = AdminServiceAccounts([]asset.Value{doc}, Facts{})
		_, _ = Statements(doc)
		_, _ = Evaluate([]asset.Value{doc}, doc, Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/x"})
		for _, p := range []asset.Path{"Statement[0].Principal", "Statement[0].Condition", "Statement[1].Resource", "bindings[0].members"} {
			if v, err := doc.At(p); err != nil || v.Err() != nil {
				continue
			}
			part, err := doc.Set(p, denied.Value())
			if err != nil {
				continue
			}
			if got, err := IsPublic(part, Facts{}); err == nil && whole {
				assert.Equal(t, public, got, "without %s: %s", p, s)
			}
		}
	})
}

func TestHostileDocuments(t *testing.T) {
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	allow := `{"Effect":"Allow","Principal":"*","Action":["s3:Get*a*b*c","s3:*x*y"],"Resource":"arn:aws:s3:::*a*a*a*a*/b"}`
	deny := `{"Effect":"Deny","Principal":"*","Action":["s3:*a*b*d","s3:*y*z"],"Resource":"arn:aws:s3:::*a*a*a*a*/*"}`
	stars := strings.Repeat("*a", maxPattern/2)
	for name, doc := range map[string]string{
		"private":  `{"Statement":[` + many(10000, `{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:*","Resource":"*"}`) + `]}`,
		"both":     `{"Statement":[` + many(5000, deny) + `,` + many(5000, allow) + `]}`,
		"patterns": `{"Statement":[` + many(500, `{"Effect":"Allow","Principal":"*","Action":"`+stars+`","Resource":"`+stars+`"}`) + `,` + many(500, `{"Effect":"Deny","Principal":"*","Action":"`+stars+`b","Resource":"`+stars+`"}`) + `]}`,
		"keys":     `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Condition":{` + strings.Repeat(`"StringEquals":{"aws:SourceVpce":[`+many(20000, `"vpce-1"`)+`]}`, 1) + `}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			v := parse(t, doc)
			_, _ = IsPublic(v, Facts{}) // ends
			_, _ = GrantsAdmin(v, Facts{})
			_, _ = Escalations([]asset.Value{v}, asset.Value{}, Facts{})
			_, _ = ExternalPrincipals(v, nil)
		})
	}
	_, err := IsPublic(parse(t, `{"Statement":[`+many(300000, `{}`)+`]}`), Facts{})
	require.ErrorIs(t, err, errTooLarge)
}

func BenchmarkIsPublic(b *testing.B) {
	for name, s := range map[string]string{
		"private": `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/app","arn:aws:iam::123456789012:role/ops"]},"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`,
		"limited": allowAll(`{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`),
		"public":  allowAll(`{"Bool":{"aws:SecureTransport":"true"}}`),
	} {
		doc := parse(b, s)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = IsPublic(doc, Facts{})
			}
		})
	}
}

func BenchmarkEscalations(b *testing.B) {
	doc := parse(b, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","ec2:Describe*","iam:List*","lambda:InvokeFunction"],"Resource":"*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/app"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Escalations([]asset.Value{doc}, asset.Value{}, Facts{Principal: "arn:aws:iam::123456789012:role/x"})
	}
}
