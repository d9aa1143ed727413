package packs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy/packs"
)

// azureRules are rules of other tools, by the names of those of templates and the ids
// of those of exported resources.
var azureRules = map[string]rule{
	"Azure.ACR.AdminUser":          {policies: []string{"az-acr-admin-disabled"}},
	"Azure.AKS.AuthorizedIPs":      {policies: []string{"az-aks-api-restricted"}},
	"Azure.AKS.LocalAccounts":      {policies: []string{"az-aks-local-accounts-disabled"}},
	"Azure.AKS.ManagedAAD":         {policies: []string{"az-aks-local-accounts-disabled"}},
	"Azure.NSG.AnyInboundSource":   {policies: []string{"az-nsg-no-public-any"}},
	"Azure.SQL.AAD":                {policies: []string{"az-sql-entra-admin"}},
	"Azure.SQL.AllowAzureAccess":   {policies: []string{"az-sql-no-any-firewall"}, params: map[string]any{"allowAzureServices": false}},
	"Azure.SQL.Auditing":           {policies: []string{"az-sql-auditing"}},
	"Azure.SQL.FirewallIPRange":    {policies: []string{"az-sql-no-any-firewall"}},
	"Azure.SQL.MinTLS":             {policies: []string{"az-sql-min-tls-1-2"}},
	"Azure.SQL.TDE":                {policies: []string{"az-sql-tde"}},
	"Azure.Storage.MinTLS":         {policies: []string{"az-storage-min-tls-1-2"}},
	"Azure.Storage.SecureTransfer": {policies: []string{"az-storage-https-only"}},
	"Azure.VNET.UseNSGs":           {policies: []string{"az-subnet-has-nsg"}},
	"Key Vault Not Recoverable":    {policies: []string{"az-keyvault-purge-protection"}},
	"Network Security Group With Unrestricted Access To SSH":   {policies: []string{"az-nsg-no-public-ssh"}},
	"Role Definitions Allow Custom Subscription Role Creation": {policies: []string{"az-rbac-no-custom-owner"}},
	"SQL Database Server Firewall Allows All IPS":              {policies: []string{"az-sql-no-any-firewall"}},
	"Storage Account Allows Default Network Access":            {policies: []string{"az-storage-default-network-deny"}},
	"Unrecommended Network Watcher Flow Log Retention Policy":  {policies: []string{"az-network-flow-logs-90d"}},
	"Website Not Forcing HTTPS":                                {policies: []string{"az-app-https-only"}},
}

// azureDifferences are the reasons why a policy deliberately judges otherwise, with the
// cases; internal/docs/verdicts.md has them too.
var azureDifferences = map[string][]string{
	"a blank minimum version is 1.2 since April 2026": {
		"psrule/Azure.SQL.MinTLS/server-C",
	},
	"a log without a retention policy is kept for ever": {
		"kics/azureResourceManager/unrecommended_network_watcher_flow_log_retention_policy/positive3.json",
		"kics/azureResourceManager/unrecommended_network_watcher_flow_log_retention_policy/positive7.json",
	},
	"the rule forbids roles that may write roles, the policy those that own subscriptions": {
		"kics/azureResourceManager/role_definitions_allow_custom_subscription_role_creation/positive2.json",
		"kics/azureResourceManager/role_definitions_allow_custom_subscription_role_creation/positive4.json",
	},
	"a start that is a prefix is no address, which Azure refuses: unknown": {
		"kics/azureResourceManager/sql_database_server_firewall_allows_all_ips/positive2.json",
		"kics/azureResourceManager/sql_database_server_firewall_allows_all_ips/positive4.json",
	},
	"a range that ends before it starts is none, which Azure refuses: unknown": {
		"kics/azureResourceManager/sql_database_server_firewall_allows_all_ips/negative2.json",
		"kics/azureResourceManager/sql_database_server_firewall_allows_all_ips/negative4.json",
	},
}

// TestAzureVerdicts compares verdicts on exported resources and on templates with those
// of the tools that they were written for.
func TestAzureVerdicts(t *testing.T) {
	cases := func(yield func(string, fixtures.Case) bool) {
		for _, folder := range [][]string{{"posture", "azure-psrule"}, {"iac", "kics-arm"}} {
			for c := range fixtures.Cases(t, folder...) {
				if !yield(c.Rule.Name, c) {
					return
				}
			}
		}
	}
	comparison{packs.Azure(), azureRules, azureDifferences, cases, readAzure, false}.run(t)
}

var azureScope = asset.Scope{Provider: "azure", Account: "subscription"}

// azureReader makes assets of resources, as a provider or a reader of templates does.
type azureReader struct {
	t          *testing.T
	origin     asset.Origin
	parameters map[string]struct{ DefaultValue any }
	configs    map[asset.Ref]map[string]any
	links      map[asset.Ref][]asset.Link
}

