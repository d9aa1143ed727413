package secret

import (
	"cmp"
	"slices"
	"strings"
)

// clue is what a trigger says of a string: which detectors may find something in it.
type clue uint16

const (
	clueToken clue = 1 << iota // the anchor of an issuer
	clueName                   // a part of the name of a secret
	clueForm                   // a command, a header or a phrase that a secret follows
	clueKeyID                  // the id of an AWS access key
	clueURL                    // a URL with a user and a password
	clueSAS                    // a shared access signature
	clueBearer
	clueJWT
	cluePEM
	clueGeneric // a name that only schemas that are missing would mark
)

// trigger is a literal that every string has in which a detector finds something. Triggers
// are found by one of their words: four bytes, case folded.
type trigger struct {
	word    uint32
	at      int    // of the word in the literal
	literal string // in lower case, or as it is if exact
	exact   bool
	clue    clue
	issuer  int // of issuers, for clueToken
}

// screen returns the clues of a string. For the block of a document, whose strings stand
// one right behind the other, it returns as soon as it has one.
//
// It rules most documents out in one pass, which looks up words in a table by their hash.
func screen(s string, block bool) clue {
	const fold = 0x2020202020202020
	var all clue
	i := 0
	for ; i+8 <= len(s); i += 5 {
		w := le64(s, i) | fold
		if !inScreen(uint32(w)) && !inScreen(uint32(w>>8)) && !inScreen(uint32(w>>16)) &&
			!inScreen(uint32(w>>24)) && !inScreen(uint32(w>>32)) {
			continue
		}
		for k := range 5 {
			if word := uint32(w >> (8 * k)); inScreen(word) {
				if all |= cluesAt(s, i+k, word, block); block && all&^clueGeneric != 0 {
					return all
				}
			}
		}
	}
	for ; i+4 <= len(s); i++ {
		if word := foldedWord(s[i:]); inScreen(word) {
			all |= cluesAt(s, i, word, block)
		}
	}
	if len(s) >= 3 && le32(s[:3]+" ")|0x20202020 == foldedWord("pwd ") { // at the very begin
		all |= clueName
	}
	return all
}

// cluesAt returns the clues of the triggers that have a word at a place of s.
func cluesAt(s string, at int, word uint32, block bool) clue {
	var all clue
	for _, t := range triggersOf(word) {
		if t.matches(s, at-t.at, block) {
			all |= t.clue
		}
	}
	return all
}

// triggersOf returns the triggers that have a word.
func triggersOf(word uint32) []*trigger {
	i, ok := slices.BinarySearch(triggerWords, word)
	if !ok {
		return nil
	}
	return triggersByWord[i]
}

func (t *trigger) matches(s string, at int, block bool) bool {
	switch {
	case at < 0 || len(s)-at < len(t.literal):
		return false
	case t.clue == clueToken && block:
		return issuers[t.issuer].mayMatch(s, at)
	case t.clue == clueToken:
		_, _, ok := issuers[t.issuer].match(s, at)
		return ok
	case t.exact && s[at:at+len(t.literal)] != t.literal:
		return false
	case !t.exact && !equalFold(s[at:], t.literal):
		return false
	case t.clue == clueURL:
		_, _, ok := userinfo(s[at+3:])
		return ok
	}
	return true
}

// equalFold reports whether s begins with a literal that is in lower case.
func equalFold(s, literal string) bool {
	for i := range len(literal) {
		if c := s[i]; c != literal[i] && !(isUpper(c) && c|0x20 == literal[i]) {
			return false
		}
	}
	return true
}

