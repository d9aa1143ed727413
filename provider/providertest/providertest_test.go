package providertest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	bucketType = asset.Type("AWS::S3::Bucket")
	keyType    = asset.Type("AWS::KMS::Key")
	roleType   = asset.Type("AWS::IAM::Role")
)

func doc(t testing.TB, x any) asset.Value {
	t.Helper()
	v, err := asset.Of(x)
	require.NoError(t, err)
	return v
}

// reference is an estate with everything that the contract speaks of.
func reference(t testing.TB) *Static {
	t.Helper()
	account := asset.Scope{Provider: "aws", Account: "111122223333"}
	region := asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}
	key := asset.Ref{Type: keyType, ID: "arn:aws:kms:eu-west-1:111122223333:key/k1"}
	s := &Static{Source: "aws", Observations: []asset.Observation{
		&asset.Asset{
			Ref: asset.Ref{Type: bucketType, ID: "arn:aws:s3:::one"}, Scope: region, Name: "one",
			Tags:    map[string]string{"team": "a"},
			Config:  doc(t, map[string]any{"BucketName": "one", "Versioning": map[string]any{"Status": "Enabled"}, "Gone": &asset.Unread{Op: "s3:GetX", Code: "AccessDenied"}}),
			Status:  doc(t, map[string]any{"Objects": 3}),
			Links:   []asset.Link{{Rel: "encrypted_by", To: key}},
			Parents: []asset.Ref{{Type: "Stance::AWS::Account", ID: "111122223333"}},
			Created: time.Unix(0, 0), Incarnation: "1", Observed: time.Unix(1, 0),
		},
		&asset.Asset{Ref: asset.Ref{Type: bucketType, ID: "arn:aws:s3:::two"}, Scope: region, Name: "two", Config: doc(t, map[string]any{"BucketName": "two"})},
		&asset.Asset{Ref: key, Scope: region, Config: doc(t, map[string]any{"Enabled": true})},
		&asset.Asset{Ref: key, Scope: region, Observers: []string{"444455556666"}, Config: doc(t, &asset.Unread{Code: "AccessDenied"})},
		&asset.Asset{Ref: asset.Ref{Type: roleType, ID: "arn:aws:iam::111122223333:role/r"}, Scope: account},
		&asset.Coverage{Scope: region, Type: bucketType, State: asset.Complete},
		&asset.Coverage{Scope: account, Type: keyType, State: asset.Complete},
		&asset.Coverage{Scope: account, Type: roleType, State: asset.Partial},
		&asset.Gap{Scope: account, Type: roleType, Cause: asset.Unread{Op: "iam:ListRoles", Code: "Throttling", Message: "slow down"}},
		&asset.Gap{Scope: region, Type: bucketType, Of: asset.Ref{Type: bucketType, ID: "arn:aws:s3:::one"}, Cause: asset.Unread{Op: "s3:ListObjects", Reason: asset.Denied, Code: "AccessDenied"}},
		sharedKey("111122223333"),
	}}
	for _, o := range s.Observations {
		if a, ok := o.(*asset.Asset); ok {
			require.NoError(t, new(secret.Redactor).Redact(a))
		}
	}
	return s
}

// sharedKey is a key of an account that was not looked at, seen from others.
func sharedKey(observers ...string) *asset.Asset {
	return &asset.Asset{
		Ref:   asset.Ref{Type: keyType, ID: "arn:aws:kms:eu-west-1:777788889999:key/shared"},
		Scope: asset.Scope{Provider: "aws", Account: "777788889999", Region: "eu-west-1"}, Observers: observers,
	}
}

func TestStaticConforms(t *testing.T) {
	Test(t, func(t *testing.T) provider.Provider { return reference(t) }, nil)
}

// getter has its own Get.
type getter struct {
	*Static
	get func(context.Context, asset.Ref) (*asset.Asset, error)
}

func (g getter) Get(ctx context.Context, r asset.Ref) (*asset.Asset, error) { return g.get(ctx, r) }

