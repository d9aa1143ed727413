package collect_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// A small cloud with projects and zones, whose boxes have lids. It stands for a second
// cloud: nothing here is of AWS.
const (
	boxType     asset.Type = "fake.test/Box"
	lidType     asset.Type = "fake.test/Lid"
	projectType asset.Type = "fake.test/Project"
)

var observed = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const fakeSchemas = `{
	"fake.test/Box": {
		"class": "storage",
		"config": {"name": "s", "size": "i", "open": "b", "lock": {"kind": "s", "keyBase64": "s"}, "labels": {"*": "s"}, "owners": ["s"], "secret:s": "s", "note": "s", "write:w": "s"},
		"status": {"used": "i"},
		"access": "a",
		"links": [{"rel": "account", "to": ["fake.test/Project"]}, {"rel": "region"}, {"rel": "key", "from": ["config.lock"]}],
		"operations": [
			{"name": "boxes.list", "permissions": ["box.list"]},
			{"name": "boxes.lock", "provides": ["config.lock"], "perAsset": true},
			{"name": "boxes.access", "provides": ["access"], "perAsset": true},
			{"name": "boxes.usage", "provides": ["status.used", "config.owners"]}
		]
	},
	"fake.test/Lid": {
		"config": {"name": "s"},
		"operations": [{"name": "boxes.list"}, {"name": "lids.list"}]
	},
	"fake.test/Project": {
		"global": true,
		"config": {"id": "s"},
		"operations": [{"name": "projects.get", "mayOmit": true}]
	}
}`

func schemas(t testing.TB) func(asset.Type) (*asset.Schema, bool) {
	t.Helper()
	all, err := asset.ParseSchemas([]byte(fakeSchemas))
	require.NoError(t, err)
	return func(typ asset.Type) (*asset.Schema, bool) {
		for _, s := range all {
			if s.Type == typ {
				return s, true
			}
		}
		return nil, false
	}
}

// codeError is how the cloud fails.
type codeError string

func (e codeError) Error() string { return "fake: " + string(e) }

// fake is the cloud. Boxes are named box-0, box-1 and so on, in pages of two.
type fake struct {
	engine *collect.Engine
	boxes  int
	lids   int // of each box
	lost   string
	fails  map[string]error                           // by operation, or operation and id
	on     func(ctx context.Context, op string) error // called before each call

	mu    sync.Mutex
	calls map[string]int
}

func newFake(t testing.TB) *fake {
	f := &fake{boxes: 3, lids: 1, fails: map[string]error{}, calls: map[string]int{}}
	f.engine = collect.New(collect.Cloud{
		Provider: "fake",
		Schema:   schemas(t),
		Locate: func(ref asset.Ref) (account, region string) {
			parts := strings.Split(ref.ID, "/") // project/zone/name
			if len(parts) < 3 {
				return "", ""
			}
			return parts[0], parts[1]
		},
		Place: func(s asset.Scope) asset.Ref {
			return asset.Ref{Type: projectType, ID: strings.TrimSuffix(s.Account+"/"+s.Region, "/")}
		},
		Unread: func(op string, err error) *asset.Unread {
			var own *asset.Unread
			var code codeError
			switch {
			case errors.As(err, &own):
				return own
			case errors.Is(err, context.DeadlineExceeded):
				return &asset.Unread{Op: op, Reason: asset.TimedOut, Code: "Timeout"}
			case errors.As(err, &code) && code == "Denied":
				return &asset.Unread{Op: op, Reason: asset.Denied, Code: string(code), Message: code.Error()}
			case errors.As(err, &code):
				return &asset.Unread{Op: op, Code: string(code), Message: code.Error()}
			}
			return &asset.Unread{Op: op, Reason: asset.Unavailable, Message: err.Error()}
		},
		HasCode: func(err error, codes []string) bool {
			var code codeError
			if !errors.As(err, &code) {
				return false
			}
			for _, c := range codes {
				if c == string(code) {
					return true
				}
			}
			return false
		},
		Now:     func() time.Time { return observed },
		Workers: 4, PerScope: 2,
	})
	return f
}

// call counts a call, and fails it if it is to fail.
func (f *fake) call(ctx context.Context, op string, id ...string) error {
	f.mu.Lock()
	f.calls[op]++
	f.mu.Unlock()
	if f.on != nil {
		if err := f.on(ctx, op); err != nil {
			return err
		}
	}
	if err := f.fails[strings.Join(append([]string{op}, id...), " ")]; err != nil {
		return err
	}
	return f.fails[op]
}

// lock is a struct as SDKs have them.
type lock struct {
	Kind  lockKind
	Key   []byte
	Other string
}

type lockKind string

