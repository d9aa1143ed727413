package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// Cloud is a cloud that a program can scan.
type Cloud struct {
	Name  string // of the provider
	Flags func(*flag.FlagSet)
	// Provider returns the provider that the flags describe. It calls nothing yet.
	Provider func(ctx context.Context) (provider.Provider, error)
}

// Scan returns the command that evaluates policies over the embedded organization, a
// snapshot, or the clouds that a program passes in.
func Scan(clouds ...Cloud) *Command {
	s := &scan{clouds: clouds}
	return &Command{
		Name:    "scan",
		Summary: "Evaluate policies over a snapshot, a live cloud or the example organization",
		Args:    "[-explain POLICY ASSET]",
		Flags:   s.flags,
		Run:     s.run,
	}
}

type scan struct {
	clouds   []Cloud
	policies Policies
	output   Output
	snapshot string
	scanned  []string
	types    []string
	save     string
	explain  string
	role     string
	strict   bool
}

func (s *scan) flags(fl *flag.FlagSet) {
	s.policies.Register(fl)
	s.output.Register(fl)
	fl.StringVar(&s.snapshot, "snapshot", "", "read this `file` instead of the example organization; - is standard input")
	fl.BoolVar(&s.strict, "strict", false, "end at a duplicate asset of the -snapshot, or a part of one that does not fit its schema")
	fl.StringVar(&s.explain, "explain", "", "print how the `policy` decides for the asset whose id or name follows the flags")
	role := "role"
	if len(s.clouds) > 0 {
		role = "print-role"
		fl.Var(List(&s.scanned), "cloud", "`clouds` to scan, separated by commas: "+strings.Join(s.names(), ", "))
		fl.Var(List(&s.types), "types", "`types` to read besides those that the policies need, such as AWS::Glue::Job, separated by commas; -o writes them, too")
		fl.StringVar(&s.save, "o", "", "write what was read to this `file` as a snapshot; a name that ends in .gz is gzip")
	}
	fl.StringVar(&s.role, role, "", "print the least role that the policies need of a `cloud`, aws, azure or gcp, and do nothing else")
	for _, c := range s.clouds {
		c.Flags(fl)
	}
}

func (s *scan) names() []string {
	var names []string
	for _, c := range s.clouds {
		names = append(names, c.Name)
	}
	return names
}

// check checks what the flags say together.
func (s *scan) check(args []string) error {
	switch {
	case s.explain != "" && len(args) != 1:
		return errors.New("-explain POLICY needs the id of one asset after the flags")
	case s.explain == "" && len(args) != 0:
		return noArguments(args)
	case s.snapshot != "" && len(s.scanned) > 0:
		return errors.New("-snapshot and -cloud exclude each other")
	case s.strict && s.snapshot == "":
		return errors.New("-strict: needs -snapshot")
	case s.save != "" && len(s.scanned) == 0:
		return errors.New("-o: needs -cloud")
	case len(s.types) > 0 && len(s.scanned) == 0:
		return errors.New("-types: needs -cloud")
	}
	for _, name := range s.scanned {
		if !slices.Contains(s.names(), name) {
			return fmt.Errorf("-cloud %s: want one of %s", name, strings.Join(s.names(), ", "))
		}
	}
	return nil
}

