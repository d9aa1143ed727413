package aws

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// resource is what the generator of the catalogue writes of a type that Cloud Control
// lists.
type resource struct {
	// Identifier are the properties of which the values, with bars between them, are
	// what Cloud Control knows a resource by.
	Identifier []string `json:"id"`
	// ARN is the template of ARNs, if the identifier fills them. Its
	// variables are Partition, Region, Account and the properties.
	ARN string
	// CrossAccount says that ARNs have no region, and each region tells of the same.
	CrossAccount bool
	Tags         string       // the property that tags are in
	Hidden       []asset.Path // that are never answered
	// Needs are the properties that a list takes, each with the one of the parent's
	// identifier that it is. Without a parent the account's number is meant, or that
	// it is not known.
	Needs  map[string]string
	Parent asset.Type
}

// accountNeed is the property that is the number of the account.
const accountNeed = "AwsAccountId"

// listed reports whether it is known how to list the type.
func (r *resource) listed() bool {
	switch {
	case r == nil:
		return false
	case r.Parent != "":
		return resources()[r.Parent].listed()
	}
	_, account := r.Needs[accountNeed]
	return len(r.Needs) == 0 || account && len(r.Needs) == 1
}

// model returns what a list takes, which may be of the resource above.
func (r *resource) model(account string, above *collect.Draft) (*string, error) {
	if len(r.Needs) == 0 {
		return nil, nil
	}
	needed := map[string]string{}
	if above == nil {
		needed[accountNeed] = account
	} else {
		parent := resources()[above.Type]
		values, ok := parent.values(above.Key)
		if !ok {
			return nil, malformed(above.Type, "the identifier does not have its parts")
		}
		for name, of := range r.Needs {
			needed[name] = values[of]
		}
	}
	text, err := json.Marshal(needed)
	s := string(text)
	return &s, err
}

// values returns the properties that are in an identifier.
func (r *resource) values(identifier string) (map[string]string, bool) {
	parts := []string{identifier}
	if len(r.Identifier) > 1 {
		parts = strings.Split(identifier, "|")
	}
	if len(parts) != len(r.Identifier) {
		return nil, false
	}
	values := make(map[string]string, len(parts))
	for i, name := range r.Identifier {
		values[name] = parts[i]
	}
	return values, true
}

var arnVariable = regexp.MustCompile(`\$\{(\w+)\}`)

// id returns the id of an asset: the ARN if the identifier is one or tells it, else the
// identifier with account and region before it. It depends on the identifier alone, so
// that it stays the same whatever else can be read.
func (r *resource) id(u *unit, t asset.Type, identifier string) string {
	if identifier == "" || len(r.Identifier) == 1 && strings.HasPrefix(identifier, "arn:") {
		return identifier
	}
	if values, ok := r.values(identifier); ok && r.ARN != "" {
		return arnVariable.ReplaceAllStringFunc(r.ARN, func(v string) string {
			switch name := v[2 : len(v)-1]; name {
			case "Partition":
				return u.account.session.Partition
			case "Region":
				return u.region
			case "Account":
				return u.account.ID
			default:
				return values[name]
			}
		})
	}
	if isGlobal(t) {
		return u.account.ID + "/" + identifier
	}
	return u.account.ID + "/" + u.region + "/" + identifier
}

// identify returns the identifier of an asset, the reverse of id.
func (r *resource) identify(ref asset.Ref, global bool) (string, bool) {
	if !strings.HasPrefix(ref.ID, "arn:") {
		_, _, identifier, ok := scoped(ref.ID, global)
		return identifier, ok && r.ARN == ""
	}
	if r.ARN == "" {
		return ref.ID, len(r.Identifier) == 1
	}
	var pattern strings.Builder
	literal := 0
	for _, at := range arnVariable.FindAllStringIndex(r.ARN, -1) {
		pattern.WriteString(regexp.QuoteMeta(r.ARN[literal:at[0]]))
		switch name := r.ARN[at[0]+2 : at[1]-1]; name {
		case "Partition", "Region", "Account":
			pattern.WriteString("[a-z0-9-]+")
		default:
			pattern.WriteString("(?P<" + name + ">.+)")
		}
		literal = at[1]
	}
	pattern.WriteString(regexp.QuoteMeta(r.ARN[literal:]))
	reads, err := regexp.Compile("^" + pattern.String() + "$")
	if err != nil {
		return "", false // a property is in it twice, or is none at the top
	}
	found := reads.FindStringSubmatch(ref.ID)
	if found == nil {
		return "", false
	}
	parts := make([]string, len(r.Identifier))
	for i, name := range r.Identifier {
		parts[i] = found[reads.SubexpIndex(name)]
	}
	return strings.Join(parts, "|"), true
}

var accountNumber = regexp.MustCompile(`^[0-9]{12}$`)

// scoped takes an id apart that is an identifier with account and region before it, or
// with the account alone if the type is global.
func scoped(id string, global bool) (account, region, identifier string, ok bool) {
	account, identifier, ok = strings.Cut(id, "/")
	if ok && !global {
		region, identifier, ok = strings.Cut(identifier, "/")
	}
	return account, region, identifier, ok && identifier != "" && accountNumber.MatchString(account)
}
