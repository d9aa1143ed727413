package phrases

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCatalogue(t *testing.T) {
	verb := regexp.MustCompile(`%\[\d\][a-z]`)
	seen := map[string]bool{}
	for _, list := range catalogue() {
		for _, p := range list {
			assert.False(t, seen[p.key], "duplicate key %q", p.key)
			seen[p.key] = true
			assert.NotEmpty(t, p.english, p.key)
			assert.NotEmpty(t, p.japanese, p.key)
			en, ja := verb.FindAllString(p.english, -1), verb.FindAllString(p.japanese, -1)
			slices.Sort(en)
			slices.Sort(ja)
			assert.Equal(t, en, ja, "verbs of %q", p.key)
		}
	}
	en, err := New("")
	require.NoError(t, err)
	assert.Equal(t, "High", en.Text("severity.high"), "the catalogue is built without a panic")
}

func TestText(t *testing.T) {
	for _, test := range []struct{ tag, language, key, want string }{
		{"", "en", "title.digest", "Daily digest: opened 12,345, resolved 1"},
		{"en-GB", "en", "title.digest", "Daily digest: opened 12,345, resolved 1"},
		{"ja", "ja", "title.digest", "Daily digest：検出 12,345 件、解決 1 件"},
		{"ja-JP", "ja", "title.digest", "Daily digest：検出 12,345 件、解決 1 件"},
		{"ja", "ja", "no.such.key %d", "no.such.key %d"},
		{"en", "en", "no.such.key %d", "no.such.key %d"},
	} {
		p, err := New(test.tag)
		require.NoError(t, err)
		assert.Equal(t, test.language, p.Language())
		assert.Equal(t, test.want, p.Text(test.key, "Daily digest", 12345, 1))
	}
	p, err := New("ja")
	require.NoError(t, err)
	assert.Equal(t, "オープン", p.Value("status", "open"))
	assert.Equal(t, "%s of_the_future", p.Value("status", "%s of_the_future"))
	assert.Equal(t, "［高］検出：%d（x）", p.Text("title.alert", "高", "検出", "%d", "x"), "arguments are no formats")
}

func TestUnknownLanguage(t *testing.T) {
	_, err := New("fr")
	assert.EqualError(t, err, `unknown language "fr" (has en, ja)`)
	_, err = New("日本語")
	assert.EqualError(t, err, `invalid language "日本語" (want a tag such as "en")`)
}
