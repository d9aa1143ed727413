package main

import (
	"fmt"

	"github.com/openstance/stance/asset"
)

func (e *estate) google() {
	e.in("gcp", "organizations/123456789012", "")
	e.parent = nil
	org := e.add("cloudresourcemanager.googleapis.com/Organization", "//cloudresourcemanager.googleapis.com/organizations/123456789012", "example.org", obj{"name": "organizations/123456789012", "displayName": "example.org"})
	org.Access = value(obj{"bindings": list{obj{"role": "roles/resourcemanager.organizationAdmin", "members": list{"group:cloud-admins@example.org"}}}})
	e.parent = []asset.Ref{org.Ref}
	folder := e.add("cloudresourcemanager.googleapis.com/Folder", "//cloudresourcemanager.googleapis.com/folders/210987654321", "products", obj{"name": "folders/210987654321", "displayName": "products"})
	folder.Access = value(obj{"bindings": list{obj{"role": "roles/viewer", "members": list{"group:engineers@example.org"}}}})
	for i, project := range []struct {
		id   string
		care float64
	}{{"shared-logging", 0.95}, {"shop-prod", 0.8}, {"shop-dev", 0.5}, {"ml-lab", 0.35}} {
		e.care = project.care
		e.in("gcp", project.id, "")
		e.parent = []asset.Ref{folder.Ref, org.Ref}
		p := e.add("cloudresourcemanager.googleapis.com/Project", "//cloudresourcemanager.googleapis.com/projects/"+project.id, project.id,
			obj{"projectId": project.id, "projectNumber": fmt.Sprint(400000000000 + i), "state": "ACTIVE", "labels": obj{"environment": project.id}})
		p.Access = value(e.projectPolicy(project.id))
		e.parent = append([]asset.Ref{p.Ref}, e.parent...)
		e.project(project.id, i)
		if project.id == "ml-lab" {
			e.deny("cloudkms.googleapis.com/CryptoKey", "cloudasset.assets.listResource", "PERMISSION_DENIED", "Permission 'cloudasset.assets.listCloudkmsCryptoKeys' denied")
		}
	}
}

func (e *estate) projectPolicy(project string) obj {
	bindings := list{
		obj{"role": "roles/viewer", "members": list{"group:engineers@example.org"}},
		obj{"role": "roles/container.serviceAgent", "members": list{"serviceAccount:service-400000000000@container-engine-robot.iam.gserviceaccount.com"}},
	}
	account := "serviceAccount:deploy@" + project + ".iam.gserviceaccount.com"
	if e.good() {
		bindings = append(bindings, obj{"role": "roles/run.developer", "members": list{account}})
	} else {
		bindings = append(bindings, obj{"role": "roles/editor", "members": list{account}})
	}
	if !e.good() {
		bindings = append(bindings, obj{"role": "roles/iam.serviceAccountUser", "members": list{"user:ada@example.org"}})
	}
	if !e.good() {
		bindings = append(bindings, obj{"role": "roles/viewer", "members": list{"allAuthenticatedUsers"}})
	}
	policy := obj{"bindings": bindings, "etag": "BwX" + e.hex(8)}
	if e.good() {
		policy["auditConfigs"] = list{obj{"service": "allServices", "auditLogConfigs": list{obj{"logType": "ADMIN_READ"}, obj{"logType": "DATA_READ"}, obj{"logType": "DATA_WRITE"}}}}
	}
	return policy
}

