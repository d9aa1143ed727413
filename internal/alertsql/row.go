package alertsql

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// maxText is the length of the longest string that an index has whole. A row of an index of
// PostgreSQL has 2,704 bytes at most.
const maxText = 800

// text returns a string as the columns of indexes have it: without bytes that databases
// refuse, and the rest of a long one as a hash. The table texts has those that are long.
func text(s string) string {
	s = clean(s)
	if len(s) <= maxText && !shortened(s) {
		return s
	}
	h := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:min(len(s), maxText/2)], "") + mark + hex.EncodeToString(h[:])
}

// mark separates the beginning of a long string from its hash.
const mark = "…#"

// shortened reports whether a string has the form of a long one in a column.
func shortened(s string) bool {
	n := len(s) - 2*sha256.Size
	return n >= 0 && strings.HasSuffix(s[:n], mark) && strings.Trim(s[n:], "0123456789abcdef") == ""
}

// clean returns a string without bytes that databases refuse.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// checkNames returns an error for names that databases refuse.
func checkNames(what string, names ...string) error {
	for _, s := range names {
		if clean(s) != s {
			return fmt.Errorf("invalid %s %q (want UTF-8 without NUL)", what, s)
		}
	}
	return nil
}

// encode writes JSON. It fails for strings that JSON would change.
func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	// Only bytes that are not UTF-8 are written as this escape. The backslash must not be escaped itself.
	for rest := data; ; {
		i := bytes.Index(rest, []byte(`\ufffd`))
		if i < 0 {
			return data, nil
		}
		before := len(rest[:i]) - len(bytes.TrimRight(rest[:i], `\`))
		if before%2 == 0 {
			return nil, errors.New("invalid string (want UTF-8)")
		}
		rest = rest[i+1:]
	}
}

func texts[T ~string](all []T) []string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i] = text(string(s))
	}
	return list
}

// hashOf returns a hash of strings.
func hashOf(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d ", len(p))
		h.Write([]byte(p))
	}
	return h.Sum(nil)[:16]
}

func refHash(r asset.Ref) []byte { return hashOf(string(r.Type), r.ID) }

// micros returns a time as columns have it.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// zeroTime is the zero time as columns have it.
var zeroTime = micros(time.Time{})

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %v", alert.ErrCorrupt, err)
	}
	return nil
}

// The bodies of rows: what the tables have apart hides the fields of the same names.
type (
	alertBody struct {
		*alert.Alert
		Rules        *none      `json:"rules,omitempty"`
		Policy       *none      `json:"policyInfo,omitempty"`
		Asset        assetState `json:"asset"`
		LastObserved *none      `json:"lastObserved,omitempty"`
		Unknown      *none      `json:"unknown,omitempty"`
	}
	none struct{}
	// assetState is what differs between the alerts of an asset.
	assetState struct {
		Incarnation string `json:"incarnation,omitempty"`
		Digest      string `json:"digest,omitempty"`
	}
	policyBody struct {
		ID string `json:"id"`
		alert.Policy
		Severity int `json:"severity"` // can be one without a name
	}
	accountBody struct {
		Provider string   `json:"provider,omitempty"`
		Account  string   `json:"account,omitempty"`
		Name     string   `json:"name,omitempty"`
		Groups   []string `json:"groups,omitempty"`
	}
	assetBody struct {
		Ref asset.Ref `json:"ref"`
		alert.Asset
		Provider    *none `json:"provider,omitempty"`
		Account     *none `json:"account,omitempty"`
		AccountName *none `json:"accountName,omitempty"`
		Groups      *none `json:"groups,omitempty"`
		Incarnation *none `json:"incarnation,omitempty"`
		Digest      *none `json:"digest,omitempty"`
	}
)

func policyBodyOf(a *alert.Alert) policyBody {
	return policyBody{ID: a.Key.Policy, Policy: a.Policy, Severity: int(a.Policy.Severity)}
}

func accountBodyOf(a *alert.Alert) accountBody {
	return accountBody{a.Asset.Provider, a.Asset.Account, a.Asset.AccountName, a.Asset.Groups}
}

func assetBodyOf(a *alert.Alert) assetBody { return assetBody{Ref: a.Ref, Asset: a.Asset} }

// row returns the columns of an alert after its id: the one place that derives them.
func row(tenant int64, tenantName string, a *alert.Alert, policy, account, asset, rules int64) ([]any, error) {
	hash := a.Key.Hash(tenantName)
	var word, wake any
	if !usual(a.ID) {
		word = text(alert.FoldText(a.ID))
	}
	if !a.Wake.IsZero() {
		wake = micros(a.Wake)
	}
	due := int64(math.MaxInt64)
	if !a.Due.IsZero() {
		due = micros(a.Due)
	}
	body := alertBody{Alert: a, Asset: assetState{a.Asset.Incarnation, a.Asset.Digest}}
	data, err := encode(body)
	return []any{
		tenant, text(a.ID), word, hash[:], text(string(a.Status)), text(string(a.Reason)), policy, account, asset, rules,
		text(a.Owner), text(a.Assignee), text(a.Stream), micros(a.AlertTime), micros(a.LastSeen), due, wake, micros(a.Read.Latest),
		flag(a.Gone || a.Missing > 0), data,
	}, err
}

// markRow returns the mark of an alert.
func markRow(tenant int64, hash [16]byte, id int64, a *alert.Alert, account int64) []any {
	claimed := a.Verdict == policy.Fail && !a.Gone
	return []any{tenant, hash[:], id, text(a.ID), text(string(a.Status)), clean(a.State), text(a.Stream), account, flag(claimed)}
}

// usual reports whether an ID has the form of alert.NewID.
func usual(id string) bool {
	rest, ok := strings.CutPrefix(id, "P-")
	return ok && len(rest) <= 64 && strings.Trim(rest, "0123456789abcdef") == ""
}

// usualWord reports whether a folded word can be part of a usual ID.
func usualWord(word string) bool { return strings.Trim(word, "p-0123456789abcdef") == "" }

// cell is a row of the counts.
type cell struct {
	day             int64
	status          string
	policy, account int64
}

const day = 24 * 60 * 60 * 1e6 // microseconds

// dayOf returns the number of the day of an instant.
func dayOf(at int64) int64 {
	n := at / day
	if at%day < 0 {
		n--
	}
	return n
}

func dayName(n int64) string { return time.Unix(n*day/1e6, 0).UTC().Format("2006-01-02") }

// columns returns words.
func columns(s string) []string { return strings.Fields(s) }

// upsert returns a table in which a row replaces the one with the same key.
func upsert(name, key, rest string) *Table {
	set := make([]string, 0, len(rest))
	for _, c := range columns(rest) {
		set = append(set, c+" = excluded."+c)
	}
	return &Table{
		Name: name, Columns: columns(key + " " + rest),
		Conflict: "ON CONFLICT (" + strings.Join(columns(key), ", ") + ") DO UPDATE SET " + strings.Join(set, ", "),
	}
}