func honestGet(s *Static) func(context.Context, asset.Ref) (*asset.Asset, error) {
	return func(ctx context.Context, r asset.Ref) (*asset.Asset, error) { return provider.Get(ctx, s, r) }
}

func TestGetterConforms(t *testing.T) {
	Test(t, func(t *testing.T) provider.Provider {
		s := reference(t)
		return getter{s, honestGet(s)}
	}, &Options{Missing: asset.Ref{Type: bucketType, ID: "arn:aws:s3:::none"}, Sample: 1})
}

// broken is a provider that differs from the reference in one thing.
type broken struct {
	*Static
	name     func() string
	discover func(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error]
}

func (b broken) Name() string {
	if b.name != nil {
		return b.name()
	}
	return b.Static.Name()
}

func (b broken) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	if b.discover != nil {
		return b.discover(ctx, q)
	}
	return b.Static.Discover(ctx, q)
}

// edited returns a provider of other observations.
func edited(s *Static, edit func([]asset.Observation) []asset.Observation) provider.Provider {
	return &Static{Source: s.Source, Observations: edit(slices.Clone(s.Observations))}
}

// withFirst returns a provider whose first asset is another.
func withFirst(s *Static, change func(*asset.Asset)) provider.Provider {
	return edited(s, func(all []asset.Observation) []asset.Observation {
		a := *all[0].(*asset.Asset)
		change(&a)
		all[0] = &a
		return all
	})
}

func with(s *Static, extra ...asset.Observation) provider.Provider {
	return edited(s, func(all []asset.Observation) []asset.Observation { return append(all, extra...) })
}

type sequence = iter.Seq2[asset.Observation, error]

// passing returns a provider that does something with each element of a sequence.
func passing(s *Static, each func(q provider.Query, i int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool) provider.Provider {
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		return func(yield func(asset.Observation, error) bool) {
			i := 0
			for o, err := range s.Discover(ctx, q) {
				if !each(q, i, o, err, yield) {
					return
				}
				i++
			}
		}
	}}
}

