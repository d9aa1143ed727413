package main

import (
	"fmt"

	"github.com/openstance/stance/asset"
)

func (e *estate) azure() {
	for i, sub := range []struct {
		name string
		care float64
	}{{"platform", 0.9}, {"apps-prod", 0.75}, {"apps-dev", 0.5}} {
		e.care = sub.care
		id := fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", i+1)
		e.parent = nil
		e.in("azure", id, "")
		s := e.add("Microsoft.Resources/subscriptions", "/subscriptions/"+id, sub.name, obj{"id": "/subscriptions/" + id, "subscriptionId": id, "displayName": sub.name, "state": "Enabled"})
		e.parent = []asset.Ref{s.Ref}
		if e.good() {
			d := e.child("Microsoft.Insights/diagnosticSettings", "/subscriptions/"+id+"/providers/Microsoft.Insights/diagnosticSettings/export", obj{
				"logs": e.categories("Administrative", "Security", "Alert", "Policy")})
			link(d, "diagnoses", s)
		}
		for _, plan := range []string{"VirtualMachines", "SqlServers", "StorageAccounts", "Containers", "KeyVaults", "Arm", "AppServices"} {
			tier := "Standard"
			if !e.good() {
				tier = "Free"
			}
			e.child("Microsoft.Security/pricings", "/subscriptions/"+id+"/providers/Microsoft.Security/pricings/"+plan, obj{"pricingTier": tier})
		}
		e.child("Microsoft.Authorization/roleDefinitions", "/subscriptions/"+id+"/providers/Microsoft.Authorization/roleDefinitions/"+e.hex(8)+"-0000-4000-8000-"+e.hex(12), obj{
			"type": "CustomRole", "roleName": "operators of " + sub.name, "assignableScopes": list{"/subscriptions/" + id}, "permissions": list{obj{"actions": e.actions(), "notActions": list{}}}})
		if sub.name == "apps-dev" {
			e.deny("Microsoft.KeyVault/vaults/secrets", "Microsoft.KeyVault/vaults/secrets/read", "AuthorizationFailed", "the client does not have authorization to perform action 'Microsoft.KeyVault/vaults/secrets/read'")
		}
		group := "/subscriptions/" + id + "/resourceGroups/" + sub.name
		e.storage(group, sub.name)
		e.azureNetwork(group)
		e.vaults(group, sub.name)
		e.databases(group)
		e.applications(group)
	}
	e.entra()
}

// child adds an ARM resource with the properties, named by the last part of its id.
func (e *estate) child(t asset.Type, id string, properties obj) *asset.Asset {
	return e.arm(t, id, properties, nil)
}

func (e *estate) arm(t asset.Type, id string, properties obj, more obj) *asset.Asset {
	name := id
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			name = id[i+1:]
			break
		}
	}
	config := obj{"id": id, "name": name, "type": string(t), "properties": properties}
	for k, v := range more {
		config[k] = v
	}
	a := e.add(t, id, name, config)
	return a
}

func (e *estate) categories(names ...string) list {
	var logs list
	for _, n := range names {
		logs = append(logs, obj{"category": n, "enabled": e.mostly()})
	}
	return logs
}

func (e *estate) actions() list {
	if e.good() {
		return list{"Microsoft.Compute/virtualMachines/restart/action", "*/read"}
	}
	return list{"*"}
}

func (e *estate) storage(group, name string) {
	for i, use := range []string{"data", "web", "diag", "backup"} {
		properties := obj{"supportsHttpsTrafficOnly": true, "minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": !e.good(), "allowSharedKeyAccess": !e.good(),
			"allowCrossTenantReplication": false, "keyCreationTime": obj{"key1": text(e.ago(40 + 100*e.flag(!e.good()))), "key2": text(e.ago(40))}, "keyPolicy": obj{"keyExpirationPeriodInDays": 90}}
		switch {
		case e.good():
			properties["publicNetworkAccess"] = "Enabled"
			properties["networkAcls"] = obj{"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": list{obj{"value": "203.0.113.0/24", "action": "Allow"}}, "virtualNetworkRules": list{}}
		case e.good():
			properties["publicNetworkAccess"] = "Disabled"
			properties["networkAcls"] = obj{"defaultAction": "Allow", "bypass": "AzureServices"}
		case i%2 == 0:
			properties["networkAcls"] = obj{"defaultAction": "Allow", "bypass": "AzureServices"}
		}
		if use == "web" && !e.good() {
			properties["minimumTlsVersion"] = "TLS1_0"
			properties["supportsHttpsTrafficOnly"] = false
		}
		id := group + "/providers/Microsoft.Storage/storageAccounts/" + "st" + use + e.hex(6)
		a := e.arm("Microsoft.Storage/storageAccounts", id, properties, obj{"kind": "StorageV2", "location": "westeurope", "sku": obj{"name": "Standard_LRS"}})
		a.Region, a.Tags = "westeurope", e.tags(name)
		a.Created = e.ago(100 + e.IntN(700))
		if name == "apps-prod" && use == "backup" {
			unread(a, "config.properties", "Microsoft.Storage/storageAccounts/read", "AuthorizationFailed", "the client does not have authorization over this scope")
		}
		blob := e.child("Microsoft.Storage/storageAccounts/blobServices", id+"/blobServices/default", obj{
			"deleteRetentionPolicy": obj{"enabled": e.good(), "days": 14}, "containerDeleteRetentionPolicy": obj{"enabled": e.good(), "days": 7}})
		blob.Region = "westeurope"
		link(blob, "parent", a)
	}
}

