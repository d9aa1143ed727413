package asset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func ids(assets func(func(*asset.Asset) bool)) []string {
	var all []string
	for a := range assets {
		all = append(all, a.ID)
	}
	return all
}

func TestInventory(t *testing.T) {
	var inv asset.Inventory
	assert.Zero(t, inv.Len())
	assert.Empty(t, ids(inv.All()))
	assert.Equal(t, asset.NotAsked, inv.Coverage(eu, bucketType))

	key := asset.Ref{Type: keyType, ID: "k"}
	link := asset.Link{Rel: "encrypted_by", To: key}
	for _, id := range []string{"c", "a", "b"} {
		b := bucket(id, asset.Value{})
		b.Links = []asset.Link{link, {Rel: "logs_to", To: asset.Ref{Type: bucketType, ID: "gone"}}, link}
		inv.Add(b)
	}
	inv.Add(&asset.Asset{Ref: key})
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "ZZZ", ID: "z"}})
	assert.Equal(t, 5, inv.Len())
	assert.Equal(t, []string{"k", "a", "b", "c", "z"}, ids(inv.All()))
	assert.Equal(t, []string{"a", "b", "c"}, ids(inv.OfType(bucketType)))
	assert.Equal(t, []string{"z"}, ids(inv.OfType("ZZZ")))
	assert.Empty(t, ids(inv.OfType("AAA")))
	assert.Equal(t, []string{"a", "b", "c"}, ids(inv.Referrers(key, "encrypted_by")), "each once")
	assert.Empty(t, ids(inv.Referrers(key, "other")))

	a, ok := inv.Get(asset.Ref{Type: bucketType, ID: "a"})
	require.True(t, ok)
	_, ok = inv.Get(asset.Ref{Type: bucketType, ID: "x"})
	assert.False(t, ok)

	follow := func(rel string) (found []string, missing []string) {
		for to, err := range inv.Follow(a, rel) {
			if err != nil {
				var u *asset.Unread
				require.ErrorAs(t, err, &u)
				assert.Nil(t, to)
				missing = append(missing, u.Code)
			} else {
				found = append(found, to.ID)
			}
		}
		return found, missing
	}
	found, missing := follow("encrypted_by")
	assert.Equal(t, []string{"k", "k"}, found)
	assert.Empty(t, missing)
	found, missing = follow("logs_to")
	assert.Empty(t, found)
	assert.Equal(t, []string{asset.CodeNotObserved}, missing)
	inv.Add(&asset.Gap{Scope: eu, Of: a.Ref, Cause: asset.Unread{Code: "AccessDenied"}})
	found, missing = follow("encrypted_by")
	assert.Equal(t, []string{"k", "k"}, found)
	assert.Equal(t, []string{"AccessDenied"}, missing, "there may be more links")
	assert.Len(t, inv.GapsOf(a.Ref), 1)
	assert.Empty(t, inv.GapsOf(key))

	inv.Add(bucket("d", asset.Value{}))
	assert.Equal(t, []string{"a", "b", "c", "d"}, ids(inv.OfType(bucketType)), "asked again after Add")
}

func TestGapsAndStatementsAreSorted(t *testing.T) {
	gaps := []*asset.Gap{
		{Scope: account, Type: bucketType, Cause: asset.Unread{Op: "b"}}, {Scope: account, Type: bucketType, Cause: asset.Unread{Op: "a"}}, {Scope: eu, Type: bucketType},
		{Scope: asset.Scope{Provider: "azure"}}, {Scope: account}, {Scope: account, Type: bucketType, Cause: asset.Unread{Op: "a", Code: "x"}},
	}
	var want string
	for range 20 {
		var inv asset.Inventory
		for _, i := range rand.Perm(len(gaps)) {
			inv.Add(gaps[i])
			inv.Add(covered(gaps[i].Scope, gaps[i].Type, asset.Partial))
		}
		var got string
		for _, g := range inv.Gaps() {
			got += fmt.Sprintln(*g)
		}
		for _, c := range inv.AllCoverage() {
			got += fmt.Sprintln(*c)
		}
		if want == "" {
			want = got
		}
		assert.Equal(t, want, got)
		assert.Len(t, inv.AllCoverage(), 4)
	}
}

