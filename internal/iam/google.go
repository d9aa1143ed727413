package iam

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// grant is one member of one binding of a Google Cloud IAM policy.
type grant struct {
	role, member string
	unsure       error // why the binding may have expired
}

// grants yields the members of all bindings whose condition has not expired. It yields an
// error for an unread or invalid binding, with the parts of the grant that are known,
// and continues.
func grants(policy asset.Value, now time.Time) iter.Seq2[grant, error] {
	return func(yield func(grant, error) bool) {
		doc, google, err := shape(policy)
		if err == nil && !google && !doc.IsAbsent() {
			err = fmt.Errorf("policy: no bindings")
		}
		if left := maxPolicy; err == nil && !fits(doc, &left) {
			err = errTooLarge
		}
		bindings := doc.Get("bindings")
		if err == nil && !bindings.IsAbsent() && bindings.Kind() != asset.List {
			err = bare(fmt.Errorf("policy: bindings: %w", wrongKind(bindings, asset.List)))
		}
		if err != nil {
			yield(grant{}, err)
			return
		}
		for i := range bindings.Len() {
			b := bindings.Index(i)
			role, roleErr := b.Get("role").Str()
			if roleErr != nil {
				roleErr = bare(fmt.Errorf("policy: binding %d: role: %w", i, roleErr))
			}
			over := expired(b.Get("condition"), now)
			if over.isYes() {
				continue
			}
			members := b.Get("members")
			if err := members.Err(); err != nil {
				if members.Unread() == nil && roleErr == nil {
					continue // a binding of nobody
				}
				if !yield(grant{role: role, unsure: over.err}, bare(fmt.Errorf("policy: binding %d: members: %w", i, err))) {
					return
				}
			}
			for m, err := range stringsIn(members) {
				if err == nil {
					err = roleErr
				}
				if !yield(grant{role, m, over.err}, err) {
					return
				}
			}
		}
	}
}

func wrongKind(v asset.Value, want asset.Kind) error {
	if err := v.Err(); err != nil {
		return err
	}
	return &asset.KindError{Want: want, Got: v.Kind()}
}

func isPublicGoogle(policy asset.Value, now time.Time) truth {
	t := known(false)
	for g, err := range grants(policy, now) {
		switch {
		case isEverybody(g.member) && g.unsure == nil:
			return known(true)
		case isEverybody(g.member):
			t = undecided(g.unsure)
		case err != nil:
			t = undecided(err)
		}
	}
	return t
}

func isEverybody(member string) bool {
	switch member {
	case "allUsers", "allAuthenticatedUsers", "principalSet://goog/public:all":
		return true
	}
	return false
}

// MembersOf returns the members to which policies of Google Cloud grant one of the
// roles, sorted. The policies are those of a resource and of its ancestors. A role may
// be a pattern with wildcards, such as "*admin*", and is compared without case. A
// binding with a condition counts, unless it has expired. Deleted members are omitted.
// Groups are not expanded.
//
// An error means that the list may be incomplete.
func MembersOf(policies []asset.Value, roles []string, f Facts) ([]string, error) {
	var members []string
	var first error
	for _, p := range policies {
		for g, err := range grants(p, f.Now) {
			if err == nil {
				err = g.unsure
			}
			if err != nil {
				// An unread binding may grant one of the roles only if its role is unknown.
				if first == nil && (g.role == "" || isRole(roles, g.role)) {
					first = bare(err)
				}
				continue
			}
			if !strings.HasPrefix(g.member, "deleted:") && isRole(roles, g.role) {
				members = append(members, g.member)
			}
		}
	}
	return sorted(members), first
}

func isRole(patterns []string, role string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return covers(p, quote(role), true) })
}

