package aws

import (
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// Options says which accounts and regions to look at, and how. The zero Options
// looks at every enabled region of the account of the credentials.
type Options struct {
	// Chain are roles to be assumed one after the other, the first with the
	// credentials of the config, before anything else is done. Each is named by its ARN.
	Chain []Role

	// Organization asks AWS Organizations for the accounts. The credentials must be of
	// the management account or of an account to which it delegates.
	Organization bool

	// Accounts are the ids of the accounts to look at. Empty: all of the organisation,
	// or without one the account of the credentials.
	Accounts []string

	// Groups, if there are any, limit the accounts to those that are in one of them. An
	// account whose groups are not known is a gap.
	Groups asset.Groups

	// Match, if there is one, says of each account whether to look at it.
	Match func(Account) bool

	// Role is assumed in every account but the one of the credentials, which is looked
	// at with these. It is named by its name, with its path if it has one.
	Role Role

	// Regions are the names of the regions to look at. Empty: all that are enabled in
	// an account. One that is not enabled is a gap. Of regions that are left out nothing
	// is stated: what policies say of an account as a whole is then said of these.
	Regions []string

	// Workers is how many services in regions of accounts are looked at at once.
	// 0: 32. In one region of one account it is at most 4.
	Workers int

	// Index spares lists of types that no collector is there for, where many are asked
	// for: 100 or more, each counted once for a region.
	Index Index

	// Redactor takes secrets out of the assets. Nil: one without a key.
	Redactor *secret.Redactor

	// Now tells the time of observation. Nil: time.Now.
	Now func() time.Time
}

// Role is how an account is entered.
type Role struct {
	Name        string // in Options.Chain its ARN
	ExternalID  string // that the trust policy asks for, if it does
	SessionName string // as CloudTrail records it; empty: "stance"
}

// Account is an account of an organisation, or one that was named.
type Account struct {
	ID     string
	Name   string // empty if Organizations was not asked
	Email  string
	Status string // its state: ACTIVE, SUSPENDED, ...; empty if Organizations was not asked
	Units  []Unit // the organisational units it is in, nearest first, without the root

	Tags   map[string]string // read only if one of the groups names tags
	Groups []string          // names of the groups in Options that it is in

	// Why the parts of that name are not known.
	nameUnread, unitsUnread, tagsUnread *asset.Unread
}

// Unit is an organisational unit.
type Unit struct {
	ID, Name, ARN string
}
