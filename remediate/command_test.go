package remediate_test

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/remediate"
)

func TestSh(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string // or the error
	}{
		{[]string{"aws", "s3api", "put-bucket-versioning", "--bucket", "b.c-1"}, "aws s3api put-bucket-versioning --bucket b.c-1"},
		{[]string{"az", "a b", "", "it's", "$(x)", "`x`", "~", "a=b", "*"}, `az 'a b' '' 'it'\''s' '$(x)' '` + "`x`" + `' '~' a=b '*'`},
		{[]string{"az", "名前"}, `az '名前'`},
		{[]string{"az", "a\nb"}, `argument 1 of az: control character or invalid UTF-8: "a\nb"`},
		{[]string{"az", "\x1b[2K"}, `argument 1 of az: control character or invalid UTF-8: "\x1b[2K"`},
		{[]string{"az", "a\u202eb"}, `argument 1 of az: control character or invalid UTF-8: "a\u202eb"`},
		{[]string{"az", "a\xff"}, `argument 1 of az: control character or invalid UTF-8: "a\xff"`},
		{nil, "command without a program"},
		{[]string{"./x"}, "command without a program"},
		{[]string{"--x"}, "command without a program"},
	} {
		got, err := remediate.Argv(tt.args).Sh()
		if err != nil {
			got = err.Error()
		}
		assert.Equal(t, tt.want, got)
	}
}

// The rules of PowerShell's documentation; no PowerShell runs them here.
func TestPwsh(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string // or the error
	}{
		{[]string{"aws", "s3api", "--bucket", "bucket-1"}, "aws s3api --bucket bucket-1"},
		{[]string{"aws", "a.b", "1kb", "-x", "--%", "@x", "a,b", "a;b", "$x", "`x", "#x", ""},
			"aws 'a.b' '1kb' '-x' '--%' '@x' 'a,b' 'a;b' '$x' '`x' '#x' ''"},
		{[]string{"aws", "it's", "it\u2019s", "\u2018\u201a\u201b"}, "aws 'it''s' 'it\u2019\u2019s' '\u2018\u2018\u201a\u201a\u201b\u201b'"},
		{[]string{"aws", `{"a":"b"}`}, `aws '{"a":"b"}'`},
		{[]string{"az", "--name", "plain name"}, "az --name 'plain name'"},
		{[]string{"az", `{"a":1}`}, `argument 1 of az: has a character that a batch file on Windows would read: "{\"a\":1}"`},
		{[]string{"gcloud", "a%PATH%"}, `argument 1 of gcloud: has a character that a batch file on Windows would read: "a%PATH%"`},
	} {
		got, err := remediate.Argv(tt.args).Pwsh()
		if err != nil {
			got = err.Error()
		}
		assert.Equal(t, tt.want, got)
	}
}

