package asset

import (
	"slices"
	"strings"
)

// awsReferences are the rules for AWS, where an id names at most the account of an asset,
// which is the scope of it.
type awsReferences struct{}

func (awsReferences) within(*Asset, Type) (Ref, bool) { return Ref{}, false }

// ec2Resource returns the resource of EC2 in ARNs, and the type, by the prefix of an id.
func ec2Resource(prefix string) (name string, t Type) {
	switch prefix {
	case "vpc":
		return "vpc", "AWS::EC2::VPC"
	case "subnet":
		return "subnet", "AWS::EC2::Subnet"
	case "eni":
		return "network-interface", "AWS::EC2::NetworkInterface"
	case "acl":
		return "network-acl", "AWS::EC2::NetworkAcl"
	}
	return "", ""
}

func (awsReferences) resolve(a *Asset, to []Type, text string) (Ref, bool) {
	if strings.HasPrefix(text, "arn:") {
		if _, err := awsID("", text); err != nil || len(to) != 1 {
			return Ref{}, false
		}
		return Ref{to[0], text}, true
	}
	prefix, _, _ := strings.Cut(text, "-")
	name, t := ec2Resource(prefix)
	own := strings.SplitN(a.ID, ":", 6)
	if len(own) < 6 || own[0] != "arn" || a.Region == "" || a.Account == "" || !slices.Contains(to, t) {
		return Ref{}, false
	}
	return Ref{t, "arn:" + own[1] + ":ec2:" + a.Region + ":" + a.Account + ":" + name + "/" + text}, true
}

func (awsReferences) same(a, b string) bool { return a == b }

// azureReferences are the rules for ids of Azure Resource Manager, in lower case.
type azureReferences struct{}

const azureProviders = "/providers/"

const maxAzureParts = 64 // of an id

func (azureReferences) within(a *Asset, of Type) (Ref, bool) {
	if of == "" { // what an extension belongs to
		i := strings.LastIndex(a.ID, azureProviders)
		if i <= 0 {
			return Ref{}, false
		}
		t, ok := azureType(a.ID[:i])
		return Ref{t, a.ID[:i]}, ok
	}
	if strings.Count(a.ID, "/") > maxAzureParts { // no id of a cloud, and each part is looked at
		return Ref{}, false
	}
	want := Type(strings.ToLower(string(of)))
	for i := 1; i < len(a.ID); i++ {
		if a.ID[i] != '/' {
			continue
		}
		if t, ok := azureType(a.ID[:i]); ok && t == want {
			return Ref{of, a.ID[:i]}, true
		}
	}
	return Ref{}, false
}

// azureType returns the type in an id, in lower case.
func azureType(id string) (Type, bool) {
	names := ""
	rest := strings.TrimPrefix(id, "/")
	if i := strings.LastIndex(id, azureProviders); i >= 0 {
		names, rest, _ = strings.Cut(id[i+len(azureProviders):], "/")
	} else if strings.HasPrefix(rest, "subscriptions/") {
		names = "microsoft.resources"
	}
	if names == "" || rest == "" {
		return "", false
	}
	parts := strings.Split(rest, "/")
	if len(parts)%2 != 0 {
		return "", false
	}
	for i := 0; i < len(parts); i += 2 {
		if parts[i] == "" || parts[i+1] == "" {
			return "", false
		}
		names += "/" + parts[i]
	}
	return Type(names), true
}

func (azureReferences) resolve(_ *Asset, to []Type, text string) (Ref, bool) {
	id, err := azureID("", text)
	if err != nil {
		return Ref{}, false
	}
	t, ok := azureType(id)
	if !ok {
		return Ref{}, false
	}
	for _, want := range to {
		if strings.EqualFold(string(want), string(t)) {
			return Ref{want, id}, true
		}
	}
	return Ref{t, id}, len(to) == 0
}

func (azureReferences) same(a, b string) bool { return a == b }

// googleReferences are the rules for full resource names of Google Cloud.
type googleReferences struct{}

const (
	googleManager      = "//cloudresourcemanager.googleapis.com/"
	googleProject Type = "cloudresourcemanager.googleapis.com/Project"
)

// googleContainer returns the collection of assets of a type that contains others, or "".
func googleContainer(t Type) string {
	switch t {
	case googleProject:
		return "projects"
	case "cloudresourcemanager.googleapis.com/Folder":
		return "folders"
	case "cloudresourcemanager.googleapis.com/Organization":
		return "organizations"
	}
	return ""
}

