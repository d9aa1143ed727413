package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// shortened are recordings in which somebody left out what AWS always answers, or
// wrote dots for it, or which are older than the ARNs of their resources.
var shortened = map[string]bool{
	"test_config_inconsistent_hub_rule":               true,
	"test_ec2_iam_role_tag_mirror_equal":              true,
	"test_ec2_iam_role_tag_mirror_match_in":           true,
	"test_elasticache_cluster_mark":                   true,
	"test_elasticache_cluster_simple":                 true,
	"test_elasticache_cluster_snapshot":               true,
	"test_elasticache_cluster_unmark":                 true,
	"test_elasticache_remove_matched_security_groups": true,
	"test_mq_message_broker_kms_filter":               true,
	"test_rds_aws_managed_kms_keys":                   true,
	"test_rds_snapshot_age_filter":                    true,
	"test_rds_snapshot_mark":                          true,
	"test_rdscluster_simple":                          true,
	"test_unused_keypair":                             true,
	"test_vpc_endpoint_metrics_filter":                true,
}

// partFaults tells the parts of an asset that were answered and could not be read.
func partFaults(a *asset.Asset) []string {
	var faults []string
	for _, document := range []asset.Value{a.Config, a.Status, a.Access} {
		for at, part := range document.Marks() {
			if why := part.Unread(); why != nil && slices.Contains(unparsed, why.Code) {
				faults = append(faults, fmt.Sprintf("%s %s: %v", a.Ref, at, why))
			}
		}
	}
	return faults
}

// unparsed are the codes of what was answered and could not be read.
var unparsed = []string{collect.CodeMalformed, awsapi.CodeNoAnswer}

// replayTypes returns the types for which one of the operations is called.
func replayTypes(p *Provider, operations map[string]bool) []asset.Type {
	var types []asset.Type
	var walk func(tables []collect.Table)
	walk = func(tables []collect.Table) {
		for i := range tables {
			t := &tables[i]
			_, name, _ := strings.Cut(t.Op, ":")
			wanted := operations[name] || slices.ContainsFunc(t.Also, func(op string) bool {
				_, name, _ := strings.Cut(op, ":")
				return operations[name]
			})
			for _, r := range t.Reads {
				_, name, _ := strings.Cut(r.Op, ":")
				name, _, _ = strings.Cut(name, "(")
				wanted = wanted || operations[name]
			}
			if wanted {
				types = append(types, t.Types...)
			}
			walk(t.Under)
		}
	}
	for i := range p.services {
		walk(tablesOf(p, &p.services[i]))
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// TestReplay lets collectors read what AWS has really sent: of each recording what it
// has of the operations of the catalogue.
func TestReplay(t *testing.T) {
	cases := fixtures.Cases(t, "http", "aws")
	read := map[string]bool{"GetCallerIdentity": true, "DescribeRegions": true, "ListRegions": true, "GenerateCredentialReport": true}
	for typ := range awscatalog.Types() {
		s, _ := awscatalog.Schema(typ)
		for _, o := range s.Operations {
			_, name, _ := strings.Cut(o.Name, ":")
			name, _, _ = strings.Cut(name, "(")
			read[name] = true
		}
	}
	answered := map[string]int{}
	recorded := map[string]int{}
	assets := 0
	for c := range cases {
		var input struct{ Exchanges []*exchange }
		require.NoError(t, json.Unmarshal(c.Input, &input), c.ID)
		answers := map[string][]*exchange{}
		operations := map[string]bool{}
		for _, e := range input.Exchanges {
			if e.Wire != nil && read[e.Operation] {
				operations[e.Operation] = true
				answers[e.key()] = append(answers[e.key()], e)
				recorded[e.key()]++
			}
		}
		cfg := moto.Config("http://replay.invalid")
		x := &replay{read: read, as: recordedAccount(input.Exchanges), answers: answers, answered: answered}
		x.install(&cfg)
		p := New(cfg, &Options{Regions: []string{"us-east-1"}, Now: func() time.Time { return observed }})
		types := replayTypes(p, operations)
		if len(types) == 0 {
			continue
		}
		name := strings.TrimPrefix(c.ID, "c7n-aws/")
		t.Run(name, func(t *testing.T) {
			x.t = t
			strict(t, p)
			var faults []string
			for o, err := range p.Discover(t.Context(), provider.Query{Types: types}) {
				require.NoError(t, err)
				switch o := o.(type) {
				case *asset.Gap:
					if slices.Contains(unparsed, o.Cause.Code) {
						faults = append(faults, string(o.Type)+": "+o.Cause.Error())
					}
				case *asset.Asset:
					assets++
					faults = append(faults, partFaults(o)...)
					if !shortened[name] {
						conforms(t, o)
					}
				}
			}
			for key, typ := range recordedOnes {
				for id := x.left(key); id != ""; id = x.left(key) {
					a, err := p.Get(t.Context(), asset.Ref{Type: typ, ID: id})
					require.NoError(t, err)
					faults = append(faults, partFaults(a)...)
					if !shortened[name] {
						conforms(t, a)
					}
				}
			}
			if !shortened[name] {
				assert.Empty(t, faults)
			}
		})
	}
	// What is left was asked of other services by operations of the same names, in other
	// ways than collectors do, or once more of the same after it was changed.
	all := 0
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		t.Logf("%s: %d of %d", key, answered[key], recorded[key])
		all += answered[key]
	}
	t.Logf("%d operations, %d answers, %d assets", len(answered), all, assets)
	assert.GreaterOrEqual(t, len(answered), 144, "operations whose answers were read")
	assert.GreaterOrEqual(t, all, 790)
	assert.GreaterOrEqual(t, assets, 1140)
}

func TestWhatHasNoNameIsAGap(t *testing.T) {
	x := offline(t)
	x.says("RDS:DescribeDBInstances", &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{{Engine: aws.String("mysql")}}})
	inv := x.collect(t, rdsInstance)
	assert.Zero(t, inv.Len())
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, collect.CodeMalformed, inv.Gaps()[0].Cause.Code)
	assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: moto.Account, Region: "us-east-1"}, rdsInstance))
}
