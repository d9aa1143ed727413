package alert

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// dimensions are all of them.
var dimensions = [...]Dimension{
	PerDay, PerStatus, PerSeverity, PerKind, PerPolicy, PerProvider, PerAccount, PerRegion, PerGroup, PerType, PerClass, PerAsset, PerReason, PerOwner,
}

// Values returns the values for which an alert counts: one, or of PerGroup one for each
// group, which is "" if the account is in no group. A query with one of the values in the
// field that the dimension stands for selects the alerts that are counted for it.
func (d Dimension) Values(a *Alert) []string {
	switch d {
	case PerDay:
		return []string{a.AlertTime.UTC().Format("2006-01-02")}
	case PerStatus:
		return []string{string(a.Status)}
	case PerSeverity:
		return []string{a.Policy.Severity.String()}
	case PerKind:
		return []string{string(a.Policy.Kind)}
	case PerPolicy:
		return []string{a.Key.Policy}
	case PerProvider:
		return []string{a.Asset.Provider}
	case PerAccount:
		return []string{a.Asset.Account}
	case PerRegion:
		if a.Asset.Region == "" {
			return []string{Global}
		}
		return []string{a.Asset.Region}
	case PerGroup:
		if len(a.Asset.Groups) == 0 {
			return []string{""}
		}
		return a.Asset.Groups
	case PerType:
		return []string{string(a.Ref.Type)}
	case PerClass:
		return []string{a.Asset.Class}
	case PerAsset:
		return []string{a.Ref.String()}
	case PerReason:
		return []string{string(a.Reason)}
	case PerOwner:
		return []string{a.Owner}
	}
	return nil
}

// CheckCount returns an error for a query that cannot be counted by the dimensions.
func (q *Query) CheckCount(by ...Dimension) error {
	if q.Where != nil {
		return errors.New("a query with Where cannot be counted")
	}
	for i, d := range by {
		if !slices.Contains(dimensions[:], d) {
			return fmt.Errorf("unknown dimension %q", d)
		}
		if slices.Contains(by[:i], d) {
			return fmt.Errorf("duplicate dimension %q", d)
		}
	}
	fields := *q
	fields.Sort, fields.Cursor, fields.Limit = nil, "", 0
	return fields.Check()
}

// tally counts alerts by dimensions.
type tally struct {
	by     []Dimension
	counts map[string]*Count
}

func newTally(by []Dimension) *tally {
	c := &tally{by: by, counts: map[string]*Count{}}
	if len(by) == 0 {
		c.counts[""] = &Count{}
	}
	return c
}

func (c *tally) add(a *Alert) { c.addAt(a, nil) }

// addAt counts an alert for each combination of its values that begins with the given ones.
func (c *tally) addAt(a *Alert, values []string) {
	if len(values) < len(c.by) {
		for _, v := range c.by[len(values)].Values(a) {
			c.addAt(a, append(slices.Clip(values), v))
		}
		return
	}
	key := fmt.Sprintf("%q", values)
	if len(values) == 0 {
		key = ""
	}
	n := c.counts[key]
	if n == nil {
		n = &Count{By: values}
		c.counts[key] = n
	}
	n.N++
	if a.Status == Resolved {
		n.Resolve += a.LastSeen.Sub(a.AlertTime)
	}
}

func (c *tally) sorted() []Count {
	all := make([]Count, 0, len(c.counts))
	for _, n := range c.counts {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b Count) int { return slices.CompareFunc(a.By, b.By, strings.Compare) })
	return all
}
