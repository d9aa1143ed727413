package secret

import (
	"slices"
	"strings"
)

// The words that make the name of a secret, in lower case. A ~ stands for any joint or
// none. A value under a plain word is a secret whatever it looks like. Under a vague word
// there may also be a name or an algorithm: only a value that looks random is a secret.
var (
	plainWords = []string{"password", "passwd", "passphrase", "pwd", "client~secret", "secret~key", "secret~access~key",
		"private~key", "api~key", "access~key", "account~key", "subscription~key", "functions~key", "auth~pass"}
	vagueWords = []string{"secret", "token", "credential", "credentials", "client~key", "auth~key", "master~key",
		"signing~key", "encryption~key", "shared~key", "primary~key", "secondary~key", "service~key", "function~key"}
	// Tokens that mark a page or make a call idempotent.
	harmlessTokens = []string{"nexttoken", "pagetoken", "clienttoken", "requesttoken", "creationtoken", "locktoken",
		"updatetoken", "changetoken", "revisiontoken", "idempotencytoken", "continuationtoken", "synctoken", "starttoken",
		"clientrequesttoken", "publictoken", "canceltoken"}

	plainSqueezed, vagueSqueezed = squeezedWords(plainWords), squeezedWords(vagueWords)
)

func squeezedWords(words []string) []string {
	var all []string
	for _, w := range words {
		all = append(all, strings.ReplaceAll(w, "~", ""))
	}
	return all
}

// describing are words that, behind the word of a secret, name something about it:
// passwordPolicy, secretArn, tokenUrl, API_KEY_ID.
var describing = func() map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(`
		age algorithm algorithms alg arn arns attribute attributes audience auth authentication binding bindings bits body bucket
		change changed characters class claim claims command complexity config configuration configurations count created data
		date days delivery description digest dir directory disabled duration enabled encrypted encryption encoding endpoint endpoints
		env exchange expiration expired expires expiry exp field file filename files fingerprint flow flows format from grace
		grant group groups handling hash header headers hint history hours id identifier identity ids in info issuer issuers
		kind label last length len lifetime lifespan limit list location login manager managed max maximum method methods min
		minimum minutes mode model mount mounts name namespace names number operation operations option options owner param
		parameter parameters params path paths pattern permission permissions placeholder plugin policies policy prefix
		properties property protection provider providers ref reference references refresh region regex rejected required
		requirement requirements reset resolver resource resources retention reuse role roles rotate rotation rule rules
		scope scopes seconds selector selectors service settings signature size source sources spec state status stdin store
		stores strength suffix support tag tags template text thumbprint thumbprints time timeout title ttl type types unit
		units update updated uri uris url urls usage use used user username users validation validator validity vault version
		versions volume volumes webhook window`) {
		set[w] = true
	}
	return set
}()

// nameKind says what a name makes of its value.
type nameKind int8

const (
	noSecret nameKind = iota
	vagueName
	plainName
	authName // ends in AUTH or is pass: the value may be the name of a method
)

// switchWords are words of names that say whether there is a secret, not which.
var switchWords = map[string]bool{"no": true, "not": true, "allow": true, "require": true, "requires": true, "enable": true,
	"disable": true, "use": true, "uses": true, "has": true, "is": true, "needs": true, "without": true, "skip": true, "force": true,
	"manage": true, "manages": true, "generate": true, "random": true, "should": true}

// kindOf returns the kind of a name. The word may stand anywhere in it, at the end of one
// of its tokens: DB_PASSWORD_PROD, apiKey2, SMTP_PASS.
func kindOf(name string) nameKind {
	if len(name) < 3 || len(name) > longestName {
		return noSecret
	}
	kind, end, switching := noSecret, 0, false
	for from := 0; from < len(name); {
		to := tokenEnd(name, from)
		if to > from {
			if k := kindAt(name, from, to); k != noSecret {
				kind, end = k, to
			}
			switching = switching || switchWords[strings.ToLower(name[from:to])]
		}
		if to == from {
			to++ // a joint
		}
		from = to
	}
	if kind != noSecret && switching {
		kind = vagueName
	}
	if kind == noSecret || end == len(name) {
		return kind
	}
	// Behind the word: which of the secrets it is, or something about it.
	for from := end; from < len(name); {
		to := tokenEnd(name, from)
		if to == from {
			from++
			continue
		}
		if describing[strings.ToLower(name[from:to])] {
			return noSecret
		}
		from = to
	}
	return kind
}

