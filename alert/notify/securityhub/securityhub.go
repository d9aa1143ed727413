// Package securityhub imports alerts into AWS Security Hub as findings in the AWS Security
// Finding Format.
package securityhub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/awsout"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/asff"
)

// maxFindings is the number of findings that one call of BatchImportFindings accepts.
const maxFindings = 100

// API is the part of *securityhub.Client that a Notifier uses.
type API interface {
	BatchImportFindings(context.Context, *securityhub.BatchImportFindingsInput, ...func(*securityhub.Options)) (*securityhub.BatchImportFindingsOutput, error)
	BatchUpdateFindings(context.Context, *securityhub.BatchUpdateFindingsInput, ...func(*securityhub.Options)) (*securityhub.BatchUpdateFindingsOutput, error)
}

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	Timeout time.Duration // of a call with its retries; 0: 30 seconds
	// Now is the clock for the time of a test finding; nil: time.Now.
	Now func() time.Time
}

// Notifier keeps one finding for each alert, under the ID of the alert. A finding is active
// and FAILED while the alert is unfinished, and archived when it is resolved: as PASSED if
// the asset complies. The workflow of a dismissed or snoozed alert is SUPPRESSED, with a note,
// and that of a reopened one NEW again.
//
// All findings belong to the account of the Security Hub; the account of the asset is in the
// details of the resource. A digest imports the alerts that it lists. A health condition is a
// finding about the account of the hub until it ends. Reviews are not sent.
type Notifier struct {
	api     API
	hub     asset.Scope
	options Options
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier for the Security Hub of an account and region. The client has the
// credentials: they need the permissions securityhub:BatchImportFindings and
// securityhub:BatchUpdateFindings.
func New(api API, account, region string, opts *Options) (*Notifier, error) {
	n := &Notifier{api: api, hub: asset.Scope{Provider: "aws", Account: account, Region: region}}
	if opts != nil {
		n.options = *opts
	}
	switch {
	case api == nil:
		return nil, errors.New("securityhub channel: no client")
	case account == "" || region == "":
		return nil, errors.New("securityhub channel: no account or region")
	}
	if n.options.Now == nil {
		n.options.Now = time.Now
	}
	return n, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	b := delivery.NewBatch(events)
	for next := 0; next < len(events); {
		var c call
		next = n.fill(&c, b, events, next)
		if len(c.findings) == 0 {
			continue
		}
		if err := n.send(ctx, &c, b); err != nil {
			after := awsout.RetryAfter(err)
			for _, i := range c.events {
				b.Fail(alert.EventError{Index: i, Err: err, RetryAfter: after})
			}
			b.Rest(next, err, after)
			break
		}
		if err := n.follow(ctx, &c, events, b); err != nil {
			b.Rest(next, err, awsout.RetryAfter(err))
			break
		}
	}
	return b.Err()
}

// Test imports an informational finding that is archived.
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.options.Now())})
}

// call is what one call of BatchImportFindings imports.
type call struct {
	findings []types.AwsSecurityFinding
	owner    map[string]int // index of the event by the ID of its finding
	events   []int
}

// fill adds the findings of events to a call, from an index on, and returns the index of the
// first that does not belong to it. A call has a finding once.
func (n *Notifier) fill(c *call, b *delivery.Batch, events []alert.Event, i int) int {
	c.owner = map[string]int{}
	for ; i < len(events); i++ {
		if b.Hold(i) {
			continue
		}
		fs := n.findings(&events[i])
		if len(c.findings)+len(fs) > maxFindings && len(c.findings) > 0 {
			return i
		}
		for _, f := range fs {
			if _, ok := c.owner[*f.Id]; ok {
				return i
			}
		}
		if len(fs) > 0 {
			c.events = append(c.events, i)
		}
		for _, f := range fs {
			c.owner[*f.Id] = i
			c.findings = append(c.findings, f)
		}
	}
	return i
}

