package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ChannelHealth is the name of the channel that receives health events.
const ChannelHealth = "health"

// healthDocuments is the kind of the documents that hold health conditions.
const healthDocuments = "health"

// healthQuiet is the time within which a condition is reported once.
const healthQuiet = 24 * time.Hour

// maxHealthMessage is the number of bytes of a message that is kept.
const maxHealthMessage = 4096

// putHealth notes that a health condition holds. A condition that did not hold begins at
// h.Since, or now if that is zero; one that holds keeps its beginning. If the condition was
// not reported within 24 hours, putHealth also writes a message to ChannelHealth, and send is
// true. A condition that holds without a change is not written again.
func putHealth(tx Tx, h Health, now time.Time) (send bool, err error) {
	if h.Kind == "" || h.Subject == "" {
		return false, fmt.Errorf("health condition %q/%q: no kind or no subject", h.Kind, h.Subject)
	}
	now = now.UTC()
	old, held, err := health(tx, h.Kind, h.Subject)
	if err != nil {
		return false, err
	}
	h.Message = cut(h.Message, maxHealthMessage)
	switch {
	case held && old.Until.IsZero():
		h.Since = old.Since
	case h.Since.IsZero():
		h.Since = now
	case h.Since.Before(old.Until):
		h.Since = old.Until
	}
	h.Since, h.Until, h.Sent = h.Since.UTC(), time.Time{}, old.Sent
	// A clock that went backwards must not silence a condition for longer than a day.
	if age := now.Sub(old.Sent); age >= healthQuiet || age < -healthQuiet {
		send, h.Sent = true, now
	}
	if held && h == old {
		return false, nil
	}
	return send, writeHealth(tx, h, send, now)
}

// endHealth notes that a health condition ended. If its beginning was reported, so is its
// end. A condition that does not hold is left as it is.
func endHealth(tx Tx, kind HealthKind, subject string, now time.Time) error {
	h, held, err := health(tx, kind, subject)
	if err != nil || !held || !h.Until.IsZero() {
		return err
	}
	h.Until = now.UTC()
	return writeHealth(tx, h, !h.Sent.Before(h.Since), now.UTC())
}

// sweepHealth deletes the conditions that ended so long ago that their report no longer
// counts for a new one.
func sweepHealth(tx Tx, now time.Time) error {
	var old []string
	for d, err := range tx.Documents(healthDocuments) {
		if err != nil {
			return err
		}
		h, err := decodeHealth(d)
		if err != nil {
			return err
		}
		if stale(h, now) {
			old = append(old, d.Name)
		}
	}
	for _, name := range old {
		if err := tx.PutDocument(healthDocuments, name, nil); err != nil {
			return err
		}
	}
	return nil
}

func stale(h Health, now time.Time) bool {
	return !h.Until.IsZero() && now.Sub(h.Until) >= healthQuiet && now.Sub(h.Sent) >= healthQuiet
}

func healthName(kind HealthKind, subject string) string { return string(kind) + "/" + subject }

// health reads a condition; held reports whether there is a document.
func health(r Reader, kind HealthKind, subject string) (h Health, held bool, err error) {
	name := healthName(kind, subject)
	data, err := r.Document(healthDocuments, name)
	if err != nil || data == nil {
		return Health{}, false, err
	}
	h, err = decodeHealth(Document{Name: name, Data: data})
	return h, err == nil, err
}

func decodeHealth(d Document) (Health, error) {
	var h Health
	if err := json.Unmarshal(d.Data, &h); err != nil {
		return Health{}, fmt.Errorf("health document %q: %w", d.Name, err)
	}
	return h, nil
}

func writeHealth(tx Tx, h Health, send bool, now time.Time) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := tx.PutDocument(healthDocuments, healthName(h.Kind, h.Subject), data); err != nil || !send {
		return err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%t\x00%d", h.Kind, h.Subject, h.Until.IsZero(), now.UnixMicro()))
	id := "H-" + hex.EncodeToString(sum[:10])
	return tx.PutMessages(Message{
		ID:        id + "/" + ChannelHealth,
		Channel:   ChannelHealth,
		Event:     Event{ID: id, Kind: EventHealth, At: now, Health: &h},
		Seq:       now.UnixMicro(),
		NotBefore: now,
	})
}

// HealthNode is a node of the status tree of the alerting. The root holds one node for each
// kind of condition, and that one for each subject.
type HealthNode struct {
	Name string `json:"name"` // kind or subject; empty for the root
	// Failing is the number of conditions at and below the node that hold.
	Failing   int           `json:"failing"`
	Condition *Health       `json:"condition,omitempty"` // of a subject
	Children  []*HealthNode `json:"children,omitempty"`  // sorted by name
}

// OK reports whether no condition at or below the node holds.
func (n *HealthNode) OK() bool { return n.Failing == 0 }

// HealthTree returns the status tree: the health conditions that hold, and those that ended
// in the last 24 hours or so, with an end (Health.Until).
func HealthTree(r Reader) (*HealthNode, error) {
	root := &HealthNode{}
	var kind *HealthNode
	for d, err := range r.Documents(healthDocuments) {
		if err != nil {
			return nil, err
		}
		h, err := decodeHealth(d)
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(d.Name, "/")
		if kind == nil || kind.Name != name {
			kind = &HealthNode{Name: name}
			root.Children = append(root.Children, kind)
		}
		leaf := &HealthNode{Name: h.Subject, Condition: &h}
		if h.Until.IsZero() {
			leaf.Failing = 1
		}
		kind.Children = append(kind.Children, leaf)
		kind.Failing += leaf.Failing
		root.Failing += leaf.Failing
	}
	return root, nil
}

// cut returns at most n bytes of a string, in whole characters.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
