package collect_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

var (
	zone    = asset.Scope{Provider: "fake", Account: "p", Region: "z"}
	project = asset.Scope{Provider: "fake", Account: "p"}
)

func find(t *testing.T, inv *asset.Inventory, ref asset.Ref) *asset.Asset {
	t.Helper()
	a, ok := inv.Get(ref)
	require.True(t, ok, "%s; gaps: %v", ref, inv.Gaps())
	return a
}

func assertJSON(t *testing.T, want string, v asset.Value) {
	t.Helper()
	got, err := json.Marshal(v)
	if assert.NoError(t, err) {
		assert.JSONEq(t, want, string(got))
	}
}

func reasonOf(v asset.Value) string {
	if u := v.Unread(); u != nil {
		return u.Op + " " + u.Reason.String() + " " + u.Code
	}
	return "read"
}

func TestAssets(t *testing.T) {
	f := newFake(t)
	inv := f.discover(t, provider.Query{})
	assert.Empty(t, inv.Gaps())
	assert.Equal(t, 7, inv.Len(), "a project, three boxes with a lid each")
	a := find(t, inv, box(2))
	assert.Equal(t, zone, a.Scope)
	assert.Equal(t, "box-2", a.Name)
	assert.Equal(t, "storage", a.Class)
	assert.Equal(t, "https://console.test/p/z/box-2", a.URL)
	assert.Equal(t, map[string]string{"team": "red"}, a.Tags)
	assert.Equal(t, "1", a.Incarnation)
	assert.Equal(t, observed, a.Created)
	assert.Equal(t, observed, a.Observed)
	assert.Equal(t, []asset.Ref{{Type: projectType, ID: "p"}}, a.Parents)
	assert.Equal(t, []asset.Link{
		{Rel: "key", To: asset.Ref{Type: "fake.test/Key", ID: "k"}},
		{Rel: "account", To: asset.Ref{Type: projectType, ID: "p"}},
		{Rel: "region", To: asset.Ref{Type: projectType, ID: "p/z"}},
	}, a.Links)
	assertJSON(t, `"box-2"`, a.Config.Get("name"))
	assertJSON(t, `12`, a.Config.Get("size"))
	assertJSON(t, `{"kind":"steel","keyBase64":"a2V5"}`, a.Config.Get("lock"))
	assertJSON(t, `["ann"]`, a.Config.Get("owners"))
	assertJSON(t, `{"used":7}`, a.Status)
	assertJSON(t, `{"who":"all"}`, a.Access)
	assert.True(t, a.Config.Get("open").IsAbsent(), "it was read and is not there")
	_, redacted := a.Config.Get("secret").Redacted()
	assert.True(t, redacted)
	assert.Equal(t, " unsupported NotCollected", reasonOf(a.Config.Get("note")), "no collector sets it")
	assert.True(t, a.Config.Get("write").IsAbsent(), "it is never returned")
	for scope, types := range map[asset.Scope][]asset.Type{zone: {boxType, lidType}} {
		for _, typ := range types {
			assert.Equal(t, asset.Complete, inv.Coverage(scope, typ), typ)
		}
	}
	assert.Equal(t, asset.Partial, inv.Coverage(project, projectType), "the list may omit projects")
	assert.Equal(t, map[string]int{"projects.get": 1, "boxes.list": 2, "lids.list": 6, "boxes.lock": 3, "boxes.access": 3, "boxes.usage": 2}, f.calls)
}

func TestRedactors(t *testing.T) {
	own, asked := &secret.Redactor{Key: []byte("own")}, &secret.Redactor{Key: []byte("asked")}
	hash := func(own *secret.Redactor, q provider.Query) string {
		f := newFake(t)
		f.engine.Redactor = own
		a := find(t, f.discover(t, q), box(0))
		assert.True(t, secret.Passed(a))
		kept, ok := a.Config.Get("secret").Redacted()
		assert.True(t, ok)
		return kept.Hash
	}
	assert.Empty(t, hash(nil, provider.Query{}))
	assert.Len(t, hash(nil, provider.Query{Redactor: asked}), 32)
	assert.Equal(t, hash(asked, provider.Query{}), hash(nil, provider.Query{Redactor: asked}))
	assert.Equal(t, hash(own, provider.Query{}), hash(own, provider.Query{Redactor: asked}), "the provider keeps its own")
}

func TestReadsThatFail(t *testing.T) {
	for name, tt := range map[string]struct {
		fails map[string]error
		want  map[asset.Path]string // of the first box
	}{
		"each":              {map[string]error{"boxes.lock": codeError("Denied")}, map[asset.Path]string{"config.lock": "boxes.lock denied Denied", "access": "read"}},
		"not configured":    {map[string]error{"boxes.lock": codeError("NoLock")}, map[asset.Path]string{"config.lock": "read"}},
		"a whole document":  {map[string]error{"boxes.access": codeError("Broken")}, map[asset.Path]string{"access": "boxes.access unknown Broken"}},
		"together":          {map[string]error{"boxes.usage": codeError("Denied")}, map[asset.Path]string{"status.used": "boxes.usage denied Denied", "config.owners": "boxes.usage denied Denied"}},
		"one of several":    {map[string]error{"boxes.usage box-0": codeError("Gone")}, map[asset.Path]string{"status.used": "boxes.usage unknown Gone"}},
		"another of those":  {map[string]error{"boxes.usage box-1": codeError("Gone")}, map[asset.Path]string{"status.used": "read"}},
		"unread by itself":  {map[string]error{"boxes.lock": &asset.Unread{Op: "keys.get", Reason: asset.NotVisible, Code: "X"}}, map[asset.Path]string{"config.lock": "keys.get not_visible X"}},
		"without any codes": {map[string]error{"boxes.lock": errors.New("no route")}, map[asset.Path]string{"config.lock": "boxes.lock unavailable "}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.fails = tt.fails
			inv := f.discover(t, provider.Query{Types: []asset.Type{boxType}})
			assert.Empty(t, inv.Gaps())
			assert.Equal(t, asset.Complete, inv.Coverage(zone, boxType))
			a := find(t, inv, box(0))
			for path, want := range tt.want {
				v, err := a.At(path)
				require.NoError(t, err)
				assert.Equal(t, want, reasonOf(v), path)
			}
		})
	}
}

