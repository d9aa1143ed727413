package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// accessAnalyzerTables read the analyzers of a region. One of the organization is visible
// only to the account that it is in, and analyzes all accounts of the organization.
func accessAnalyzerTables(u *unit) []collect.Table {
	client := accessanalyzer.NewFromConfig(u.config("accessanalyzer"))
	return []collect.Table{{
		Op:    "accessanalyzer:ListAnalyzers",
		Types: []asset.Type{accessAnalyzer},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListAnalyzers(ctx, &accessanalyzer.ListAnalyzersInput{NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Analyzers {
				d := analyzerDraft(x)
				if x.Type == analyzertypes.TypeOrganization {
					d.Observers = u.scan.members
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "accessanalyzer:ListArchiveRules",
			Each: func(ctx context.Context, d *collect.Draft) error {
				rules := []collect.Doc{}
				for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]analyzertypes.ArchiveRuleSummary, string, error) {
					out, err := client.ListArchiveRules(ctx, &accessanalyzer.ListArchiveRulesInput{AnalyzerName: &d.Name, NextToken: optional(token), MaxResults: aws.Int32(100)})
					if err != nil {
						return nil, "", err
					}
					return out.ArchiveRules, aws.ToString(out.NextToken), nil
				}) {
					if err != nil {
						return err
					}
					filter := []collect.Doc{}
					for _, property := range slices.Sorted(maps.Keys(r.Filter)) {
						c := r.Filter[property]
						filter = append(filter, collect.Doc{"Property": property, "Contains": c.Contains, "Eq": c.Eq, "Exists": c.Exists, "Neq": c.Neq})
					}
					rules = append(rules, collect.Doc{"RuleName": r.RuleName, "Filter": filter})
				}
				d.Config["ArchiveRules"] = rules
				return nil
			},
		}},
	}}
}

func analyzerDraft(x analyzertypes.AnalyzerSummary) *collect.Draft {
	d := collect.NewDraft(accessAnalyzer, aws.ToString(x.Arn), aws.ToString(x.Name))
	d.Created, d.Tags = aws.ToTime(x.CreatedAt), x.Tags
	if d.Tags == nil {
		d.Tags = map[string]string{}
	}
	d.Config = collect.Doc{
		"Arn":                   x.Arn,
		"AnalyzerName":          x.Name,
		"Type":                  x.Type,
		"AnalyzerConfiguration": analyzerConfiguration(x.Configuration),
	}
	d.Status = collect.Doc{
		"Status":                 x.Status,
		"StatusReason":           x.StatusReason,
		"CreatedAt":              x.CreatedAt,
		"LastResourceAnalyzed":   x.LastResourceAnalyzed,
		"LastResourceAnalyzedAt": x.LastResourceAnalyzedAt,
	}
	return d
}

// analyzerConfiguration returns the configuration as CloudFormation has it, which is a
// union in the API.
func analyzerConfiguration(x analyzertypes.AnalyzerConfiguration) any {
	switch c := x.(type) {
	case *analyzertypes.AnalyzerConfigurationMemberUnusedAccess:
		unused := collect.Doc{"UnusedAccessAge": c.Value.UnusedAccessAge, "AnalysisRule": nil}
		if c.Value.AnalysisRule != nil {
			exclusions := []collect.Doc{}
			for _, e := range c.Value.AnalysisRule.Exclusions {
				tags := []collect.Pairs{}
				for _, set := range e.ResourceTags {
					tags = append(tags, set)
				}
				exclusions = append(exclusions, collect.Doc{"AccountIds": e.AccountIds, "ResourceTags": tags})
			}
			unused["AnalysisRule"] = collect.Doc{"Exclusions": exclusions}
		}
		return collect.Doc{"UnusedAccessConfiguration": unused}
	case *analyzertypes.AnalyzerConfigurationMemberInternalAccess:
		internal := collect.Doc{}
		if c.Value.AnalysisRule != nil {
			internal["InternalAccessAnalysisRule"] = c.Value.AnalysisRule
		}
		return collect.Doc{"InternalAccessConfiguration": internal}
	}
	return nil
}
