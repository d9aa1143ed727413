package aws

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	api2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// gatewayARN makes the ARN of a resource of API Gateway, in which there is no account.
func gatewayARN(u *unit, path string) string {
	return awsapi.ARN(u.account.session.Partition, "apigateway", u.region, "", path)
}

// apigatewayTables read REST APIs, and the stages of each.
func apigatewayTables(u *unit) []collect.Table {
	client := apigateway.NewFromConfig(u.config("apigateway"))
	return []collect.Table{{
		Op:    "apigateway:GetRestApis",
		Types: []asset.Type{restAPI},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.GetRestApis(ctx, &apigateway.GetRestApisInput{Position: optional(token), Limit: aws.Int32(500)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Items {
				ds = append(ds, restAPIDraft(u, x))
			}
			return ds, aws.ToString(out.Position), nil
		},
		Under: []collect.Table{{
			Op:    "apigateway:GetStages",
			Types: []asset.Type{restStage},
			Of:    restAPI,
			ListOf: func(ctx context.Context, api *collect.Draft, _ string) ([]*collect.Draft, string, error) {
				out, err := client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api.Key})
				if err != nil {
					return nil, "", err
				}
				var ds []*collect.Draft
				for _, x := range out.Item {
					ds = append(ds, restStageDraft(api, x))
				}
				return ds, "", nil
			},
		}},
	}}
}

func restAPIDraft(u *unit, x apitypes.RestApi) *collect.Draft {
	id := aws.ToString(x.Id)
	d := collect.NewDraft(restAPI, gatewayARN(u, "/restapis/"+id), aws.ToString(x.Name))
	d.Key, d.Incarnation, d.Created, d.Tags = id, id, aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.Access = restPolicy(x.Policy)
	d.Config = collect.Doc{
		"ApiKeySourceType":          x.ApiKeySource,
		"BinaryMediaTypes":          x.BinaryMediaTypes,
		"Description":               x.Description,
		"DisableExecuteApiEndpoint": x.DisableExecuteApiEndpoint,
		"EndpointAccessMode":        x.EndpointAccessMode,
		"EndpointConfiguration":     x.EndpointConfiguration,
		"MinimumCompressionSize":    x.MinimumCompressionSize,
		"Name":                      x.Name,
		"Policy":                    d.Access,
		"RestApiId":                 id,
		"RootResourceId":            x.RootResourceId,
		"SecurityPolicy":            x.SecurityPolicy,
		"Version":                   x.Version,
	}
	d.Status = collect.Doc{"CreatedDate": x.CreatedDate}
	return d
}

// restPolicy returns the policy of an API. The service answers it with the quotes of
// a JSON string escaped, but without those around it.
func restPolicy(text *string) any {
	if text != nil {
		var plain string
		if err := json.Unmarshal([]byte(`"`+*text+`"`), &plain); err == nil {
			text = &plain
		}
	}
	return policyDocument("apigateway:GetRestApis", text)
}

func restStageDraft(api *collect.Draft, x apitypes.Stage) *collect.Draft {
	name := aws.ToString(x.StageName)
	d := collect.NewDraft(restStage, api.ID+"/stages/"+name, name)
	d.Created, d.Tags = aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.Incarnation = incarnationAt(d.Created)
	var canary collect.Doc
	if c := x.CanarySettings; c != nil {
		canary = collect.Doc{"DeploymentId": c.DeploymentId, "PercentTraffic": c.PercentTraffic, "StageVariableOverrides": c.StageVariableOverrides, "UseStageCache": c.UseStageCache}
	}
	d.Config = collect.Doc{
		"AccessLogSetting":     x.AccessLogSettings,
		"CacheClusterEnabled":  x.CacheClusterEnabled,
		"CacheClusterSize":     x.CacheClusterSize,
		"CanarySetting":        canary,
		"ClientCertificateId":  x.ClientCertificateId,
		"DeploymentId":         x.DeploymentId,
		"Description":          x.Description,
		"DocumentationVersion": x.DocumentationVersion,
		"MethodSettings":       methodSettings(x.MethodSettings),
		"RestApiId":            api.Key,
		"StageName":            x.StageName,
		"TracingEnabled":       x.TracingEnabled,
		"Variables":            x.Variables,
	}
	d.Status = collect.Doc{"CreatedDate": x.CreatedDate, "LastUpdatedDate": x.LastUpdatedDate, "WebAclArn": x.WebAclArn}
	d.Link("parent", restAPI, api.ID)
	if acl := aws.ToString(x.WebAclArn); strings.Contains(acl, ":wafv2:") {
		d.Link("web_acl", webACL, acl)
	}
	if x.AccessLogSettings != nil {
		linkLogGroup(d, x.AccessLogSettings.DestinationArn)
	}
	return d
}

