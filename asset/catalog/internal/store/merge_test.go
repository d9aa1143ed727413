package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func one(t *testing.T, text string) *asset.Schema {
	t.Helper()
	all, err := asset.ParseSchemas([]byte(`{"T": ` + text + `}`))
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ published, own, want string }{
		"nothing of our own":    {`{"config": {"A": "s"}}`, `{}`, `{"config": {"A": "s"}}`},
		"a document":            {`{"config": {"A": "s"}}`, `{"status": {"B": "i"}}`, `{"config": {"A": "s"}, "status": {"B": "i"}}`},
		"a mark":                {`{"config": {"A": "s", "B": "i"}}`, `{"config": {"A:s": "a"}}`, `{"config": {"A:s": "s", "B": "i"}}`},
		"marks are joined":      {`{"config": {"A:r": "s"}}`, `{"config": {"A:w": "a"}}`, `{"config": {"A:rw": "s"}}`},
		"a default":             {`{"config": {"A": "s", "B:=1": "i"}}`, `{"config": {"A:r=\"x\"": "a", "B": "a"}}`, `{"config": {"A:r=\"x\"": "s", "B:=1": "i"}}`},
		"a field, in order":     {`{"config": {"A": "s", "C": "s"}}`, `{"config": {"B": "s"}}`, `{"config": {"A": "s", "B": "s", "C": "s"}}`},
		"below a definition":    {`{"config": {"A": "#D", "B": "#D"}, "defs": {"D": {"X": "s"}}}`, `{"config": {"A": {"X:s": "a"}}}`, `{"config": {"A": {"X:s": "s"}, "B": {"X": "s"}}}`},
		"values":                {`{"config": {"A": "s|x|y", "B": "s", "C": "s|x"}}`, `{"config": {"A": "a", "B": "s|z", "C": "s|w"}}`, `{"config": {"A": "s|x|y", "B": "s|z", "C": "s|w"}}`},
		"in a list":             {`{"config": {"A": [{"X": "s"}]}}`, `{"config": {"A": [{"X:s": "a"}]}}`, `{"config": {"A": [{"X:s": "s"}]}}`},
		"in a map":              {`{"config": {"A": {"*": {"X": "s"}}}}`, `{"config": {"A": {"*": {"X:s": "a"}}}}`, `{"config": {"A": {"*": {"X:s": "s"}}}}`},
		"a shape for anything":  {`{"config": {"A": "a"}}`, `{"config": {"A": {"X": "s"}}}`, `{"config": {"A": {"X": "s"}}}`},
		"another kind of shape": {`{"config": {"A": "s"}}`, `{"config": {"A": ["s"]}}`, `{"config": {"A": ["s"]}}`},
		"links and the rest": {
			`{"config": {"A": "s"}}`,
			`{"class": "c", "global": true, "note": "n", "docs": {"config.A": "a"}, "links": [{"rel": "r"}], "operations": [{"name": "o"}]}`,
			`{"config": {"A": "s"}, "class": "c", "global": true, "note": "n", "docs": {"config.A": "a"}, "links": [{"rel": "r"}], "operations": [{"name": "o"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, before := one(t, c.published), one(t, c.published)
			shape := got.Config
			merge(got, one(t, c.own))
			assert.Equal(t, one(t, c.want), got)
			assert.Equal(t, before.Config, shape, "the published shape was changed")
		})
	}
}

func TestMergeRefusesToMarkWhatIsNotPublished(t *testing.T) {
	assert.Panics(t, func() {
		merge(one(t, `{"config": {"A": {"X": "s"}}}`), one(t, `{"config": {"A": {"Y:s": "a"}}}`))
	})
}
