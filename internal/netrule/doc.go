// Package netrule evaluates packet filters of the clouds: which ports AWS security
// groups and network ACLs, Azure network security groups, and Google Cloud firewalls
// with their policies open to the internet. Its functions are pure functions of
// asset.Value.
//
// Rules are evaluated together, in the order in which the cloud applies them: a rule
// that an earlier one voids opens nothing, and two rules that each open half of the
// internet open all of it. A filter is open to the internet if the addresses that it
// admits are at least half of all IPv4 addresses or half of the global IPv6 addresses
// (2000::/3). Address sets are exact.
//
// Results are three-valued. A function returns an *asset.Unread if its result depends
// on an unread part of a rule, and another error if it depends on an invalid rule. If
// the other rules decide, it returns their result. Functions that return lists return
// the certain items, and an error if there may be more; a rule with an unknown name is
// named by its index. Absent rules admit nothing.
package netrule