func (e *estate) azureNetwork(group string) {
	source := "10.0.0.0/8"
	if !e.good() {
		source = "*"
	}
	rule := func(name, port, from string, priority int) obj {
		return obj{"name": name, "properties": obj{"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": priority,
			"sourceAddressPrefix": from, "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": port}}
	}
	nsg := e.arm("Microsoft.Network/networkSecurityGroups", group+"/providers/Microsoft.Network/networkSecurityGroups/app",
		obj{"securityRules": list{rule("https", "443", "Internet", 100), rule("ssh", "22", source, 200), rule("rdp", "3389", "10.0.0.0/8", 210)}}, obj{"location": "westeurope"})
	nsg.Region = "westeurope"
	net := e.arm("Microsoft.Network/virtualNetworks", group+"/providers/Microsoft.Network/virtualNetworks/main", obj{"addressSpace": obj{"addressPrefixes": list{"10.30.0.0/16"}}}, obj{"location": "westeurope"})
	net.Region = "westeurope"
	for _, name := range []string{"app", "data", "GatewaySubnet"} {
		properties := obj{"addressPrefix": "10.30.1.0/24"}
		if name != "GatewaySubnet" && e.good() {
			properties["networkSecurityGroup"] = obj{"id": nsg.ID}
		}
		s := e.child("Microsoft.Network/virtualNetworks/subnets", net.ID+"/subnets/"+name, properties)
		s.Region = "westeurope"
		link(s, "parent", net)
		if name != "GatewaySubnet" {
			link(s, "nsg", nsg)
		}
	}
	if e.good() {
		f := e.child("Microsoft.Network/networkWatchers/flowLogs", group+"/providers/Microsoft.Network/networkWatchers/westeurope/flowLogs/main", obj{
			"targetResourceId": net.ID, "enabled": true, "retentionPolicy": obj{"enabled": true, "days": 90 - 60*e.flag(!e.good())}})
		f.Region = "westeurope"
		link(f, "monitors", net)
	}
}

func (e *estate) vaults(group, name string) {
	properties := obj{"enableSoftDelete": true, "enableRbacAuthorization": e.good(), "tenantId": tenant}
	if e.good() {
		properties["enablePurgeProtection"] = true
	}
	if e.good() {
		properties["publicNetworkAccess"] = "Disabled"
	}
	v := e.arm("Microsoft.KeyVault/vaults", group+"/providers/Microsoft.KeyVault/vaults/kv-"+name, properties, obj{"location": "westeurope"})
	v.Region, v.Tags = "westeurope", e.tags(name)
	for _, child := range []asset.Type{"Microsoft.KeyVault/vaults/keys", "Microsoft.KeyVault/vaults/secrets"} {
		if name == "apps-dev" && child == "Microsoft.KeyVault/vaults/secrets" {
			continue // denied
		}
		attributes := obj{"enabled": true}
		if e.good() {
			attributes["exp"] = observed.Unix() + 86400*200
		}
		kind := "keys"
		if child == "Microsoft.KeyVault/vaults/secrets" {
			kind = "secrets"
		}
		c := e.child(child, v.ID+"/"+kind+"/orders", obj{"attributes": attributes})
		c.Region = "westeurope"
		link(c, "parent", v)
	}
	if e.good() {
		d := e.child("Microsoft.Insights/diagnosticSettings", v.ID+"/providers/Microsoft.Insights/diagnosticSettings/audit", obj{"logs": list{obj{"categoryGroup": "audit", "enabled": true}}})
		d.Region = "westeurope"
		link(d, "diagnoses", v)
	}
}

