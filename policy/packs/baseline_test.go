package packs_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
)

// The files in testdata/baseline list verdicts as commit 6eedd6a gave them. They never
// change: a deliberate change of a verdict is an entry of differences.

// difference is a deliberate change of verdicts since the baseline.
type difference struct {
	reason string
	lines  []string // as the tests print them
}

var differences = []difference{
	{"the destination of a sink names the bucket, which the sink has no link to", []string{
		"organization gcp-log-bucket-locked storage.googleapis.com/Bucket //storage.googleapis.com/shared-logging-exports: not_applicable -> fail",
	}},
}

// added are policies that the baseline does not have. The cases beside them test them.
var added = []string{
	"az-activity-log-setting",
	"az-cosmos-keys-disabled",
	"az-keyvault-public-network-disabled",
	"az-mysql-require-tls",
	"az-nsg-flow-logs-90d",
	"az-nsg-no-public-http",
	"az-sql-audit-retention-90d",
	"az-sql-min-tls-1-2",
	"az-storage-container-soft-delete",
	"az-storage-key-reminder",
	"gcp-no-legacy-network",
	"gcp-sql-no-public-ip",
}

// readDifferences returns differences and those of files: each has a line with the
// reason and then the lines.
func readDifferences(t *testing.T) []difference {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "baseline", "differences", "*.txt"))
	require.NoError(t, err)
	all := slices.Clone(differences)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		all = append(all, difference{lines[0], lines[1:]})
	}
	return all
}

// verdict is the status of one subject.
type verdict struct {
	source  string // "organization", or a directory of the fixtures
	policy  string
	subject string // "type id" of an asset, or the kind, scope and type of another subject
	status  string
}

// none is the status of a subject for which there is no finding.
const none = "none"

// verdicts counts findings. Subjects that are not assets can have equal names.
type verdicts map[verdict]int

// add adds the findings of an inventory. Prefix tells equal refs of several
// inventories apart.
func (all verdicts) add(t *testing.T, source, prefix string, set *policy.Set, inv *asset.Inventory) {
	t.Helper()
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		all[verdict{source, f.Policy.ID, prefix + subjectOf(f), f.Status.String()}]++
	}
}

// subjectOf names the subject of a finding.
func subjectOf(f policy.Finding) string {
	scope := func(s asset.Scope) string { return s.Provider + "/" + s.Account + "/" + s.Region }
	switch s := f.Subject.(type) {
	case policy.AssetSubject:
		return string(s.Asset.Type) + " " + s.Asset.ID
	case policy.GapSubject:
		return strings.TrimSpace(fmt.Sprint("(gap) ", scope(s.Gap.Scope), " ", s.Gap.Type, " ", s.Gap.Of.ID))
	}
	return "(" + string(f.Subject.Kind()) + ")"
}

// aboutAsset reports whether the subject is an asset.
func (v verdict) aboutAsset() bool { return !strings.HasPrefix(v.subject, "(") }

// undo replaces verdicts that differ deliberately by those of the baseline. A line is
// "source policy subject: was -> is".
func (all verdicts) undo(t *testing.T, source string) {
	t.Helper()
	maps.DeleteFunc(all, func(v verdict, _ int) bool { return slices.Contains(added, v.policy) })
	for _, d := range readDifferences(t) {
		for _, line := range d.lines {
			head, change, ok := strings.Cut(line, ": ")
			was, is, ok2 := strings.Cut(change, " -> ")
			parts := strings.SplitN(head, " ", 3)
			require.True(t, ok && ok2 && len(parts) == 3, "malformed difference %q", line)
			if parts[0] != source {
				continue
			}
			now := verdict{parts[0], parts[1], parts[2], is}
			if is != none {
				assert.Positive(t, all[now], "%s is no difference: %s", line, d.reason)
				if all[now]--; all[now] <= 0 {
					delete(all, now)
				}
			}
			if was != none {
				now.status = was
				all[now]++
			}
		}
	}
}

