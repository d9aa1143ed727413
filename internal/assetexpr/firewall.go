package assetexpr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
	"github.com/openstance/stance/internal/netrule"
)

const (
	firewallType     asset.Type = "compute.googleapis.com/Firewall"
	policyType       asset.Type = "compute.googleapis.com/FirewallPolicy"
	networkType      asset.Type = "compute.googleapis.com/Network"
	folderType       asset.Type = "cloudresourcemanager.googleapis.com/Folder"
	organizationType asset.Type = "cloudresourcemanager.googleapis.com/Organization"
)

// openRules is the lookup for rules of Google Cloud firewalls. Thousands of them can be in
// one network, so that a network is evaluated once for all of its rules.
var openRules = expr.Lookup{
	Name: "openRules", Answer: answerOpenRules,
	Args: []*cel.Type{cel.StringType, cel.ListType(cel.IntType)}, Returns: cel.ListType(cel.StringType),
	Types:     []asset.Type{firewallType, policyType, networkType, folderType, organizationType},
	Signature: "openRules(protocol, ports) -> list(string)",
	Doc: "The names of the rules of the asset, a firewall rule or a firewall policy of Google Cloud, through which the internet reaches one of the ports, " +
		"after all rules and policies that apply before them.",
	Example: "openRules('tcp', [22]) == []", Result: "true",
}

func answerOpenRules(from ref.Val, args []ref.Val) ref.Val {
	s := from.(*subject)
	l := &expr.List{Run: s.run}
	if s.related.inv == nil {
		l.More = noInventory
		return l
	}
	protocol, ok := args[0].(types.String)
	if !ok {
		return types.NewErr("openRules: protocol is a %s", args[0].Type().TypeName())
	}
	ports, err := expr.Integers(args[1])
	if err != nil {
		return types.NewErr("openRules: %v", err)
	}
	// The document is the evidence.
	if _, err := expr.ToValue(s.run.Document(s.asset.Ref, "config", s.asset.Config)); err != nil {
		if u, ok := errors.AsType[*asset.Unread](err); !ok || s.asset.Config.Unread() != nil {
			return s.run.Unknown(unreadOf(u, err))
		}
	}
	names, err := s.openRules(string(protocol), ports)
	for _, n := range names {
		l.Items = append(l.Items, types.String(n))
	}
	if err != nil {
		u, _ := errors.AsType[*asset.Unread](err)
		l.More = unreadOf(u, err)
	}
	return l
}

// unreadOf returns u, or err as a part that was not read.
func unreadOf(u *asset.Unread, err error) *asset.Unread {
	if u == nil {
		u = &asset.Unread{Reason: asset.Malformed, Code: asset.CodeMalformed, Message: err.Error()}
	}
	return u
}