// longestName bounds a name, in bytes.
const longestName = 256

// kindAt returns the kind that the token between two places of a name gives it.
func kindAt(name string, from, to int) nameKind {
	word := squeeze(name[:to])
	switch {
	case strings.EqualFold(name[from:to], "pass") && lastWord(name[to:]):
		if from == 0 {
			return authName // a verb as often as a password
		}
		return plainName
	case endsIn(word, harmlessTokens):
		return noSecret
	case endsIn(word, plainSqueezed):
		return plainName
	case endsIn(word, vagueSqueezed):
		return vagueName
	case to == len(name) && from > 0 && strings.EqualFold(name[from:to], "auth") && !isAlnum(name[from-1]):
		return authName
	}
	return noSecret
}

// lastWord reports whether only digits, or another secret's environment, follow a word.
func lastWord(rest string) bool {
	for from := 0; from < len(rest); {
		to := tokenEnd(rest, from)
		if to == from {
			from++
			continue
		}
		switch token := strings.ToLower(rest[from:to]); token {
		case "prod", "production", "dev", "development", "test", "stage", "staging", "qa", "uat", "old", "new", "primary", "secondary":
		default:
			if !isDigit(token[0]) {
				return false
			}
		}
		from = to
	}
	return true
}

// tokenEnd returns the end of the token of a name that begins at a place: letters of one
// word, or digits. At a joint it returns the place itself.
func tokenEnd(name string, from int) int {
	if !isAlnum(name[from]) {
		return from
	}
	i := from + 1
	for ; i < len(name) && isAlnum(name[i]); i++ {
		if isDigit(name[i]) != isDigit(name[i-1]) || isUpper(name[i]) && isLower(name[i-1]) {
			return i
		}
		if isUpper(name[i]) && isUpper(name[i-1]) && i+1 < len(name) && isLower(name[i+1]) {
			return i // APIKey
		}
	}
	return i
}

// squeeze returns the end of a name in lower case and without what joins its words.
func squeeze(name string) string {
	const longest = 24 // of the words
	var buf [longest]byte
	n := longest
	for i := len(name) - 1; i >= 0 && n > 0; i-- {
		if c := name[i]; isAlnum(c) {
			n--
			buf[n] = c | 0x20
		}
	}
	return string(buf[n:])
}

func endsIn(s string, words []string) bool {
	for _, w := range words {
		if strings.HasSuffix(s, w) {
			return true
		}
	}
	return false
}

// genericWords are the names, in lower case, whose values are secrets in the documents of
// types without a schema, which nothing else marks.
var genericWords = []string{"securevalue", "protectedsettings", "connectionstring", "connectionstrings", "sharedkey", "authtoken",
	"refreshtoken", "sastoken", "sasurl", "secretvalue", "secretstring", "keyvalue"}

// genericLists are lists of pairs whose values are secrets, as those of genericWords are.
var genericLists = []string{"secrets", "env", "environment", "environmentvariables", "appsettings"}

// isGeneric reports whether a member of a place is a secret by a name that is generic
// for one. So is the value in a list of secrets.
func isGeneric(p place, key string) bool {
	word := squeeze(key)
	return slices.Contains(genericWords, word) || word == "value" && p.inList && slices.Contains(genericLists, squeeze(p.name))
}

// isScript reports whether a name is one of a start-up script, whose content is meant to
// be read by a machine when it starts.
func isScript(name string) bool {
	switch squeeze(name) {
	case "userdata", "userdataoverride", "customdata", "startupscript", "windowsstartupscriptps1", "windowsstartupscriptcmd", "shutdownscript":
		return true
	}
	return false
}
