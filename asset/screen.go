package asset

import (
	"slices"
	"strings"
)

// screen reports whether a text, or the block of a document, may hold what a detector
// or a telling name matches. It decides most documents, which hold nothing of the
// kind, in one pass: words of four characters, case folded, are looked up in a bitmap
// by their hash.
func screen(s string) bool {
	const fold = 0x2020202020202020
	i := 0
	for ; i+8 <= len(s); i += 5 {
		w := le64(s, uint32(i)) | fold
		a, b, c, d, e := hash4(uint32(w)), hash4(uint32(w>>8)), hash4(uint32(w>>16)), hash4(uint32(w>>24)), hash4(uint32(w>>32))
		bits := screenBits[a>>6]>>(a&63) | screenBits[b>>6]>>(b&63) | screenBits[c>>6]>>(c&63) |
			screenBits[d>>6]>>(d&63) | screenBits[e>>6]>>(e&63)
		if bits&1 != 0 {
			for k := range 5 {
				if screened(s, i+k, uint32(w>>(8*k))) {
					return true
				}
			}
		}
	}
	for ; i+4 <= len(s); i++ {
		if screened(s, i, le32(s, uint32(i))|fold&(1<<32-1)) {
			return true
		}
	}
	return false
}

// screened decides for a word at a place.
func screened(s string, at int, word uint32) bool {
	if _, ok := slices.BinarySearch(screenWords, word); !ok {
		return false
	}
	if word>>8 == foldedWord("://_")&0xffffff {
		_, _, ok := userinfo(s[at+4:])
		return ok
	}
	return true
}

// hash4 returns 16 bits.
func hash4(w uint32) uint32 { return w * 0x9e3779b1 >> 16 }

func foldedWord(s string) uint32 { return le32(s, 0) | 0x20202020 }

// screenWords are parts of what detectors look for and of names of secrets, sorted.
// A ? stands for any byte of ASCII, and what ends in a ~ is followed by "key", with or
// without a joint.
var screenWords = expandWords(
	"akia", "asia",
	"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "b_pa", // github_pat_
	"glpa", "glpt", "gldt", "glrt", "glcb", "glso", "glft", "glim", "glag",
	"xoxb", "xoxp", "xoxa", "xoxr", "xoxs", "xoxe", "xapp", "slac",
	"sk_l", "sk_t", "rk_l", "rk_t", "npm_", "pypi", "sg.?", "aiza", "eyj?", "sig=",
	"?://", "eare", // bearer
	"sswo", "sswd", "sphr", "pwd?", "?pwd", "ecre", "oken", "eden", // password, passwd, passphrase, secret, token, credential
	"te~", "nt~", "pi~", "ss~", // private, client and account, API, access
	"th~", "er~", "ng~", "on~", "ed~", "ry~", // auth, master, signing, encryption, shared, primary and secondary
)

var screenBits = func() (bits [1024]uint64) {
	for _, w := range screenWords {
		h := hash4(w)
		bits[h>>6] |= 1 << (h & 63)
	}
	return bits
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
		for c := range 128 {
			all = append(all, foldedWord(before+string(rune(c))+behind))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
