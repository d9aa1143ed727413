package remediate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Fix is a repair of assets of some types. Policies name it in their remediation
// ([policy.Remediation].Fix). Its functions are safe for concurrent use.
type Fix struct {
	ID      string // lower case, digits and dashes: "aws-s3-bucket-public-access-block"
	Version int    // from 1; another one for every change of what the fix does
	Types   []asset.Type
	// Writes lists the paths, from an asset of the types, that the steps may change.
	Writes []asset.Path
	// Makes lists the types of the assets beside the target that steps may create, change or
	// delete. A policy that the fix serves must look these types up.
	Makes  []asset.Type
	Params []Param
	// Permissions lists what Apply needs, in the cloud's names: "s3:PutBucketVersioning",
	// "Microsoft.Storage/storageAccounts/write", "storage.buckets.update".
	Permissions []string
	Source      string // URL of the page that documents the requests

	// Propose returns what the fix would change. It changes nothing, and calls the cloud only
	// to read. The error is ErrNoFix, ErrParam or ErrUnknown, under errors.Is, or that of a read.
	Propose func(ctx context.Context, s *Situation) (*Proposal, error)
	// Apply makes the request of one step. It makes it once, at most: it does not retry a
	// request that may have been carried out. The error is ErrStale, under errors.Is, if the
	// cloud refuses the precondition; ErrNoReply if it is not known whether the request was
	// carried out; and else that of the cloud, which changed nothing.
	Apply func(ctx context.Context, t Target, s Step) error
}

// ErrNoReply is returned by Apply if it is not known whether the request was carried out:
// the connection was cut, or the time ran out, after it was sent.
var ErrNoReply = errors.New("no reply")

// Param is a choice that the caller makes: a key, a log bucket, an address range.
type Param struct {
	Name        string
	Description string
	Default     string // used if the caller gives none; empty: the caller must choose
}

// Situation is what a fix makes its proposal of: the present state.
type Situation struct {
	Finding policy.Finding // it fails
	Asset   *asset.Asset   // of the finding
	// Inventory holds the asset and the assets that its policy looks up, with their coverage.
	Inventory *asset.Inventory
	Params    map[string]string // with the defaults
	Now       time.Time
}

// Proposal is what a fix proposes for one finding. A Planner makes a plan of it.
type Proposal struct {
	Summary, Impact, Cost string
	// Class replaces the class of the policy if it is not empty, where the fix knows that the
	// change of this asset is of another.
	Class policy.Class
	// Checks has the outcome of every computed pre-check of the policy, by id. One that is
	// missing is unknown.
	Checks map[string]Outcome
	// Steps and Undo have an ID, Title, Request, Precondition.ETag, Effect and Keeps. The
	// planner fills in the rest.
	Steps, Undo []Step
	// Residue lists written paths that Undo leaves otherwise than they were, since the cloud
	// has no way back: versioning that was never enabled is suspended afterwards. Impact says
	// so. The planner verifies that Undo restores every other written path.
	Residue  []asset.Path
	Causes   []string // keys of findings that the steps may turn into fail or unknown
	Commands []Argv   // the equivalent commands, in order
}

// Outcome is the outcome of a computed pre-check.
type Outcome struct {
	Result   Result
	Evidence string // what was looked at and found, in a sentence
}

// Argv is a command as a list of arguments, the first of which is the program.
type Argv []string

// Fixes is a set of fixes by id. It is immutable and safe for concurrent use.
type Fixes struct{ byID map[string]*Fix }

// NewFixes makes a set of fixes. It is an error if one is incomplete, if two have the same id,
// or if two write the same part of one type: each would undo the other's work.
func NewFixes(fixes ...*Fix) (*Fixes, error) {
	set := &Fixes{byID: map[string]*Fix{}}
	var problems []error
	for i, f := range fixes {
		if err := f.verify(); err != nil {
			problems = append(problems, err)
			continue
		}
		if set.byID[f.ID] != nil {
			problems = append(problems, fmt.Errorf("duplicate fix %q", f.ID))
		}
		set.byID[f.ID] = f
		for _, o := range fixes[:i] {
			if t, p, ok := f.collides(o); ok {
				problems = append(problems, fmt.Errorf("fixes %q and %q both write %s of %s", o.ID, f.ID, p, t))
			}
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return set, nil
}

func (f *Fix) verify() error {
	switch {
	case f == nil:
		return errors.New("nil fix")
	case f.ID == "" || f.Version < 1 || len(f.Types) == 0 || len(f.Writes)+len(f.Makes) == 0:
		return fmt.Errorf("incomplete fix %q (want an id, a version from 1, types, and written paths or types)", f.ID)
	case f.Propose == nil || f.Apply == nil:
		return fmt.Errorf("incomplete fix %q (want Propose and Apply)", f.ID)
	}
	for _, p := range f.Writes {
		if name, rest := p.Document(); name != "config" && name != "access" && name != "status" {
			return fmt.Errorf("fix %q: written path %q (want config, access or status first)", f.ID, p)
		} else if _, err := rest.Steps(); err != nil {
			return fmt.Errorf("fix %q: %w", f.ID, err)
		}
	}
	return nil
}

// collides returns a part of a type that both fixes write.
func (f *Fix) collides(o *Fix) (asset.Type, asset.Path, bool) {
	for _, t := range f.Types {
		if o == nil || !slices.Contains(o.Types, t) {
			continue
		}
		for _, p := range f.Writes {
			for _, q := range o.Writes {
				if p.Covers(q) || q.Covers(p) {
					return t, p, true
				}
			}
		}
		for _, m := range f.Makes {
			if slices.Contains(o.Makes, m) {
				return t, asset.Path(m), true
			}
		}
	}
	return "", "", false
}

// Get returns the fix of an id.
func (s *Fixes) Get(id string) (*Fix, bool) {
	if s == nil {
		return nil, false
	}
	f, ok := s.byID[id]
	return f, ok
}

// All returns the fixes, sorted by id.
func (s *Fixes) All() []*Fix {
	if s == nil {
		return nil
	}
	all := make([]*Fix, 0, len(s.byID))
	for _, f := range s.byID {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *Fix) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
