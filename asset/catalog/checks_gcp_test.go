package catalog_test

// gcpChecks are the parts of documents that the first 40 checks for Google Cloud read.
var gcpChecks = []reads{
	{"cloudresourcemanager.googleapis.com/Project", "access.bindings[0].role access.bindings[0].members[0] access.bindings[0].condition.expression access.auditConfigs[0].service access.auditConfigs[0].auditLogConfigs[0].logType access.auditConfigs[0].auditLogConfigs[0].exemptedMembers[0]"},
	{"cloudresourcemanager.googleapis.com/Folder", "access.bindings[0].members[0]"},
	{"cloudresourcemanager.googleapis.com/Organization", "access.bindings[0].members[0]"},
	{"iam.googleapis.com/ServiceAccount", "config.email"},
	{"iam.googleapis.com/ServiceAccountKey", "config.keyType config.validAfterTime config.disabled"},
	{"iam.googleapis.com/WorkloadIdentityPoolProvider", "config.attributeCondition config.oidc.issuerUri config.disabled config.state"},
	{"apikeys.googleapis.com/Key", "config.restrictions.browserKeyRestrictions.allowedReferrers[0] config.restrictions.serverKeyRestrictions.allowedIps[0] config.restrictions.androidKeyRestrictions config.restrictions.iosKeyRestrictions config.restrictions.apiTargets[0].service config.createTime"},
	{"cloudkms.googleapis.com/CryptoKey", "access.bindings[0].members[0] config.purpose config.rotationPeriod config.nextRotationTime config.versionTemplate.protectionLevel config.importOnly"},
	{"cloudkms.googleapis.com/KeyRing", "access.bindings[0].members[0]"},
	{"secretmanager.googleapis.com/Secret", "access.bindings[0].members[0]"},
	{"cloudfunctions.googleapis.com/Function", "config.serviceConfig.environmentVariables.KEY config.serviceConfig.ingressSettings access.bindings[0].members[0]"},
	{"cloudfunctions.googleapis.com/CloudFunction", "config.environmentVariables.KEY config.ingressSettings access.bindings[0].members[0]"},
	{"run.googleapis.com/Service", "config.template.containers[0].env[0].value config.spec.template.spec.containers[0].env[0].value config.ingress access.bindings[0].members[0]"},
	{"logging.googleapis.com/LogSink", "config.filter config.disabled config.includeChildren config.destination config.exclusions[0].filter"},
	{"storage.googleapis.com/Bucket", "config.retentionPolicy.isLocked config.retentionPolicy.retentionPeriod access.bindings[0].members[0] config.iamConfiguration.publicAccessPrevention config.iamConfiguration.uniformBucketLevelAccess.enabled status.acl[0].entity"},
	{"container.googleapis.com/Cluster", "config.controlPlaneEndpointsConfig config.privateClusterConfig.enablePrivateEndpoint config.masterAuthorizedNetworksConfig.enabled config.masterAuthorizedNetworksConfig.cidrBlocks[0].cidrBlock config.workloadIdentityConfig.workloadPool config.autopilot.enabled"},
	{"container.googleapis.com/NodePool", "config.config.serviceAccount config.config.workloadMetadataConfig.mode"},
	{"compute.googleapis.com/Network", "config.name config.autoCreateSubnetworks"},
	{"dns.googleapis.com/ManagedZone", "config.visibility config.dnssecConfig.state"},
	{"compute.googleapis.com/Firewall", "config.disabled config.direction config.priority config.sourceRanges[0] config.allowed[0].IPProtocol config.allowed[0].ports[0] config.denied[0].IPProtocol config.network"},
	{"compute.googleapis.com/Subnetwork", "config.purpose config.logConfig.enable"},
	{"compute.googleapis.com/TargetHttpsProxy", "config.sslPolicy"},
	{"compute.googleapis.com/TargetSslProxy", "config.sslPolicy"},
	{"compute.googleapis.com/SslPolicy", "config.minTlsVersion config.profile"},
	{"compute.googleapis.com/Instance", "config.serviceAccounts[0].email config.serviceAccounts[0].scopes[0] config.labels.KEY config.metadata.items[0].key config.metadata.items[0].value config.shieldedInstanceConfig.enableVtpm config.shieldedInstanceConfig.enableIntegrityMonitoring config.shieldedInstanceConfig.enableSecureBoot config.networkInterfaces[0].accessConfigs[0].natIP config.networkInterfaces[0].ipv6AccessConfigs[0].externalIpv6"},
	{"compute.googleapis.com/Project", "config.commonInstanceMetadata.items[0].key config.commonInstanceMetadata.items[0].value"},
	{"sqladmin.googleapis.com/Instance", "config.settings.ipConfiguration.sslMode config.settings.ipConfiguration.requireSsl config.settings.ipConfiguration.authorizedNetworks[0].value config.settings.ipConfiguration.ipv4Enabled config.instanceType config.settings.backupConfiguration.enabled"},
	{"bigquery.googleapis.com/Dataset", "access.bindings[0].members[0] config.access[0].specialGroup config.access[0].iamMember"},
}

// gcpLinks are the links that the first 40 checks for Google Cloud follow.
var gcpLinks = []link{
	{"iam.googleapis.com/ServiceAccountKey", "parent", "iam.googleapis.com/ServiceAccount"},
	{"cloudkms.googleapis.com/CryptoKey", "parent", "cloudkms.googleapis.com/KeyRing"},
	{"cloudfunctions.googleapis.com/Function", "runs_on", "run.googleapis.com/Service"},
	{"logging.googleapis.com/LogSink", "exports_to", "storage.googleapis.com/Bucket"},
	{"compute.googleapis.com/Firewall", "network", "compute.googleapis.com/Network"},
	{"compute.googleapis.com/TargetHttpsProxy", "ssl_policy", "compute.googleapis.com/SslPolicy"},
	{"compute.googleapis.com/TargetSslProxy", "ssl_policy", "compute.googleapis.com/SslPolicy"},
	{"compute.googleapis.com/Instance", "project", "compute.googleapis.com/Project"},
	{"container.googleapis.com/NodePool", "parent", "container.googleapis.com/Cluster"},
}
