package policytest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy/policytest"
)

const checked = `id: names
title: Buckets have names
severity: low
type: AWS::S3::Bucket
require: config.?BucketName.hasValue()
tests:
  - {name: named, want: pass, config: {BucketName: a}}
  - {name: unnamed, want: WANT, config: {}}
`

func pack(want string) fstest.MapFS {
	return fstest.MapFS{"names.yaml": {Data: bytes.ReplaceAll([]byte(checked), []byte("WANT"), []byte(want))}}
}

func TestCheck(t *testing.T) {
	var out bytes.Buffer
	got, err := policytest.Check(t.Context(), &out, pack("fail"), nil, false)
	require.NoError(t, err)
	assert.Equal(t, policytest.Result{Policies: 1, Cases: 2}, got)
	assert.Empty(t, out.String(), "what passes is printed only if it is requested")

	got, err = policytest.Check(t.Context(), &out, pack("fail"), nil, true)
	require.NoError(t, err)
	assert.Zero(t, got.Failures)
	assert.Contains(t, out.String(), "ok names/named\nok names/unnamed\n")

	out.Reset()
	got, err = policytest.Check(t.Context(), &out, pack("unknown"), nil, false)
	require.NoError(t, err)
	assert.Positive(t, got.Failures)
	assert.Contains(t, out.String(), "FAIL names/unnamed: names.yaml:8: want unknown, got fail")
}

func TestCheckOfWhatDoesNotLoad(t *testing.T) {
	var out bytes.Buffer
	got, err := policytest.Check(t.Context(), &out, fstest.MapFS{"a.yaml": {Data: []byte("id: a\n")}}, nil, false)
	require.NoError(t, err)
	assert.Positive(t, got.Failures)
	assert.Contains(t, out.String(), "FAIL: a.yaml")

	out.Reset()
	got, err = policytest.Check(t.Context(), &out, fstest.MapFS{}, nil, false)
	require.NoError(t, err)
	assert.Positive(t, got.Failures, "an empty pack tests nothing")
}

func TestCheckThatIsCutOff(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	_, err := policytest.Check(ctx, os.Stdout, pack("fail"), nil, false)
	require.ErrorIs(t, err, gone)
	_, err = policytest.Check(t.Context(), broken{}, pack("pass"), nil, true)
	require.ErrorIs(t, err, os.ErrClosed)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }
