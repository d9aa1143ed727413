package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// indexServer answers the operations of Resource Explorer and of the tagging API as
// AWS documents them, and hands the others on.
type indexServer struct {
	next              *controlServer
	aggregator        string            // region; "" if there is none
	state             string            // of each index
	filter            string            // of each default view
	kinds             []string          // that are supported
	resources, tagged map[string]string // by kind or by ARN, the region
	fails             string            // the operation that is denied
	mu                sync.Mutex
	calls             map[string]int
}

func (s *indexServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.URL.Path, "/")
	if target, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "ResourceGroupsTaggingAPI_20170126."); ok {
		operation = target
	} else if r.Header.Get("X-Amz-Target") != "" {
		s.next.ServeHTTP(w, r)
		return
	}
	region := signedRegion.FindStringSubmatch(r.Header.Get("Authorization"))[1]
	body, _ := io.ReadAll(r.Body)
	var in struct{ NextToken, PaginationToken string }
	json.Unmarshal(body, &in)
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[operation]++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if operation == s.fails {
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		json.NewEncoder(w).Encode(map[string]string{"Message": "no"})
		return
	}
	var out any
	list := []map[string]any{}
	switch operation {
	case "ListIndexes":
		for _, at := range []string{"us-east-1", "eu-west-1"} {
			kind := "LOCAL"
			if at == s.aggregator {
				kind = "AGGREGATOR"
			}
			list = append(list, map[string]any{"Region": at, "Type": kind})
		}
		out = map[string]any{"Indexes": list}
	case "GetIndex":
		out = map[string]any{"State": s.state}
		if region == s.aggregator {
			out = map[string]any{"State": s.state, "ReplicatingFrom": []string{"us-east-1"}}
		}
	case "GetDefaultView":
		out = map[string]any{"ViewArn": "arn:aws:resource-explorer-2:" + region + ":123456789012:view/all/1"}
	case "GetView":
		out = map[string]any{"View": map[string]any{"Filters": map[string]string{"FilterString": s.filter}}}
	case "ListSupportedResourceTypes":
		for _, kind := range s.kinds {
			list = append(list, map[string]any{"ResourceType": kind})
		}
		out = map[string]any{"ResourceTypes": list}
	case "ListResources":
		if in.NextToken == "" { // nothing on the first page
			out = map[string]any{"Resources": list, "NextToken": "more"}
			break
		}
		for kind, at := range s.resources {
			if at == region || region == s.aggregator {
				list = append(list, map[string]any{"ResourceType": kind, "Region": at, "OwningAccountId": "123456789012"})
				list = append(list, map[string]any{"ResourceType": "glue:trigger", "Region": at, "OwningAccountId": "210987654321"})
			}
		}
		out = map[string]any{"Resources": list}
	case "GetResources":
		for arn, at := range s.tagged {
			if at == region {
				list = append(list, map[string]any{"ResourceARN": arn})
			}
		}
		out = map[string]any{"ResourceTagMappingList": list}
	}
	json.NewEncoder(w).Encode(out)
}

func TestIndexSparesLists(t *testing.T) {
	const trigger, crawler asset.Type = "AWS::Glue::Trigger", "AWS::Glue::Crawler"
	// As many types as make an index worth it in two regions, the first three looked at.
	types := []asset.Type{glueJob, trigger, crawler}
	p := New(aws.Config{}, nil)
	for _, typ := range slices.Sorted(maps.Keys(resources())) {
		r := resources()[typ]
		if len(types) < worthAnIndex/2 && len(r.Needs) == 0 && !r.CrossAccount && !isGlobal(typ) && !slices.Contains(types, typ) && len(p.controlled(provider.Query{Types: []asset.Type{typ}})) > 0 {
			types = append(types, typ)
		}
	}
	explorer := func() *indexServer {
		return &indexServer{state: "ACTIVE", kinds: []string{"glue:job", "glue:trigger"}, resources: map[string]string{"glue:job": "eu-west-1"}}
	}
	for name, c := range map[string]struct {
		server func(*indexServer)
		opts   Options
		types  []asset.Type
		want   string // lists of the three, in us-east-1 and eu-west-1
	}{
		"of each region":     {want: "job 1, trigger 0, crawler 2"},
		"of all regions":     {server: func(s *indexServer) { s.aggregator = "eu-west-1" }, want: "job 1, trigger 0, crawler 2"},
		"that is being made": {server: func(s *indexServer) { s.state = "CREATING" }, want: "job 2, trigger 2, crawler 2"},
		"with a filter":      {server: func(s *indexServer) { s.filter = "service:s3" }, want: "job 2, trigger 2, crawler 2"},
		"that is denied":     {server: func(s *indexServer) { s.fails = "ListIndexes" }, want: "job 2, trigger 2, crawler 2"},
		"with no list of it": {server: func(s *indexServer) { s.fails = "ListResources" }, want: "job 2, trigger 2, crawler 2"},
		"that is not wanted": {opts: Options{Index: NoIndex}, want: "job 2, trigger 2, crawler 2"},
		"for a few types":    {types: types[:3], want: "job 2, trigger 2, crawler 2"},
		"by tags": {server: func(s *indexServer) {
			s.tagged = map[string]string{"arn:aws:glue:eu-west-1:123456789012:trigger/t": "eu-west-1"}
		}, opts: Options{Index: Tags}, want: "job 0, trigger 1, crawler 0"},
		"by tags that are denied": {server: func(s *indexServer) { s.fails = "GetResources" }, opts: Options{Index: Tags}, want: "job 2, trigger 2, crawler 2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := explorer()
			s.next = &controlServer{}
			if c.server != nil {
				c.server(s)
			}
			x := overWire(t, s, "us-east-1", "eu-west-1")
			x.Provider.opts.Index = c.opts.Index
			if c.types == nil {
				c.types = types
			}
			inv := x.collect(t, c.types...)
			n := s.next.calls
			assert.Equal(t, c.want, fmt.Sprintf("job %d, trigger %d, crawler %d", n["ListResources AWS::Glue::Job"], n["ListResources AWS::Glue::Trigger"], n["ListResources AWS::Glue::Crawler"]))
			for _, region := range []string{"us-east-1", "eu-west-1"} {
				assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012", Region: region}, glueJob), "what was spared is not known to be empty")
			}
			assert.LessOrEqual(t, s.calls["ListIndexes"], 1)
			assert.LessOrEqual(t, s.calls["ListResources"], 4, "each index is read once")
		})
	}
}
