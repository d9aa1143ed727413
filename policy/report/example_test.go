package report_test

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/report"
)

// exampleFindings evaluates one policy over one bucket.
func exampleFindings() findings {
	set, err := policy.NewSet(nil, &policy.Policy{
		ID: "bucket-prefix", Title: "Bucket names begin with acme-", Severity: policy.Low,
		Checks: []policy.Check{{Types: []asset.Type{"AWS::S3::Bucket"}, Require: "asset.name.startsWith('acme-')"}},
	})
	if err != nil {
		panic(err)
	}
	scope := asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-central-1"}
	inv := new(asset.Inventory)
	inv.Add(&asset.Coverage{Scope: scope, Type: "AWS::S3::Bucket", State: asset.Complete})
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::assets"}, Scope: scope, Name: "assets"})
	return set.Evaluate(context.Background(), inv)
}

func ExampleTable() {
	opts := &report.Options{Width: 80, Color: report.IsTerminal(os.Stdout)}
	if err := report.Table(os.Stdout, exampleFindings(), opts); err != nil {
		fmt.Println(err)
	}
	// Output:
	// SUMMARY  1 asset: 1 fail
	//   CLOUD  SEVERITY        FAIL  UNKNOWN   PASS    N/A  ACCEPTED
	//   aws    low                1        0      0      0         0
	//
	// LOW  bucket-prefix  Bucket names begin with acme- (1 fail)
	//   fail      assets  aws/111122223333/eu-central-1
}

func ExampleJSON() {
	if err := report.JSON(os.Stdout, exampleFindings(), nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"policy":"bucket-prefix","severity":"low","status":"fail","provider":"aws","account":"111122223333","region":"eu-central-1","type":"AWS::S3::Bucket","id":"arn:aws:s3:::assets","name":"assets","message":"Bucket names begin with acme-","evidence":[],"error":"","title":"Bucket names begin with acme-","controls":[],"key":"7fd0694456e74fc80251d9f4ade3d865","subject_kind":"asset"}
}

func ExamplePostureTable() {
	standard := &compliance.Standard{ID: "acme-1", Name: "Acme guideline", Requirements: []compliance.Requirement{
		{ID: "1", Title: "Names", Sections: []compliance.Section{{ID: "1.1", Title: "Names tell the owner", Policies: []string{"bucket-prefix"}}}},
	}}
	policies := slices.Values([]*policy.Policy{{ID: "bucket-prefix"}})
	mapping, err := compliance.NewMapping(policies, standard)
	if err != nil {
		fmt.Println(err)
		return
	}
	postures, err := mapping.Assess(exampleFindings())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := report.PostureTable(os.Stdout, postures, nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Acme guideline  acme-1
	//   0 % pass: 0 passed, 1 failed (1 low); 0 unknown, 0 accepted, 0 gaps
	//   1 sections: 1 failed
	//
	//   SECTION    STATUS         PASSED  FAILED  UNKNOWN ACCEPTED
	//   1.1        failed              0       1        0        0  Names tell the owner
	//
	//   accounts
	//     aws/111122223333: 0 % pass, 0 passed, 1 failed, 0 unknown, 0 accepted, 0 gaps
}

func ExampleJUnit() {
	if err := report.JUnit(os.Stdout, exampleFindings(), nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <testsuites name="stance" tests="1" failures="1" errors="0" skipped="0">
	//   <testsuite name="bucket-prefix" tests="1" failures="1" errors="0" skipped="0">
	//     <properties>
	//       <property name="title" value="Bucket names begin with acme-"></property>
	//       <property name="severity" value="low"></property>
	//     </properties>
	//     <testcase classname="AWS::S3::Bucket" name="arn:aws:s3:::assets">
	//       <failure message="Bucket names begin with acme-" type="low">assets  aws/111122223333/eu-central-1</failure>
	//     </testcase>
	//   </testsuite>
	// </testsuites>
}