// le64 reads 8 bytes. Written so, it compiles to one test and one load.
func le64(s string, at int) uint64 {
	b := s[at:]
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func le32(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func foldedWord(s string) uint32 { return le32(s) | 0x20202020 }

// screenBits is the number of bits of the hash of a word. The table has a bit for each.
const screenBits = 18

func inScreen(w uint32) bool {
	h := w * 0x85ebca6b >> (32 - screenBits)
	return screenTable[h>>6]>>(h&63)&1 != 0
}

// screenTable has the words, and triggersByWord the triggers of each word of triggerWords.
var screenTable, triggerWords, triggersByWord = screenTables()

func screenTables() (table [1 << (screenBits - 6)]uint64, words []uint32, by [][]*trigger) {
	all := allTriggers()
	slices.SortStableFunc(all, func(a, b trigger) int { return cmp.Compare(a.word, b.word) })
	for i := range all {
		t := &all[i]
		h := t.word * 0x85ebca6b >> (32 - screenBits)
		table[h>>6] |= 1 << (h & 63)
		if len(words) == 0 || words[len(words)-1] != t.word {
			words, by = append(words, t.word), append(by, nil)
		}
		by[len(by)-1] = append(by[len(by)-1], t)
	}
	return table, words, by
}

func allTriggers() []trigger {
	var all []trigger
	for i := range issuers {
		all = issuers[i].triggers(all, i)
	}
	for _, w := range append(slices.Clone(plainWords), vagueWords...) {
		for _, literal := range joined(w) {
			all = literalTrigger(all, literal, false, clueName)
		}
	}
	all = literalTrigger(all, "pass", false, clueName)
	for _, joint := range []string{"_", "-", "."} {
		all = literalTrigger(all, joint+"auth", false, clueName)
	}
	for _, w := range genericWords {
		all = literalTrigger(all, w, false, clueGeneric)
	}
	for _, w := range formWords() {
		all = literalTrigger(all, w, false, clueForm)
	}
	for _, prefix := range keyIDPrefixes {
		all = literalTrigger(all, prefix, true, clueKeyID)
	}
	all = literalTrigger(all, "sig=", true, clueSAS)
	all = literalTrigger(all, "bearer ", false, clueBearer)
	all = literalTrigger(all, "PRIVATE KEY", true, cluePEM)
	all = literalTrigger(all, "PuTTY-User-Key-File-", true, cluePEM)
	all = wideTriggers(all, trigger{literal: "eyJ", exact: true, clue: clueJWT}, nil, isToken)
	inScheme := func(c byte) bool { return isAlnum(c) || c == '+' || c == '.' || c == '-' }
	return wideTriggers(all, trigger{literal: "://", exact: true, clue: clueURL}, inScheme, nil)
}

// joined returns the spellings of a word of two parts: with and without a joint.
func joined(word string) []string {
	all := []string{strings.ReplaceAll(word, "~", "")}
	if strings.Contains(word, "~") {
		for _, joint := range []string{"_", "-", " ", "."} {
			all = append(all, strings.ReplaceAll(word, "~", joint))
		}
	}
	return all
}

// literalTrigger appends the trigger of a literal, found by its rarest word.
func literalTrigger(all []trigger, literal string, exact bool, c clue) []trigger {
	t := trigger{literal: literal, exact: exact, clue: c}
	if len(literal) < 4 {
		return wideTriggers(all, t, anyByte, nil)
	}
	t.word, t.at = rarest(literal)
	return append(all, t)
}

func anyByte(byte) bool { return true }

// wideTriggers appends the triggers of a literal of two or three bytes, one for each word
// that the bytes of the alphabets around it make. A nil alphabet stands for no byte.
func wideTriggers(all []trigger, t trigger, before, after func(byte) bool) []trigger {
	words := []string{t.literal}
	grow := func(class func(byte) bool, join func(w string, c byte) string) {
		var grown []string
		for _, w := range words {
			for c := range 256 {
				if class(byte(c)) {
					grown = append(grown, join(w, byte(c)))
				}
			}
		}
		words = grown
	}
	if before != nil {
		grow(before, func(w string, c byte) string { return string([]byte{c}) + w })
		t.at = -1
	}
	for after != nil && len(words[0]) < 4 {
		grow(after, func(w string, c byte) string { return w + string([]byte{c}) })
	}
	seen := map[uint32]bool{}
	for _, w := range words {
		if t.word = foldedWord(w); !seen[t.word] {
			seen[t.word] = true
			all = append(all, t)
		}
	}
	return all
}

// triggers appends the triggers of issuer number n.
func (f *issuer) triggers(all []trigger, n int) []trigger {
	t := trigger{literal: f.anchor, exact: true, clue: clueToken, issuer: n}
	if len(f.anchor) >= 4 {
		t.word, t.at = rarest(f.anchor)
		return append(all, t)
	}
	var before, after func(byte) bool
	if len(f.before) > 0 && len(f.anchor) == 2 {
		before = f.before[len(f.before)-1].class
	}
	if len(f.after) > 0 {
		after = f.after[0].class
	}
	return wideTriggers(all, t, before, after)
}

// rarest returns the word of a literal whose letters are the rarest in documents.
func rarest(literal string) (word uint32, at int) {
	frequent := []string{"ing", "ion", "ser", "rvi", "sub", "ubs", "con", "ent", "com", "cur", "reg", "web", "key", "add", "ject", "//", "cry",
		"pri", "riv", "pro", "val", "tok", "aut"}
	const common = "etaoinsrcldpumgyfhbvwkxjqz" // most common first
	best := -100
	for i := 0; i+4 <= len(literal); i++ {
		score := 0
		for _, c := range []byte(literal[i : i+4]) {
			switch k := strings.IndexByte(common, c|0x20); {
			case k >= 0:
				score += k + 1
			default:
				score += len(common)
			}
		}
		if slices.ContainsFunc(frequent, func(f string) bool { return strings.Contains(strings.ToLower(literal[i:i+4]), f) }) {
			score -= 40
		}
		if score > best {
			best, word, at = score, foldedWord(literal[i:]), i
		}
	}
	return word, at
}
