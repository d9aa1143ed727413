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

// Redact replaces the secrets in the documents and tags of an asset that is not shared
// yet. They become strings that [asset.Value.Redacted] tells from others. Secrets are
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
// readable. Keys of maps, empty strings and redacted ones stay as they are. Redact decodes
// base64 only under secret paths.
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
type Compiled struct{ config, status, access [][]asset.Step }

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
	a.Config = r.document(a.Config, secret.config, true, &clean)
	a.Status = r.document(a.Status, secret.status, true, &clean)
	a.Access = r.document(a.Access, secret.access, false, &clean)
	a.Tags = r.tags(a.Tags)
}

// Passed reports whether the asset has passed a Redactor: its documents are sanitized, and
// [Redactor.Redact] would not change its tags. Tags have no mark.
func Passed(a *asset.Asset) bool {
	if !sanitized(a) {
		return false
	}
	for k, v := range a.Tags {
		if len(detectIn(k, v)) > 0 {
			return false
		}
	}
	return true
}

func sanitized(a *asset.Asset) bool {
	return a.Config.IsSanitized() && a.Status.IsSanitized() && a.Access.IsSanitized()
}

func (r *Redactor) tags(tags map[string]string) map[string]string {
	var changed map[string]string
	for k, v := range tags {
		if found := detectIn(k, v); len(found) > 0 {
			if changed == nil {
				changed = maps.Clone(tags)
			}
			changed[k] = r.redacted(v, found).String()
		}
	}
	if changed == nil {
		return tags
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
