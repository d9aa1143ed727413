package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider/snapshot"
)

// write writes a snapshot, with gaps and coverage before the assets, as programs that
// evaluate assets as they come want it. The file appears when it is whole.
func write(name string, inv *asset.Inventory) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".snapshot-*")
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("-o %s: %w", name, err)
		}
	}()
	observations := func(yield func(asset.Observation, error) bool) {
		for _, g := range inv.Gaps() {
			if !yield(g, nil) {
				return
			}
		}
		for _, c := range inv.AllCoverage() {
			if !yield(c, nil) {
				return
			}
		}
		for a := range inv.All() {
			if !yield(a, nil) {
				return
			}
		}
	}
	if err := snapshot.Write(f, observations, &snapshot.WriteOptions{Name: name}); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
