package aws

import "testing"

func TestX(t *testing.T) {
	n := 0
	for x := range Types() {
		if s, ok := Schema(x); !ok || s.Config == nil {
			t.Error(x)
		}
		n++
	}
	t.Log(n)
}
