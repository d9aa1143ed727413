package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

func TestHTMLHead(t *testing.T) {
	complete := []*asset.Coverage{{Scope: asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-central-1"}, Type: "AWS::S3::Bucket", State: asset.Complete}}
	passed := sample(t)[2:3]
	for name, c := range map[string]struct {
		findings []policy.Finding
		opts     report.Options
		want     []string
	}{
		"problems": {sample(t), report.Options{Time: at, Source: "aws", Version: "v1"}, []string{
			"2026-03-14 15:09 UTC", "<dd>aws</dd>", "<dd>v1</dd>", `<a href="#coverage">3 problems: findings may be missing</a>`,
			"aws: 2 accounts; azure: 2 accounts; gcp: 1 account; 6 assets",
			"<dd>from 2026-03-14 13:09 UTC to 2026-03-14 14:09 UTC</dd>",
		}},
		"complete":   {passed, report.Options{Coverage: complete}, []string{"complete: 1 searches for a type", "aws: 1 account, 1 region; 1 asset"}},
		"not stated": {passed, report.Options{}, []string{"the source does not state its coverage"}},
		"unknown types": {passed, report.Options{UnknownTypes: map[asset.Type]int{"Acme::Thing": 2}}, []string{
			"1 problem: findings may be missing", "2 assets of unknown types: Acme::Thing (2)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, report.HTML(&b, seq(c.findings...), &c.opts))
			for _, want := range c.want {
				assert.Contains(t, b.String(), want)
			}
		})
	}
}

func TestHTMLChanges(t *testing.T) {
	fs := sample(t)
	before := func(yield func(report.Finding, error) bool) {
		for i, f := range fs {
			x := report.NewFinding(f)
			switch i {
			case 1: // fails now
				x.Status = policy.Unknown
			case 2, 3, 9: // pass, unknown, about coverage
				x.Status = policy.Fail
			}
			if !yield(x, nil) {
				return
			}
		}
		gone := report.NewFinding(fs[6]) // an account whose coverage is complete
		gone.Key, gone.Name = "1", "removed"
		hidden := report.NewFinding(fs[0]) // in the scope of a gap
		hidden.Key, hidden.Name, hidden.Status = "2", "hidden", policy.Fail
		partly := report.NewFinding(fs[2]) // in a region with partial coverage
		partly.Key, partly.Name, partly.Status = "3", "partly", policy.Fail
		_ = yield(gone, nil) && yield(hidden, nil) && yield(partly, nil)
	}
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, seq(fs...), &report.Options{Earlier: before}))
	page := b.String()
	_, page, _ = strings.Cut(page, `<h2 id="changes">`)
	page, _, _ = strings.Cut(page, `<h2 id="coverage">`)
	assert.Contains(t, page, "3 still fail.")
	lists := map[string][]string{}
	kind := regexp.MustCompile(`<span class="badge \w+">([a-z ]+)</span> (\d+)`)
	item := regexp.MustCompile(`<li>(?:<a href="#f\d+">)?([^:<]+):`)
	for _, part := range strings.Split(page, "<details")[1:] {
		m := kind.FindStringSubmatch(part)
		lists[m[1]] = []string{}
		for _, i := range item.FindAllStringSubmatch(part, -1) {
			lists[m[1]] = append(lists[m[1]], i[1])
		}
		assert.Equal(t, m[2], fmt.Sprint(len(lists[m[1]])))
	}
	assert.Equal(t, map[string][]string{
		"new": {"assets"}, "fixed": {"logs"}, "no longer observed": {"secret", "(coverage)", "hidden", "partly"}, "gone": {"removed"},
	}, lists)

	broken := func(yield func(report.Finding, error) bool) { yield(report.Finding{}, errors.New("line 3: cut off")) }
	b.Reset()
	require.EqualError(t, report.HTML(&b, seq(fs...), &report.Options{Earlier: broken}), "write HTML: earlier report: line 3: cut off")
	assert.Empty(t, b.String())
}

// URLs come from snapshots too: only pages of the clouds' consoles become links.
func TestHTMLConsoleLinks(t *testing.T) {
	for url, want := range map[string]bool{
		"https://console.aws.amazon.com/s3/buckets/x":            true,
		"https://eu-west-1.console.aws.amazon.com/ec2#Instances": true,
		"https://portal.azure.com/#@/resource/subscriptions/x":   true,
		"https://console.cloud.google.com/storage/browser/x":     true,
		"https://console.amazonaws.cn/x":                         true,
		"http://console.aws.amazon.com/":                         false,
		"https://console.aws.amazon.com.evil.example/":           false,
		"https://evilconsole.aws.amazon.com/":                    false,
		"https://console.aws.amazon.com@evil.example/":           false,
		"https://console.aws.amazon.com:8443/":                   false,
		"javascript:alert(1)//https://console.aws.amazon.com/":   false,
		"//console.aws.amazon.com/":                              false,
		"https://user:pass@console.aws.amazon.com/":              false,
		"": false,
	} {
		f := sample(t)[1]
		a := *f.Asset()
		a.URL = url
		f.Subject = policy.AssetSubject{Asset: &a}
		var b bytes.Buffer
		require.NoError(t, report.HTML(&b, seq(f), nil))
		assert.Equal(t, want, strings.Contains(b.String(), "Open in the console"), url)
		assert.Equal(t, want, strings.Contains(b.String(), `href="http`), url)
	}
}

func TestHTMLOwners(t *testing.T) {
	f := sample(t)[1]
	a := *f.Asset()
	a.Tags = map[string]string{"Owner": "web", "team": "shop"}
	f.Subject = policy.AssetSubject{Asset: &a}
	for tag, want := range map[string]string{"": "web", "team": "shop", "other": ""} {
		var b bytes.Buffer
		require.NoError(t, report.HTML(&b, seq(f), &report.Options{OwnerTag: tag}))
		assert.Contains(t, b.String(), fmt.Sprintf(`data-owner="%s"`, want), tag)
		assert.Equal(t, want != "", strings.Contains(b.String(), "Findings by owner"), tag)
	}
}

// A page lists no more than 1000 findings of a policy, and counts all of them.
func TestHTMLIsBounded(t *testing.T) {
	f := sample(t)[1]
	many := func(yield func(policy.Finding, error) bool) {
		for i := range 1500 {
			a := *f.Asset()
			a.ID += fmt.Sprint(i)
			f.Subject = policy.AssetSubject{Asset: &a}
			if !yield(f, nil) {
				return
			}
		}
	}
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, many, nil))
	assert.Equal(t, 1000, strings.Count(b.String(), `<details class="row`))
	assert.Contains(t, b.String(), "and 500 more, which this page does not list")
	assert.Contains(t, b.String(), "<b>1500</b>fail")
	assert.Contains(t, b.String(), "and 800 more", "links of the account")
}
