package snapshot_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

const written = `{"stance":"snapshot","version":1}
{"coverage":{"provider":"aws","account":"111122223333","type":"AWS::S3::Bucket","state":"complete"}}
{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::logs","provider":"aws","account":"111122223333","config":{"VersioningConfiguration":{"Status":"Enabled"}}},"unread":[{"path":"access","op":"s3:GetBucketPolicy","code":"AccessDenied"}]}
{"end":{"assets":1,"gaps":0,"coverage":1}}
`

func ExampleRead() {
	for o, err := range snapshot.Read(strings.NewReader(written), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if a, ok := o.(*asset.Asset); ok {
			fmt.Println(a.ID, a.Config.Get("VersioningConfiguration", "Status"))
			fmt.Println(a.Access.Err())
		}
	}
	// Output:
	// arn:aws:s3:::logs "Enabled"
	// access: unread: s3:GetBucketPolicy: AccessDenied
}

func ExampleRead_cutOff() {
	for _, err := range snapshot.Read(strings.NewReader(written[:len(written)-20]), nil) {
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output: snapshot:4: offset 374: cut off: the line is not ended by a newline
}

func ExampleBytes() {
	p := snapshot.Bytes([]byte(written), nil)
	inv, err := provider.Collect(context.Background(), provider.Query{}, p)
	fmt.Println(inv.Len(), err)
	// Output: 1 <nil>
}

func ExampleWriter() {
	w := snapshot.NewWriter(os.Stdout, &snapshot.WriteOptions{Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	scope := asset.Scope{Provider: "aws", Account: "111122223333"}
	for _, o := range []asset.Observation{
		&asset.Gap{Scope: scope, Type: "AWS::IAM::Role", Cause: asset.Unread{Op: "iam:ListRoles", Code: "AccessDenied"}},
		&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::logs"}, Scope: scope},
	} {
		if err := w.Add(o); err != nil {
			fmt.Println(err)
		}
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"stance":"snapshot","version":1,"created":"2026-03-01T12:00:00Z"}
	// {"defaults":{"parents":[],"links":[],"access":null}}
	// {"gap":{"provider":"aws","account":"111122223333","type":"AWS::IAM::Role","op":"iam:ListRoles","code":"AccessDenied"}}
	// {"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::logs","provider":"aws","account":"111122223333"}}
	// {"end":{"assets":1,"gaps":1,"coverage":0}}
}
