package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
)

// Lists returns the commands that list what the library knows: policies, types,
// fields, relations and functions.
func Lists() []*Command {
	return []*Command{listPolicies(), listTypes(), listFields(), listRelations(), listFunctions()}
}

// table writes rows of cells in columns.
func table(out io.Writer, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

func listPolicies() *Command {
	var policies Policies
	return &Command{
		Name:    "policies",
		Summary: "List the policies with severity and title",
		Flags:   policies.Register,
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			if err := noArguments(args); err != nil {
				return Trouble, err
			}
			set, err := policies.Set(&policy.Options{})
			if err != nil {
				return Trouble, err
			}
			var rows [][]string
			for p := range set.Policies() {
				rows = append(rows, []string{p.Severity.String(), p.ID, p.Title})
			}
			return Clean, table(streams.Out, rows)
		},
	}
}

func listTypes() *Command {
	var cloud string
	return &Command{
		Name:    "types",
		Summary: "List the types of assets that the catalogue describes",
		Flags: func(fl *flag.FlagSet) {
			fl.StringVar(&cloud, "cloud", "", "only the types of this `cloud`: aws, azure or gcp")
		},
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			if err := noArguments(args); err != nil {
				return Trouble, err
			}
			var rows [][]string
			for t := range catalog.Types() {
				if cloud != "" && t.Provider() != cloud {
					continue
				}
				s, _ := catalog.Schema(t)
				rows = append(rows, []string{string(t), t.Provider(), s.Class})
			}
			if len(rows) == 0 {
				return Trouble, fmt.Errorf("-cloud %s: no types (want aws, azure or gcp)", cloud)
			}
			return Clean, table(streams.Out, rows)
		},
	}
}

// schemaOf returns the schema of the one type among the arguments.
func schemaOf(args []string) (*asset.Schema, error) {
	if len(args) != 1 {
		return nil, errors.New("want one type, such as AWS::S3::Bucket")
	}
	if s, ok := catalog.Schema(asset.Type(args[0])); ok {
		return s, nil
	}
	var names []string
	for t := range catalog.Types() {
		names = append(names, string(t))
	}
	return nil, fmt.Errorf("unknown type %q%s", args[0], didYouMean(args[0], names))
}

func listFields() *Command {
	depth := 0
	return &Command{
		Name:    "fields",
		Args:    "TYPE",
		Summary: "List the fields of a type, as policies write them",
		Flags: func(fl *flag.FlagSet) {
			fl.IntVar(&depth, "depth", 3, "`levels` of fields below config, status and access; 0 is all")
		},
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			s, err := schemaOf(args)
			if err != nil {
				return Trouble, err
			}
			var rows [][]string
			for _, name := range []string{"config", "status", "access"} {
				shape := s.Document(name)
				if shape == nil {
					rows = append(rows, []string{name, "any"})
					continue
				}
				w := fieldWalk{rows: &rows, depth: depth, on: map[*asset.Shape]bool{}}
				w.walk(asset.Path(name), shape, "", 0)
			}
			return Clean, table(streams.Out, rows)
		},
	}
}

// fieldWalk lists the fields of a shape.
type fieldWalk struct {
	rows  *[][]string
	depth int
	on    map[*asset.Shape]bool // shapes on the way to here
}

func (w *fieldWalk) walk(at asset.Path, s *asset.Shape, marks string, level int) {
	kind := s.String()
	inner := s
	for inner != nil && (inner.Kind == asset.ListShape || inner.Kind == asset.MapShape) {
		at, inner = at.Any(), inner.Elem
	}
	switch {
	case inner == nil || inner.Kind != asset.ObjectShape || len(inner.Fields) == 0:
		*w.rows = append(*w.rows, []string{string(at), kind, marks})
		return
	case w.on[inner]:
		*w.rows = append(*w.rows, []string{string(at), kind, cmp.Or(marks, "nested in itself")})
		return
	case w.depth > 0 && level >= w.depth:
		*w.rows = append(*w.rows, []string{string(at), kind, cmp.Or(marks, fmt.Sprintf("%d more fields", len(inner.Fields)))})
		return
	}
	w.on[inner] = true
	defer delete(w.on, inner)
	for _, f := range inner.Fields {
		w.walk(at.Key(f.Name), f.Shape, f.Mark.String(), level+1)
	}
}

func listRelations() *Command {
	return &Command{
		Name:    "relations",
		Args:    "TYPE",
		Summary: "List the relations of a type: those that it has and those that lead to it",
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			s, err := schemaOf(args)
			if err != nil {
				return Trouble, err
			}
			rows := [][]string{}
			for _, l := range s.Links {
				to := []string{"any type"}
				if len(l.To) > 0 {
					to = nil
					for _, t := range l.To {
						to = append(to, string(t))
					}
				}
				rows = append(rows, []string{"follow('" + l.Rel + "')", strings.Join(to, ", ")})
			}
			for t, l := range catalog.Referrers(s.Type) {
				rows = append(rows, []string{"referrers('" + l.Rel + "')", string(t)})
			}
			if len(rows) == 0 {
				fmt.Fprintf(streams.Out, "%s has no relations.\n", s.Type)
			}
			return Clean, table(streams.Out, rows)
		},
	}
}

func listFunctions() *Command {
	return &Command{
		Name:    "functions",
		Args:    "[NAME]",
		Summary: "List the operators, macros and functions of expressions, or describe those with a name",
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			all := policy.Functions()
			switch len(args) {
			case 0:
				var rows [][]string
				for _, f := range all {
					rows = append(rows, []string{f.Group, f.Name, f.Doc})
				}
				return Clean, table(streams.Out, rows)
			case 1:
				return describeFunctions(streams.Out, args[0], all)
			}
			return Trouble, errors.New("want at most one name")
		},
	}
}

func describeFunctions(out io.Writer, name string, all []policy.Function) (int, error) {
	found := slices.DeleteFunc(slices.Clone(all), func(f policy.Function) bool { return f.Name != name })
	if len(found) == 0 {
		var names []string
		for _, f := range all {
			names = append(names, f.Name)
		}
		return Trouble, fmt.Errorf("unknown function %q%s", name, didYouMean(name, names))
	}
	for _, f := range found {
		fmt.Fprintf(out, "%s (%s, %s): %s\n", f.Name, f.Kind, f.Group, f.Doc)
		for _, s := range f.Signatures {
			fmt.Fprintf(out, "  %s\n", s)
		}
		if _, err := fmt.Fprintf(out, "  example: %s = %s\n", f.Example, f.Result); err != nil {
			return Trouble, err
		}
	}
	return Clean, nil
}
