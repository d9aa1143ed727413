package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const document = `{
	"Thing": {"type": "object", "properties": {
		"name": {"type": "string"},
		"size": {"type": "string", "format": "int64"},
		"count": {"type": "integer", "format": "int32"},
		"ratio": {"type": "number", "format": "double"},
		"mode": {"type": "string", "enum": ["ON", "OFF"]},
		"on": {"type": "boolean"},
		"free": {"type": "any"},
		"list": {"type": "array", "items": {"$ref": "Node"}},
		"labels": {"type": "object", "additionalProperties": {"type": "string"}},
		"inline": {"type": "object", "properties": {"a": {"type": "string"}}},
		"empty": {"$ref": "Empty"},
		"state": {"type": "string", "readOnly": true},
		"created": {"type": "string", "description": "[Output Only] When."},
		"updated": {"type": "string", "description": "Output only. When."},
		"password": {"type": "string"},
		"env": {"type": "array", "items": {"$ref": "Variable"}},
		"variables": {"type": "array", "items": {"$ref": "Variable"}},
		"environmentVariables": {"type": "object", "additionalProperties": {"type": "string"}}
	}},
	"Node": {"type": "object", "properties": {"next": {"$ref": "Node"}}},
	"Variable": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}},
	"Empty": {"type": "object"},
	"Lost": {"type": "object", "properties": {"x": {"$ref": "Gone"}}},
	"Odd": {"type": "object", "properties": {"x": {"type": "tuple"}}}
}`

func TestConvert(t *testing.T) {
	c := converter{defs: map[string]any{}}
	require.NoError(t, json.Unmarshal([]byte(document), &c.models))
	fields, err := c.object("Thing")
	require.NoError(t, err)
	text, err := json.Marshal(map[string]any{"config": fields, "defs": c.defs})
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"config": {
			"name": "s", "size": "i", "count": "i", "ratio": "a", "mode": "s|OFF|ON", "on": "b", "free": "a", "list": ["#Node"], "labels": {"*": "s"}, "inline": {"a": "s"},
			"empty": "#Empty", "state:r": "s", "created:r": "s", "updated:r": "s", "password:s": "s",
			"env": [{"name": "s", "value:s": "s"}], "variables": ["#Variable"], "environmentVariables:s": {"*": "s"}
		},
		"defs": {"Node": {"next": "#Node"}, "Empty": "a", "Variable": {"name": "s", "value": "s"}}
	}`, string(text))
	for _, name := range []string{"Nothing", "Lost", "Odd"} {
		_, err := c.object(name)
		assert.Error(t, err, name)
	}
}

func TestUnite(t *testing.T) {
	object := map[string]any{"same:r": "s", "other": "s", "first": "i", "mode": "s|A"}
	unite(object, map[string]any{"same": "s", "other": "i", "second": "b", "mode": "s|A|B"})
	assert.Equal(t, map[string]any{"same:r": "s", "other": "a", "first": "i", "second": "b", "mode": "s|A|B"}, object)
}
