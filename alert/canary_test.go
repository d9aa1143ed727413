package alert_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
)

// planted yields the example organization with a token in each string of its documents, in
// names, tags, ids and the messages of gaps.
type planted struct{ token string }

func (planted) Name() string { return "planted" }

func (p planted) Get(context.Context, asset.Ref) (*asset.Asset, error) {
	return nil, &asset.Unread{Op: "x:Get", Reason: asset.Denied, Message: "no access for " + p.token}
}

func (p planted) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for o, err := range organization.Provider().Discover(ctx, q) {
			switch x := o.(type) {
			case *asset.Asset:
				a := *x
				a.Ref, err = asset.ParseRef(a.Type, a.ID+"/"+p.token)
				a.Name, a.URL, a.Tags = a.Name+" "+p.token, a.URL+p.token, map[string]string{"note": p.token}
				a.Observed = time.Now()
				for _, v := range a.Documents() {
					if v.Kind() == asset.Absent {
						continue
					}
					var doc any
					if v.Decode(&doc) == nil {
						*v, err = asset.Of(p.plant(doc))
					}
				}
				o = &a
			case *asset.Gap:
				g := *x
				g.Cause.Message += " " + p.token
				o = &g
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

func (p planted) plant(x any) any {
	switch x := x.(type) {
	case string:
		return x + " " + p.token
	case []any:
		for i := range x {
			x[i] = p.plant(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = p.plant(x[k])
		}
	}
	return x
}

// A secret in any string of what is scanned is in no store, message or error.
func TestCanary(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates an organization")
	}
	token := "ghp_" + strings.Repeat("a1B2c3D4e5F6", 3)
	source := planted{token}
	set, err := policy.Load(nil, packs.AWS(), packs.Azure(), packs.GCP())
	require.NoError(t, err)
	rule := alert.AllFindings("mail")
	rule.Notify = []alert.Notice{{Channels: []string{"mail"}, On: []alert.EventKind{alert.EventOpened, alert.EventResolved, alert.EventDismissed}}}
	rules, err := alert.NewRules(nil, rule)
	require.NoError(t, err)
	store := alert.NewMemory(time.Now)
	tracker := &alert.Tracker{Store: store, Tenant: "t", Rules: rules, Getter: source}
	var failures []string
	w := &alert.Watch{Tracker: tracker, Set: set, Targets: []alert.Target{{Name: "all", Provider: source}},
		Failed: func(_ string, err error) { failures = append(failures, err.Error()) }}
	s, err := w.Scan(t.Context(), "all")
	require.NoError(t, err)
	require.Greater(t, s.Opened, 100)
	assert.Empty(t, failures)

	var sent bytes.Buffer
	d := &alert.Dispatcher{Store: store, Tenant: "t", Channels: map[string]alert.Channel{"mail": {Notifier: recorder{&sent}}, alert.ChannelHealth: {Notifier: recorder{&sent}}}}
	var all bytes.Buffer
	require.NoError(t, alert.Export(t.Context(), store, "t", &all))
	_, err = d.Deliver(t.Context())
	require.NoError(t, err)
	require.NotZero(t, sent.Len())
	for name, text := range map[string]string{"store": all.String(), "notifications": sent.String()} {
		i := strings.Index(strings.ToLower(text), strings.ToLower(token))
		if i >= 0 {
			assert.Fail(t, name+" has the token", text[max(0, i-200):min(len(text), i+100)])
		}
	}
}

type recorder struct{ to *bytes.Buffer }

func (r recorder) Notify(_ context.Context, events []alert.Event) error {
	for _, e := range events {
		fmt.Fprintf(r.to, "%+v %+v %+v %+v\n", e, e.Alert, e.Digest, e.Health)
		if e.Alert != nil {
			fmt.Fprintf(r.to, "%+v\n", *e.Alert)
		}
	}
	return nil
}