func (e *estate) databases(group string) {
	access := "Disabled"
	if !e.good() {
		access = "Enabled"
	}
	server := e.arm("Microsoft.Sql/servers", group+"/providers/Microsoft.Sql/servers/sql-"+e.hex(4), obj{"publicNetworkAccess": access, "minimalTlsVersion": "1.2", "version": "12.0",
		"administrators": obj{"administratorType": "ActiveDirectory", "azureADOnlyAuthentication": e.good()}}, obj{"location": "westeurope"})
	server.Region = "westeurope"
	auditing := "Enabled"
	if !e.good() {
		auditing = "Disabled"
	}
	children := []*asset.Asset{
		e.child("Microsoft.Sql/servers/auditingSettings", server.ID+"/auditingSettings/default", obj{"state": auditing, "retentionDays": 90}),
	}
	if !e.good() {
		children = append(children, e.child("Microsoft.Sql/servers/firewallRules", server.ID+"/firewallRules/everything", obj{"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"}))
	}
	db := e.arm("Microsoft.Sql/servers/databases", server.ID+"/databases/orders", obj{"status": "Online"}, nil)
	children = append(children, db)
	for _, c := range children {
		c.Region = "westeurope"
		link(c, "parent", server)
	}
	tde := e.child("Microsoft.Sql/servers/databases/transparentDataEncryption", db.ID+"/transparentDataEncryption/current", obj{"state": "Enabled"})
	tde.Region = "westeurope"
	link(tde, "parent", db)
	pg := e.arm("Microsoft.DBforPostgreSQL/flexibleServers", group+"/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-"+e.hex(4), obj{"version": "16", "state": "Ready"}, obj{"location": "westeurope"})
	pg.Region = "westeurope"
	tls := "on"
	if !e.good() {
		tls = "off"
	}
	c := e.child("Microsoft.DBforPostgreSQL/flexibleServers/configurations", pg.ID+"/configurations/require_secure_transport", obj{"value": tls})
	c.Region = "westeurope"
	link(c, "parent", pg)
	cosmos := e.arm("Microsoft.DocumentDB/databaseAccounts", group+"/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-"+e.hex(4), obj{
		"publicNetworkAccess": access, "disableLocalAuth": e.good(), "ipRules": list{}, "isVirtualNetworkFilterEnabled": false}, obj{"location": "westeurope"})
	cosmos.Region = "westeurope"
}

func (e *estate) applications(group string) {
	for _, name := range []string{"shop", "admin"} {
		site := e.arm("Microsoft.Web/sites", group+"/providers/Microsoft.Web/sites/"+name, obj{"httpsOnly": e.good(), "state": "Running"}, obj{"kind": "app,linux", "location": "westeurope"})
		site.Region = "westeurope"
		ftps, tls := "Disabled", "1.2"
		if !e.good() {
			ftps = "AllAllowed"
		}
		if !e.good() {
			tls = "1.0"
		}
		c := e.child("Microsoft.Web/sites/config", site.ID+"/config/web", obj{"ftpsState": ftps, "minTlsVersion": tls, "http20Enabled": true})
		c.Region = "westeurope"
		link(c, "parent", site)
	}
	profile := obj{"enablePrivateCluster": true}
	if !e.good() {
		profile = obj{}
	}
	aks := e.arm("Microsoft.ContainerService/managedClusters", group+"/providers/Microsoft.ContainerService/managedClusters/aks", obj{"disableLocalAccounts": e.good(), "aadProfile": obj{"managed": true},
		"apiServerAccessProfile": profile, "kubernetesVersion": "1.33.2"}, obj{"location": "westeurope"})
	aks.Region = "westeurope"
	acr := e.arm("Microsoft.ContainerRegistry/registries", group+"/providers/Microsoft.ContainerRegistry/registries/acr"+e.hex(5), obj{"adminUserEnabled": !e.good(), "loginServer": "acr.azurecr.io"}, obj{"location": "westeurope", "sku": obj{"name": "Premium"}})
	acr.Region = "westeurope"
}

const tenant = "bbbbbbbb-0000-4000-8000-000000000001"

func (e *estate) entra() {
	e.parent = nil
	e.in("azure", tenant, "")
	t := e.add("Stance::Entra::Tenant", tenant, "example.org", obj{"id": tenant, "displayName": "example.org", "securityDefaults": obj{"isEnabled": false}})
	for i, name := range []string{"ada", "grace", "linus", "margaret"} {
		u := e.add("Stance::Entra::User", fmt.Sprintf("cccccccc-0000-4000-8000-%012d", i), name, obj{"userPrincipalName": name + "@example.org", "accountEnabled": true})
		u.Status = value(obj{"isMfaRegistered": e.good()})
		link(u, "tenant", t)
	}
}
