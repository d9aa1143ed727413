package asset

import (
	"strconv"
	"strings"
)

const (
	projectType = Type("cloudresourcemanager.googleapis.com/Project")
	projectStep = "/projects/"
)

// numbered is what an inventory knows of projects of Google Cloud, which names of
// resources have by number or by id.
type numbered struct {
	ids    map[string]string // of the projects, by number
	assets map[Ref]*Asset    // whose names have the number, by the ref with the id
}

func (n *numbered) add(a *Asset) {
	if a.Type != projectType {
		return
	}
	number, err := a.Config.Get("projectNumber").Str()
	if x, intErr := a.Config.Get("projectNumber").Int(); intErr == nil {
		number, err = strconv.FormatInt(x, 10), nil
	}
	id, idErr := a.Config.Get("projectId").Str()
	if err != nil || idErr != nil || !startsWithDigit(number) || id == "" || startsWithDigit(id) {
		return
	}
	if n.ids == nil {
		n.ids = map[string]string{}
	}
	n.ids[number] = strings.Clone(id)
}

// canonical returns a ref with the id of a project in place of its number, if the
// inventory has the project.
func (n *numbered) canonical(r Ref) Ref {
	if before, number, after, ok := projectNumber(r); ok {
		if id, known := n.ids[number]; known {
			r.ID = before + id + after
		}
	}
	return r
}

// projectNumber cuts a name that has the number of a project. The id of a project does
// not begin with a digit.
func projectNumber(r Ref) (before, number, after string, ok bool) {
	i := strings.Index(r.ID, projectStep)
	if i < 0 || !strings.HasPrefix(r.ID, "//") || !startsWithDigit(r.ID[i+len(projectStep):]) {
		return "", "", "", false
	}
	i += len(projectStep)
	end := len(r.ID)
	if j := strings.IndexByte(r.ID[i:], '/'); j >= 0 {
		end = i + j
	}
	return r.ID[:i], r.ID[i:end], r.ID[end:], true
}

func startsWithDigit(s string) bool { return s != "" && s[0]-'0' <= 9 }

// find returns the asset with a ref, whichever name it and the asset have of the project.
func (inv *Inventory) find(r Ref) (*Asset, bool) {
	a, ok := inv.assets[r]
	if ok || !strings.HasPrefix(r.ID, "//") || !strings.Contains(r.ID, projectStep) {
		return a, ok
	}
	x := &inv.indexed().numbered
	r = x.canonical(r)
	if a, ok = inv.assets[r]; !ok {
		a, ok = x.assets[r]
	}
	return a, ok
}