func TestBrokenProvidersFail(t *testing.T) {
	boom := errors.New("boom")
	for name, row := range map[string]struct {
		rule string // that must fail; others may, too
		make func(*Static) provider.Provider
	}{
		"no name":      {"observes", func(s *Static) provider.Provider { return broken{Static: s, name: func() string { return "" }} }},
		"another name": {"observes", func(s *Static) provider.Provider { return broken{Static: s, name: counting()} }},
		"nothing":      {"observes", func(s *Static) provider.Provider { return &Static{Source: "x"} }},
		"twice":        {"observes", func(s *Static) provider.Provider { return with(s, s.Observations[0]) }},
		"nil":          {"observes", func(s *Static) provider.Provider { return withNil(s, nil) }},
		"typed nil":    {"observes", func(s *Static) provider.Provider { return withNil(s, (*asset.Asset)(nil)) }},
		"ends in an error": {"observes", func(s *Static) provider.Provider {
			return passing(s, func(_ provider.Query, i int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				return i < 3 && yield(o, err) || i == 3 && yield(nil, boom)
			})
		}},
		"goes on after an error": {"observes", func(s *Static) provider.Provider {
			return passing(s, func(_ provider.Query, i int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				return (i != 3 || yield(nil, boom)) && yield(o, err)
			})
		}},
		"asset and error": {"observes", func(s *Static) provider.Provider {
			return passing(s, func(_ provider.Query, i int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				return yield(o, boom) && false
			})
		}},

		"no id":       {"well formed", func(s *Static) provider.Provider { return withFirst(s, func(a *asset.Asset) { a.ID = "" }) }},
		"no provider": {"well formed", func(s *Static) provider.Provider { return withFirst(s, func(a *asset.Asset) { a.Provider = "" }) }},
		"observers unsorted": {"well formed", func(s *Static) provider.Provider {
			return withFirst(s, func(a *asset.Asset) { a.Observers = []string{"2", "1"} })
		}},
		"observers repeated": {"well formed", func(s *Static) provider.Provider {
			return withFirst(s, func(a *asset.Asset) { a.Observers = []string{"1", "1"} })
		}},
		"gap without a reason": {"well formed", func(s *Static) provider.Provider { return with(s, &asset.Gap{Type: roleType}) }},
		"coverage of nothing":  {"well formed", func(s *Static) provider.Provider { return with(s, &asset.Coverage{}) }},
		"coverage of no state": {"well formed", func(s *Static) provider.Provider {
			return with(s, &asset.Coverage{Scope: asset.Scope{Provider: "aws"}, Type: roleType, State: 7})
		}},

		"ref not canonical": {"refs", func(s *Static) provider.Provider {
			return withFirst(s, func(a *asset.Asset) {
				a.Ref = asset.Ref{Type: "Microsoft.Storage/storageAccounts", ID: "/subscriptions/S/resourceGroups/R/providers/Microsoft.Storage/storageAccounts/a/"}
			})
		}},
		"ref malformed":    {"refs", func(s *Static) provider.Provider { return withFirst(s, func(a *asset.Asset) { a.ID = "arn:aws:s3" }) }},
		"link without rel": {"links", func(s *Static) provider.Provider { return withFirst(s, func(a *asset.Asset) { a.Links[0].Rel = "" }) }},
		"link to nothing":  {"links", func(s *Static) provider.Provider { return withFirst(s, func(a *asset.Asset) { a.Links[0].To.ID = "" }) }},
		"link twice": {"links", func(s *Static) provider.Provider {
			return withFirst(s, func(a *asset.Asset) { a.Links = append(a.Links, a.Links[0]) })
		}},
		"its own parent":   {"links", func(s *Static) provider.Provider { return withFirst(s, func(a *asset.Asset) { a.Parents[0] = a.Ref }) }},
		"assets uncovered": {"coverage", func(s *Static) provider.Provider { return without(s, 5) }},
		"covered elsewhere": {"coverage", func(s *Static) provider.Provider {
			return withFirst(s, func(a *asset.Asset) { a.Region = "us-east-1" })
		}},
		"covered for nobody who sees it": {"coverage", func(s *Static) provider.Provider { return with(s, sharedKey("222233334444")) }},
		"seen by nobody":                 {"coverage", func(s *Static) provider.Provider { return with(s, sharedKey()) }},
		"single use":                     {"repeats", func(s *Static) provider.Provider { return singleUse(s) }},
		"changes":                        {"repeats", changing},
		"ignores types": {"types", func(s *Static) provider.Provider {
			return asking(s, func(q provider.Query) provider.Query { q.Types = nil; return q })
		}},
		"ignores what it has":   {"types", func(s *Static) provider.Provider { return forgetting(s) }},
		"unknown type silent":   {"unknown type", func(s *Static) provider.Provider { return silent(s) }},
		"unknown type is fatal": {"unknown type", func(s *Static) provider.Provider { return fatal(s, boom) }},
		"not requested absent":  {"reads", func(s *Static) provider.Provider { return dropping(s, asset.Value{}) }},
		"not requested empty":   {"reads", func(s *Static) provider.Provider { return dropping(s, doc(t, map[string]any{})) }},
		"requested not read": {"reads", func(s *Static) provider.Provider {
			return dropping(s, (&asset.Unread{Reason: asset.NotRequested, Code: asset.CodeNotRequested}).Value())
		}},
		"link lost, all requested": {"reads", func(s *Static) provider.Provider {
			return narrowing(s, func(a *asset.Asset) { a.Links = nil })
		}},
		"other link": {"reads", func(s *Static) provider.Provider {
			return narrowing(s, func(a *asset.Asset) {
				a.Status = (&asset.Unread{Reason: asset.NotRequested, Code: asset.CodeNotRequested}).Value()
				a.Links = []asset.Link{{Rel: "encrypted_by", To: asset.Ref{Type: keyType, ID: "arn:aws:kms:eu-west-1:111122223333:key/k2"}}}
			})
		}},
		"other tags": {"reads", func(s *Static) provider.Provider {
			return narrowing(s, func(a *asset.Asset) {
				a.Status = (&asset.Unread{Reason: asset.NotRequested, Code: asset.CodeNotRequested}).Value()
				a.Tags = map[string]string{"team": "b"}
			})
		}},
		"ignores scopes": {"scopes", func(s *Static) provider.Provider {
			return asking(s, func(q provider.Query) provider.Query { q.Scopes = nil; return q })
		}},
		"ignores regions": {"scopes", func(s *Static) provider.Provider {
			return asking(s, func(q provider.Query) provider.Query {
				q.Scopes = slices.Clone(q.Scopes)
				for i := range q.Scopes {
					q.Scopes[i].Region = ""
				}
				return q
			})
		}},
		"only the first scope": {"scopes", func(s *Static) provider.Provider {
			return asking(s, func(q provider.Query) provider.Query { q.Scopes = q.Scopes[:min(1, len(q.Scopes))]; return q })
		}},
		"scopes not supported, too late": {"scopes", func(s *Static) provider.Provider {
			return passing(s, func(q provider.Query, i int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				if len(q.Scopes) > 0 && i > 0 {
					return yield(nil, errors.ErrUnsupported) && false
				}
				return yield(o, err)
			})
		}},
		"wider gap": {"scopes", func(s *Static) provider.Provider {
			return restricting(s, func(o asset.Observation) asset.Observation {
				if g, ok := o.(*asset.Gap); ok {
					wide := *g
					wide.Scope.Region = ""
					return &wide
				}
				return o
			})
		}},
		"gap of the scope lost": {"scopes", func(s *Static) provider.Provider {
			return restricting(s, func(o asset.Observation) asset.Observation {
				if _, ok := o.(*asset.Gap); ok {
					return nil
				}
				return o
			})
		}},
		"coverage of the account taken for the region's": {"scopes", func(s *Static) provider.Provider {
			return restricting(s, func(o asset.Observation) asset.Observation {
				if c, ok := o.(*asset.Coverage); ok && c.Type == keyType {
					return &asset.Coverage{Scope: c.Scope, Type: c.Type, State: asset.Complete}
				}
				return o
			})
		}},
		"coverage of the scope lost": {"scopes", func(s *Static) provider.Provider {
			return restricting(s, func(o asset.Observation) asset.Observation {
				if c, ok := o.(*asset.Coverage); ok && c.Type == bucketType {
					return nil
				}
				return o
			})
		}},
		"seen asset lost": {"scopes", func(s *Static) provider.Provider {
			return restricting(s, func(o asset.Observation) asset.Observation {
				if a, ok := o.(*asset.Asset); ok && len(a.Observers) > 0 {
					return nil
				}
				return o
			})
		}},
		"unknown scope silent": {"scopes", func(s *Static) provider.Provider {
			return passing(s, func(_ provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				g, ok := o.(*asset.Gap)
				return ok && g.Cause.Code == provider.CodeUnknownScope || yield(o, err)
			})
		}},
		"unknown scope without a reason": {"scopes", func(s *Static) provider.Provider {
			return restricting(s, func(o asset.Observation) asset.Observation {
				if g, ok := o.(*asset.Gap); ok {
					return &asset.Gap{Scope: g.Scope, Type: g.Type, Cause: asset.Unread{Code: g.Cause.Code}}
				}
				return o
			})
		}},

		"lists too few types": {"types listed", func(s *Static) provider.Provider { return able{Static: s, types: []asset.Type{bucketType}} }},
		"lists types unsorted": {"types listed", func(s *Static) provider.Provider {
			return able{Static: s, types: []asset.Type{bucketType, roleType, keyType}}
		}},
		"permissions unsorted":         {"permissions", func(s *Static) provider.Provider { return able{Static: s, all: []string{"b", "a"}} }},
		"permissions of one type only": {"permissions", func(s *Static) provider.Provider { return able{Static: s, all: []string{"a"}, some: []string{"b"}} }},
		"checks nothing":               {"check", func(s *Static) provider.Provider { return able{Static: s} }},
		"check without a name":         {"check", func(s *Static) provider.Provider { return able{Static: s, results: []provider.CheckResult{{}}} }},
		"check too mild": {"check", func(s *Static) provider.Provider {
			return able{Static: s, results: []provider.CheckResult{{Name: "1", Level: provider.CheckOK, Children: []provider.CheckResult{{Name: "entry"}}}}}
		}},
		"check ignores the context": {"check", func(s *Static) provider.Provider {
			return able{Static: s, deaf: true, results: []provider.CheckResult{{Name: "1"}}}
		}},
		"ignores the context": {"cancel", func(s *Static) provider.Provider {
			return broken{Static: s, discover: func(_ context.Context, q provider.Query) sequence { return s.Discover(context.Background(), q) }}
		}},
		"cancelled looks whole": {"cancel", func(s *Static) provider.Provider {
			return passing(s, func(_ provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				return err == nil && yield(o, err)
			})
		}},
		"not the cause": {"cancel", func(s *Static) provider.Provider {
			return passing(s, func(_ provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
				if err != nil {
					err = boom
				}
				return yield(o, err)
			})
		}},
		"cancelled is missing": {"cancel", func(s *Static) provider.Provider {
			return getter{s, func(context.Context, asset.Ref) (*asset.Asset, error) { return nil, provider.ErrNotFound }}
		}},
		"forgets to redact": {"redacts", func(s *Static) provider.Provider {
			return changingFirst(s, func(a *asset.Asset) { a.Config = doc(t, map[string]any{"BucketName": "one"}) })
		}},
		"forgets a document": {"redacts", func(s *Static) provider.Provider {
			return changingFirst(s, func(a *asset.Asset) { a.Status = doc(t, []string{plantedToken}) })
		}},
		"forgets access": {"redacts", func(s *Static) provider.Provider {
			return changingFirst(s, func(a *asset.Asset) { a.Access = doc(t, plantedToken) })
		}},
		"forgets tags": {"redacts", func(s *Static) provider.Provider {
			return changingFirst(s, func(a *asset.Asset) { a.Tags = map[string]string{"team": plantedToken} })
		}},
		"changes what was redacted": {"redacts", func(s *Static) provider.Provider {
			return changingFirst(s, func(a *asset.Asset) { assert.NoError(t, a.SetPath("config.BucketName", doc(t, "x"))) })
		}},
		"marks without redacting": {"redacts", func(s *Static) provider.Provider {
			return changingFirst(s, func(a *asset.Asset) { a.Config = doc(t, map[string]any{"Note": plantedToken}).Redact(nil) })
		}},
		"marks parts without redacting": {"redacts", func(s *Static) provider.Provider {
			return narrowing(s, func(a *asset.Asset) { a.Config = doc(t, map[string]any{"password": "hunter2"}).Redact(nil) })
		}},
		"get does not redact": {"redacts", func(s *Static) provider.Provider {
			return wrapper{getter{s, func(ctx context.Context, r asset.Ref) (*asset.Asset, error) {
				return &asset.Asset{Ref: r, Config: doc(t, map[string]any{"BucketName": "one"})}, nil
			}}}
		}},
		"leaks":          {"early end", func(s *Static) provider.Provider { return leaking(t, s) }},
		"leaks a puller": {"early end", func(s *Static) provider.Provider { return pulling(s) }},
		"shared state":   {"concurrent", func(s *Static) provider.Provider { return sharing(s) }},
		"get differs": {"get", func(s *Static) provider.Provider {
			return getter{s, func(ctx context.Context, r asset.Ref) (*asset.Asset, error) {
				a, err := provider.Get(ctx, s, r)
				if err == nil {
					b := *a
					b.Config, err = b.Config.Set("BucketName", doc(t, "other"))
					a = &b
				}
				return a, err
			}}
		}},
		"get nothing": {"get", func(s *Static) provider.Provider {
			return getter{s, func(context.Context, asset.Ref) (*asset.Asset, error) { return nil, nil }}
		}},
		"get missing": {"get missing", func(s *Static) provider.Provider {
			return getter{s, func(ctx context.Context, r asset.Ref) (*asset.Asset, error) { return &asset.Asset{Ref: r}, nil }}
		}},
		"get missing fails otherwise": {"get missing", func(s *Static) provider.Provider {
			return getter{s, func(ctx context.Context, r asset.Ref) (*asset.Asset, error) { return nil, boom }}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var rule rule
			for _, r := range rules {
				if r.name == row.rule {
					rule = r
				}
			}
			require.NotNil(t, rule.check, "no rule %q", row.rule)
			require.Empty(t, rule.check(newSuite(t.Context(), reference(t), nil)), "the reference passes")
			require.Empty(t, rule.check(newSuite(t.Context(), capable(t), nil)), "so does one with all abilities")
			assert.NotEmpty(t, rule.check(newSuite(t.Context(), row.make(reference(t)), nil)))
		})
	}
}