// keepKnown removes the verdicts of policies that are newer than the baseline.
func (all verdicts) keepKnown(t *testing.T) {
	t.Helper()
	known := map[string]bool{}
	for v := range readBaseline(t, "", "assets.txt") {
		known[v.policy] = true
	}
	for v := range readBaseline(t, "", "others.txt") {
		known[v.policy] = true
	}
	data, err := os.ReadFile(filepath.Join("testdata", "baseline", "fixtures.txt"))
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		known[strings.Fields(line)[1]] = true
	}
	maps.DeleteFunc(all, func(v verdict, _ int) bool { return !known[v.policy] })
}

// assertEqual compares the verdicts of a source with the baseline and lists changes in
// the form that differences have.
func (all verdicts) assertEqual(t *testing.T, want verdicts) {
	t.Helper()
	type key struct{ source, policy, subject string }
	was, is := map[key][]string{}, map[key][]string{}
	for v, n := range want {
		for range n - all[v] {
			k := key{v.source, v.policy, v.subject}
			was[k] = append(was[k], v.status)
		}
	}
	for v, n := range all {
		for range n - want[v] {
			k := key{v.source, v.policy, v.subject}
			is[k] = append(is[k], v.status)
		}
	}
	changed := maps.Clone(was)
	maps.Copy(changed, is)
	var lines []string
	for k := range changed {
		for i := range max(len(was[k]), len(is[k])) {
			at := func(list []string) string {
				if i < len(list) {
					return list[i]
				}
				return none
			}
			lines = append(lines, fmt.Sprintf("%s %s %s: %s -> %s", k.source, k.policy, k.subject, at(was[k]), at(is[k])))
		}
	}
	slices.Sort(lines)
	assert.Empty(t, lines, "verdicts differ from the baseline; list deliberate changes in differences")
}

// TestBaselineOfOrganization compares the verdicts on the example organization with the
// baseline. Findings about assets and about other subjects are in two files.
func TestBaselineOfOrganization(t *testing.T) {
	const source = "organization"
	inv, err := provider.Collect(t.Context(), provider.Query{}, organization.Provider())
	require.NoError(t, err)
	all, err := readPacks()
	require.NoError(t, err)
	set, err := policy.NewSet(&policy.Options{Now: organization.Now}, all...)
	require.NoError(t, err)
	got := verdicts{}
	got.add(t, source, "", set, inv)
	got.keepKnown(t)
	got.undo(t, source)
	for file, aboutAsset := range map[string]bool{"assets.txt": true, "others.txt": false} {
		some := maps.Clone(got)
		maps.DeleteFunc(some, func(v verdict, _ int) bool { return v.aboutAsset() != aboutAsset })
		some.assertEqual(t, readBaseline(t, source, file))
	}
}

// readBaseline reads a list of verdicts: a line with policy and status, then a line
// for each subject.
func readBaseline(t *testing.T, source, file string) verdicts {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "baseline", file))
	require.NoError(t, err)
	all := verdicts{}
	var at verdict
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if subject, ok := strings.CutPrefix(line, "\t"); ok {
			at.subject = subject
			all[at]++
			continue
		}
		id, status, ok := strings.Cut(line, " ")
		require.True(t, ok, line)
		at = verdict{source: source, policy: id, status: status}
	}
	require.NotEmpty(t, all)
	return all
}

// unreadable are templates of the fixtures that are malformed on purpose or by mistake.
var unreadable = []string{
	"guard/API_GW_EXECUTION_LOGGING_ENABLED/2",
	"kics/cloudFormation/aws/dynamodb_table_point_in_time_recovery_disabled/negative2.json",
	"kics/cloudFormation/aws/dynamodb_table_point_in_time_recovery_disabled/positive3.json",
	"kics/cloudFormation/aws/dynamodb_table_point_in_time_recovery_disabled/positive4.json",
	"kics/cloudFormation/aws/dynamodb_table_point_in_time_recovery_disabled/positive6.json",
	"trivy/aws/iam/no_policy_wildcards/cloudformation/bad0",
}

