package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func flowLogTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeFlowLogs",
		Types: []asset.Type{ec2FlowLog},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{Filter: u.ec2Only("flow-log-id", "vpc-flow-log/", ec2FlowLog), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.FlowLogs {
				ds = append(ds, flowLogDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func flowLogDraft(u *unit, x ec2types.FlowLog) *collect.Draft {
	id := aws.ToString(x.FlowLogId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2FlowLog, u.ec2ARN("", "vpc-flow-log", id), ec2Name(tags, id))
	d.Tags, d.Incarnation, d.Created = tags, id, aws.ToTime(x.CreationTime)
	d.Config = collect.Doc{
		"Id":                       id,
		"DeliverCrossAccountRole":  x.DeliverCrossAccountRole,
		"DeliverLogsPermissionArn": x.DeliverLogsPermissionArn,
		"DestinationOptions":       x.DestinationOptions,
		"LogDestination":           x.LogDestination,
		"LogDestinationType":       x.LogDestinationType,
		"LogFormat":                x.LogFormat,
		"LogGroupName":             x.LogGroupName,
		"MaxAggregationInterval":   x.MaxAggregationInterval,
		"ResourceId":               x.ResourceId,
		"TagFieldSpecifications":   x.TagFieldSpecifications,
		"TrafficType":              x.TrafficType,
	}
	d.Status = collect.Doc{
		"FlowLogStatus":           x.FlowLogStatus,
		"DeliverLogsStatus":       x.DeliverLogsStatus,
		"DeliverLogsErrorMessage": x.DeliverLogsErrorMessage,
		"CreationTime":            x.CreationTime,
	}
	// What is monitored is known by its id, which begins with what it is.
	monitored := aws.ToString(x.ResourceId)
	for _, m := range []struct {
		prefix, kind, resourceType string
		typ                        asset.Type
	}{
		{"vpc-", "vpc", "VPC", ec2VPC},
		{"subnet-", "subnet", "Subnet", ec2Subnet},
		{"eni-", "network-interface", "NetworkInterface", ec2NetworkInterface},
		{"nat-", "natgateway", "RegionalNatGateway", ec2NATGateway},
		{"tgw-attach-", "transit-gateway-attachment", "TransitGatewayAttachment", "AWS::EC2::TransitGatewayAttachment"},
		{"tgw-", "transit-gateway", "TransitGateway", "AWS::EC2::TransitGateway"},
	} {
		if strings.HasPrefix(monitored, m.prefix) {
			d.Config["ResourceType"] = m.resourceType
			d.Link("monitors", m.typ, u.ec2ARN("", m.kind, monitored))
			break
		}
	}
	destination := aws.ToString(x.LogDestination)
	switch {
	case x.LogDestinationType == ec2types.LogDestinationTypeS3:
		bucket, _, _ := strings.Cut(destination, "/")
		d.Link("logs_to", s3Bucket, bucket)
	case x.LogDestinationType == ec2types.LogDestinationTypeKinesisDataFirehose:
	case destination != "":
		d.Link("logs_to", logGroup, logGroupARN(destination))
	case x.LogGroupName != nil:
		d.Link("logs_to", logGroup, u.arn("logs", "log-group:"+*x.LogGroupName))
	}
	d.Link("role", iamRole, aws.ToString(x.DeliverLogsPermissionArn))
	return d
}
