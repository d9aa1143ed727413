package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const controlSpec = `{"schema": {"resource": {"entities": [
	{"cloudFormationType": "AWS::X::App", "name": "App", "arnTemplate": "arn:${Partition}:x:${Region}:${Account}:app/${AppId}", "properties": {"Tags": {}}},
	{"cloudFormationType": "AWS::X::Part", "name": "Part", "arnTemplate": "arn:${Partition}:x::${Account}:app/${AppId}/part/${Name}", "properties": {}},
	{"cloudFormationType": "AWS::X::Odd", "name": "Odd", "arnTemplate": "arn:${Partition}:x:${Region}:${Account}:odd/${ResourceId}", "properties": {}},
	{"cloudFormationType": "AWS::X::Rule", "name": "Rule", "properties": {"Owner": {"relationshipRefs": [{"cloudFormationType": "AWS::X::Odd", "propertyName": "Number"}]}}},
	{"cloudFormationType": "AWS::X::Pair", "name": "Pair", "properties": {}},
	{"cloudFormationType": "AWS::X::Lost", "name": "Lost", "properties": {}},
	{"cloudFormationType": "AWS::X::Mine", "name": "Mine", "properties": {}},
	{"cloudFormationType": "AWS::X::Unlisted", "name": "Unlisted", "properties": {}},
	{"cloudFormationType": "AWS::X::Unknown", "name": "Unknown", "properties": {}}
]}}}`

const registrySpec = `[
	{"typeName": "AWS::X::App", "primaryIdentifier": ["/properties/Id"], "tagging": {"tagProperty": "/properties/Tags"},
		"writeOnlyProperties": ["/properties/Secret", "/properties/List/*/Key", "/properties/Deep/items/properties/Key"],
		"handlers": {"list": {"permissions": ["X:ListApps", "x:CreateApp", "s3:GetObject", "iam:PassRole"]}, "read": {"permissions": ["x:GetApp", "kms:Decrypt"]}}},
	{"typeName": "AWS::X::Part", "primaryIdentifier": ["/properties/AppId", "/properties/Name"],
		"handlers": {"list": {"permissions": ["x:ListParts"], "handlerSchema": {"required": ["AppId"]}}, "read": {"permissions": []}}},
	{"typeName": "AWS::X::Odd", "primaryIdentifier": ["/properties/Number"], "tagging": {"tagProperty": "/properties/Tags"}, "handlers": {"list": {}, "read": {}}},
	{"typeName": "AWS::X::Rule", "primaryIdentifier": ["/properties/Arn"], "handlers": {"list": {"handlerSchema": {"anyOf": [{"required": ["Owner"]}]}}, "read": {}}},
	{"typeName": "AWS::X::Pair", "primaryIdentifier": ["/properties/Key"], "handlers": {"list": {"handlerSchema": {"required": ["AppId", "Name"]}}, "read": {}}},
	{"typeName": "AWS::X::Lost", "primaryIdentifier": ["/properties/Key"], "handlers": {"list": {"handlerSchema": {"required": ["AppArn"]}}, "read": {}}},
	{"typeName": "AWS::X::Mine", "primaryIdentifier": ["/properties/Key"], "handlers": {"list": {"handlerSchema": {"required": ["AwsAccountId"]}}, "read": {}}},
	{"typeName": "AWS::X::Unlisted", "primaryIdentifier": ["/properties/Key"], "handlers": {"read": {}}}
]`

func TestCloudControl(t *testing.T) {
	var db database
	require.NoError(t, json.Unmarshal([]byte(controlSpec), &db))
	var all []*registered
	require.NoError(t, json.Unmarshal([]byte(registrySpec), &all))
	registry := map[string]*registered{}
	for _, r := range all {
		registry[r.TypeName] = r
	}
	got := db.cloudControl(registry, nil)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"AWS::X::App": {"id": ["Id"], "arn": "arn:${Partition}:x:${Region}:${Account}:app/${Id}", "tags": "Tags", "hidden": ["Deep[*].Key", "List[*].Key", "Secret"]},
		"AWS::X::Part": {"id": ["AppId", "Name"], "arn": "arn:${Partition}:x::${Account}:app/${AppId}/part/${Name}", "crossAccount": true, "needs": {"AppId": "Id"}, "parent": "AWS::X::App"},
		"AWS::X::Odd": {"id": ["Number"]},
		"AWS::X::Rule": {"id": ["Arn"], "needs": {"Owner": "Number"}, "parent": "AWS::X::Odd"},
		"AWS::X::Pair": {"id": ["Key"], "needs": {"AppId": "AppId", "Name": "Name"}, "parent": "AWS::X::Part"},
		"AWS::X::Lost": {"id": ["Key"], "needs": {"AppArn": ""}},
		"AWS::X::Mine": {"id": ["Key"], "needs": {"AwsAccountId": ""}}
	}`, string(text))

	one := db.cloudControl(registry, map[string]bool{"AWS::X": true})
	assert.False(t, one["AWS::X::Part"].CrossAccount, "the home of the group tells of it")

	text, err = json.Marshal(operations("AWS::X::Part", got, registry))
	require.NoError(t, err)
	assert.JSONEq(t, `[
		{"name": "cloudcontrol:ListResources(AWS::X::App)", "permissions": ["cloudformation:ListResources", "x:ListApps"], "mayOmit": true},
		{"name": "cloudcontrol:ListResources(AWS::X::Part)", "permissions": ["cloudformation:ListResources", "x:ListParts"], "mayOmit": true},
		{"name": "cloudcontrol:GetResource(AWS::X::Part)", "permissions": ["cloudformation:GetResource"], "provides": ["config"], "perAsset": true}
	]`, string(text), "what writes or reads data is left out")
}
