// Package fileschema makes JSON Schemas (draft-07) of the files that people write for
// Stance: policies, overlays, standards and snapshots. Editors use them for completion
// and to mark mistakes; the readers of the files remain the judges.
package fileschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Kinds returns the kinds of files, sorted.
func Kinds() []string { return []string{"overlay", "policy", "snapshot", "standard"} }

// Schema returns the schema of a kind of files as indented JSON that ends with a newline.
// The schema of a snapshot is that of one of its lines.
func Schema(kind string) ([]byte, error) {
	make := map[string]func() schema{"overlay": overlay, "policy": policyFile, "snapshot": snapshotLine, "standard": standard}[kind]
	if make == nil {
		return nil, fmt.Errorf("unknown kind of file %q (has %s)", kind, strings.Join(Kinds(), ", "))
	}
	s := make()
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "Stance " + kind
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// schema is a JSON Schema.
type schema map[string]any

// as returns the schema with a description.
func (s schema) as(text string) schema {
	s["description"] = text
	return s
}

func str() schema              { return schema{"type": "string"} }
func anything() schema         { return schema{} }
func boolean() schema          { return schema{"type": "boolean"} }
func list(of schema) schema    { return schema{"type": "array", "items": of} }
func mapping(of schema) schema { return schema{"type": "object", "additionalProperties": of} }

// scalar is what a reader takes for a string: YAML writes some of them as numbers.
func scalar() schema { return schema{"type": []string{"string", "number", "boolean"}} }

func enum[T fmt.Stringer](values ...T) schema {
	var names []string
	for _, v := range values {
		names = append(names, v.String())
	}
	return schema{"enum": names}
}

func names[T ~string](values ...T) schema { return schema{"enum": values} }

// object is a mapping with these members and no others.
func object(members map[string]schema, required ...string) schema {
	s := schema{"type": "object", "properties": members, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// oneOrMore is a value or a list of them.
func oneOrMore(of schema) schema { return schema{"anyOf": []schema{of, list(of)}} }

func severity() schema {
	return enum(policy.Informational, policy.Low, policy.Medium, policy.High, policy.Critical)
}

func reason() schema {
	var all []asset.Reason
	for r := asset.UnknownReason; ; r++ {
		if _, err := asset.ParseReason(r.String()); err != nil {
			return enum(all...)
		}
		all = append(all, r)
	}
}
