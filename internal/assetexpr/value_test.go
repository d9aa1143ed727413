package assetexpr

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
)

// The name of an asset is the last part of its id if it has none.
func TestNameOf(t *testing.T) {
	for id, want := range map[string]string{
		"arn:aws:s3:::logs": "logs",
		"arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1":                             "sg-1",
		"arn:aws:iam::111122223333:user/team/ada":                                            "ada",
		"arn:aws:sqs:eu-west-1:111122223333:orders":                                          "orders",
		"arn:aws:logs:eu-west-1:111122223333:log-group:app:*":                                "app",
		"/subscriptions/s/resourcegroups/rg/providers/microsoft.storage/storageaccounts/st1": "st1",
		"//storage.googleapis.com/b":                                                         "b",
		"projects/p/":                                                                        "p",
		"i-1":                                                                                "i-1",
		"//":                                                                                 "//",
		"":                                                                                   "",
	} {
		a := &asset.Asset{Ref: asset.Ref{ID: id}}
		assert.Equal(t, want, nameOf(a), id)
		a.Name = "named"
		assert.Equal(t, "named", nameOf(a), id)
	}
}
