package asset

import (
	"slices"
	"strings"
)

// Cloud is a row of [Clouds]: how a provider names types, and what the canonical ids
// of their assets are. A provider may have several rows.
type Cloud struct {
	// Name of the provider, as in Scope.Provider: "aws".
	Name string
	// Types are patterns of the names of types. Braces enclose the service in the name,
	// and {*} stands for any service without a slash or colon. A * at the end stands
	// for one or more characters: "AWS::{*}::*", "{*}.googleapis.com/*", "Acme/*".
	Types []string
	// AnyCase says that names differing only in case are the same: of types, of
	// properties, and of values of enumerations.
	AnyCase bool
	// ID returns the canonical form of an id, which must be its own canonical form. The
	// error says what the id is not, such as "not an ARN". Nil: ids are as given.
	ID func(t Type, id string) (string, error)

	refer references // nil: ids name no other assets
}

// Clouds is a table that gives for each type its provider, the service in its name, and
// the canonical form of the ids of its assets. Its rows extend the built-in table,
// which they precede: the first row with a matching pattern holds. The zero value is the
// built-in table, which [BuiltinClouds] returns and [ParseRef], [FoldType],
// [Type.Provider] and [Type.Service] read. A type that matches nothing belongs to no
// provider, and keeps its ids as given.
//
// A program with types of its own passes rows in the options of the packages that read
// types:
//
//	clouds := asset.Clouds{{Name: "acme", Types: []string{"Acme::{*}::*"}}}
type Clouds []Cloud

// BuiltinClouds returns the rows of the built-in table.
func BuiltinClouds() Clouds {
	rows := slices.Clone(builtin)
	for i := range rows {
		rows[i].Types = slices.Clone(rows[i].Types)
	}
	return rows
}

// Provider returns the provider that a type belongs to, "aws", "azure", "gcp",
// "kubernetes" or one of the rows, or "" if no row matches.
func (c Clouds) Provider(t Type) string {
	row, _ := c.find(t)
	return row.Name
}

// Service returns the service in the name of a type, such as S3 in AWS::S3::Bucket,
// Storage in Microsoft.Storage/storageAccounts, and rbac.authorization in
// rbac.authorization.k8s.io/Role. It is "" if no row matches.
func (c Clouds) Service(t Type) string {
	_, service := c.find(t)
	return service
}

// FoldType returns the type in the spelling in which types can be compared: in lower case
// if its provider compares names without regard to case, and else as it is. The canonical
// spelling of a type, which refs have, is the one in its [Schema].
func (c Clouds) FoldType(t Type) Type {
	if row, _ := c.find(t); row.AnyCase {
		return Type(strings.ToLower(string(t)))
	}
	return t
}

// AnyCase reports whether the provider of a type compares names without regard to case:
// types, names of properties, values of enumerations, and ids.
func (c Clouds) AnyCase(t Type) bool {
	row, _ := c.find(t)
	return row.AnyCase
}

// Spell returns the canonical spelling of a type: if its provider compares names without
// regard to case, the one in its schema, and else the type as it is. Schema returns the
// schema of a type in any case.
func (c Clouds) Spell(t Type, schema func(Type) (*Schema, bool)) Type {
	if c.AnyCase(t) {
		if s, ok := schema(t); ok && s.Type != "" {
			return s.Type
		}
	}
	return t
}

// unknown is the row of types that no row matches. It is never changed.
var unknown Cloud

// find returns the row that a type matches, and the service in its name.
func (c Clouds) find(t Type) (row *Cloud, service string) {
	if t == "" {
		return &unknown, ""
	}
	for _, rows := range [...]Clouds{c, builtin} {
		for i := range rows {
			row := &rows[i]
			for _, pattern := range row.Types {
				if mayBegin(pattern, t[0]) {
					if service, ok := row.match(pattern, string(t)); ok {
						return row, service
					}
				}
			}
		}
	}
	return &unknown, ""
}

// mayBegin sorts out most patterns by their first letter, in any case.
func mayBegin(pattern string, first byte) bool {
	pattern = strings.TrimPrefix(pattern, "{")
	return pattern != "" && (pattern[0] == '*' || pattern[0]|0x20 == first|0x20)
}

func (c *Cloud) match(pattern, name string) (service string, ok bool) {
	head, rest, _ := strings.Cut(pattern, "{")
	service, tail, marked := strings.Cut(rest, "}")
	if !marked {
		return "", c.ends(pattern, name)
	}
	if name, ok = c.cutPrefix(name, head); !ok {
		return "", false
	}
	if service != "*" {
		rest, ok = c.cutPrefix(name, service)
		return name[:len(name)-len(rest)], ok && c.ends(tail, rest)
	}
	// The service ends where the rest of the pattern begins.
	literal, _ := strings.CutSuffix(tail, "*")
	for i := 1; i <= len(name) && name[i-1] != '/' && name[i-1] != ':'; i++ {
		if !c.AnyCase {
			skip := strings.Index(name[i:], literal)
			if skip < 0 || strings.ContainsAny(name[i:i+skip], "/:") {
				break
			}
			i += skip
		}
		if c.ends(tail, name[i:]) {
			return name[:i], true
		}
	}
	return "", false
}

// ends reports whether a name is the pattern, of which only the end may be a *.
func (c *Cloud) ends(pattern, name string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	rest, ok := c.cutPrefix(name, prefix)
	return ok && (rest != "") == open
}

func (c *Cloud) cutPrefix(s, prefix string) (string, bool) {
	if !c.AnyCase {
		return strings.CutPrefix(s, prefix)
	}
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
