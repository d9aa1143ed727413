// Package policy evaluates requirements, written in CEL or Go, over assets.
//
// A [Policy] is one requirement: the types of assets that it is about, the condition
// that they must meet, its rationale, its remediation, the controls of standards that it
// covers, and test cases. Policies are YAML files with one policy each ([Load]) or Go
// values ([NewSet]). Both are compiled into a [Set]. NewSet checks every expression
// against the schemas of the types that it reads. A misspelled field, variable, function,
// type or relation is an error with its file, line and column, so it cannot make a policy
// pass. [Options.Dynamic] declares types without a schema.
//
// For each asset and policy a set reports one [Status]: pass, fail, not applicable, or
// unknown if a part that decides is unread. [Set.Evaluate] takes an inventory,
// [Set.EvaluateEach] a stream of any length. Both use all processors and yield findings
// in a stable order.
//
// In CEL a policy sees the variables asset, config, status, access, params and now,
// the functions of CEL's extension libraries, and other assets through
//
//	follow('rel', 'Type')     assets that links of the asset lead to
//	referrers('rel', 'Type')  assets with a link to the asset
//	assets('Type')            assets in its account and, if it has a region, in that or none
//	ancestors('Type')         assets that contain it: project, folders, organization, ...
//	openRules('tcp', ports)   names of its rules that open a port; of Google Cloud firewalls
//
// Their elements have the fields asset, config, status and access. Types and relations
// are string literals. The name of an asset, asset.name, is the last part of its id if the
// source gives it none. An unread part is unknown, and remains unknown through every
// function and comparison unless another part decides: true || unknown is true.
//
// # Functions
//
// [Functions] lists all operators, macros and functions with examples. Those for
// durations and secrets, and one for what has no answer yet:
//
//	age(t)                the time from t to now; t is a timestamp, a string or seconds since 1970
//	days(n)               n days as a duration
//	unknown(reason)       no answer, for a reason
//	secret.detected(v)    whether there is a secret anywhere in v
//	secret.detectors(v)   the names of the detectors that found one
//
// Access policies. A policy is a document of the cloud or its JSON, docs are all
// documents of a principal:
//
//	iam.isPublic(policy, issuers)               whether it grants something to everyone
//	iam.grantsAdmin(policy, arn, organizations) whether its principal is an administrator
//	iam.externalPrincipals(policy, own)         principals that are not in own
//	iam.deniesInsecureTransport(policy, arn)    whether it denies requests without TLS
//	iam.deniesOldTLS(policy, arn)               whether it denies TLS before 1.2
//	iam.escalations(docs, boundary, arn, holds, organizations)
//	                                            ways to gain permissions
//	iam.demandsMFA(policy, user, report)        whether a conditional access policy demands MFA
//	iam.excludesStrangers(condition, mapping, issuer)
//	                                            whether an attribute condition names the customer
//	iam.membersOf(policies, roles)              members with one of the roles, which may have *
//	iam.membersOfBoth(policies, roles, others)  members with one of each
//	iam.adminServiceAccounts(policies)          service accounts that are administrators
//
// Networks. Protocols are 'tcp', 'udp' and 'any' for both. A filter opens a port if it
// admits half of the internet or more:
//
//	net.isPublic(prefix)             whether some of its addresses are on the internet
//	net.isAnywhere(prefixes)         whether together they have half of the internet or more
//	net.contains(outer, inner)       whether a prefix contains the other
//	net.portsCover(ranges, port)     whether a port is in ['22', '80-90', '*']
//	net.sgOpens(entries, protocol, ports, lists)     whether a security group, with its prefix lists, opens a port
//	net.sgOpensOver(family, entries, protocol, ports, lists)  the same over 'IPv4' or 'IPv6'
//	net.sgOpensAll(entries, protocol, lists)         whether every port is open
//	net.naclOpens(entries, protocol, ports)          whether a network ACL opens a port
//	net.nsgOpens(rules, protocol, ports)             names of rules of an Azure group that open a port
//	net.nsgOpensAll(rules, protocol)
//	net.fwOpens(rules, before, after, protocol, ports)  names of rules of a Google network,
//	net.fwOpensAll(rules, before, after, protocol)      with policies before and after them
//
// A list that a function returns has the certain items; while there may be more, its
// size is unknown. In a list of documents an asset stands for its config.
package policy
