package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// s3OtherReads read the rest of a bucket's configuration.
func s3OtherReads(client *s3.Client) []collect.Read {
	return []collect.Read{{
		Op:     "s3:GetBucketLifecycleConfiguration",
		Absent: []string{"NoSuchLifecycleConfiguration"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			var rules []collect.Doc
			for _, r := range out.Rules {
				rules = append(rules, lifecycleRule(r))
			}
			d.Config["LifecycleConfiguration"] = collect.Doc{
				"Rules":                              rules,
				"TransitionDefaultMinimumObjectSize": out.TransitionDefaultMinimumObjectSize,
			}
			return nil
		},
	}, {
		Op:     "s3:GetBucketReplication",
		Absent: []string{"ReplicationConfigurationNotFoundError"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.ReplicationConfiguration == nil {
				return nil
			}
			var rules []collect.Doc
			for _, r := range out.ReplicationConfiguration.Rules {
				rules = append(rules, replicationRule(r))
				if r.Destination != nil {
					d.Link("replicates_to", s3Bucket, aws.ToString(r.Destination.Bucket))
				}
			}
			d.Config["ReplicationConfiguration"] = collect.Doc{"Role": out.ReplicationConfiguration.Role, "Rules": rules}
			return nil
		},
	}, {
		Op:     "s3:GetBucketWebsite",
		Absent: []string{"NoSuchWebsiteConfiguration"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			d.Config["WebsiteConfiguration"] = website(out)
			return nil
		},
	}, {
		Op:     "s3:GetBucketCors",
		Absent: []string{"NoSuchCORSConfiguration"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			var rules []collect.Doc
			for _, r := range out.CORSRules {
				rules = append(rules, collect.Doc{
					"AllowedHeaders": r.AllowedHeaders, "AllowedMethods": r.AllowedMethods, "AllowedOrigins": r.AllowedOrigins,
					"ExposedHeaders": r.ExposeHeaders, "Id": r.ID, "MaxAge": r.MaxAgeSeconds,
				})
			}
			d.Config["CorsConfiguration"] = collect.Doc{"CorsRules": rules}
			return nil
		},
	}, {
		Op: "s3:GetBucketNotificationConfiguration",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			notifications(d, out)
			return nil
		},
	}, {
		Op: "s3:GetBucketAccelerateConfiguration",
		// Regions without the feature answer so.
		Absent: []string{"UnsupportedArgument", "MethodNotAllowed"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketAccelerateConfiguration(ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.Status != "" {
				d.Config["AccelerateConfiguration"] = collect.Doc{"AccelerationStatus": out.Status}
			}
			return nil
		},
	}, {
		Op: "s3:GetBucketAbac",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketAbac(ctx, &s3.GetBucketAbacInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.AbacStatus != nil {
				d.Config["AbacStatus"] = out.AbacStatus.Status
			}
			return nil
		},
	}, {
		Op:     "s3:GetBucketMetadataConfiguration",
		Absent: []string{"MetadataConfigurationNotFound"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetBucketMetadataConfiguration(ctx, &s3.GetBucketMetadataConfigurationInput{Bucket: &d.Key}, inRegion(d))
			if err != nil {
				return err
			}
			if r := out.GetBucketMetadataConfigurationResult; r != nil && r.MetadataConfigurationResult != nil {
				metadataTables(d, r.MetadataConfigurationResult)
			}
			return nil
		},
	}, {
		Op: "s3:ListBucketAnalyticsConfigurations",
		Each: func(ctx context.Context, d *collect.Draft) error {
			return bucketList(ctx, d, "AnalyticsConfigurations", func(ctx context.Context, token *string) ([]collect.Doc, *string, error) {
				out, err := client.ListBucketAnalyticsConfigurations(ctx, &s3.ListBucketAnalyticsConfigurationsInput{Bucket: &d.Key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []collect.Doc
				for _, c := range out.AnalyticsConfigurationList {
					list = append(list, analyticsConfiguration(c))
				}
				return list, out.NextContinuationToken, nil
			})
		},
	}, {
		Op: "s3:ListBucketIntelligentTieringConfigurations",
		Each: func(ctx context.Context, d *collect.Draft) error {
			return bucketList(ctx, d, "IntelligentTieringConfigurations", func(ctx context.Context, token *string) ([]collect.Doc, *string, error) {
				out, err := client.ListBucketIntelligentTieringConfigurations(ctx, &s3.ListBucketIntelligentTieringConfigurationsInput{Bucket: &d.Key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []collect.Doc
				for _, c := range out.IntelligentTieringConfigurationList {
					one := collect.Doc{"Id": c.Id, "Status": c.Status, "Tierings": c.Tierings}
					if f := c.Filter; f != nil {
						filterBy(one, f.Prefix, f.Tag)
						if f.And != nil {
							filterBy(one, f.And.Prefix, nil, f.And.Tags...)
						}
					}
					list = append(list, one)
				}
				return list, out.NextContinuationToken, nil
			})
		},
	}, {
		Op: "s3:ListBucketInventoryConfigurations",
		Each: func(ctx context.Context, d *collect.Draft) error {
			return bucketList(ctx, d, "InventoryConfigurations", func(ctx context.Context, token *string) ([]collect.Doc, *string, error) {
				out, err := client.ListBucketInventoryConfigurations(ctx, &s3.ListBucketInventoryConfigurationsInput{Bucket: &d.Key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []collect.Doc
				for _, c := range out.InventoryConfigurationList {
					list = append(list, inventoryConfiguration(c))
				}
				return list, out.NextContinuationToken, nil
			})
		},
	}, {
		Op: "s3:ListBucketMetricsConfigurations",
		Each: func(ctx context.Context, d *collect.Draft) error {
			return bucketList(ctx, d, "MetricsConfigurations", func(ctx context.Context, token *string) ([]collect.Doc, *string, error) {
				out, err := client.ListBucketMetricsConfigurations(ctx, &s3.ListBucketMetricsConfigurationsInput{Bucket: &d.Key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []collect.Doc
				for _, c := range out.MetricsConfigurationList {
					list = append(list, metricsConfiguration(c))
				}
				return list, out.NextContinuationToken, nil
			})
		},
	}}
}

// metadataTables adds where the metadata of objects go. One operation answers for both
// versions of the configuration, which are two properties: tables of the first are in
// buckets of the customer's, and it has but the journal. How tables are encrypted is
// not answered.
func metadataTables(d *collect.Draft, x *s3types.MetadataConfigurationResult) {
	to, journal := x.DestinationResult, x.JournalTableConfigurationResult
	if to != nil && to.TableBucketType == s3types.S3TablesBucketTypeCustomer {
		first := collect.Doc{"TableBucketArn": to.TableBucketArn, "TableNamespace": to.TableNamespace}
		if journal != nil {
			first["TableArn"], first["TableName"] = journal.TableArn, journal.TableName
		}
		d.Config["MetadataTableConfiguration"] = collect.Doc{"S3TablesDestination": first}
		return
	}
	second := collect.Doc{"Destination": to}
	if journal != nil {
		second["JournalTableConfiguration"] = collect.Doc{
			"RecordExpiration": journal.RecordExpiration, "TableArn": journal.TableArn, "TableName": journal.TableName, "EncryptionConfiguration": collect.NotCollected(),
		}
	}
	if t := x.InventoryTableConfigurationResult; t != nil {
		second["InventoryTableConfiguration"] = collect.Doc{
			"ConfigurationState": t.ConfigurationState, "TableArn": t.TableArn, "TableName": t.TableName, "EncryptionConfiguration": collect.NotCollected(),
		}
	}
	if t := x.AnnotationTableConfigurationResult; t != nil {
		second["AnnotationTableConfiguration"] = collect.Doc{
			"ConfigurationState": t.ConfigurationState, "Role": t.Role, "TableArn": t.TableArn, "TableName": t.TableName, "EncryptionConfiguration": collect.NotCollected(),
		}
	}
	d.Config["MetadataConfiguration"] = second
}

// bucketList reads a paged list into a property of a bucket.
func bucketList(ctx context.Context, d *collect.Draft, property string, page func(context.Context, *string) ([]collect.Doc, *string, error)) error {
	var list []collect.Doc
	for c, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]collect.Doc, string, error) {
		items, next, err := page(ctx, optional(token))
		return items, aws.ToString(next), err
	}) {
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	d.Config[property] = list
	return nil
}

// filterBy adds a prefix and tags that select objects.
func filterBy(c collect.Doc, prefix *string, tag *s3types.Tag, tags ...s3types.Tag) {
	if prefix != nil {
		c["Prefix"] = prefix
	}
	if tag != nil {
		tags = []s3types.Tag{*tag}
	}
	if len(tags) > 0 {
		c["TagFilters"] = tags
	}
}

func lifecycleRule(r s3types.LifecycleRule) collect.Doc {
	one := collect.Doc{
		"Id":                             r.ID,
		"Status":                         r.Status,
		"AbortIncompleteMultipartUpload": r.AbortIncompleteMultipartUpload,
		"NoncurrentVersionExpiration":    r.NoncurrentVersionExpiration,
	}
	if f := r.Filter; f != nil {
		filterBy(one, f.Prefix, f.Tag)
		greater, less := f.ObjectSizeGreaterThan, f.ObjectSizeLessThan
		if f.And != nil {
			filterBy(one, f.And.Prefix, nil, f.And.Tags...)
			greater, less = f.And.ObjectSizeGreaterThan, f.And.ObjectSizeLessThan
		}
		one["ObjectSizeGreaterThan"], one["ObjectSizeLessThan"] = greater, less
	} else {
		one["Prefix"] = r.Prefix //nolint:staticcheck // old rules have it here
	}
	if e := r.Expiration; e != nil {
		one["ExpirationInDays"], one["ExpirationDate"], one["ExpiredObjectDeleteMarker"] = e.Days, e.Date, e.ExpiredObjectDeleteMarker
	}
	var noncurrent, current []collect.Doc
	for _, t := range r.NoncurrentVersionTransitions {
		noncurrent = append(noncurrent, collect.Doc{"StorageClass": t.StorageClass, "TransitionInDays": t.NoncurrentDays, "NewerNoncurrentVersions": t.NewerNoncurrentVersions})
	}
	for _, t := range r.Transitions {
		current = append(current, collect.Doc{"StorageClass": t.StorageClass, "TransitionInDays": t.Days, "TransitionDate": t.Date})
	}
	one["NoncurrentVersionTransitions"], one["Transitions"] = noncurrent, current
	return one
}

func replicationRule(r s3types.ReplicationRule) collect.Doc {
	one := collect.Doc{
		"Id": r.ID, "Priority": r.Priority, "Status": r.Status,
		"Prefix":                  r.Prefix, //nolint:staticcheck // old rules have it here
		"DeleteMarkerReplication": r.DeleteMarkerReplication,
		"SourceSelectionCriteria": r.SourceSelectionCriteria,
	}
	if f := r.Filter; f != nil {
		filter := collect.Doc{"Prefix": f.Prefix, "TagFilter": f.Tag}
		if f.And != nil {
			filter["And"] = collect.Doc{"Prefix": f.And.Prefix, "TagFilters": f.And.Tags}
		}
		one["Filter"] = filter
	}
	if to := r.Destination; to != nil {
		destination := collect.Doc{
			"AccessControlTranslation": to.AccessControlTranslation,
			"Account":                  to.Account, "Bucket": to.Bucket, "StorageClass": to.StorageClass,
			"Metrics": to.Metrics, "ReplicationTime": to.ReplicationTime,
		}
		if to.EncryptionConfiguration != nil {
			destination["EncryptionConfiguration"] = collect.Doc{"ReplicaKmsKeyID": to.EncryptionConfiguration.ReplicaKmsKeyID}
		}
		one["Destination"] = destination
	}
	return one
}

func website(out *s3.GetBucketWebsiteOutput) collect.Doc {
	site := collect.Doc{"RedirectAllRequestsTo": out.RedirectAllRequestsTo}
	if out.IndexDocument != nil {
		site["IndexDocument"] = out.IndexDocument.Suffix
	}
	if out.ErrorDocument != nil {
		site["ErrorDocument"] = out.ErrorDocument.Key
	}
	var rules []collect.Doc
	for _, r := range out.RoutingRules {
		rule := collect.Doc{}
		if to := r.Redirect; to != nil {
			rule["RedirectRule"] = collect.Doc{
				"HostName": to.HostName, "HttpRedirectCode": to.HttpRedirectCode, "Protocol": to.Protocol,
				"ReplaceKeyPrefixWith": to.ReplaceKeyPrefixWith, "ReplaceKeyWith": to.ReplaceKeyWith,
			}
		}
		if c := r.Condition; c != nil {
			rule["RoutingRuleCondition"] = collect.Doc{"HttpErrorCodeReturnedEquals": c.HttpErrorCodeReturnedEquals, "KeyPrefixEquals": c.KeyPrefixEquals}
		}
		rules = append(rules, rule)
	}
	site["RoutingRules"] = rules
	return site
}

// notifications has one entry for each event, where the API has one for each target.
func notifications(d *collect.Draft, out *s3.GetBucketNotificationConfigurationOutput) {
	entries := func(target, arn string, events []s3types.Event, filter *s3types.NotificationConfigurationFilter) []collect.Doc {
		var list []collect.Doc
		for _, e := range events {
			one := collect.Doc{"Event": e, target: arn}
			if filter != nil && filter.Key != nil {
				one["Filter"] = collect.Doc{"S3Key": collect.Doc{"Rules": filter.Key.FilterRules}}
			}
			list = append(list, one)
		}
		return list
	}
	c := collect.Doc{}
	var functions, queues, topics []collect.Doc
	for _, x := range out.LambdaFunctionConfigurations {
		functions = append(functions, entries("Function", aws.ToString(x.LambdaFunctionArn), x.Events, x.Filter)...)
		d.Link("notifies", lambdaFunction, unqualified(aws.ToString(x.LambdaFunctionArn)))
	}
	for _, x := range out.QueueConfigurations {
		queues = append(queues, entries("Queue", aws.ToString(x.QueueArn), x.Events, x.Filter)...)
		d.Link("notifies", "AWS::SQS::Queue", aws.ToString(x.QueueArn))
	}
	for _, x := range out.TopicConfigurations {
		topics = append(topics, entries("Topic", aws.ToString(x.TopicArn), x.Events, x.Filter)...)
		d.Link("notifies", "AWS::SNS::Topic", aws.ToString(x.TopicArn))
	}
	for name, list := range map[string][]collect.Doc{"LambdaConfigurations": functions, "QueueConfigurations": queues, "TopicConfigurations": topics} {
		if list != nil {
			c[name] = list
		}
	}
	if out.EventBridgeConfiguration != nil {
		c["EventBridgeConfiguration"] = collect.Doc{"EventBridgeEnabled": true}
	}
	if len(c) > 0 {
		d.Config["NotificationConfiguration"] = c
	}
}

func analyticsConfiguration(c s3types.AnalyticsConfiguration) collect.Doc {
	one := collect.Doc{"Id": c.Id}
	switch f := c.Filter.(type) {
	case *s3types.AnalyticsFilterMemberPrefix:
		one["Prefix"] = f.Value
	case *s3types.AnalyticsFilterMemberTag:
		filterBy(one, nil, &f.Value)
	case *s3types.AnalyticsFilterMemberAnd:
		filterBy(one, f.Value.Prefix, nil, f.Value.Tags...)
	}
	if s := c.StorageClassAnalysis; s != nil {
		analysis := collect.Doc{}
		if e := s.DataExport; e != nil {
			export := collect.Doc{"OutputSchemaVersion": e.OutputSchemaVersion}
			if e.Destination != nil && e.Destination.S3BucketDestination != nil {
				to := e.Destination.S3BucketDestination
				export["Destination"] = collect.Doc{"BucketAccountId": to.BucketAccountId, "BucketArn": to.Bucket, "Format": to.Format, "Prefix": to.Prefix}
			}
			analysis["DataExport"] = export
		}
		one["StorageClassAnalysis"] = analysis
	}
	return one
}

func inventoryConfiguration(c s3types.InventoryConfiguration) collect.Doc {
	one := collect.Doc{
		"Id": c.Id, "Enabled": c.IsEnabled, "IncludedObjectVersions": c.IncludedObjectVersions, "OptionalFields": c.OptionalFields,
	}
	if c.Destination != nil && c.Destination.S3BucketDestination != nil {
		to := c.Destination.S3BucketDestination
		one["Destination"] = collect.Doc{"BucketAccountId": to.AccountId, "BucketArn": to.Bucket, "Format": to.Format, "Prefix": to.Prefix}
	}
	if c.Schedule != nil {
		one["ScheduleFrequency"] = c.Schedule.Frequency
	}
	if c.Filter != nil {
		one["Prefix"] = c.Filter.Prefix
	}
	return one
}

func metricsConfiguration(c s3types.MetricsConfiguration) collect.Doc {
	one := collect.Doc{"Id": c.Id}
	switch f := c.Filter.(type) {
	case *s3types.MetricsFilterMemberPrefix:
		one["Prefix"] = f.Value
	case *s3types.MetricsFilterMemberTag:
		filterBy(one, nil, &f.Value)
	case *s3types.MetricsFilterMemberAccessPointArn:
		one["AccessPointArn"] = f.Value
	case *s3types.MetricsFilterMemberAnd:
		filterBy(one, f.Value.Prefix, nil, f.Value.Tags...)
		if f.Value.AccessPointArn != nil {
			one["AccessPointArn"] = f.Value.AccessPointArn
		}
	}
	return one
}
