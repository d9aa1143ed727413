package aws

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// answer makes calls of an operation, named as the SDK does, answer what f returns for
// their input: an output of the operation.
func (x *tester) answer(operation string, f func(in any) (any, error)) {
	n := len(x.Provider.cfg.APIOptions)
	x.Provider.cfg.APIOptions = append(slices.Clip(x.Provider.cfg.APIOptions), func(s *middleware.Stack) error {
		return s.Initialize.Insert(middleware.InitializeMiddlewareFunc("answer "+strconv.Itoa(n)+" "+operation, func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if awsmiddleware.GetServiceID(ctx)+":"+awsmiddleware.GetOperationName(ctx) != operation {
				return next.HandleInitialize(ctx, in)
			}
			out, err := f(in.Parameters)
			return middleware.InitializeOutput{Result: fresh(out)}, middleware.Metadata{}, err
		}), "count", middleware.After)
	})
}

// fresh returns a copy of an output, into which the SDK writes.
func fresh(out any) any {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return out
	}
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(v.Elem())
	return c.Interface()
}

// says makes calls of an operation answer out.
func (x *tester) says(operation string, out any) {
	x.answer(operation, func(any) (any, error) { return out, nil })
}

// pageNames are the fields in which operations have the token of a page.
var pageNames = []string{"NextToken", "NextMarker", "Marker", "Position", "ContinuationToken", "ExclusiveStartTableName", "LastEvaluatedTableName"}

// pageField returns the field of an input or an output that has the token of a page.
func pageField(t *testing.T, v any) reflect.Value {
	t.Helper()
	for _, name := range pageNames {
		if f := reflect.ValueOf(v).Elem().FieldByName(name); f.IsValid() {
			return f
		}
	}
	require.Fail(t, "no token", "%T", v)
	return reflect.Value{}
}

// withToken returns a copy of an output that names the next page.
func withToken(t *testing.T, out any, token string) any {
	t.Helper()
	c := fresh(out)
	if f := reflect.ValueOf(c).Elem().FieldByName("Truncated"); f.IsValid() {
		f.SetBool(token != "")
	}
	if list := reflect.ValueOf(c).Elem().FieldByName("DistributionList"); list.IsValid() {
		inner := reflect.New(list.Type().Elem())
		if !list.IsNil() {
			inner.Elem().Set(list.Elem())
		}
		list.Set(inner)
		if token != "" {
			pageField(t, inner.Interface()).Set(reflect.ValueOf(&token))
		}
		return c
	}
	if token != "" {
		pageField(t, c).Set(reflect.ValueOf(&token))
	}
	return c
}

// listing is a list operation that answers in pages.
type listing struct {
	operation   string // as the SDK names it
	typ         asset.Type
	first, last any             // outputs with one asset of the type each, which are not the same
	others      func(x *tester) // what else is called on the way
	quiet       bool            // so that it is never known to be complete
}

// testPages says that the list is read to its end over an empty page; that an error on
// the second page is a gap, after the assets of the first; and so is a token that comes
// again.
func testPages(t *testing.T, l listing) {
	t.Helper()
	// pages answers the page of each token: the first of "", the second of "1" and so on.
	run := func(pages ...func() (any, error)) *asset.Inventory {
		x := offline(t)
		if l.others != nil {
			l.others(x)
		}
		x.answer(l.operation, func(in any) (any, error) {
			n := 0
			if f := pageField(t, in); !f.IsNil() {
				n, _ = strconv.Atoi(f.Elem().String())
			}
			if n >= len(pages) {
				return nil, fmt.Errorf("no page %d", n)
			}
			return pages[n]()
		})
		return x.collect(t, l.typ)
	}
	page := func(out any, token string) func() (any, error) {
		return func() (any, error) { return withToken(t, out, token), nil }
	}
	empty := reflect.New(reflect.TypeOf(l.first).Elem()).Interface()
	scope := asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}
	count := func(inv *asset.Inventory) int { return len(slices.Collect(inv.OfType(l.typ))) }

	whole := run(page(l.first, "1"), page(empty, "2"), page(l.last, ""))
	assert.Equal(t, 2, count(whole), "assets over an empty page")
	assert.Empty(t, gapTexts(whole))
	state := asset.Complete
	if l.quiet {
		state = asset.Partial
	}
	assert.Equal(t, state, whole.Coverage(scope, l.typ))

	cut := run(page(l.first, "1"), func() (any, error) { return nil, denied })
	assert.Equal(t, 1, count(cut), "assets before an error")
	if assert.NotEmpty(t, cut.Gaps()) {
		assert.Equal(t, "AccessDenied", cut.Gaps()[0].Cause.Code)
	}
	assert.Equal(t, asset.Partial, cut.Coverage(scope, l.typ))

	round := run(page(l.first, "1"), page(l.last, "1"))
	assert.Equal(t, 2, count(round), "assets before a token that comes again")
	assert.NotEmpty(t, round.Gaps())
	assert.Equal(t, asset.Partial, round.Coverage(scope, l.typ))
}