func (googleReferences) within(a *Asset, of Type) (Ref, bool) {
	service, path, ok := googleParts(a.ID)
	if !ok {
		return Ref{}, false
	}
	parts := strings.Split(path, "/")
	if collection := googleContainer(of); collection != "" {
		if len(parts) < 2 || parts[0] != collection || parts[1] == "_" || parts[1] == "" {
			return Ref{}, false
		}
		return Ref{of, googleManager + collection + "/" + parts[1]}, true
	}
	for n := (len(parts) - 1) / 2 * 2; n >= 2; n -= 2 {
		if googleNames(of, parts[n-2]) {
			return Ref{of, "//" + service + "/" + strings.Join(parts[:n], "/")}, true
		}
	}
	return Ref{}, false
}

// googleParts returns the service and the path of a full resource name. A name with an empty
// part names nothing, and what is before it neither.
func googleParts(id string) (service, path string, ok bool) {
	rest, full := strings.CutPrefix(id, "//")
	service, path, ok = strings.Cut(rest, "/")
	return service, path, full && ok && !strings.Contains("/"+rest+"/", "//")
}

// googleNames reports whether a collection in a name holds assets of a type: cryptoKeys
// those of CryptoKey, buckets those of LogBucket.
func googleNames(t Type, collection string) bool {
	_, kind, _ := strings.Cut(string(t), "/")
	switch {
	case collection == "":
		return false
	case strings.HasSuffix(kind, "y") && !strings.HasSuffix(kind, "ey"):
		kind = kind[:len(kind)-1] + "ies"
	case strings.HasSuffix(kind, "s"):
		kind += "es"
	default:
		kind += "s"
	}
	at := len(kind) - len(collection)
	return at >= 0 && strings.EqualFold(kind[at:], collection) && (at == 0 || kind[at] >= 'A' && kind[at] <= 'Z')
}

func (g googleReferences) resolve(a *Asset, to []Type, text string) (Ref, bool) {
	name := text
	head, _, nested := strings.Cut(text, "/")
	switch {
	case strings.HasPrefix(text, "//"), strings.HasPrefix(text, "https://"):
	case strings.HasSuffix(head, googleDomain) && nested:
		name = "//" + text
	case head == "projects" || head == "folders" || head == "organizations":
	case nested: // within the project
		project, ok := g.within(a, googleProject)
		if !ok {
			return Ref{}, false
		}
		name = strings.TrimPrefix(project.ID, googleManager) + "/" + text
	case len(to) == 1 && to[0] == "storage.googleapis.com/Bucket":
	default:
		return Ref{}, false
	}
	for _, t := range to {
		id, err := googleName(t, name)
		if err != nil {
			continue
		}
		service, path, ok := googleParts(id)
		parts := strings.Split(path, "/")
		if !ok {
			continue
		}
		of, kind, _ := strings.Cut(string(t), "/")
		if len(to) > 1 && of != service && t != googleProject {
			continue
		}
		if strings.HasPrefix(kind, "Region") && !strings.Contains(path, "/regions/") {
			continue
		}
		collection := googleContainer(t)
		switch {
		case collection != "" && len(parts) == 2 && parts[0] == collection:
			return Ref{t, googleManager + path}, true
		case collection != "":
		case t == "storage.googleapis.com/Bucket" && service == "storage"+googleDomain && len(parts) == 1:
			return Ref{t, id}, true
		case t == "cloudkms.googleapis.com/CryptoKey" && len(parts) > 2 && parts[len(parts)-2] == "cryptoKeyVersions":
			return Ref{t, strings.TrimSuffix(id, "/"+strings.Join(parts[len(parts)-2:], "/"))}, true
		case len(parts) >= 2 && googleNames(t, parts[len(parts)-2]):
			return Ref{t, id}, true
		}
	}
	return Ref{}, false
}

// same compares names without their projects, of which there is an id and a number.
func (googleReferences) same(a, b string) bool {
	return a == b || withoutProject(a) == withoutProject(b)
}

func withoutProject(id string) string {
	service, path, ok := googleParts(id)
	if rest, found := strings.CutPrefix(path, "projects/"); ok && found {
		if _, below, nested := strings.Cut(rest, "/"); nested {
			return service + "/" + below
		}
	}
	return id
}
