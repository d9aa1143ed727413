package alert

import (
	"slices"
	"strings"
	"time"
)

// Includes reports whether the view has alerts of an account, given by its id.
func (v View) Includes(account string) bool {
	return v.Accounts == nil || slices.Contains(v.Accounts, account)
}

// includesName reports whether the view has an account that is named by its id alone, or by
// provider and id.
func (v View) includesName(name string) bool {
	_, id, _ := strings.Cut(name, "/")
	return v.Includes(name) || v.Includes(id)
}

// IncludesDocument reports whether the view has a document. A view of some accounts has the
// documents of kind "account" and "health" that are named after one of them: documents of
// other kinds can mention any account.
func (v View) IncludesDocument(kind, name string) bool {
	switch {
	case v.Accounts == nil:
		return true
	case kind == "account":
		return v.includesName(name)
	case kind == "health":
		_, subject, _ := strings.Cut(name, "/")
		return v.includesName(subject)
	}
	return false
}

// Limit returns the part of a record of a scan that is in the view, and whether there is
// any. A view of some accounts has no sums over all accounts, no messages of errors, and
// nothing that does not name its account.
func (v View) Limit(r ScanRecord) (ScanRecord, bool) {
	if v.Accounts == nil {
		return r, true
	}
	outside := func(name string) bool {
		_, id, _ := strings.Cut(name, "/")
		return !v.Includes(id)
	}
	part := ScanRecord{
		ID: r.ID, Stream: r.Stream, State: r.State, Start: r.Start, End: r.End, SetDigest: r.SetDigest, Policies: r.Policies, Batches: r.Batches,
		Accounts: slices.DeleteFunc(slices.Clone(r.Accounts), outside),
		Coverage: slices.DeleteFunc(slices.Clone(r.Coverage), func(c CoverageCount) bool { return outside(c.Account) }),
		Counts:   slices.DeleteFunc(slices.Clone(r.Counts), func(c ScanCount) bool { return outside(c.Account) }),
	}
	for account, ids := range r.Held {
		if !outside(account) {
			if part.Held == nil {
				part.Held = map[string][]string{}
			}
			part.Held[account] = ids
		}
	}
	if r.Error != "" {
		part.Error = "not in this view"
	}
	return part, len(part.Accounts) > 0
}

// Observe sets LastObserved, by the start of the last scan of the alert's stream and account
// that is done, or zero. Unknown must be set before. Stores call it for each alert that they
// return.
func (a *Alert) Observe(scanned time.Time) {
	switch {
	case a.Unknown != nil:
		a.LastObserved = a.Unknown.Verified
	case a.Gone || a.Missing > 0 || scanned.Before(a.Read.Latest):
		a.LastObserved = a.Read.Latest
	default:
		a.LastObserved = scanned
	}
}
