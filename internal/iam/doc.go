// Package iam evaluates access policies: policy documents of AWS IAM and IAM policies
// of Google Cloud, as pure functions of an asset.Value.
//
// Results are three-valued. A function returns an *asset.Unread if its result depends
// on an unread part, and another error if it depends on an invalid part (unknown
// elements or operators, values of the wrong kind, strings beyond the limits). A part
// that decides the result alone takes precedence over both: a public statement makes a
// policy public even if another statement is unread. Functions that return lists return
// the certain items, sorted, and an error if there may be more. An absent policy grants
// nothing.
//
// A condition counts for its effect, not for its presence: a request without the key
// meets an operator with IfExists, and ForAllValues without a Null check; every request
// meets a pattern of wildcards.
//
// The semantics are those of the AWS IAM User Guide ("IAM JSON policy elements
// reference", "Policy evaluation logic"), of the Amazon S3 User Guide ("The
// meaning of public"), and of the Google Cloud IAM reference.
package iam
