// Package phrases is the catalogue of the phrases that people read in messages, reviews and
// pages, in English and Japanese.
package phrases

import (
	"fmt"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// Printer writes phrases in a language. It is safe for concurrent use.
type Printer struct {
	language string
	printer  *message.Printer
}

// New returns a printer for a BCP 47 tag such as "en" or "ja-JP". The empty tag stands for
// English.
func New(tag string) (*Printer, error) {
	if tag == "" {
		tag = "en"
	}
	want, err := language.Parse(tag)
	if err != nil {
		return nil, fmt.Errorf("invalid language %q (want a tag such as \"en\")", tag)
	}
	languages := []language.Tag{language.English, language.Japanese}
	_, i, confidence := language.NewMatcher(languages).Match(want)
	if confidence < language.High {
		return nil, fmt.Errorf("unknown language %q (has en, ja)", tag)
	}
	return &Printer{languages[i].String(), message.NewPrinter(languages[i], message.Catalog(built()))}, nil
}

// Language returns the tag of the language: "en" or "ja".
func (p *Printer) Language() string { return p.language }

// Text returns the phrase of a key, with arguments as in fmt.Sprintf, and numbers in the
// form of the language. Of an unknown key it returns the key.
func (p *Printer) Text(key string, args ...any) string {
	return p.printer.Sprintf(message.Key(key, "%[1]s"), fallback(key, args)...)
}

// Value returns the phrase of a value of an open set, such as the reasons of alerts: that of
// the key prefix + "." + value, or the value if there is none.
func (p *Printer) Value(prefix, value string) string {
	if key := prefix + "." + value; Has(key) {
		return p.Text(key)
	}
	return value
}

func fallback(key string, args []any) []any {
	if Has(key) {
		return args
	}
	return []any{key}
}

// Has reports whether the catalogue has a key.
func Has(key string) bool {
	_, ok := index()[key]
	return ok
}

// phrase is an entry of the catalogue.
type phrase struct{ key, english, japanese string }

var index = sync.OnceValue(func() map[string]phrase {
	m := map[string]phrase{}
	for _, list := range catalogue() {
		for _, p := range list {
			m[p.key] = p
		}
	}
	return m
})

var built = sync.OnceValue(func() *catalog.Builder {
	b := catalog.NewBuilder(catalog.Fallback(language.English))
	for key, p := range index() {
		for tag, text := range map[language.Tag]string{language.English: p.english, language.Japanese: p.japanese} {
			if err := b.SetString(tag, key, text); err != nil {
				panic(fmt.Sprintf("phrase %q: %v", key, err)) // a bug: TestCatalogue looks up every phrase
			}
		}
	}
	return b
})

// catalogue returns the phrases by area.
func catalogue() [][]phrase { return [][]phrase{alerts(), fields()} }
