package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// AWS's own client takes every finding: no attribute that its type does not have, and
// everything that it requires before it sends a request.
func TestASFFIsAccepted(t *testing.T) {
	all := sample(t)
	for _, s := range hostileTexts() {
		all = append(all, hostile(t, s)...)
	}
	var b bytes.Buffer
	require.NoError(t, report.ASFF(&b, seq(all...), &report.Options{All: true, Hub: hub(), Time: at}))
	sent := 0
	client := securityhub.New(securityhub.Options{
		Region: "eu-central-1",
		HTTPClient: roundTrip(func(r *http.Request) (*http.Response, error) {
			sent++
			return &http.Response{
				StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
				Body: readCloser{strings.NewReader(`{"FailedCount":0,"SuccessCount":1,"FailedFindings":[]}`)},
			}, nil
		}),
	})
	n := 0
	lines := 0
	for line := range bytes.Lines(b.Bytes()) {
		lines++
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		var batch []types.AwsSecurityFinding
		require.NoError(t, d.Decode(&batch))
		_, err := client.BatchImportFindings(context.Background(), &securityhub.BatchImportFindingsInput{Findings: batch})
		require.NoError(t, err)
		for _, f := range batch {
			n++
			assertASFF(t, f)
		}
	}
	assert.Equal(t, len(all), n)
	assert.Equal(t, lines, sent)
}

// A batch has at most 100 findings, the limit of one call.
func TestASFFBatches(t *testing.T) {
	f := sample(t)[2]
	for n, want := range map[int][]int{0: nil, 1: {1}, 100: {100}, 101: {100, 1}, 250: {100, 100, 50}} {
		var b bytes.Buffer
		require.NoError(t, report.ASFF(&b, seq(slices.Repeat([]policy.Finding{f}, n)...), &report.Options{All: true, Hub: hub(), Time: at}))
		var got []int
		for line := range bytes.Lines(b.Bytes()) {
			var batch []types.AwsSecurityFinding
			require.NoError(t, json.Unmarshal(line, &batch))
			got = append(got, len(batch))
		}
		assert.Equal(t, want, got)
	}
}

// assertASFF checks enumerations and lengths, which the client leaves to the service.
func assertASFF(t *testing.T, f types.AwsSecurityFinding) {
	t.Helper()
	assert.Contains(t, f.Severity.Label.Values(), f.Severity.Label)
	assert.Contains(t, f.Compliance.Status.Values(), f.Compliance.Status)
	assert.Contains(t, f.Workflow.Status.Values(), f.Workflow.Status)
	assert.Contains(t, f.RecordState.Values(), f.RecordState)
	for max, s := range map[int]*string{256: f.Title, 1024: f.Description, 512: f.Resources[0].Id} {
		assert.LessOrEqual(t, utf8.RuneCountInString(*s), max)
		assert.NotEmpty(t, strings.TrimSpace(*s))
	}
	r := f.Resources[0]
	assert.Contains(t, r.Partition.Values(), r.Partition)
	if *r.Type != "Other" && *r.Type != "AwsAccount" {
		_, known := reflect.TypeFor[types.ResourceDetails]().FieldByName(*r.Type)
		assert.True(t, known, "%s is a type of Security Hub", *r.Type)
	}
}

func TestASFFTypes(t *testing.T) {
	for _, typ := range []asset.Type{"AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::IAM::ManagedPolicy", "AWS::RDS::DBInstance", "AWS::KMS::Key", "AWS::SQS::Queue"} {
		f := sample(t)[2]
		a := *f.Asset()
		a.Type = typ
		f.Subject = policy.AssetSubject{Asset: &a}
		var b bytes.Buffer
		require.NoError(t, report.ASFF(&b, seq(f), &report.Options{All: true, Hub: hub(), Time: at}))
		var batch []types.AwsSecurityFinding
		require.NoError(t, json.Unmarshal(b.Bytes(), &batch))
		assert.NotEqual(t, "Other", *batch[0].Resources[0].Type)
		assertASFF(t, batch[0])
	}
}

