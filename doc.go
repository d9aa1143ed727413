// Package stance tells where clouds stand: what exists in them, which policies it
// breaks, what that means for compliance, and how to repair it.
//
// It has no code of its own. What is to be imported are the packages below it:
//
//   - asset: what is known of a cloud, and, with the same rank, what could not be read
//   - asset/catalog: the types of the clouds, their schemas, links and operations, as data
//   - provider: the contract of discovery, and the verbs that work on every provider
//   - provider/snapshot: observations as a file, the generic way in
//   - provider/aws: live discovery of AWS accounts and organizations
//   - policy: requirements in CEL or Go, checked when they are loaded, with four verdicts
//   - policy/packs: policies that come with Stance
//   - policy/policytest: test cases of policies, with coverage, under go test
//   - policy/report: findings as a table, JSON, JUnit, SARIF and more
//   - policy/compliance: standards, and the posture that findings add up to
//
// A whole program, which scans an AWS account and prints what fails:
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	if err != nil { ... }
//	set, err := policy.Load(nil, packs.AWS())
//	if err != nil { ... }
//	inv, err := provider.Collect(ctx, provider.Query{Types: set.Types(), Reads: set.Reads()}, aws.New(cfg, nil))
//	if err != nil { ... }
//	for f, err := range set.Evaluate(ctx, inv) {
//		if err != nil { ... }
//		if f.Status == policy.Fail || f.Status == policy.Unknown {
//			fmt.Println(f.Status, f.Policy.ID, f.Subject.Ref(), f.Message, f.Err)
//		}
//	}
//
// What was not read is never clean: a call that was denied, a page that was cut off,
// a region that nobody asked for end as unknown findings, and never as passes.
package stance
