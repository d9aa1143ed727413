package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"

	"github.com/openstance/stance/internal/expr"
	"github.com/openstance/stance/policy"
)

// Filter is a compiled condition over alerts in CEL, with the extensions that policies
// have. It is immutable and safe for concurrent use.
//
// The variables are:
//
//   - alert: id, status, reason, verdict, firstSeen, lastSeen, alertTime, due (absent if
//     there is none), overdue, owner, assignee, rules
//   - policy: id, title, severity, kind, labels, controls, class, remediable
//   - asset: type, id, name, class, provider, account, accountName, region ("" if the asset
//     has none), tags, groups (of the account), url
//
// Times are timestamps, labels, controls, rules and groups are lists of strings, tags is a
// map of strings; all else are strings, but the boolean overdue. The where of a rule sees
// policy and asset only, so that whether it matches does not depend on what it does.
type Filter struct {
	x        *expr.Expr
	machines sync.Pool // of *expr.Machine
}

// filterLimits bound the evaluation of a filter for one alert.
var filterLimits = expr.Limits{Operations: 1_000_000, Bytes: 4 << 20}

// CompileFilter compiles a condition. The error joins every problem, each a
// *[policy.Diagnostic] with a position.
func CompileFilter(source string) (*Filter, error) {
	c, err := newFilterCompiler()
	if err != nil {
		return nil, err
	}
	f, found := compileFilter(c.alerts, source)
	errs := make([]error, len(found))
	for i, d := range found {
		line, column := placeIn(source, d.Offset)
		errs[i] = &policy.Diagnostic{File: "filter", Line: line, Column: column, What: d.Message, Snippet: d.Snippet}
	}
	return f, errors.Join(errs...)
}

// Match reports whether the condition holds for an alert. It returns an error if the
// condition cannot be evaluated for the alert: a missing tag, an invalid number, too much
// work.
func (f *Filter) Match(a *Alert) (bool, error) {
	return f.match(filtered{alert: a, groups: a.Asset.Groups})
}

func (f *Filter) match(a filtered) (bool, error) {
	m, _ := f.machines.Get().(*expr.Machine)
	if m == nil {
		m = expr.NewMachine(filterLimits)
	}
	m.Begin(context.Background(), a.variable, nil)
	defer func() {
		m.Begin(context.Background(), nil, nil) // keep nothing of the alert
		f.machines.Put(m)
	}()
	r := m.Eval(f.x)
	if t := r.Truth(); t != expr.Unknown {
		return t == expr.True, nil
	}
	err := r.Why()
	return false, fmt.Errorf("condition %s: %w", f.source(), err)
}

// source returns the condition for messages.
func (f *Filter) source() string {
	const limit = 100
	s := []rune(f.x.Source)
	if len(s) > limit {
		s = append(s[:limit:limit], '…')
	}
	return fmt.Sprintf("%q", string(s))
}

// filterCompiler compiles the conditions of filters and rules. It is not safe for
// concurrent use.
type filterCompiler struct {
	alerts *expr.Scope // the variables of filters
	rules  *expr.Scope // the variables of rules
}

func newFilterCompiler() (*filterCompiler, error) {
	env, err := expr.NewEnv()
	if err != nil {
		return nil, err
	}
	object := func(name string, fields map[string]*cel.Type, optional ...string) expr.Var {
		var always []string
		for f := range fields {
			if !slices.Contains(optional, f) {
				always = append(always, f)
			}
		}
		return expr.Var{Name: name, Type: env.Object("variable "+name, fields, always...)}
	}
	text, texts := cel.StringType, cel.ListType(cel.StringType)
	of := object("policy", map[string]*cel.Type{
		"id": text, "title": text, "severity": text, "kind": text, "labels": texts, "controls": texts,
		"class": text, "remediable": text,
	})
	about := object("asset", map[string]*cel.Type{
		"type": text, "id": text, "name": text, "class": text, "provider": text, "account": text, "accountName": text,
		"region": text, "tags": cel.MapType(text, text), "groups": texts, "url": text,
	})
	life := object("alert", map[string]*cel.Type{
		"id": text, "status": text, "reason": text, "verdict": text, "firstSeen": cel.TimestampType,
		"lastSeen": cel.TimestampType, "alertTime": cel.TimestampType, "due": cel.TimestampType, "overdue": cel.BoolType,
		"owner": text, "assignee": text, "rules": texts,
	}, "due")
	c := &filterCompiler{}
	if c.rules, err = env.Scope(of, about); err != nil {
		return nil, err
	}
	c.alerts, err = c.rules.With(life)
	return c, err
}

// compileFilter compiles a condition, or returns its problems.
func compileFilter(scope *expr.Scope, source string) (*Filter, []expr.Diagnostic) {
	if strings.TrimSpace(source) == "" {
		return nil, []expr.Diagnostic{{Offset: 0, Message: "empty condition"}}
	}
	x, found := scope.Compile(source, cel.BoolType)
	if found == nil {
		found = x.Enumerated(enumerated())
	}
	if found != nil {
		return nil, found
	}
	return &Filter{x: x}, nil
}

// enumerated returns the fields with a fixed set of values.
func enumerated() map[string][]string {
	var severities, verdicts []string
	for s := policy.Informational; s <= policy.Critical; s++ {
		severities = append(severities, s.String())
	}
	for _, s := range []policy.Status{policy.Pass, policy.Fail, policy.NotApplicable} {
		verdicts = append(verdicts, s.String())
	}
	return map[string][]string{
		"policy.severity":   severities,
		"policy.remediable": {string(NotRemediable), string(ByCommand), string(ByFix)},
		"policy.class":      {"", string(policy.Safe), string(policy.Guarded), string(policy.Manual)},
		"alert.status": {
			string(Open), string(Dismissed), string(Snoozed), string(Resolved), string(PendingResolution), string(Unmatched),
		},
		"alert.verdict": verdicts,
	}
}

// placeIn returns the line and the column of an offset in a source, both from 1; 0 for none.
func placeIn(source string, offset int) (line, column int) {
	if offset < 0 || offset > len(source) {
		return 0, 0
	}
	before := source[:offset]
	begin := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[begin:]) + 1
}