// methodSettings returns settings as CloudFormation lists them. The API has them by
// path and method, with the slashes in the path escaped.
func methodSettings(settings map[string]apitypes.MethodSetting) []collect.Doc {
	var list []collect.Doc
	keys := make([]string, 0, len(settings))
	for key := range settings {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		s := settings[key]
		path, method := "", key
		if i := strings.LastIndexByte(key, '/'); i >= 0 {
			path, method = key[:i], key[i+1:]
		}
		list = append(list, collect.Doc{
			"CacheDataEncrypted":   s.CacheDataEncrypted,
			"CacheTtlInSeconds":    s.CacheTtlInSeconds,
			"CachingEnabled":       s.CachingEnabled,
			"DataTraceEnabled":     s.DataTraceEnabled,
			"HttpMethod":           method,
			"LoggingLevel":         s.LoggingLevel,
			"MetricsEnabled":       s.MetricsEnabled,
			"ResourcePath":         "/" + path,
			"ThrottlingBurstLimit": s.ThrottlingBurstLimit,
			"ThrottlingRateLimit":  s.ThrottlingRateLimit,
		})
	}
	return list
}

// linkLogGroup adds a link to where access is logged, if that is a log group.
func linkLogGroup(d *collect.Draft, destination *string) {
	if id := aws.ToString(destination); strings.Contains(id, ":log-group:") {
		d.Link("logs_to", logGroup, logGroupARN(id))
	}
}

// apigatewayv2Tables read HTTP and WebSocket APIs, and the stages of each.
func apigatewayv2Tables(u *unit) []collect.Table {
	client := apigatewayv2.NewFromConfig(u.config("apigatewayv2"))
	return []collect.Table{{
		Op:    "apigatewayv2:GetApis",
		Types: []asset.Type{httpAPI},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.GetApis(ctx, &apigatewayv2.GetApisInput{NextToken: optional(token), MaxResults: aws.String("500")})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Items {
				ds = append(ds, httpAPIDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Under: []collect.Table{{
			Op:    "apigatewayv2:GetStages",
			Types: []asset.Type{httpStage},
			Of:    httpAPI,
			ListOf: func(ctx context.Context, api *collect.Draft, token string) ([]*collect.Draft, string, error) {
				out, err := client.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &api.Key, NextToken: optional(token), MaxResults: aws.String("500")})
				if err != nil {
					return nil, "", err
				}
				var ds []*collect.Draft
				for _, x := range out.Items {
					ds = append(ds, httpStageDraft(api, x))
				}
				return ds, aws.ToString(out.NextToken), nil
			},
		}},
	}}
}

func httpAPIDraft(u *unit, x api2types.Api) *collect.Draft {
	id := aws.ToString(x.ApiId)
	d := collect.NewDraft(httpAPI, gatewayARN(u, "/apis/"+id), aws.ToString(x.Name))
	d.Key, d.Incarnation, d.Created, d.Tags = id, id, aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.Config = collect.Doc{
		"ApiEndpoint":               x.ApiEndpoint,
		"ApiId":                     x.ApiId,
		"ApiKeySelectionExpression": x.ApiKeySelectionExpression,
		"CorsConfiguration":         x.CorsConfiguration,
		"Description":               x.Description,
		"DisableExecuteApiEndpoint": x.DisableExecuteApiEndpoint,
		"DisableSchemaValidation":   x.DisableSchemaValidation,
		"ExecuteApiArn":             u.arn("execute-api", id),
		"IpAddressType":             x.IpAddressType,
		"Name":                      x.Name,
		"ProtocolType":              x.ProtocolType,
		"RouteSelectionExpression":  x.RouteSelectionExpression,
		"Version":                   x.Version,
	}
	d.Status = collect.Doc{"CreatedDate": x.CreatedDate}
	return d
}

func httpStageDraft(api *collect.Draft, x api2types.Stage) *collect.Draft {
	name := aws.ToString(x.StageName)
	d := collect.NewDraft(httpStage, api.ID+"/stages/"+name, name)
	d.Created, d.Tags = aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.Incarnation = incarnationAt(d.Created)
	d.Config = collect.Doc{
		"AccessLogSettings":    x.AccessLogSettings,
		"ApiId":                api.Key,
		"AutoDeploy":           x.AutoDeploy,
		"ClientCertificateId":  x.ClientCertificateId,
		"DefaultRouteSettings": x.DefaultRouteSettings,
		"DeploymentId":         x.DeploymentId,
		"Description":          x.Description,
		"RouteSettings":        x.RouteSettings,
		"StageName":            x.StageName,
		"StageVariables":       x.StageVariables,
	}
	d.Status = collect.Doc{"CreatedDate": x.CreatedDate, "LastUpdatedDate": x.LastUpdatedDate}
	d.Link("parent", httpAPI, api.ID)
	if x.AccessLogSettings != nil {
		linkLogGroup(d, x.AccessLogSettings.DestinationArn)
	}
	return d
}
