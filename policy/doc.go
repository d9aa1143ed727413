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
// whose elements have the fields asset, config, status and access. A part that was not
// read is unknown, and stays so through every function and comparison unless the
// rest decides: true || unknown is true.
package policy
