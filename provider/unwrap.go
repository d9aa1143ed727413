package provider

import (
	"errors"
	"fmt"
)

// find returns p, or the first provider that it wraps, that has an ability.
func find[T Provider](p Provider) (T, bool) {
	for {
		if t, ok := p.(T); ok {
			return t, true
		}
		w, ok := p.(interface{ Unwrap() Provider })
		if !ok {
			var none T
			return none, false
		}
		p = w.Unwrap()
	}
}

func unsupported(what string, p Provider) error {
	return fmt.Errorf("%s of %s: %w", what, p.Name(), errors.ErrUnsupported)
}