// openRules returns the names of rules of the subject that certainly open one of the
// ports. An error says why there may be more.
func (s *subject) openRules(protocol string, ports []int64) ([]string, error) {
	var alone netrule.Network
	index := s.related.firewalls()
	switch s.asset.Type {
	case firewallType:
		alone.Firewalls = []asset.Value{s.asset.Config}
	case policyType:
		alone.Before = []asset.Value{s.asset.Config}
	default:
		return nil, nil
	}
	// A rule that admits nothing of the internet needs no others. One that admits a part
	// of it may open the port together with others.
	admits, err := alone.Admits(protocol, ports)
	closed := !admits && err == nil
	targets, why := targetsOf(s.asset)
	var names []string
	for _, target := range targets {
		open, err := s.view(index, target, protocol, ports)
		for _, name := range open.rules[s.asset.Ref] {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if why == nil {
			why = err
		}
		for _, a := range open.read {
			if s.found != nil {
				s.found(a)
			}
		}
	}
	if closed {
		why = nil
	}
	return names, why
}

// firewallIndex are the firewall rules by network and the policies by what they are
// attached to, under the names that [targetName] returns.
type firewallIndex struct {
	rules, policies map[string][]*asset.Asset
	networks        map[string]*asset.Asset
	organizations   []string      // to which policies are attached
	hierarchical    bool          // whether a policy is attached to a folder or an organization
	stray           *asset.Unread // why a rule or a policy may belong anywhere

	mu    sync.Mutex
	views map[string]*firewallView
}

// givenName returns the name that a target was given by.
func givenName(target string) string {
	_, name, short := strings.Cut(target, shortName)
	if short {
		return name
	}
	return target
}

// firewallView is the result of evaluating one network, folder or organization.
type firewallView struct {
	once      sync.Once
	rules     map[asset.Ref][]string // that are open, by the asset that has them
	documents int                    // that were evaluated
	read      []*asset.Asset         // those that were read first and last
	err       error                  // why there may be more
}

// firewalls returns the index. It is made once.
func (r *Related) firewalls() *firewallIndex {
	r.firewallsOnce.Do(func() {
		x := &firewallIndex{
			rules: map[string][]*asset.Asset{}, policies: map[string][]*asset.Asset{},
			networks: map[string]*asset.Asset{}, views: map[string]*firewallView{},
		}
		for a := range r.inv.OfType(networkType) {
			x.networks[targetName(a, a.ID)] = a
		}
		for t, to := range map[asset.Type]map[string][]*asset.Asset{firewallType: x.rules, policyType: x.policies} {
			for a := range r.inv.OfType(t) {
				targets, why := targetsOf(a)
				if why != nil {
					x.stray, _ = errors.AsType[*asset.Unread](why)
					x.stray = unreadOf(x.stray, why)
				}
				for _, target := range targets {
					to[target] = append(to[target], a)
					if t == policyType && isHierarchical(target) {
						x.hierarchical = true
						if strings.HasPrefix(target, "organizations/") && !slices.Contains(x.organizations, target) {
							x.organizations = append(x.organizations, target)
						}
					}
				}
			}
		}
		r.firewallIndex = x
	})
	return r.firewallIndex
}

func isHierarchical(target string) bool {
	return strings.HasPrefix(target, "organizations/") || strings.HasPrefix(target, "folders/")
}

// targetsOf returns the network of a firewall rule, or what a firewall policy is attached
// to.
func targetsOf(a *asset.Asset) ([]string, error) {
	if err := a.Config.Err(); err != nil {
		return nil, err
	}
	if a.Type == firewallType {
		name, err := text(a.Config.Get("network"))
		return []string{targetName(a, name)}, err
	}
	var targets []string
	list := a.Config.Get("associations")
	if u := list.Unread(); u != nil {
		return nil, u
	}
	for i := range list.Len() {
		name, err := text(list.Index(i).Get("attachmentTarget"))
		if err != nil {
			return targets, err
		}
		if name == "" {
			continue
		}
		if name = targetName(a, name); !slices.Contains(targets, name) {
			targets = append(targets, name)
		}
	}
	return targets, nil
}

// shortName precedes the name of a network that does not say its project.
const shortName = "\x00"

// targetName returns the name of what an asset names: a network, a folder or an
// organization. A network without a project is one of the asset's own.
func targetName(a *asset.Asset, name string) string {
	if name = resourceName(name); strings.Contains(name, "/") {
		return name
	}
	return a.Account + shortName + name
}

// text returns a string; an absent one is empty.
func text(v asset.Value) (string, error) {
	if v.IsAbsent() || v.Kind() == asset.Null {
		return "", nil
	}
	return v.Str()
}

// resourceName returns a full resource name or a self link without the service and its
// version: "projects/p/global/networks/n".
func resourceName(s string) string {
	for _, scheme := range []string{"https://", "http://", "//"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			host, path, _ := strings.Cut(rest, "/")
			if !strings.HasSuffix(host, "googleapis.com") {
				return s
			}
			path = strings.TrimPrefix(path, "compute/")
			for _, version := range []string{"v1/", "beta/", "alpha/", "v3/"} {
				path = strings.TrimPrefix(path, version)
			}
			return path
		}
	}
	return s
}

// view returns the open rules of a network, or of the policies of a folder or an
// organization. All rules of a network share it.
func (s *subject) view(x *firewallIndex, target, protocol string, ports []int64) (*firewallView, error) {
	scope, parents, hidden := s.asset.Scope, s.asset.Parents, s.asset.UnreadParents()
	if network := x.networks[target]; network != nil {
		scope = network.Scope
		if len(parents) == 0 || s.asset.Type == policyType {
			parents, hidden = network.Parents, network.UnreadParents()
		}
	}
	if isHierarchical(target) {
		parents, hidden = nil, &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: givenName(target)}
		if strings.HasPrefix(target, "organizations/") {
			hidden = nil
		} else if folder, ok := s.related.inv.Get(asset.Ref{Type: folderType, ID: "//cloudresourcemanager.googleapis.com/" + target}); ok {
			parents, hidden = folder.Parents, folder.UnreadParents()
		}
	}
	key := fmt.Sprintf("%q %q %v %q %v", target, protocol, ports, scope.Account, parents)
	x.mu.Lock()
	v := x.views[key]
	if v == nil {
		v = &firewallView{}
		x.views[key] = v
	}
	x.mu.Unlock()
	evaluated := false
	v.once.Do(func() {
		v.evaluate(s.related, x, target, scope, parents, hidden, protocol, ports)
		evaluated = true
	})
	if evaluated { // the view is whole if this ends the evaluation
		s.run.Budget().Work(int64(v.documents))
	}
	return v, v.err
}

