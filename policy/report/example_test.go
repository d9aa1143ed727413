package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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
	opts := &report.Options{Color: report.IsTerminal(os.Stdout), Width: report.TerminalWidth(os.Stdout)}
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

// examplePostures says how far the bucket complies with a guideline of one section.
func examplePostures() []*compliance.Posture {
	standard := &compliance.Standard{ID: "acme-1", Name: "Acme guideline", Requirements: []compliance.Requirement{
		{ID: "1", Title: "Names", Sections: []compliance.Section{{ID: "1.1", Title: "Names tell the owner", Policies: []string{"bucket-prefix"}}}},
	}}
	policies := slices.Values([]*policy.Policy{{ID: "bucket-prefix"}})
	mapping, err := compliance.NewMapping(policies, standard)
	if err != nil {
		panic(err)
	}
	postures, err := mapping.Assess(exampleFindings())
	if err != nil {
		panic(err)
	}
	return postures
}

func ExamplePostureTable() {
	if err := report.PostureTable(os.Stdout, examplePostures(), nil); err != nil {
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

func ExampleCSV() {
	var b strings.Builder
	if err := report.CSV(&b, exampleFindings(), nil); err != nil {
		fmt.Println(err)
	}
	fmt.Print(strings.ReplaceAll(b.String(), "\r\n", "\n"))
	// Output:
	// policy,severity,status,provider,account,region,type,id,name,message,evidence,error,title,controls,key,owner,reason,until,origin,subject_kind,unread
	// bucket-prefix,low,fail,aws,111122223333,eu-central-1,AWS::S3::Bucket,arn:aws:s3:::assets,assets,Bucket names begin with acme-,,,Bucket names begin with acme-,,7fd0694456e74fc80251d9f4ade3d865,,,,,asset,
}

func ExampleSARIF() {
	// A build server uploads the file, for example to GitHub's code scanning.
	opts := &report.Options{Version: "v1.2.0", SourceFile: "snapshots/prod.ndjson"}
	var b bytes.Buffer
	if err := report.SARIF(&b, exampleFindings(), opts); err != nil {
		fmt.Println(err)
		return
	}
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID, Level string
				Locations     []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range log.Runs[0].Results {
		fmt.Println(r.RuleID, r.Level, r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	}
	// Output:
	// bucket-prefix note snapshots/prod.ndjson
}

func ExampleOCSF() {
	opts := &report.Options{Time: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC), Version: "v1.2.0"}
	if err := report.OCSF(os.Stdout, exampleFindings(), opts); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"activity_id":1,"activity_name":"Create","category_uid":2,"category_name":"Findings","class_uid":2003,"class_name":"Compliance Finding","type_uid":200301,"type_name":"Compliance Finding: Create","time":1773500966000,"severity_id":2,"severity":"Low","status_id":1,"status":"New","message":"Bucket names begin with acme-","metadata":{"version":"1.8.0","product":{"name":"Stance","vendor_name":"OpenStance","version":"v1.2.0"},"profiles":["cloud"]},"finding_info":{"uid":"7fd0694456e74fc80251d9f4ade3d865","title":"Bucket names begin with acme-"},"compliance":{"control":"bucket-prefix","standards":[],"status_id":3,"status":"Fail"},"cloud":{"provider":"aws","account":{"uid":"111122223333","type_id":10,"type":"AWS Account"},"region":"eu-central-1"},"resources":[{"uid":"arn:aws:s3:::assets","name":"assets","type":"AWS::S3::Bucket","region":"eu-central-1"}]}
}

func ExampleASFF() {
	opts := &report.Options{
		Time: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC),
		Hub:  asset.Scope{Provider: "aws", Account: "999988887777", Region: "eu-central-1"},
	}
	if err := report.ASFF(os.Stdout, exampleFindings(), opts); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [{"SchemaVersion":"2018-10-08","Id":"7fd0694456e74fc80251d9f4ade3d865","ProductArn":"arn:aws:securityhub:eu-central-1:999988887777:product/999988887777/default","GeneratorId":"bucket-prefix","AwsAccountId":"999988887777","Types":["Software and Configuration Checks"],"CreatedAt":"2026-03-14T15:09:26Z","UpdatedAt":"2026-03-14T15:09:26Z","Severity":{"Label":"LOW","Original":"low"},"Title":"Bucket names begin with acme-","Description":"Bucket names begin with acme-","ProductFields":{"stance/policy":"bucket-prefix","stance/status":"fail"},"Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::assets","Partition":"aws","Region":"eu-central-1","Details":{"Other":{"account":"111122223333","name":"assets","provider":"aws","region":"eu-central-1","type":"AWS::S3::Bucket"}}}],"Compliance":{"Status":"FAILED"},"Workflow":{"Status":"NEW"},"RecordState":"ACTIVE"}]
}

