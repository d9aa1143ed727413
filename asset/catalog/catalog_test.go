package catalog_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/asset/catalog/azurecatalog"
	"github.com/openstance/stance/asset/catalog/gcpcatalog"
)

// reads is a type and the paths, separated by spaces, that checks read of it.
type reads struct {
	Type  asset.Type
	Paths string
}

type link struct {
	From asset.Type
	Rel  string
	To   asset.Type
}

var clouds = []string{"aws", "azure", "gcp"}

func TestChecksFindTheirFields(t *testing.T) {
	for _, r := range slices.Concat(awsChecks, azureChecks, gcpChecks) {
		s, ok := catalog.Schema(r.Type)
		if !assert.True(t, ok, r.Type) {
			continue
		}
		for p := range strings.FieldsSeq(r.Paths) {
			assertPath(t, s, asset.Path(p))
		}
	}
}

// assertPath fails unless the schema says what is at the path, of which the last
// step at least must be known by name.
func assertPath(t *testing.T, s *asset.Schema, p asset.Path) {
	t.Helper()
	doc, rest, _ := strings.Cut(string(p), ".")
	shape := s.Document(doc)
	if assert.NotNil(t, shape, "%s: no %s", s.Type, doc) && rest != "" {
		at, err := shape.At(asset.Path(rest))
		assert.NoError(t, err, s.Type)
		assert.NotNil(t, at, "%s: nothing is known of %s", s.Type, p)
	}
}

func TestChecksFindTheirLinks(t *testing.T) {
	for _, l := range slices.Concat(awsLinks, azureLinks, gcpLinks) {
		s, ok := catalog.Schema(l.From)
		require.True(t, ok, l.From)
		rule, ok := s.Link(l.Rel)
		assert.True(t, ok && slices.Contains(rule.To, l.To), "%s has no link %s to %s", l.From, l.Rel, l.To)
	}
}

func TestTypesOfChecksHaveOperations(t *testing.T) {
	for _, r := range slices.Concat(awsChecks, azureChecks, gcpChecks) {
		s, ok := catalog.Schema(r.Type)
		require.True(t, ok, r.Type)
		for p := range strings.FieldsSeq(r.Paths) {
			filled := slices.ContainsFunc(s.Operations, func(o asset.Operation) bool {
				return len(o.Provides) == 0 || slices.ContainsFunc(o.Provides, func(f asset.Path) bool { return f.Covers(asset.Path(p)) })
			})
			assert.True(t, filled, "%s: nothing fills %s", r.Type, p)
		}
	}
}

var classes = []string{
	"", "ai", "analytics", "application", "compute", "container", "database", "development", "encryption", "identity", "integration",
	"iot", "logging", "management", "media", "messaging", "monitoring", "network", "security", "serverless", "storage",
}

var operationName = regexp.MustCompile(`^([a-z0-9-]+:[A-Za-z0-9.]+(\([A-Za-z0-9_:]+(=[a-z]+)?\))?|Microsoft\.[A-Za-z0-9/]+/read)$`)

func TestEverySchemaIsSound(t *testing.T) {
	types := slices.Collect(catalog.Types())
	require.Greater(t, len(types), 1800)
	assert.True(t, slices.IsSorted(types))
	assert.Equal(t, len(types), len(slices.Compact(slices.Clone(types))), "a type occurs twice")
	for _, typ := range types {
		s, ok := catalog.Schema(typ)
		require.True(t, ok, typ)
		assert.Equal(t, typ, s.Type)
		assert.Equal(t, typ.Provider(), s.Provider, typ)
		assert.NotEmpty(t, typ.Service(), typ)
		if assert.NotNil(t, s.Config, typ) {
			assert.Equal(t, asset.ObjectShape, s.Config.Kind, typ)
		}
		assert.Contains(t, classes, s.Class, typ)
		walk(s.Config, map[*asset.Shape]bool{}, func(o *asset.Shape) {
			for i, f := range o.Fields {
				assert.NotNil(t, f.Shape, "%s: %s", typ, f.Name)
				assert.True(t, i == 0 || o.Fields[i-1].Name < f.Name, "%s: %s is out of order", typ, f.Name)
			}
		})
		assertOperations(t, s)
		assertDocs(t, s)
		assertLinks(t, s)
	}
}