// send imports findings and notes the events of those that were refused.
func (n *Notifier) send(ctx context.Context, c *call, b *delivery.Batch) error {
	ctx, cancel := awsout.Timeout(ctx, n.options.Timeout)
	defer cancel()
	out, err := n.api.BatchImportFindings(ctx, &securityhub.BatchImportFindingsInput{Findings: c.findings})
	if err != nil {
		return fmt.Errorf("import findings: %w", err)
	}
	success, failed := int(aws.ToInt32(out.SuccessCount)), int(aws.ToInt32(out.FailedCount))
	if success+failed != len(c.findings) || failed != len(out.FailedFindings) {
		return fmt.Errorf("import findings: response about %d of %d findings", success+failed, len(c.findings))
	}
	for _, f := range out.FailedFindings {
		i, ok := c.owner[aws.ToString(f.Id)]
		if !ok {
			return errors.New("import findings: response about an unknown finding")
		}
		err := fmt.Errorf("finding %s was refused: %s: %s", aws.ToString(f.Id), aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage))
		b.Fail(alert.EventError{Index: i, Err: err, Permanent: aws.ToString(f.ErrorCode) == "InvalidInput"})
		delete(c.owner, aws.ToString(f.Id))
	}
	return nil
}

// follow sets the workflow of findings whose alerts were dismissed or reopened, which an
// import cannot change.
func (n *Notifier) follow(ctx context.Context, c *call, events []alert.Event, b *delivery.Batch) error {
	for _, i := range c.events {
		e := &events[i]
		in := n.update(e)
		if in == nil {
			continue
		}
		if _, ok := c.owner[*identifier(e.Alert.ID)]; !ok {
			continue // the finding was refused
		}
		err := n.updateOne(ctx, in)
		if err == nil {
			continue
		}
		after := awsout.RetryAfter(err)
		b.Fail(alert.EventError{Index: i, Err: err, RetryAfter: after})
		if after > 0 {
			return err
		}
	}
	return nil
}

func (n *Notifier) updateOne(ctx context.Context, in *securityhub.BatchUpdateFindingsInput) error {
	ctx, cancel := awsout.Timeout(ctx, n.options.Timeout)
	defer cancel()
	out, err := n.api.BatchUpdateFindings(ctx, in)
	if err != nil {
		return fmt.Errorf("update the workflow of a finding: %w", err)
	}
	for _, u := range out.UnprocessedFindings {
		return fmt.Errorf("update the workflow of a finding: %s: %s", aws.ToString(u.ErrorCode), aws.ToString(u.ErrorMessage))
	}
	if len(out.ProcessedFindings) == 0 {
		return errors.New("update the workflow of a finding: response without the finding")
	}
	return nil
}

// update returns the change of the workflow that an event demands, or nil.
func (n *Notifier) update(e *alert.Event) *securityhub.BatchUpdateFindingsInput {
	if e.Alert == nil {
		return nil
	}
	in := &securityhub.BatchUpdateFindingsInput{
		FindingIdentifiers: []types.AwsSecurityFindingIdentifier{{Id: identifier(e.Alert.ID), ProductArn: aws.String(asff.ProductARN(n.hub))}},
	}
	from := alert.Status("")
	if e.Transition != nil {
		from = e.Transition.From
	}
	switch {
	case e.Kind == alert.EventDismissed || e.Kind == alert.EventSnoozed:
		in.Workflow = &types.WorkflowUpdate{Status: types.WorkflowStatusSuppressed}
		if t := e.Transition; t != nil && t.Note != "" {
			in.Note = &types.NoteUpdate{Text: text(t.Note, 512, "-"), UpdatedBy: text(t.Actor, 512, "stance")}
		}
	case e.Kind == alert.EventOpened && from != "":
		in.Workflow = &types.WorkflowUpdate{Status: types.WorkflowStatusNew}
	default:
		return nil
	}
	return in
}
