package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const source = `package arm

type Thing struct {
	// REQUIRED; The properties.
	Properties *Properties
	// READ-ONLY; The id.
	ID *string
	// READ-ONLY; The name.
	Name *string
	Tags map[string]*string
	Hidden *string
}

type Properties struct {
	Kind *Kind
	Count *int32
	Ratio *float64
	Flags []*bool
	Created *time.Time
	Expires *time.Time
	Rule RuleClassification
	Open *Open
	Next *Properties
	AdminPassword *string
	Free any
	Raw []byte
}

type Kind string

const (
	KindNew Kind = "New"
	KindOld Kind = "Old"
)

const moduleName = "arm"

type RuleClassification interface{ GetRule() *Rule }

type Rule struct{}

type Open struct {
	AdditionalProperties map[string]any
	Name *string
}

func (t *Thing) UnmarshalJSON(data []byte) error {
	for key, val := range raw {
		switch key {
		case "id":
			err = unpopulate(val, "ID", &t.ID)
			delete(rawMsg, key)
		case "name":
			err = unpopulate(val, "Name", &t.Name)
		case "properties":
			err = unpopulate(val, "Properties", &t.Properties)
		case "tags":
			err = unpopulate(val, "Tags", &t.Tags)
		}
	}
	return nil
}

func (p *Properties) UnmarshalJSON(data []byte) error {
	switch key {
	case "kind":
		err = unpopulate(val, "Kind", &p.Kind)
	case "count":
		err = unpopulate(val, "Count", &p.Count)
	case "ratio":
		err = unpopulate(val, "Ratio", &p.Ratio)
	case "flags":
		err = unpopulate(val, "Flags", &p.Flags)
	case "created":
		err = unpopulateTime(val, "Created", &p.Created)
	case "exp":
		err = unpopulateTimeUnix(val, "Expires", &p.Expires)
	case "rule":
		p.Rule, err = unmarshalRuleClassification(val)
	case "open":
		err = unpopulate(val, "Open", &p.Open)
	case "next":
		err = unpopulate(val, "Next", &p.Next)
	case "adminPassword":
		err = unpopulate(val, "AdminPassword", &p.AdminPassword)
	case "free":
		err = unpopulate(val, "Free", &p.Free)
	case "raw":
		err = runtime.DecodeByteArray(string(val), &p.Raw, runtime.Base64StdFormat)
	}
	return nil
}

func (o *Open) UnmarshalJSON(data []byte) error {
	switch key {
	case "name":
		err = unpopulate(val, "Name", &o.Name)
	}
	return nil
}
`

func TestModels(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "models.go"), []byte(source), 0o666))
	m, err := parse(dir)
	require.NoError(t, err)
	got, err := m.schema("Thing")
	require.NoError(t, err)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"config": {"id:ar": "s", "name:ar": "s", "properties:a": "#Properties", "tags": {"*": "s"}},
		"defs": {
			"Properties": {
				"kind": "#Kind", "count": "i", "ratio": "a", "flags": ["b"], "created": "s", "exp": "i", "rule": "a", "open": "#Open", "next": "#Properties",
				"adminPassword:s": "s", "free": "a", "raw": "s"
			},
			"Open": "a",
			"Kind": "s|New|Old"
		}
	}`, string(text))
	_, err = m.schema("Kind")
	assert.ErrorContains(t, err, "Kind is no struct")
	_, err = m.schema("Rule")
	assert.ErrorContains(t, err, "no UnmarshalJSON")
}
