package policy

import (
	"fmt"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
)

// Function documents one of the operators, macros, functions and lookups that the
// expressions of a policy can use.
type Function struct {
	Name       string   // as expressions spell it; of an operator, the symbol
	Kind       string   // "operator", "macro", "function" or "lookup"
	Group      string   // what it is about, such as "Strings"
	Signatures []string // "string.startsWith(string) -> bool"
	Doc        string   // one sentence
	// Example is an expression, and Result its value as [Condition] writes values. The
	// examples of lookups are about a bucket with a key, a trail and an account.
	Example, Result string
}

// Functions returns the operators, macros, functions and lookups that expressions can
// use, those of a group together.
func Functions() []Function {
	env, err := assetexpr.NewEnv(assetexpr.Types{Schema: func(asset.Type) (*asset.Schema, bool) { return nil, false }})
	if err != nil {
		panic(fmt.Sprintf("policy: make CEL environment: %v", err)) // it depends on nothing
	}
	documented := env.Functions()
	all := make([]Function, len(documented))
	for i, f := range documented {
		all[i] = Function(f)
	}
	return all
}