func TestASFFHub(t *testing.T) {
	for _, scope := range []asset.Scope{{}, {Account: "1"}, {Region: "r"}} {
		assert.ErrorContains(t, report.ASFF(&bytes.Buffer{}, seq(), &report.Options{Hub: scope, Time: at}), "Options.Hub lacks the account or region")
	}
	assert.ErrorContains(t, report.ASFF(&bytes.Buffer{}, seq(), &report.Options{Hub: hub()}), "Options.Time is zero")
	assert.ErrorContains(t, report.OCSF(&bytes.Buffer{}, seq(), nil), "Options.Time is zero")
	var b bytes.Buffer
	require.NoError(t, report.ASFF(&b, seq(sample(t)[1]), &report.Options{Hub: asset.Scope{Account: "1", Region: "us-gov-west-1"}, Time: at}))
	assert.Contains(t, b.String(), `"arn:aws-us-gov:securityhub:us-gov-west-1:1:product/1/default"`)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) Do(r *http.Request) (*http.Response, error) { return f(r) }

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestOCSFIsValid(t *testing.T) {
	schema := readOCSF(t)
	all := sample(t)
	for _, s := range hostileTexts() {
		all = append(all, hostile(t, s)...)
	}
	var b bytes.Buffer
	require.NoError(t, report.OCSF(&b, seq(all...), &report.Options{All: true, Time: at}))
	n := 0
	for _, event := range decodeLines(t, b.Bytes()) {
		n++
		assert.Empty(t, schema.check("", event, schema.class), "%v", event)
	}
	assert.Equal(t, len(all), n)

	// The validator finds what is wrong.
	for _, edit := range []func(map[string]any){
		func(m map[string]any) { delete(m, "metadata") },
		func(m map[string]any) { m["surprise"] = 1 },
		func(m map[string]any) { m["severity_id"] = 77.0 },
		func(m map[string]any) { m["severity"] = "Bad" },
		func(m map[string]any) { m["class_uid"] = 2004.0 },
		func(m map[string]any) { m["time"] = "now" },
		func(m map[string]any) { m["resources"] = m["resources"].([]any)[0] },
		func(m map[string]any) { m["compliance"].(map[string]any)["status_id"] = 4.0 },
		func(m map[string]any) { m["evidences"] = []any{map[string]any{"name": "x"}} },
	} {
		event := decodeLines(t, b.Bytes())[1]
		edit(event)
		assert.NotEmpty(t, schema.check("", event, schema.class))
	}
}

// ocsfSchema is as much of the schema as is needed to check an event.
type ocsfSchema struct {
	class      ocsfObject
	objects    map[string]ocsfObject
	dictionary map[string]ocsfAttribute
	types      map[string]struct{ Type string }
}

type ocsfObject struct {
	Extends     string
	Attributes  map[string]ocsfAttribute
	Constraints map[string][]string
}

type ocsfAttribute struct {
	Type        string
	IsArray     bool `json:"is_array"`
	Requirement string
	Sibling     string
	Enum        map[string]struct{ Caption string }
	Deprecated  any `json:"@deprecated"`
}

func (a *ocsfAttribute) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' { // "$include"
		return nil
	}
	type plain ocsfAttribute
	return json.Unmarshal(b, (*plain)(a))
}

func readOCSF(t *testing.T) *ocsfSchema {
	t.Helper()
	dir := fixtures.Dir(t, "output", "ocsf-schema")
	read := func(name string, to any) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, to))
	}
	s := &ocsfSchema{objects: map[string]ocsfObject{}}
	var dictionary struct {
		Attributes map[string]ocsfAttribute
		Types      struct {
			Attributes map[string]struct{ Type string }
		}
	}
	read("dictionary.json", &dictionary)
	s.dictionary, s.types = dictionary.Attributes, dictionary.Types.Attributes
	files, err := filepath.Glob(filepath.Join(dir, "objects", "*.json"))
	require.NoError(t, err)
	for _, f := range files {
		var o ocsfObject
		read(filepath.Join("objects", filepath.Base(f)), &o)
		s.objects[strings.TrimSuffix(filepath.Base(f), ".json")] = o
	}
	// The class inherits from the ones before it; what it says of an attribute adds
	// to what they say. The cloud profile is in force.
	s.class.Attributes = map[string]ocsfAttribute{"cloud": {Requirement: "required"}}
	for _, name := range []string{"base_event.json", "findings/finding.json", "findings/compliance_finding.json"} {
		var o ocsfObject
		read(filepath.Join("events", name), &o)
		for k, a := range o.Attributes {
			before := s.class.Attributes[k]
			if a.Requirement == "" {
				a.Requirement = before.Requirement
			}
			if name == "findings/finding.json" && k == "status_id" {
				before.Enum = nil // another meaning than that of events
			}
			for id, x := range before.Enum {
				if a.Enum == nil {
					a.Enum = map[string]struct{ Caption string }{}
				}
				if _, ok := a.Enum[id]; !ok {
					a.Enum[id] = x
				}
			}
			s.class.Attributes[k] = a
		}
	}
	// The schema's compiler numbers classes within their category.
	var categories struct{ Attributes map[string]ocsfUID }
	var class ocsfUID
	read("categories.json", &categories)
	read("events/findings/compliance_finding.json", &class)
	category := categories.Attributes["findings"]
	s.number("category_uid", category.UID, category.Caption)
	s.number("class_uid", category.UID*1000+class.UID, class.Caption)
	s.number("type_uid", (category.UID*1000+class.UID)*100+1, class.Caption+": Create")
	return s
}

