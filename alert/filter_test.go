package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// bucketAlert returns an open alert of a bucket.
func bucketAlert() *alert.Alert {
	opened := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	return &alert.Alert{
		Key:    alert.Key{Policy: "aws-s3-bucket-not-public", Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::shop-images"}},
		ID:     "P-1",
		Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail,
		Policy: alert.Policy{
			Title: "Buckets are not public", Severity: policy.High, Kind: policy.KindConfig, Labels: []string{"storage", "exposure"},
			Controls: []string{"cis-aws-5.0/2.1.4", "pci-dss-4.0/1.3"}, Class: policy.Guarded, Remediable: alert.ByFix,
		},
		Asset: alert.Asset{
			Provider: "aws", Account: "444455556666", AccountName: "shop-live", Region: "eu-central-1", Name: "shop-images", Class: "storage",
			URL: "https://console.example.com", Tags: map[string]string{"team": "shop", "env": "prod"}, Groups: []string{"production", "shop"},
		},
		FirstSeen: opened, LastSeen: opened, AlertTime: opened, Owner: "shop team", Assignee: "ann@example.com", Rules: []string{"all findings"},
	}
}

func TestFilterMatch(t *testing.T) {
	for source, want := range map[string]bool{
		`alert.id == "P-1" && alert.status == "open" && alert.reason == "NEW_ALERT" && alert.verdict == "fail"`: true,
		`alert.status != "open"`:                false,
		`alert.status in ["open", "dismissed"]`: true,
		`alert.firstSeen == alert.lastSeen && alert.alertTime < timestamp("2026-12-02T00:00:00Z")`: true,
		`has(alert.due)`: false,
		`has(alert.due) && alert.due < timestamp("2027-01-01T00:00:00Z")`: false,
		`alert.overdue`: false,
		`alert.owner == "shop team" && alert.assignee.endsWith("@example.com")`:                                                      true,
		`"all findings" in alert.rules`:                                                                                              true,
		`policy.id.startsWith("aws-s3-") && policy.title.contains("public")`:                                                         true,
		`policy.severity in ["high", "critical"] && policy.kind == "config"`:                                                         true,
		`policy.labels.exists(l, l == "exposure")`:                                                                                   true,
		`policy.controls.exists(c, c.startsWith("pci-dss-4.0/"))`:                                                                    true,
		`policy.class == "guarded" && policy.remediable == "fix"`:                                                                    true,
		`asset.type == "AWS::S3::Bucket" && asset.id.matches("^arn:aws:s3:::shop-") && asset.name == "shop-images"`:                  true,
		`asset.class == "storage" && asset.provider == "aws" && asset.account == "444455556666" && asset.accountName == "shop-live"`: true,
		`asset.region == "eu-central-1" && asset.url != ""`:                                                                          true,
		`asset.tags.?env.orValue("") == "prod" && asset.tags["team"] == "shop"`:                                                      true,
		`"owner" in asset.tags`:                                    false,
		`asset.tags.?owner.orValue("none") == "none"`:              true,
		`"production" in asset.groups && !("lab" in asset.groups)`: true,
		`size(asset.groups) == 2`:                                  true,
		`asset.groups.all(g, g != "lab")`:                          true,
	} {
		f, err := alert.CompileFilter(source)
		if assert.NoError(t, err, source) {
			got, err := f.Match(bucketAlert())
			require.NoError(t, err, source)
			assert.Equal(t, want, got, source)
		}
	}
}

func TestFilterOfDueAlert(t *testing.T) {
	f, err := alert.CompileFilter(`has(alert.due) && alert.due < timestamp("2027-01-01T00:00:00Z")`)
	require.NoError(t, err)
	a := bucketAlert()
	a.Due = a.AlertTime.AddDate(0, 0, 7)
	got, err := f.Match(a)
	require.NoError(t, err)
	assert.True(t, got)
}

func TestFilterProblems(t *testing.T) {
	for source, want := range map[string]string{
		`policy.severty == "high"`:           "filter:1:7: undefined field 'severty' of variable policy; did you mean 'severity'?\n    policy.severty == \"high\"\n          ^",
		`true &&` + "\n" + `alrt.id == ""`:   "filter:2:1: unknown variable 'alrt'; did you mean 'alert'?\n    alrt.id == \"\"\n    ^",
		`asset.tags.env == ""`:               "filter:1:11: 'env' of map(string, string) may be absent",
		`policy.severity == "hihg"`:          "filter:1:20: unknown value 'hihg' of policy.severity; did you mean 'high'?",
		`"worst" != policy.severity`:         "filter:1:1: unknown value 'worst' of policy.severity (has informational, low, medium, high, critical)",
		`alert.status in ["open", "closed"]`: "filter:1:26: unknown value 'closed' of alert.status",
		`policy.severity >= "high"`:          "filter:1:7: policy.severity has no order (want == or in)",
		`alert.due < alert.firstSeen`:        "filter:1:6: ",
		`policy.id`:                          "is of type string, not bool",
		`policy.id ==`:                       "filter:1:13: Syntax error",
		`policy.id.startswith("a")`:          "unknown function 'startswith'; did you mean 'startsWith'?",
		`policy.labels == "a"`:               "found no matching overload",
		`asset.name.matches("(")`:            "filter:1:",
		` `:                                  "filter:1:1: empty condition",
		strings.Repeat(" ", 33<<10) + "true": "expression of 33796 bytes, more than 32768",
	} {
		f, err := alert.CompileFilter(source)
		assert.Nil(t, f)
		if assert.ErrorContains(t, err, want) {
			var d *policy.Diagnostic
			assert.ErrorAs(t, err, &d)
		}
	}
	_, err := alert.CompileFilter(`policy.severty == "" && asset.acount == ""`)
	require.ErrorContains(t, err, "severty")
	require.ErrorContains(t, err, "acount", "all problems at once")
}

func TestFilterThatCannotDecide(t *testing.T) {
	f, err := alert.CompileFilter(`asset.tags["owner"] == "a"`)
	require.NoError(t, err)
	_, err = f.Match(bucketAlert())
	require.ErrorContains(t, err, `condition "asset.tags[\"owner\"] == \"a\"": no such key: owner`)

	deep := `policy.labels.exists(a, policy.labels.exists(b, policy.labels.exists(c, a + b + c == "")))`
	f, err = alert.CompileFilter(deep)
	require.NoError(t, err)
	a := bucketAlert()
	for len(a.Policy.Labels) < 200 {
		a.Policy.Labels = append(a.Policy.Labels, "label")
	}
	_, err = f.Match(a)
	require.ErrorContains(t, err, "given up")
	got, err := f.Match(bucketAlert())
	require.NoError(t, err, "an alert with less work")
	assert.False(t, got)
}

func FuzzCompileFilter(f *testing.F) {
	f.Add(`policy.severity == "high" && asset.tags.exists(k, k == "a")`)
	f.Add(`asset.groups.map(g, g + "x").size() > 1 || has(alert.due)`)
	f.Fuzz(func(t *testing.T, source string) {
		filter, err := alert.CompileFilter(source)
		if err != nil {
			return
		}
		_, first := filter.Match(bucketAlert())
		_, again := filter.Match(bucketAlert())
		assert.Equal(t, first == nil, again == nil)
	})
}
