package report_test

import (
	"bytes"
	"html"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
)

// The texts of the built-in policies reach readers with the words and the punctuation
// that they have in their files.
func TestProseOfPacks(t *testing.T) {
	n := 0
	for _, fsys := range []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()} {
		policies, err := policy.Read(fsys)
		require.NoError(t, err)
		for _, p := range policies {
			if p.Remediation.Text == "" {
				continue
			}
			n++
			f := policy.Finding{Policy: p, Status: policy.Fail, Subject: policy.AssetSubject{Asset: &asset.Asset{
				Ref: asset.Ref{Type: p.Checks[0].Types[0], ID: "x"}, Name: "x",
			}}}
			want := strings.Join(strings.Fields(p.Remediation.Text), " ")
			for name, write := range formats() {
				if name == "csv.csv" || name == "json.ndjson" || name == "junit.xml" || name == "asff.ndjson" || name == "gitlab.json" {
					continue // which have no remediation, or cut it
				}
				var b bytes.Buffer
				require.NoError(t, write(&b, seq(f), &report.Options{Verbose: true}))
				text := strings.NewReplacer(`\n`, " ", `\"`, `"`, `\u003c`, "<", `\u003e`, ">", `\u0026`, "&", "</p>", " ", "<p>", " ").Replace(b.String())
				text = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
				assert.Contains(t, text, want, "%s: %s", p.ID, name)
			}
		}
	}
	assert.Greater(t, n, 90)
}