// able has the optional abilities.
type able struct {
	*Static
	types     []asset.Type
	all, some []string
	results   []provider.CheckResult
	deaf      bool // to the context
}

func (a able) Types() []asset.Type { return a.types }

func (a able) Permissions(q provider.Query) []string {
	if len(q.Types) > 0 {
		return a.some
	}
	return a.all
}

func (a able) Check(ctx context.Context, _ provider.Query) ([]provider.CheckResult, error) {
	if ctx.Err() != nil && !a.deaf {
		return nil, context.Cause(ctx)
	}
	return a.results, nil
}

// wrapper has no abilities but those of the provider that it wraps.
type wrapper struct{ provider.Provider }

func (w wrapper) Unwrap() provider.Provider { return w.Provider }

func capable(t testing.TB) provider.Provider {
	return wrapper{able{
		Static: reference(t),
		types:  []asset.Type{roleType, keyType, bucketType},
		all:    []string{"iam:ListRoles", "s3:ListAllMyBuckets"},
		some:   []string{"s3:ListAllMyBuckets"},
		results: []provider.CheckResult{{Name: "111122223333", Level: provider.CheckWarning, Children: []provider.CheckResult{
			{Name: "entry", Level: provider.CheckOK},
			{Name: "permissions", Level: provider.CheckWarning, Message: "unknown"},
		}}},
	}}
}

