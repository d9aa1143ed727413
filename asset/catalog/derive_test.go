package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
)

// TestReferences checks that the parts of which links are derived are in the schemas.
func TestReferences(t *testing.T) {
	n := 0
	for typ := range catalog.Types() {
		s, _ := catalog.Schema(typ)
		for _, rule := range s.Links {
			for _, p := range rule.At {
				n++
				name, rest := p.Document()
				shape := s.Document(name)
				if assert.NotNil(t, shape, "%s %s: %s", typ, rule.Rel, p) {
					_, err := shape.At(rest)
					assert.NoError(t, err, "%s %s: %s", typ, rule.Rel, p)
				}
			}
		}
	}
	assert.Greater(t, n, 50)
}

func TestDerive(t *testing.T) {
	const (
		sub    = "/subscriptions/5ca1ab1e-0000-4000-8000-0000000000aa"
		server = sub + "/resourcegroups/rg/providers/microsoft.sql/servers/s"
		google = "//cloudresourcemanager.googleapis.com/"
	)
	for _, tt := range []struct {
		name, typ, id, config string
		parents, links        string // one a line: "Type id" and "rel Type id"
		unread                string // relations
	}{
		{"child of a server", "Microsoft.Sql/servers/firewallRules", server + "/firewallrules/f", `{}`,
			"Microsoft.Resources/subscriptions/resourceGroups " + sub + "/resourcegroups/rg\nMicrosoft.Resources/subscriptions " + sub,
			"parent Microsoft.Sql/servers " + server, ""},
		{"setting of a subscription", "Microsoft.Security/pricings", sub + "/providers/microsoft.security/pricings/dns", `{}`,
			"Microsoft.Resources/subscriptions " + sub, "parent Microsoft.Resources/subscriptions " + sub, ""},
		{"what a diagnostic setting extends", "Microsoft.Insights/diagnosticSettings",
			sub + "/resourcegroups/rg/providers/microsoft.keyvault/vaults/v/providers/microsoft.insights/diagnosticsettings/d", `{"properties":{"storageAccountId":"` + sub + `/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/Logs"}}`,
			"Microsoft.Resources/subscriptions/resourceGroups " + sub + "/resourcegroups/rg\nMicrosoft.Resources/subscriptions " + sub,
			"diagnoses Microsoft.KeyVault/vaults " + sub + "/resourcegroups/rg/providers/microsoft.keyvault/vaults/v\n" +
				"logs_to Microsoft.Storage/storageAccounts " + sub + "/resourcegroups/rg/providers/microsoft.storage/storageaccounts/logs", ""},
		{"subnet of Azure", "Microsoft.Network/virtualNetworks/subnets", sub + "/resourcegroups/rg/providers/microsoft.network/virtualnetworks/v/subnets/a",
			`{"properties":{"networkSecurityGroup":{"id":"` + sub + `/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n"},"routeTable":{"id":"/another/form"}}}`,
			"Microsoft.Resources/subscriptions/resourceGroups " + sub + "/resourcegroups/rg\nMicrosoft.Resources/subscriptions " + sub,
			"parent Microsoft.Network/virtualNetworks " + sub + "/resourcegroups/rg/providers/microsoft.network/virtualnetworks/v\n" +
				"nsg Microsoft.Network/networkSecurityGroups " + sub + "/resourcegroups/rg/providers/microsoft.network/networksecuritygroups/n", "route_table"},
		{"key of Google", "cloudkms.googleapis.com/CryptoKey", "//cloudkms.googleapis.com/projects/shop/locations/l/keyRings/r/cryptoKeys/k", `{}`,
			"cloudresourcemanager.googleapis.com/Project " + google + "projects/shop",
			"parent cloudkms.googleapis.com/KeyRing //cloudkms.googleapis.com/projects/shop/locations/l/keyRings/r", ""},
		{"bucket of Google", "storage.googleapis.com/Bucket", "//storage.googleapis.com/b", `{"logging":{"logBucket":"logs"},"encryption":{"defaultKmsKeyName":"projects/p/locations/l/keyRings/r/cryptoKeys/k"}}`,
			"", "encrypted_by cloudkms.googleapis.com/CryptoKey //cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k\n" +
				"logs_to storage.googleapis.com/Bucket //storage.googleapis.com/logs", "project"},
		{"instance of Google", "compute.googleapis.com/Instance", "//compute.googleapis.com/projects/shop/zones/z/instances/i",
			`{"networkInterfaces":[{"network":"https://www.googleapis.com/compute/v1/projects/host/global/networks/n"},{"network":"global/networks/own"}]}`,
			"cloudresourcemanager.googleapis.com/Project " + google + "projects/shop",
			"network compute.googleapis.com/Network //compute.googleapis.com/projects/host/global/networks/n\n" +
				"network compute.googleapis.com/Network //compute.googleapis.com/projects/shop/global/networks/own\n" +
				"project compute.googleapis.com/Project //compute.googleapis.com/projects/shop", "service_account disk managed_by"},
		{"sink", "logging.googleapis.com/LogSink", "//logging.googleapis.com/folders/7/sinks/s", `{"destination":"logging.googleapis.com/projects/audit/locations/global/buckets/b"}`,
			"cloudresourcemanager.googleapis.com/Folder " + google + "folders/7",
			"exports_to logging.googleapis.com/LogBucket //logging.googleapis.com/projects/audit/locations/global/buckets/b", ""},
		{"sink to a project", "logging.googleapis.com/LogSink", "//logging.googleapis.com/organizations/9/sinks/s", `{"destination":"logging.googleapis.com/projects/audit"}`,
			"cloudresourcemanager.googleapis.com/Organization " + google + "organizations/9",
			"exports_to cloudresourcemanager.googleapis.com/Project " + google + "projects/audit", ""},
		{"service of a function", "cloudfunctions.googleapis.com/Function", "//cloudfunctions.googleapis.com/projects/shop/locations/l/functions/f", `{"serviceConfig":{"service":"projects/shop/locations/l/services/f"}}`,
			"cloudresourcemanager.googleapis.com/Project " + google + "projects/shop",
			"project cloudresourcemanager.googleapis.com/Project " + google + "projects/shop\nruns_on run.googleapis.com/Service //run.googleapis.com/projects/shop/locations/l/services/f",
			"service_account encrypted_by"},
		{"reference of an unknown form", "compute.googleapis.com/Firewall", "//compute.googleapis.com/projects/shop/global/firewalls/f", `{"network":"default"}`,
			"cloudresourcemanager.googleapis.com/Project " + google + "projects/shop", "", "network"},
		{"flow log", "AWS::EC2::FlowLog", "arn:aws-cn:ec2:r:111122223333:vpc-flow-log/fl-1", `{"ResourceId":"vpc-1","ResourceType":"VPC"}`,
			"", "monitors AWS::EC2::VPC arn:aws-cn:ec2:r:111122223333:vpc/vpc-1", "logs_to role"},
		{"role of AWS", "AWS::IAM::Role", "arn:aws:iam::111122223333:role/r", `{"ManagedPolicyArns":["arn:aws:iam::aws:policy/A"]}`,
			"", "attached_policy AWS::IAM::ManagedPolicy arn:aws:iam::aws:policy/A", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config, err := asset.Parse([]byte(tt.config))
			require.NoError(t, err)
			ref, err := asset.ParseRef(asset.Type(tt.typ), tt.id)
			require.NoError(t, err)
			a := &asset.Asset{Ref: ref, Config: config}
			if strings.HasPrefix(tt.typ, "AWS::") {
				a.Scope = asset.Scope{Provider: "aws", Account: "111122223333", Region: "r"}
			}
			for _, part := range []string{"parents", "links"} {
				require.NoError(t, a.SetUnread(asset.Path(part), *asset.NotStated(part)))
			}
			got := asset.Derive(a, catalog.Schema)
			assert.Empty(t, a.Links, "the asset itself is not changed")
			assert.Empty(t, a.Parents)
			var parents, links, unread []string
			for _, p := range got.Parents {
				parents = append(parents, p.String())
			}
			for _, l := range got.Links {
				links = append(links, l.Rel+" "+l.To.String())
			}
			s, _ := catalog.Schema(ref.Type)
			for _, rule := range s.Links {
				if got.UnreadLinks(rule.Rel) != nil {
					unread = append(unread, rule.Rel)
				}
			}
			assert.Equal(t, tt.parents, strings.Join(parents, "\n"))
			assert.ElementsMatch(t, strings.Split(tt.links, "\n"), strings.Split(strings.Join(links, "\n"), "\n"))
			assert.ElementsMatch(t, strings.Fields(tt.unread), unread)
			assert.NotNil(t, got.UnreadParents(), "an id does not name every parent")
			assert.Same(t, got, asset.Derive(got, catalog.Schema), "nothing is added again")
		})
	}
}

