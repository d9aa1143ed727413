// Package store answers questions about the schemas of one cloud from the data
// that its catalogue embeds.
//
// The published part is a zip file that a generator made of what the cloud
// publishes, in the form that package internal/catalog writes. Our own part is a
// folder of JSON files, written by hand, that together are one text for
// asset.ParseSchemas; it says what is not published, and is put over the published
// part. Where it says "a" (anything) of a field that is published it only adds marks,
// and for a field that is not published it must say what it is.
package store

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
)

// groupsFile is the file of the own part that tells, for groups of types, the class
// of the assets and whether they are global. The schema of a type says otherwise
// where it has a class, and adds to it where it is global.
const groupsFile = ownDir + "/groups.json"

const ownDir = "own"

// indexEntry is the entry of the published part that lists all its types.
const indexEntry = "index"

type trait struct {
	Class  string
	Global bool
}

// Source is where the data of a cloud is from.
type Source struct {
	Published string                  // a zip file
	Own       embed.FS                // own/*.json
	Group     func(asset.Type) string // the entry of Published that a type is in
	Fold      func(string) string     // makes equal what is one type; nil: nothing is folded

	// Parents returns the types of the assets that contain those of a type, nearest first.
	Parents func(asset.Type) []asset.Type
}

// Store holds schemas and reads each when it is first requested. It is safe for
// concurrent use.
//
// The data is part of the program, and tests read all of it; a method panics if it
// is damaged.
type Store struct {
	source Source
	index  func() *index
}

// New returns a store. It reads nothing yet.
func New(s Source) *Store {
	if s.Fold == nil {
		s.Fold = func(name string) string { return name }
	}
	st := &Store{source: s}
	st.index = sync.OnceValue(st.load)
	return st
}

type index struct {
	types   []asset.Type // sorted
	entries map[string]*entry
}

type entry struct {
	typ       asset.Type
	published *group        // nil for a type that is only in the own part
	own       *asset.Schema // nil for a type that is only published
	trait     trait

	once   sync.Once
	schema *asset.Schema
}

// group is the published part of some types: for each a text for asset.ParseSchemas.
type group struct {
	file *zip.File
	read func() map[asset.Type][]byte
}

// Schema returns the schema of a type, and whether there is one.
func (s *Store) Schema(t asset.Type) (*asset.Schema, bool) {
	e, ok := s.index().entries[s.source.Fold(string(t))]
	if !ok {
		return nil, false
	}
	e.once.Do(func() {
		e.load()
		if e.schema.Parents == nil && s.source.Parents != nil {
			e.schema.Parents = s.source.Parents(e.typ)
		}
	})
	return e.schema, true
}

// Types returns all types, sorted.
func (s *Store) Types() iter.Seq[asset.Type] {
	return func(yield func(asset.Type) bool) {
		for _, t := range s.index().types {
			if !yield(t) {
				return
			}
		}
	}
}

func (e *entry) load() {
	e.schema = &asset.Schema{Type: e.typ, Provider: e.typ.Provider()}
	if e.published != nil {
		text, ok := e.published.read()[e.typ]
		if !ok {
			panic(fmt.Sprintf("catalog: %s is not in %s", e.typ, e.published.file.Name))
		}
		e.schema = parse(text)[0]
	}
	if e.own != nil {
		merge(e.schema, e.own)
	}
	if e.schema.Class == "" {
		e.schema.Class = e.trait.Class
	}
	e.schema.Global = e.schema.Global || e.trait.Global
}

func (s *Store) load() *index {
	x := &index{entries: map[string]*entry{}}
	add := func(t asset.Type) *entry {
		key := s.source.Fold(string(t))
		e := x.entries[key]
		if e == nil {
			e = &entry{typ: t}
			x.entries[key] = e
			x.types = append(x.types, t)
		}
		return e
	}
	z, err := zip.NewReader(strings.NewReader(s.source.Published), int64(len(s.source.Published)))
	check(err)
	groups := map[string]*group{}
	for _, f := range z.File {
		groups[f.Name] = &group{f, sync.OnceValue(func() map[asset.Type][]byte { return lines(f) })}
	}
	for line := range bytes.Lines(content(groups[indexEntry].file)) {
		t := asset.Type(bytes.TrimSpace(line))
		g, ok := groups[s.source.Group(t)]
		if !ok {
			panic(fmt.Sprintf("catalog: no group of %s", t))
		}
		add(t).published = g
	}
	for _, own := range parse(s.own()) {
		add(own.Type).own = own
	}
	var traits map[string]trait
	check(json.Unmarshal(s.read(groupsFile), &traits))
	for _, e := range x.entries {
		e.trait = traits[s.source.Group(e.typ)]
	}
	slices.Sort(x.types)
	return x
}

// lines reads an entry of the published part: one line for each type, which is a
// text for asset.ParseSchemas by itself.
func lines(f *zip.File) map[asset.Type][]byte {
	all := map[asset.Type][]byte{}
	for line := range bytes.Lines(content(f)) {
		name, _, ok := bytes.Cut(bytes.TrimPrefix(line, []byte(`{"`)), []byte(`"`))
		if !ok {
			panic("catalog: malformed line in " + f.Name)
		}
		all[asset.Type(name)] = line
	}
	return all
}

func parse(text []byte) []*asset.Schema {
	all, err := asset.ParseSchemas(text)
	check(err)
	return all
}

// own joins the files of our own part, each a JSON map, to one. A type that is in
// two files is a key that occurs twice, which the parser refuses.
func (s *Store) own() []byte {
	files, err := fs.Glob(s.source.Own, ownDir+"/*.json")
	check(err)
	var bodies [][]byte
	for _, name := range files {
		if name != groupsFile {
			text := bytes.TrimSpace(s.read(name))
			bodies = append(bodies, bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("{")), []byte("}")))
		}
	}
	return slices.Concat([]byte("{"), bytes.Join(bodies, []byte(",")), []byte("}"))
}

func (s *Store) read(name string) []byte {
	data, err := s.source.Own.ReadFile(name)
	check(err)
	return data
}

func content(f *zip.File) []byte {
	r, err := f.Open()
	check(err)
	defer r.Close()
	data, err := io.ReadAll(r)
	check(err)
	return data
}

func check(err error) {
	if err != nil {
		panic(fmt.Sprintf("catalog: %v", err))
	}
}