func TestWithAllAbilities(t *testing.T) {
	Test(t, func(t *testing.T) provider.Provider { return capable(t) }, nil)
}

func TestWithoutScopes(t *testing.T) {
	Test(t, func(t *testing.T) provider.Provider {
		s := reference(t)
		return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
			if len(q.Scopes) > 0 {
				return func(yield func(asset.Observation, error) bool) { yield(nil, errors.ErrUnsupported) }
			}
			return s.Discover(ctx, q)
		}}
	}, nil)
}

// restricting changes what is yielded for scopes, or leaves it out if it becomes nil.
func restricting(s *Static, change func(asset.Observation) asset.Observation) provider.Provider {
	return passing(s, func(q provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
		if o != nil && len(q.Scopes) > 0 {
			if o = change(o); o == nil {
				return true
			}
		}
		return yield(o, err)
	})
}

// plantedToken is put together here, so that it does not stand in the file.
const plantedToken = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

// changingFirst changes the first asset after the Static redacted it.
func changingFirst(s *Static, change func(*asset.Asset)) provider.Provider {
	return passing(s, func(_ provider.Query, i int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
		if a, ok := o.(*asset.Asset); ok && i == 0 {
			b := *a
			change(&b)
			o = &b
		}
		return yield(o, err)
	})
}

