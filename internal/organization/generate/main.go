// Command generate makes the example organization: eight AWS accounts, three Azure
// subscriptions and four projects of Google Cloud, as a scan of them would have seen
// them. The seed is fixed, so that it always makes the same.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/provider/snapshot"
)

func main() {
	out := flag.String("o", "organization.ndjson.gz", "`file` to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		log.Fatal(err)
	}
}

func generate(name string) error {
	e := &estate{Rand: rand.New(rand.NewPCG(2026, 3)), scopes: map[asset.Scope]bool{}, denied: map[asset.Coverage]bool{}}
	e.aws()
	e.azure()
	e.google()
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := snapshot.NewWriter(f, &snapshot.WriteOptions{Name: name, Created: observed})
	for _, o := range e.observations() {
		if err := w.Add(o); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

// observed is when the organization was looked at.
var observed = time.Date(2026, 3, 2, 7, 30, 0, 0, time.UTC)

type obj = map[string]any
type list = []any

// estate collects what is observed.
type estate struct {
	*rand.Rand
	assets []*asset.Asset
	gaps   []*asset.Gap
	scopes map[asset.Scope]bool    // that were looked at
	denied map[asset.Coverage]bool // that could not be, by scope and type
	parent []asset.Ref             // of what is added now
	scope  asset.Scope             // the same
	care   float64                 // how likely things are configured well
}

// good says whether the next thing is configured well.
func (e *estate) good() bool { return e.Float64() < e.care }

// mostly is good at the second try, for what few people get wrong.
func (e *estate) mostly() bool {
	first := e.good()
	return first || e.good()
}

func (e *estate) pick(of ...string) string { return of[e.IntN(len(of))] }

func (e *estate) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[e.IntN(16)]
	}
	return string(b)
}

func (e *estate) ago(days int) time.Time {
	return observed.Add(-time.Duration(days)*24*time.Hour - time.Duration(e.IntN(86400))*time.Second)
}

func text(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func value(x any) asset.Value {
	if x == nil {
		return asset.Value{}
	}
	v, err := asset.Of(x)
	if err != nil {
		panic(err) // what is written in this program
	}
	return v
}

// add adds an asset in the current scope.
func (e *estate) add(t asset.Type, id, name string, config any) *asset.Asset {
	ref, err := asset.ParseRef(t, id)
	if err != nil {
		panic(err)
	}
	a := &asset.Asset{
		Ref: ref, Scope: e.scope, Name: name, Config: value(config), Observed: observed,
		Parents: slices.Clone(e.parent),
	}
	if s, ok := catalog.Schema(t); ok {
		a.Class = s.Class
		if s.Global {
			a.Region = ""
		}
	}
	e.assets = append(e.assets, a)
	return a
}

// in sets the scope of what follows.
func (e *estate) in(provider, account, region string) {
	e.scope = asset.Scope{Provider: provider, Account: account, Region: region}
	e.scopes[e.scope] = true
}

// deny takes a type out of what could be seen in the current scope.
func (e *estate) deny(t asset.Type, op, code, message string) {
	e.denied[asset.Coverage{Scope: e.scope, Type: t}] = true
	e.gaps = append(e.gaps, &asset.Gap{Scope: e.scope, Type: t, Cause: asset.Unread{Op: op, Reason: asset.Denied, Code: code, Message: message, RequestID: e.hex(8) + "-" + e.hex(4)}})
}

// unread marks a part of an asset.
func unread(a *asset.Asset, path asset.Path, op, code, message string) {
	if err := a.SetPath(path, (&asset.Unread{Op: op, Reason: asset.Denied, Code: code, Message: message}).Value()); err != nil {
		panic(err)
	}
}

func link(a *asset.Asset, rel string, to *asset.Asset) {
	a.Links = append(a.Links, asset.Link{Rel: rel, To: to.Ref})
}

// observations returns gaps and coverage first, so that a program that evaluates
// assets as they come knows them.
func (e *estate) observations() []asset.Observation {
	var all []asset.Observation
	for _, g := range e.gaps {
		all = append(all, g)
	}
	scopes := make([]asset.Scope, 0, len(e.scopes))
	for s := range e.scopes {
		scopes = append(scopes, s)
	}
	slices.SortFunc(scopes, asset.Scope.Compare)
	for t := range catalog.Types() {
		schema, _ := catalog.Schema(t)
		byRequest := slices.ContainsFunc(schema.Operations, func(o asset.Operation) bool { return strings.HasPrefix(o.Name, "cloudcontrol:") })
		if byRequest || len(schema.Operations) == 0 && !strings.HasPrefix(string(t), "Stance::") {
			continue // nothing that a scan looks for unless a query names it
		}
		for _, s := range scopes {
			// Azure and Google Cloud are searched by subscription and project.
			global := schema.Global || s.Provider != "aws"
			if schema.Provider != s.Provider || global != (s.Region == "") {
				continue
			}
			c := &asset.Coverage{Scope: s, Type: t, State: asset.Complete}
			if e.denied[asset.Coverage{Scope: s, Type: t}] {
				c.State = asset.Partial
			}
			all = append(all, c)
		}
	}
	for _, a := range e.assets {
		all = append(all, a)
	}
	return all
}

// tags returns tags as every cloud has them.
func (e *estate) tags(env string) map[string]string {
	return map[string]string{"environment": env, "team": e.pick("platform", "payments", "web", "data", "identity"), "cost-center": fmt.Sprint(4000 + e.IntN(9))}
}
