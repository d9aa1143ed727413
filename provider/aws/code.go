package aws

import (
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// Codes of gaps that a caller may act on: see the package documentation.
const (
	CodeNeedsParent      = "NeedsParent"         // Cloud Control lists the type below others that are not known
	CodeEndpointNotFound = awsapi.CodeNoEndpoint // the name of the service in the region does not resolve
)

// Codes of failures that this package finds itself, in place of AWS.
const (
	codeNotEnabled  = "RegionNotEnabled"
	codeNoRegion    = "RegionUnknown"
	codeUnknownType = provider.CodeUnknownType
	codeNotActive   = "AccountNotActive"
	codeNoAccount   = "AccountUnknown"
	codeNoRole      = "RoleNotGiven"
	codeNotAsked    = "NotAsked"             // Organizations was not called for it
	codeNotManager  = "NotManagementAccount" // denied to an account that is a member of an organization
	codeNotInReport = "NotInReport"
	codeNotListed   = "NotListed"
	codeNotAnswered = "NotAnswered"         // Cloud Control never returns it, or only to the owner
	codePending     = "PendingConfirmation" // of a subscription that is not confirmed
)

// unread returns why something was not read, by a code of this package or of AWS.
func unread(op, code, message string) *asset.Unread {
	return &asset.Unread{Op: op, Reason: reason(code), Code: awsapi.Clip(code), Message: awsapi.Clip(message)}
}

func reason(code string) asset.Reason {
	switch code {
	case codeNotEnabled, codeNotActive:
		return asset.Disabled
	case codeNoRegion, codeUnknownType, CodeNeedsParent, codeNoAccount, codeNoRole:
		return asset.Unsupported
	case codeNotAsked:
		return asset.NotRequested
	case codeNotManager, codeNotAnswered, codePending:
		return asset.NotVisible
	case codeNotInReport, codeNotListed:
		return asset.Incomplete
	case collect.CodeMalformed:
		return asset.Malformed
	}
	return awsapi.Reason(code)
}
