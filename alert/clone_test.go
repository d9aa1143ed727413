package alert

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// fill sets everything that can be reached from a value, to a depth.
func fill(v reflect.Value, depth int) {
	if depth == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 12, 1, 9, 0, 0, 1999, time.FixedZone("", 3600))))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), depth-1)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), depth-1)
		fill(v.Index(1), depth-1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth-1)
		fill(value, depth-1)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(7)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// apart checks that two equal values share nothing that can be changed, and that the times of
// the second are to the microsecond.
func apart(t *testing.T, a, b reflect.Value, path string) {
	switch a.Kind() {
	case reflect.Struct:
		if at, ok := b.Interface().(time.Time); ok {
			assert.Equal(t, a.Interface().(time.Time).UTC().Truncate(time.Microsecond), at, path)
			return
		}
		for i := range a.NumField() {
			apart(t, a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if a.IsNil() {
			assert.True(t, b.IsNil(), path)
			return
		}
		assert.NotEqual(t, a.Pointer(), b.Pointer(), path)
		apart(t, a.Elem(), b.Elem(), path)
	case reflect.Slice:
		if a.Len() != b.Len() || a.Len() == 0 {
			assert.Equal(t, a.Len(), b.Len(), path)
			return
		}
		assert.NotEqual(t, a.Pointer(), b.Pointer(), path)
		for i := range a.Len() {
			apart(t, a.Index(i), b.Index(i), path+"[]")
		}
	case reflect.Map:
		if a.Len() != b.Len() || a.Len() == 0 {
			assert.Equal(t, a.Len(), b.Len(), path)
			return
		}
		assert.NotEqual(t, a.Pointer(), b.Pointer(), path)
		for _, key := range a.MapKeys() {
			apart(t, a.MapIndex(key), b.MapIndex(key), path+"[]")
		}
	default:
		assert.Equal(t, a.Interface(), b.Interface(), path)
	}
}

// TestClonesShareNothing fails for a field that was added and is not cloned.
func TestClonesShareNothing(t *testing.T) {
	const depth = 12
	alert, transition, scan, message, version := &Alert{}, &Transition{}, &ScanRecord{}, &Message{}, &Version{}
	for _, x := range []any{alert, transition, scan, message, version} {
		fill(reflect.ValueOf(x).Elem(), depth)
	}
	// Nothing a digest holds has a digest: the depth is enough to fill everything.
	assert.NotNil(t, message.Event.Digest.Alerts[0].Unknown)
	assert.NotEmpty(t, scan.Quiet["x"].Alerts[0].Asset.Tags)

	apart(t, reflect.ValueOf(alert), reflect.ValueOf(cloneAlert(alert)), "Alert")
	clones := []any{cloneTransition(*transition), cloneScan(*scan), cloneMessage(*message), cloneVersion(*version)}
	for i, x := range []any{*transition, *scan, *message, *version} {
		apart(t, reflect.ValueOf(x), reflect.ValueOf(clones[i]), reflect.TypeOf(x).Name())
	}
}
