package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// pages are the pages of this package, of the sample and of hostile names that do not
// break.
func pages(t *testing.T) map[string][]byte {
	t.Helper()
	wide := strings.Repeat("x", 300)
	all := map[string][]byte{}
	for name, fs := range map[string][]policy.Finding{"sample": owned(sample(t)), "wide": hostile(t, wide)} {
		o := sampleOptions()
		o.Time, o.Source, o.Version, o.UnknownTypes = at, "snapshot "+name, "v1.2.3", map[asset.Type]int{asset.Type("Acme::" + wide): 3}
		o.Earlier = earlier(fs)
		var b bytes.Buffer
		require.NoError(t, report.HTML(&b, seq(fs...), o))
		all["findings of "+name] = bytes.Clone(b.Bytes())
		b.Reset()
		require.NoError(t, report.PostureHTML(&b, postures(t, name, fs), o))
		all["posture of "+name] = bytes.Clone(b.Bytes())
	}
	return all
}

// owned gives assets an owner and a page in a console.
func owned(fs []policy.Finding) []policy.Finding {
	for i, f := range fs {
		if a := f.Asset(); a != nil {
			b := *a
			b.Tags = map[string]string{"Owner": "team-" + b.Provider}
			b.URL = "https://eu-central-1.console.aws.amazon.com/s3/buckets/" + b.Name
			fs[i].Subject = policy.AssetSubject{Asset: &b}
		}
	}
	return fs
}

// TestBrowser has a real browser show the pages.
func TestBrowser(t *testing.T) {
	c := startChromium(t)
	all := pages(t)
	c.run("narrow", 360, true, func(t *testing.T) { pagesFit(t, c, all, 360) })
	c.run("narrow without scripts", 360, false, func(t *testing.T) { pagesFit(t, c, all, 360) })
	c.run("wide", 1280, true, func(t *testing.T) { pagesFit(t, c, all, 1280) })
	c.run("controls", 1280, true, func(t *testing.T) { pageControls(t, c) })
	c.run("attack", 1280, true, func(t *testing.T) { pageUnderAttack(t, c) })
	c.run("without scripts", 1280, false, func(t *testing.T) { pageWithoutScripts(t, c) })
}

// pagesFit checks that no page is wider than the screen, so that nothing is cut.
func pagesFit(t *testing.T, c *chromium, pages map[string][]byte, width int) {
	for name, page := range pages {
		c.open(bytes.ReplaceAll(page, []byte("<details"), []byte("<details open"))) // everything shows
		var m struct {
			CSSContentSize struct{ Width float64 }
		}
		c.call("Page.getLayoutMetrics", nil, &m)
		assert.NotZero(t, m.CSSContentSize.Width, name)
		assert.LessOrEqual(t, m.CSSContentSize.Width, float64(width), name)
	}
}

