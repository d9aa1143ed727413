package secret

import (
	"slices"
	"strings"
)

// screen reports whether a string, or the block of a document, may hold a match of a
// detector or the name of a secret. It rules most documents out in one pass, which looks
// up words of four characters, case folded, in a table by their hash.
func screen(s string) bool {
	const fold = 0x2020202020202020
	i := 0
	for ; i+8 <= len(s); i += 5 {
		w := le64(s, i) | fold
		if screenTable[hash4(uint32(w))] || screenTable[hash4(uint32(w>>8))] || screenTable[hash4(uint32(w>>16))] ||
			screenTable[hash4(uint32(w>>24))] || screenTable[hash4(uint32(w>>32))] {
			for k := range 5 {
				if screened(s, i+k, uint32(w>>(8*k))) {
					return true
				}
			}
		}
	}
	for ; i+4 <= len(s); i++ {
		if screened(s, i, foldedWord(s[i:])) {
			return true
		}
	}
	return len(s) >= 3 && le32(s[:3]+" ")|fold&(1<<32-1) == foldedWord("pwd ") // at the very begin
}

// screened reports whether the word at a place is one of screenWords.
func screened(s string, at int, word uint32) bool {
	if !screenTable[hash4(word)] {
		return false
	}
	if _, ok := slices.BinarySearch(screenWords, word); !ok {
		return false
	}
	if word>>8 == foldedWord(":// ")&0xffffff {
		_, _, ok := userinfo(s[at+4:])
		return ok
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

func hash4(w uint32) uint32 { return w * 0x9e3779b1 >> 17 }

func foldedWord(s string) uint32 { return le32(s) | 0x20202020 }

// screenWords are parts of the strings that detectors match and of names of secrets,
// sorted. A ? stands for any byte: in a block, a number or another string may stand right
// before a string. A word that ends in ~ is followed by "key", with or without a joint.
var screenWords = expandWords(
	"akia", "asia",
	"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "b_pa", // github_pat_
	"glpa", "glpt", "gldt", "glrt", "glcb", "glso", "glft", "glim", "glag",
	"xoxb", "xoxp", "xoxa", "xoxr", "xoxs", "xoxe", "xapp", "slac",
	"sk_l", "sk_t", "rk_l", "rk_t", "npm_", "pypi", "sg.?", "aiza", "eyj?", "sig=",
	"?://", "eare", // bearer
	"sswo", "sswd", "sphr", "?pwd", "ecre", "oken", "eden", // password, passwd, passphrase, secret, token, credential
	"te~", "nt~", "pi~", "ss~", // private, client and account, API, access
	"th~", "er~", "ng~", "on~", "ed~", "ry~", // auth, master, signing, encryption, shared, primary and secondary
)

var screenTable = func() (table [1 << 15]bool) {
	for _, w := range screenWords {
		table[hash4(w)] = true
	}
	return table
}()

func expandWords(words ...string) []uint32 {
	var all []uint32
	for _, w := range words {
		if start, ok := strings.CutSuffix(w, "~"); ok {
			all = append(all, foldedWord(start+"ke"))
			for _, joint := range []string{"_", "-", " ", "."} {
				all = append(all, foldedWord(start+joint+"k"))
			}
			continue
		}
		before, behind, any := strings.Cut(w, "?")
		if !any {
			all = append(all, foldedWord(w))
			continue
		}
		for c := range 256 {
			all = append(all, foldedWord(before+string([]byte{byte(c)})+behind))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
