package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	searchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"github.com/openstance/stance/asset"
)

const searchDomain asset.Type = "AWS::OpenSearchService::Domain"

// opensearchTables read domains, those that still run Elasticsearch among them.
func opensearchTables(u *unit) []table {
	client := opensearch.NewFromConfig(u.config("opensearch"))
	const describe = "opensearch:DescribeDomains"
	return []table{{
		op:    "opensearch:ListDomainNames",
		also:  []string{"ec2:DescribeSubnets"},
		types: []asset.Type{searchDomain},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			out, err := client.ListDomainNames(ctx, &opensearch.ListDomainNamesInput{})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.DomainNames {
				name := aws.ToString(x.DomainName)
				ds = append(ds, newDraft(searchDomain, u.arn("es", "domain/"+name), name))
			}
			return ds, "", nil
		},
		reads: []read{{
			op:   describe,
			size: 5, // the API takes no more
			together: func(ctx context.Context, ds []*draft) error {
				names := make([]string, len(ds))
				for i, d := range ds {
					names[i] = d.name
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
					if x, ok := byName[d.name]; ok {
						searchRead(ctx, u, d, x)
					} else {
						d.setUnread(u.scan.provider.fills(d.Type, describe), &asset.Unread{Op: describe, Code: codeNotListed, Message: "the domain is not in the answer"})
					}
				}
				return nil
			},
		}, {
			op: "opensearch:ListTags",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListTags(ctx, &opensearch.ListTagsInput{ARN: &d.ID})
				if err != nil {
					return err
				}
				d.tags = tagMap(out.TagList, func(t searchtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func searchRead(ctx context.Context, u *unit, d *draft, x searchtypes.DomainStatus) {
	d.incarnation = aws.ToString(x.DomainId)
	d.access = policyDocument("opensearch:DescribeDomains", x.AccessPolicies)
	d.config = doc{
		"AIMLOptions":                   x.AIMLOptions,
		"AccessPolicies":                d.access,
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
		"EngineMode":                    notCollected(),
		"EngineVersion":                 x.EngineVersion,
		"IPAddressType":                 x.IPAddressType,
		"Id":                            x.DomainId,
		"IdentityCenterOptions":         x.IdentityCenterOptions,
		"LogPublishingOptions":          x.LogPublishingOptions,
		"NodeToNodeEncryptionOptions":   x.NodeToNodeEncryptionOptions,
		"OffPeakWindowOptions":          x.OffPeakWindowOptions,
		"ServiceSoftwareOptions":        x.ServiceSoftwareOptions,
		"SkipShardMigrationWait":        notCollected(),
		"SnapshotOptions":               x.SnapshotOptions,
		"SoftwareUpdateOptions":         x.SoftwareUpdateOptions,
		"UseCase":                       notCollected(),
		"VPCOptions":                    x.VPCOptions,
	}
	if s := x.AdvancedSecurityOptions; s != nil {
		d.setUnread([]asset.Path{"config.AdvancedSecurityOptions.MasterUserOptions"}, notCollected())
		if s.SAMLOptions != nil {
			d.setUnread([]asset.Path{"config.AdvancedSecurityOptions.SAMLOptions.MasterBackendRole", "config.AdvancedSecurityOptions.SAMLOptions.MasterUserName"}, notCollected())
		}
	}
	d.status = doc{"Created": x.Created, "Deleted": x.Deleted, "Processing": x.Processing}
	if v := x.VPCOptions; v != nil {
		d.linkNetwork(ctx, u, v.VPCId, nil, v.SecurityGroupIds)
	}
	if e := x.EncryptionAtRestOptions; e != nil {
		d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(e.KmsKeyId)))
	}
}
