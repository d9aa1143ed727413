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
	"Ports": ["i"], "Names": ["s"], "Objects": [{"Size": "i"}], "Labels": {"*": "s"}, "Policy": {"Version": "s", "Size": "i", "Again": "#Self"}
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
		{`{"Port":1.5}`, `{"Port":<unread>}`},
		{`{"Port":1e300}`, `{"Port":<unread>}`},
		{`{"Port":"007"}`, `{"Port":<unread>}`},
		{`{"Port":"+7"}`, `{"Port":<unread>}`},
		{`{"Port":" 7"}`, `{"Port":<unread>}`},
		{`{"Port":"ssh"}`, `{"Port":<unread>}`},
		{`{"Port":true}`, `{"Port":<unread>}`},
		{`{"Port":null}`, `{"Port":null}`},
		{`{"Port":["22"]}`, `{"Port":22}`},
		{`{"Port":["22","23"]}`, `{"Port":<unread>}`},
		{`{"Port":[]}`, `{"Port":<unread>}`},
		{`{"Port":[["22"]]}`, `{"Port":<unread>}`},
		{`{"On":"true"}`, `{"On":true}`},
		{`{"On":"False"}`, `{"On":false}`},
		{`{"On":"yes"}`, `{"On":<unread>}`},
		{`{"On":1}`, `{"On":<unread>}`},
		{`{"Name":12}`, `{"Name":"12"}`},
		{`{"Name":1.50}`, `{"Name":"1.50"}`},
		{`{"Name":true}`, `{"Name":"true"}`},
		{`{"Name":{"Ref":"X"}}`, `{"Name":<unread>}`},
		{`{"Name":["x"]}`, `{"Name":"x"}`},
		{`{"Name":["x","y"]}`, `{"Name":<unread>}`},
		{`{"Name":[]}`, `{"Name":<unread>}`},
		{`{"Name":null}`, `{"Name":null}`},
		{`{"Any":"22"}`, `{"Any":"22"}`},
		{`{"Unknown":"22"}`, `{"Unknown":"22"}`},
		{`{"Ports":["1",2,"x"]}`, `{"Ports":[1,2,<unread>]}`},
		{`{"Ports":"[\"1\"]"}`, `{"Ports":[1]}`},
		{`{"Ports":"1"}`, `{"Ports":[1]}`},
		{`{"Ports":1}`, `{"Ports":[1]}`},
		{`{"Ports":"1,2"}`, `{"Ports":<unread>}`},
		{`{"Ports":"1 2"}`, `{"Ports":<unread>}`},
		{`{"Ports":""}`, `{"Ports":<unread>}`},
		{`{"Ports":"[1"}`, `{"Ports":<unread>}`},
		{`{"Ports":{"a":1}}`, `{"Ports":<unread>}`},
		{`{"Names":"a"}`, `{"Names":["a"]}`},
		{`{"Names":7}`, `{"Names":["7"]}`},
		{`{"Objects":"a"}`, `{"Objects":<unread>}`},
		{`{"Objects":{"Size":"1"}}`, `{"Objects":[{"Size":1}]}`},
		{`{"Objects":{"Fn::If":["x",{"Size":1},{"Size":2}]}}`, `{"Objects":<unread>}`},
		{`{"Objects":{"Size":1,"Other":1}}`, `{"Objects":<unread>}`},
		{`{"Objects":{}}`, `{"Objects":<unread>}`},
		{`{"Objects":["a",{"Size":"1"}]}`, `{"Objects":[<unread>,{"Size":1}]}`},
		{`{"Labels":{"a":1}}`, `{"Labels":{"a":"1"}}`},
		{`{"Policy":"{\"Version\":2012,\"Size\":\"7\"}"}`, `{"Policy":{"Version":"2012","Size":7}}`},
		{`{"Policy":"{\"Again\":\"{\\\"Size\\\":\\\"1\\\"}\"}"}`, `{"Policy":{"Again":{"Size":1}}}`},
		{`{"Labels":"a"}`, `{"Labels":<unread>}`},
		{`{"Labels":["a"]}`, `{"Labels":<unread>}`},
		{`{"Labels":{"a":["x","y"]}}`, `{"Labels":{"a":<unread>}}`},
		{`{"Policy":5}`, `{"Policy":<unread>}`},
		{`{"Policy":true}`, `{"Policy":<unread>}`},
		{`{"Policy":[]}`, `{"Policy":<unread>}`},
		{`{"Policy":"{broken"}`, `{"Policy":<unread>}`},
		{`{"Policy":"[]"}`, `{"Policy":<unread>}`},
		{`{"Policy":""}`, `{"Policy":<unread>}`},
		{`["22"]`, `<unread>`},
		{`"s"`, `<unread>`},
		{`null`, `null`},
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

