// Package aws discovers what exists in accounts of Amazon Web Services.
//
// A [Provider] starts from an aws.Config. It looks at the account of its
// credentials, at accounts that are named, or at every account of an organisation,
// each entered with a role, and in each at the regions that are enabled. Documents
// of assets are in the schemas of package asset/catalog/awscatalog: config has the names
// of CloudFormation's properties.
//
// # Getting in
//
// [Onboarding] renders the role that an account needs, for what is to be read and
// nothing else. [Provider.Check] tells of each account whether it can be entered, and
// of each permission whether it is granted. [Options.Groups] limits the accounts of an
// organisation by name, unit or tag. The units, accounts and policies of an organisation that is
// looked at are asked for in its management account and in the account of the
// credentials; in the others, which are not told of them, their coverage is "not asked".
//
// # Types
//
// A query without types is answered by collectors of our own, for the types of
// [Provider.Types]. About 1,400 other types of CloudFormation are read by AWS Cloud
// Control when a query names them: a list for each type and region, and a call for each
// resource. Cloud Control may leave resources out of a list without saying so, so that
// the coverage of these types is always partial. What it never answers, passwords for one,
// is unread. A type that it lists only below others is listed for each of these; where
// it is not known what they are, the type is a gap (NeedsParent). [Options.Index] names
// what spares lists where many types are asked for.
//
// # Identity
//
// The id of an asset is its ARN. What has none is named by what AWS knows it by: an
// access key and a mount target by their ids, an entry of a network ACL by the ARN
// of the ACL, direction and number, a route by the ARN of its table and the
// destination, a metric filter by the ARN of its log group and its name, a
// subscription that is not confirmed by topic, protocol and endpoint, a hash of it
// if that is a URL. What Cloud Control reads has an ARN if its identifier is one or
// tells it, and else the identifier after account and region:
// 123456789012/eu-west-1/shop|orders. The id of a Stance::AWS::Account is the
// account's number, that of a Stance::AWS::Region number/region. An asset that an
// account sees but does not own (the trail of an organisation, a shared subnet) is
// in the scope of its owner, with the account among its observers; policies that AWS
// manages are in the scope of an account named "aws". An analyzer of external access
// for an organisation, which only its owner is told of, is there for every account
// of the organisation that is looked at, and has them as observers.
//
// # What could not be read
//
// A list that failed is a gap and a partial coverage of its types in the scope. A
// call for a part of one asset that failed, or that [provider.Query.Reads] does not
// ask for, leaves that part unread. Error codes by which AWS says that something
// is not configured are answers, not failures: so are those of Security Hub and of
// Organizations that they are not in use.
//
// What is not there for other reasons is told apart from denials by the gap's code. A
// region is RegionNotEnabled or RegionUnknown. A service to which the account is not
// subscribed is OptInRequired, SubscriptionRequiredException or NotSignedUp, as AWS
// says; an account that has not paid is answered so as well, so that there may be
// something. EndpointNotFound is a name that does not resolve. That of a service which
// is not offered in a region does not, and neither do those that a resolver or a
// firewall withholds, even while others of the region do; no answer tells the one from
// the other, and the coverage is partial.
//
// # Manners
//
// Every attempt of a call takes a token from a bucket of its account, region and
// service. Throttled calls are tried again after a random time that grows, and
// slow the bucket down. Calls only read.
package aws
