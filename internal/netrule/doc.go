// Package netrule says what packet filters of the clouds let in from the internet:
// AWS security groups and network ACLs, Azure network security groups, and Google
// Cloud firewalls with their policies, as pure functions of asset.Value.
//
// Rules are judged together, in the order in which the cloud applies them: a rule
// that an earlier one makes void opens nothing, and rules that open halves of the
// internet open all of it. A filter is open to the internet if the addresses that
// it admits are half of all IPv4 addresses or half of the global IPv6 addresses
// (2000::/3) or more. Addresses are kept as exact sets.
//
// Answers have three values. A function returns an *asset.Unread where the answer
// depends on a part of a rule that was not read, and another error where it depends
// on one that is no rule; where the other rules decide, it answers. Functions that
// return lists return what is certain, and an error if it may not be all; a rule
// whose name is not known is named by its place in the list. Absent rules let nothing
// in.
package netrule
