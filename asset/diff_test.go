package asset_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

var (
	account = asset.Scope{Provider: "aws", Account: "1"}
	eu      = asset.Scope{Provider: "aws", Account: "1", Region: "eu-west-1"}
)

const (
	bucketType = asset.Type("AWS::S3::Bucket")
	keyType    = asset.Type("AWS::KMS::Key")
)

func value(t testing.TB, x any) asset.Value {
	t.Helper()
	v, err := asset.Of(x)
	require.NoError(t, err)
	return v
}

func parse(t testing.TB, text string) asset.Value {
	t.Helper()
	v, err := asset.Parse([]byte(text))
	require.NoError(t, err, text)
	return v
}

func inventory(os ...asset.Observation) *asset.Inventory {
	inv := new(asset.Inventory)
	for _, o := range os {
		inv.Add(o)
	}
	return inv
}

func bucket(id string, config asset.Value) *asset.Asset {
	return &asset.Asset{Ref: asset.Ref{Type: bucketType, ID: id}, Scope: eu, Config: config}
}

func covered(s asset.Scope, t asset.Type, state asset.CoverageState) *asset.Coverage {
	return &asset.Coverage{Scope: s, Type: t, State: state}
}

// changesText writes changes in one line each.
func changesText(old, new *asset.Inventory) []string {
	var lines []string
	for c := range asset.Diff(old, new) {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s -> %s", c.Ref.ID, c.Kind, c.Path, c.Old, c.New))
	}
	return lines
}

func TestDiffOfWholeAssets(t *testing.T) {
	complete := covered(eu, bucketType, asset.Complete)
	with := func(os ...asset.Observation) *asset.Inventory { return inventory(append(os, complete)...) }
	a := bucket("a", asset.Value{})

	assert.Equal(t, []string{"a appeared : <absent> -> <absent>"}, changesText(with(), with(a)))
	assert.Equal(t, []string{"a disappeared : <absent> -> <absent>"}, changesText(with(a), with()))
	assert.Empty(t, changesText(with(a), with(a)))
	assert.Equal(t, []string{"a revealed : <unread> -> <absent>"}, changesText(inventory(), with(a)), "nobody had looked")
	assert.Equal(t, []string{"a obscured : <absent> -> <unread>"}, changesText(with(a), inventory()), "nobody looked")
	assert.Equal(t, []string{"a obscured : <absent> -> <unread>"},
		changesText(with(a), inventory(covered(eu, bucketType, asset.Partial))))
	assert.Equal(t, []string{"a obscured : <absent> -> <unread>"},
		changesText(with(a), with(&asset.Gap{Scope: eu, Cause: asset.Unread{Op: "s3:ListBuckets"}})), "a gap makes coverage partial")

	for c := range asset.Diff(with(a), with(&asset.Gap{Scope: eu, Type: bucketType, Cause: asset.Unread{Op: "s3:ListBuckets", Code: "AccessDenied"}})) {
		require.NotNil(t, c.New.Unread())
		assert.Equal(t, asset.Unread{Op: "s3:ListBuckets", Code: "AccessDenied"}, *c.New.Unread())
	}

	several := changesText(with(bucket("a", asset.Value{}), bucket("b", asset.Value{}), bucket("e", asset.Value{})),
		with(bucket("b", asset.Value{}), bucket("c", asset.Value{}), bucket("d", asset.Value{})))
	assert.Equal(t, []string{
		"a disappeared : <absent> -> <absent>",
		"c appeared : <absent> -> <absent>",
		"d appeared : <absent> -> <absent>",
		"e disappeared : <absent> -> <absent>",
	}, several)

	changes := asset.Diff(with(bucket("a", asset.Value{}), bucket("b", asset.Value{})), with())
	for range changes {
		break
	}
	assert.Len(t, slices.Collect(changes), 2, "can be ranged over again")
}

func TestDiffOfChildren(t *testing.T) {
	parent := asset.Ref{Type: keyType, ID: "k"}
	child := bucket("a", asset.Value{})
	child.Parents = []asset.Ref{parent}
	complete := covered(eu, bucketType, asset.Complete)
	gap := &asset.Gap{Scope: eu, Type: bucketType, Of: parent, Cause: asset.Unread{Code: "Throttled"}}
	assert.Equal(t, []string{"a obscured : <absent> -> <unread>"}, changesText(inventory(child), inventory(complete, gap)))
	gap.Type = "AWS::S3::AccessPoint"
	assert.Equal(t, []string{"a disappeared : <absent> -> <absent>"}, changesText(inventory(child), inventory(complete, gap)),
		"a gap in children of another type")
}

