// Package snapshot reads and writes observations as NDJSON. A snapshot keeps the result
// of a scan, holds test data of programs and policies, and is the input for sources
// that have no provider.
//
// # Format
//
// A snapshot is UTF-8 text, one JSON object a line, every line ended by a newline. It may
// begin with a byte order mark, and may be compressed with gzip. The first line is the
// header:
//
//	{"stance":"snapshot","version":1,"created":"2026-03-01T12:00:00Z"}
//
// The second line may state the parts that the lines of assets omit:
//
//	{"defaults":{"parents":[],"links":[],"access":null}}
//
// With it an asset whose line has no parents, no links or no access has none. Without it,
// or without that member of it, such a part is unread, if the schema of the type has it:
// whether there is one is not known. Parents and links that ids and documents name are
// added in either case: see [asset.Derive]. A Writer writes the line.
//
// Then each line is one observation. An asset:
//
//	{"asset":{
//	  "type":"AWS::S3::Bucket", "id":"arn:aws:s3:::logs",
//	  "provider":"aws", "account":"111122223333", "region":"eu-west-1",
//	  "name":"logs", "class":"storage", "url":"https://...", "tags":{"team":"a"},
//	  "config":{...}, "status":{...}, "access":{...},
//	  "links":[{"rel":"encrypted_by","type":"AWS::KMS::Key","id":"arn:aws:kms:..."}],
//	  "parents":[{"type":"Stance::AWS::Account","id":"111122223333"}],
//	  "observers":["111122223333"], "origin":{"file":"main.yaml","line":3},
//	  "incarnation":"...", "created":"2025-01-01T00:00:00Z", "observed":"2026-03-01T11:59:00Z"},
//	 "unread":[{"path":"access","op":"s3:GetBucketPolicy","reason":"denied","code":"AccessDenied","message":"...","request_id":"..."}],
//	 "redacted":[{"path":"config.Token","detectors":["jwt"],"hash":"..."}],
//	 "defaults":["config.VersioningConfiguration"]}
//
// Only type, id and provider are required. [asset.Asset] describes the documents config,
// status and access, whose content is free. The lists beside the asset hold what JSON
// cannot express, by [asset.Path]s that begin with the name of a document: unread parts
// and the reason (they may be missing in the document), secrets (any string stands in
// for one), and defaults that were not declared. An unread path that ends in [*], with
// the code NotKept, means that members of a map were omitted. The unread paths parents,
// links, and links followed by a relation, as in links.encrypted_by, mean that there may
// be more of them than the line has.
//
// A gap, in which a missing type means every type, and the member of limits the gap to
// the children and links of one asset:
//
//	{"gap":{"provider":"aws","account":"111122223333","region":"eu-west-1","type":"AWS::S3::Bucket",
//	  "of":{"type":"...","id":"..."},"op":"s3:ListBuckets","reason":"denied","code":"AccessDenied","message":"...","request_id":"..."}}
//
// The reason is the name of an [asset.Reason]; without one it is unknown.
//
// A statement of coverage, without which a type is not complete anywhere; the state is
// complete, partial or not_asked:
//
//	{"coverage":{"provider":"aws","account":"111122223333","region":"eu-west-1","type":"AWS::S3::Bucket","state":"complete"}}
//
// The last line has the number of each, by which a reader detects a snapshot that was
// cut off:
//
//	{"end":{"assets":1,"gaps":1,"coverage":1}}
//
// A member whose value is null counts as missing, except access, of which null says that
// there is none. An unknown member is an error. Gaps and
// coverage may come before or after the assets that they concern; a program that
// evaluates assets as they come needs them before. Ids need not be canonical: see
// [asset.ParseRef]. A line has at most [asset.MaxDocument] bytes, and at most
// [asset.MaxDepth] nested lists and maps.
package snapshot

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

const (
	magic   = "snapshot" // the member "stance" of the header
	version = 1
)

// Options adapt reading. The zero Options do for a snapshot of one's own.
type Options struct {
	// Name of the input in errors, "snapshot" by default. If it ends in ".gz" the
	// input must be gzip, which is recognized without the name too.
	Name string
	// Redactor redacts the assets. Nil: that of the query, or one without a key.
	Redactor *secret.Redactor
	// Schemas returns the schema of a type. Reading brings values to the kinds that
	// it names ([asset.Shape.Conform]) and redacts the secrets that it names
	// ([secret.Paths]). It must be safe for concurrent use. Nil: those of the
	// query, or catalog.Schema.
	Schemas func(asset.Type) (*asset.Schema, bool)
	// Clouds extend the built-in table of clouds, for types of the caller's own providers.
	Clouds asset.Clouds
	// MaxBytes bounds the text, after decompression. More is an error. 0: 16 GiB.
	MaxBytes int64
	// Strict makes a duplicate asset an error, and so is a part of a document that
	// does not fit the schema of its type ([asset.Lint]), such as a misspelled field.
	Strict bool
	// Summary, if set, is called once for each sequence, when it ends, on the
	// goroutine that ranges over it. Without it and Strict, assets are not checked.
	Summary func(Summary)
	// Line, if set, is called for each requested asset with its line, from 1, before the
	// asset is yielded.
	Line func(ref asset.Ref, line int)
}

// Error describes an invalid line of a snapshot. Every error of reading one is an
// *Error, except those of opening it and of a context.
type Error struct {
	Name   string
	Line   int   // from 1
	Offset int64 // bytes of text, after decompression, before the error or its line
	Err    error
}

// Error returns the place and the problem.
func (e *Error) Error() string {
	what := e.Err.Error()
	if s, ok := e.Err.(*asset.SyntaxError); ok {
		what = s.What // its offset counts from the line
	}
	if len(what) > 1000 { // the input may be hostile
		what = strings.ToValidUTF8(what[:1000], "") + "..."
	}
	return fmt.Sprintf("%s:%d: offset %d: %s", e.Name, e.Line, e.Offset, what)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

var (
	errNoHeader  = errors.New(`no header: the first line must be {"stance":"snapshot","version":1}`)
	errCutOff    = errors.New("cut off: no line with the counts at the end")
	errNoNewline = errors.New("cut off: the line is not ended by a newline")
	errAfterEnd  = errors.New("more after the line with the counts")
	errUnknown   = errors.New("unknown member")
	errUTF16     = errors.New("text in UTF-16 (want UTF-8)")
	errTooLong   = fmt.Errorf("line of more than %d bytes", asset.MaxDocument)
)