func (e *estate) project(id string, number int) {
	compute := "//compute.googleapis.com/projects/" + id
	access := func(a *asset.Asset, role string, public bool) {
		members := list{"group:engineers@example.org"}
		if public {
			members = append(members, "allUsers")
		}
		a.Access = value(obj{"bindings": list{obj{"role": role, "members": members}}})
	}
	cp := e.add("compute.googleapis.com/Project", compute, id, obj{"name": id, "commonInstanceMetadata": obj{"items": list{obj{"key": "enable-oslogin", "value": e.truth(e.good())}}}})
	name := "main"
	if !e.good() {
		name = "default"
	}
	network := e.add("compute.googleapis.com/Network", compute+"/global/networks/"+name, name, obj{"name": name, "autoCreateSubnetworks": name == "default"})
	subnet := e.add("compute.googleapis.com/Subnetwork", compute+"/regions/europe-west1/subnetworks/app", "app", obj{"name": "app", "purpose": "PRIVATE", "ipCidrRange": "10.40.0.0/20", "logConfig": obj{"enable": e.good()}})
	subnet.Region = "europe-west1"
	link(subnet, "network", network)
	for _, port := range []string{"22", "3389", "443"} {
		from := "10.0.0.0/8"
		if port == "443" || !e.good() {
			from = "0.0.0.0/0"
		}
		fw := e.add("compute.googleapis.com/Firewall", compute+"/global/firewalls/allow-"+port, "allow-"+port, obj{"name": "allow-" + port, "direction": "INGRESS", "disabled": false, "priority": 1000,
			"network": network.ID, "sourceRanges": list{from}, "allowed": list{obj{"IPProtocol": "tcp", "ports": list{port}}}})
		link(fw, "network", network)
	}
	for i := range 2 {
		account := "app@" + id + ".iam.gserviceaccount.com"
		if !e.good() {
			account = fmt.Sprintf("%d-compute@developer.gserviceaccount.com", 400000000000+number)
		}
		nic := obj{"network": network.ID, "networkIP": "10.40.0.9"}
		if !e.good() {
			nic["accessConfigs"] = list{obj{"name": "External NAT", "natIP": "198.51.100.7", "type": "ONE_TO_ONE_NAT"}}
		}
		vm := e.add("compute.googleapis.com/Instance", fmt.Sprintf("%s/zones/europe-west1-b/instances/app-%d", compute, i), fmt.Sprintf("app-%d", i), obj{"name": fmt.Sprintf("app-%d", i), "status": "RUNNING",
			"serviceAccounts": list{obj{"email": account, "scopes": list{"https://www.googleapis.com/auth/cloud-platform"}}}, "networkInterfaces": list{nic},
			"metadata":               obj{"items": list{obj{"key": "block-project-ssh-keys", "value": e.truth(e.good())}, obj{"key": "serial-port-enable", "value": e.truth(!e.good())}}},
			"shieldedInstanceConfig": obj{"enableVtpm": true, "enableIntegrityMonitoring": e.good(), "enableSecureBoot": true}, "labels": obj{"team": "shop"}})
		vm.Region = "europe-west1"
		link(vm, "project", cp)
		link(vm, "network", network)
	}
	for _, use := range []string{"media", "exports"} {
		iam := obj{"uniformBucketLevelAccess": obj{"enabled": e.good()}}
		if e.good() {
			iam["publicAccessPrevention"] = "enforced"
		}
		b := e.add("storage.googleapis.com/Bucket", "//storage.googleapis.com/"+id+"-"+use, id+"-"+use, obj{"name": id + "-" + use, "location": "EU", "iamConfiguration": iam, "versioning": obj{"enabled": true}})
		b.Created = e.ago(300)
		access(b, "roles/storage.objectViewer", use == "media" && !e.good())
	}
	db := e.add("sqladmin.googleapis.com/Instance", "//cloudsql.googleapis.com/projects/"+id+"/instances/orders", "orders", obj{"name": "orders", "instanceType": "CLOUD_SQL_INSTANCE", "databaseVersion": "POSTGRES_16",
		"settings": obj{"ipConfiguration": obj{"ipv4Enabled": !e.good(), "sslMode": e.pick("ENCRYPTED_ONLY", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"), "authorizedNetworks": e.networks()}, "backupConfiguration": obj{"enabled": e.good()}}})
	db.Region = "europe-west1"
	data := e.add("bigquery.googleapis.com/Dataset", "//bigquery.googleapis.com/projects/"+id+"/datasets/events", "events", obj{"datasetReference": obj{"datasetId": "events", "projectId": id}})
	access(data, "roles/bigquery.dataViewer", !e.mostly())
	sa := e.add("iam.googleapis.com/ServiceAccount", "//iam.googleapis.com/projects/"+id+"/serviceAccounts/app@"+id+".iam.gserviceaccount.com", "app", obj{"email": "app@" + id + ".iam.gserviceaccount.com", "displayName": "app"})
	if !e.good() {
		k := e.add("iam.googleapis.com/ServiceAccountKey", sa.ID+"/keys/"+e.hex(20), "key", obj{"keyType": "USER_MANAGED", "validAfterTime": text(e.ago(40 + e.IntN(300))), "keyAlgorithm": "KEY_ALG_RSA_2048"})
		link(k, "parent", sa)
	}
	if id != "ml-lab" {
		rotation := obj{"purpose": "ENCRYPT_DECRYPT", "primary": obj{"state": "ENABLED"}, "versionTemplate": obj{"protectionLevel": "SOFTWARE"}}
		if e.good() {
			rotation["rotationPeriod"] = "7776000s"
			rotation["nextRotationTime"] = text(observed.AddDate(0, 1, 0))
		}
		ring := e.add("cloudkms.googleapis.com/KeyRing", "//cloudkms.googleapis.com/projects/"+id+"/locations/europe-west1/keyRings/app", "app", obj{"name": "projects/" + id + "/locations/europe-west1/keyRings/app"})
		ring.Region = "europe-west1"
		access(ring, "roles/cloudkms.viewer", false)
		key := e.add("cloudkms.googleapis.com/CryptoKey", ring.ID+"/cryptoKeys/data", "data", rotation)
		key.Region = "europe-west1"
		link(key, "parent", ring)
		access(key, "roles/cloudkms.cryptoKeyEncrypterDecrypter", false)
	}
	secret := e.add("secretmanager.googleapis.com/Secret", "//secretmanager.googleapis.com/projects/"+id+"/secrets/orders-db", "orders-db", obj{"name": "orders-db", "replication": obj{"automatic": obj{}}})
	access(secret, "roles/secretmanager.secretAccessor", false)
	zone := "on"
	if !e.good() {
		zone = "off"
	}
	e.add("dns.googleapis.com/ManagedZone", "//dns.googleapis.com/projects/"+id+"/managedZones/public", "public", obj{"name": "public", "visibility": "public", "dnssecConfig": obj{"state": zone}})
	networks := obj{"enabled": e.good(), "cidrBlocks": list{obj{"cidrBlock": "203.0.113.0/24"}}}
	gke := e.add("container.googleapis.com/Cluster", "//container.googleapis.com/projects/"+id+"/locations/europe-west1/clusters/apps", "apps", obj{"name": "apps", "masterAuthorizedNetworksConfig": networks,
		"workloadIdentityConfig": obj{"workloadPool": id + ".svc.id.goog"}})
	gke.Region = "europe-west1"
	pool := e.add("container.googleapis.com/NodePool", gke.ID+"/nodePools/main", "main", obj{"name": "main", "config": obj{"serviceAccount": e.pick("default", "nodes@"+id+".iam.gserviceaccount.com"), "workloadMetadataConfig": obj{"mode": "GKE_METADATA"}}})
	pool.Region = "europe-west1"
	link(pool, "parent", gke)
	run := e.add("run.googleapis.com/Service", "//run.googleapis.com/projects/"+id+"/locations/europe-west1/services/api", "api", obj{"name": "api", "ingress": "INGRESS_TRAFFIC_ALL",
		"template": obj{"containers": list{obj{"image": "europe-docker.pkg.dev/" + id + "/app/api", "env": list{obj{"name": "LOG_LEVEL", "value": "info"}}}}}})
	run.Region = "europe-west1"
	access(run, "roles/run.invoker", !e.good())
	if e.good() {
		e.add("logging.googleapis.com/LogSink", "//logging.googleapis.com/projects/"+id+"/sinks/everything", "everything", obj{"name": "everything", "destination": "storage.googleapis.com/shared-logging-exports", "filter": "", "disabled": false})
	}
	api := e.add("apikeys.googleapis.com/Key", "//apikeys.googleapis.com/projects/"+id+"/locations/global/keys/maps", "maps", obj{"displayName": "maps", "createTime": text(e.ago(20 + 200*e.flag(!e.good()))), "restrictions": e.restrictions()})
	api.Created = e.ago(100)
}

func (e *estate) truth(on bool) string {
	if on {
		return "TRUE"
	}
	return "FALSE"
}

func (e *estate) networks() list {
	if e.good() {
		return list{obj{"name": "office", "value": "203.0.113.0/24"}}
	}
	return list{obj{"name": "anywhere", "value": "0.0.0.0/0"}}
}

func (e *estate) restrictions() any {
	if e.good() {
		return obj{"apiTargets": list{obj{"service": "maps-backend.googleapis.com"}}, "browserKeyRestrictions": obj{"allowedReferrers": list{"https://shop.example.org/*"}}}
	}
	return nil
}