func TestConformRefusesTextThatWouldNestTooDeep(t *testing.T) {
	inner := strings.Repeat(`{"Again":`, asset.MaxDepth) + "1" + strings.Repeat("}", asset.MaxDepth)
	v, err := asset.Of(map[string]any{"Policy": inner})
	require.NoError(t, err)
	assert.Equal(t, asset.UnreadPart, conformShape(t).Conform(v).Get("Policy").Kind())
}

// Nothing of a part of another kind is repeated: it may be a secret.
func TestConformGivesTheReasonOfAMalformedPart(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {"config": {"Name:a": "s", "Properties:a": {"On": "b"}}}}`))
	require.NoError(t, err)
	shape := schemas[0].Config
	for doc, want := range map[string]string{
		`{"Properties": "hunter2"}`:            "is a string, want an object",
		`{"Properties": ["hunter2"]}`:          "is a list, want an object",
		`{"Properties": 5}`:                    "is an integer, want an object",
		`{}`:                                   "is absent, want an object",
		`{"Properties": null}`:                 "is absent, want an object",
		`{"Other": 1, "Properties": "{true}"}`: "is a string, want an object",
	} {
		v, err := asset.Parse([]byte(doc))
		require.NoError(t, err)
		got := shape.Conform(v)
		assert.Equal(t, &asset.Unread{Reason: asset.Malformed, Code: asset.CodeMalformed, Message: want}, got.Get("Properties").Unread(), doc)
		assert.Equal(t, got.String(), shape.Conform(got).String(), doc)
	}
	v, err := asset.Parse([]byte(`{"Properties": {}}`))
	require.NoError(t, err)
	assert.Equal(t, `{"Properties":{}}`, shape.Conform(v).String(), "a scalar may be missing")
}

func TestConformKeepsToWhatAProjectionLeft(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {"config": {"Port": "i", "Properties:a": {"On": "b"}}}}`))
	require.NoError(t, err)
	v, err := asset.Parse([]byte(`{"Port": "22", "Properties": {"On": true}}`))
	require.NoError(t, err)
	v, err = v.Project("Port")
	require.NoError(t, err)
	v = schemas[0].Config.Conform(v)
	assert.Equal(t, asset.CodeNotKept, v.Get("Properties").Unread().Code)
	assert.True(t, v.IsPartial())
}

func TestConformAllocatesOnlyForAChange(t *testing.T) {
	shape := conformShape(t)
	v, err := asset.Parse([]byte(`{"Port":22,"On":true,"Name":"x","Ports":[1,2],"Labels":{"a":"b"},"Policy":{"Size":1}}`))
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() { shape.Conform(v) }))
	assert.True(t, (*asset.Shape)(nil).Conform(v).Equal(v))
}

const foldSchema = `{"Microsoft.Test/things": {"config": {
	"name:a": "s", "tags": {"*": "s"}, "properties:a": "#Properties"
}, "defs": {
	"Properties": {"state": "#State", "free": "s", "states": ["#State"], "byName": {"*": "#State"}, "on": "b", "next": "#Properties", "any": "a"},
	"State": "s|Enabled|Disabled|True"
}}, "AWS::Test::Thing": {"config": {"State": "s|Enabled|Disabled", "On": "b"}}}`