func (f *fake) tables(project, zone string) []collect.Table {
	id := func(name string) string { return project + "/" + zone + "/" + name }
	return []collect.Table{{
		Op: "projects.get", Types: []asset.Type{projectType}, Global: true,
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			if err := f.call(ctx, "projects.get"); err != nil {
				return nil, "", err
			}
			d := collect.NewDraft(projectType, project, project)
			d.Config["id"] = project
			return []*collect.Draft{d}, "", nil
		},
	}, {
		Op: "boxes.list", Types: []asset.Type{boxType}, Absent: []string{"NoZone"}, Gone: []string{"NoBox"},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			if err := f.call(ctx, "boxes.list", "page "+token); err != nil {
				return nil, "", err
			}
			from, _ := strconv.Atoi(token)
			var page []*collect.Draft
			for i := from; i < min(from+2, f.boxes); i++ {
				name := fmt.Sprintf("box-%d", i)
				d := collect.NewDraft(boxType, id(name), name)
				d.Key, d.Created, d.Incarnation = name, observed, "1"
				d.Tags = map[string]string{"team": "red"}
				d.Config = collect.Doc{"name": &name, "size": "12", "open": nil, "labels": d.Tags, "secret": "hunter2"}
				if name == f.lost {
					d.Lost = codeError("Denied")
				}
				page = append(page, d)
			}
			if from+2 < f.boxes {
				return page, strconv.Itoa(from + 2), nil
			}
			return page, "", nil
		},
		Reads: []collect.Read{{
			Op: "boxes.lock", Absent: []string{"NoLock"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				if err := f.call(ctx, "boxes.lock", d.Key); err != nil {
					return err
				}
				d.Config["lock"] = &lock{Kind: "steel", Key: []byte("key"), Other: "unknown to the schema"}
				d.Link("key", "fake.test/Key", "k")
				return nil
			},
		}, {
			Op: "boxes.access",
			Each: func(ctx context.Context, d *collect.Draft) error {
				if err := f.call(ctx, "boxes.access", d.Key); err != nil {
					return err
				}
				d.Access, _ = asset.Of(map[string]string{"who": "all"})
				return nil
			},
		}, {
			Op: "boxes.usage", Size: 2,
			Together: func(ctx context.Context, ds []*collect.Draft) error {
				if err := f.call(ctx, "boxes.usage"); err != nil {
					return err
				}
				for _, d := range ds {
					if err := f.fails["boxes.usage "+d.Key]; err != nil {
						d.Fail(err)
						continue
					}
					d.Status["used"] = int64(7)
					d.Config["owners"] = []string{"ann"}
				}
				return nil
			},
		}},
		Under: []collect.Table{{
			Op: "lids.list", Types: []asset.Type{lidType}, Of: boxType,
			ListOf: func(ctx context.Context, box *collect.Draft, token string) ([]*collect.Draft, string, error) {
				if err := f.call(ctx, "lids.list", box.Key); err != nil {
					return nil, "", err
				}
				i, _ := strconv.Atoi(token)
				if i >= f.lids {
					return nil, "", nil
				}
				d := collect.NewDraft(lidType, fmt.Sprintf("%s/lid-%d", box.ID, i), "")
				d.Config["name"] = "lid"
				return []*collect.Draft{d}, strconv.Itoa(i + 1), nil
			},
		}},
	}}
}

// units returns the units of a project.
func (f *fake) units(project string, zones ...string) []*collect.Unit {
	var all []*collect.Unit
	for _, zone := range append([]string{""}, zones...) {
		all = append(all, &collect.Unit{
			Scope: asset.Scope{Provider: "fake", Account: project, Region: zone}, Service: "boxes",
			Tables:  func() []collect.Table { return f.tables(project, zone) },
			Parents: func(asset.Type) []asset.Ref { return []asset.Ref{{Type: projectType, ID: project}} },
			URL:     func(id string) string { return "https://console.test/" + id },
		})
	}
	return all
}

// discover collects one project in one zone.
func (f *fake) discover(t testing.TB, q provider.Query) *asset.Inventory {
	t.Helper()
	inv := &asset.Inventory{}
	s := f.engine.Scan(q)
	require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error {
		s.Run(ctx, f.units("p", "z"))
		return nil
	}, func(o asset.Observation) bool {
		inv.Add(o)
		return true
	}))
	return inv
}

func (f *fake) get(ctx context.Context, ref asset.Ref) (*asset.Asset, error) {
	s := f.engine.Lookup(ref)
	return s.Get(ctx, func(ctx context.Context) error {
		s.Run(ctx, f.units("p", "z"))
		return nil
	})
}

func box(i int) asset.Ref { return asset.Ref{Type: boxType, ID: fmt.Sprintf("p/z/box-%d", i)} }
