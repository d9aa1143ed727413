package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const spec = `{"schema": {
	"typeDefinition": {"entities": [
		{"$id": "1", "name": "Pair", "properties": {"Name": {"type": {"type": "string"}}, "Value": {"type": {"type": "string"}}}},
		{"$id": "2", "name": "Node", "properties": {"Next": {"type": {"type": "ref", "reference": {"$ref": "2"}}}, "Password": {"type": {"type": "string"}}}},
		{"$id": "3", "name": "Pair", "properties": {"Left": {"type": {"type": "integer"}}}},
		{"$id": "4", "name": "Empty", "properties": {}}
	]},
	"resource": {"entities": [{"cloudFormationType": "AWS::X::Y",
		"properties": {
			"Text": {"type": {"type": "string"}},
			"Count": {"type": {"type": "integer"}},
			"Ratio": {"type": {"type": "number"}},
			"Flag": {"type": {"type": "boolean"}},
			"Any": {"type": {"type": "json"}},
			"Either": {"type": {"type": "union", "types": []}},
			"Tags": {"type": {"type": "array", "element": {"type": "tag"}}},
			"Labels": {"type": {"type": "map", "element": {"type": "string"}}},
			"Environment": {"type": {"type": "array", "element": {"type": "ref", "reference": {"$ref": "1"}}}},
			"Pairs": {"type": {"type": "array", "element": {"type": "ref", "reference": {"$ref": "1"}}}},
			"Other": {"type": {"type": "ref", "reference": {"$ref": "3"}}},
			"Node": {"type": {"type": "ref", "reference": {"$ref": "2"}}},
			"Empty": {"type": {"type": "ref", "reference": {"$ref": "4"}}},
			"UserData": {"type": {"type": "string"}}
		},
		"attributes": {
			"Arn": {"type": {"type": "string"}},
			"Text": {"type": {"type": "string"}},
			"Other.Size": {"type": {"type": "integer"}},
			"Other.Left": {"type": {"type": "integer"}},
			"Endpoint.Address": {"type": {"type": "string"}},
			"Endpoint.Port": {"type": {"type": "string"}}
		}
	}]}
}}`

func TestSchemas(t *testing.T) {
	db := &database{byID: map[string]*entity{}}
	require.NoError(t, json.Unmarshal([]byte(spec), db))
	db.link()
	got, err := db.schemas()
	require.NoError(t, err)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, `{"AWS::X::Y": {
		"config": {
			"Text": "s", "Count": "i", "Ratio": "a", "Flag": "b", "Any": "a", "Either": "a", "Tags": ["#Tag"], "Labels": {"*": "s"},
			"Environment": [{"Name": "s", "Value:s": "s"}], "Pairs": ["#Pair"], "Other": {"Left:r": "i", "Size:r": "i"}, "Node": "#Node", "Empty": "#Empty",
			"UserData:s": "s", "Arn:r": "s", "Endpoint:r": {"Address:r": "s", "Port:r": "s"}
		},
		"defs": {
			"Tag": {"Key": "s", "Value": "s"}, "Pair": {"Name": "s", "Value": "s"}, "Pair2": {"Left": "i"}, "Node": {"Next": "#Node", "Password:s": "s"}, "Empty": "a"
		}
	}}`, string(text))
}

func TestSchemasRefuseWhatIsUnknown(t *testing.T) {
	for name, typ := range map[string]string{
		"a type":       `{"type": "tuple"}`,
		"a definition": `{"type": "ref", "reference": {"$ref": "9"}}`,
		"an element":   `{"type": "array"}`,
	} {
		t.Run(name, func(t *testing.T) {
			db := &database{byID: map[string]*entity{}}
			require.NoError(t, json.Unmarshal([]byte(`{"schema": {"resource": {"entities": [{"cloudFormationType": "AWS::X::Y", "properties": {"P": {"type": `+typ+`}}}]}}}`), db))
			_, err := db.schemas()
			assert.ErrorContains(t, err, "AWS::X::Y: P: ")
		})
	}
}

func TestGroup(t *testing.T) {
	assert.Equal(t, "AWS::EC2", group("AWS::EC2::VPC"))
	assert.Equal(t, "AWS::S3", group("AWS::S3::Bucket::Part"))
}
