package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/openstance/stance/internal/yamlfile"
)

// Load reads the policies of packs, every file whose name ends in .yaml or .yml, and
// compiles them to one set. The error joins every problem of every file, each a
// *[Diagnostic] with the file, line and column; then there is no set.
func Load(opts *Options, packs ...fs.FS) (*Set, error) {
	policies, err := Read(packs...)
	if err != nil {
		// The files without a problem are compiled as well, to report everything at once.
		_, more := NewSet(opts, policies...)
		return nil, errors.Join(err, more)
	}
	return NewSet(opts, policies...)
}

// Read reads the policies of packs without compiling them, in the order of the packs
// and of the names of their files. The error joins the problems of the files; the
// policies of files without a problem are returned beside it. An empty pack is an error, and
// so is none: a set without policies would never report a failure.
//
// A pack by others is read from the file system of an [os.Root], which holds links to
// files outside of it back. Files that are not regular, and files of more than [MaxFile]
// bytes, are problems.
func Read(packs ...fs.FS) ([]*Policy, error) {
	if len(packs) == 0 {
		return nil, errors.New("missing packs to read policies from")
	}
	var policies []*Policy
	var problems []error
	for _, fsys := range packs {
		some, err := readPack(fsys)
		policies = append(policies, some...)
		problems = append(problems, err)
	}
	return policies, errors.Join(problems...)
}

// maxFiles is the number of files of a pack.
const maxFiles = 10_000

func readPack(fsys fs.FS) ([]*Policy, error) {
	var policies []*Policy
	var problems []error
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		if files++; files > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		source, err := yamlfile.Read(fsys, name, MaxFile)
		if err != nil {
			problems = append(problems, &Diagnostic{File: name, Line: 1, Column: 1, What: err.Error()})
			return nil
		}
		p, errs := readPolicy(name, source)
		problems = append(problems, errs...)
		if len(errs) == 0 {
			policies = append(policies, p)
		}
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("no policies: no file ends in .yaml or .yml")
	}
	if err != nil {
		problems = append(problems, fmt.Errorf("read policies: %w", err))
	}
	return policies, errors.Join(problems...)
}