// A real shell passes every argument on as it is.
func FuzzSh(f *testing.F) {
	if _, err := exec.LookPath("sh"); err != nil || runtime.GOOS == "windows" {
		f.Skip("no POSIX shell here")
	}
	for _, s := range []string{"a", "", "'", "''", `"`, `\`, "$HOME", "`id`", "$(id)", "a b", "; id", "| id", "&& id", "~", "~root", "*", "[a]", "a=b", "-x", "#c", "!1", "{a,b}", "名前", "\u00a0"} {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		line, err := remediate.Argv{"printf", "%s\\0", a, b}.Sh()
		if err != nil {
			return
		}
		require.True(t, utf8.ValidString(line))
		out, err := exec.Command("sh", "-c", line).Output()
		require.NoError(t, err, line)
		assert.Equal(t, a+"\x00"+b+"\x00", string(out), line)
	})
}

func TestExpand(t *testing.T) {
	storage := &asset.Asset{
		Ref:  asset.Ref{Type: "Microsoft.Storage/storageAccounts", ID: "/subscriptions/s/resourcegroups/rg/providers/microsoft.storage/storageaccounts/a"},
		Name: "a", Scope: asset.Scope{Provider: "azure", Account: "s", Region: "westeurope"},
	}
	disk := &asset.Asset{
		Ref:  asset.Ref{Type: "compute.googleapis.com/Disk", ID: "//compute.googleapis.com/projects/p/zones/z-1/disks/d"},
		Name: "x'; touch y #", Scope: asset.Scope{Provider: "gcp", Account: "p"},
	}
	for _, tt := range []struct {
		template string
		a        *asset.Asset
		values   map[string]string
		want     string // in sh, or the error
	}{
		{"az storage account update --ids {resourceId} --default-action Deny", storage, nil,
			"az storage account update --ids " + storage.ID + " --default-action Deny"},
		{"az x --name ${resourceName} -g ${resourceGroup} --scope ${azureScope} -l {region}", storage, nil,
			"az x --name a -g rg --scope /subscriptions/s/resourcegroups/rg -l westeurope"},
		{"gcloud x {resourceName} --project={account} --zone {gcpZoneId}", disk, nil,
			`gcloud x 'x'\''; touch y #' --project=p --zone z-1`},
		{`aws x --p '[{"name":"{resourceName}","n":1}]' {rule}`, disk, map[string]string{"rule": "r 1"},
			`aws x --p '[{"name":"x'\''; touch y #","n":1}]' 'r 1'`},
		{"aws a\n  aws b {region}\n", storage, nil, "aws a\naws b westeurope"},
		{"az x {resourceGrp}", storage, nil, `command template: unknown variable "resourceGrp" (has account, region, resourceId, resourceName, resourceGroup, azureScope, gcpZoneId)`},
		{"gcloud x {region}", disk, nil, `command template: variable "region": compute.googleapis.com/Disk //compute.googleapis.com/projects/p/zones/z-1/disks/d has none`},
		{"az x; y", storage, nil, `command template: character ';' has a meaning in a shell, at "; y"`},
		{`az "$(x)"`, storage, nil, `command template: character '$' has a meaning in a shell, at "$(x)\""`},
		{"az 'x", storage, nil, `command template: quote '\'' is not closed`},
		{"az {x", storage, nil, `command template: malformed variable at "{x"`},
		{" \n", storage, nil, "command template: empty"},
		{"az --tag {tag}", storage, map[string]string{"tag": "--delete"}, `command template: value of variable "tag" begins as an option or a file: "--delete"`},
		{"az --tag {tag}", storage, map[string]string{"tag": "@/etc/passwd"}, `command template: value of variable "tag" begins as an option or a file: "@/etc/passwd"`},
		{"aws --tag {tag}", storage, map[string]string{"tag": "https://example.org"}, `command template: value of variable "tag" begins as an option or a file: "https://example.org"`},
		{"az --id {tag}", storage, map[string]string{"tag": "https://example.org"}, `az --id https://example.org`},
	} {
		var lines []string
		all, err := remediate.Expand(tt.template, tt.a, tt.values)
		if err != nil {
			lines = []string{err.Error()}
		}
		for _, a := range all {
			line, err := a.Sh()
			require.NoError(t, err)
			lines = append(lines, line)
		}
		assert.Equal(t, tt.want, strings.Join(lines, "\n"), tt.template)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("az x --name ${resourceName} '{\"a\":{region}}'", "n", "r")
	f.Add("aws {x}", "'", `"`)
	f.Fuzz(func(t *testing.T, template, name, region string) {
		a := &asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::b"}, Name: name, Scope: asset.Scope{Account: "1", Region: region}}
		all, err := remediate.Expand(template, a, nil)
		if err != nil {
			return
		}
		plain, err := remediate.Expand(template, &asset.Asset{Ref: a.Ref, Name: "n", Scope: asset.Scope{Account: "1", Region: "r"}}, nil)
		require.NoError(t, err)
		require.Len(t, all, len(plain), "values make no commands")
		for i := range all {
			assert.Len(t, all[i], len(plain[i]), "values make no arguments")
		}
	})
}
