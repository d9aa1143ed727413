package remediate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	maxPlan  = 4 << 20 // bytes of a plan
	maxDepth = 200     // of nested lists and maps
)

// canonical rewrites JSON with sorted keys, without white space, and with numbers as they are
// written. It refuses duplicate keys, since programs differ in which of them counts, and data
// after the value.
func canonical(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	out, err := appendCanonical(nil, d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("data after the value")
	}
	return out, nil
}

func appendCanonical(dst []byte, d *json.Decoder, depth int) ([]byte, error) {
	t, err := d.Token()
	if err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d nested lists and maps", maxDepth)
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			return appendList(dst, d, depth)
		}
		return appendMap(dst, d, depth)
	case json.Number:
		return append(dst, t...), nil
	default:
		return appendJSON(dst, t)
	}
}

func appendList(dst []byte, d *json.Decoder, depth int) (_ []byte, err error) {
	dst = append(dst, '[')
	for n := 0; d.More(); n++ {
		if n > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendCanonical(dst, d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return append(dst, ']'), err
}

func appendMap(dst []byte, d *json.Decoder, depth int) ([]byte, error) {
	type member struct {
		key  string
		text []byte
	}
	var members []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		text, err := appendCanonical(nil, d, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{key.(string), text})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			if m.key == members[i-1].key {
				return nil, fmt.Errorf("duplicate key %.100q", m.key)
			}
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(dst, m.key); err != nil {
			return nil, err
		}
		dst = append(append(dst, ':'), m.text...)
	}
	return append(dst, '}'), nil
}

// appendJSON appends a scalar, without the escapes that only HTML needs.
func appendJSON(dst []byte, x any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(x); err != nil {
		return nil, err
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...), nil
}

// digestOf returns the SHA-256, in hexadecimal, of the canonical JSON of x.
func digestOf(x any) (string, error) {
	data, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	if data, err = canonical(data); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// parseStrictly reads a JSON object into what x points to. Its members are those that are
// named, in this case.
func parseStrictly(data []byte, x any, members ...string) error {
	if len(data) > maxPlan {
		return fmt.Errorf("more than %d bytes", maxPlan)
	}
	given, err := canonical(data)
	if err != nil {
		return err
	}
	var found map[string]json.RawMessage
	if err := json.Unmarshal(given, &found); err != nil {
		return err
	}
	if found == nil {
		return errors.New("null")
	}
	for name := range found {
		if !slices.Contains(members, name) {
			return fmt.Errorf("unknown member %.100q", name)
		}
	}
	d := json.NewDecoder(bytes.NewReader(given))
	d.DisallowUnknownFields()
	return d.Decode(x)
}

// planJSON is a plan without its methods.
type planJSON Plan

// ComputeDigest returns the SHA-256, in hexadecimal, of all members of the plan but Digest,
// written as JSON with sorted keys, without white space, and with integers as they are.
func (p *Plan) ComputeDigest() (string, error) {
	q := planJSON(*p)
	q.Digest = ""
	data, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return "", err
	}
	delete(members, "digest")
	return digestOf(members)
}

// Verify returns an error that is [ErrMalformed] if the content of the plan does not match its
// digest.
func (p *Plan) Verify() error {
	switch got, err := p.ComputeDigest(); {
	case err != nil:
		return fmt.Errorf("%w plan of %s: %w", ErrMalformed, p.Key, err)
	case got != p.Digest:
		return fmt.Errorf("%w plan of %s: its digest is %s (has %.64q): it was changed", ErrMalformed, p.Key, got, p.Digest)
	}
	return nil
}

// MarshalJSON writes the plan with sorted keys and without white space.
func (p Plan) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(planJSON(p))
	if err != nil {
		return nil, err
	}
	return canonical(data)
}

// ParsePlan reads a plan. White space and the order of members do not matter. The error is
// [ErrMalformed] if the data is not a plan: if it has unknown or duplicate members, or if its
// content does not match its digest.
func ParsePlan(data []byte) (*Plan, error) {
	if len(data) > maxPlan {
		return nil, fmt.Errorf("%w plan: more than %d bytes", ErrMalformed, maxPlan)
	}
	given, err := canonical(data)
	if err != nil {
		return nil, fmt.Errorf("%w plan: %w", ErrMalformed, err)
	}
	d := json.NewDecoder(bytes.NewReader(given))
	d.DisallowUnknownFields()
	var q *planJSON
	if err := d.Decode(&q); err != nil {
		return nil, fmt.Errorf("%w plan: %w", ErrMalformed, err)
	}
	if q == nil {
		return nil, fmt.Errorf("%w plan: null", ErrMalformed)
	}
	p := (*Plan)(q)
	// A member in another case, or in a form that a plan is not written in, is not in the digest.
	if again, err := p.MarshalJSON(); err != nil || !bytes.Equal(again, given) {
		return nil, fmt.Errorf("%w plan: members in another form than a plan is written in", ErrMalformed)
	}
	if err := p.Verify(); err != nil {
		return nil, err
	}
	return p, nil
}
