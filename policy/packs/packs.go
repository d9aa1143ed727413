// Package packs has the policies that come with Stance: one pack for each cloud, as a
// file system to be given to policy.Load or policy.Read.
//
// A policy is one file of YAML, named by its id, in a folder for its service. It
// tells why it matters, when to deviate, and how to repair what breaks it, and has its
// test cases with it. Ids do not change; a policy that is renamed keeps its earlier
// ids under previousIds.
package packs