func TestCoverage(t *testing.T) {
	us := asset.Scope{Provider: "aws", Account: "1", Region: "us-east-1"}
	other := asset.Scope{Provider: "aws", Account: "2"}
	complete := func(s asset.Scope) *asset.Coverage { return covered(s, bucketType, asset.Complete) }
	partial := func(s asset.Scope) *asset.Coverage { return covered(s, bucketType, asset.Partial) }
	for _, c := range []struct {
		name  string
		given []asset.Observation
		scope asset.Scope
		want  asset.CoverageState
	}{
		{"nothing said", nil, eu, asset.NotAsked},
		{"said", []asset.Observation{complete(eu)}, eu, asset.Complete},
		{"of another region", []asset.Observation{complete(us)}, eu, asset.NotAsked},
		{"of another type", []asset.Observation{covered(eu, keyType, asset.Complete)}, eu, asset.NotAsked},
		{"of the account, for a region", []asset.Observation{complete(account)}, eu, asset.Complete},
		{"the region's own statement holds", []asset.Observation{complete(account), partial(eu)}, eu, asset.Partial},
		{"a region lowers the account's", []asset.Observation{complete(account), partial(eu)}, account, asset.Partial},
		{"regions that say nothing do not", []asset.Observation{complete(account), covered(eu, keyType, asset.Partial)}, account, asset.Complete},
		{"the less complete of two", []asset.Observation{complete(eu), partial(eu), complete(eu)}, eu, asset.Partial},
		{"not asked after all", []asset.Observation{complete(eu), covered(eu, bucketType, asset.NotAsked)}, eu, asset.NotAsked},
		{"all regions", []asset.Observation{complete(eu), complete(us)}, account, asset.Complete},
		{"all but one region", []asset.Observation{complete(eu), covered(us, keyType, asset.Complete)}, account, asset.Partial},
		{"one region in part", []asset.Observation{complete(eu), partial(us)}, account, asset.Partial},
		{"no region of this type", []asset.Observation{covered(us, keyType, asset.Complete)}, account, asset.NotAsked},
		{"another account's regions", []asset.Observation{complete(eu), covered(asset.Scope{Provider: "aws", Account: "2", Region: "x"}, keyType, asset.Complete)}, account, asset.Complete},
		{"a gap of the region", []asset.Observation{complete(eu), &asset.Gap{Scope: eu, Type: bucketType}}, eu, asset.Partial},
		{"a gap of any type", []asset.Observation{complete(eu), &asset.Gap{Scope: eu}}, eu, asset.Partial},
		{"a gap of another type", []asset.Observation{complete(eu), &asset.Gap{Scope: eu, Type: keyType}}, eu, asset.Complete},
		{"a gap of another region", []asset.Observation{complete(eu), &asset.Gap{Scope: us}}, eu, asset.Complete},
		{"a gap of the account", []asset.Observation{complete(eu), &asset.Gap{Scope: account}}, eu, asset.Partial},
		{"a gap of a region, for the account", []asset.Observation{complete(account), &asset.Gap{Scope: eu}}, account, asset.Partial},
		{"a gap of the provider", []asset.Observation{complete(eu), &asset.Gap{Scope: asset.Scope{Provider: "aws"}}}, eu, asset.Partial},
		{"a gap of another provider", []asset.Observation{complete(eu), &asset.Gap{Scope: asset.Scope{Provider: "gcp"}}}, eu, asset.Complete},
		{"a gap of everything", []asset.Observation{complete(eu), &asset.Gap{}}, eu, asset.Partial},
		{"a gap of another account", []asset.Observation{complete(eu), &asset.Gap{Scope: other}}, eu, asset.Complete},
		{"a gap of an account, for the provider", []asset.Observation{complete(asset.Scope{Provider: "aws"}), &asset.Gap{Scope: other}}, asset.Scope{Provider: "aws"}, asset.Partial},
		{"a gap of one asset", []asset.Observation{complete(eu), &asset.Gap{Scope: eu, Of: asset.Ref{Type: bucketType, ID: "a"}}}, eu, asset.Complete},
		{"a gap makes nothing of nothing", []asset.Observation{&asset.Gap{Scope: eu}}, eu, asset.NotAsked},
	} {
		for range 3 {
			inv := new(asset.Inventory)
			for _, i := range rand.Perm(len(c.given)) {
				inv.Add(c.given[i])
			}
			assert.Equal(t, c.want, inv.Coverage(c.scope, bucketType), c.name)
			assert.Equal(t, c.want == asset.Complete, inv.IncompleteReason(c.scope, bucketType) == nil, c.name)
		}
	}
	inv := inventory(complete(eu), &asset.Gap{Scope: eu, Cause: asset.Unread{Op: "op", Code: "Throttled"}})
	assert.Equal(t, &asset.Unread{Op: "op", Code: "Throttled"}, inv.IncompleteReason(eu, bucketType))
	assert.Equal(t, asset.CodeIncomplete, new(asset.Inventory).IncompleteReason(eu, bucketType).Code)
	assert.Equal(t, "unread: Incomplete: coverage of AWS::S3::Bucket in aws/1/eu-west-1 is not_asked", new(asset.Inventory).IncompleteReason(eu, bucketType).Error())
}

