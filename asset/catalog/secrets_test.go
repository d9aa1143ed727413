package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/secret"
)

// Fields that the documentation of their cloud calls secret, or where it says that people
// put secrets, are marked.
func TestSecretFields(t *testing.T) {
	for typ, paths := range map[asset.Type][]string{
		"AWS::AmazonMQ::Broker":                        {"config.Users[*].Password"},
		"AWS::Amplify::App":                            {"config.EnvironmentVariables[*].Value", "config.OauthToken", "config.BasicAuthConfig.Password"},
		"AWS::Amplify::Branch":                         {"config.EnvironmentVariables[*].Value"},
		"AWS::ApiGateway::ApiKey":                      {"config.Value"},
		"AWS::AppFlow::ConnectorProfile":               {"config.ConnectorProfileConfig.ConnectorProfileCredentials"},
		"AWS::AppRunner::Service":                      {"config.SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables[*].Value", "config.SourceConfiguration.CodeRepository.CodeConfiguration.CodeConfigurationValues.RuntimeEnvironmentVariables[*].Value"},
		"AWS::AppSync::ApiKey":                         {"config.ApiKey"},
		"AWS::Batch::JobDefinition":                    {"config.ContainerProperties.Environment[*].Value"},
		"AWS::CloudFormation::Stack":                   {"config.Parameters"},
		"AWS::CloudFront::Distribution":                {"config.DistributionConfig.Origins[*].OriginCustomHeaders[*].HeaderValue"},
		"AWS::CodeBuild::Project":                      {"config.Environment.EnvironmentVariables[*].Value"},
		"AWS::CodePipeline::Pipeline":                  {"config.Stages[*].Actions[*].Configuration"},
		"AWS::CodePipeline::Webhook":                   {"config.AuthenticationConfiguration.SecretToken"},
		"AWS::Cognito::UserPoolClient":                 {"config.ClientSecret"},
		"AWS::Cognito::UserPoolIdentityProvider":       {"config.ProviderDetails"},
		"AWS::DMS::Endpoint":                           {"config.Password", "config.ExtraConnectionAttributes", "config.MongoDbSettings.Password"},
		"AWS::DataSync::LocationObjectStorage":         {"config.SecretKey"},
		"AWS::DataSync::LocationSMB":                   {"config.Password"},
		"AWS::EC2::VPNConnection":                      {"config.VpnTunnelOptionsSpecifications[*].PreSharedKey"},
		"AWS::EMR::Cluster":                            {"config.Configurations[*].ConfigurationProperties", "config.KerberosAttributes.KdcAdminPassword", "config.Steps[*].HadoopJarStep.Args", "config.BootstrapActions[*].ScriptBootstrapAction.Args"},
		"AWS::ElastiCache::ReplicationGroup":           {"config.AuthToken"},
		"AWS::ElasticBeanstalk::Environment":           {"config.OptionSettings[*].Value"},
		"AWS::ElasticLoadBalancingV2::Listener":        {"config.DefaultActions[*].AuthenticateOidcConfig.ClientSecret"},
		"AWS::Events::Connection":                      {"config.AuthParameters.ApiKeyAuthParameters.ApiKeyValue", "config.AuthParameters.BasicAuthParameters.Password", "config.AuthParameters.OAuthParameters.ClientParameters.ClientSecret", "config.AuthParameters.InvocationHttpParameters.HeaderParameters[*].Value", "config.AuthParameters.InvocationHttpParameters.QueryStringParameters[*].Value", "config.AuthParameters.InvocationHttpParameters.BodyParameters[*].Value"},
		"AWS::Glue::Connection":                        {"config.ConnectionInput.ConnectionProperties"},
		"AWS::Glue::Job":                               {"config.DefaultArguments", "config.NonOverridableArguments"},
		"AWS::KinesisFirehose::DeliveryStream":         {"config.HttpEndpointDestinationConfiguration.EndpointConfiguration.AccessKey", "config.HttpEndpointDestinationConfiguration.RequestConfiguration.CommonAttributes[*].AttributeValue", "config.SplunkDestinationConfiguration.HECToken", "config.SnowflakeDestinationConfiguration.PrivateKey", "config.SnowflakeDestinationConfiguration.KeyPassphrase", "config.RedshiftDestinationConfiguration.Password"},
		"AWS::Lambda::Function":                        {"config.Environment.Variables"},
		"AWS::Lightsail::Container":                    {"config.ContainerServiceDeployment.Containers[*].Environment[*].Value"},
		"AWS::MWAA::Environment":                       {"config.AirflowConfigurationOptions"},
		"AWS::OpsWorks::App":                           {"config.Environment[*].Value"},
		"AWS::Pinpoint::APNSChannel":                   {"config.TokenKey"},
		"AWS::Pinpoint::GCMChannel":                    {"config.ApiKey"},
		"AWS::QuickSight::DataSource":                  {"config.Credentials.CredentialPair.Password"},
		"AWS::RDS::DBInstance":                         {"config.TdeCredentialPassword"},
		"AWS::SSM::Parameter":                          {"config.Value"},
		"AWS::SageMaker::Model":                        {"config.PrimaryContainer.Environment", "config.Containers[*].Environment"},
		"AWS::Synthetics::Canary":                      {"config.RunConfig.EnvironmentVariables"},
		"Microsoft.Compute/virtualMachineScaleSets":    {"config.properties.virtualMachineProfile.extensionProfile.extensions[*].properties.protectedSettings", "config.properties.virtualMachineProfile.osProfile.customData"},
		"Microsoft.Compute/virtualMachines":            {"config.properties.osProfile.adminPassword"},
		"Microsoft.Compute/virtualMachines/extensions": {"config.properties.protectedSettings"},
		"Microsoft.ContainerService/managedClusters":   {"config.properties.servicePrincipalProfile.secret", "config.properties.aadProfile.serverAppSecret", "config.properties.windowsProfile.adminPassword"},
		"Microsoft.DBforMySQL/flexibleServers":         {"config.properties.administratorLoginPassword"},
		"Microsoft.Insights/actionGroups":              {"config.properties.webhookReceivers[*].serviceUri"},
		"Microsoft.Sql/servers":                        {"config.properties.administratorLoginPassword"},
		"Microsoft.Web/sites":                          {"config.properties.siteConfig.appSettings[*].value", "config.properties.siteConfig.connectionStrings[*].connectionString", "config.properties.siteConfig.azureStorageAccounts[*].accessKey"},
		"alloydb.googleapis.com/Cluster":               {"config.initialUser.password"},
		"apikeys.googleapis.com/Key":                   {"config.keyString"},
		"cloudbuild.googleapis.com/BuildTrigger":       {"config.build.steps[*].env", "config.build.options.env", "config.build.substitutions", "config.substitutions"},
		"cloudfunctions.googleapis.com/CloudFunction":  {"config.environmentVariables"},
		"cloudscheduler.googleapis.com/Job":            {"config.httpTarget.headers"},
		"composer.googleapis.com/Environment":          {"config.config.softwareConfig.envVariables", "config.config.softwareConfig.airflowConfigOverrides"},
		"compute.googleapis.com/BackendService":        {"config.iap.oauth2ClientSecret"},
		"compute.googleapis.com/Instance":              {"config.metadata.items[*].value"},
		"compute.googleapis.com/InstanceTemplate":      {"config.properties.metadata.items[*].value"},
		"compute.googleapis.com/Project":               {"config.commonInstanceMetadata.items[*].value"},
		"compute.googleapis.com/VpnTunnel":             {"config.sharedSecret", "config.sharedSecretHash"},
		"container.googleapis.com/Cluster":             {"config.masterAuth.password", "config.masterAuth.clientKey"},
		"dataproc.googleapis.com/Cluster":              {"config.config.softwareConfig.properties", "config.config.gceClusterConfig.metadata"},
		"run.googleapis.com/Job":                       {"config.template.template.containers[*].env[*].value"},
		"run.googleapis.com/Service":                   {"config.spec.template.spec.containers[*].env[*].value", "config.template.containers[*].env[*].value"},
		"sqladmin.googleapis.com/Instance":             {"config.rootPassword"},
	} {
		s, ok := catalog.Schema(typ)
		require.True(t, ok, typ)
		for _, path := range paths {
			found := false
			for _, p := range secret.Paths(s) {
				found = found || path == string(p) || strings.HasPrefix(path, string(p)+".") || strings.HasPrefix(path, string(p)+"[")
			}
			assert.True(t, found, "%s %s", typ, path)
		}
	}
}