func TestStaticRedacts(t *testing.T) {
	s := reference(t)
	a := s.Observations[0].(*asset.Asset)
	a.Config = doc(t, map[string]any{"Note": plantedToken})
	Test(t, func(t *testing.T) provider.Provider { return s }, nil)
	assert.Contains(t, a.Config.String(), plantedToken, "the given asset does not change")
}

// Planted secrets need not look like any. A provider that observes them somewhere, and
// redacts them in some places only, fails.
func TestPlantedSecrets(t *testing.T) {
	const planted = "an ordinary word"
	check := func(p provider.Provider) problems {
		return checkRedacts(newSuite(t.Context(), p, &Options{Secrets: []string{planted}}))
	}
	s := reference(t)
	first := s.Observations[0].(*asset.Asset)
	first.Config = doc(t, map[string]any{"Note": planted, "BucketName": "one"})
	unredacted := *first
	require.NoError(t, new(secret.Redactor).Redact(first, "config.Note"))
	assert.Empty(t, check(s))
	assert.Contains(t, check(reference(t))[0].Error(), "has not observed the planted secrets")

	for name, change := range map[string]func(*asset.Asset){
		"another path": func(a *asset.Asset) {
			*a = unredacted
			assert.NoError(t, new(secret.Redactor).Redact(a, "config.BucketName"))
		},
		"key":     func(a *asset.Asset) { a.Status = doc(t, map[string]any{planted: 1}).Redact(nil) },
		"element": func(a *asset.Asset) { a.Status = doc(t, []any{[]any{"x " + planted}}).Redact(nil) },
		"unread":  func(a *asset.Asset) { a.Status = (&asset.Unread{Message: planted}).Value() },
		"tag":     func(a *asset.Asset) { a.Tags = map[string]string{"x": planted} },
	} {
		assert.NotEmpty(t, check(changingFirst(s, change)), name)
	}
	gap := &asset.Gap{Scope: asset.Scope{Provider: "aws"}, Type: bucketType, Cause: asset.Unread{Message: planted}}
	assert.NotEmpty(t, check(with(s, gap)), "gap")
}

