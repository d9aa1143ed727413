package expr_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// events is a scope for records of an audit trail, which are not assets.
func events(t *testing.T, lookups ...expr.Lookup) *expr.Scope {
	env, err := expr.NewEnv(lookups...)
	require.NoError(t, err)
	str := &asset.Shape{Kind: asset.StringShape}
	actor := &asset.Shape{Kind: asset.ObjectShape, Fields: []asset.Field{
		{Name: "arn", Shape: str, Mark: asset.Always},
		{Name: "mfa", Shape: &asset.Shape{Kind: asset.BoolShape}},
	}}
	event := env.Object("AuditEvent", map[string]*cel.Type{
		"name": cel.StringType, "at": cel.TimestampType, "source": cel.StringType,
		"actor":      env.Shape("AuditEvent.actor", actor),
		"parameters": cel.MapType(cel.StringType, cel.DynType),
	}, "name", "at", "actor")
	scope, err := env.Scope(expr.Var{Name: "event", Type: event}, expr.Var{Name: "seen", Type: cel.IntType}, expr.Var{Name: "now", Type: cel.TimestampType})
	require.NoError(t, err)
	return scope
}

func TestRecordThatIsNoAsset(t *testing.T) {
	scope := events(t)
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	event, err := asset.Parse([]byte(`{
		"name": "StopLogging", "at": "2026-05-01T11:00:00Z", "source": "203.0.113.9",
		"actor": {"arn": "arn:aws:iam::111122223333:user/ann"},
		"parameters": {"name": "trail", "tags": [{"key": "a"}]}}`))
	require.NoError(t, err)
	unread, err := event.Set("actor.mfa", (&asset.Unread{Op: "cloudtrail:LookupEvents", Code: "AccessDenied"}).Value())
	require.NoError(t, err)

	m := expr.NewMachine(expr.Limits{})
	for _, tt := range []struct {
		source string
		event  asset.Value
		want   expr.Truth
	}{
		{"event.name == 'StopLogging' && event.actor.arn.endsWith('/ann')", event, expr.True},
		{"event.actor.?mfa.orValue(false)", event, expr.False},
		{"event.actor.?mfa.orValue(false)", unread, expr.Unknown},
		{"event.actor.?mfa.orValue(false) || seen > 2", unread, expr.True},
		{"!cidr('10.0.0.0/8').containsIP(event.?source.orValue('10.0.0.1'))", event, expr.True},
		{"event.?parameters.?tags.orValue([]).exists(t, t.key == 'a')", event, expr.True},
		{"age(event.at) == duration('1h')", event, expr.True},
		{"loud && seen == 3", event, expr.True},
	} {
		loud, problems := scope.Compile("event.name in ['StopLogging', 'DeleteTrail']", cel.BoolType)
		require.Empty(t, problems)
		with, err := scope.With(expr.Var{Name: "loud", Type: loud.Type})
		require.NoError(t, err)
		x, problems := with.Compile(tt.source, cel.BoolType)
		require.Empty(t, problems, tt.source)
		m.Begin(context.Background(), func(r *expr.Run, name string) (ref.Val, bool) {
			switch name {
			case "event":
				return r.Value(tt.event), true
			case "seen":
				return types.Int(3), true
			case "now":
				return types.Timestamp{Time: at}, true
			}
			return nil, false
		}, []expr.Let{{Name: "loud", Expr: loud}})
		got := m.Eval(x)
		assert.Equal(t, tt.want, got.Truth(), "%s: %v", tt.source, got.Why())
		assert.Equal(t, tt.want, m.Explain(x).Result.Truth(), tt.source)
	}
}

// trail is a binding of lookups for events: earlier ones of the same actor.
type trail struct {
	expr.Opaque
	run    *expr.Run
	events []asset.Value
	more   *asset.Unread
}

func (tr *trail) earlier(subject ref.Val, _ string, _ asset.Type) ref.Val {
	s := subject.(*trail)
	l := &expr.List{Run: s.run, More: s.more}
	for _, e := range s.events {
		l.Items = append(l.Items, s.run.Value(e))
	}
	return l
}

// Lookups are not for assets alone: another binding supplies its own.
func TestLookupOfAnotherBinding(t *testing.T) {
	var tr trail
	scope := events(t, expr.Lookup{Name: "earlier", Find: tr.earlier})
	failed, err := asset.Parse([]byte(`{"name": "ConsoleLogin", "at": "2026-05-01T10:00:00Z", "actor": {"arn": "a"}}`))
	require.NoError(t, err)
	m := expr.NewMachine(expr.Limits{})
	for _, tt := range []struct {
		source string
		more   *asset.Unread
		want   expr.Truth
	}{
		{"earlier('AuditEvent').exists(e, e.name == 'ConsoleLogin')", nil, expr.True},
		{"earlier('AuditEvent').all(e, e.name == 'StopLogging')", &asset.Unread{Code: "Throttling"}, expr.False},
		{"earlier('AuditEvent').size() == 1", &asset.Unread{Code: "Throttling"}, expr.Unknown},
	} {
		x, diagnostics := scope.Compile(tt.source, cel.BoolType)
		require.Empty(t, diagnostics, tt.source)
		m.Begin(context.Background(), func(r *expr.Run, name string) (ref.Val, bool) {
			return &trail{run: r, events: []asset.Value{failed}, more: tt.more}, name == expr.SubjectVar
		}, nil)
		assert.Equal(t, tt.want, m.Eval(x).Truth(), tt.source)
	}
	read, _ := func() ([]expr.Place, []expr.Place) {
		x, diagnostics := scope.Compile("earlier('AuditEvent').exists(e, e.name == '')", nil)
		require.Empty(t, diagnostics)
		return x.Reads(nil)
	}()
	assert.Contains(t, read, expr.Place{Type: "AuditEvent", Path: "name", Whole: true})

	_, diagnostics := scope.Compile("earlier('AuditEvnt') == []", nil)
	require.Len(t, diagnostics, 1)
	assert.Equal(t, "unknown type 'AuditEvnt'", diagnostics[0].Message)
	refusing := scope.Resolving(func(c expr.LookupCall) (error, error) {
		assert.Equal(t, "earlier", c.Lookup.Name)
		return nil, fmt.Errorf("no events of type %s", c.Type)
	})
	_, diagnostics = refusing.Compile("earlier('AuditEvent') == []", nil)
	require.Len(t, diagnostics, 1)
	assert.Equal(t, expr.Diagnostic{Offset: 8, Message: "no events of type AuditEvent", Snippet: "earlier('AuditEvent') == []\n        ^"}, diagnostics[0])
}

func TestRecordIsChecked(t *testing.T) {
	scope := events(t)
	for source, want := range map[string]string{
		"event.nam == ''":              "undefined field 'nam' of AuditEvent; did you mean 'name'?",
		"event.actor.anr == ''":        "undefined field 'anr' of AuditEvent.actor; did you mean 'arn'?",
		"event.source == ''":           "'source' of AuditEvent may be absent",
		"event.name == 1":              "found no matching overload",
		"config.name == ''":            "unknown variable 'config'",
		"asset.name == ''":             "unknown variable 'asset'",
		"event.name":                   "is of type string, not bool",
		"assets('Test::Thing') == []":  "unknown function 'assets'",
		"follow('a', 'T') == []":       "unknown function 'follow'",
		"event.actor.mfa && seen == 1": "'mfa' of AuditEvent.actor may be absent",
	} {
		_, problems := scope.Compile(source, cel.BoolType)
		require.NotEmpty(t, problems, source)
		assert.Contains(t, problems[0].Message, want, source)
	}
}
