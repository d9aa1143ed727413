// Package collect is the engine of providers that discover assets by calling the
// services of a cloud. It knows no cloud: a [Cloud] holds the few functions that it
// needs from one.
//
// A provider divides a discovery into units: one service in one scope, such as a region
// of an account, a subscription or a project. A unit has tables. A [Table] is a list
// operation, with the operations that read parts of the assets that it lists, and with
// the tables that are listed below these assets. The engine lists the pages of a table,
// runs the reads that the query needs, a few at once and each in limited time, and makes
// assets, gaps and coverage of what the cloud returns:
//
//   - An error of a list operation is a gap, and the coverage is partial, unless its
//     code says that there is nothing ([Table.Absent]).
//   - An error of a read makes the parts that the catalogue says it provides unread,
//     unless its code says that they are not configured ([Read.Absent]). A part that the
//     query does not request is unread, too, and costs no call.
//   - Members of the schema that no operation is said to provide, and that a collector
//     does not set, are unread.
//
// The function that returns the tables of a unit holds the client in a local variable,
// which the tables' functions capture:
//
//	func queueTables(u *unit) []collect.Table {
//		client := sqs.NewFromConfig(u.config("sqs"))
//		return []collect.Table{{
//			Op:    "sqs:ListQueues",
//			Types: []asset.Type{sqsQueue},
//			List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
//				out, err := client.ListQueues(ctx, &sqs.ListQueuesInput{NextToken: optional(token)})
//				if err != nil {
//					return nil, "", err
//				}
//				var page []*collect.Draft
//				for _, url := range out.QueueUrls {
//					d := collect.NewDraft(sqsQueue, u.arn("sqs", path.Base(url)), path.Base(url))
//					d.Key = url
//					page = append(page, d)
//				}
//				return page, aws.ToString(out.NextToken), nil
//			},
//			Reads: []collect.Read{{
//				Op: "sqs:GetQueueAttributes",
//				Each: func(ctx context.Context, d *collect.Draft) error { ... },
//			}},
//		}}
//	}
//
// A client in a field, in an interface or passed to an SDK paginator would keep every
// method of it in the program as soon as protobuf is linked.
package collect
