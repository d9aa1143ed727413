package asset

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// Redactor takes secrets out of assets. Every way in passes one, so that no secret is
// kept, logged or reported. The zero value and nil are ready to use; a Redactor may be
// used by many goroutines at once and must not be changed then.
type Redactor struct {
	// Key makes the hashes of secrets, by which equal ones are known to be equal:
	// HMAC-SHA256, the first 16 bytes. Without a key no hash is kept, since that of a
	// weak secret could be guessed.
	Key []byte

	// Allow has further names whose values are readable under secret paths.
	Allow []string
}

// Redact replaces the secrets in the documents and tags of an asset that nobody else
// uses yet. They become strings that [Value.Redacted] tells from others. These are
//
//   - every text under the secret paths, which lead from the asset (see
//     [SecretPaths]), unless the name of its own member is known to hold none:
//     LOG_LEVEL, AWS_REGION, enable-oslogin and a few like them, and those of Allow,
//   - any other text in which [Detect] finds more than the id of an access key, and
//     in Config and Status also a literal that is the value of a name like password,
//     clientSecret or api_key.
//
// In a list of pairs, as clouds write variables and metadata ({"Name", "Value"},
// {"key", "value"}), the name of a value is that in the pair, which stays readable.
// Keys of maps, empty texts and what is redacted already stay as they are. Text in
// base64 is looked into only under secret paths.
//
// It is an error if a path is malformed or does not begin with config, status or
// access; the asset is not changed then.
func (r *Redactor) Redact(a *Asset, secret ...Path) error {
	under := map[string][][]Step{}
	for _, p := range secret {
		steps, err := p.Steps()
		if err != nil {
			return fmt.Errorf("redact: %w", err)
		}
		if len(steps) == 0 || !slices.Contains([]string{"config", "status", "access"}, steps[0].Key) {
			return fmt.Errorf("redact: path %q is of no document", p)
		}
		under[steps[0].Key] = append(under[steps[0].Key], steps[1:])
	}
	var clean string
	a.Config = r.document(a.Config, under["config"], true, &clean)
	a.Status = r.document(a.Status, under["status"], true, &clean)
	a.Access = r.document(a.Access, under["access"], false, &clean)
	a.Tags = r.tags(a.Tags)
	return nil
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

// redacted is what is kept of a secret.
func (r *Redactor) redacted(text string, detectors []string) Redacted {
	kept := Redacted{Detectors: detectors}
	if r != nil && len(r.Key) > 0 {
		mac := hmac.New(sha256.New, r.Key)
		mac.Write([]byte(text))
		kept.Hash = hex.EncodeToString(mac.Sum(nil)[:16])
	}
	return kept
}

// allowed reports whether the value of a name is readable under a secret path.
func (r *Redactor) allowed(name string) bool {
	switch name {
	case "AWS_REGION", "AWS_DEFAULT_REGION", "REGION", "LOG_LEVEL", "NODE_ENV", "ENVIRONMENT", "STAGE",
		"TZ", "LANG", "PORT", "PATH", "HOME", "JAVA_HOME", "PYTHONPATH",
		"AWS_LAMBDA_EXEC_WRAPPER", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "WEBSITE_RUN_FROM_PACKAGE",
		"enable-oslogin", "enable-oslogin-2fa", "enable-osconfig", "enable-guest-attributes", "block-project-ssh-keys",
		"serial-port-enable", "serial-port-logging-enable", "disable-legacy-endpoints",
		"google-logging-enabled", "google-monitoring-enabled", "cluster-name", "cluster-location":
		return true
	}
	return r != nil && slices.Contains(r.Allow, name)
}

// largeBlock is the size in bytes from which a block is not looked at as a whole: v
// may be a small part of it.
const largeBlock = 64 << 10

// document returns v without its secrets. By names tells whether the names of members
// count; in access policies, whose conditions have keys of all kinds, they do not. The
// documents of an asset are often parts of one block, so clean holds the last one in
// which there was nothing.
func (r *Redactor) document(v Value, secret [][]Step, byNames bool, clean *string) Value {
	if len(secret) == 0 && len(v.doc) < largeBlock && (v.doc == *clean || !screen(v.doc)) {
		*clean = v.doc
		return v
	}
	// Most documents with a suspicious word hold no secret: find first, copy then.
	f := finder{r: r, byNames: byNames}
	f.part(v, place{paths: secret})
	if len(f.found) == 0 {
		return v
	}
	var b block
	var at int
	n := b.copyWith(v, func(string) (Redacted, bool) {
		at++
		if len(f.found) == 0 || f.found[0].at != at {
			return Redacted{}, false
		}
		kept := f.found[0].kept
		f.found = f.found[1:]
		return kept, true
	})
	return b.value(n)
}

// finder finds the secrets of a document.
type finder struct {
	r       *Redactor
	byNames bool
	at      int // strings seen, in the order of copyWith
	found   []secretText
}

type secretText struct {
	at   int
	kept Redacted
}

// place says where a part of a document is.
type place struct {
	name   string   // of the member that it is or lies in
	paths  [][]Step // to secrets in it
	secret bool     // it lies under a secret path
	inList bool
}

func (f *finder) part(v Value, p place) {
	for _, steps := range p.paths {
		p.secret = p.secret || len(steps) == 0
	}
	switch v.node.tag() {
	case tagString:
		f.text(v.text(v.node), p)
	case tagList:
		for i := range v.count() {
			f.part(v.Index(i), place{
				name: p.name, secret: p.secret, inList: true,
				paths: following(p.paths, func(s Step) bool { return s.Any || s.Index == i }),
			})
		}
	case tagMap:
		f.members(v, p)
	}
}

func (f *finder) members(v Value, p place) {
	nameKey, valueKey, name := "", "", ""
	if p.inList {
		nameKey, valueKey, name = pair(v)
	}
	for i := range v.count() {
		k, x := v.MemberAt(i)
		inner := place{name: k, secret: p.secret}
		if len(p.paths) > 0 {
			inner.paths = following(p.paths, func(s Step) bool { return s.Any || s.Index < 0 && s.Key == k })
		}
		switch {
		case nameKey == "":
		case k == valueKey:
			inner.name = name
		default: // the name, and where else the value may come from
			inner.secret = false
		}
		if f.r.allowed(inner.name) {
			inner.secret = false
			inner.paths = slices.DeleteFunc(inner.paths, func(steps []Step) bool { return len(steps) == 0 })
		}
		f.part(x, inner)
	}
}

// pair tells whether a map is a name and its value, and returns the keys of both and
// the name.
func pair(v Value) (nameKey, valueKey, name string) {
	for i := range v.count() {
		k, x := v.MemberAt(i)
		switch k {
		case "key", "Key", "name", "Name", "ParameterKey", "OptionName":
			if x.node.tag() == tagString && nameKey == "" {
				nameKey, name = k, x.text(x.node)
			}
		case "value", "Value", "ParameterValue":
			valueKey = k
		}
	}
	if nameKey == "" || valueKey == "" {
		return "", "", ""
	}
	return nameKey, valueKey, name
}

func (f *finder) text(s string, p place) {
	f.at++
	if s == "" {
		return
	}
	var found []string
	switch {
	case p.secret:
		found = detect(p.name, s)
	case f.byNames:
		found = detectIn(p.name, s)
	default:
		found = detectIn("", s)
	}
	if p.secret || len(found) > 0 {
		f.found = append(f.found, secretText{f.at, f.r.redacted(s, found)})
	}
}

// detectIn returns what makes a text outside of a secret path a secret.
func detectIn(name, text string) []string {
	found := detectPlain(name, text)
	if len(found) == 1 && found[0] == byKeyID {
		return nil
	}
	return found
}

// SecretPaths returns the paths, from an asset, to what a schema marks as secret or
// write-only, in the order of the schema. Below a shape that lies in itself and has
// secrets it returns the path to the inner one, as a whole: no path can name the
// secrets at every depth.
func SecretPaths(s *Schema) []Path {
	w := secretWalk{has: map[*Shape]bool{}, on: map[*Shape]bool{}}
	for _, name := range []string{"config", "status", "access"} {
		w.walk(s.Document(name), Path(name))
	}
	return w.paths
}

type secretWalk struct {
	paths []Path
	has   map[*Shape]bool // shapes in which there is a secret
	on    map[*Shape]bool // shapes on the way to here
}

func (w *secretWalk) walk(s *Shape, p Path) {
	if s == nil || !w.holds(s) {
		return
	}
	if w.on[s] {
		w.paths = append(w.paths, p)
		return
	}
	w.on[s] = true
	defer delete(w.on, s)
	w.walk(s.Elem, p.Any())
	for _, f := range s.Fields {
		if f.Mark&(Secret|WriteOnly) != 0 {
			w.paths = append(w.paths, p.Key(f.Name))
		} else {
			w.walk(f.Shape, p.Key(f.Name))
		}
	}
}

// holds reports whether there is a secret in a shape.
func (w *secretWalk) holds(s *Shape) bool {
	known, ok := w.has[s]
	if !ok {
		known = holdsSecret(s, map[*Shape]bool{})
		w.has[s] = known
	}
	return known
}

func holdsSecret(s *Shape, seen map[*Shape]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	return holdsSecret(s.Elem, seen) || slices.ContainsFunc(s.Fields, func(f Field) bool {
		return f.Mark&(Secret|WriteOnly) != 0 || holdsSecret(f.Shape, seen)
	})
}
