package asset

import "strings"

// FillAliases gives the parts of a that older versions of the cloud's API name otherwise
// (Aliases) under the names of the schema, too. A part that is there under its own name
// stays. One that has another form than its alias is unread, for the reason [Malformed].
func (s *Schema) FillAliases(a *Asset) error {
	if s == nil {
		return nil
	}
	for _, alias := range s.Aliases {
		old, err := a.At(alias.From)
		if err != nil {
			return err
		}
		if old.IsAbsent() {
			continue
		}
		to, member, list := strings.Cut(string(alias.To), "[*].")
		if now, err := a.At(Path(to)); err != nil {
			return err
		} else if !now.IsAbsent() {
			continue
		}
		if list {
			old = old.listOf(member)
		}
		if err := a.SetPath(Path(to), old); err != nil {
			return err
		}
	}
	return nil
}

// listOf returns a list with an object for each string in v, a list or a string with
// commas.
func (v Value) listOf(member string) Value {
	var texts []string
	switch v.Kind() {
	case UnreadPart:
		return v
	case String:
		text, _ := v.Str()
		texts = strings.Split(text, ",")
	case List:
		for i := range v.Len() {
			text, err := v.Index(i).Str()
			if err != nil {
				return malformed("holds " + v.Index(i).Kind().String() + ", want strings").Value()
			}
			texts = append(texts, text)
		}
	default:
		return malformed("is " + v.Kind().String() + ", want a string").Value()
	}
	b := newBlock()
	defer b.free()
	for _, text := range texts {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		at := len(b.stack)
		b.member(member, b.str(tagString, text))
		n, _, _ := b.mapping(at)
		b.stack = append(b.stack, n)
	}
	return b.value(b.list(0))
}
