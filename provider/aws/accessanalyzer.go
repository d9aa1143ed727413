package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const accessAnalyzer asset.Type = "AWS::AccessAnalyzer::Analyzer"

// accessAnalyzerTables read the analyzers of a region. One of the organisation is told
// only to the account that it is in, and analyses all accounts of the organisation.
func accessAnalyzerTables(u *unit) []table {
	client := accessanalyzer.NewFromConfig(u.config("accessanalyzer"))
	return []table{{
		op:    "accessanalyzer:ListAnalyzers",
		types: []asset.Type{accessAnalyzer},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListAnalyzers(ctx, &accessanalyzer.ListAnalyzersInput{NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Analyzers {
				d := analyzerDraft(x)
				if x.Type == analyzertypes.TypeOrganization {
					d.observers = u.scan.members
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "accessanalyzer:ListArchiveRules",
			each: func(ctx context.Context, d *draft) error {
				rules := []doc{}
				for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]analyzertypes.ArchiveRuleSummary, string, error) {
					out, err := client.ListArchiveRules(ctx, &accessanalyzer.ListArchiveRulesInput{AnalyzerName: &d.name, NextToken: optional(token), MaxResults: aws.Int32(100)})
					if err != nil {
						return nil, "", err
					}
					return out.ArchiveRules, aws.ToString(out.NextToken), nil
				}) {
					if err != nil {
						return err
					}
					filter := []doc{}
					for _, property := range slices.Sorted(maps.Keys(r.Filter)) {
						c := r.Filter[property]
						filter = append(filter, doc{"Property": property, "Contains": c.Contains, "Eq": c.Eq, "Exists": c.Exists, "Neq": c.Neq})
					}
					rules = append(rules, doc{"RuleName": r.RuleName, "Filter": filter})
				}
				d.config["ArchiveRules"] = rules
				return nil
			},
		}},
	}}
}

func analyzerDraft(x analyzertypes.AnalyzerSummary) *draft {
	d := newDraft(accessAnalyzer, aws.ToString(x.Arn), aws.ToString(x.Name))
	d.created, d.tags = aws.ToTime(x.CreatedAt), x.Tags
	if d.tags == nil {
		d.tags = map[string]string{}
	}
	d.config = doc{
		"Arn":                   x.Arn,
		"AnalyzerName":          x.Name,
		"Type":                  x.Type,
		"AnalyzerConfiguration": analyzerConfiguration(x.Configuration),
	}
	d.status = doc{
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
		unused := doc{"UnusedAccessAge": c.Value.UnusedAccessAge, "AnalysisRule": nil}
		if c.Value.AnalysisRule != nil {
			exclusions := []doc{}
			for _, e := range c.Value.AnalysisRule.Exclusions {
				tags := [][]doc{}
				for _, set := range e.ResourceTags {
					tags = append(tags, tagList(set))
				}
				exclusions = append(exclusions, doc{"AccountIds": e.AccountIds, "ResourceTags": tags})
			}
			unused["AnalysisRule"] = doc{"Exclusions": exclusions}
		}
		return doc{"UnusedAccessConfiguration": unused}
	case *analyzertypes.AnalyzerConfigurationMemberInternalAccess:
		internal := doc{}
		if c.Value.AnalysisRule != nil {
			internal["InternalAccessAnalysisRule"] = c.Value.AnalysisRule
		}
		return doc{"InternalAccessConfiguration": internal}
	}
	return nil
}
