package expr

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// The limits of patterns.
const (
	MaxSubject = 1 << 20 // bytes of a string that a pattern is matched against

	maxProgram  = 1000    // instructions of a pattern
	maxPatterns = 64      // compiled patterns that a machine keeps
	maxNative   = 1 << 16 // bytes times instructions that are matched without a look at the context
)

var errSubject = fmt.Errorf("string of more than %d bytes matched against a pattern", MaxSubject)

// pattern is a compiled regular expression.
type pattern struct {
	re    *regexp.Regexp
	text  string         // in a form that may stand in parentheses
	cost  int64          // instructions of its program
	after *regexp.Regexp // finds the next match behind a first character; nil until used
}

// compilePattern compiles a regular expression of a bounded program. Repetitions
// multiply a program, so it is estimated before it is made.
func compilePattern(source string) (*pattern, error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("pattern of %d bytes, more than %d", len(source), MaxSource)
	}
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	size, text := programSize(parsed), parsed.String()
	if size <= 8*maxProgram {
		prog, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			return nil, err
		}
		size = int64(len(prog.Inst))
	}
	if size > maxProgram {
		return nil, fmt.Errorf("regex program size %d exceeds limit of %d", size, maxProgram)
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	return &pattern{re: re, text: text, cost: size}, nil
}

// programSize estimates the instructions of a regular expression.
func programSize(re *syntax.Regexp) int64 {
	n := int64(1)
	if re.Op == syntax.OpLiteral {
		n = int64(len(re.Rune))
	}
	for _, sub := range re.Sub {
		n = min(n+programSize(sub), 1<<40)
	}
	if re.Op == syntax.OpRepeat {
		n = times(n, int64(max(re.Min, re.Max, 1)))
	}
	return n
}

// pattern returns a compiled pattern, which the machine keeps. It is charged each time,
// because an evaluation costs the same whatever came before it.
func (m *Machine) pattern(source string) (*pattern, error) {
	m.run.budget.Work(int64(len(source)))
	if p, ok := m.patterns[source]; ok {
		return p, nil
	}
	p, err := compilePattern(source)
	if err != nil {
		return nil, err
	}
	if len(m.patterns) >= maxPatterns {
		clear(m.patterns)
	}
	m.patterns[source] = p
	return p, nil
}

// subject charges for matching a pattern against a string: its bytes times the
// instructions of the pattern.
func (p *pattern) subject(b *Budget, s string) error {
	if len(s) > MaxSubject {
		return errSubject
	}
	b.Work(times(int64(len(s)), p.cost))
	return nil
}

// matches reports whether the pattern matches a part of a string.
func (p *pattern) matches(b *Budget, s string) (bool, error) {
	if err := p.subject(b, s); err != nil {
		return false, err
	}
	if int64(len(s))*p.cost <= maxNative {
		return p.re.MatchString(s), nil
	}
	return p.re.MatchReader(p.reader(b, s)), nil
}

// find returns the places of the first match and of its groups, or nil.
func (p *pattern) find(b *Budget, s string) ([]int, error) {
	if err := p.subject(b, s); err != nil {
		return nil, err
	}
	return p.re.FindReaderSubmatchIndex(p.reader(b, s)), nil
}

// findAll calls found for the places of each match and its groups, as
// [regexp.Regexp.FindAllStringSubmatchIndex] returns them, until it returns false.
// Every search charges what it reads.
func (p *pattern) findAll(b *Budget, s string, found func([]int) bool) error {
	if len(s) > MaxSubject {
		return errSubject
	}
	b.Work(p.cost)
	r := &subjectReader{budget: b, cost: p.cost, charges: true}
	for at, previous := 0, -1; at <= len(s); {
		match, err := p.findAfter(r, s, at)
		if match == nil || err != nil {
			return err
		}
		accept := true
		if match[1] == at { // empty
			accept = match[0] != previous
			_, width := utf8.DecodeRuneInString(s[at:])
			at += max(width, 1)
		} else {
			at = match[1]
		}
		previous = match[1]
		if accept && !found(match) {
			return nil
		}
	}
	return nil
}