func counting() func() string {
	n := 0
	return func() string { n++; return strconv.Itoa(n) }
}

func withNil(s *Static, o asset.Observation) provider.Provider {
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		return func(yield func(asset.Observation, error) bool) { _ = yield(s.Observations[0], nil) && yield(o, nil) }
	}}
}

func without(s *Static, i int) provider.Provider {
	return edited(s, func(all []asset.Observation) []asset.Observation { return slices.Delete(all, i, i+1) })
}

func singleUse(s *Static) provider.Provider {
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		var used atomic.Bool
		return func(yield func(asset.Observation, error) bool) {
			if used.CompareAndSwap(false, true) {
				s.Discover(ctx, q)(yield)
			}
		}
	}}
}

func changing(s *Static) provider.Provider {
	var n atomic.Int64
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		return withFirst(s, func(a *asset.Asset) { a.Name = strconv.FormatInt(n.Add(1), 10) }).Discover(ctx, q)
	}}
}

func asking(s *Static, change func(provider.Query) provider.Query) provider.Provider {
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence { return s.Discover(ctx, change(q)) }}
}

// forgetting leaves an asset out when its type alone is requested.
func forgetting(s *Static) provider.Provider {
	return passing(s, func(q provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
		return len(q.Types) == 1 && o == s.Observations[1] || yield(o, err)
	})
}

func silent(s *Static) provider.Provider {
	return passing(s, func(_ provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
		g, ok := o.(*asset.Gap)
		return ok && g.Cause.Code == provider.CodeUnknownType || yield(o, err)
	})
}

func fatal(s *Static, boom error) provider.Provider {
	return passing(s, func(_ provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
		if g, ok := o.(*asset.Gap); ok && g.Cause.Code == provider.CodeUnknownType {
			return yield(nil, boom) && false
		}
		return yield(o, err)
	})
}

// dropping puts something in place of the config of an asset if only a part of it was requested.
func dropping(s *Static, config asset.Value) provider.Provider {
	return passing(s, func(q provider.Query, _ int, o asset.Observation, err error, yield func(asset.Observation, error) bool) bool {
		if a, ok := o.(*asset.Asset); ok && q.Reads != nil {
			b := *a
			b.Config = config
			o = &b
		}
		return yield(o, err)
	})
}

// narrowing changes the assets that have links, if only parts were requested.
func narrowing(s *Static, change func(*asset.Asset)) provider.Provider {
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		return func(yield func(asset.Observation, error) bool) {
			for o, err := range s.Discover(ctx, provider.Query{Types: q.Types, Scopes: q.Scopes}) {
				if a, ok := o.(*asset.Asset); ok && q.Reads != nil && len(a.Links) > 0 {
					b := *a
					change(&b)
					o = &b
				}
				if !yield(o, err) {
					return
				}
			}
		}
	}}
}

