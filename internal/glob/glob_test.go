package glob_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/internal/glob"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "ab", false},
		{"*", "", true},
		{"*", "abc", true},
		{"a*", "abc", true},
		{"a*", "ba", false},
		{"*c", "abc", true},
		{"a*c", "ac", true},
		{"a*a", "a", false},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "acb", false},
		{"**", "x", true},
		{"A*", "abc", false},
	} {
		assert.Equal(t, c.want, glob.Match(c.pattern, c.s), "%q %q", c.pattern, c.s)
	}
	assert.True(t, glob.Any([]string{"x", "a*"}, "abc"))
	assert.False(t, glob.Any(nil, "abc"))
}
