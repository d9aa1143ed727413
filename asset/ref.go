package asset

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxID is the longest id that ParseRef takes, in bytes. The longest that a cloud
// documents is AWS's: an ARN of 2048 characters.
const maxID = 8192

// ParseRef makes the ref of an asset from its type and its id as a cloud spells it, by
// the built-in table of clouds: see [Clouds.ParseRef].
func ParseRef(t Type, id string) (Ref, error) { return Clouds(nil).ParseRef(t, id) }

// FoldType returns a type in the spelling in which types can be compared, by the built-in
// table of clouds: see [Clouds.FoldType].
func FoldType(t Type) Type { return Clouds(nil).FoldType(t) }

// Provider returns the provider that the type belongs to, "aws", "azure", "gcp" or
// "kubernetes", by the built-in table of clouds: see [Clouds.Provider].
func (t Type) Provider() string { return Clouds(nil).Provider(t) }

// Service returns the service in the name of the type, by the built-in table of clouds:
// see [Clouds.Service].
func (t Type) Service() string { return Clouds(nil).Service(t) }

// ParseRef makes the ref of an asset from its type and its id as a cloud spells it.
// An id that is canonical already stays as it is. The type is taken as given; see
// [FoldType] for one that Azure spells in another case.
//
//   - AWS: an ARN, or the other identifier of the type, as AWS prints it.
//   - Azure: a resource id, folded to lower case, since Azure compares ids without
//     regard to case and returns the same one in several spellings. The address of
//     Azure Resource Manager before it, a query and a slash after it are cut off. Ids
//     of Microsoft Entra are as given.
//   - Google Cloud: a full resource name, //service.googleapis.com/path. A self link
//     (https://...) is brought to that form, and a relative name gets the service of
//     the type.
//   - Kubernetes, and any type that belongs to no provider: as given.
//
// It is an error if the type or the id is empty or has control characters, if the
// id is longer than 8192 bytes, or if it does not have the form of the type.
func (c Clouds) ParseRef(t Type, id string) (Ref, error) {
	fail := func(what string) (Ref, error) {
		return Ref{}, fmt.Errorf("parse ref of %s: %s: %.200q", t, what, id)
	}
	switch {
	case t == "":
		return Ref{}, errors.New("parse ref: no type")
	case strings.ContainsFunc(string(t), func(r rune) bool { return r == ' ' || unicode.IsControl(r) || r == utf8.RuneError }):
		return Ref{}, fmt.Errorf("parse ref: malformed type %.200q", string(t))
	case id == "":
		return fail("empty id")
	case len(id) > maxID:
		return fail("id too long")
	case strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }):
		return fail("control character or invalid UTF-8")
	}
	row, _ := c.find(t)
	if row.ID == nil {
		return Ref{t, id}, nil
	}
	name, err := row.ID(t, id)
	if err != nil {
		return fail(err.Error())
	}
	return Ref{t, name}, nil
}

func awsID(_ Type, id string) (string, error) {
	if strings.HasPrefix(id, "arn:") && strings.Count(id, ":") < 5 {
		return "", errors.New("not an ARN")
	}
	return id, nil
}

func azureID(_ Type, id string) (string, error) {
	name := strings.ToLower(id)
	name = strings.TrimPrefix(name, "https://management.azure.com")
	name, _, _ = strings.Cut(name, "?")
	name = strings.TrimRight(name, "/")
	if !strings.HasPrefix(name, "/") || strings.HasPrefix(name, "//") {
		return "", errors.New("not an Azure resource id")
	}
	return name, nil
}

const googleDomain = ".googleapis.com"

func googleName(t Type, id string) (string, error) {
	service, _, _ := strings.Cut(string(t), "/")
	rest, full := strings.CutPrefix(id, "//")
	link, isLink := strings.CutPrefix(id, "https://")
	if !isLink {
		link, isLink = strings.CutPrefix(id, "http://")
	}
	if !isLink && strings.HasPrefix(rest, "www"+googleDomain+"/") {
		link, isLink = rest, full // a self link without its scheme
	}
	switch {
	case isLink:
		host, path, _ := strings.Cut(link, "/")
		path, _, _ = strings.Cut(path, "?")
		if !strings.HasSuffix(host, googleDomain) {
			return "", errors.New("not a link to a Google API")
		}
		service, rest = googleService(host, strings.TrimLeft(path, "/"))
		if service == "www"+googleDomain {
			return "", errors.New("not a link to a Google API")
		}
	case full:
		service, rest, _ = strings.Cut(rest, "/")
	default:
		rest = id
	}
	rest = strings.Trim(rest, "/")
	if service == "" || rest == "" {
		return "", errors.New("not a Google Cloud resource name")
	}
	return "//" + service + "/" + rest, nil
}

// googleService tells the service that Cloud Asset Inventory names a resource after,
// and the path below it, from the host and path of a self link: the path begins
// with the API's name, its version, or both.
func googleService(host, path string) (service, rest string) {
	service = host
	head, tail, _ := strings.Cut(path, "/")
	if version, below, _ := strings.Cut(tail, "/"); isVersion(version) {
		path = below
		if host == "www"+googleDomain {
			service = head + googleDomain
		}
	} else if isVersion(head) {
		path = tail
	}
	switch service {
	case "storage" + googleDomain:
		path = strings.TrimPrefix(path, "b/")
	case "sqladmin" + googleDomain:
		service = "cloudsql" + googleDomain
	}
	return service, path
}

// isVersion tells v1, v2beta1, v1p1beta1, beta and alpha.
func isVersion(s string) bool {
	if s == "beta" || s == "alpha" {
		return true
	}
	return len(s) > 1 && s[0] == 'v' && s[1]-'0' <= 9
}
