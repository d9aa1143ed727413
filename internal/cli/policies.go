package cli

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

// Policies holds the flags that select policies.
type Policies struct {
	packs       paths
	overlays    paths
	minSeverity severity
}

// Register adds the flags to a set of flags.
func (p *Policies) Register(fl *flag.FlagSet) {
	p.minSeverity = severity{policy.Informational}
	fl.Var(&p.packs, "packs", "read policies from a `directory` instead of the built-in ones; may be repeated")
	fl.Var(&p.overlays, "overlay", "adapt the policies as a `file` says: selection, severities, parameters, exceptions; may be repeated")
	fl.Var(&p.minSeverity, "min-severity", "omit policies below this `severity`")
}

// Packs returns the packs that the flags name, the built-in ones if they name none.
func (p *Policies) Packs() ([]fs.FS, error) {
	if len(p.packs) == 0 {
		return []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()}, nil
	}
	var from []fs.FS
	for _, d := range p.packs {
		fsys, err := directory(d)
		if err != nil {
			return nil, fmt.Errorf("-packs: %w", err)
		}
		from = append(from, fsys)
	}
	return from, nil
}

func directory(name string) (fs.FS, error) {
	switch info, err := os.Stat(name); {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is not a directory", name)
	}
	root, err := os.OpenRoot(name) // a link of the pack leads to nothing outside of it
	if err != nil {
		return nil, err
	}
	return root.FS(), nil
}

// Set compiles the policies. With clouds, only those about types of these clouds.
func (p *Policies) Set(opts *policy.Options, clouds ...string) (*policy.Set, error) {
	if p.minSeverity.Severity == none {
		return nil, errors.New("-min-severity: want a severity")
	}
	from, err := p.Packs()
	if err != nil {
		return nil, err
	}
	for _, name := range p.overlays {
		o, err := policy.ReadOverlay(os.DirFS(filepath.Dir(name)), filepath.Base(name))
		if err != nil {
			return nil, err
		}
		opts.Overlays = append(opts.Overlays, o)
	}
	if len(clouds) > 0 {
		only := &policy.Overlay{}
		for _, cloud := range clouds {
			only.Only = append(only.Only, policy.Selector{Provider: cloud})
		}
		opts.Overlays = append(opts.Overlays, only)
	}
	if p.minSeverity.Severity > policy.Informational {
		opts.Overlays = append(opts.Overlays, &policy.Overlay{Only: []policy.Selector{{Severity: p.minSeverity.Severity}}})
	}
	return policy.Load(opts, from...)
}

// severity is a flag: a severity, or none.
type severity struct{ policy.Severity }

// none is a severity that no policy has.
const none = policy.Critical + 1

func (s *severity) String() string {
	if s.Severity == none {
		return "none"
	}
	return s.Severity.String()
}

// Set implements flag.Value.
func (s *severity) Set(text string) (err error) {
	if text == "none" {
		s.Severity = none
		return nil
	}
	s.Severity, err = policy.ParseSeverity(text)
	return err
}