func TestDiffOfObserved(t *testing.T) {
	a := bucket("a", asset.Value{})
	a.Account, a.Observers = "9", []string{"1", "2"}
	one, two := covered(account, bucketType, asset.Complete), covered(asset.Scope{Provider: "aws", Account: "2"}, bucketType, asset.Complete)
	assert.Equal(t, []string{"a obscured : <absent> -> <unread>"}, changesText(inventory(a), inventory(one)), "an observer did not look")
	assert.Equal(t, []string{"a disappeared : <absent> -> <absent>"}, changesText(inventory(a), inventory(one, two)),
		"all who saw it looked")
}

func TestDiffOfDocuments(t *testing.T) {
	unread := &asset.Unread{Op: "op", Code: "AccessDenied"}
	hidden := func(x map[string]any) asset.Value { return value(t, x) }
	for _, c := range []struct {
		name     string
		old, new asset.Value
		want     []string
	}{
		{"same", parse(t, `{"a":1,"b":{"c":[1,2]}}`), parse(t, ` {"b":{"c":[1,2]},"a":1.0}`), nil},
		{"null is absent", parse(t, `{"a":null}`), parse(t, `{"b":null}`), nil},
		{"document came", asset.Value{}, parse(t, `{"a":1}`), []string{`a changed config: <absent> -> {"a":1}`}},
		{"scalar", parse(t, `{"a":1,"b":"x"}`), parse(t, `{"a":2,"b":"x"}`), []string{"a changed config.a: 1 -> 2"}},
		{"member gone", parse(t, `{"a":{"b":1,"c":2}}`), parse(t, `{"a":{"b":1}}`), []string{"a changed config.a.c: 2 -> <absent>"}},
		{"odd key", parse(t, `{"a.b":1}`), parse(t, `{"a.b":2}`), []string{`a changed config["a.b"]: 1 -> 2`}},
		{"other kind", parse(t, `{"a":"1"}`), parse(t, `{"a":1}`), []string{`a changed config.a: "1" -> 1`}},
		{"exact integers", parse(t, `{"a":9007199254740993}`), parse(t, `{"a":9007199254740992.0}`), []string{"a changed config.a: 9007199254740993 -> 9007199254740992.0"}},
		{"order of a list", parse(t, `{"l":[1,{"x":[1,2]},"s"]}`), parse(t, `{"l":["s",{"x":[2,1],"n":null},1]}`), nil},
		{"lists are multisets, not sets", parse(t, `{"l":[1,1,2]}`), parse(t, `{"l":[1,2,2]}`), []string{"a changed config.l: [1,1,2] -> [1,2,2]"}},
		{"element in place", parse(t, `{"l":[{"p":1,"q":2},3]}`), parse(t, `{"l":[{"p":9,"q":2},3]}`), []string{"a changed config.l[0].p: 1 -> 9"}},
		{"element gone", parse(t, `{"l":[1,2,3]}`), parse(t, `{"l":[3,1]}`), []string{"a changed config.l: [1,2,3] -> [3,1]"}},
		{"several", parse(t, `{"b":1,"a":{"z":1},"c":0}`), parse(t, `{"a":{"z":2},"b":2,"c":0}`),
			[]string{"a changed config.a.z: 1 -> 2", "a changed config.b: 1 -> 2"}},
		{"obscured", parse(t, `{"a":1}`), hidden(map[string]any{"a": unread}), []string{"a obscured config.a: 1 -> <unread>"}},
		{"obscured absence", parse(t, `{}`), hidden(map[string]any{"a": unread}), []string{"a obscured config.a: <absent> -> <unread>"}},
		{"obscured whole", parse(t, `{"a":1}`), unread.Value(), []string{`a obscured config: {"a":1} -> <unread>`}},
		{"revealed", hidden(map[string]any{"a": unread}), parse(t, `{"a":1}`), []string{"a revealed config.a: <unread> -> 1"}},
		{"unread both times", hidden(map[string]any{"a": unread}), hidden(map[string]any{"a": &asset.Unread{Code: "Throttled"}}), nil},
		{"not kept", parse(t, `{"a":1,"b":2}`), project(t, `{"a":1,"b":2}`, "a"), []string{"a obscured config.b: 2 -> <unread>"}},
		{"not kept before", project(t, `{"a":1,"b":2}`, "a"), parse(t, `{"a":1,"b":2}`), []string{"a revealed config.b: <unread> -> 2"}},
		{"unread in a list", parse(t, `{"l":[{"p":1},{"p":2}]}`),
			hidden(map[string]any{"l": []any{map[string]any{"p": unread}}}),
			[]string{`a obscured config.l: [{"p":1},{"p":2}] -> [{"p":<unread>}]`}},
		{"unread in place", parse(t, `{"l":[{"p":1},{"p":2}]}`),
			hidden(map[string]any{"l": []any{map[string]any{"p": 1}, map[string]any{"p": unread}}}),
			[]string{`a obscured config.l[1].p: 2 -> <unread>`}},
		{"secret", hidden(map[string]any{"s": asset.Redacted{Hash: "aa"}}), hidden(map[string]any{"s": asset.Redacted{Hash: "bb"}}),
			[]string{`a changed config.s: "[redacted hash=aa]" -> "[redacted hash=bb]"`}},
		{"same secret", hidden(map[string]any{"s": asset.Redacted{Hash: "aa"}}), hidden(map[string]any{"s": asset.Redacted{Hash: "aa"}}), nil},
	} {
		assert.Equal(t, c.want, changesText(inventory(bucket("a", c.old)), inventory(bucket("a", c.new))), c.name)
	}
}

