package secret

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isUpper(c byte) bool  { return c-'A' <= 25 }
func isLower(c byte) bool  { return c-'a' <= 25 }
func isLetter(c byte) bool { return isLower(c | 0x20) }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
func isWord(c byte) bool   { return isAlnum(c) || c == '_' }
func isToken(c byte) bool  { return isWord(c) || c == '-' }
func isBase64(c byte) bool { return isAlnum(c) || c == '+' || c == '/' }
func isSpace(c byte) bool  { return c == ' ' || c-'\t' <= '\r'-'\t' }

// classes are the alphabets that patterns of issuers name.
func classOf(letter byte) func(byte) bool {
	switch letter {
	case 'd':
		return isDigit
	case 'h': // hexadecimal in lower case
		return func(c byte) bool { return isDigit(c) || c-'a' <= 5 }
	case 'H':
		return func(c byte) bool { return isDigit(c) || (c|0x20)-'a' <= 5 }
	case 'u':
		return func(c byte) bool { return isDigit(c) || isUpper(c) }
	case 'l':
		return func(c byte) bool { return isDigit(c) || isLower(c) }
	case 'z':
		return isLetter
	case 'a':
		return isAlnum
	case 'w':
		return isWord
	case 't':
		return isToken
	case 'g': // a token with dots and tildes
		return func(c byte) bool { return isToken(c) || c == '.' || c == '~' }
	case 'c':
		return isBase64
	case 'b': // with padding
		return func(c byte) bool { return isBase64(c) || c == '=' }
	case 'f': // both forms of base64
		return func(c byte) bool { return isBase64(c) || isToken(c) || c == '=' }
	}
	return nil
}

// run returns the number of bytes at the start of s that are in the class.
func run(s string, class func(byte) bool) int {
	for i := range len(s) {
		if !class(s[i]) {
			return i
		}
	}
	return len(s)
}

// runBack returns the number of bytes at the end of s that are in the class.
func runBack(s string, class func(byte) bool) int {
	for i := len(s); i > 0; i-- {
		if !class(s[i-1]) {
			return len(s) - i
		}
	}
	return len(s)
}