func TestDeriveStatedParts(t *testing.T) {
	project := asset.Ref{Type: "cloudresourcemanager.googleapis.com/Project", ID: "//cloudresourcemanager.googleapis.com/projects/shop"}
	network := asset.Ref{Type: "compute.googleapis.com/Network", ID: "//compute.googleapis.com/projects/shop/global/networks/n"}
	config, err := asset.Of(map[string]any{"network": "https://www.googleapis.com/compute/v1/projects/12345/global/networks/n"})
	require.NoError(t, err)
	a := &asset.Asset{
		Ref:    asset.Ref{Type: "compute.googleapis.com/Firewall", ID: "//compute.googleapis.com/projects/12345/global/firewalls/f"},
		Config: config, Parents: []asset.Ref{project}, Links: []asset.Link{{Rel: "network", To: network}},
	}
	assert.Same(t, a, asset.Derive(a, catalog.Schema), "a project has an id and a number")

	// A mark for another reason stays.
	require.NoError(t, a.SetUnread("links.network", asset.Unread{Reason: asset.Denied}))
	assert.Equal(t, asset.Denied, asset.Derive(a, catalog.Schema).UnreadLinks("network").Reason)

	// A part that holds references and was not read tells nothing of links.
	b := &asset.Asset{Ref: asset.Ref{Type: "compute.googleapis.com/Firewall", ID: "//compute.googleapis.com/projects/shop/global/firewalls/f"}}
	require.NoError(t, b.SetUnread("links", *asset.NotStated("links")))
	require.NoError(t, b.SetUnread("config.network", asset.Unread{Reason: asset.Denied}))
	assert.NotNil(t, asset.Derive(b, catalog.Schema).UnreadLinks("network"))
}

