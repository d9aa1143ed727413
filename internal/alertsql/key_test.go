package alertsql

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
)

// set gives a field a value that is not its zero.
func set(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int:
		v.SetInt(3)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"x": "y"}))
	default:
		require.Fail(t, "unexpected field", v.Type())
	}
}

// Every field of an alert that rows share is in the key of the row, or in the row of the alert.
func TestKeyOf(t *testing.T) {
	key := func(a *alert.Alert) string {
		var k keyOf
		k.policy(a)
		k.account(a)
		k.rules(a)
		k.asset(a)
		return string(k)
	}
	apart := map[string]bool{"Incarnation": true, "Digest": true}
	for _, part := range []func(*alert.Alert) any{
		func(a *alert.Alert) any { return &a.Policy },
		func(a *alert.Alert) any { return &a.Asset },
	} {
		typ := reflect.TypeOf(part(&alert.Alert{})).Elem()
		for i := range typ.NumField() {
			a := &alert.Alert{}
			set(t, reflect.ValueOf(part(a)).Elem().Field(i))
			if typ.Name() == "Asset" && apart[typ.Field(i).Name] {
				assert.Equal(t, key(&alert.Alert{}), key(a), typ.Field(i).Name)
			} else {
				assert.NotEqual(t, key(&alert.Alert{}), key(a), typ.Name()+"."+typ.Field(i).Name)
			}
		}
	}
	for _, a := range []*alert.Alert{
		{Rules: []string{"x"}}, {Key: alert.Key{Policy: "x"}}, {Key: alert.Key{Ref: asset.Ref{Type: "x"}}}, {Key: alert.Key{Ref: asset.Ref{ID: "x"}}},
	} {
		assert.NotEqual(t, key(&alert.Alert{}), key(a))
	}
}

func TestText(t *testing.T) {
	long := string(make([]byte, 2*maxText))
	short := text(long)
	for _, c := range []struct {
		s, want string
	}{
		{"", ""},
		{"公開", "公開"},
		{"a\x00b\xff", "a\uFFFDb\uFFFD"},
	} {
		assert.Equal(t, c.want, text(c.s))
	}
	assert.Less(t, len(short), maxText+200)
	assert.NotEqual(t, short, text(long+"x"))
	assert.True(t, shortened(short))
	assert.NotEqual(t, short, text(short), "a string of the form of a long one stands for itself")
}

func TestEncode(t *testing.T) {
	for s, ok := range map[string]bool{"a": true, "\uFFFD": true, `\ufffd`: true, `\\ufffd`: true, "\xff": false, "a\\\xff": false} {
		_, err := encode(s)
		assert.Equal(t, ok, err == nil, "%q", s)
	}
}

func TestDays(t *testing.T) {
	for s, want := range map[string]string{"1970-01-01T00:00:00Z": "1970-01-01", "1969-12-31T23:59:59.999999Z": "1969-12-31", "2026-12-01T23:59:59Z": "2026-12-01", "0001-01-01T00:00:00Z": "0001-01-01"} {
		at, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		assert.Equal(t, want, dayName(dayOf(micros(at))))
	}
}

func TestTrigrams(t *testing.T) {
	assert.Equal(t, "", trigrams("ab"))
	assert.Equal(t, `"abc" AND "bcd"`, trigrams("abcd"))
	assert.Equal(t, `"公開バ"`, trigrams("公開バ"))
	assert.Equal(t, `"a"":" AND """:b"`, trigrams(`a":b`))
}
