package cli

import "github.com/openstance/stance/internal/nearest"

// didYouMean returns a suffix for the error about an unknown name.
func didYouMean(name string, names []string) string {
	if n := nearest.Name(name, names); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}
