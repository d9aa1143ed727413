package catalog

// AWSServiceSpec is the version of the npm package @aws-cdk/aws-service-spec
// (Apache-2.0), which holds the CloudFormation resource schemas.
const AWSServiceSpec = "0.1.216"

// CFNLint is the version of the Python package cfn-lint (MIT-0), which holds the
// schemas of CloudFormation's registry with the handlers of each resource type.
const CFNLint = "1.58.0"

// AzureModules returns the modules of the Azure SDK for Go (MIT) whose model sources
// hold the schemas of the Azure Resource Manager, below AzureRoot, with their
// versions. The second element of the path names a module.
func AzureModules() []string {
	return []string{
		"appservice/armappservice/v5@v5.0.0",
		"authorization/armauthorization/v2@v2.2.0",
		"compute/armcompute/v8@v8.3.0",
		"containerregistry/armcontainerregistry@v1.2.0",
		"containerservice/armcontainerservice/v6@v6.6.0",
		"cosmos/armcosmos/v3@v3.4.0",
		"keyvault/armkeyvault@v1.5.0",
		"monitor/armmonitor@v0.13.0",
		"mysql/armmysqlflexibleservers@v1.2.0",
		"network/armnetwork/v9@v9.0.0",
		"postgresql/armpostgresqlflexibleservers@v1.1.0",
		"resources/armresources@v1.2.0",
		"resources/armsubscriptions@v1.3.0",
		"security/armsecurity@v0.15.0",
		"sql/armsql@v1.2.0",
		"storage/armstorage@v1.8.1",
	}
}

// AzureRoot is the path that AzureModules are below.
const AzureRoot = "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/"

// GoogleAPI is the version of the module google.golang.org/api (BSD-3-Clause), which
// holds the discovery documents of Google's APIs.
const GoogleAPI = "v0.311.0"