func project(t testing.TB, text string, paths ...asset.Path) asset.Value {
	t.Helper()
	v, err := parse(t, text).Project(paths...)
	require.NoError(t, err)
	return v
}

func TestDiffOfTheRest(t *testing.T) {
	key := func(id string) asset.Link {
		return asset.Link{Rel: "encrypted_by", To: asset.Ref{Type: keyType, ID: id}}
	}
	old, new := bucket("a", asset.Value{}), bucket("a", asset.Value{})
	old.Tags, new.Tags = map[string]string{"env": "dev", "gone": "1", "same": ""}, map[string]string{"env": "prod", "same": "", "a b": "2"}
	old.Links, new.Links = []asset.Link{key("x"), key("y")}, []asset.Link{key("y"), key("z"), key("y")}
	old.Status, new.Status = parse(t, `{"n":1}`), parse(t, `{"n":2}`)
	old.Access, new.Access = parse(t, `{"Statement":[{"Effect":"Deny"}]}`), parse(t, `{"Statement":[{"Effect":"Allow"}]}`)
	old.Incarnation, new.Incarnation = "2024", "2025"
	want := []string{
		`a replaced : "2024" -> "2025"`,
		`a changed access.Statement[0].Effect: "Deny" -> "Allow"`,
		`a changed links.encrypted_by: [{"type":"AWS::KMS::Key","id":"x"},{"type":"AWS::KMS::Key","id":"y"}] -> [{"type":"AWS::KMS::Key","id":"y"},{"type":"AWS::KMS::Key","id":"z"}]`,
		`a changed status.n: 1 -> 2`,
		`a changed tags.env: "dev" -> "prod"`,
		`a changed tags.gone: "1" -> <absent>`,
		`a changed tags["a b"]: <absent> -> "2"`,
	}
	assert.Equal(t, want, changesText(inventory(old), inventory(new)))
}

func TestDiffOfLinksWithGaps(t *testing.T) {
	plain, linked := bucket("a", asset.Value{}), bucket("a", asset.Value{})
	linked.Links = []asset.Link{{Rel: "encrypted_by", To: asset.Ref{Type: keyType, ID: "x"}}}
	gap := &asset.Gap{Scope: eu, Of: plain.Ref, Cause: asset.Unread{Code: "AccessDenied"}}
	const list = `[{"type":"AWS::KMS::Key","id":"x"}]`
	assert.Equal(t, []string{"a changed links.encrypted_by: " + list + " -> <absent>"}, changesText(inventory(linked), inventory(plain)))
	assert.Equal(t, []string{"a obscured links.encrypted_by: " + list + " -> <absent>"}, changesText(inventory(linked), inventory(plain, gap)))
	assert.Equal(t, []string{"a revealed links.encrypted_by: <absent> -> " + list}, changesText(inventory(plain, gap), inventory(linked)))
}

func TestDiffIgnoresAliasesOfAccess(t *testing.T) {
	role := func(policy, config string) *asset.Asset {
		a := bucket("a", parse(t, config))
		a.Access = parse(t, policy)
		return a
	}
	old := role(`{"Effect":"Deny"}`, `{"Name":"r","AssumeRolePolicyDocument":{"Effect":"Deny"}}`)
	assert.Equal(t, []string{`a changed access.Effect: "Deny" -> "Allow"`},
		changesText(inventory(old), inventory(role(`{"Effect":"Allow"}`, `{"Name":"r","AssumeRolePolicyDocument":{"Effect":"Allow"}}`))))
	assert.Equal(t, []string{`a changed config.AssumeRolePolicyDocument.Effect: "Deny" -> "Allow"`},
		changesText(inventory(old), inventory(role(`{"Effect":"Deny"}`, `{"Name":"r","AssumeRolePolicyDocument":{"Effect":"Allow"}}`))),
		"no alias where it differs from access")
}

func TestChangeKindString(t *testing.T) {
	assert.Equal(t, "obscured", asset.ChangeKind(0).String())
	assert.Equal(t, "changed", asset.Changed.String())
	assert.Equal(t, "change kind 77", asset.ChangeKind(77).String())
}
