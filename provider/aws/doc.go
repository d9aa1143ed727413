// Package aws discovers the assets of accounts of Amazon Web Services.
//
// A [Provider] starts from an aws.Config. It scans the account of its credentials,
// accounts that the options name, or every account of an organization, each entered
// with a role, and in each the enabled regions. Documents of assets have the schemas of
// package asset/catalog/awscatalog: config has the names of CloudFormation's properties.
//
// # Access
//
// [Onboarding] renders the role that an account needs, with the permissions that the
// queries use and no others. [Provider.Check] reports for each account whether it can be
// entered, and for each permission whether it is granted. [Options.Groups] limits the
// accounts of an organization by name, unit or tag. AWS returns the units, accounts and
// policies of an organization only to its management account and to delegates: they are
// listed there and in the account of the credentials, and in the other accounts their
// coverage is "not asked".
//
// # Types
//
// A query without types requests those of [Provider.Types], which collectors of this
// package read. AWS Cloud Control reads about 1,400 other types of CloudFormation when a
// query names them: a list for each type and region, and a call for each resource. Cloud
// Control may omit resources from a list without an error, so that the coverage of these
// types is always partial. Properties that it never returns, such as passwords, are
// unread. A type that it lists only below others is listed for each of these; if they
// are not known, the type is a gap with [CodeNeedsParent]. [Options.Index] saves lists if
// a query has many types.
//
// # Identity
//
// The id of an asset is its ARN. An asset without one has the id by which AWS knows it:
// an access key and a mount target their ids, an entry of a network ACL the ARN of the
// ACL, direction and number, a route the ARN of its table and the destination, a metric
// filter the ARN of its log group and its name, a subscription that is not confirmed the
// topic, the protocol and the endpoint, or a hash of an endpoint that is a URL. An asset
// that Cloud Control reads has an ARN if its identifier is one or contains it, and
// otherwise the identifier after account and region:
// 123456789012/eu-west-1/shop|orders. The id of a Stance::AWS::Account is the
// account's number, that of a Stance::AWS::Region number/region.
//
// An asset that an account sees and does not own (the trail of an organization, a shared
// subnet) is in the scope of its owner, with the account among its observers. Policies
// that AWS manages are in the scope of an account named "aws". An analyzer of external
// access for an organization, which AWS returns only to its owner, exists for every
// scanned account of the organization, and has them as observers.
//
// # Gaps and unread parts
//
// A list that failed is a gap and a partial coverage of its types in the scope. If a
// call for a part of one asset failed, or [provider.Query.Reads] does not request the
// part, the part is unread. Error codes by which AWS says that something is not configured
// are answers, not failures, such as those of Security Hub and of Organizations when they
// are not in use.
//
// The reason of a gap separates denials (asset.Denied) from other causes. asset.Disabled
// is a region that is not enabled, an account that is not active, and a service to
// which the account is not subscribed; AWS answers so for an account that has not paid,
// which may have assets. asset.NotFound and asset.Unsupported are regions, accounts and
// types that are unknown. The code [CodeEndpointNotFound], with asset.Unavailable, is
// a host name that does not resolve: the service is not offered in the region, or a
// resolver or a firewall withholds the name. No answer separates the two, and the
// coverage is partial.
//
// # Rate limits and retries
//
// Every attempt of a call takes a token from a bucket of its account, region and
// service. Throttled calls are repeated after a random time that grows, and reduce the
// rate of the bucket. Calls only read.
package aws
