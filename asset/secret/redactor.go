package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
)

// Redactor replaces secrets in assets. Providers, provider.Collect and snapshots pass each
// asset through one, so that no secret is stored, logged or reported. The zero value and
// nil are ready to use. A Redactor is safe for concurrent use, and must not be changed
// once it is used.
type Redactor struct {
	// Key is the key of the hashes that show which secrets are equal: the first 16
	// bytes of HMAC-SHA256. Without a key no hash is kept, since a weak secret could be
	// guessed from it.
	Key []byte

	// Allow lists further names whose values stay readable under secret paths.
	Allow []string
}

// Redact replaces the secrets in the documents, tags and other strings of an asset that is
// not shared yet. Those of documents become strings that [asset.Value.Redacted] tells from others. Secrets are
//
//   - every string under the secret paths, which lead from the asset (see
//     [Paths]), unless the name of its own member is known to hold no secret:
//     LOG_LEVEL, AWS_REGION, enable-oslogin and a few like them (readable.txt), and
//     those of Allow,
//   - any other string in which [Detect] finds more than the id of an access key, and
//     in Config and Status also a literal that is the value of a name like password,
//     clientSecret or api_key.
//
// In a list of pairs, the form in which clouds write variables and metadata ({"Name",
// "Value"}, {"key", "value"}), the name of a value is the one in the pair, which stays
// readable. Empty strings and redacted ones stay as they are. Redact decodes base64 only
// under secret paths.
//
// So are the other strings in which Detect finds a secret: the name, the URL, the file of
// the origin, the incarnation, keys of maps and tags, and the reasons of unread parts.
// The ids of the asset and of those that it is linked to stay: they are what tells assets
// apart. See [Mask].
//
// Redact marks the documents as sanitized ([asset.Value.IsSanitized]). It does not change a
// document that is sanitized already, whatever the paths, the key and Allow: each
// document belongs to the first Redactor that it passes.
//
// Redact returns an error, and does not change the asset, if a path is malformed or does
// not begin with config, status or access.
func (r *Redactor) Redact(a *asset.Asset, secret ...asset.Path) error {
	var compiled Compiled
	if !sanitized(a) {
		var err error
		if compiled, err = Compile(secret...); err != nil {
			return err
		}
	}
	r.RedactCompiled(a, compiled)
	return nil
}

// Compiled are secret paths, for a Redactor that passes many assets of one type. The zero
// Compiled has none.
type Compiled struct {
	config, status, access [][]asset.Step
	generic                bool // there is no schema that names paths
}

// CompileSchema compiles the secret paths of a schema. Without a schema, nil or one that
// says nothing of the configuration, members with names that are generic for a secret are
// secret too: secureValue, protectedSettings, connectionString, sharedKey, secrets[].value
// and a few more.
func CompileSchema(s *asset.Schema) (Compiled, error) {
	if s == nil {
		return Compiled{generic: true}, nil
	}
	c, err := Compile(Paths(s)...)
	config := s.Document("config")
	c.generic = config == nil || config.Kind == asset.AnyShape
	return c, err
}

// Compile compiles secret paths. The error is that of [Redactor.Redact].
func Compile(paths ...asset.Path) (Compiled, error) {
	var c Compiled
	for _, p := range paths {
		steps, err := p.Steps()
		if err != nil {
			return Compiled{}, fmt.Errorf("redact: %w", err)
		}
		var document *[][]asset.Step
		if len(steps) > 0 {
			switch steps[0].Key {
			case "config":
				document = &c.config
			case "status":
				document = &c.status
			case "access":
				document = &c.access
			}
		}
		if document == nil {
			return Compiled{}, fmt.Errorf("redact: path %q is of no document", p)
		}
		*document = append(*document, steps[1:])
	}
	return c, nil
}