// assertDocs says that every field of status, whose schema is ours, is documented.
func assertDocs(t *testing.T, s *asset.Schema) {
	t.Helper()
	for p, doc := range s.Docs {
		assertPath(t, s, p)
		assert.NotEmpty(t, doc, "%s %s", s.Type, p)
		assert.False(t, strings.HasSuffix(doc, "."), "%s %s", s.Type, p)
	}
	if s.Status != nil {
		for _, f := range s.Status.Fields {
			assert.NotEmpty(t, s.Docs[asset.Path("status").Key(f.Name)], "%s: status.%s is not documented", s.Type, f.Name)
		}
	}
}

func assertOperations(t *testing.T, s *asset.Schema) {
	t.Helper()
	lists := false
	seen := map[string]bool{}
	for _, o := range s.Operations {
		assert.Regexp(t, operationName, o.Name, s.Type)
		assert.False(t, seen[o.Name], "%s: %s twice", s.Type, o.Name)
		seen[o.Name] = true
		lists = lists || len(o.Provides) == 0
		for _, p := range o.Provides {
			assertPath(t, s, p)
		}
		if strings.Contains(o.Name, "(") {
			assert.NotEmpty(t, o.Permissions, "%s: %s is no permission", s.Type, o.Name)
		}
	}
	assert.Equal(t, len(s.Operations) > 0, lists, "%s: nothing lists the assets", s.Type)
}

func assertLinks(t *testing.T, s *asset.Schema) {
	t.Helper()
	seen := map[string]bool{}
	for _, l := range s.Links {
		assert.NotEmpty(t, l.Rel, s.Type)
		assert.False(t, seen[l.Rel], "%s: link %s twice", s.Type, l.Rel)
		seen[l.Rel] = true
		for _, to := range l.To {
			_, ok := catalog.Schema(to)
			assert.True(t, ok, "%s: link %s to %s, which there is not", s.Type, l.Rel, to)
		}
		assertParts(t, s, l.From)
	}
	assertParts(t, s, s.Created)
}

// assertParts says that paths lead to one part each, of those that the schema has.
func assertParts(t *testing.T, s *asset.Schema, parts []asset.Path) {
	t.Helper()
	for _, p := range parts {
		assertPath(t, s, p)
		assert.NotContains(t, p, "[", s.Type)
	}
}

// walk calls f for each object in the shape, once.
func walk(s *asset.Shape, seen map[*asset.Shape]bool, f func(*asset.Shape)) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	walk(s.Elem, seen, f)
	if s.Kind == asset.ObjectShape {
		f(s)
	}
	for _, x := range s.Fields {
		walk(x.Shape, seen, f)
	}
}

func TestAliasesLeadToPartsOfTheSchema(t *testing.T) {
	found := 0
	for typ := range catalog.Types() {
		s, _ := catalog.Schema(typ)
		for _, alias := range s.Aliases {
			found++
			for _, path := range []asset.Path{alias.From, alias.To} {
				name, rest := path.Document()
				at, err := s.Document(name).At(rest)
				assert.NoError(t, err, "%s %s", typ, path)
				assert.NotNil(t, at, "%s %s", typ, path)
			}
		}
	}
	assert.GreaterOrEqual(t, found, 4)
}

