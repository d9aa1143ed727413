// Package remediate repairs what policies find, safely: a repair is data first, and nothing
// changes by default.
//
// A [Planner] reads an asset again, judges it again, and has a [Fix] propose a [Plan]: exact
// requests, what each changes, how to undo it, and the conditions to verify before. [Simulate]
// applies a plan to an inventory and reports what the whole set of policies then finds. People
// approve a plan by its digest ([Approval]). A [Runner] verifies the approval and the
// conditions, applies the steps one by one, and verifies the result; every step is in a
// [Journal], which survives a kill at any point. A rollback is a plan of its own.
//
// The package calls no cloud and links no SDK: packages such as remediate/awsfix have the code
// that writes.
package remediate
