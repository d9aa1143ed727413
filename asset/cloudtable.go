package asset

// builtin is the built-in table of clouds. It is never changed.
var builtin = Clouds{
	{Name: "aws", ID: awsID, refer: awsReferences{}, Types: []string{
		"AWS::{*}::*",   // CloudFormation's names
		"Alexa::{*}::*", // of Amazon, in the same registry
		"Stance::{AWS}::*",
	}},
	{Name: "gcp", ID: googleName, refer: googleReferences{}, Types: []string{
		"{*}.googleapis.com/*", // Cloud Asset Inventory's names
	}},
	// A type of Kubernetes is its API group and kind; the group of the core types, which
	// have none, is core: core/Pod, apps/Deployment, networking.k8s.io/NetworkPolicy. The
	// groups of custom resources are anybody's: a program that reads some adds a row.
	{Name: "kubernetes", Types: []string{
		"{core}/*", "{apps}/*", "{autoscaling}/*", "{batch}/*", "{extensions}/*", "{policy}/*",
		"{*}.k8s.io/*",
		"{*}.x-k8s.io/*", // of the special interest groups of Kubernetes, such as gateways
	}},
	{Name: "azure", AnyCase: true, Types: []string{"Stance::{Entra}::*"}},
	// The names of Azure Resource Manager. Its resource providers are Microsoft's and those
	// of partners, which the list has by their full names: custom resources of Kubernetes
	// and types of others have names like them (mongodb.com/MongoDB).
	{Name: "azure", AnyCase: true, ID: azureID, refer: azureReferences{}, Types: []string{
		"Microsoft.{*}/*",
		"ArizeAi.{ObservabilityEval}/*",
		"Astronomer.{Astro}/*",
		"Citrix.{Cloud}/*",
		"Citrix.{Services}/*",
		"Commvault.{ContentStore}/*",
		"Confluent.{Kafka}/*",
		"Dell.{Storage}/*",
		"Dynatrace.{Observability}/*",
		"GitHub.{Network}/*",
		"Informatica.{DataManagement}/*",
		"LambdaTest.{HyperExecute}/*",
		"MongoDB.{Atlas}/*",
		"Neon.{Postgres}/*",
		"NewRelic.{Observability}/*",
		"NGINX.{NGINXPLUS}/*",
		"Oracle.{Database}/*",
		"PaloAltoNetworks.{Cloudngfw}/*",
		"Pinecone.{VectorDb}/*",
		"PureStorage.{Block}/*",
		"Qumulo.{Storage}/*",
		"Sendgrid.{Email}/*",
		"SolarWinds.{Observability}/*",
		"SplitIO.{Experimentation}/*",
		"TrendMicro.{DeepSecurity}/*",
		"Wandisco.{Fusion}/*",
	}},
}
