// Package catalog holds what the generators of asset/catalog share: the pinned
// versions of their sources and the form of the files that they write.
package catalog

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// Schema is the published part of one type in the form that asset.ParseSchemas
// reads. Shapes are what package encoding/json makes of that form: a string, a
// []any of one shape, or a map[string]any.
type Schema struct {
	Config     any            `json:"config"`
	Defs       map[string]any `json:"defs,omitempty"`
	Global     bool           `json:"global,omitempty"`
	Operations []Operation    `json:"operations,omitempty"`
}

// Operation is an operation in that form.
type Operation struct {
	Name        string   `json:"name"`
	Permissions []string `json:"permissions,omitempty"`
	Provides    []string `json:"provides,omitempty"`
	PerAsset    bool     `json:"perAsset,omitempty"`
	MayOmit     bool     `json:"mayOmit,omitempty"`
}

// Field finds the field of an object with the name, whatever its marks and default.
func Field(object map[string]any, name string) (key string, shape any, ok bool) {
	for key, shape := range object {
		if n, _, _ := strings.Cut(key, ":"); n == name {
			return key, shape, true
		}
	}
	return "", nil, false
}

// Enum returns the shape of a string with the documented values, sorted. Values that the
// form cannot hold make it any string.
func Enum(values []string) string {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	for _, v := range values {
		if v == "" || strings.Contains(v, "|") {
			return "s"
		}
	}
	return strings.Join(append([]string{"s"}, values...), "|")
}

// Index is the name of the entry that lists all types, one a line, sorted.
const Index = "index"

// Write writes the schemas to a zip file. There is one entry for each group of
// types, with one line for each type, sorted, and each line by itself is what
// asset.ParseSchemas reads. The same schemas give the same bytes. The comment of
// the archive says where the data is from.
func Write(name, comment string, group func(typ string) string, schemas map[string]*Schema) error {
	groups := map[string][]string{Index: nil}
	types := slices.Sorted(maps.Keys(schemas))
	for _, t := range types {
		line, err := json.Marshal(map[string]*Schema{t: schemas[t]})
		if err != nil {
			return fmt.Errorf("schema of %s: %w", t, err)
		}
		groups[group(t)] = append(groups[group(t)], string(line))
		groups[Index] = append(groups[Index], t)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	if err := z.SetComment(comment); err != nil {
		return err
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: g, Method: zip.Deflate}) // without a time
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, strings.Join(groups[g], "\n")); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o666)
}
