// Package iam judges access policies: the documents of AWS IAM and the IAM
// policies of Google Cloud, as pure functions of an asset.Value.
//
// Answers have three values. A function returns an *asset.Unread where the answer
// depends on a part that was not read, and another error where it depends on a
// part that is no policy (unknown elements, unknown operators, values of the
// wrong kind, texts beyond the limits). A readable part that decides alone wins
// over both: a public statement makes a policy public although another one was not
// read. Functions that return lists return what is certain, sorted, and an error
// if it may not be all. A policy that is absent grants nothing.
//
// Conditions are judged by what they do, never by whether they are there: an
// operator with IfExists is passed by whoever lacks the key, ForAllValues without
// a Null check likewise, a pattern of wildcards is passed by everybody.
//
// The semantics are those of the AWS IAM User Guide ("IAM JSON policy elements
// reference", "Policy evaluation logic"), of the Amazon S3 User Guide ("The
// meaning of public"), and of the Google Cloud IAM reference.
package iam
