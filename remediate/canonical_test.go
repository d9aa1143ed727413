package remediate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/remediate"
)

// plan returns a plan with its digest.
func plan(t testing.TB) *remediate.Plan {
	p := &remediate.Plan{
		Key: "k", Policy: "p", Base: "b", Class: policy.Safe, By: "ann",
		Target:    remediate.Target{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::b", Provider: "aws", Account: "111122223333", Region: "eu-west-1"},
		Fix:       remediate.FixID{ID: "f", Version: 1},
		PreChecks: []remediate.PreCheck{{ID: "c", Text: "T < 1 & 2", Kind: policy.Computed, Result: remediate.Pass}},
		Steps: []remediate.Step{{
			ID: "1", Request: remediate.Request{Service: "s3", Operation: "PutBucketVersioning", Body: json.RawMessage(`{"b":9007199254740993, "a":1}`)},
			Effect: []remediate.Change{{Op: "add", Path: "/config/X", Value: json.RawMessage(`"v"`)}},
		}},
		Made: time.Date(2026, 5, 1, 2, 3, 4, 0, time.UTC), Expires: time.Date(2026, 5, 2, 2, 3, 4, 0, time.UTC),
	}
	var err error
	p.Digest, err = p.ComputeDigest()
	require.NoError(t, err)
	return p
}

func TestPlanRoundTrip(t *testing.T) {
	p := plan(t)
	data, err := json.Marshal(p)
	require.NoError(t, err)
	assert.Contains(t, string(data), `"body":{"a":1,"b":9007199254740993}`, "sorted keys and exact integers")

	got, err := remediate.ParsePlan(data)
	require.NoError(t, err)
	again, err := json.Marshal(got)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(again))

	var indented strings.Builder
	e := json.NewEncoder(&indented)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(p))
	got, err = remediate.ParsePlan([]byte(indented.String()))
	require.NoError(t, err, "white space does not matter")
	assert.Equal(t, p.Digest, got.Digest)
}

func TestParsePlanRefuses(t *testing.T) {
	data, err := json.Marshal(plan(t))
	require.NoError(t, err)
	good := string(data)
	for name, change := range map[string][2]string{
		"a changed value":     {`9007199254740993`, `9007199254740992`},
		"a changed approver":  {`"by":"ann"`, `"by":"bob"`},
		"a later expiry":      {`2026-05-02T`, `2027-05-02T`},
		"an unknown member":   {`"by":"ann"`, `"by":"ann","extra":1`},
		"a duplicate member":  {`"by":"ann"`, `"by":"ann","by":"bob"`},
		"a duplicate in data": {`{"a":1,`, `{"a":1,"a":2,`},
		"another case":        {`"by":"ann"`, `"By":"ann"`},
		"both cases":          {`"by":"ann"`, `"By":"bob","by":"ann"`},
		"a missing digest":    {`"digest"`, `"of"`},
		"cut off":             {`"target":`, ``},
	} {
		require.Contains(t, good, change[0], name)
		_, err := remediate.ParsePlan([]byte(strings.Replace(good, change[0], change[1], 1)))
		assert.ErrorIs(t, err, remediate.ErrMalformed, name)
	}
	for _, bad := range []string{"", "null", "[]", "{}", good + "1", good[:len(good)-1], strings.Repeat("[", 10_000), `"x"`} {
		_, err := remediate.ParsePlan([]byte(bad))
		assert.ErrorIs(t, err, remediate.ErrMalformed, "%.20s", bad)
	}
}

// A plan that is read is the plan that was written, whatever its bytes.
func FuzzParsePlan(f *testing.F) {
	data, err := json.Marshal(plan(f))
	require.NoError(f, err)
	f.Add(string(data))
	f.Add(strings.Replace(string(data), `"v"`, `"v/\u003c"`, 1))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := remediate.ParsePlan([]byte(text))
		if err != nil {
			require.ErrorIs(t, err, remediate.ErrMalformed)
			return
		}
		require.NoError(t, p.Verify())
		again, err := json.Marshal(p)
		require.NoError(t, err)
		q, err := remediate.ParsePlan(again)
		require.NoError(t, err)
		assert.Equal(t, p.Digest, q.Digest)
	})
}