func (s *scan) run(ctx context.Context, streams IO, args []string) (int, error) {
	if err := s.check(args); err != nil {
		return Trouble, err
	}
	all, err := s.output.open()
	if err != nil {
		return Trouble, err
	}
	defer all.abandon()
	progress := newProgress(streams.Err)
	defer progress.done()
	providers, err := s.providers(ctx)
	if err != nil {
		return Trouble, err
	}
	at := time.Now()
	if s.snapshot == "" && len(s.scanned) == 0 {
		at = organization.Now()
	}
	opts := &policy.Options{Now: func() time.Time { return at }}
	set, err := s.policies.Set(opts, s.scanned...)
	if err != nil {
		return Trouble, err
	}
	if s.role != "" {
		return printRole(streams.Out, s.role, set)
	}
	var inv *asset.Inventory
	lines := map[asset.Ref]int{}
	if len(providers) > 0 {
		inv, err = s.live(ctx, streams, set, providers, progress)
	} else {
		opts := snapshot.Options{Strict: s.strict}
		if all.locate() {
			opts.Line = func(ref asset.Ref, line int) { lines[ref] = line }
		}
		inv, err = readSnapshotWith(ctx, s.snapshot, opts, streams)
	}
	if err != nil {
		return Trouble, err
	}
	if s.explain != "" {
		return explain(ctx, streams.Out, set, inv, s.explain, args[0])
	}
	return s.output.report(all, streams, metered(streams, inv, set.Evaluate(ctx, inv)), source{name: s.source(), file: s.file(), lines: lines, at: at, inv: inv, set: set})
}

// source names what is judged.
func (s *scan) source() string {
	if len(s.scanned) > 0 {
		return "live: " + strings.Join(s.scanned, ", ")
	}
	return sourceOf(s.snapshot)
}

// sourceOf names the source that a flag -snapshot selects.
func sourceOf(snapshot string) string {
	switch snapshot {
	case "":
		return "example organization"
	case "-":
		return "snapshot on standard input"
	}
	return "snapshot " + filepath.Base(snapshot)
}

// file returns the file that the assets are read from, if it lies below the directory
// that the program runs in.
func (s *scan) file() string {
	if s.snapshot != "" && filepath.IsLocal(s.snapshot) && s.snapshot != "-" {
		return filepath.ToSlash(filepath.Clean(s.snapshot))
	}
	return ""
}

// metered shows on a terminal how many findings there are.
func metered(streams IO, inv *asset.Inventory, findings iter.Seq2[policy.Finding, error]) iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		meter := NewMeter(streams.Err)
		defer meter.Done()
		count := 0
		for f, err := range findings {
			count++
			meter.Show(func() string { return fmt.Sprintf("%d findings of %d assets", count, inv.Len()) })
			if !yield(f, err) {
				return
			}
		}
	}
}