// TestDeriveTooManyReferences checks that links beyond the limit are unread rather than none.
// A name with an empty part names nothing, so nothing is derived of it.
func TestDeriveOfEmptyParts(t *testing.T) {
	for _, tt := range []struct{ typ, id, config string }{
		{"compute.googleapis.com/Instance", "//compute.googleapis.com/projects//zones/z/instances/i", `{}`},
		{"bigquery.googleapis.com/Table", "//bigquery.googleapis.com/projects/p/datasets//tables/t", `{}`},
		{"cloudresourcemanager.googleapis.com/Project", "//cloudresourcemanager.googleapis.com/folders//x", `{}`},
		{"compute.googleapis.com/Disk", "//compute.googleapis.com/disks/d",
			`{"diskEncryptionKey":{"kmsKeyName":"//cloudkms.googleapis.com/cryptoKeys//cryptoKeyVersions/1"}}`},
		{"Microsoft.Sql/servers/firewallRules", "/subscriptions//providers/microsoft.sql/servers//firewallrules/f", `{}`},
	} {
		ref, err := asset.ParseRef(asset.Type(tt.typ), tt.id)
		require.NoError(t, err)
		config, err := asset.Parse([]byte(tt.config))
		require.NoError(t, err)
		got := asset.Derive(&asset.Asset{Ref: ref, Config: config}, catalog.Schema)
		assert.Empty(t, got.Parents, tt.id)
		assert.Empty(t, got.Links, tt.id)
	}
}

func TestDeriveTooManyReferences(t *testing.T) {
	networks := make([]any, 1001)
	for i := range networks {
		networks[i] = map[string]any{"network": fmt.Sprintf("projects/p/global/networks/n%d", i)}
	}
	config, err := asset.Of(map[string]any{"networkInterfaces": networks})
	require.NoError(t, err)
	a := asset.Derive(&asset.Asset{Ref: asset.Ref{Type: "compute.googleapis.com/Instance", ID: "//compute.googleapis.com/projects/p/zones/z/instances/i"}, Config: config}, catalog.Schema)
	assert.Len(t, a.Links, 1000)
	assert.Equal(t, asset.Incomplete, a.UnreadLinks("network").Reason)
	assert.Nil(t, a.UnreadLinks("subnet"))
}

func FuzzDerive(f *testing.F) {
	f.Add("compute.googleapis.com/Instance", "//compute.googleapis.com/projects/p/zones/z/instances/i", `{"networkInterfaces":[{"network":"global/networks/n"}]}`)
	f.Add("Microsoft.Insights/diagnosticSettings", "/subscriptions/s/providers/microsoft.insights/diagnosticsettings/d", `{"properties":{"storageAccountId":"/x"}}`)
	f.Add("AWS::EC2::FlowLog", "arn:aws:ec2:r:1:vpc-flow-log/fl-1", `{"ResourceId":"vpc-1"}`)
	f.Add("compute.googleapis.com/Subnetwork", "//compute.googleapis.com/projeCts//x", `{}`)
	f.Fuzz(func(t *testing.T, typ, id, config string) {
		ref, err := asset.ParseRef(asset.Type(typ), id)
		if err != nil {
			return
		}
		doc, err := asset.Parse([]byte(config))
		if err != nil {
			return
		}
		a := &asset.Asset{Ref: ref, Scope: asset.Scope{Provider: "p", Account: "1", Region: "r"}, Config: doc}
		for _, part := range []string{"parents", "links"} {
			require.NoError(t, a.SetUnread(asset.Path(part), *asset.NotStated(part)))
		}
		got := asset.Derive(a, catalog.Schema)
		assert.NotContains(t, got.Parents, a.Ref)
		assert.NotContains(t, got.Links, asset.Link{Rel: "parent", To: a.Ref})
		refs := got.Parents
		for _, l := range got.Links {
			refs = append(refs, l.To)
		}
		for _, p := range refs {
			again, err := asset.ParseRef(p.Type, p.ID)
			require.NoError(t, err)
			assert.Equal(t, p, again, "a derived ref is canonical")
		}
	})
}
