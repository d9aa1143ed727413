package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// CSV writes findings as comma-separated values (RFC 4180) with a header: one record for
// each finding, in the order of the sequence. The columns policy to error have the
// content of the members of [Finding], with evidence as text. These columns follow:
// title, controls and key; owner, reason and until of an exception; origin, the file and
// line of a template; subject_kind; and unread, the member reason. The region of a
// finding about coverage lists the incomplete regions, separated by spaces.
//
// A cell that a spreadsheet would take for a formula begins with an apostrophe, and so does
// what follows a semicolon in a cell, which some spreadsheets take for the separator.
// Control characters, including line breaks, are escaped. The output is built in memory;
// Options.BOM puts a byte order mark before it.
func CSV(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	var b bytes.Buffer
	if o.BOM {
		b.WriteString("\ufeff")
	}
	c := newCSV(&b, "policy", "severity", "status", "provider", "account", "region", "type", "id", "name", "message",
		"evidence", "error", "title", "controls", "key", "owner", "reason", "until", "origin",
		"subject_kind", "unread")
	add := func(f policy.Finding) {
		if !o.shows(f) {
			return
		}
		var evidence []string
		for _, e := range f.Evidence {
			evidence = append(evidence, evidenceText(f.Subject.Ref(), e))
		}
		scope, ref := f.Scope(), f.Subject.Ref()
		name, origin, owner, reason, until, unread := "", "", "", "", "", ""
		if r := reasonKind(f); r != asset.UnknownReason {
			unread = r.String()
		}
		if s, ok := f.Subject.(policy.CoverageSubject); ok {
			scope.Region = strings.Join(s.Regions, " ")
		}
		if a := f.Asset(); a != nil {
			name = a.Name
			if a.Origin.File != "" {
				origin = originText(a.Origin)
			}
		}
		if x := exceptionOf(f); x != nil {
			owner, reason, until = x.Owner, x.Reason, x.Until.UTC().Format(time.RFC3339)
		}
		c.row(f.Policy.ID, f.Policy.Severity.String(), f.Status.String(), scope.Provider, scope.Account, scope.Region,
			string(ref.Type), ref.ID, name, messageOf(f), strings.Join(evidence, "; "), reasonOf(f),
			f.Policy.Title, strings.Join(f.Controls(), " "), f.Key(), owner, reason, until, origin,
			string(f.Subject.Kind()), unread)
	}
	return whole(w, "CSV", findings, add, func() ([]byte, error) {
		err := c.flush()
		return b.Bytes(), err
	})
}

// csvWriter writes cells that can be shown in a spreadsheet.
type csvWriter struct{ *csv.Writer }

func newCSV(w io.Writer, header ...string) csvWriter {
	c := csvWriter{csv.NewWriter(w)}
	c.UseCRLF = true
	c.row(header...)
	return c
}

// row writes a line. Errors are kept for flush.
func (c csvWriter) row(cells ...string) {
	for i, s := range cells {
		cells[i] = cell(s)
	}
	_ = c.Write(cells)
}

func (c csvWriter) flush() error {
	c.Flush()
	return c.Error()
}

// cell makes a text visible, and keeps a spreadsheet from taking it, or a part of it behind
// a semicolon, for a formula: those begin with one of = + - @, perhaps in full width or
// after white space and quotes.
func cell(s string) string {
	s = visible(s)
	parts := strings.Split(s, ";")
	for i, part := range parts {
		if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(part, " \"\u00a0\u3000")); strings.ContainsRune("=+-@＝＋－＠", first) {
			parts[i] = "'" + part
		}
	}
	return strings.Join(parts, ";")
}
