package secret

import "iter"

// token is a token of an issuer in a string.
type token struct {
	issuer   string
	from, to int
}

// tokens yields the tokens of issuers in a string, in the order of their places.
func tokens(s string) iter.Seq[token] {
	return func(yield func(token) bool) {
		done := 0 // tokens do not overlap
		for at := 0; at+4 <= len(s); at++ {
			word := foldedWord(s[at:])
			if !inScreen(word) {
				continue
			}
			best := token{}
			for _, t := range triggersOf(word) {
				if t.clue != clueToken {
					continue
				}
				f := &issuers[t.issuer]
				if start := at - t.at; start >= 0 && start < len(s) {
					if from, to, ok := f.match(s, start); ok && from >= done && to > best.to {
						best = token{f.name, from, to}
					}
				}
			}
			if best.to > 0 {
				if !yield(best) {
					return
				}
				done = best.to
			}
		}
	}
}
