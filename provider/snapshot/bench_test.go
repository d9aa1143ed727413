package snapshot_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
	"github.com/stretchr/testify/require"
)

const benchAssets = 1000

// large returns a snapshot of security groups of some 3.7 KB in the mean.
func large(t testing.TB) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString(header)
	for i := range benchAssets {
		fmt.Fprintf(&b, `{"asset":{"type":"AWS::EC2::SecurityGroup","id":"arn:aws:ec2:eu-west-1:111122223333:security-group/sg-%08x",`+
			`"provider":"aws","account":"111122223333","region":"eu-west-1","name":"web-%d","class":"network","tags":{"team":"a-%d","env":"prod"},`+
			`"config":{"GroupName":"web-%d","GroupDescription":"Security group of a web server","VpcId":"vpc-0a1b2c3d4e5f","SecurityGroupIngress":[`, i, i, i%7, i)
		n := 2 + r.IntN(30)
		for j := range n {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"IpProtocol":"tcp","FromPort":%d,"ToPort":%d,"CidrIp":"10.%d.%d.0/24","Description":"rule number %d of the group"}`, j, j+1000, r.IntN(256), r.IntN(256), j)
		}
		fmt.Fprintf(&b, `],"SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]},"status":{"OwnerId":"111122223333","Attached":[`)
		for j := range r.IntN(30) {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"NetworkInterfaceId":"eni-%012x","Status":"in-use","Groups":["sg-%08x"]}`, r.Int64N(1<<40), i)
		}
		fmt.Fprintf(&b, `]},"links":[{"rel":"vpc","type":"AWS::EC2::VPC","id":"arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a1b2c3d4e5f"}],`+
			`"parents":[{"type":"Stance::AWS::Account","id":"111122223333"}],"observed":"2026-03-01T12:00:00Z"}}`+"\n")
	}
	fmt.Fprintf(&b, `{"end":{"assets":%d,"gaps":0,"coverage":0}}`+"\n", benchAssets)
	return b.String()
}

// perLine reports what a benchmark's turn over a large snapshot took for each line.
func perLine(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchAssets, "ns/line")
}

func BenchmarkRead(b *testing.B) {
	text := large(b)
	schemas, err := asset.ParseSchemas([]byte(`{"AWS::EC2::SecurityGroup":{
		"config":{"GroupName":"s","GroupDescription":"s","VpcId":"s","SecurityGroupIngress":["#Rule"],"SecurityGroupEgress":["#Rule"]},
		"status":{"OwnerId":"s","Attached":[{"NetworkInterfaceId":"s","Status":"s","Groups":["s"]}]},
		"defs":{"Rule":{"IpProtocol":"s","FromPort":"i","ToPort":"i","CidrIp":"s","Description":"s"}}}}`))
	require.NoError(b, err)
	for _, row := range []struct {
		name string
		opts *snapshot.Options
		q    provider.Query
	}{
		{name: "plain"},
		{name: "schema", opts: &snapshot.Options{Schemas: func(asset.Type) (*asset.Schema, bool) { return schemas[0], true }}},
		{name: "reads", q: provider.Query{Reads: map[asset.Type][]asset.Path{"AWS::EC2::SecurityGroup": {"config.SecurityGroupIngress[*].CidrIp"}}}},
		{name: "other types", q: provider.Query{Types: []asset.Type{"AWS::S3::Bucket"}}},
	} {
		b.Run(row.name, func(b *testing.B) {
			p := snapshot.Bytes([]byte(text), row.opts)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range p.Discover(b.Context(), row.q) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			perLine(b)
		})
	}
	b.Run("parse alone", func(b *testing.B) {
		lines := bytes.SplitAfter([]byte(text), []byte("\n"))
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			for _, l := range lines[:benchAssets+2] {
				if _, err := asset.Parse(l); err != nil {
					b.Fatal(err)
				}
			}
		}
		perLine(b)
	})
}

func BenchmarkWrite(b *testing.B) {
	text := large(b)
	list, err := readAll(strings.NewReader(text), nil)
	require.NoError(b, err)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := snapshot.Write(io.Discard, all(list), nil); err != nil {
			b.Fatal(err)
		}
	}
	perLine(b)
}
