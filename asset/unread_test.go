package asset

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSetUnread(t *testing.T) {
	denied := Unread{Op: "x:Read", Reason: Denied}
	a := &Asset{Ref: Ref{"T", "1"}}
	assert.Nil(t, a.UnreadParents())
	assert.Nil(t, a.UnreadLinks("key"))

	require.NoError(t, a.SetUnread("links.key", denied))
	b := *a
	require.NoError(t, b.SetUnread("parents", denied))
	require.NoError(t, b.SetUnread("links", Unread{Reason: Throttled}))
	require.NoError(t, b.SetUnread("config.A", denied))

	assert.Equal(t, &denied, a.UnreadLinks("key"))
	assert.Nil(t, a.UnreadLinks("role"), "another relation")
	assert.Nil(t, a.UnreadParents(), "a copy was marked")
	assert.Equal(t, &denied, b.UnreadParents())
	assert.Equal(t, Throttled, b.UnreadLinks("role").Reason, "every relation")
	assert.Equal(t, Denied, b.Config.Get("A").Unread().Reason)

	require.NoError(t, a.SetUnread(Path("links").Key("a-b"), denied))
	assert.Equal(t, &denied, a.UnreadLinks("a-b"))
	for _, p := range []Path{"parents.a", "links.a.b", "links[0]", "links.", "name", ""} {
		assert.Error(t, a.SetUnread(p, denied), p)
	}
}

func TestFollowUnreadLinks(t *testing.T) {
	key := &Asset{Ref: Ref{"Key", "k"}}
	a := &Asset{Ref: Ref{"T", "1"}, Links: []Link{{"key", key.Ref}}}
	require.NoError(t, a.SetUnread("links.role", Unread{Reason: Denied}))
	var inv Inventory
	inv.Add(key)
	inv.Add(a)
	follow := func(rel string) (found int, why error) {
		for x, err := range inv.Follow(a, rel) {
			if x != nil {
				found++
			} else {
				why = err
			}
		}
		return found, why
	}
	found, why := follow("key")
	assert.Equal(t, 1, found)
	require.NoError(t, why)
	found, why = follow("role")
	assert.Zero(t, found)
	var u *Unread
	require.ErrorAs(t, why, &u)
	assert.Equal(t, Denied, u.Reason)
}

func TestDigestOfUnreadParts(t *testing.T) {
	a := &Asset{Ref: Ref{"T", "1"}}
	read, complete := a.Digest()
	assert.True(t, complete)
	b := *a
	require.NoError(t, b.SetUnread("parents", Unread{Reason: Denied, Message: "m"}))
	denied, complete := b.Digest()
	assert.False(t, complete)
	assert.NotEqual(t, read, denied)
	require.NoError(t, b.SetUnread("parents", Unread{Reason: Denied}))
	again, _ := b.Digest()
	assert.Equal(t, denied, again, "the message does not count")
	require.NoError(t, b.SetUnread("links", Unread{Reason: Denied}))
	more, _ := b.Digest()
	assert.NotEqual(t, denied, more)
}

func TestDiffOfUnreadLinks(t *testing.T) {
	k := Link{"key", Ref{"Key", "k"}}
	with := func(links []Link, unread ...Path) *Asset {
		a := &Asset{Ref: Ref{"T", "1"}, Links: links}
		for _, p := range unread {
			require.NoError(t, a.SetUnread(p, Unread{Reason: Denied}))
		}
		return a
	}
	for name, row := range map[string]struct {
		old, new *Asset
		kind     ChangeKind
		path     Path // "": no change
	}{
		"gone":                       {with([]Link{k}), with(nil), Changed, "links.key"},
		"obscured":                   {with([]Link{k}), with(nil, "links"), Obscured, "links.key"},
		"obscured relation":          {with([]Link{k}), with(nil, "links.key"), Obscured, "links.key"},
		"another relation is unread": {with([]Link{k}), with(nil, "links.role", "parents"), Changed, "links.key"},
		"revealed":                   {with(nil, "links"), with([]Link{k}), Revealed, "links.key"},
		"none before, unread now":    {with(nil), with(nil, "links.key"), Obscured, "links.key"},
		"unread before, none now":    {with(nil, "links"), with(nil), Revealed, "links"},
		"unread before and now":      {with(nil, "links"), with(nil, "links"), Changed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := differ{ref: row.old.Ref}
			d.links(row.old, row.new, false, false)
			if row.path == "" {
				assert.Empty(t, d.changes)
				return
			}
			var of []Change
			for _, c := range d.changes {
				if c.Path == row.path {
					of = append(of, c)
				}
			}
			require.Len(t, of, 1)
			assert.Equal(t, row.kind, of[0].Kind)
		})
	}
}

func TestDiffOfAssetWithUnreadParents(t *testing.T) {
	scope := Scope{"aws", "1", ""}
	folder := Ref{"Folder", "f"}
	gone := &Asset{Ref: Ref{"T", "1"}, Scope: scope}
	var old, now Inventory
	old.Add(gone)
	now.Add(&Coverage{Scope: scope, Type: "T", State: Complete})
	now.Add(&Gap{Scope: scope, Type: "T", Of: folder, Cause: Unread{Reason: Denied}})
	kindOf := func() ChangeKind {
		for c := range Diff(&old, &now) {
			return c.Kind
		}
		return Changed
	}
	assert.Equal(t, Disappeared, kindOf(), "the gap is of the children of another asset")
	require.NoError(t, gone.SetUnread("parents", Unread{Reason: Denied}))
	assert.Equal(t, Obscured, kindOf(), "the gap may be of the children of a parent")
}
