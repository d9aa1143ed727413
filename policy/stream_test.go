package policy_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/corpus"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider/snapshot"
)

// estate is a snapshot of any number of assets, made while it is read: the lines of
// the corpus over and over, with new ids. It stands for a file, and so makes no garbage
// of its own that would count as memory of the evaluation.
type estate struct {
	lines [][][]byte // each cut where its ids have the number of the round
	n, of int
	buf   bytes.Buffer
}

const period = 900

func newEstate(t testing.TB, of int) *estate {
	e := &estate{of: of, n: -1}
	for n := range period {
		a, _ := corpus.Asset(n)
		var text bytes.Buffer
		w := snapshot.NewWriter(&text, nil)
		require.NoError(t, w.Add(a))
		require.NoError(t, w.Close())
		line := strings.SplitAfter(text.String(), "\n")[1]
		e.lines = append(e.lines, bytes.SplitAfter([]byte(line), []byte("corpus-")))
	}
	return e
}

func (e *estate) Read(p []byte) (int, error) {
	for e.buf.Len() < len(p) && e.n <= e.of {
		switch {
		case e.n < 0:
			e.buf.WriteString(`{"stance":"snapshot","version":1}` + "\n")
		case e.n < e.of:
			// Ids end in a number; those of another round of the corpus are others.
			for i, part := range e.lines[e.n%period] {
				if i > 0 {
					e.buf.Write(strconv.AppendInt(e.buf.AvailableBuffer(), int64(e.n/period), 10))
					e.buf.WriteByte('-')
				}
				e.buf.Write(part)
			}
		default:
			e.buf.WriteString(`{"end":{"assets":` + strconv.Itoa(e.of) + `,"gaps":0,"coverage":0}}` + "\n")
		}
		e.n++
	}
	if e.buf.Len() == 0 {
		return 0, io.EOF
	}
	return e.buf.Read(p)
}

func (e *estate) observations() iter.Seq2[asset.Observation, error] {
	return snapshot.Read(e, &snapshot.Options{Redactor: &secret.Redactor{}})
}

// peak returns the largest resident set of the process so far, in MB, or 0.
func peak() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kb, _ := strconv.Atoi(strings.TrimSpace(line))
	return float64(kb) / 1024
}

func relatedSet(t testing.TB) *policy.Set {
	s, err := policy.NewSet(&policy.Options{
		Dynamic: []asset.Type{"AWS::EC2::Instance", "AWS::EC2::SecurityGroup"}, NoEvidence: true,
	}, &policy.Policy{ID: "open-instance", Title: "x", Severity: policy.Low, Checks: []policy.Check{{
		Types:   []asset.Type{"AWS::EC2::Instance"},
		Require: "!follow('security_group', 'AWS::EC2::SecurityGroup').exists(g, g.config.?SecurityGroupIngress.orValue([]).exists(r, r.?CidrIp.orValue('') == '0.0.0.0/0'))",
	}}})
	require.NoError(t, err)
	return s
}

// BenchmarkStream evaluates a snapshot of a million assets, 3.7 GB of text, as a stream
// and reports the largest resident set. Run each alone, with -benchtime 1x: the
// figure is of the whole process.
func BenchmarkStream(b *testing.B) {
	const million = 1_000_000
	run := func(b *testing.B, set *policy.Set, related *asset.Inventory) {
		findings := 0
		for b.Loop() {
			for f, err := range set.EvaluateEach(context.Background(), newEstate(b, million).observations(), related) {
				if err != nil {
					b.Fatal(err)
				}
				if f.Status != policy.Pass {
					findings++
				}
			}
		}
		b.ReportMetric(peak(), "MB-peak-RSS")
		b.ReportMetric(float64(million*b.N)/b.Elapsed().Seconds(), "assets/s")
	}
	b.Run("alone", func(b *testing.B) { run(b, benchSet(b), nil) })
	b.Run("related", func(b *testing.B) {
		set := relatedSet(b)
		// Of nine assets one is a security group, so 1,350,000 make
		// 150,000 of them known.
		inv, err := set.Index(context.Background(), newEstate(b, 1_350_000).observations())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(inv.Len()), "indexed")
		run(b, set, inv)
	})
}