// pageControls checks that a page does what its controls say.
func pageControls(t *testing.T, c *chromium) {
	c.open(htmlPage(t, owned(sample(t))))
	shown := func() (n int) {
		t.Helper()
		c.eval("[...document.querySelectorAll('.row')].filter(r => r.getClientRects().length > 0).length", &n)
		return n
	}
	set := func(id, value string) {
		t.Helper()
		c.eval(fmt.Sprintf("(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event(e.type === 'search' ? 'input' : 'change')); })()", id, value), nil)
	}
	text := func(expression string) (s string) {
		t.Helper()
		c.eval(expression, &s)
		return s
	}
	const output = "document.getElementById('count').textContent"
	require.Equal(t, 8, shown())
	assert.Equal(t, "8 of 8 findings", text(output))

	set("search", "ASSETS public")
	assert.Equal(t, 1, shown(), "words of the id and the policy, in any case")
	set("search", "defaultAction")
	assert.Equal(t, 1, shown(), "evidence")
	set("search", "no such thing")
	assert.Zero(t, shown())
	assert.Equal(t, "false", text("String(document.getElementById('none').hidden)"))
	set("search", "")
	set("account", "=aws/111122223333")
	assert.Equal(t, 5, shown())
	set("account", "")
	set("owner", "=team-gcp")
	assert.Equal(t, 1, shown())
	c.eval("document.getElementById('reset').click()", nil)
	require.Equal(t, 8, shown())
	c.eval("document.getElementById('show-critical').click()", nil)
	assert.Equal(t, 4, shown())
	assert.Equal(t, "4 of 8 findings", text(output))
	c.eval("document.getElementById('reset').click()", nil)

	const titles = "[...document.querySelectorAll('#groups > :not([hidden]) h3')].map(h => h.textContent).join('|')"
	set("group", "account")
	assert.Equal(t, "(none)|aws/111122223333|azure/0f3c9a52-5c1e-4d4b-9a55-0d6b0c3f7a11|gcp/shop", text(titles))
	c.eval("(() => { const r = document.getElementById('f1'); r.open = true; r.dispatchEvent(new Event('toggle')); })()", nil)
	assert.Contains(t, text("document.getElementById('f1').textContent"), "aws s3api put-public-access-block", "the repair, outside of the policy's section")
	set("group", "owner")
	assert.Equal(t, "(no owner)|team-aws|team-azure|team-gcp", text(titles))
	require.Equal(t, 8, shown())
	set("group", "policy")
	assert.Contains(t, text(titles), "Buckets are not public")
	assert.NotContains(t, text("document.getElementById('f1').textContent"), "aws s3api", "the section of the policy has the repair")
	set("sort", "name")
	assert.Equal(t, "assets logs secret website", text("[...document.querySelector('#groups .group:has(#f1)').querySelectorAll('.row')].map(r => r.dataset.name).join(' ')"))
	c.eval("document.getElementById('expand').click()", nil)
	assert.Equal(t, "8", text("String(document.querySelectorAll('.row[open]').length)"))
	c.eval("document.getElementById('collapse').click(); location.hash = '#f1'", nil)
	c.eval("window.dispatchEvent(new HashChangeEvent('hashchange'))", nil)
	assert.Equal(t, "f1", text("document.querySelector('.row[open]').id"), "a link opens the finding that it leads to")

	// Everything that takes input has a name for those who cannot see it.
	var count int
	c.eval("[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).length", &count)
	assert.Zero(t, count)
	c.eval("[...document.querySelectorAll('[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1))).length", &count)
	assert.Zero(t, count, "links that lead nowhere")
}

// pageUnderAttack checks that the content security policy of a page lets its script run
// and no other.
func pageUnderAttack(t *testing.T, c *chromium) {
	attack := `</td></summary><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`
	c.open(htmlPage(t, hostile(t, attack)))
	var title string
	c.eval("document.title", &title)
	assert.Equal(t, "Findings", title, "a name ran")
	var count int
	c.eval("document.querySelectorAll('img').length + document.querySelectorAll('script').length", &count)
	assert.Equal(t, 1, count, "the script of the page, and nothing that a name made")
	c.eval("[...document.querySelectorAll('b')].filter(b => b.textContent.includes('<script>document.title')).length", &count)
	assert.NotZero(t, count, "the name is shown as it is")
	c.eval(`(() => {
		const s = document.createElement("script");
		s.textContent = "document.title = 'owned'";
		document.body.append(s);
	})()`, nil)
	c.eval("document.title", &title)
	assert.Equal(t, "Findings", title, "the policy of the page let another script run")
}

// pageWithoutScripts checks that the page lists everything, that its filters by severity
// and status work, and that there are no controls that do nothing.
func pageWithoutScripts(t *testing.T, c *chromium) {
	c.open(htmlPage(t, owned(sample(t))))
	assert.Positive(t, c.height("#f1"))
	assert.Positive(t, c.height("#f8"))
	assert.Zero(t, c.height("#scripted"))
	c.call("DOM.focus", map[string]any{"nodeId": c.node("#show-critical")}, nil)
	for _, kind := range []string{"keyDown", "keyUp"} {
		c.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": " ", "text": " ", "code": "Space", "windowsVirtualKeyCode": 32}, nil)
	}
	assert.Zero(t, c.height("#f1"), "the keyboard hides what is critical")
}

func htmlPage(t *testing.T, fs []policy.Finding) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.HTML(&b, seq(fs...), &report.Options{All: true, Earlier: earlier(fs)}))
	return b.Bytes()
}

// earlier yields findings as an earlier report had them: the first that fails now did not
// fail, one that passes now failed, and one is gone.
func earlier(fs []policy.Finding) func(func(report.Finding, error) bool) {
	return func(yield func(report.Finding, error) bool) {
		first := true
		for _, f := range fs {
			x := report.NewFinding(f)
			switch {
			case f.Status == policy.Fail && first:
				first, x.Status = false, policy.Pass
			case f.Status == policy.Pass:
				x.Status = policy.Fail
			}
			if !yield(x, nil) {
				return
			}
		}
		x := report.NewFinding(fs[1])
		x.Key, x.Name = "another", "removed"
		yield(x, nil)
	}
}
