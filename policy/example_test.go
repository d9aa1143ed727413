package policy_test

import (
	"context"
	"fmt"
	"log"
	"testing/fstest"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const tagged = `id: buckets-have-owners
title: Buckets have an owner
severity: low
type: AWS::S3::Bucket
require: asset.tags.?owner.orValue('') in params.owners
message: "'%s has no owner'.format([asset.name])"
params:
  owners: {type: list(string), default: [web, data]}
`

// owned is an inventory of two buckets, of which one has an owner, in a region that has
// no others.
func owned() *asset.Inventory {
	inv := &asset.Inventory{}
	scope := asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"}
	inv.Add(&asset.Coverage{Scope: scope, Type: "AWS::S3::Bucket", State: asset.Complete})
	for name, tags := range map[string]map[string]string{"logs": {"owner": "data"}, "web": nil} {
		inv.Add(&asset.Asset{
			Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + name}, Name: name, Tags: tags,
			Scope: scope,
		})
	}
	return inv
}

func ExampleLoad() {
	set, err := policy.Load(nil, fstest.MapFS{"buckets-have-owners.yaml": {Data: []byte(tagged)}})
	if err != nil {
		log.Fatal(err)
	}
	for f, err := range set.Evaluate(context.Background(), owned()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s %q\n", f.Asset().Name, f.Status, f.Message)
	}
	// Output:
	// logs: pass ""
	// web: fail "web has no owner"
}

// A misspelled field does not load.
func ExampleLoad_fault() {
	_, err := policy.Load(nil, fstest.MapFS{"versioning.yaml": {Data: []byte(`id: versioning
title: Buckets keep earlier versions
severity: low
type: AWS::S3::Bucket
require: config.?VersionConfiguration.?Status.orValue('') == 'Enabled'
`)}})
	fmt.Println(err)
	// Output:
	// versioning.yaml:5:16: undefined field 'VersionConfiguration' of AWS::S3::Bucket.config; did you mean 'VersioningConfiguration'?
	//     config.?VersionConfiguration.?Status.orValue('') == 'Enabled'
	//           ^
}

