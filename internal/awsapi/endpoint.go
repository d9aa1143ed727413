package awsapi

import (
	"context"
	"reflect"
	"sync"

	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// maxEndpoints bounds what one client remembers: S3 has an endpoint for each bucket.
const maxEndpoints = 10_000

// endpointResolver is a resolver of the SDK, whose parameters differ by service.
type endpointResolver[P any] interface {
	ResolveEndpoint(context.Context, P) (smithyendpoints.Endpoint, error)
}

// Endpoints remembers what a resolver returned for the same parameters: the SDK evaluates
// the rules of a service once or twice for each call. It is safe for concurrent use.
type Endpoints[P any] struct {
	resolver endpointResolver[P]
	mu       sync.RWMutex
	known    map[string]smithyendpoints.Endpoint
}

// CacheEndpoints returns a resolver for the options of a client, in place of the one that
// they have.
func CacheEndpoints[P any](r endpointResolver[P]) *Endpoints[P] {
	return &Endpoints[P]{resolver: r, known: map[string]smithyendpoints.Endpoint{}}
}

// ResolveEndpoint implements the interface of the service's package. Errors are not
// remembered.
func (e *Endpoints[P]) ResolveEndpoint(ctx context.Context, p P) (smithyendpoints.Endpoint, error) {
	var space [256]byte
	key, ok := appendParameters(space[:0], reflect.ValueOf(&p).Elem())
	if !ok {
		return e.resolver.ResolveEndpoint(ctx, p)
	}
	e.mu.RLock()
	known, found := e.known[string(key)]
	e.mu.RUnlock()
	if found {
		return known, nil
	}
	made, err := e.resolver.ResolveEndpoint(ctx, p)
	if err != nil {
		return made, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.known) >= maxEndpoints {
		clear(e.known)
	}
	e.known[string(key)] = made
	return made, nil
}

// appendParameters writes the parameters, which are nil or pointers to strings and
// booleans. It returns false if one is something else.
func appendParameters(key []byte, p reflect.Value) ([]byte, bool) {
	for i := range p.NumField() {
		f := p.Field(i)
		switch {
		case f.Kind() != reflect.Pointer && f.Kind() != reflect.Slice:
			return nil, false
		case f.IsNil():
			key = append(key, 0)
			continue
		case f.Kind() == reflect.Slice:
			return nil, false
		}
		switch f = f.Elem(); f.Kind() {
		case reflect.String:
			key = append(append(append(key, 1), f.String()...), 0)
		case reflect.Bool:
			if f.Bool() {
				key = append(key, 2)
			} else {
				key = append(key, 3)
			}
		default:
			return nil, false
		}
	}
	return key, true
}
