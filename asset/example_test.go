package asset_test

import (
	"fmt"

	"github.com/openstance/stance/asset"
)

func ExampleParse() {
	doc, err := asset.Parse([]byte(`{"Rules": [{"Port": 22, "Cidr": "0.0.0.0/0"}, {"Port": 443}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	rules, err := doc.Get("Rules").Elements()
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, rule := range rules {
		port, _ := rule.Get("Port").Int()
		cidr, err := rule.Get("Cidr").Str()
		fmt.Println(i, port, cidr, err)
	}
	// Output:
	// 0 22 0.0.0.0/0 <nil>
	// 1 443  Cidr: absent
}

func ExampleOf() {
	doc, err := asset.Of(map[string]any{
		"Versioning": "Enabled",
		"Policy":     &asset.Unread{Op: "s3:GetBucketPolicy", Code: "AccessDenied"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = doc.Get("Policy", "Statement").Elements()
	fmt.Println(err)
	// Output: Policy: unread: s3:GetBucketPolicy: AccessDenied
}

func ExampleParseRef() {
	link, err := asset.ParseRef("compute.googleapis.com/Network", "https://www.googleapis.com/compute/v1/projects/p/global/networks/n")
	fmt.Println(link, err)
	id, err := asset.ParseRef("Microsoft.Storage/storageAccounts", "/subscriptions/1/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/data")
	fmt.Println(id, err)
	// Output:
	// compute.googleapis.com/Network //compute.googleapis.com/projects/p/global/networks/n <nil>
	// Microsoft.Storage/storageAccounts /subscriptions/1/resourcegroups/rg/providers/microsoft.storage/storageaccounts/data <nil>
}

func ExampleInventory() {
	eu := asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"}
	const bucket, key = asset.Type("AWS::S3::Bucket"), asset.Type("AWS::KMS::Key")

	var inv asset.Inventory
	inv.Add(&asset.Asset{
		Ref: asset.Ref{Type: bucket, ID: "arn:aws:s3:::logs"}, Scope: eu,
		Links: []asset.Link{{Rel: "encrypted_by", To: asset.Ref{Type: key, ID: "arn:aws:kms:eu-west-1:123456789012:key/1"}}},
	})
	inv.Add(&asset.Coverage{Scope: eu, Type: bucket, State: asset.Complete})
	inv.Add(&asset.Gap{Scope: eu, Type: key, Cause: asset.Unread{Op: "kms:ListKeys", Code: "AccessDenied"}})

	for a := range inv.OfType(bucket) {
		for to, err := range inv.Follow(a, "encrypted_by") {
			fmt.Println(a.ID, to, err)
		}
	}
	fmt.Println(inv.Coverage(eu, bucket))
	fmt.Println(inv.IncompleteReason(eu, key))
	// Output:
	// arn:aws:s3:::logs <nil> unread: NotObserved: AWS::KMS::Key arn:aws:kms:eu-west-1:123456789012:key/1
	// complete
	// unread: kms:ListKeys: AccessDenied
}

func ExampleDiff() {
	eu := asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"}
	scan := func(config string, state asset.CoverageState, ids ...string) *asset.Inventory {
		var inv asset.Inventory
		inv.Add(&asset.Coverage{Scope: eu, Type: "AWS::S3::Bucket", State: state})
		for _, id := range ids {
			doc, err := asset.Parse([]byte(config))
			if err != nil {
				fmt.Println(err)
			}
			inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: id}, Scope: eu, Config: doc})
		}
		return &inv
	}
	monday := scan(`{"Versioning": {"Status": "Enabled"}}`, asset.Complete, "data", "logs")
	tuesday := scan(`{"Versioning": {"Status": "Suspended"}}`, asset.Complete, "logs")
	wednesday := scan(``, asset.Partial)

	for c := range asset.Diff(monday, tuesday) {
		fmt.Println(c.Ref.ID, c.Kind, c.Path, c.Old, c.New)
	}
	for c := range asset.Diff(tuesday, wednesday) {
		fmt.Println(c.Ref.ID, c.Kind, c.New.Err())
	}
	// Output:
	// data disappeared  <absent> <absent>
	// logs changed config.Versioning.Status "Enabled" "Suspended"
	// logs obscured unread: Incomplete: coverage of AWS::S3::Bucket in aws/123456789012/eu-west-1 is partial
}
