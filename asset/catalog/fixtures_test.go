package catalog_test

import (
	"bufio"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
)

// fitting collects what does not fit the schemas.
type fitting struct {
	resources int             // that have a schema
	misfits   map[string]bool // type and path
}

// check compares a value with a shape. Scalars may be written as strings, as Google
// and templates do, and a nil value fits: it is null, or not known before a template
// is deployed.
func (f *fitting) check(t asset.Type, s *asset.Shape, v any, p asset.Path) {
	if s == nil || v == nil || s.Kind == asset.AnyShape {
		return
	}
	fits := false
	switch v := v.(type) {
	case map[string]any:
		switch fits = true; s.Kind {
		case asset.MapShape:
			for _, x := range v {
				f.check(t, s.Elem, x, p.Any())
			}
		case asset.ObjectShape:
			for name, x := range v {
				if field, ok := s.Field(name); ok {
					f.check(t, field.Shape, x, p.Key(name))
				} else {
					f.misfits[string(t)+" "+string(p.Key(name))] = true
				}
			}
		default:
			fits = false
		}
	case []any:
		if fits = s.Kind == asset.ListShape; fits {
			for _, x := range v {
				f.check(t, s.Elem, x, p.Any())
			}
		}
	case bool:
		fits = s.Kind == asset.BoolShape || s.Kind == asset.StringShape
	case float64:
		fits = s.Kind == asset.IntShape && v == float64(int64(v)) || s.Kind == asset.StringShape
	case string:
		switch s.Kind {
		case asset.StringShape:
			fits = true
		case asset.ObjectShape:
			fits = json.Valid([]byte(v)) // a policy document as text
		case asset.IntShape:
			_, err := strconv.ParseInt(v, 10, 64)
			fits = err == nil
		case asset.BoolShape:
			_, err := strconv.ParseBool(v)
			fits = err == nil
		}
	}
	if !fits {
		f.misfits[string(t)+" "+string(p)] = true
	}
}

// assert fails unless exactly the misfits that are known were found.
func (f *fitting) assert(t *testing.T, atLeast int, known ...string) {
	t.Helper()
	assert.GreaterOrEqual(t, f.resources, atLeast)
	assert.Equal(t, slices.Sorted(slices.Values(known)), slices.Sorted(maps.Keys(f.misfits)))
}

// eachCase calls f with the input of every case in a file of test data.
func eachCase(t *testing.T, f func(input json.RawMessage), elem ...string) {
	t.Helper()
	file, err := os.Open(fixtures.Dir(t, elem...))
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c struct{ Input json.RawMessage }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		f(c.Input)
	}
	require.NoError(t, lines.Err())
}

func TestRecordedGoogleAssetsFit(t *testing.T) {
	fit := fitting{misfits: map[string]bool{}}
	eachCase(t, func(input json.RawMessage) {
		var a struct {
			Type     asset.Type `json:"asset_type"`
			Resource struct{ Data any }
			Policy   any `json:"iam_policy"`
		}
		require.NoError(t, json.Unmarshal(input, &a))
		s, ok := catalog.Schema(a.Type)
		require.True(t, ok, a.Type)
		fit.resources++
		fit.check(a.Type, s.Config, a.Resource.Data, "config")
		fit.check(a.Type, s.Access, a.Policy, "access")
	}, "posture", "gcp-cai", "cases.ndjson")
	fit.assert(t, 400, olderGoogleFields...)
}

func TestRecordedAzureResourcesFit(t *testing.T) {
	fit := fitting{misfits: map[string]bool{}}
	eachCase(t, func(input json.RawMessage) {
		var a struct {
			Type       asset.Type
			Properties any
		}
		if json.Unmarshal(input, &a) != nil {
			return // a list of resources
		}
		if s, ok := catalog.Schema(a.Type); ok {
			fit.resources++
			f, _ := s.Config.Field("properties")
			fit.check(a.Type, f.Shape, a.Properties, "config.properties")
		}
	}, "posture", "azure-psrule", "cases.ndjson")
	fit.assert(t, 80, unpublishedAzureFields...)
}

func TestCloudFormationTemplatesFit(t *testing.T) {
	fit := fitting{misfits: map[string]bool{}}
	for _, source := range []string{"guard-cfn", "kics-cloudformation", "checkov-cloudformation"} {
		eachCase(t, func(input json.RawMessage) {
			for _, text := range texts(input) {
				var template struct {
					Resources map[string]struct {
						Type       asset.Type `yaml:"Type"`
						Properties yaml.Node  `yaml:"Properties"`
					} `yaml:"Resources"`
				}
				if yaml.Unmarshal([]byte(text), &template) != nil {
					continue
				}
				for _, r := range template.Resources {
					if s, ok := catalog.Schema(r.Type); ok {
						fit.resources++
						fit.check(r.Type, s.Config, plain(&r.Properties), "config")
					}
				}
			}
		}, "iac", source, "cases.ndjson")
	}
	fit.assert(t, 1000, wrongInTemplates...)
}

func TestARMTemplatesFit(t *testing.T) {
	fit := fitting{misfits: map[string]bool{}}
	for _, source := range []string{"kics-arm", "checkov-arm"} {
		eachCase(t, func(input json.RawMessage) {
			for _, text := range texts(input) {
				var template struct{ Resources []armResource }
				if json.Unmarshal([]byte(text), &template) == nil {
					fit.arm("", template.Resources)
				}
			}
		}, "iac", source, "cases.ndjson")
	}
	fit.assert(t, 100, wrongInARMTemplates...)
}

type armResource struct {
	Type       asset.Type
	Properties any
	Resources  []armResource
}

func (f *fitting) arm(parent asset.Type, all []armResource) {
	for _, r := range all {
		typ := r.Type
		if parent != "" && !strings.HasPrefix(string(typ), string(parent)) {
			typ = parent + "/" + typ
		}
		if s, ok := catalog.Schema(typ); ok {
			f.resources++
			field, _ := s.Config.Field("properties")
			f.check(typ, field.Shape, withoutExpressions(r.Properties), "config.properties")
		}
		f.arm(typ, r.Resources)
	}
}

// withoutExpressions replaces the expressions of an ARM template by nil.
func withoutExpressions(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = withoutExpressions(v[k])
		}
	case []any:
		for i := range v {
			v[i] = withoutExpressions(v[i])
		}
	case string:
		// Some templates name the type where a value should stand.
		if strings.HasPrefix(v, "[") || v == "bool" || v == "int" {
			return nil
		}
	}
	return v
}

// texts returns the files of an input.
func texts(input json.RawMessage) []string {
	var text string
	var files struct{ Files map[string]string }
	switch {
	case json.Unmarshal(input, &text) == nil:
		return []string{text}
	case json.Unmarshal(input, &files) == nil && files.Files != nil:
		return slices.Collect(maps.Values(files.Files))
	}
	return []string{string(input)}
}

// plain converts a node of a CloudFormation template, with nil for every function.
func plain(n *yaml.Node) any {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if key == "Ref" || strings.HasPrefix(key, "Fn::") {
				return nil
			}
			m[key] = plain(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		l := []any{}
		for _, x := range n.Content {
			l = append(l, plain(x))
		}
		return l
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil
		}
		return n.Value
	}
	return nil
}