func ExampleNewSet() {
	set, err := policy.NewSet(nil, &policy.Policy{
		ID: "names-are-short", Title: "Names are short", Severity: policy.Low,
		Checks: []policy.Check{{
			Types: []asset.Type{"AWS::S3::Bucket"},
			Reads: []asset.Path{},
			Run: func(_ context.Context, s policy.CheckInput) (policy.Verdict, error) {
				if n := len(s.Asset.Name); n > 3 {
					return policy.Verdict{Status: policy.Fail, Message: fmt.Sprintf("%d characters", n)}, nil
				}
				return policy.Verdict{Status: policy.Pass}, nil
			},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for f, err := range set.Evaluate(context.Background(), owned()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s %q\n", f.Asset().Name, f.Status, f.Message)
	}
	// Output:
	// logs: fail "4 characters"
	// web: pass ""
}

// A bucket may be missing where the coverage is not complete, and then the policy is
// unknown there.
func ExampleCoverageSubject() {
	set, err := policy.Load(nil, fstest.MapFS{"buckets-have-owners.yaml": {Data: []byte(tagged)}})
	if err != nil {
		log.Fatal(err)
	}
	inv := owned()
	scope := asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}
	inv.Add(&asset.Coverage{Scope: scope, Type: "AWS::S3::Bucket", State: asset.Partial})
	for f, err := range set.Evaluate(context.Background(), inv) {
		if err != nil {
			log.Fatal(err)
		}
		if s, ok := f.Subject.(policy.CoverageSubject); ok {
			fmt.Println(f.Policy.ID, f.Status, s.Type, s.Account, s.Regions, s.State)
		}
	}
	// Output:
	// buckets-have-owners unknown AWS::S3::Bucket aws/123456789012 [us-east-1] partial
}

// A stream of any length is evaluated asset by asset.
func ExampleSet_EvaluateEach() {
	set, err := policy.Load(nil, fstest.MapFS{"buckets-have-owners.yaml": {Data: []byte(tagged)}})
	if err != nil {
		log.Fatal(err)
	}
	inv := owned()
	stream := func(yield func(asset.Observation, error) bool) {
		for _, c := range inv.AllCoverage() {
			if !yield(c, nil) {
				return
			}
		}
		for a := range inv.All() {
			if !yield(a, nil) {
				return
			}
		}
	}
	related, err := set.Index(context.Background(), stream)
	if err != nil {
		log.Fatal(err)
	}
	for f, err := range set.EvaluateEach(context.Background(), stream, related) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", f.Asset().Name, f.Status)
	}
	// Output:
	// logs: pass
	// web: fail
}

func ExampleReadOverlay() {
	site, err := policy.ReadOverlay(fstest.MapFS{"site.yaml": {Data: []byte(`
severity:
  buckets-have-owners: high
params:
  buckets-have-owners: {owners: [data, platform]}
exceptions:
  - policies: [buckets-have-owners]
    assets: ["arn:aws:s3:::web*"]
    owner: web team
    reason: moves to another account
    until: 2026-06-30
`)}}, "site.yaml")
	if err != nil {
		log.Fatal(err)
	}
	set, err := policy.Load(&policy.Options{
		Overlays: []*policy.Overlay{site},
		Now:      func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) },
	}, fstest.MapFS{"buckets-have-owners.yaml": {Data: []byte(tagged)}})
	if err != nil {
		log.Fatal(err)
	}
	for f, err := range set.Evaluate(context.Background(), owned()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s %s, accepted: %t\n", f.Asset().Name, f.Policy.Severity, f.Status, f.Exception != nil)
	}
	// Output:
	// logs: high pass, accepted: false
	// web: high fail, accepted: true
}

func ExampleSet_Explain() {
	set, err := policy.Load(nil, fstest.MapFS{"buckets-have-owners.yaml": {Data: []byte(tagged)}})
	if err != nil {
		log.Fatal(err)
	}
	inv := owned()
	web, _ := inv.Get(asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::web"})
	explanation, err := set.Explain(context.Background(), "buckets-have-owners", web, inv)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range explanation.Conditions {
		fmt.Printf("%s: %s is %s\n", c.Part, c.Source, c.Value)
	}
	// Output:
	// require: asset.tags.?owner.orValue("") in params.owners is false
}

func ExampleSet_Reads() {
	set, err := policy.NewSet(nil, &policy.Policy{
		ID: "keys-rotate", Title: "Keys of buckets rotate", Severity: policy.Medium,
		Checks: []policy.Check{{
			Types:   []asset.Type{"AWS::S3::Bucket"},
			Require: "follow('encrypted_by', 'AWS::KMS::Key').all(k, k.config.?EnableKeyRotation.orValue(false))",
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	reads := set.Reads()
	for _, t := range set.Types() {
		fmt.Println(t, reads[t])
	}
	// Output:
	// AWS::KMS::Key [config.EnableKeyRotation]
	// AWS::S3::Bucket [config.BucketEncryption]
}

// Two evaluations differ in findings that fail in one of them or in both.
func ExampleCompare() {
	set, err := policy.Load(nil, fstest.MapFS{"buckets-have-owners.yaml": {Data: []byte(tagged)}})
	if err != nil {
		log.Fatal(err)
	}
	later := owned()
	later.Add(&asset.Asset{
		Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::new"}, Name: "new",
		Scope: asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"},
	})
	ctx := context.Background()
	changes, err := policy.Compare(set.Evaluate(ctx, owned()), set.Evaluate(ctx, later))
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range changes {
		fmt.Println(c.Kind, c.Finding().Subject.Name())
	}
	// Output:
	// new new
	// still_failing web
}