func (s *scan) providers(ctx context.Context) ([]provider.Provider, error) {
	var all []provider.Provider
	slices.Sort(s.scanned)
	s.scanned = slices.Compact(s.scanned)
	for _, c := range s.clouds {
		if !slices.Contains(s.scanned, c.Name) {
			continue
		}
		p, err := c.Provider(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// live reads the clouds, prints what could not be read, and saves a snapshot if the
// flags request one.
func (s *scan) live(ctx context.Context, streams IO, set *policy.Set, providers []provider.Provider, progress *progress) (*asset.Inventory, error) {
	q, err := s.query(set)
	if err != nil {
		return nil, err
	}
	if s.save != "" {
		if _, err := os.Stat(filepath.Dir(s.save)); err != nil {
			return nil, fmt.Errorf("-o: %w", err)
		}
	}
	q.Progress = progress.show
	inv, err := provider.Collect(ctx, q, providers...)
	progress.done()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && inv.Len() == 0:
		return nil, err
	case err != nil:
		fmt.Fprintf(streams.Err, "scan: %s\n", printable.Lines(err.Error()))
	}
	printGaps(streams.Err, inv)
	if inv.Len() == 0 {
		return nil, errors.New("nothing could be read")
	}
	if s.save != "" {
		return inv, saveSnapshot(s.save, inv)
	}
	return inv, nil
}

// query returns the query for what the policies read, and for all of the types that
// -types names.
func (s *scan) query(set *policy.Set) (provider.Query, error) {
	q := provider.Query{Types: set.Types(), Reads: set.Reads(), MaxBytes: maxInventory}
	for _, name := range s.types {
		schema, ok := catalog.Schema(asset.Type(name))
		if !ok || !slices.Contains(s.scanned, schema.Provider) {
			return q, fmt.Errorf("-types %s: unknown type of %s", name, strings.Join(s.scanned, ", "))
		}
		q.Types = append(q.Types, schema.Type)
		delete(q.Reads, schema.Type)
	}
	slices.Sort(q.Types)
	q.Types = slices.Compact(q.Types)
	return q, nil
}

// readSnapshot reads a snapshot: a file, "-" for standard input, "" for the embedded
// organization.
func readSnapshot(ctx context.Context, file string, streams IO) (*asset.Inventory, error) {
	return readSnapshotWith(ctx, file, snapshot.Options{}, streams)
}

func readSnapshotWith(ctx context.Context, file string, opts snapshot.Options, streams IO) (*asset.Inventory, error) {
	var problems string
	opts.Summary = func(s snapshot.Summary) { problems = describe(s) }
	inv, err := gather(ctx, observations(ctx, file, opts, streams), maxInventory, streams)
	if err != nil {
		return nil, err
	}
	if problems != "" {
		fmt.Fprintf(streams.Err, "%s: %s\n", printable.Text(cmp.Or(file, "example organization")), problems)
	}
	return inv, nil
}

// maxInventory is the size of the largest inventory that a command holds.
const maxInventory = 16 << 30

// gather returns the inventory of observations.
func gather(ctx context.Context, obs iter.Seq2[asset.Observation, error], limit int64, streams IO) (*asset.Inventory, error) {
	meter := NewMeter(streams.Err)
	defer meter.Done()
	inv, count := &asset.Inventory{}, 0
	for o, err := range obs {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		if inv.Add(o); inv.Size() > limit {
			return nil, fmt.Errorf("%w: more than %d bytes", provider.ErrTooLarge, limit)
		}
		count++
		meter.Show(func() string { return fmt.Sprintf("%d observations read", count) })
	}
	return inv, nil
}

// describe returns what is wrong with the assets of a snapshot, "" if nothing is, and the
// first problem.
func describe(s snapshot.Summary) string {
	unknown := 0
	for _, n := range s.Unknown {
		unknown += n
	}
	var parts []string
	for _, p := range []struct {
		count      int
		one, other string
	}{
		{s.Duplicates, "duplicate asset", "duplicate assets"},
		{s.Misfits, "part of an asset that does not fit its schema", "parts of assets that do not fit their schemas"},
		{unknown, "asset of an unknown type", "assets of unknown types"},
	} {
		switch p.count {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", p.count, p.other))
		}
	}
	text := strings.Join(parts, ", ")
	switch {
	case len(s.Problems) > 0:
		text += ", such as " + s.Problems[0].Error()
	case unknown > 0:
		text += ", such as " + string(slices.Min(slices.Collect(maps.Keys(s.Unknown))))
	}
	return printable.Text(text)
}

func observations(ctx context.Context, file string, opts snapshot.Options, streams IO) iter.Seq2[asset.Observation, error] {
	switch file {
	case "":
		return organization.Provider().Discover(ctx, provider.Query{})
	case "-":
		opts.Name = "standard input"
		return snapshot.Read(streams.In, &opts)
	}
	return snapshot.File(file, &opts).Discover(ctx, provider.Query{})
}

// saveSnapshot writes a snapshot, with gaps and coverage before the assets, as programs
// that evaluate assets as they come want it. The file appears when it is whole.
func saveSnapshot(name string, inv *asset.Inventory) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".snapshot-*")
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("-o %s: %w", name, err)
		}
	}()
	observations := func(yield func(asset.Observation, error) bool) {
		for _, g := range inv.Gaps() {
			if !yield(g, nil) {
				return
			}
		}
		for _, c := range inv.AllCoverage() {
			if !yield(c, nil) {
				return
			}
		}
		for a := range inv.All() {
			if !yield(a, nil) {
				return
			}
		}
	}
	if err := snapshot.Write(f, observations, &snapshot.WriteOptions{Name: name}); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