// readAzure reads a resource that was exported, or a template.
func readAzure(t *testing.T, input json.RawMessage) []*asset.Asset {
	t.Helper()
	r := &azureReader{t: t, configs: map[asset.Ref]map[string]any{}, links: map[asset.Ref][]asset.Link{}}
	var text string
	if json.Unmarshal(input, &text) != nil {
		var exported map[string]any
		r.decode(input, &exported)
		r.resource(exported, "", "")
	} else {
		r.origin = asset.Origin{File: "template.json", Line: 1}
		var tpl struct {
			Parameters map[string]struct{ DefaultValue any }
			Resources  []map[string]any
			Properties struct{ Template json.RawMessage }
		}
		r.decode([]byte(text), &tpl)
		if inner := tpl.Properties.Template; inner != nil { // an artifact of a blueprint
			r.decode(inner, &tpl)
		}
		r.parameters = tpl.Parameters
		for _, x := range tpl.Resources {
			r.resource(r.resolve(x).(map[string]any), "", "")
		}
	}
	var assets []*asset.Asset
	for ref, config := range r.configs {
		a := &asset.Asset{Ref: ref, Name: fmt.Sprint(config["name"]), Scope: azureScope, Origin: r.origin, Links: r.links[ref]}
		v, err := asset.Of(config)
		require.NoError(t, err)
		schema, ok := catalog.Schema(ref.Type)
		require.True(t, ok, ref.Type)
		a.Config = schema.Config.Conform(v)
		assets = append(assets, a)
	}
	return assets
}

func (r *azureReader) decode(data []byte, v any) {
	r.t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	require.NoError(r.t, d.Decode(v))
}

// resource adds a resource and those in it. A resource in another has the last part
// of its type and of its name only.
func (r *azureReader) resource(x map[string]any, typ, name string) {
	member := func(keys ...string) any {
		for _, k := range keys {
			if v := x[k]; v != nil {
				return v
			}
		}
		return nil
	}
	ownType, _ := member("type", "ResourceType").(string)
	ownName, _ := member("name", "ResourceName").(string)
	if typ != "" && !strings.Contains(ownType, ".") {
		ownType = typ + "/" + ownType
	}
	if own := strings.Count(ownType, "/"); name != "" && strings.Count(ownName, "/") < own-1 {
		ownName = name + "/" + ownName
	}
	children, _ := member("resources").([]any)
	for _, c := range children {
		r.resource(c.(map[string]any), ownType, ownName)
	}
	schema, ok := catalog.Schema(asset.Type(ownType))
	if !ok {
		return // of no concern to the policies
	}
	ref := azureRef(schema.Type, ownName)
	properties, _ := member("properties", "Properties").(map[string]any)
	if properties == nil {
		properties = map[string]any{}
	}
	parent, parentName := r.parentOf(ref, ownName)
	switch schema.Type {
	case "Microsoft.Network/networkSecurityGroups/securityRules":
		group := r.config(parent, parentName)["properties"].(map[string]any)
		rules, _ := group["securityRules"].([]any)
		group["securityRules"] = append(rules, map[string]any{"name": ownName, "properties": properties})
		return
	case "Microsoft.Network/virtualNetworks":
		subnets, _ := properties["subnets"].([]any)
		for _, s := range subnets {
			r.resource(s.(map[string]any), ownType, ownName)
		}
	case "Microsoft.Network/networkWatchers/flowLogs":
		target := asset.Ref{Type: "Microsoft.Network/virtualNetworks", ID: fmt.Sprint(properties["targetResourceId"])}
		r.config(target, target.ID)
		r.links[ref] = append(r.links[ref], asset.Link{Rel: "monitors", To: target})
	}
	if parent.Type != "" {
		r.config(parent, parentName)
		r.links[ref] = append(r.links[ref], asset.Link{Rel: "parent", To: parent})
	}
	config := r.config(ref, ownName)
	for k, v := range properties {
		config["properties"].(map[string]any)[k] = v
	}
	if kind := member("kind", "Kind"); kind != nil {
		config["kind"] = kind
	}
}

// config returns the document of a resource, which may be outside of what is read.
func (r *azureReader) config(ref asset.Ref, name string) map[string]any {
	if r.configs[ref] == nil {
		r.configs[ref] = map[string]any{
			"id": ref.ID, "name": name[strings.LastIndex(name, "/")+1:], "type": string(ref.Type), "properties": map[string]any{},
		}
	}
	return r.configs[ref]
}

func (r *azureReader) parentOf(ref asset.Ref, name string) (asset.Ref, string) {
	typ := string(ref.Type)
	i, j := strings.LastIndex(typ, "/"), strings.LastIndex(name, "/")
	if i < 0 || j < 0 {
		return asset.Ref{}, ""
	}
	schema, ok := catalog.Schema(asset.Type(typ[:i]))
	if !ok {
		return asset.Ref{}, ""
	}
	return azureRef(schema.Type, name[:j]), name[:j]
}

func azureRef(typ asset.Type, name string) asset.Ref {
	return asset.Ref{Type: typ, ID: strings.ToLower(string(typ) + "/" + name)}
}

var azureParameter = regexp.MustCompile(`^\[parameters\('([^']+)'\)\]$`)

// resolve returns a part of a template. What only a deployment knows is unread.
func (r *azureReader) resolve(x any) any {
	switch x := x.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, v := range x {
			if k == "name" {
				m[k] = v // resources are distinguished by what the template calls them
				continue
			}
			m[k] = r.resolve(v)
		}
		return m
	case []any:
		list := []any{}
		for _, v := range x {
			list = append(list, r.resolve(v))
		}
		return list
	case string:
		switch {
		case x == "[subscription().id]":
			return "/subscriptions/subscription"
		case azureParameter.MatchString(x):
			if v := r.parameters[azureParameter.FindStringSubmatch(x)[1]].DefaultValue; v != nil {
				return v
			}
			return &asset.Unread{Op: "template", Code: "NotKnown"}
		case strings.HasPrefix(x, "[") && !strings.HasPrefix(x, "[["):
			return &asset.Unread{Op: "template", Code: "NotKnown"}
		}
	}
	return x
}
