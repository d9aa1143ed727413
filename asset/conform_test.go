package asset_test

import (
	"strings"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const conformSchema = `{"T": {"config": {
	"Port": "i", "On": "b", "Name": "s", "Any": "a",
	"Ports": ["i"], "Labels": {"*": "s"}, "Policy": {"Version": "s", "Size": "i", "Again": "#Self"}
}, "defs": {"Self": {"Again": "#Self", "Size": "i"}}}}`

func conformShape(t testing.TB) *asset.Shape {
	t.Helper()
	schemas, err := asset.ParseSchemas([]byte(conformSchema))
	require.NoError(t, err)
	return schemas[0].Config
}

func TestConform(t *testing.T) {
	shape := conformShape(t)
	for _, row := range []struct{ doc, want string }{
		{`{"Port":"22"}`, `{"Port":22}`},
		{`{"Port":"-1"}`, `{"Port":-1}`},
		{`{"Port":"18446744073709551615"}`, `{"Port":18446744073709551615}`},
		{`{"Port":22.0}`, `{"Port":22}`},
		{`{"Port":1e3}`, `{"Port":1000}`},
		{`{"Port":1.5}`, `{"Port":1.5}`},
		{`{"Port":1e300}`, `{"Port":1e300}`},
		{`{"Port":"007"}`, `{"Port":"007"}`},
		{`{"Port":"+7"}`, `{"Port":"+7"}`},
		{`{"Port":" 7"}`, `{"Port":" 7"}`},
		{`{"Port":"ssh"}`, `{"Port":"ssh"}`},
		{`{"Port":true}`, `{"Port":true}`},
		{`{"On":"true"}`, `{"On":true}`},
		{`{"On":"False"}`, `{"On":false}`},
		{`{"On":"yes"}`, `{"On":"yes"}`},
		{`{"On":1}`, `{"On":1}`},
		{`{"Name":12}`, `{"Name":"12"}`},
		{`{"Name":1.50}`, `{"Name":"1.50"}`},
		{`{"Name":true}`, `{"Name":"true"}`},
		{`{"Name":{"Ref":"X"}}`, `{"Name":{"Ref":"X"}}`},
		{`{"Name":null}`, `{"Name":null}`},
		{`{"Any":"22"}`, `{"Any":"22"}`},
		{`{"Unknown":"22"}`, `{"Unknown":"22"}`},
		{`{"Ports":["1",2,"x"]}`, `{"Ports":[1,2,"x"]}`},
		{`{"Ports":"[\"1\"]"}`, `{"Ports":[1]}`},
		{`{"Ports":"1"}`, `{"Ports":"1"}`},
		{`{"Labels":{"a":1}}`, `{"Labels":{"a":"1"}}`},
		{`{"Policy":"{\"Version\":2012,\"Size\":\"7\"}"}`, `{"Policy":{"Version":"2012","Size":7}}`},
		{`{"Policy":"{\"Again\":\"{\\\"Size\\\":\\\"1\\\"}\"}"}`, `{"Policy":{"Again":{"Size":1}}}`},
		{`{"Policy":"{broken"}`, `{"Policy":"{broken"}`},
		{`{"Policy":"[]"}`, `{"Policy":"[]"}`},
		{`{"Policy":""}`, `{"Policy":""}`},
		{`["22"]`, `["22"]`},
	} {
		v, err := asset.Parse([]byte(row.doc))
		require.NoError(t, err)
		got := shape.Conform(v)
		assert.Equal(t, row.want, got.String(), "of %s", row.doc)
		assert.Equal(t, row.want, shape.Conform(got).String(), "of %s, once more", row.doc)
	}
}

func TestConformKeepsMarks(t *testing.T) {
	v, err := asset.Of(map[string]any{
		"Port": "22",
		"On":   &asset.Unread{Code: "AccessDenied"},
		"Name": asset.Redacted{Hash: "ab"},
	})
	require.NoError(t, err)
	v, err = v.Set("Port", v.Get("Port").MarkDefault())
	require.NoError(t, err)
	got := conformShape(t).Conform(v)
	n, err := got.Get("Port").Int()
	require.NoError(t, err)
	assert.EqualValues(t, 22, n)
	assert.True(t, got.Get("Port").IsDefault())
	assert.Equal(t, "AccessDenied", got.Get("On").Unread().Code)
	r, ok := got.Get("Name").Redacted()
	assert.True(t, ok)
	assert.Equal(t, "ab", r.Hash)
}

func TestConformLeavesTextThatWouldNestTooDeep(t *testing.T) {
	inner := strings.Repeat(`{"Again":`, asset.MaxDepth) + "1" + strings.Repeat("}", asset.MaxDepth)
	v, err := asset.Of(map[string]any{"Policy": inner})
	require.NoError(t, err)
	assert.Equal(t, asset.String, conformShape(t).Conform(v).Get("Policy").Kind())
}

func TestConformAllocatesOnlyForAChange(t *testing.T) {
	shape := conformShape(t)
	v, err := asset.Parse([]byte(`{"Port":22,"On":true,"Name":"x","Ports":[1,2],"Labels":{"a":"b"},"Policy":{"Size":1}}`))
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() { shape.Conform(v) }))
	assert.True(t, (*asset.Shape)(nil).Conform(v).Equal(v))
}
