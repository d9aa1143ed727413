package iam

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/openstance/stance/asset"
)

// ExcludesStrangers reports whether the attribute condition of a workload identity
// provider of Google Cloud is false for the tokens of all customers of the issuer but
// some that it names. Mapping is the attribute mapping of the provider, and issuer is
// its URI.
//
// A condition excludes strangers if it compares a claim that names the customer with
// values, or with the beginning of one up to a separator. It returns an error for a
// condition that it cannot judge.
func ExcludesStrangers(condition string, mapping asset.Value, issuerURI string) (bool, error) {
	if strings.TrimSpace(condition) == "" {
		return false, nil
	}
	e, ok := parseCondition(condition)
	if !ok {
		return false, errors.New("invalid attribute condition")
	}
	_, host, _ := strings.Cut(issuerURI, "://")
	f := federation{mapping: mapping, claims: claimsOf(issuer(strings.TrimSuffix(strings.ToLower(host), "/")))}
	return f.excludes(e).get()
}

// claimsOf returns the claims that name the customer of an issuer. For one that is not
// known these are the usual ones.
func claimsOf(i issuer) []string {
	if claims, shared := i.claims(); shared && len(claims) > 0 {
		return claims
	}
	return []string{
		"sub", "aud", "azp", "hd", "email", "project_id", "namespace_id", "repository", "repository_id", "repository_owner", "repository_owner_id",
		"oidc.circleci.com/project-id", "workspaceuuid", "repositoryuuid", "organization_id", "account_id", "tid", "oid",
	}
}

type federation struct {
	mapping asset.Value
	claims  []string
}

var errCondition = errors.New("an attribute condition of a form that is not known")

// excludes reports whether e is false for every stranger.
func (f federation) excludes(e ast.Expr) truth {
	switch e.Kind() {
	case ast.LiteralKind:
		return known(e.AsLiteral() == types.False)
	case ast.CallKind:
	default:
		return undecided(errCondition)
	}
	c := e.AsCall()
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalAnd:
		return f.excludes(args[0]).or(f.excludes(args[1]))
	case operators.LogicalOr:
		return f.excludes(args[0]).and(f.excludes(args[1]))
	case operators.LogicalNot:
		return f.includes(args[0])
	case operators.Equals:
		return f.comparesEither(args)
	case operators.In:
		return f.isOneOf(args[0], args[1])
	case operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return known(false) // strangers have other values
	case "startsWith":
		return f.begins(c)
	case "matches":
		return f.matches(c)
	case "contains", "endsWith":
		return known(false) // strangers can have such names
	}
	return undecided(errCondition)
}

// includes reports whether e is true for every stranger.
func (f federation) includes(e ast.Expr) truth {
	if e.Kind() == ast.LiteralKind {
		return known(e.AsLiteral() == types.True)
	}
	if e.Kind() != ast.CallKind {
		return undecided(errCondition)
	}
	c := e.AsCall()
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalAnd:
		return f.includes(args[0]).and(f.includes(args[1]))
	case operators.LogicalOr:
		return f.includes(args[0]).or(f.includes(args[1]))
	case operators.LogicalNot:
		return f.excludes(args[0])
	case operators.NotEquals:
		return f.comparesEither(args)
	}
	return undecided(errCondition)
}

// comparesEither is compares for operands in either order.
func (f federation) comparesEither(args []ast.Expr) truth {
	if t := f.compares(args[0], args[1]); !t.isNo() {
		return t
	}
	return f.compares(args[1], args[0])
}

// compares reports whether only the owner has a token with the value for the claim.
func (f federation) compares(claim, value ast.Expr) truth {
	name, err := f.claim(claim, 0)
	if err != nil {
		return undecided(err)
	}
	text, ok := textOf(value)
	return known(ok && text != "" && slices.Contains(f.claims, name))
}

func (f federation) isOneOf(claim, list ast.Expr) truth {
	if list.Kind() != ast.ListKind {
		return undecided(errCondition)
	}
	t := known(true)
	for _, value := range list.AsList().Elements() {
		t = t.and(f.compares(claim, value))
	}
	return t
}

func (f federation) begins(c ast.CallExpr) truth {
	if !c.IsMemberFunction() || len(c.Args()) != 1 {
		return undecided(errCondition)
	}
	name, err := f.claim(c.Target(), 0)
	if err != nil {
		return undecided(err)
	}
	text, ok := textOf(c.Args()[0])
	if !ok {
		return undecided(errCondition)
	}
	return known(slices.Contains(f.claims, name) && namesOwner(name, text))
}

// namesOwner reports whether the beginning of a claim has the whole name of the owner:
// owner/ or, in a subject, kind:owner/ or kind:owner:.
func namesOwner(claim, beginning string) bool {
	if claim == "sub" {
		_, beginning, _ = strings.Cut(beginning, ":")
	}
	return strings.IndexAny(beginning, "/:") > 0
}

func (f federation) matches(c ast.CallExpr) truth {
	if !c.IsMemberFunction() || len(c.Args()) != 1 {
		return undecided(errCondition)
	}
	name, err := f.claim(c.Target(), 0)
	if err != nil {
		return undecided(err)
	}
	text, ok := textOf(c.Args()[0])
	if !ok {
		return undecided(errCondition)
	}
	rest, anchored := strings.CutPrefix(text, "^")
	if !anchored || !slices.Contains(f.claims, name) {
		return known(false) // something in the middle of the claim, or any
	}
	exact, ended := strings.CutSuffix(rest, "$")
	re, err := regexp.Compile(exact)
	if err != nil {
		return undecided(errCondition)
	}
	beginning, whole := re.LiteralPrefix()
	if namesOwner(name, beginning) || ended && whole && beginning != "" {
		return known(true)
	}
	return undecided(errCondition) // alternatives, classes
}

// claim returns the claim of the token that an expression is, by its name in lower
// case: assertion.x, assertion['x'], or an attribute that is mapped to one.
func (f federation) claim(e ast.Expr, depth int) (string, error) {
	if depth > 4 {
		return "", errCondition
	}
	object, name := e, ""
	switch {
	case e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly():
		object, name = e.AsSelect().Operand(), e.AsSelect().FieldName()
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index && len(e.AsCall().Args()) == 2:
		var ok bool
		if name, ok = textOf(e.AsCall().Args()[1]); !ok {
			return "", errCondition
		}
		object = e.AsCall().Args()[0]
	case e.Kind() == ast.LiteralKind:
		return "", nil // the other side of the comparison
	default:
		return "", errCondition
	}
	if object.Kind() != ast.IdentKind {
		return "", errCondition
	}
	switch space := object.AsIdent(); space {
	case "assertion":
		return strings.ToLower(name), nil
	case "attribute", "google":
		mapped := f.mapping.Get(space + "." + name)
		if mapped.Unread() != nil {
			return "", mapped.Unread()
		}
		text, err := mapped.Str()
		if err != nil {
			if space == "google" {
				name = "sub"
			}
			return strings.ToLower(name), nil // the usual mapping
		}
		inner, ok := parseCondition(text)
		if !ok {
			return "", fmt.Errorf("invalid mapping of %s.%s", space, name)
		}
		return f.claim(inner, depth+1)
	}
	return "", errCondition
}