// RedactCompiled is [Redactor.Redact] with paths that were compiled.
func (r *Redactor) RedactCompiled(a *asset.Asset, secret Compiled) {
	var clean string
	a.Config = r.document(a.Config, secret.config, true, secret.generic, &clean)
	a.Status = r.document(a.Status, secret.status, true, secret.generic, &clean)
	a.Access = r.document(a.Access, secret.access, false, false, &clean)
	a.Tags = r.tags(a.Tags)
	for _, s := range beside(a) {
		if found := detectIn("", *s); len(found) > 0 {
			*s = r.redacted(*s, found).String()
		}
	}
	var changed map[string]*asset.Unread
	for part, u := range a.Unread {
		if hidden := r.unread(u); hidden != u {
			if changed == nil {
				changed = maps.Clone(a.Unread)
			}
			changed[part] = hidden
		}
	}
	if changed != nil {
		a.Unread = changed
	}
}

// RedactGap returns a gap without secrets in its cause: g itself if there are none.
func (r *Redactor) RedactGap(g *asset.Gap) *asset.Gap {
	hidden := r.unread(&g.Cause)
	if hidden == &g.Cause {
		return g
	}
	changed := *g
	changed.Cause = *hidden
	return &changed
}

// beside returns the strings of an asset that are neither parts of documents nor tags
// nor ids.
func beside(a *asset.Asset) [4]*string {
	return [...]*string{&a.Name, &a.URL, &a.Origin.File, &a.Incarnation}
}

// unread returns a reason without secrets: u itself if there are none.
func (r *Redactor) unread(u *asset.Unread) *asset.Unread {
	changed := *u
	for _, s := range []*string{&changed.Op, &changed.Code, &changed.Message, &changed.RequestID} {
		if found := detectIn("", *s); len(found) > 0 {
			*s = r.redacted(*s, found).String()
		}
	}
	if changed == *u {
		return u
	}
	return &changed
}

// Passed reports whether the asset has passed a Redactor: its documents are sanitized, and
// [Redactor.Redact] would not change its tags and its other strings. These have no mark.
func Passed(a *asset.Asset) bool {
	if !sanitized(a) {
		return false
	}
	for k, v := range a.Tags {
		if len(detectIn(k, v)) > 0 || len(detectIn("", k)) > 0 {
			return false
		}
	}
	for _, s := range beside(a) {
		if len(detectIn("", *s)) > 0 {
			return false
		}
	}
	var r *Redactor
	for _, u := range a.Unread {
		if r.unread(u) != u {
			return false
		}
	}
	for _, doc := range [...]*asset.Value{&a.Config, &a.Status, &a.Access} {
		if doc.Kind() != asset.UnreadPart {
			continue
		}
		if u := doc.Unread(); r.unread(u) != u {
			return false
		}
	}
	return true
}

func sanitized(a *asset.Asset) bool {
	return a.Config.IsSanitized() && a.Status.IsSanitized() && a.Access.IsSanitized()
}

func (r *Redactor) tags(tags map[string]string) map[string]string {
	clean := true
	for k, v := range tags {
		clean = clean && len(detectIn("", k)) == 0 && len(detectIn(k, v)) == 0
	}
	if clean {
		return tags
	}
	changed, names := maps.Clone(tags), distinct{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		v := tags[k]
		inKey, found := detectIn("", k), detectIn(k, v)
		if len(found) > 0 {
			v = r.redacted(v, found).String()
			changed[k] = v
		}
		if len(inKey) > 0 {
			delete(changed, k)
			key := names.name(r.redacted(k, inKey).String(), func(key string) bool { _, taken := changed[key]; return taken })
			changed[key] = v
		}
	}
	return changed
}

// redacted returns the part of a secret that is kept.
func (r *Redactor) redacted(text string, detectors []string) asset.Redacted {
	kept := asset.Redacted{Detectors: detectors}
	if r != nil && len(r.Key) > 0 {
		mac := hmac.New(sha256.New, r.Key)
		mac.Write([]byte(text))
		kept.Hash = hex.EncodeToString(mac.Sum(nil)[:16])
	}
	return kept
}

// allowed reports whether the value of a name is readable under a secret path.
func (r *Redactor) allowed(name string) bool {
	return readable()[name] || r != nil && slices.Contains(r.Allow, name)
}
