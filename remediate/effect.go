package remediate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openstance/stance/asset"
)

// Change is one operation of a JSON patch (RFC 6902) on the documents of an asset.
type Change struct {
	Op string `json:"op"` // "add", "replace" or "remove"
	// Path is a JSON pointer (RFC 6901) from the asset: "/config/VersioningConfiguration/Status".
	// Its first member is config, access or status. "/config" is the whole document. Unlike in
	// RFC 6902, "add" makes the maps that are missing on the way.
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"` // of add and replace
}

// Set returns the change that sets the part of an asset to x, a value of JSON or an
// [asset.Value]. The part and the maps on the way need not be there.
func Set(p asset.Path, x any) (Change, error) {
	pointer, err := pointerOf(p)
	if err != nil {
		return Change{}, err
	}
	data, err := json.Marshal(x)
	if err != nil {
		return Change{}, fmt.Errorf("set %s: %w", p, err)
	}
	return Change{Op: "add", Path: pointer, Value: data}, nil
}

// Remove returns the change that removes the part of an asset, which must be there.
func Remove(p asset.Path) (Change, error) {
	pointer, err := pointerOf(p)
	if err != nil {
		return Change{}, err
	}
	return Change{Op: "remove", Path: pointer}, nil
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

// pointerOf returns a path as a JSON pointer.
func pointerOf(p asset.Path) (string, error) {
	steps, err := p.Steps()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range steps {
		b.WriteByte('/')
		switch {
		case s.Any:
			return "", fmt.Errorf("path %q: [*] is not one part", p)
		case s.Index >= 0:
			b.WriteString(strconv.Itoa(s.Index))
		default:
			b.WriteString(escapePointer.Replace(s.Key))
		}
	}
	return b.String(), nil
}

// tokens returns the members of a JSON pointer.
func tokens(pointer string) ([]string, error) {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("malformed JSON pointer %.200q", pointer)
	}
	all := strings.Split(rest, "/")
	if len(all) > asset.MaxDepth {
		return nil, fmt.Errorf("JSON pointer of more than %d members", asset.MaxDepth)
	}
	for i, t := range all {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(t), "~") {
			return nil, fmt.Errorf("malformed JSON pointer %.200q", pointer)
		}
		all[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return all, nil
}

// errMissing is the error of a change of a part that is not there.
var errMissing = errors.New("no such part")

// document returns the document of an asset that a change is in.
func document(a *asset.Asset, name string) (*asset.Value, error) {
	switch name {
	case "config":
		return &a.Config, nil
	case "access":
		return &a.Access, nil
	case "status":
		return &a.Status, nil
	}
	return nil, fmt.Errorf("unknown document %.100q (want config, access or status)", name)
}

// apply returns a copy of the asset after a step. The parts of the status that the step may
// change, and that its effect does not state, are unread in it.
func (s *Step) apply(a *asset.Asset) (*asset.Asset, error) {
	b := *a
	if !b.Status.IsAbsent() && !slices.Contains(s.Keeps, "status") {
		var keep []asset.Path
		for _, p := range slices.Concat(s.Keeps, s.changed()) {
			if name, rest := p.Document(); name == "status" {
				keep = append(keep, rest)
			}
		}
		status, err := b.Status.Project(keep...)
		if err != nil {
			return nil, fmt.Errorf("step %s keeps: %w", s.ID, err)
		}
		b.Status = status
	}
	for _, c := range s.Effect {
		if err := c.apply(&b); err != nil {
			return nil, fmt.Errorf("step %s: %s %s: %w", s.ID, c.Op, c.Path, err)
		}
	}
	return &b, nil
}

// changed returns the paths that the changes of the step name.
func (s *Step) changed() []asset.Path {
	var paths []asset.Path
	for _, c := range s.Effect {
		names, err := tokens(c.Path)
		if err != nil {
			continue // apply reports it
		}
		p := asset.Path(names[0])
		for _, name := range names[1:] {
			p = p.Key(name)
		}
		paths = append(paths, p)
	}
	return paths
}

func (c *Change) apply(a *asset.Asset) error {
	path, err := tokens(c.Path)
	if err != nil {
		return err
	}
	doc, err := document(a, path[0])
	if err != nil {
		return err
	}
	p := patch{op: c.Op}
	switch c.Op {
	case "add", "replace":
		if p.value, err = asset.Parse(c.Value); err != nil {
			return err
		}
	case "remove":
	default:
		return fmt.Errorf("unknown operation %.100q (want add, replace or remove)", c.Op)
	}
	changed, err := p.of(*doc, path[1:])
	if err != nil {
		return err
	}
	*doc = changed
	return nil
}

// patch is one operation, with its value.
type patch struct {
	op    string
	value asset.Value // absent: remove
}

// of returns v with the change at path.
func (p *patch) of(v asset.Value, path []string) (asset.Value, error) {
	if len(path) == 0 {
		if p.op != "add" && v.Kind() == asset.Absent {
			return v, errMissing
		}
		return p.value, nil
	}
	if u := v.Unread(); u != nil {
		return v, u
	}
	switch v.Kind() {
	case asset.List:
		return p.list(v, path)
	case asset.Map:
	case asset.Absent, asset.Null:
		if p.op != "add" {
			return v, errMissing
		}
	default:
		return v, &asset.KindError{Want: asset.Map, Got: v.Kind()}
	}
	m, err := p.of(v.Get(path[0]), path[1:])
	if err != nil {
		return v, err
	}
	return v.Set(asset.Path("").Key(path[0]), m)
}

func (p *patch) list(v asset.Value, path []string) (asset.Value, error) {
	n, last := v.Len(), len(path) == 1
	at := n
	if path[0] != "-" {
		var err error
		if at, err = strconv.Atoi(path[0]); err != nil || at < 0 || path[0] != strconv.Itoa(at) {
			return v, fmt.Errorf("invalid index %.100q of a list", path[0])
		}
	}
	insert := last && p.op == "add"
	if at > n || at == n && !insert {
		return v, errMissing
	}
	if !insert && !(last && p.op == "remove") {
		m, err := p.of(v.Index(at), path[1:])
		if err != nil {
			return v, err
		}
		return v.Set(asset.Path("").Index(at), m)
	}
	var b asset.Builder
	b.OpenList()
	for i := range n + 1 {
		if i == at && insert {
			b.Value(p.value, nil)
		}
		if i < n && (i != at || insert) {
			b.Value(v.Index(i), nil)
		}
	}
	b.CloseList()
	var out asset.Value
	err := b.Documents(&out)
	return out, err
}

// at returns the value of the part of an asset that a change is about. Of a part in a list
// it is the whole list, since changes move its elements.
func (c *Change) at(a *asset.Asset) (At, error) {
	names, err := tokens(c.Path)
	if err != nil {
		return At{}, err
	}
	doc, err := document(a, names[0])
	if err != nil {
		return At{}, err
	}
	path, v := asset.Path(names[0]), *doc
	for _, name := range names[1:] {
		if v.Kind() == asset.List || v.IsAbsent() {
			break
		}
		path, v = path.Key(name), v.Get(name)
	}
	at := At{Path: path}
	if v.Kind() != asset.Absent {
		if at.Value, err = v.MarshalJSON(); err != nil {
			return At{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return at, nil
}

// values returns the parts of an asset that a step changes, sorted, each once.
func (s *Step) values(a *asset.Asset) ([]At, error) {
	all := []At{}
	for _, c := range s.Effect {
		v, err := c.at(a)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(o At) bool { return o.Path.Covers(v.Path) }) {
			all = slices.DeleteFunc(all, func(o At) bool { return v.Path.Covers(o.Path) })
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b At) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return all, nil
}