// TestBaselineOfFixtures compares the verdicts on the fixtures with the baseline: for
// each directory and policy the number of findings of each status, and a digest.
func TestBaselineOfFixtures(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "baseline", "fixtures.txt"))
	require.NoError(t, err)
	for _, x := range []struct {
		pack    fs.FS
		read    func(*testing.T, json.RawMessage) []*asset.Asset
		sources []string
	}{
		{packs.AWS(), readAWSTemplate, []string{"iac/guard-cfn", "iac/kics-cloudformation", "iac/trivy-examples", "iac/checkov-cloudformation"}},
		{packs.Azure(), readAzure, []string{"iac/kics-arm", "iac/checkov-arm", "posture/azure-psrule"}},
		{packs.GCP(), readGCP, []string{"posture/gcp-cai"}},
	} {
		set, err := policy.Load(&policy.Options{Now: organization.Now, NoEvidence: true}, x.pack)
		require.NoError(t, err)
		types := set.Types()
		for _, source := range x.sources {
			t.Run(source, func(t *testing.T) {
				got := verdicts{}
				for c := range fixtures.Cases(t, strings.Split(source, "/")...) {
					if slices.Contains(unreadable, c.ID) || source == "iac/trivy-examples" && c.InputKind != "cloudformation" {
						continue
					}
					for _, input := range files(c.Input) {
						assets := x.read(t, input)
						if len(assets) == 0 {
							continue
						}
						inv := &asset.Inventory{}
						for _, a := range assets {
							inv.Add(a)
						}
						for _, typ := range types {
							inv.Add(&asset.Coverage{Scope: assets[0].Scope, Type: typ, State: asset.Complete})
						}
						got.add(t, source, c.ID+" ", set, inv)
					}
				}
				got.keepKnown(t)
				got.undo(t, source)
				var want []string
				for line := range strings.Lines(string(data)) {
					if strings.HasPrefix(line, source+" ") {
						want = append(want, strings.TrimSuffix(line, "\n"))
					}
				}
				is := got.digests()
				if assert.Equal(t, want, is, "verdicts differ from the baseline; list deliberate changes in differences") {
					return
				}
				for _, line := range is {
					if !slices.Contains(want, line) {
						t.Logf("today's verdicts of %s:\n%s", line, strings.Join(got.list(source, strings.Fields(line)[1]), ""))
					}
				}
			})
		}
	}
}

// files returns the files of an input, or the input if it is one file.
func files(input json.RawMessage) []json.RawMessage {
	var in struct{ Files map[string]json.RawMessage }
	if json.Unmarshal(input, &in) != nil || in.Files == nil {
		return []json.RawMessage{input}
	}
	return slices.Collect(maps.Values(in.Files))
}

// list returns a line for each subject of a policy.
func (all verdicts) list(source, policy string) []string {
	var lines []string
	for v, n := range all {
		if v.source == source && v.policy == policy {
			lines = append(lines, fmt.Sprintf("%s %s %d\n", v.subject, v.status, n))
		}
	}
	slices.Sort(lines)
	return lines
}

// digests returns a line for each source and policy.
func (all verdicts) digests() []string {
	type key struct{ source, policy string }
	counts := map[key]map[string]int{}
	for v, n := range all {
		k := key{v.source, v.policy}
		if counts[k] == nil {
			counts[k] = map[string]int{}
		}
		counts[k][v.status] += n
	}
	var lines []string
	for k, count := range counts {
		line := k.source + " " + k.policy
		for _, status := range slices.Sorted(maps.Keys(count)) {
			line += fmt.Sprintf(" %s=%d", status, count[status])
		}
		sum := sha256.Sum256([]byte(strings.Join(all.list(k.source, k.policy), "")))
		lines = append(lines, fmt.Sprintf("%s %x", line, sum))
	}
	slices.Sort(lines)
	return lines
}
