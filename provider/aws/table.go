package aws

import (
	"context"
	"sync"

	"github.com/openstance/stance/asset"
)

// A file of this package describes one service: a function that makes the tables
// of a unit, in which the client is a local variable that the closures capture.
// (A client in a field, in an interface or passed to an SDK paginator would keep
// every method of it in the program as soon as protobuf is linked.)
//
//	func queueTables(u *unit) []table {
//		client := sqs.NewFromConfig(u.config("sqs"))
//		return []table{{
//			op:    "sqs:ListQueues",
//			types: []asset.Type{"AWS::SQS::Queue"},
//			list: func(ctx context.Context, token string) ([]*draft, string, error) {
//				out, err := client.ListQueues(ctx, &sqs.ListQueuesInput{
//					NextToken: optional(token), MaxResults: aws.Int32(1000),
//				})
//				if err != nil {
//					return nil, "", err
//				}
//				var page []*draft
//				for _, url := range out.QueueUrls {
//					name := path.Base(url)
//					d := newDraft("AWS::SQS::Queue", u.arn("sqs", name), name)
//					d.key = url
//					d.config["QueueUrl"] = url
//					page = append(page, d)
//				}
//				return page, aws.ToString(out.NextToken), nil
//			},
//			reads: []read{{
//				op:   "sqs:GetQueueAttributes",
//				each: func(ctx context.Context, d *draft) error { ... },
//			}},
//		}}
//	}
//
// What a service file observes:
//
//   - Operations are in the catalogue's table of the type, with the paths they fill:
//     a read runs only if one of these is asked for, and if it fails they are unread.
//     So a read writes to the draft only when its call has succeeded, and a part is
//     filled by one operation.
//   - config has CloudFormation's names, in a doc written by hand. Structs of the SDK
//     may stand in it where their fields have CloudFormation's names; fields that the
//     schema does not have are then left out. Status has the API's names.
//   - Tags go to draft.tags, from where they also reach config.Tags.
//   - Where one asset alone is asked for, a list asks for that one, so that getting it
//     costs as little as can be. [unit.onlyName] is what the service calls it by: a
//     filter, a name or a prefix of the same operation where there is one; else the
//     operation that describes it, in place of the list. An answer that there is none is
//     in absent, and nothing else is. What is answered besides the one is left out, so
//     that a list that cannot ask for one is as good, but slow. A table under another
//     needs the list above to find the parent by the id of what is under it.
//   - Scope comes from the ARN. Links account and region are added by themselves where
//     the schema has them.
//   - Error codes that mean "not configured" stand in absent.

// service is what is collected together: one unit for each account and region, with
// one token bucket. The name is the prefix of its operations.
type service struct {
	name   string
	tables func(*unit) []table
	rate   float64 // attempts a second; 0: defaultRate
	burst  int
}

// table is a list operation with what hangs on it.
type table struct {
	op     string
	also   []string     // operations that the listing calls besides, to know what it lists
	finds  []string     // operations that list calls in place of op when one asset alone is asked for, and no read names
	types  []asset.Type // that it lists
	global bool         // once for an account, not in each region
	absent []string     // error codes that mean that there is nothing

	// list returns one page, and the token of the next or "". The first token is "".
	list func(ctx context.Context, token string) ([]*draft, string, error)

	// none, if there is one, reports whether something else says that there is nothing
	// to list.
	none func(ctx context.Context) bool

	// In a table under another, listOf is in place of list: it lists what belongs to one
	// asset of the table above, of the type of.
	listOf func(ctx context.Context, parent *draft, token string) ([]*draft, string, error)
	of     asset.Type

	reads []read
	under []table
}

// read fills parts of assets that were listed.
type read struct {
	op     string
	of     asset.Type // only for this type; "": for all of the table
	absent []string   // error codes that mean that the thing is not configured

	// each reads for one asset. Or together reads for up to size of them in one call.
	each     func(ctx context.Context, d *draft) error
	together func(ctx context.Context, ds []*draft) error
	size     int
}

// all returns the types of a table and of those under it.
func (t *table) all() []asset.Type {
	types := t.types
	for i := range t.under {
		types = append(types[:len(types):len(types)], t.under[i].all()...)
	}
	return types
}

// once returns a function that calls f when it is first called and then returns the
// same answer: for a call that serves many assets.
func once[T any](f func(context.Context) (T, error)) func(context.Context) (T, error) {
	var (
		mu   sync.Mutex
		done bool
		v    T
		err  error
	)
	return func(ctx context.Context) (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if !done {
			v, err = f(ctx)
			done = true
		}
		return v, err
	}
}

// optional returns a token or a name as the SDK wants it: nil if it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
