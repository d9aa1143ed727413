package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	searchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// opensearchTables read domains, those that still run Elasticsearch among them.
func opensearchTables(u *unit) []collect.Table {
	client := opensearch.NewFromConfig(u.config("opensearch"))
	const describe = "opensearch:DescribeDomains"
	return []collect.Table{{
		Op:    "opensearch:ListDomainNames",
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{searchDomain},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			out, err := client.ListDomainNames(ctx, &opensearch.ListDomainNamesInput{})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DomainNames {
				name := aws.ToString(x.DomainName)
				ds = append(ds, collect.NewDraft(searchDomain, u.arn("es", "domain/"+name), name))
			}
			return ds, "", nil
		},
		Reads: []collect.Read{{
			Op:   describe,
			Size: 5, // the API takes no more
			Together: func(ctx context.Context, ds []*collect.Draft) error {
				names := make([]string, len(ds))
				for i, d := range ds {
					names[i] = d.Name
				}
				out, err := client.DescribeDomains(ctx, &opensearch.DescribeDomainsInput{DomainNames: names})
				if err != nil {
					return err
				}
				byName := map[string]searchtypes.DomainStatus{}
				for _, x := range out.DomainStatusList {
					byName[aws.ToString(x.DomainName)] = x
				}
				for _, d := range ds {
					if x, ok := byName[d.Name]; ok {
						searchRead(ctx, u, d, x)
					} else {
						d.Fail(unread(describe, codeNotListed, "the domain is not in the answer"))
					}
				}
				return nil
			},
		}, {
			Op: "opensearch:ListTags",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTags(ctx, &opensearch.ListTagsInput{ARN: &d.ID})
				if err != nil {
					return err
				}
				d.Tags = tagMap(out.TagList, func(t searchtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func searchRead(ctx context.Context, u *unit, d *collect.Draft, x searchtypes.DomainStatus) {
	d.Incarnation = aws.ToString(x.DomainId)
	d.Access = policyDocument("opensearch:DescribeDomains", x.AccessPolicies)
	d.Config = collect.Doc{
		"AIMLOptions":                   x.AIMLOptions,
		"AccessPolicies":                d.Access,
		"AdvancedOptions":               x.AdvancedOptions,
		"AdvancedSecurityOptions":       x.AdvancedSecurityOptions,
		"Arn":                           x.ARN,
		"AutomatedSnapshotPauseOptions": x.AutomatedSnapshotPauseOptions,
		"ClusterConfig":                 x.ClusterConfig,
		"CognitoOptions":                x.CognitoOptions,
		"DeploymentStrategyOptions":     x.DeploymentStrategyOptions,
		"DomainArn":                     x.ARN,
		"DomainEndpoint":                x.Endpoint,
		"DomainEndpointOptions":         x.DomainEndpointOptions,
		"DomainEndpointV2":              x.EndpointV2,
		"DomainEndpoints":               x.Endpoints,
		"DomainName":                    x.DomainName,
		"EBSOptions":                    x.EBSOptions,
		"EncryptionAtRestOptions":       x.EncryptionAtRestOptions,
		"EngineMode":                    collect.NotCollected(),
		"EngineVersion":                 x.EngineVersion,
		"IPAddressType":                 x.IPAddressType,
		"Id":                            x.DomainId,
		"IdentityCenterOptions":         x.IdentityCenterOptions,
		"LogPublishingOptions":          x.LogPublishingOptions,
		"NodeToNodeEncryptionOptions":   x.NodeToNodeEncryptionOptions,
		"OffPeakWindowOptions":          x.OffPeakWindowOptions,
		"ServiceSoftwareOptions":        x.ServiceSoftwareOptions,
		"SkipShardMigrationWait":        collect.NotCollected(),
		"SnapshotOptions":               x.SnapshotOptions,
		"SoftwareUpdateOptions":         x.SoftwareUpdateOptions,
		"UseCase":                       collect.NotCollected(),
		"VPCOptions":                    x.VPCOptions,
	}
	if s := x.AdvancedSecurityOptions; s != nil {
		d.SetUnread(collect.NotCollected(), "config.AdvancedSecurityOptions.MasterUserOptions")
		if s.SAMLOptions != nil {
			d.SetUnread(collect.NotCollected(), "config.AdvancedSecurityOptions.SAMLOptions.MasterBackendRole", "config.AdvancedSecurityOptions.SAMLOptions.MasterUserName")
		}
	}
	d.Status = collect.Doc{"Created": x.Created, "Deleted": x.Deleted, "Processing": x.Processing}
	if v := x.VPCOptions; v != nil {
		linkNetwork(d, ctx, u, v.VPCId, nil, v.SecurityGroupIds)
	}
	if e := x.EncryptionAtRestOptions; e != nil {
		d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(e.KmsKeyId)))
	}
}