// TestOwnFilesHaveNoUnknownMember reads our own part strictly, since a misspelled
// member would otherwise be passed over.
func TestOwnFilesHaveNoUnknownMember(t *testing.T) {
	for _, cloud := range clouds {
		files, err := filepath.Glob(filepath.Join(cloud+"catalog", "own", "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, name := range files {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			d := json.NewDecoder(bytes.NewReader(data))
			d.DisallowUnknownFields()
			if filepath.Base(name) == "groups.json" {
				var groups map[string]struct {
					Class  string `json:"class"`
					Global bool   `json:"global"`
				}
				assert.NoError(t, d.Decode(&groups), name)
				continue
			}
			var types map[string]json.RawMessage
			require.NoError(t, d.Decode(&types), name)
			delete(types, "defs")
			for typ, text := range types {
				d := json.NewDecoder(bytes.NewReader(text))
				d.DisallowUnknownFields()
				assert.NoError(t, d.Decode(new(ownSchema)), "%s: %s", name, typ)
			}
		}
	}
}

// ownSchema is the documented form of a schema; encoding/json would also take
// members in another case, which the tags cannot forbid and nothing here has.
type ownSchema struct {
	Class   string                `json:"class"`
	Global  bool                  `json:"global"`
	Note    string                `json:"note"`
	Docs    map[asset.Path]string `json:"docs"`
	Config  any                   `json:"config"`
	Status  any                   `json:"status"`
	Access  any                   `json:"access"`
	Defs    any                   `json:"defs"`
	Aliases []struct {
		From asset.Path `json:"from"`
		To   asset.Path `json:"to"`
	} `json:"aliases"`
	Links []struct {
		Rel          string       `json:"rel"`
		To           []asset.Type `json:"to"`
		CrossAccount bool         `json:"crossAccount"`
		From         []asset.Path `json:"from"`
		Within       bool         `json:"within"`
		At           []asset.Path `json:"at"`
	} `json:"links"`
	Parents    []asset.Type `json:"parents"`
	Created    []asset.Path `json:"created"`
	Operations []struct {
		Name        string       `json:"name"`
		Permissions []string     `json:"permissions"`
		Provides    []asset.Path `json:"provides"`
		PerAsset    bool         `json:"perAsset"`
		MayOmit     bool         `json:"mayOmit"`
	} `json:"operations"`
}

func TestSchemaOfNoType(t *testing.T) {
	for _, typ := range []asset.Type{"", "index", "AWS::S3", "AWS::S3::Bucke", "aws::s3::bucket", "defs", "Microsoft.Storage", "storage.googleapis.com/", "core/Pod", "Stance::Entra"} {
		s, ok := catalog.Schema(typ)
		assert.False(t, ok, typ)
		assert.Nil(t, s, typ)
	}
}

// TestTypesBelongToTheirCatalogue holds the table of clouds to the catalogues.
func TestTypesBelongToTheirCatalogue(t *testing.T) {
	for provider, types := range map[string]iter.Seq[asset.Type]{
		"aws": awscatalog.Types(), "azure": azurecatalog.Types(), "gcp": gcpcatalog.Types(),
	} {
		for typ := range types {
			assert.Equal(t, provider, typ.Provider(), typ)
			folded, ok := catalog.Schema(asset.FoldType(typ))
			require.True(t, ok, typ)
			assert.Equal(t, typ, folded.Type)
		}
	}
}

func TestReferrers(t *testing.T) {
	got := map[asset.Type]string{}
	last := asset.Type("")
	for typ, rule := range catalog.Referrers("AWS::SNS::Topic") {
		assert.LessOrEqual(t, last, typ, "sorted")
		assert.Contains(t, rule.To, asset.Type("AWS::SNS::Topic"))
		got[typ], last = rule.Rel, typ
	}
	assert.Equal(t, "dead_letter", got["AWS::Lambda::Function"])
	assert.Equal(t, "notifies", got["AWS::S3::Bucket"])
	assert.NotContains(t, got, asset.Type("AWS::IAM::User"))
	for typ := range catalog.Referrers("AWS::No::Type") {
		t.Errorf("%s refers to a type that does not exist", typ)
	}
	for range catalog.Referrers("AWS::SNS::Topic") {
		break // a sequence may be left
	}
}

func TestAzureTypesInAnyCase(t *testing.T) {
	want, ok := catalog.Schema("Microsoft.Storage/storageAccounts")
	require.True(t, ok)
	assert.Equal(t, asset.Type("Microsoft.Storage/storageAccounts"), want.Type)
	for _, typ := range []asset.Type{"microsoft.storage/storageaccounts", "MICROSOFT.STORAGE/STORAGEACCOUNTS"} {
		got, ok := catalog.Schema(typ)
		assert.True(t, ok, typ)
		assert.Same(t, want, got, typ)
	}
}

func TestSchemasAreReadOnceByManyGoroutines(t *testing.T) {
	types := slices.Collect(catalog.Types())[:200]
	got := make([][]*asset.Schema, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			for _, typ := range types {
				s, _ := catalog.Schema(typ)
				got[i] = append(got[i], s)
			}
		})
	}
	wg.Wait()
	for i, s := range got[0] {
		for _, other := range got[1:] {
			assert.Same(t, s, other[i])
		}
	}
}

