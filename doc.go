// Package stance is a library for cloud security posture: it discovers what exists in
// clouds, evaluates policies over it, and reports what they find.
//
// The package itself has no code. Import the packages below it:
//
//   - asset: what is known of a cloud, including what could not be read
//   - asset/catalog: the types of the clouds, their schemas, links and operations, as data
//   - asset/secret: detection and redaction of secrets
//   - provider: the interface of discovery, and functions that work with any provider
//   - provider/snapshot: observations as a file, the generic way in
//   - provider/aws: live discovery of AWS accounts and organizations
//   - policy: requirements in CEL or Go, checked when they are loaded, with four verdicts
//   - policy/packs: built-in policies
//   - policy/policytest: test cases of policies, with coverage, under go test
//   - policy/report: findings as a table, JSON, JUnit, SARIF and more
//   - policy/compliance: standards, and the posture that findings add up to
//
// A program that scans an AWS account and prints what fails or is unknown:
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	if err != nil {
//		log.Fatal(err)
//	}
//	set, err := policy.Load(nil, packs.AWS())
//	if err != nil {
//		log.Fatal(err)
//	}
//	inv, err := provider.Collect(ctx, provider.Query{Types: set.Types(), Reads: set.Reads()}, aws.New(cfg, nil))
//	if err != nil {
//		log.Fatal(err)
//	}
//	for f, err := range set.Evaluate(ctx, inv) {
//		if err != nil {
//			log.Fatal(err)
//		}
//		if f.Status == policy.Fail || f.Status == policy.Unknown {
//			fmt.Println(f.Status, f.Policy.ID, f.Subject.Ref().ID, f.Message, f.Err)
//		}
//	}
//
// Incomplete data never passes: a denied call, a truncated page and a region that was not
// requested end as unknown findings.
package stance