func ExampleHTML() {
	// The page compares with an earlier report, which JSON wrote.
	var earlier bytes.Buffer
	if err := report.JSON(&earlier, exampleFindings(), nil); err != nil {
		fmt.Println(err)
		return
	}
	opts := &report.Options{Source: "snapshot prod.ndjson", Earlier: report.ReadJSON(&earlier)}
	var page bytes.Buffer
	if err := report.HTML(&page, exampleFindings(), opts); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(page.String()) {
		if strings.Contains(line, "<h1>") || strings.Contains(line, "still fail") {
			fmt.Print(line)
		}
	}
	// Output:
	// <h1>Findings</h1>
	// <p class="sub">1 still fail.</p>
}

func ExampleReadJSON() {
	file := strings.NewReader(`{"policy":"bucket-prefix","severity":"low","status":"fail","name":"assets","key":"7fd0694456e74fc80251d9f4ade3d865"}` + "\n")
	for f, err := range report.ReadJSON(file) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(f.Policy, f.Severity, f.Status, f.Name)
	}
	// Output:
	// bucket-prefix low fail assets
}

func ExampleNewFinding() {
	for f, err := range exampleFindings() {
		if err != nil {
			fmt.Println(err)
			return
		}
		x := report.NewFinding(f)
		fmt.Println(x.Type, x.Name, x.Status, x.SubjectKind)
	}
	// Output:
	// AWS::S3::Bucket assets fail asset
}

func ExampleFormats() {
	for _, f := range report.Formats() {
		fmt.Printf("%-5s  findings%-8s %s\n", f.Name, f.Extension, f.Description)
	}
	// Output:
	// table  findings.txt     text for a terminal
	// html   findings.html    one page for a browser
	// csv    findings.csv     comma-separated values, for spreadsheets
	// json   findings.ndjson  JSON lines, one Finding each
	// junit  findings.xml     JUnit XML, for build servers
	// sarif  findings.json    SARIF 2.1.0, for code scanning services
	// gitlab  findings.json    Code Quality report of GitLab
	// ocsf   findings.ndjson  OCSF 1.8 Compliance Finding events, for security data lakes
	// asff   findings.ndjson  AWS Security Finding Format in batches of 100, for AWS Security Hub
}

func ExamplePostureFormats() {
	for _, f := range report.PostureFormats() {
		fmt.Printf("%-5s  postures%-6s %s\n", f.Name, f.Extension, f.Description)
	}
	// Output:
	// table  postures.txt   text for a terminal
	// html   postures.html  one page for a browser
	// csv    postures.csv   comma-separated values, for spreadsheets
	// json   postures.json  one JSON list
}

func ExamplePostureCSV() {
	var b strings.Builder
	if err := report.PostureCSV(&b, examplePostures(), nil); err != nil {
		fmt.Println(err)
	}
	fmt.Print(strings.ReplaceAll(b.String(), "\r\n", "\n"))
	// Output:
	// standard,requirement,control,title,level,mode,status,policies,passed,failed,critical,high,medium,low,informational,accepted,unknown,gaps,percent
	// acme-1,1 Names,acme-1/1.1,Names tell the owner,0,automated,failed,bucket-prefix,0,1,0,0,0,1,0,0,0,0,0
}

func ExamplePostureJSON() {
	var b bytes.Buffer
	if err := report.PostureJSON(&b, examplePostures(), nil); err != nil {
		fmt.Println(err)
		return
	}
	var all []struct {
		Standard struct{ Name string }
		Counts   struct{ Passed, Failed int }
	}
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range all {
		fmt.Printf("%s: %d passed, %d failed\n", p.Standard.Name, p.Counts.Passed, p.Counts.Failed)
	}
	// Output:
	// Acme guideline: 0 passed, 1 failed
}

func ExamplePostureHTML() {
	var page bytes.Buffer
	if err := report.PostureHTML(&page, examplePostures(), &report.Options{Source: "snapshot prod.ndjson"}); err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(page.String()) {
		if strings.Contains(line, "<h1>") || strings.Contains(line, "<h2") {
			fmt.Print(line)
		}
	}
	// Output:
	// <h1>Compliance</h1>
	// <h2 id="standard1">Acme guideline</h2>
}

func ExampleExplanation() {
	bucket := &asset.Asset{
		Ref:   asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::assets"},
		Scope: asset.Scope{Provider: "aws", Account: "111122223333"}, Name: "assets",
	}
	set, err := policy.NewSet(nil, &policy.Policy{
		ID: "bucket-prefix", Title: "Bucket names begin with acme-", Severity: policy.Low,
		Checks: []policy.Check{{Types: []asset.Type{"AWS::S3::Bucket"}, Require: "asset.name.startsWith('acme-') || asset.name == 'legacy'"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := set.Explain(context.Background(), "bucket-prefix", bucket, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := report.Explanation(os.Stdout, x, nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// FAIL: Bucket names begin with acme-
	//   policy bucket-prefix (low): Bucket names begin with acme-
	//   asset  AWS::S3::Bucket arn:aws:s3:::assets in aws/111122223333
	//
	// require
	//   asset.name.startsWith("acme-") || asset.name == "legacy" → false
	//     asset.name.startsWith("acme-") → false
	//     asset.name == "legacy" → false
}
