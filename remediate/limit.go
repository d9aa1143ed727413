package remediate

import (
	"errors"
	"fmt"
	"math"
)

// Unlimited is the value of a [Limit] that limits nothing. Unattended runs refuse it.
const Unlimited = math.MaxInt

// Limit bounds what a run changes. Zero is the default of each member; negative values are
// refused. Plans beyond a limit end as not started.
type Limit struct {
	Changes    int `json:"changes,omitempty"`    // plans that are begun; zero: 10
	PerAccount int `json:"perAccount,omitempty"` // of an account; zero: 3
	PerSecond  int `json:"perSecond,omitempty"`  // steps that are begun, in all processes; zero: 1
}

// ErrLimit is returned for a plan that was not started because of a limit, the kill switch, or
// repeated failures of its fix.
var ErrLimit = errors.New("not started")

func (l Limit) verify(unattended bool) error {
	var problems []error
	for _, m := range []struct {
		name string
		n    int
	}{{"changes", l.Changes}, {"perAccount", l.PerAccount}, {"perSecond", l.PerSecond}} {
		switch {
		case m.n < 0:
			problems = append(problems, fmt.Errorf("negative limit %s", m.name))
		case unattended && m.n == Unlimited:
			problems = append(problems, fmt.Errorf("unlimited %s in an unattended run", m.name))
		}
	}
	return errors.Join(problems...)
}

// orDefault returns the limit with the defaults.
func (l Limit) orDefault() Limit {
	for _, m := range []struct {
		n *int
		d int
	}{{&l.Changes, 10}, {&l.PerAccount, 3}, {&l.PerSecond, 1}} {
		if *m.n == 0 {
			*m.n = m.d
		}
	}
	return l
}
