package compliance

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/internal/yamlfile"
	"github.com/openstance/stance/policy"
)

// Load reads standards, every file of the file systems whose name ends in .yaml or
// .yml, and returns them sorted by id. A file has one standard:
//
//	id: acme-cloud-2026
//	name: Acme cloud guideline
//	provider: aws              # optional
//	requirements:
//	  - id: "1"
//	    title: Storage
//	    sections:
//	      - {id: "1.1", title: Buckets are private, level: 1, policies: [aws-s3-bucket-not-public]}
//	      - {id: "1.2", title: Data owners are named, manual: true}
//
// The error joins every problem of every file, each a *[policy.Diagnostic] with its file,
// line and column: keys that are not known, ids that occur twice, what is missing.
// Then there are no standards. A file system without a file is an error as well.
func Load(fsys ...fs.FS) ([]*Standard, error) {
	var all []*Standard
	var problems []error
	first := map[string]string{}
	for _, fsys := range fsys {
		files := 0
		err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if ext := path.Ext(name); d.IsDir() || ext != ".yaml" && ext != ".yml" {
				return nil
			}
			files++
			source, err := yamlfile.Read(fsys, name, policy.MaxFile)
			if err != nil {
				problems = append(problems, &policy.Diagnostic{File: name, Line: 1, Column: 1, What: err.Error()})
				return nil
			}
			r := newReader(name)
			s := r.read(source)
			if other, ok := first[s.ID]; ok && s.ID != "" {
				r.Problem(r.id, "duplicate standard %q (also in %s)", s.ID, other)
			}
			first[s.ID] = name
			problems = append(problems, r.problems...)
			all = append(all, s)
			return nil
		})
		if err == nil && files == 0 {
			err = errors.New("no standards: no file ends in .yaml or .yml")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("read standards: %w", err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	slices.SortFunc(all, func(a, b *Standard) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

var (
	standardID = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
	sectionID  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

// reader reads one file. It goes on after a problem, to find the others.
type reader struct {
	yamlfile.File
	problems []error
	id       *yaml.Node // of the standard
	sections map[string]bool
	chapters map[string]bool
}

func newReader(name string) *reader {
	r := &reader{sections: map[string]bool{}, chapters: map[string]bool{}, id: &yaml.Node{Line: 1, Column: 1}}
	r.Report = func(line, column int, what string) {
		r.problems = append(r.problems, &policy.Diagnostic{File: name, Line: line, Column: column, What: what})
	}
	return r
}

func (r *reader) read(source []byte) *Standard {
	s := &Standard{}
	root := r.Document(source, policy.MaxFile)
	if root == nil {
		return s
	}
	r.id = root
	seen := r.Mapping(root, map[string]func(*yaml.Node){
		"id": func(n *yaml.Node) {
			r.id = n
			s.ID = r.name(n, standardID)
		},
		"name":     func(n *yaml.Node) { s.Name = r.text(n) },
		"provider": func(n *yaml.Node) { s.Provider = r.text(n) },
		"requirements": func(n *yaml.Node) {
			r.List(n, func(n *yaml.Node) { s.Requirements = append(s.Requirements, r.requirement(n)) })
		},
	})
	r.require(root, seen, "id", "name", "requirements")
	if len(s.Requirements) == 0 && seen["requirements"] != nil {
		r.Problem(root, "missing requirements")
	}
	return s
}

func (r *reader) requirement(n *yaml.Node) Requirement {
	var q Requirement
	seen := r.Mapping(n, map[string]func(*yaml.Node){
		"id":    func(n *yaml.Node) { q.ID = r.unique(n, r.chapters) },
		"title": func(n *yaml.Node) { q.Title = r.text(n) },
		"sections": func(n *yaml.Node) {
			r.List(n, func(n *yaml.Node) { q.Sections = append(q.Sections, r.section(n)) })
		},
	})
	r.require(n, seen, "id", "title", "sections")
	if len(q.Sections) == 0 && seen["sections"] != nil {
		r.Problem(n, "missing sections")
	}
	return q
}

func (r *reader) section(n *yaml.Node) Section {
	var s Section
	seen := r.Mapping(n, map[string]func(*yaml.Node){
		"id":    func(n *yaml.Node) { s.ID = r.unique(n, r.sections) },
		"title": func(n *yaml.Node) { s.Title = r.text(n) },
		"level": func(n *yaml.Node) {
			var err error
			if s.Level, err = strconv.Atoi(n.Value); err != nil || s.Level < 1 || s.Level > 9 {
				r.Problem(n, "want a level from 1 to 9")
			}
		},
		"manual": func(n *yaml.Node) {
			if n.Tag != "!!bool" || n.Decode(&s.Manual) != nil {
				r.Problem(n, "want true or false")
			}
		},
		"policies": func(n *yaml.Node) {
			r.List(n, func(n *yaml.Node) {
				id := r.text(n)
				if slices.Contains(s.Policies, id) {
					r.Problem(n, "duplicate policy %q", id)
				}
				s.Policies = append(s.Policies, id)
			})
		},
	})
	r.require(n, seen, "id", "title")
	return s
}

// unique reads the id of a requirement or section.
func (r *reader) unique(n *yaml.Node, taken map[string]bool) string {
	id := r.name(n, sectionID)
	if taken[id] && id != "" {
		r.Problem(n, "duplicate id %q", id)
	}
	taken[id] = true
	return id
}

func (r *reader) name(n *yaml.Node, form *regexp.Regexp) string {
	s := r.text(n)
	if s != "" && !form.MatchString(s) {
		r.Problem(n, "invalid id %q (want the form %s)", s, form)
	}
	return s
}

// text reads a text. A number that is not quoted is one as it is written: 1.10 is
// another section than 1.1.
func (r *reader) text(n *yaml.Node) string {
	s := strings.TrimSpace(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || s == "" {
		r.Problem(n, "want a string")
	}
	return s
}

func (r *reader) require(n *yaml.Node, seen map[string]*yaml.Node, keys ...string) {
	for _, k := range keys {
		if seen[k] == nil && n.Kind == yaml.MappingNode {
			r.Problem(n, "missing key %q", k)
		}
	}
}