// Azure compares names of fields and values of enumerations without regard to case.
func TestConformFoldsCase(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(foldSchema))
	require.NoError(t, err)
	aws, azure := schemas[0].Config, schemas[1].Config
	for _, row := range []struct {
		shape     *asset.Shape
		doc, want string
	}{
		{azure, `{"Properties":{"STATE":"enabled"}}`, `{"properties":{"state":"Enabled"}}`},
		{azure, `{"properties":{"state":"Enabled","States":["DISABLED","disabled","other"]}}`, `{"properties":{"state":"Enabled","states":["Disabled","Disabled","other"]}}`},
		{azure, `{"properties":{"state":true}}`, `{"properties":{"state":"True"}}`},
		{azure, `{"properties":{"state":["enabled"]}}`, `{"properties":{"state":"Enabled"}}`},
		{azure, `{"properties":{"states":"enabled"}}`, `{"properties":{"states":["Enabled"]}}`},
		{azure, `{"properties":{"free":"ENABLED","Unknown":"ENABLED"}}`, `{"properties":{"free":"ENABLED","Unknown":"ENABLED"}}`},
		{azure, `{"properties":{"state":"Later"}}`, `{"properties":{"state":"Later"}}`},
		{azure, `{"properties":{"byname":{"KEY":"enabled","key":"Disabled","state":"disabled"}}}`, `{"properties":{"byName":{"KEY":"Enabled","key":"Disabled","state":"Disabled"}}}`},
		{azure, `{"properties":{},"Tags":{"State":"enabled","STATE":"x"}}`, `{"properties":{},"tags":{"State":"enabled","STATE":"x"}}`},
		{azure, `{"properties":{"any":{"State":"enabled","state":"x"}}}`, `{"properties":{"any":{"State":"enabled","state":"x"}}}`},
		{azure, `{"properties":{"Next":{"ON":"true"}}}`, `{"properties":{"next":{"on":true}}}`},
		{azure, `{"PROPERTIES":null}`, `{"properties":<unread>}`},
		{azure, `{"properties":{"state":"x","State":"y"}}`, `{"properties":<unread>}`},
		{azure, `{"properties":{"State":"x","state":"y"}}`, `{"properties":<unread>}`},
		{azure, `{"properties":{"State":"x","STATE":"y"}}`, `{"properties":<unread>}`},
		{azure, `{"properties":{"State":null,"STATE":"y"}}`, `{"properties":<unread>}`},
		{azure, `{"properties":{"Other":"x","OTHER":"y"}}`, `{"properties":{"Other":"x","OTHER":"y"}}`},
		{azure, `{"properties":{"\u017ftate":"x"}}`, `{"properties":{"ſtate":"x"}}`},
		{aws, `{"state":"enabled","State":"enabled","on":"true"}`, `{"state":"enabled","State":"enabled","on":"true"}`},
	} {
		v, err := asset.Parse([]byte(row.doc))
		require.NoError(t, err)
		got := row.shape.Conform(v)
		assert.Equal(t, row.want, got.String(), "of %s", row.doc)
		assert.Equal(t, row.want, row.shape.Conform(got).String(), "of %s, once more", row.doc)
	}
	v, err := asset.Parse([]byte(`{"properties":{"State":"hunter2","state":"y"}}`))
	require.NoError(t, err)
	assert.Equal(t, "has two spellings of state", azure.Conform(v).Get("properties").Unread().Message)

	v, err = asset.Parse([]byte(`{"properties":{"state":"Enabled","states":["Disabled"],"free":"x","Unknown":1},"tags":{"A":"b"}}`))
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() { azure.Conform(v) }))
}

// What was brought to a shape fits it.
func FuzzConform(f *testing.F) {
	var shapes []*asset.Shape
	for _, text := range []string{conformSchema, foldSchema} {
		schemas, err := asset.ParseSchemas([]byte(text))
		require.NoError(f, err)
		for _, s := range schemas {
			shapes = append(shapes, s.Config)
		}
	}
	for _, seed := range []string{
		`{"Port":"22","Ports":"1","Objects":{"Size":"1"},"Policy":"{\"Size\":\"7\"}"}`,
		`{"Port":["1"],"Name":[1],"Labels":{"a":[]}}`,
		`{"Properties":{"STATE":"enabled","state":1,"Next":{"ON":"TRUE"}},"tags":{"State":5}}`,
		`{"properties":null,"PROPERTIES":{}}`,
		`[[["22"]]]`, `"{}"`, `5`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := asset.Parse(text)
		if err != nil {
			return
		}
		for _, shape := range shapes {
			once := shape.Conform(v)
			assert.Equal(t, once.String(), shape.Conform(once).String(), "%s", text)
			assert.Zero(t, testing.AllocsPerRun(1, func() { shape.Conform(once) }), "%s", text)
		}
	})
}
