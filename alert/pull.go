package alert

import "iter"

// pulled is an element of a sequence that another goroutine ranges over.
type pulled[T any] struct {
	value    T
	err      error
	panicked any
}

// pull ranges over a sequence on a goroutine of its own. stop ends that and waits for it.
func pull[T any](seq iter.Seq2[T, error]) (next <-chan pulled[T], stop func()) {
	ch, done, ended := make(chan pulled[T], 256), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(ch)
		defer func() {
			if p := recover(); p != nil {
				select {
				case ch <- pulled[T]{panicked: p}:
				case <-done:
				}
			}
		}()
		for x, err := range seq {
			select {
			case ch <- pulled[T]{value: x, err: err}:
			case <-done:
				return
			}
		}
	}()
	return ch, func() {
		close(done)
		<-ended
	}
}
