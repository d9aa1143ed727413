package iam

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
)

// Escalations returns the names of the known methods by which a principal can gain
// further permissions, sorted. Docs are all its identity-based policies (inline,
// attached, and those of its groups), and boundary is its permissions boundary (absent
// if it has none).
//
// A method counts if each of its actions is allowed, after Deny statements and the
// boundary, on any resource of the kind, on the principal itself, or on a policy or group
// that it has; a permission for named resources counts as intended. A condition that the
// principal may fail to meet does not allow, and a Deny counts only if it always
// applies. An administrator has every method. Trust policies and resource policies are
// ignored.
//
// An error means that the list may be incomplete.
func Escalations(docs []asset.Value, boundary asset.Value, f Facts) ([]string, error) {
	e := escalator{own: f.Principal, held: readAll(docs...), limit: bounds(boundary)}
	e.mayDo, e.unlisted = feasible(e.held.actions())
	e.j, e.partition, e.account = f.owner()
	e.holds, e.mayHold = holdings(f.Holds)
	e.names = strings.NewReplacer("ACCOUNT", e.account, "NAME", somebody)
	var names []string
	var err error
	for _, m := range methods() {
		// A cheap test excludes most methods: few principals have all their actions.
		if slices.ContainsFunc(m.steps, e.lacks) || m.unbinds && boundary.IsAbsent() {
			continue
		}
		t := known(true)
		for _, s := range m.steps {
			if t = t.and(e.can(s)); t.isNo() {
				break
			}
		}
		if t.isYes() {
			names = append(names, m.name)
		} else if t.err != nil && err == nil {
			err = t.err
		}
	}
	return sorted(names), err
}

// holdings returns the ARNs of what a principal has, without the policies of AWS, and
// why there may be more.
func holdings(list asset.Value) (arns []string, more error) {
	for s, err := range stringsIn(list) {
		if err != nil {
			more = bare(err)
		} else if a, ok := parseARN(s); ok && a.account() != "aws" {
			arns = append(arns, s)
		}
	}
	return arns, more
}

type escalator struct {
	own, partition, account string
	held, limit             policies
	mayDo                   map[string]bool // actions of methods that held may allow
	unlisted                bool            // it may allow other actions
	names                   *strings.Replacer
	j                       judgement
	holds                   []string // ARNs of its policies and groups
	mayHold                 error    // why there may be more
}

// lacks reports whether nothing allows the action of the step on any resource.
func (e *escalator) lacks(s step) bool {
	return !e.unlisted && !e.mayDo[s.action]
}

// can reports whether the principal can take the step.
func (e *escalator) can(s step) truth {
	resource := "arn:" + e.partition + ":" + e.names.Replace(s.resource)
	probes := []probe{{s.action, resource}}
	// On itself, or on what it has: the ARN begins like that of the resource.
	if kind, _, _ := strings.Cut(resource, somebody); s.self {
		for _, own := range append(e.holds, e.own) {
			if strings.HasPrefix(own, kind) {
				probes = append(probes, probe{s.action, quote(own)})
			}
		}
	}
	values := s.values
	if len(values) == 0 {
		values = []string{""}
	}
	t := known(false)
	for _, p := range probes {
		for _, v := range values {
			if t = t.or(e.allowed(p, e.taking(s, v))); t.isYes() {
				return t
			}
		}
	}
	if s.self && e.mayHold != nil && !e.lacks(s) {
		return t.or(undecided(e.mayHold))
	}
	return t
}

// taking returns the judgement of a step that is taken with a value for its key.
func (e *escalator) taking(s step, value string) judgement {
	j := e.j
	j.creates = s.creates()
	iam := strings.HasPrefix(s.action, "iam:")
	if s.key == "" && !iam {
		return j
	}
	j.context = maps.Clone(j.context)
	if s.key != "" {
		j.context[s.key] = []string{strings.Replace(value, "arn:aws:", "arn:"+e.partition+":", 1)}
	}
	if iam {
		j.context["aws:requestedregion"] = []string{regionOfIAM(e.partition)}
	}
	return j
}

// creates reports whether the step makes something that it can tag.
func (s step) creates() bool {
	_, name, _ := strings.Cut(s.action, ":")
	for _, verb := range []string{"Create", "Run", "Register", "Request", "Submit"} {
		if strings.HasPrefix(name, verb) {
			return s.action != "iam:CreateAccessKey" && s.action != "iam:CreateLoginProfile" && s.action != "iam:CreatePolicyVersion"
		}
	}
	return false
}

func (e *escalator) allowed(p probe, j judgement) truth {
	t := e.held.allows(p, j)
	if t.isNo() {
		return t
	}
	if t = t.and(e.limit.allows(p, j)); t.isNo() {
		return t
	}
	return t.and(e.held.denies(p, j).not()).and(e.limit.denies(p, j).not())
}

// feasible returns the actions of methods that patterns match.
func feasible(patterns []string, others bool) (map[string]bool, bool) {
	if others {
		return nil, true
	}
	found := map[string]bool{}
	for _, p := range patterns {
		// Most patterns name a service of which no method has an action.
		service, _, _ := strings.Cut(p, ":")
		if !hasWildcard(service) {
			for _, action := range actionsByService()[strings.ToLower(service)] {
				if covers(p, action, true) {
					found[action] = true
				}
			}
			continue
		}
		for action := range actionResources {
			if covers(p, action, true) {
				found[action] = true
			}
		}
	}
	return found, false
}

// actionsByService returns the actions of methods by the service.
var actionsByService = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for action := range actionResources {
		service, _, _ := strings.Cut(action, ":")
		all[service] = append(all[service], action)
	}
	return all
})

// method is a path with its steps, which must all be allowed.
type method struct {
	path
	steps   []step
	unbinds bool // useful only to a principal with a permissions boundary
}

// step is an action on a resource, which is written like those of actionResources.
type step struct {
	action, resource string
	self             bool     // works on the principal itself, and on what it has
	key              string   // condition key that the step gives one of the values
	values           []string // that serve the purpose
}

// methods returns the known methods. They are built once, which takes longer than most
// evaluations, and must not be changed.
var methods = sync.OnceValue(func() []method {
	var all []method
	for _, p := range slices.Concat(identityChanges, handedRoles, runningThings) {
		m := method{path: p, unbinds: strings.HasSuffix(p.name, "PermissionsBoundary")}
		if p.service != "" {
			pass := stepOf("iam:PassRole")
			pass.key, pass.values = "iam:passedtoservice", []string{p.service + ".amazonaws.com"}
			m.steps = append(m.steps, pass)
		}
		for _, action := range p.actions {
			m.steps = append(m.steps, stepOf(action))
		}
		all = append(all, m)
	}
	return all
})

// stepOf returns the step that takes an action to gain permissions.
func stepOf(action string) step {
	s := step{action: action, resource: actionResources[action]}
	switch action {
	case "iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy":
		s.self, s.key, s.values = true, "iam:policyarn", wide
	case "iam:PutUserPermissionsBoundary", "iam:PutRolePermissionsBoundary":
		s.self, s.key, s.values = true, "iam:permissionsboundary", wide[:1]
	case "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:PutRolePolicy",
		"iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary":
		s.self = true
	}
	return s
}

// wide are policies of AWS that grant everything else.
var wide = []string{"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess"}
