package policy

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
)

// This file says what each kind of subject provides to checks. Only assets have checks:
// the other kinds of subjects have findings without an evaluation. A new kind with checks
// needs the same three functions: the names that its expressions may not redefine, the
// scope in which they compile, and the values in an evaluation. The variables params and
// now, and CEL's own names, are those of every kind.

// reserved are the names of variables in checks for assets, and of CEL's constants.
func reserved() []string {
	return []string{"asset", "config", "status", "access", "params", "now", "true", "false", "null", "in"}
}

// assetScope returns the scope of expressions for assets of a type, without params.
func (c *compiler) assetScope(t asset.Type) (*expr.Scope, error) {
	if s, ok := c.scopes[t]; ok {
		return s, nil
	}
	s, err := c.env.Scope(t, expr.Var{Name: "now", Type: cel.TimestampType})
	if err == nil {
		c.scopes[t] = s
	}
	return s, err
}

// inputs are what the evaluation of a check for an asset depends on.
type inputs struct {
	asset   *asset.Asset
	related *assetexpr.Related
	params  map[string]asset.Value
	now     time.Time
	found   func(*asset.Asset) // is called for every asset that a lookup finds
}

// assetValues returns the values of the variables.
func assetValues(in inputs) func(*expr.Run, string) (ref.Val, bool) {
	return func(r *expr.Run, name string) (ref.Val, bool) {
		switch name {
		case "now":
			return types.Timestamp{Time: in.now}, true
		case "params":
			return r.Params(in.params), true
		}
		return in.related.Value(r, in.asset, name, in.found)
	}
}
