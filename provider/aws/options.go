package aws

import (
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// Options select the accounts and regions to scan, and how to enter them. The zero
// Options scan every enabled region of the account of the credentials.
type Options struct {
	// Chain are roles to assume before anything else, one after the other, the first
	// with the credentials of the configuration. Each is named by its ARN.
	Chain []Role

	// Organization lists the accounts with AWS Organizations. The credentials must be of
	// the management account or of an account to which it delegates.
	Organization bool

	// Accounts are the ids of the accounts to scan. Empty: all of the organization, or
	// without Organization the account of the credentials.
	Accounts []string

	// Groups, if there are any, limit the accounts to those that are in one of them. An
	// account whose groups are not known is a gap.
	Groups asset.Groups

	// Match, if set, reports whether to scan an account.
	Match func(Account) bool

	// Role is assumed in every account except the one of the credentials, which is
	// scanned with these. It is named by its name, with its path if it has one.
	Role Role

	// Regions are the names of the regions to scan. Empty: all that are enabled in an
	// account. One that is not enabled is a gap. Resources in other regions are omitted,
	// also those that AWS lists for an account at once, such as buckets. There is no coverage of other regions:
	// verdicts about an account as a whole are then about these. To limit one discovery
	// see [provider.Query].
	Regions []string

	// Workers is the number of services in regions of accounts that are scanned at
	// once, at most 4 of them in one region of an account. 0: 32.
	Workers int

	// Index selects the AWS index that saves Cloud Control list calls for types without
	// resources in a region. It is used if 100 or more lists are needed.
	Index Index

	// Redactor removes secrets from the assets. Nil: that of the query, or one without a key.
	Redactor *secret.Redactor

	// Now returns the time of observation. Nil: time.Now.
	Now func() time.Time
}

// Role is how an account is entered.
type Role struct {
	Name        string // in Options.Chain its ARN
	ExternalID  string // as the trust policy requires it; empty if it does not
	SessionName string // as CloudTrail records it; empty: "stance"
}

// Account is an account of an organization, or one that the options name.
type Account struct {
	ID     string
	Name   string // empty without Options.Organization
	Email  string
	Status string // its state: ACTIVE, SUSPENDED, ...; empty without Options.Organization
	Units  []Unit // the organizational units it is in, nearest first, without the root

	Tags   map[string]string // read only if a group in Options has tags
	Groups []string          // names of the groups in Options that have it

	// Why the parts of that name are not known.
	nameUnread, unitsUnread, tagsUnread *asset.Unread
}

// Unit is an organizational unit.
type Unit struct {
	ID, Name, ARN string
}
