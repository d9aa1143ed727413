// Package mypack shows a pack of policies as somebody else would write one: a
// directory with a file for each policy, a test that runs their cases, and the overlay
// of a site that sets parameters and accepts what it must. Copied into a module of its
// own it works the same.
package mypack

import (
	"embed"
	"io/fs"

	"github.com/openstance/stance/policy"
)

//go:embed policies/*.yaml
var policies embed.FS

//go:embed site.yaml
var site embed.FS

// Policies returns the pack, for policy.Load.
func Policies() (fs.FS, error) { return fs.Sub(policies, "policies") }

// Site returns what our site sets and accepts.
func Site() (*policy.Overlay, error) { return policy.ReadOverlay(site, "site.yaml") }
