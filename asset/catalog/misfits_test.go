package catalog_test

// olderGoogleFields are in rows that the inventory exported before it kept to the names of
// the REST resource.
var olderGoogleFields = []string{
	"compute.googleapis.com/Firewall config.allowed[*].ipProtocol",
	"compute.googleapis.com/Firewall config.allowed[*].port",
	"compute.googleapis.com/Firewall config.sourceRange",
	"compute.googleapis.com/Firewall config.targetTag",
	"compute.googleapis.com/Instance config.disk",
	"compute.googleapis.com/Instance config.networkInterfaces[*].accessConfigs[*].externalIp",
	"compute.googleapis.com/Instance config.networkInterfaces[*].ipAddress",
	"compute.googleapis.com/Instance config.serviceAccount",
	"iam.googleapis.com/Role config.groupName",
	"iam.googleapis.com/Role config.groupTitle",
}

// unpublishedAzureFields are answered by the services, or were by older versions, but are not in the
// published model: references back to other parts, for the most part.
var unpublishedAzureFields = []string{
	"Microsoft.ContainerService/managedClusters config.properties.networkProfile.dockerBridgeCidr",
	"Microsoft.Network/applicationGateways config.properties.backendAddressPools[*].properties.requestRoutingRules",
	"Microsoft.Network/applicationGateways config.properties.backendHttpSettingsCollection[*].properties.requestRoutingRules",
	"Microsoft.Network/applicationGateways config.properties.frontendIPConfigurations[*].properties.httpListeners",
	"Microsoft.Network/applicationGateways config.properties.frontendPorts[*].properties.httpListeners",
	"Microsoft.Network/applicationGateways config.properties.httpListeners[*].properties.requestRoutingRules",
	"Microsoft.Network/applicationGateways config.properties.probes[*].properties.backendHttpSettings",
	"Microsoft.Network/loadBalancers config.properties.loadBalancingRules[*].properties.allowBackendPortConflict",
	"Microsoft.Network/loadBalancers config.properties.loadBalancingRules[*].properties.enableDestinationServiceEndpoint",
	"Microsoft.Network/virtualNetworkGateways config.properties.ipConfigurations[*].type",
	"Microsoft.Network/virtualNetworkGateways config.properties.packetCaptureDiagnosticState",
	"Microsoft.Network/virtualNetworks config.properties.virtualNetworkPeerings[*].properties.routeServiceVips",
}

// wrongInTemplates are problems of the templates: names that the type does not have, and kinds
// that it has otherwise.
var wrongInTemplates = []string{
	"AWS::AmazonMQ::Broker config.PubliclyAccessible",
	"AWS::ApiGateway::Stage config.MethodSettings",
	"AWS::ApiGatewayV2::Stage config.DocumentationVersion",
	"AWS::ApiGatewayV2::Stage config.RestApiId",
	"AWS::Batch::JobDefinition config.Parameters",
	"AWS::CloudFormation::Stack config.AutoDeployment",
	"AWS::CloudFormation::Stack config.PermissionModel",
	"AWS::CloudFormation::Stack config.StackSetName",
	"AWS::CloudFront::Distribution config.DistributionConfig.ViewerCertificate.CloudfrontDefaultCertificate",
	"AWS::CloudFront::Distribution config.ViewerCertificate",
	"AWS::ECS::Service config.HealthCheckGracePeriodSeconds",
	"AWS::ECS::Service config.LoadBalancers[*].ContainerPort",
	"AWS::ECS::TaskDefinition config.ContainerDefinitions[*].PortMappings[*].ContainerPort",
	"AWS::ECS::TaskDefinition config.ContainerDefinitions[*].PortMappings[*].HostPort",
	"AWS::ElasticLoadBalancing::LoadBalancer config.AccessLoggingPolicy",
	"AWS::GameLift::Fleet config.RuntimeConfiguration.Locations",
	"AWS::IAM::Policy config[\"Policy Name\"]",
	"AWS::IAM::User config.ManagedPoliciesArns",
	"AWS::SageMaker::EndpointConfig config.DataCaptureConfig",
	"AWS::SageMaker::Model config.PrimaryContainer.Image",
}

// wrongInARMTemplates are problems of the templates too, or names of older versions, or in another
// case, which Azure takes for the same.
var wrongInARMTemplates = []string{
	"Microsoft.Compute/availabilitySets config.properties.managed",
	"Microsoft.Compute/disks config.properties.accountType",
	"Microsoft.Compute/disks config.properties.encryptionSettings",
	"Microsoft.Compute/disks config.properties.encryptionSettingsCollection.encryptionSettings",
	"Microsoft.Compute/virtualMachineScaleSets config.properties.virtualMachineProfile.osProfile.windowsConfiguration.provisionVmAgent",
	"Microsoft.Compute/virtualMachines config.properties.osProfile.windowsConfiguration.provisionVmAgent",
	"Microsoft.ContainerService/managedClusters config.properties.agentPoolProfiles[*].storageProfile",
	"Microsoft.DBforMySQL/flexibleServers config.properties.Backup",
	"Microsoft.DBforMySQL/flexibleServers config.properties.Network",
	"Microsoft.DBforMySQL/flexibleServers config.properties.Storage",
	"Microsoft.DBforMySQL/flexibleServers config.properties.dataencryption",
	"Microsoft.DocumentDb/databaseAccounts config.properties.dependsOn",
	"Microsoft.Network/loadBalancers config.properties.frontendIPConfigurations[*].comments",
	"Microsoft.Network/loadBalancers config.properties.outboundNatRules",
	"Microsoft.Web/serverfarms config.properties.name",
	"Microsoft.Web/serverfarms config.properties.osType",
	"Microsoft.Web/serverfarms config.properties.resourceGroupName",
	"Microsoft.Web/serverfarms config.properties.sku",
	"Microsoft.Web/sites config.properties.name",
	"Microsoft.Web/sites/config config.properties.enabled",
	"Microsoft.Web/sites/config config.properties.serverFarmId",
}