// evaluate fills in the view.
func (v *firewallView) evaluate(r *Related, x *firewallIndex, target string, scope asset.Scope, parents []asset.Ref, hidden *asset.Unread, protocol string, ports []int64) {
	above, unsure := r.policiesAbove(x, target, parents, hidden)
	if isHierarchical(target) {
		above = append(above, x.policies[target]...)
		v.open(x, target, protocol, ports, above, nil, nil, unsure, nil)
		return
	}
	network, own := x.networks[target], x.policies[target]
	var missing *asset.Unread // of the rules of the network
	for _, why := range []*asset.Unread{x.stray, r.inv.IncompleteReasonFrom(scope, firewallType), r.belonging(&expr.Budget{}, firewallType, nil, "", scope)} {
		if missing == nil {
			missing = why
		}
	}
	for _, why := range []*asset.Unread{r.inv.IncompleteReasonFrom(scope, policyType), r.belonging(&expr.Budget{}, policyType, nil, "", scope)} {
		if unsure == nil {
			unsure = why
		}
	}
	if network != nil {
		for _, g := range r.inv.GapsOf(network.Ref) {
			if g.Type == "" || g.Type == firewallType {
				missing = &g.Cause
			}
		}
	}
	before, why := len(own) == 0, error(nil)
	if !before {
		if network == nil {
			why = &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: string(networkType) + " " + givenName(target)}
		} else {
			var order string
			order, why = text(network.Config.Get("networkFirewallPolicyEnforcementOrder"))
			before = order == "BEFORE_CLASSIC_FIREWALL"
		}
	}
	rules := x.rules[target]
	first := func(into *firewallView) { // the policies of the network come first
		into.open(x, target, protocol, ports, slices.Concat(above, own), rules, nil, unsure, missing)
	}
	last := func(into *firewallView) { into.open(x, target, protocol, ports, above, rules, own, unsure, missing) }
	switch {
	case why != nil: // what both orders agree on
		other := &firewallView{}
		first(v)
		last(other)
		for at, names := range v.rules {
			both := slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(other.rules[at], name) })
			if len(both) < len(names) {
				v.err = errors.Join(v.err, why)
			}
			v.rules[at] = both
		}
		for at, names := range other.rules {
			if len(names) > len(v.rules[at]) {
				v.err = errors.Join(v.err, why)
			}
		}
		v.err = errors.Join(v.err, other.err)
		v.documents += other.documents
	case before:
		first(v)
	default:
		last(v)
	}
}

// policiesAbove returns the policies that apply before those of a network or a folder:
// of the organization, then of the folders down to it.
func (r *Related) policiesAbove(x *firewallIndex, target string, parents []asset.Ref, hidden *asset.Unread) ([]*asset.Asset, *asset.Unread) {
	if !x.hierarchical || strings.HasPrefix(target, "organizations/") {
		return nil, nil
	}
	var chain []string
	organization := false
	for _, p := range parents {
		if p.Type != folderType && p.Type != organizationType {
			continue
		}
		organization = organization || p.Type == organizationType
		name := resourceName(p.ID)
		if len(x.policies[name]) == 0 {
			config, err := r.configName(p)
			switch {
			case config != "":
				name = config
			case err != nil && hidden == nil && !isHierarchical(name):
				hidden = err // policies may be attached to it under its other name
			}
		}
		chain = append(chain, name)
	}
	if !organization {
		switch {
		case len(x.organizations) == 1:
			chain = append(chain, x.organizations[0])
		case len(x.organizations) > 1 && hidden == nil:
			hidden = &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: "organization of " + givenName(target)}
		}
	}
	slices.Reverse(chain)
	var above []*asset.Asset
	for _, name := range chain {
		above = append(above, x.policies[name]...)
	}
	return above, hidden
}

// configName returns the name that the config of an asset has, or why it is not known.
func (r *Related) configName(of asset.Ref) (string, *asset.Unread) {
	a, ok := r.inv.Get(of)
	if !ok {
		return "", &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: of.String()}
	}
	name, err := text(a.Config.Get("name"))
	if err != nil {
		u, _ := errors.AsType[*asset.Unread](err)
		return "", unreadOf(u, err)
	}
	return name, nil
}

// open evaluates rules and adds the open ones. Unsure and missing say why there may be
// further policies and firewall rules, or are nil.
func (v *firewallView) open(x *firewallIndex, target, protocol string, ports []int64, before, rules, after []*asset.Asset, unsure, missing *asset.Unread) {
	var docs [3][]asset.Value
	var owners []*asset.Asset
	add := func(i int, assets []*asset.Asset, more *asset.Unread) {
		for _, a := range assets {
			docs[i] = append(docs[i], a.Config)
			owners = append(owners, a)
			v.read = firstAndLast(v.read, a)
		}
		if more != nil {
			docs[i] = append(docs[i], more.Value())
			owners = append(owners, nil)
		}
	}
	add(0, before, unsure)
	add(1, rules, missing)
	add(2, after, nil)
	v.documents += len(owners)
	n := netrule.Network{Before: docs[0], Firewalls: docs[1], After: docs[2]}
	if !isHierarchical(target) {
		n.Is = func(name string) bool {
			name = resourceName(name)
			return name == target || !strings.Contains(name, "/") && strings.HasSuffix(target, shortName+name)
		}
	}
	open, err := n.Open(protocol, ports)
	v.err = errors.Join(v.err, err)
	v.rules = map[asset.Ref][]string{}
	for _, o := range open {
		if a := owners[o.Index]; a != nil {
			v.rules[a.Ref] = append(v.rules[a.Ref], o.Name)
		}
	}
}