type ocsfUID struct {
	UID     int
	Caption string
}

// number sets the only value that an attribute may have.
func (s *ocsfSchema) number(name string, uid int, caption string) {
	a := s.class.Attributes[name]
	a.Enum = map[string]struct{ Caption string }{fmt.Sprint(uid): {caption}}
	s.class.Attributes[name] = a
}

// check returns what is wrong with an object.
func (s *ocsfSchema) check(path string, m map[string]any, o ocsfObject) []string {
	var wrong []string
	problem := func(format string, args ...any) { wrong = append(wrong, path+": "+fmt.Sprintf(format, args...)) }
	for name, a := range o.Attributes {
		if _, ok := m[name]; !ok && a.Requirement == "required" && !(path == "" && name == "cloud" && m["resources"] == nil) {
			problem("%s is missing", name)
		}
	}
	if names := o.Constraints["at_least_one"]; len(names) > 0 {
		found := false
		for _, name := range names {
			found = found || m[name] != nil
		}
		if !found {
			problem("none of %v", names)
		}
	}
	for name, value := range m {
		known, general := o.Attributes[name], s.dictionary[name]
		_, declared := o.Attributes[name]
		_, inDictionary := s.dictionary[name]
		// What an object has from one that is not at hand is looked up in the dictionary.
		if !inDictionary || !declared && !strings.HasPrefix(o.Extends, "_") {
			problem("%s is not in the schema", name)
			continue
		}
		if known.Deprecated != nil {
			problem("%s is deprecated", name)
		}
		values := []any{value}
		if general.IsArray {
			list, ok := value.([]any)
			if !ok {
				problem("%s is no list", name)
				continue
			}
			values = list
		}
		for _, v := range values {
			wrong = append(wrong, s.checkValue(path+"."+name, name, v, m, known, general)...)
		}
	}
	return wrong
}

func (s *ocsfSchema) checkValue(path, name string, v any, m map[string]any, known, general ocsfAttribute) []string {
	base := general.Type
	for s.types[base].Type != "" {
		base = s.types[base].Type
	}
	switch _, scalar := s.types[general.Type]; {
	case general.Type == "json_t":
		return nil
	case base == "integer_t" || base == "long_t":
		n, ok := v.(float64)
		if !ok || n != float64(int64(n)) {
			return []string{path + " is no integer"}
		}
		enum := general.Enum
		if len(known.Enum) > 0 {
			enum = map[string]struct{ Caption string }{}
			for _, e := range []map[string]struct{ Caption string }{general.Enum, known.Enum} {
				for id, x := range e {
					enum[id] = x
				}
			}
		}
		x, ok := enum[fmt.Sprint(int64(n))]
		if len(enum) > 0 && !ok {
			return []string{fmt.Sprintf("%s is %v, not one of its values", path, n)}
		}
		if sibling, ok := m[general.Sibling].(string); ok && len(enum) > 0 && n != 99 && sibling != x.Caption {
			return []string{fmt.Sprintf("%s is %q, not %q", path, sibling, x.Caption)}
		}
	case scalar:
		if _, ok := v.(string); base == "string_t" && !ok {
			return []string{path + " is no text"}
		}
	default:
		child, ok := v.(map[string]any)
		if !ok {
			return []string{path + " is no object"}
		}
		if o, ok := s.objects[general.Type]; ok {
			return s.check(path, child, o)
		}
	}
	return nil
}

// A finding without a severity of its own for its status has the policy's.
func TestOCSFStatus(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.OCSF(&b, seq(sample(t)...), &report.Options{All: true, Time: at}))
	var got []string
	for i, e := range decodeLines(t, b.Bytes()) {
		c := e["compliance"].(map[string]any)
		got = append(got, fmt.Sprint(c["status"], " ", e["severity"], " ", e["status"]))
		assert.Equal(t, sample(t)[i].Key(), e["finding_info"].(map[string]any)["uid"])
	}
	assert.Equal(t, []string{
		"Warning Critical New", "Fail Critical New", "Pass Informational <nil>", "Warning Critical New", "Fail Critical Suppressed",
		"Not Applicable Informational <nil>", "Fail High New", "Warning Medium New", "Fail Low New", "Warning High New", "Warning Critical New", "Warning Informational New",
	}, got)
}
