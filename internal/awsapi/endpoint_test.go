package awsapi

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type parameters struct {
	Name *string
	On   *bool
	Many []string
}

// counted is a resolver that counts its calls.
type counted struct {
	mu    sync.Mutex
	calls int
	err   error
}

func (c *counted) ResolveEndpoint(_ context.Context, p parameters) (smithyendpoints.Endpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return smithyendpoints.Endpoint{URI: url.URL{Host: aws.ToString(p.Name)}}, c.err
}

func TestCacheEndpoints(t *testing.T) {
	under := &counted{}
	r := CacheEndpoints(under)
	for i, tt := range []struct {
		p     parameters
		calls int // that were made by then
	}{
		{parameters{Name: aws.String("a")}, 1},
		{parameters{Name: aws.String("a")}, 1},
		{parameters{}, 2},
		{parameters{Name: aws.String("")}, 3},
		{parameters{Name: aws.String("a"), On: aws.Bool(true)}, 4},
		{parameters{Name: aws.String("a"), On: aws.Bool(false)}, 5},
		{parameters{Name: aws.String("a"), On: aws.Bool(true)}, 5},
		{parameters{Many: []string{"x"}}, 6}, // which it cannot tell from others
		{parameters{Many: []string{"x"}}, 7},
	} {
		e, err := r.ResolveEndpoint(t.Context(), tt.p)
		require.NoError(t, err)
		assert.Equal(t, aws.ToString(tt.p.Name), e.URI.Host, i)
		assert.Equal(t, tt.calls, under.calls, i)
	}
	under.err = errors.New("no")
	for range 2 {
		_, err := r.ResolveEndpoint(t.Context(), parameters{Name: aws.String("b")})
		require.Error(t, err)
	}
	assert.Equal(t, 9, under.calls, "errors are not remembered")
	under.err = nil
	for i := range maxEndpoints + 1 {
		name := string(rune('à' + i))
		_, err := r.ResolveEndpoint(t.Context(), parameters{Name: &name})
		require.NoError(t, err)
	}
	assert.LessOrEqual(t, len(r.known), maxEndpoints)
}

// The parameters of services are pointers that the cache can tell apart.
func TestCacheEndpointsOfAService(t *testing.T) {
	cfg := aws.Config{Region: "eu-west-1", Credentials: aws.AnonymousCredentials{}}
	var cache *Endpoints[kms.EndpointParameters]
	client := kms.NewFromConfig(cfg, func(o *kms.Options) {
		cache = CacheEndpoints(o.EndpointResolverV2)
		o.EndpointResolverV2 = cache
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client.ListKeys(ctx, &kms.ListKeysInput{})
	require.Error(t, err)
	e, err := cache.ResolveEndpoint(t.Context(), kms.EndpointParameters{Region: aws.String("eu-west-1"), UseFIPS: aws.Bool(false), UseDualStack: aws.Bool(false)})
	require.NoError(t, err)
	assert.Equal(t, "kms.eu-west-1.amazonaws.com", e.URI.Host)
	assert.Len(t, cache.known, 1)
}
