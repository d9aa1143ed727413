package alert

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Limits of Query.Text.
const (
	maxText  = 1024 // bytes
	maxWords = 32
)

// FoldText returns a string in the form in which texts of queries are compared: lower case,
// characters of full and half width alike, and white space as single spaces.
func FoldText(s string) string {
	return strings.ToLower(norm.NFKC.String(strings.Join(strings.Fields(s), " ")))
}

// Words returns the words and quoted phrases of Query.Text, folded. A quote that is not
// closed ends with the text.
func Words(text string) []string {
	var words []string
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 0 {
			words = append(words, strings.Fields(FoldText(part))...)
		} else if phrase := FoldText(part); phrase != "" {
			words = append(words, phrase)
		}
	}
	return words
}

// SearchText returns what Query.Text searches, folded: the title of the policy, the name and
// the id of the asset, and the ID, a line each.
func (a *Alert) SearchText() string {
	return strings.Join([]string{FoldText(a.Policy.Title), FoldText(a.Asset.Name), FoldText(a.Ref.ID), FoldText(a.ID)}, "\n")
}
