package alertsql

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/openstance/stance/alert"
)

// keyHash are two hashes of a keyOf, with seeds that nobody knows.
type keyHash [2]uint64

// keyOf is a string that is equal for equal values. Making it takes less time than JSON. It
// must have every field of the bodies that alerts share.
type keyOf []byte

// add adds strings.
func (k *keyOf) add(all ...string) {
	for _, s := range all {
		*k = append(binary.AppendUvarint(*k, uint64(len(s))), s...)
	}
}

// list adds a list.
func (k *keyOf) list(all []string) {
	*k = binary.AppendUvarint(*k, uint64(len(all)))
	k.add(all...)
}

func (k *keyOf) policy(a *alert.Alert) {
	p := &a.Policy
	k.add(a.Key.Policy, p.Title, p.Rationale, string(p.Kind), p.Digest, string(p.Remediable), p.Fix, string(p.Class), p.Steps, p.CLI)
	k.list(p.Labels)
	k.list(p.Controls)
	*k = binary.AppendVarint(binary.AppendVarint(*k, int64(p.Severity)), flag(p.NoDismissal))
}

func (k *keyOf) account(a *alert.Alert) {
	k.add(a.Asset.Provider, a.Asset.Account, a.Asset.AccountName)
	k.list(a.Asset.Groups)
}

func (k *keyOf) rules(a *alert.Alert) { k.list(a.Rules) }

func (k *keyOf) asset(a *alert.Alert) {
	s := &a.Asset
	k.add(string(a.Ref.Type), a.Ref.ID, s.Region, s.Name, s.Class, s.URL)
	for _, name := range slices.Sorted(maps.Keys(s.Tags)) {
		k.add("t", name, s.Tags[name])
	}
	for _, p := range s.Parents {
		k.add("p", string(p.Type), p.ID)
	}
}