// Views of one asset give the same inventory in whatever order they come.
func TestAddInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		var views []*asset.Asset
		for i := range 2 + r.IntN(4) {
			a := bucket("a", value(t, map[string]int{"view": r.IntN(3)}))
			a.Name = fmt.Sprint("name", r.IntN(2))
			a.Observed = time.Unix(int64(r.IntN(2)), 0)
			for _, o := range []string{"1", "2", "3", fmt.Sprint(i)} {
				if r.IntN(3) == 0 {
					a.Observers = append(a.Observers, o)
				}
			}
			slices.Sort(a.Observers)
			a.Observers = slices.Compact(a.Observers)
			views = append(views, a)
		}
		var want string
		for range 12 {
			var inv asset.Inventory
			for _, i := range r.Perm(len(views)) {
				given := *views[i]
				inv.Add(&given)
			}
			a, ok := inv.Get(views[0].Ref)
			require.True(t, ok)
			got := fmt.Sprint(a.Name, a.Observed.Unix(), a.Observers, a.Config)
			if want == "" {
				want = got
			}
			require.Equal(t, want, got)
		}
	}
}

func TestAddKeepsTheOwnersView(t *testing.T) {
	owner, guest := bucket("a", parse(t, `"owner"`)), bucket("a", parse(t, `"guest"`))
	guest.Observers, guest.Observed = []string{"7"}, time.Unix(100, 0)
	inv := inventory(owner, guest)
	a, _ := inv.Get(owner.Ref)
	assert.Equal(t, `"owner"`, a.Config.String())
	assert.Equal(t, []string{"1", "7"}, a.Observers)
	assert.True(t, a.SeenBy("1"))
	assert.True(t, a.SeenBy("7"))
	assert.False(t, a.SeenBy("8"))
	assert.Empty(t, owner.Observers, "what was added is not changed")
	assert.Equal(t, 1, inv.Len())
	assert.Equal(t, []string{"a"}, ids(inv.OfType(bucketType)))
}

func TestInventoryIsReadConcurrently(t *testing.T) {
	var inv asset.Inventory
	for i := range 100 {
		a := bucket(fmt.Sprint(i), parse(t, `{"a":[1,{"b":"x"}]}`))
		a.Links = []asset.Link{{Rel: "next", To: asset.Ref{Type: bucketType, ID: fmt.Sprint(i + 1)}}}
		inv.Add(a)
	}
	inv.Add(&asset.Gap{Scope: eu})
	inv.Add(covered(eu, bucketType, asset.Complete))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			n := 0
			for a := range inv.All() {
				for range inv.Follow(a, "next") {
					n++
				}
				for range inv.Referrers(a.Ref, "next") {
					n++
				}
				if s, err := a.Config.Get("a").Index(1).Get("b").Str(); err == nil && s == "x" {
					n++
				}
			}
			assert.Equal(t, 299, n)
			assert.Equal(t, asset.Partial, inv.Coverage(eu, bucketType))
			assert.Len(t, inv.Gaps(), 1)
		})
	}
	all.Wait()
}

func TestScope(t *testing.T) {
	assert.Equal(t, "aws/1/eu-west-1", eu.String())
	assert.Equal(t, "", asset.Scope{}.String())
	assert.True(t, asset.Scope{}.Contains(eu))
	assert.True(t, account.Contains(eu))
	assert.False(t, eu.Contains(account))
	assert.Negative(t, account.Compare(eu))
	assert.Equal(t, "AWS::KMS::Key k", asset.Ref{Type: keyType, ID: "k"}.String())
	assert.True(t, asset.Ref{}.IsZero())
	assert.Equal(t, "live", asset.Origin{}.String())
	assert.Equal(t, "template", asset.Origin{File: "main.json", Line: 3}.String())
}
