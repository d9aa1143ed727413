// Package policy evaluates requirements, written in CEL or Go, over assets.
//
// A [Policy] is one requirement with everything that belongs to it: what it asks
// of which types of assets, why, how to repair what breaks it, which controls of
// standards it covers, and test cases. Policies are files of YAML, one each ([Load]),
// or Go values ([NewSet]). Either way they are compiled together into a [Set], and a
// set that was made is known to be right: every expression was checked against the
// schemas of the types it reads, so that a misspelt field is an error with its file,
// line and column, and never a policy that silently passes.
//
// A set says of each asset and policy one of four things ([Status]): it passes, it
// fails, the policy does not apply, or the answer is not known, because something
// that would decide it could not be read. [Set.Evaluate] takes an inventory,
// [Set.EvaluateEach] a stream of any length. Both use all processors and yield
// findings in a stable order.
//
// In CEL a policy sees the variables asset, config, status, access, params and now,
// the functions of CEL's extension libraries, and other assets through
//
//	follow('rel', 'Type')     those that links of the asset lead to
//	referrers('rel', 'Type')  those that have a link to the asset
//	assets('Type')            those in its account, and if it has a region, in that or none
//	ancestors('Type')         those it lies in: project, folders, organization, ...
//
// whose elements have the fields asset, config, status and access. Types and relations
// are written as plain text. A part that was not read is unknown, and stays so through
// every function and comparison unless the rest decides: true || unknown is true.
//
// # Functions
//
// Durations and secrets:
//
//	age(t)                the time from t to now; t is a timestamp, or text or seconds for one
//	days(n)               n days as a duration
//	secret.detected(v)    whether there is a secret anywhere in v
//	secret.detectors(v)   the names of the detectors that found one
//
// Access policies. A policy is the document as the cloud has it, or its text; docs are
// all documents that a principal has, members those of Google Cloud:
//
//	iam.isPublic(policy)                        whether it grants something to strangers
//	iam.grantsAdmin(policy)                     whether its holder is an administrator
//	iam.externalPrincipals(policy, own)         who is granted something and is not among own
//	iam.deniesInsecureTransport(policy, arn)    whether the bucket refuses requests without TLS
//	iam.deniesOldTLS(policy, arn)               whether it refuses TLS before 1.2
//	iam.escalations(docs, boundary, arn)        how the principal can gain permissions
//	iam.membersOf(policies, roles)              who holds one of the roles; they may have *
//	iam.membersOfBoth(policies, roles, others)  who holds one of each
//	iam.adminServiceAccounts(policies)          service accounts that administer
//
// Networks. Protocols are 'tcp', 'udp' and 'any' for both; a filter opens a port if it
// admits half of the internet or more:
//
//	net.isPublic(prefix)             whether some of its addresses are on the internet
//	net.isAnywhere(prefixes)         whether together they are the internet
//	net.contains(outer, inner)       whether one prefix is within the other
//	net.portsCover(ranges, port)     whether a port is in ['22', '80-90', '*']
//	net.sgOpens(entries, protocol, ports, lists)     security group, with its prefix lists
//	net.sgOpensAll(entries, protocol, lists)         whether every port is open
//	net.naclOpens(entries, protocol, ports)          network ACL; entries are assets
//	net.nsgOpens(rules, protocol, ports)             names of rules of an Azure group
//	net.nsgOpensAll(rules, protocol)
//	net.fwOpens(rules, before, after, protocol, ports)  names of rules of a Google network,
//	net.fwOpensAll(rules, before, after, protocol)      with policies before and after them
//
// A list that a function returns has what is certain; while there may be more, its
// size is unknown. In place of a document in a list there may be an asset, which
// stands for its config.
package policy
