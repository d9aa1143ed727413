package remediate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
)

// Errors of a run that refuses a plan, under [errors.Is].
var (
	// ErrMonitor is returned for an account whose mode is not MonitorAndProtect.
	ErrMonitor = errors.New("account is monitored only")
	// ErrProtected is returned for an asset that a Runner must not change.
	ErrProtected = errors.New("protected asset")
	// ErrIdentity is returned if the writing credentials are not of the target's account.
	ErrIdentity = errors.New("credentials of another account")
	// ErrPermission is returned if the writing credentials lack a permission.
	ErrPermission = errors.New("permission missing")
)

// Mode says what is permitted in an account. The zero Mode is Monitor.
type Mode int

// The modes of accounts.
const (
	Monitor           Mode = iota // nothing is changed
	MonitorAndProtect             // approved plans are applied
)

// Credentials are the writing credentials of a cloud. Packages of fixes have an
// implementation each.
type Credentials interface {
	// Identity returns who makes the writes in a scope.
	Identity(ctx context.Context, s asset.Scope) (Identity, error)
	// Permitted reports for each permission whether the caller has it for the target. A
	// permission that the cloud cannot be asked about is unknown, with the reason.
	Permitted(ctx context.Context, t Target, permissions []string) (map[string]Outcome, error)
}

// Identity is the caller of a cloud.
type Identity struct {
	Account   string // AWS account, Azure subscription, Google Cloud project; of the scope
	Principal string // in the cloud's form: an ARN, an object id, an e-mail address
	// Own lists the assets by which the caller has its rights: the principal itself, the
	// policies attached to it, its groups. A Runner changes none of them.
	Own []asset.Ref
}

// caller checks the writing credentials against a plan. The error says what forbids the plan.
func caller(ctx context.Context, c Credentials, p *Plan, unattended bool) (Identity, error) {
	if c == nil {
		return Identity{}, fmt.Errorf("%w: no credentials for %s", ErrIdentity, p.Target.Provider)
	}
	id, err := c.Identity(ctx, p.Target.Scope())
	if err != nil {
		return id, fmt.Errorf("identity of the caller: %w", err)
	}
	if id.Account == "" || id.Account != p.Target.Account {
		return id, fmt.Errorf("%w: caller is of account %q (want %q)", ErrIdentity, id.Account, p.Target.Account)
	}
	if slices.Contains(id.Own, p.Target.Ref()) {
		return id, fmt.Errorf("%w: caller %s has its rights by %s", ErrProtected, id.Principal, p.Target.ID)
	}
	got, err := c.Permitted(ctx, p.Target, p.Permissions)
	if err != nil {
		return id, fmt.Errorf("permissions of the caller: %w", err)
	}
	var missing []error
	for _, name := range p.Permissions {
		switch o := got[name]; {
		case o.Result == Pass:
		case o.Result == Fail:
			missing = append(missing, fmt.Errorf("%w: %s: %s", ErrPermission, name, o.Evidence))
		case unattended:
			missing = append(missing, fmt.Errorf("%w: %s is unknown in an unattended run: %s", ErrPermission, name, o.Evidence))
		}
	}
	return id, errors.Join(missing...)
}