// MembersOfBoth returns the members that have one of the roles a and one of the roles b,
// which should be separate. It is like [MembersOf] otherwise.
func MembersOfBoth(policies []asset.Value, a, b []string, f Facts) ([]string, error) {
	inA, errA := MembersOf(policies, a, f)
	inB, errB := MembersOf(policies, b, f)
	inA = slices.DeleteFunc(inA, func(m string) bool {
		_, found := slices.BinarySearch(inB, m)
		return !found
	})
	if errA == nil {
		errA = errB
	}
	return inA, errA
}

// AdminServiceAccounts returns the service accounts that are owners or editors or have a
// role with "admin" in its name, without service agents of Google. It is like
// [MembersOf] otherwise.
func AdminServiceAccounts(policies []asset.Value, f Facts) ([]string, error) {
	members, err := MembersOf(policies, []string{"roles/owner", "roles/editor", "*admin*"}, f)
	return slices.DeleteFunc(members, func(m string) bool {
		email, ok := strings.CutPrefix(m, "serviceAccount:")
		return !ok || isServiceAgent(email)
	}), err
}

// isServiceAgent reports whether a service account belongs to Google and acts in
// projects of customers: service-NUMBER in a project of Google, or NUMBER in a domain
// that accounts of customers do not have. Only Google has projects whose ids begin with
// gcp-sa-.
func isServiceAgent(email string) bool {
	name, domain, _ := strings.Cut(email, "@")
	name, numbered := strings.CutPrefix(name, "service-")
	if strings.Trim(name, "0123456789") != "" || name == "" {
		return false
	}
	project, ok := strings.CutSuffix(domain, ".iam.gserviceaccount.com")
	if !ok || !numbered {
		return domain == "cloudservices.gserviceaccount.com"
	}
	if strings.HasPrefix(project, "gcp-sa-") || strings.HasSuffix(project, ".google.com") {
		return true
	}
	switch project {
	case "compute-system", "container-engine-robot", "containerregistry", "dataflow-service-producer-prod",
		"dataproc-accounts", "serverless-robot-prod", "gcf-admin-robot", "cloudcomposer-accounts", "cloud-filer",
		"cloud-redis", "cloud-memcache-sa", "cloud-tpu", "gs-project-accounts", "firebase-rules",
		"sourcerepo-service-accounts", "bigquery-encryption", "endpoints-portal", "remotebuildexecution",
		"service-consumer-management", "service-networking":
		return true
	}
	return false
}

func externalMembers(policy asset.Value, own []string) ([]string, error) {
	var found []string
	var first error
	for g, err := range grants(policy, time.Time{}) {
		switch {
		case err != nil:
			if first == nil {
				first = bare(err)
			}
		case isEverybody(g.member), !belongs(g.member, own) && !strings.HasPrefix(g.member, "deleted:"):
			found = append(found, g.member)
		}
	}
	return sorted(found), first
}

// belongs reports whether a member belongs to one of the domains or projects.
func belongs(member string, own []string) bool {
	kind, name, ok := strings.Cut(member, ":")
	if !ok {
		return false
	}
	_, domain, hasDomain := strings.Cut(name, "@")
	switch kind {
	case "projectOwner", "projectEditor", "projectViewer", "domain":
		return slices.Contains(own, name)
	case "user", "group":
		return hasDomain && slices.Contains(own, domain)
	case "serviceAccount":
		if isServiceAgent(name) {
			return true
		}
		local := name[:len(name)-len(domain)]
		if project, ok := strings.CutSuffix(domain, ".iam.gserviceaccount.com"); ok {
			// A project in the scope of a domain is id.domain here and domain:id elsewhere.
			return slices.Contains(own, project)
		}
		switch domain {
		case "appspot.gserviceaccount.com":
			return slices.Contains(own, strings.TrimSuffix(local, "@"))
		case "developer.gserviceaccount.com":
			return slices.Contains(own, strings.TrimSuffix(local, "-compute@"))
		}
	case "principal", "principalSet":
		// //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/...
		_, rest, ok := strings.Cut(name, "/projects/")
		project, _, _ := strings.Cut(rest, "/")
		return ok && slices.Contains(own, project)
	}
	return false
}
