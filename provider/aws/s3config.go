package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/openstance/stance/provider"
)

// s3OtherReads read the rest of a bucket's configuration.
func s3OtherReads(client *s3.Client) []read {
	return []read{{
		op:     "s3:GetBucketLifecycleConfiguration",
		absent: []string{"NoSuchLifecycleConfiguration"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			var rules []doc
			for _, r := range out.Rules {
				rules = append(rules, lifecycleRule(r))
			}
			d.config["LifecycleConfiguration"] = doc{
				"Rules":                              rules,
				"TransitionDefaultMinimumObjectSize": out.TransitionDefaultMinimumObjectSize,
			}
			return nil
		},
	}, {
		op:     "s3:GetBucketReplication",
		absent: []string{"ReplicationConfigurationNotFoundError"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.ReplicationConfiguration == nil {
				return nil
			}
			var rules []doc
			for _, r := range out.ReplicationConfiguration.Rules {
				rules = append(rules, replicationRule(r))
				if r.Destination != nil {
					d.link("replicates_to", s3Bucket, aws.ToString(r.Destination.Bucket))
				}
			}
			d.config["ReplicationConfiguration"] = doc{"Role": out.ReplicationConfiguration.Role, "Rules": rules}
			return nil
		},
	}, {
		op:     "s3:GetBucketWebsite",
		absent: []string{"NoSuchWebsiteConfiguration"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			d.config["WebsiteConfiguration"] = website(out)
			return nil
		},
	}, {
		op:     "s3:GetBucketCors",
		absent: []string{"NoSuchCORSConfiguration"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			var rules []doc
			for _, r := range out.CORSRules {
				rules = append(rules, doc{
					"AllowedHeaders": r.AllowedHeaders, "AllowedMethods": r.AllowedMethods, "AllowedOrigins": r.AllowedOrigins,
					"ExposedHeaders": r.ExposeHeaders, "Id": r.ID, "MaxAge": r.MaxAgeSeconds,
				})
			}
			d.config["CorsConfiguration"] = doc{"CorsRules": rules}
			return nil
		},
	}, {
		op: "s3:GetBucketNotificationConfiguration",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			notifications(d, out)
			return nil
		},
	}, {
		op: "s3:GetBucketAccelerateConfiguration",
		// Regions without the feature answer so.
		absent: []string{"UnsupportedArgument", "MethodNotAllowed"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketAccelerateConfiguration(ctx, &s3.GetBucketAccelerateConfigurationInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.Status != "" {
				d.config["AccelerateConfiguration"] = doc{"AccelerationStatus": out.Status}
			}
			return nil
		},
	}, {
		op: "s3:GetBucketAbac",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketAbac(ctx, &s3.GetBucketAbacInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if out.AbacStatus != nil {
				d.config["AbacStatus"] = out.AbacStatus.Status
			}
			return nil
		},
	}, {
		op:     "s3:GetBucketMetadataConfiguration",
		absent: []string{"MetadataConfigurationNotFound"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetBucketMetadataConfiguration(ctx, &s3.GetBucketMetadataConfigurationInput{Bucket: &d.key}, inRegion(d))
			if err != nil {
				return err
			}
			if r := out.GetBucketMetadataConfigurationResult; r != nil && r.MetadataConfigurationResult != nil {
				d.metadataTables(r.MetadataConfigurationResult)
			}
			return nil
		},
	}, {
		op: "s3:ListBucketAnalyticsConfigurations",
		each: func(ctx context.Context, d *draft) error {
			return bucketList(ctx, d, "AnalyticsConfigurations", func(ctx context.Context, token *string) ([]doc, *string, error) {
				out, err := client.ListBucketAnalyticsConfigurations(ctx, &s3.ListBucketAnalyticsConfigurationsInput{Bucket: &d.key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []doc
				for _, c := range out.AnalyticsConfigurationList {
					list = append(list, analyticsConfiguration(c))
				}
				return list, out.NextContinuationToken, nil
			})
		},
	}, {
		op: "s3:ListBucketIntelligentTieringConfigurations",
		each: func(ctx context.Context, d *draft) error {
			return bucketList(ctx, d, "IntelligentTieringConfigurations", func(ctx context.Context, token *string) ([]doc, *string, error) {
				out, err := client.ListBucketIntelligentTieringConfigurations(ctx, &s3.ListBucketIntelligentTieringConfigurationsInput{Bucket: &d.key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []doc
				for _, c := range out.IntelligentTieringConfigurationList {
					one := doc{"Id": c.Id, "Status": c.Status, "Tierings": c.Tierings}
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
		op: "s3:ListBucketInventoryConfigurations",
		each: func(ctx context.Context, d *draft) error {
			return bucketList(ctx, d, "InventoryConfigurations", func(ctx context.Context, token *string) ([]doc, *string, error) {
				out, err := client.ListBucketInventoryConfigurations(ctx, &s3.ListBucketInventoryConfigurationsInput{Bucket: &d.key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []doc
				for _, c := range out.InventoryConfigurationList {
					list = append(list, inventoryConfiguration(c))
				}
				return list, out.NextContinuationToken, nil
			})
		},
	}, {
		op: "s3:ListBucketMetricsConfigurations",
		each: func(ctx context.Context, d *draft) error {
			return bucketList(ctx, d, "MetricsConfigurations", func(ctx context.Context, token *string) ([]doc, *string, error) {
				out, err := client.ListBucketMetricsConfigurations(ctx, &s3.ListBucketMetricsConfigurationsInput{Bucket: &d.key, ContinuationToken: token}, inRegion(d))
				if err != nil {
					return nil, nil, err
				}
				var list []doc
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
func (d *draft) metadataTables(x *s3types.MetadataConfigurationResult) {
	to, journal := x.DestinationResult, x.JournalTableConfigurationResult
	if to != nil && to.TableBucketType == s3types.S3TablesBucketTypeCustomer {
		first := doc{"TableBucketArn": to.TableBucketArn, "TableNamespace": to.TableNamespace}
		if journal != nil {
			first["TableArn"], first["TableName"] = journal.TableArn, journal.TableName
		}
		d.config["MetadataTableConfiguration"] = doc{"S3TablesDestination": first}
		return
	}
	second := doc{"Destination": to}
	if journal != nil {
		second["JournalTableConfiguration"] = doc{
			"RecordExpiration": journal.RecordExpiration, "TableArn": journal.TableArn, "TableName": journal.TableName, "EncryptionConfiguration": notCollected(),
		}
	}
	if t := x.InventoryTableConfigurationResult; t != nil {
		second["InventoryTableConfiguration"] = doc{
			"ConfigurationState": t.ConfigurationState, "TableArn": t.TableArn, "TableName": t.TableName, "EncryptionConfiguration": notCollected(),
		}
	}
	if t := x.AnnotationTableConfigurationResult; t != nil {
		second["AnnotationTableConfiguration"] = doc{
			"ConfigurationState": t.ConfigurationState, "Role": t.Role, "TableArn": t.TableArn, "TableName": t.TableName, "EncryptionConfiguration": notCollected(),
		}
	}
	d.config["MetadataConfiguration"] = second
}

// bucketList reads a paged list into a property of a bucket.
func bucketList(ctx context.Context, d *draft, property string, page func(context.Context, *string) ([]doc, *string, error)) error {
	var list []doc
	for c, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]doc, string, error) {
		items, next, err := page(ctx, optional(token))
		return items, aws.ToString(next), err
	}) {
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	d.config[property] = list
	return nil
}

// filterBy adds a prefix and tags that select objects.
func filterBy(c doc, prefix *string, tag *s3types.Tag, tags ...s3types.Tag) {
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

func lifecycleRule(r s3types.LifecycleRule) doc {
	one := doc{
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
	var noncurrent, current []doc
	for _, t := range r.NoncurrentVersionTransitions {
		noncurrent = append(noncurrent, doc{"StorageClass": t.StorageClass, "TransitionInDays": t.NoncurrentDays, "NewerNoncurrentVersions": t.NewerNoncurrentVersions})
	}
	for _, t := range r.Transitions {
		current = append(current, doc{"StorageClass": t.StorageClass, "TransitionInDays": t.Days, "TransitionDate": t.Date})
	}
	one["NoncurrentVersionTransitions"], one["Transitions"] = noncurrent, current
	return one
}

func replicationRule(r s3types.ReplicationRule) doc {
	one := doc{
		"Id": r.ID, "Priority": r.Priority, "Status": r.Status,
		"Prefix":                  r.Prefix, //nolint:staticcheck // old rules have it here
		"DeleteMarkerReplication": r.DeleteMarkerReplication,
		"SourceSelectionCriteria": r.SourceSelectionCriteria,
	}
	if f := r.Filter; f != nil {
		filter := doc{"Prefix": f.Prefix, "TagFilter": f.Tag}
		if f.And != nil {
			filter["And"] = doc{"Prefix": f.And.Prefix, "TagFilters": f.And.Tags}
		}
		one["Filter"] = filter
	}
	if to := r.Destination; to != nil {
		destination := doc{
			"AccessControlTranslation": to.AccessControlTranslation,
			"Account":                  to.Account, "Bucket": to.Bucket, "StorageClass": to.StorageClass,
			"Metrics": to.Metrics, "ReplicationTime": to.ReplicationTime,
		}
		if to.EncryptionConfiguration != nil {
			destination["EncryptionConfiguration"] = doc{"ReplicaKmsKeyID": to.EncryptionConfiguration.ReplicaKmsKeyID}
		}
		one["Destination"] = destination
	}
	return one
}

func website(out *s3.GetBucketWebsiteOutput) doc {
	site := doc{"RedirectAllRequestsTo": out.RedirectAllRequestsTo}
	if out.IndexDocument != nil {
		site["IndexDocument"] = out.IndexDocument.Suffix
	}
	if out.ErrorDocument != nil {
		site["ErrorDocument"] = out.ErrorDocument.Key
	}
	var rules []doc
	for _, r := range out.RoutingRules {
		rule := doc{}
		if to := r.Redirect; to != nil {
			rule["RedirectRule"] = doc{
				"HostName": to.HostName, "HttpRedirectCode": to.HttpRedirectCode, "Protocol": to.Protocol,
				"ReplaceKeyPrefixWith": to.ReplaceKeyPrefixWith, "ReplaceKeyWith": to.ReplaceKeyWith,
			}
		}
		if c := r.Condition; c != nil {
			rule["RoutingRuleCondition"] = doc{"HttpErrorCodeReturnedEquals": c.HttpErrorCodeReturnedEquals, "KeyPrefixEquals": c.KeyPrefixEquals}
		}
		rules = append(rules, rule)
	}
	site["RoutingRules"] = rules
	return site
}

// notifications has one entry for each event, where the API has one for each target.
func notifications(d *draft, out *s3.GetBucketNotificationConfigurationOutput) {
	entries := func(target, arn string, events []s3types.Event, filter *s3types.NotificationConfigurationFilter) []doc {
		var list []doc
		for _, e := range events {
			one := doc{"Event": e, target: arn}
			if filter != nil && filter.Key != nil {
				one["Filter"] = doc{"S3Key": doc{"Rules": filter.Key.FilterRules}}
			}
			list = append(list, one)
		}
		return list
	}
	c := doc{}
	var functions, queues, topics []doc
	for _, x := range out.LambdaFunctionConfigurations {
		functions = append(functions, entries("Function", aws.ToString(x.LambdaFunctionArn), x.Events, x.Filter)...)
		d.link("notifies", lambdaFunction, unqualified(aws.ToString(x.LambdaFunctionArn)))
	}
	for _, x := range out.QueueConfigurations {
		queues = append(queues, entries("Queue", aws.ToString(x.QueueArn), x.Events, x.Filter)...)
		d.link("notifies", "AWS::SQS::Queue", aws.ToString(x.QueueArn))
	}
	for _, x := range out.TopicConfigurations {
		topics = append(topics, entries("Topic", aws.ToString(x.TopicArn), x.Events, x.Filter)...)
		d.link("notifies", "AWS::SNS::Topic", aws.ToString(x.TopicArn))
	}
	for name, list := range map[string][]doc{"LambdaConfigurations": functions, "QueueConfigurations": queues, "TopicConfigurations": topics} {
		if list != nil {
			c[name] = list
		}
	}
	if out.EventBridgeConfiguration != nil {
		c["EventBridgeConfiguration"] = doc{"EventBridgeEnabled": true}
	}
	if len(c) > 0 {
		d.config["NotificationConfiguration"] = c
	}
}

func analyticsConfiguration(c s3types.AnalyticsConfiguration) doc {
	one := doc{"Id": c.Id}
	switch f := c.Filter.(type) {
	case *s3types.AnalyticsFilterMemberPrefix:
		one["Prefix"] = f.Value
	case *s3types.AnalyticsFilterMemberTag:
		filterBy(one, nil, &f.Value)
	case *s3types.AnalyticsFilterMemberAnd:
		filterBy(one, f.Value.Prefix, nil, f.Value.Tags...)
	}
	if s := c.StorageClassAnalysis; s != nil {
		analysis := doc{}
		if e := s.DataExport; e != nil {
			export := doc{"OutputSchemaVersion": e.OutputSchemaVersion}
			if e.Destination != nil && e.Destination.S3BucketDestination != nil {
				to := e.Destination.S3BucketDestination
				export["Destination"] = doc{"BucketAccountId": to.BucketAccountId, "BucketArn": to.Bucket, "Format": to.Format, "Prefix": to.Prefix}
			}
			analysis["DataExport"] = export
		}
		one["StorageClassAnalysis"] = analysis
	}
	return one
}

func inventoryConfiguration(c s3types.InventoryConfiguration) doc {
	one := doc{
		"Id": c.Id, "Enabled": c.IsEnabled, "IncludedObjectVersions": c.IncludedObjectVersions, "OptionalFields": c.OptionalFields,
	}
	if c.Destination != nil && c.Destination.S3BucketDestination != nil {
		to := c.Destination.S3BucketDestination
		one["Destination"] = doc{"BucketAccountId": to.AccountId, "BucketArn": to.Bucket, "Format": to.Format, "Prefix": to.Prefix}
	}
	if c.Schedule != nil {
		one["ScheduleFrequency"] = c.Schedule.Frequency
	}
	if c.Filter != nil {
		one["Prefix"] = c.Filter.Prefix
	}
	return one
}

func metricsConfiguration(c s3types.MetricsConfiguration) doc {
	one := doc{"Id": c.Id}
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
