package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// hostile returns a sample in which every text that others can choose is s.
func hostile(t testing.TB, s string) []policy.Finding {
	t.Helper()
	doc := value(t, strings.ToValidUTF8(s, "?"))
	all := sample(t)
	for i, f := range all {
		p := *f.Policy
		p.Title, p.Rationale, p.Labels = s, s, []string{s}
		p.Remediation.Text, p.Remediation.CLI = s, s
		f.Policy = &p
		f.Message = s
		if f.Err != nil {
			f.Err = errors.New(s)
		}
		if f.Asset() != nil {
			a := *f.Asset()
			a.ID, a.Name, a.Account, a.Region, a.Type = s, s, s, s, asset.Type(s)
			a.URL, a.Tags = s, map[string]string{"owner": s}
			if a.Origin.File != "" {
				a.Origin.File = s
			}
			f.Subject = policy.AssetSubject{Asset: &a}
			f.Evidence = append(f.Evidence, policy.Evidence{Asset: a.Ref, Path: asset.Path("config").Key(s), Value: doc})
		}
		if gs, ok := f.Subject.(policy.GapSubject); ok {
			g := *gs.Gap
			g.Scope.Account, g.Type, g.Cause.Message, g.Cause.Code, g.Cause.RequestID = s, asset.Type(s), s, s, s
			f.Subject = policy.GapSubject{Gap: &g}
		}
		if cs, ok := f.Subject.(policy.CoverageSubject); ok {
			cs.Account.Account, cs.Type, cs.Regions = s, asset.Type(s), []string{s}
			f.Subject = cs
		}
		if f.Exception != nil {
			x := *f.Exception
			x.Owner, x.Reason = s, s
			f.Exception = &x
		}
		if xs, ok := f.Subject.(policy.ExceptionSubject); ok {
			x := *xs.Exception
			x.Owner, x.Reason = s, s
			f.Subject = policy.ExceptionSubject{Exception: &x}
		}
		all[i] = f
	}
	return all
}

func hostileTexts() []string {
	return []string{
		"", " ", "\x00", "\x1b[2J\x1b]0;owned\x07", "a\r\nb", "\u202egnp.exe", "a\u200bb", "\u2028", "\xff\xfe", "\xed\xa0\x80", "\U000e0041",
		"</failure>]]><x>", `"><script>alert(1)</script>`, "=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "\t=1", "{0}", "{{0}}", "[a](http://x)",
		strings.Repeat("x", 5000), strings.Repeat("漢字", 300), strings.Repeat("e\u0301", 300), "\ufeff", "\ufffe", "`x`", "%s%n", "\u0085", "file:///etc/passwd", "../../x y#z?%zz", ":", "//x",
	}
}

func TestHostile(t *testing.T) {
	for _, s := range hostileTexts() {
		survives(t, s)
		var b bytes.Buffer
		require.NoError(t, report.JSON(&b, seq(hostile(t, s)...), nil))
		for _, m := range decodeLines(t, b.Bytes()) {
			want := strings.ToValidUTF8(s, "\ufffd")
			if utf8.ValidString(s) && s != "" {
				require.Equal(t, want, m["message"], "nothing is lost")
			}
		}
		b.Reset()
		require.NoError(t, report.SARIF(&b, seq(hostile(t, s)...), nil))
		for _, r := range validSARIF(t, b.Bytes()).Runs[0].Results {
			require.NotContains(t, *r.Message.Text, "[a](", "a link")
		}
	}
}

func FuzzHostile(f *testing.F) {
	for _, s := range hostileTexts() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) <= 10_000 {
			survives(t, s)
		}
	})
}

// survives checks that every format can be read again by a strict reader, and that
// what reaches a terminal has no effect on it.
func survives(t *testing.T, s string) {
	t.Helper()
	o := &report.Options{All: true, Gaps: []*asset.Gap{{Cause: asset.Unread{Message: s}}}, Coverage: []*asset.Coverage{{Type: asset.Type(s), State: asset.Partial}}}
	o.UnknownTypes = map[asset.Type]int{asset.Type(s): 2}
	o.Source, o.Version = s, s
	all := formats()
	all["verbose.txt"] = func(w io.Writer, fs findings, o *report.Options) error {
		verbose := *o
		verbose.Verbose = true
		return report.Table(w, fs, &verbose)
	}
	for name, write := range all {
		var b bytes.Buffer
		require.NoError(t, write(&b, seq(hostile(t, s)...), o), "%s: %q", name, s)
		checkVisible(t, name, s, b.Bytes())
		checkSyntax(t, name, s, b.Bytes())
	}
}

// checkVisible checks that no character has an effect on a terminal or on the
// characters around it.
func checkVisible(t *testing.T, name, s string, b []byte) {
	t.Helper()
	require.True(t, utf8.Valid(b), "%s: %q", name, s)
	bad := bytes.IndexFunc(b, func(r rune) bool {
		return r != '\n' && r != utf8.RuneError && !unicode.IsGraphic(r) && !(r == '\r' && filepath.Ext(name) == ".csv")
	})
	require.Negative(t, bad, "%s: %q: a character with an effect", name, s)
}

var (
	ownScript = regexp.MustCompile(`<script>\n// Search, filters, order[^<]*</script>`)
	hrefs     = regexp.MustCompile(`href="?([^"\s>]*)`)
)

var formula = regexp.MustCompile(`^\s*[=+\-@\t\r]`)

func checkSyntax(t *testing.T, name, s string, b []byte) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".ndjson", ".json":
		require.True(t, name != "json.ndjson" || readJSON(b) == nil)
		d := json.NewDecoder(bytes.NewReader(b))
		for {
			var x any
			if err := d.Decode(&x); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, "%s: %q", name, s)
			}
		}
	case ".xml":
		d := xml.NewDecoder(bytes.NewReader(b))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, "%q", s)
			}
		}
	case ".txt":
		for line := range strings.Lines(string(b)) {
			require.LessOrEqual(t, columnsOf(line), 100, line)
		}
	case ".csv":
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		require.NoError(t, err, "%q", s)
		for _, row := range rows {
			for _, cell := range row {
				require.False(t, formula.MatchString(cell), "a formula: %s", cell)
			}
		}
	case ".html":
		page := ownScript.ReplaceAllString(string(b), "")
		for _, bad := range []string{"<script", "<x>", "ZgotmplZ", "javascript:", "http-equiv=\"refresh", "src=", "style=", "onerror="} {
			require.NotContains(t, strings.ReplaceAll(strings.ToLower(page), "-src ", ""), bad, "%q", s)
		}
		for _, m := range hrefs.FindAllStringSubmatch(page, -1) {
			require.Regexp(t, `^(#[a-z0-9]+$|https://([a-z0-9-]+\.)?console\.aws\.amazon\.com/)`, m[1])
		}
	}
}

// columnsOf is the greatest number of columns that a line can take.
func columnsOf(line string) int {
	n := 0
	for _, r := range strings.TrimSuffix(line, "\n") {
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			n++
		}
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}