func TestAssetsThatAreGone(t *testing.T) {
	f := newFake(t)
	f.fails["boxes.lock box-1"] = collect.ErrGone
	inv := f.discover(t, provider.Query{Types: []asset.Type{boxType}})
	assert.Empty(t, inv.Gaps())
	assert.Equal(t, 2, inv.Len())
	assert.Equal(t, asset.Complete, inv.Coverage(zone, boxType))
}

func TestListsThatFail(t *testing.T) {
	for name, tt := range map[string]struct {
		fails map[string]error
		gaps  []asset.Gap
		boxes int
		state asset.CoverageState // of lids
	}{
		"all": {map[string]error{"boxes.list": codeError("Denied")}, []asset.Gap{
			{Scope: zone, Type: boxType, Cause: asset.Unread{Op: "boxes.list", Reason: asset.Denied, Code: "Denied", Message: "fake: Denied"}},
			{Scope: zone, Type: lidType, Cause: asset.Unread{Op: "boxes.list", Reason: asset.Denied, Code: "Denied", Message: "fake: Denied"}},
		}, 0, asset.Partial},
		"there is nothing": {map[string]error{"boxes.list": codeError("NoZone")}, nil, 0, asset.Complete},
		"the second page": {map[string]error{"boxes.list page 2": codeError("Broken")}, []asset.Gap{
			{Scope: zone, Type: boxType, Cause: asset.Unread{Op: "boxes.list", Code: "Broken", Message: "fake: Broken"}},
			{Scope: zone, Type: lidType, Cause: asset.Unread{Op: "boxes.list", Code: "Broken", Message: "fake: Broken"}},
		}, 2, asset.Partial},
		"below one": {map[string]error{"lids.list box-1": codeError("Denied")}, []asset.Gap{
			{Scope: zone, Type: lidType, Of: box(1), Cause: asset.Unread{Op: "lids.list", Reason: asset.Denied, Code: "Denied", Message: "fake: Denied"}},
		}, 3, asset.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.fails = tt.fails
			inv := f.discover(t, provider.Query{Types: []asset.Type{boxType, lidType}})
			var gaps []asset.Gap
			for _, g := range inv.Gaps() {
				gaps = append(gaps, *g)
			}
			assert.ElementsMatch(t, tt.gaps, gaps)
			assert.Len(t, slices.Collect(inv.OfType(boxType)), tt.boxes)
			assert.Equal(t, tt.state, inv.Coverage(zone, lidType))
		})
	}
}

func TestAssetsOfWhichTheListIsNotSure(t *testing.T) {
	f := newFake(t)
	f.lost = "box-1"
	inv := f.discover(t, provider.Query{Types: []asset.Type{boxType}})
	assert.Equal(t, 2, inv.Len())
	assert.Equal(t, []*asset.Gap{{Scope: zone, Type: boxType, Cause: asset.Unread{Op: "boxes.list", Reason: asset.Denied, Code: "Denied", Message: "p/z/box-1: fake: Denied"}}}, inv.Gaps())
	assert.Equal(t, asset.Partial, inv.Coverage(zone, boxType))
}

func TestAssetsWithoutAnID(t *testing.T) {
	f := newFake(t)
	s := f.engine.Scan(provider.Query{})
	var all []asset.Observation
	u := &collect.Unit{Scope: zone, Tables: func() []collect.Table {
		return []collect.Table{{Op: "boxes.list", Types: []asset.Type{boxType}, List: func(context.Context, string) ([]*collect.Draft, string, error) {
			return []*collect.Draft{collect.NewDraft(boxType, "", "")}, "", nil
		}}}
	}}
	require.NoError(t, s.Drive(t.Context(), func(ctx context.Context) error { s.Run(ctx, []*collect.Unit{u}); return nil }, func(o asset.Observation) bool {
		all = append(all, o)
		return true
	}))
	require.Len(t, all, 2)
	assert.Equal(t, asset.Malformed, all[0].(*asset.Gap).Cause.Reason)
	assert.Equal(t, asset.Partial, all[1].(*asset.Coverage).State)
}

func TestPartsThatAreNotRequested(t *testing.T) {
	f := newFake(t)
	inv := f.discover(t, provider.Query{Types: []asset.Type{boxType}, Reads: map[asset.Type][]asset.Path{boxType: {"config.lock.kind"}}})
	a := find(t, inv, box(0))
	assert.Equal(t, "read", reasonOf(a.Config.Get("lock")))
	assert.Equal(t, "boxes.access not_requested NotRequested", reasonOf(a.Access))
	assert.Equal(t, "boxes.usage not_requested NotRequested", reasonOf(a.Status.Get("used")))
	assert.Equal(t, "boxes.usage not_requested NotRequested", reasonOf(a.Config.Get("owners")))
	assert.Equal(t, map[string]int{"boxes.list": 2, "boxes.lock": 3}, f.calls)
}

func TestTablesThatOnlyLeadToOthers(t *testing.T) {
	f := newFake(t)
	f.lids = 2
	inv := f.discover(t, provider.Query{Types: []asset.Type{lidType}})
	assert.Equal(t, 6, inv.Len())
	assert.Equal(t, map[string]int{"boxes.list": 2, "lids.list": 9}, f.calls)
}