// TestWhatHangsOnUnaskedPartsMayBeMissing narrows as a provider does for which tags and
// links cost a call of their own.
func TestWhatHangsOnUnaskedPartsMayBeMissing(t *testing.T) {
	Test(t, func(t *testing.T) provider.Provider {
		return narrowing(reference(t), func(a *asset.Asset) {
			a.Status = (&asset.Unread{Reason: asset.NotRequested, Code: asset.CodeNotRequested}).Value()
			a.Tags, a.Links, a.Created, a.Incarnation = nil, nil, time.Time{}, ""
		})
	}, nil)
}

// leaking starts a goroutine that outlives the loop, until the test ends.
func leaking(t *testing.T, s *Static) provider.Provider {
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		go func() { <-stop }()
		return s.Discover(ctx, q)
	}}
}

// pulling never stops what it pulls from when the loop is left.
func pulling(s *Static) provider.Provider {
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		return func(yield func(asset.Observation, error) bool) {
			next, _ := iter.Pull2(s.Discover(ctx, q))
			for {
				o, err, ok := next()
				if !ok || !yield(o, err) {
					return
				}
			}
		}
	}}
}

// sharing keeps what it yielded in a state that all its sequences share.
func sharing(s *Static) provider.Provider {
	var started atomic.Int64
	return broken{Static: s, discover: func(ctx context.Context, q provider.Query) sequence {
		return func(yield func(asset.Observation, error) bool) {
			lose := started.Add(1) > 1
			for o, err := range s.Discover(ctx, q) {
				if !(lose && o == s.Observations[0]) && !yield(o, err) {
					return
				}
			}
		}
	}}
}

// TestBrokenAnswers says what a provider may make of a server that does not answer, and what not.
func TestBrokenAnswers(t *testing.T) {
	s := reference(t)
	region := asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}
	why := asset.Unread{Op: "s3:ListBuckets", Reason: asset.Malformed, Code: asset.CodeMalformed}
	check := func(p provider.Provider) problems {
		return checkAnswers(newSuite(t.Context(), s, &Options{Broken: map[string]func() provider.Provider{"empty": func() provider.Provider { return p }}}))
	}
	for name, p := range map[string]provider.Provider{
		"as before": reference(t),
		"an error": broken{Static: s, discover: func(context.Context, provider.Query) sequence {
			return func(yield func(asset.Observation, error) bool) { yield(nil, errors.New("no answer")) }
		}},
		"a gap": edited(s, func(all []asset.Observation) []asset.Observation {
			return append(slices.Delete(all, 1, 2), &asset.Gap{Scope: region, Type: bucketType, Cause: why})
		}),
		"partial": edited(s, func(all []asset.Observation) []asset.Observation {
			return append(slices.Delete(all, 1, 2), &asset.Coverage{Scope: region, Type: bucketType, State: asset.Partial})
		}),
		"an unread part": withFirst(s, func(a *asset.Asset) { a.Config = why.Value() }),
	} {
		assert.Empty(t, check(p), name)
	}
	for name, p := range map[string]provider.Provider{
		"nothing": broken{Static: s, discover: func(context.Context, provider.Query) sequence { return func(func(asset.Observation, error) bool) {} }},
		"no asset": edited(s, func(all []asset.Observation) []asset.Observation {
			return append(slices.DeleteFunc(all, func(o asset.Observation) bool {
				a, ok := o.(*asset.Asset)
				g, gap := o.(*asset.Gap)
				return ok && a.Type == bucketType || gap && g.Type == bucketType
			}), &asset.Coverage{Scope: region, Type: bucketType, State: asset.Complete})
		}),
		"an empty part": withFirst(s, func(a *asset.Asset) { a.Config = doc(t, map[string]any{"BucketName": "one"}) }),
	} {
		assert.NotEmpty(t, check(p), name)
	}
}