func TestMarks(t *testing.T) {
	for _, c := range []struct {
		Type asset.Type
		Path asset.Path // of the object
		Name string
		Want asset.Mark
	}{
		{"AWS::Lambda::Function", "config.Environment", "Variables", asset.Secret},
		{"AWS::ECS::TaskDefinition", "config.ContainerDefinitions[0].Environment[0]", "Value", asset.Secret},
		{"AWS::ECS::TaskDefinition", "config.ContainerDefinitions[0].Environment[0]", "Name", 0},
		{"AWS::EC2::Instance", "config", "UserData", asset.Secret},
		{"AWS::EC2::LaunchTemplate", "config.LaunchTemplateData", "UserData", asset.Secret},
		{"AWS::RDS::DBInstance", "config", "MasterUserPassword", asset.Secret | asset.WriteOnly},
		{"AWS::IAM::AccessKey", "config", "SecretAccessKey", asset.Secret | asset.WriteOnly | asset.ReadOnly},
		{"AWS::Batch::JobDefinition", "config.ContainerProperties.Environment[0]", "Value", asset.Secret},
		{"AWS::CloudTrail::Trail", "config", "IsLogging", asset.Always},
		{"AWS::IAM::ManagedPolicy", "config", "AttachmentCount", asset.ReadOnly},
		{"AWS::EC2::Instance", "config", "State", asset.ReadOnly},
		{"AWS::RDS::DBInstance", "config.Endpoint", "Address", asset.ReadOnly},
		{"Microsoft.Storage/storageAccounts", "config", "name", asset.Always | asset.ReadOnly},
		{"Microsoft.Storage/storageAccounts", "config.properties", "keyCreationTime", asset.ReadOnly},
		{"Microsoft.Compute/virtualMachines", "config.properties.osProfile", "adminPassword", asset.Secret},
		{"Microsoft.Compute/virtualMachines", "config.properties.osProfile", "customData", asset.Secret},
		{"Microsoft.KeyVault/vaults/secrets", "config.properties", "value", asset.Secret | asset.WriteOnly},
		{"compute.googleapis.com/Instance", "config.metadata.items[0]", "value", asset.Secret},
		{"compute.googleapis.com/Instance", "config.metadata.items[0]", "key", 0},
		{"compute.googleapis.com/Project", "config.commonInstanceMetadata.items[0]", "value", asset.Secret},
		{"cloudfunctions.googleapis.com/Function", "config.serviceConfig", "environmentVariables", asset.Secret},
		{"run.googleapis.com/Service", "config.template.containers[0].env[0]", "value", asset.Secret},
		{"run.googleapis.com/Service", "config.spec.template.spec.containers[0].env[0]", "value", asset.Secret},
		{"storage.googleapis.com/Bucket", "config", "name", asset.Always},
		{"run.googleapis.com/Service", "config", "name", 0},
		{"Microsoft.Web/sites", "config.properties.siteConfig.appSettings[0]", "value", asset.Secret},
	} {
		s, ok := catalog.Schema(c.Type)
		require.True(t, ok, c.Type)
		doc, rest, _ := strings.Cut(string(c.Path), ".")
		shape, err := s.Document(doc).At(asset.Path(rest))
		require.NoError(t, err, c.Type)
		f, ok := shape.Field(c.Name)
		require.True(t, ok, "%s: %s.%s", c.Type, c.Path, c.Name)
		assert.Equal(t, c.Want, f.Mark, "%s: %s.%s", c.Type, c.Path, c.Name)
	}
}

func TestLinksNoSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for path := range strings.FieldsSeq(string(out)) {
		host, _, _ := strings.Cut(path, "/")
		if strings.Contains(host, ".") {
			assert.True(t, strings.HasPrefix(path, "github.com/openstance/stance/asset"), "links %s", path)
		}
	}
}
