package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/openstance/stance/asset"
)

// onlyID returns the id of the one asset that is asked for, and "" if that is not of
// one of the types, or if all are asked for.
func (u *unit) onlyID(types ...asset.Type) string {
	if slices.Contains(types, u.scan.only.Type) {
		return u.scan.only.ID
	}
	return ""
}

// onlyName returns by what name a service asks for the one asset that is asked for:
// what follows the prefix in the last part of its ARN. It is "" as that of onlyID. An
// id that is made otherwise is its own name, for which the service has nothing.
func (u *unit) onlyName(prefix string, types ...asset.Type) string {
	id := u.onlyID(types...)
	if a, err := arn.Parse(id); err == nil {
		if name, ok := strings.CutPrefix(a.Resource, prefix); ok && name != "" {
			return name
		}
	}
	return id
}