// findAfter returns the places of the first match that begins at or after a place. The
// character before the place is read too, because anchors and word boundaries depend on
// it.
func (p *pattern) findAfter(r *subjectReader, s string, at int) ([]int, error) {
	if at == 0 {
		r.Reset(s)
		return p.re.FindReaderSubmatchIndex(r), nil
	}
	if p.after == nil {
		after, err := regexp.Compile(`\A(?s:.)(?s:.*?)(` + p.text + `)`)
		if err != nil {
			return nil, err
		}
		p.after = after
	}
	_, before := utf8.DecodeLastRuneInString(s[:at])
	r.Reset(s[at-before:])
	match := p.after.FindReaderSubmatchIndex(r)
	if match == nil {
		return nil, nil
	}
	match = match[2:]
	for i := range match {
		if match[i] >= 0 {
			match[i] += at - before
		}
	}
	return match, nil
}

// subjectReader reads a string for a pattern, and looks at the context meanwhile.
type subjectReader struct {
	strings.Reader
	budget  *Budget
	cost    int64 // of a character
	charges bool  // what is read; else the match is charged already
	pending int64
}

// reader returns a reader of a string whose match is charged already.
func (p *pattern) reader(b *Budget, s string) *subjectReader {
	r := &subjectReader{budget: b, cost: p.cost}
	r.Reset(s)
	return r
}

// ReadRune implements io.RuneReader.
func (r *subjectReader) ReadRune() (rune, int, error) {
	if r.pending += r.cost; r.pending >= lookEvery {
		r.settle()
	}
	return r.Reader.ReadRune()
}

func (r *subjectReader) settle() {
	if r.charges {
		r.budget.Work(r.pending)
	} else {
		r.budget.look()
	}
	r.pending = 0
}

// extract returns the first match of a pattern, or of its group, as regex.extract of
// cel-go does.
func (p *pattern) extract(b *Budget, s string) (string, bool, error) {
	if err := p.oneGroup(); err != nil {
		return "", false, err
	}
	match, err := p.find(b, s)
	if match == nil || err != nil {
		return "", false, err
	}
	part, group := p.part(s, match)
	return part, part != "" || !group, nil
}

// extractAll returns all matches of a pattern, or of its group where it matched.
func (p *pattern) extractAll(b *Budget, s string) ([]string, error) {
	if err := p.oneGroup(); err != nil {
		return nil, err
	}
	parts := []string{}
	err := p.findAll(b, s, func(match []int) bool {
		if part, group := p.part(s, match); part != "" || !group {
			b.Make(elementSize)
			parts = append(parts, part)
		}
		return true
	})
	return parts, err
}

// part returns the string of the group of a match, or of the match if the pattern has no
// group.
func (p *pattern) part(s string, match []int) (part string, group bool) {
	if len(match) == 2 {
		return s[match[0]:match[1]], false
	}
	if match[2] < 0 {
		return "", true
	}
	return s[match[2]:match[3]], true
}

func (p *pattern) oneGroup() error {
	if p.re.NumSubexp() > 1 {
		return fmt.Errorf("regular expression has more than one capturing group: %q", p.re.String())
	}
	return nil
}

// replace returns the string with the first n matches replaced, or all if n is negative.
// In the replacement \1 stands for the first group, and \\ for a backslash.
func (p *pattern) replace(b *Budget, s, replacement string, n int64) (string, error) {
	var out strings.Builder
	write := func(part string) {
		b.Make(int64(len(part)))
		out.WriteString(part)
	}
	last := 0
	var invalid error
	err := p.findAll(b, s, func(match []int) bool {
		if n == 0 {
			return false
		}
		n--
		write(s[last:match[0]])
		invalid = p.expand(s, replacement, match, write)
		last = match[1]
		return invalid == nil
	})
	if err = errors.Join(err, invalid); err != nil {
		return "", err
	}
	write(s[last:])
	return out.String(), nil
}

func (p *pattern) expand(s, replacement string, match []int, write func(string)) error {
	for {
		before, rest, ok := strings.Cut(replacement, `\`)
		write(before)
		if !ok {
			return nil
		}
		if rest == "" {
			return fmt.Errorf(`invalid replacement string: '%s' \ not allowed at end`, replacement)
		}
		group := int(rest[0]) - '0'
		switch {
		case rest[0] == '\\':
			write(`\`)
		case group < 0 || group > 9:
			return fmt.Errorf(`invalid replacement string: '%s' \ must be followed by a digit or \`, replacement)
		case group > p.re.NumSubexp():
			return fmt.Errorf("replacement string references group %d but regex has only %d group(s)", group, p.re.NumSubexp())
		case match[2*group] >= 0:
			write(s[match[2*group]:match[2*group+1]])
		}
		replacement = rest[1:]
	}
}
