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
)

const (
	restAPI   asset.Type = "AWS::ApiGateway::RestApi"
	restStage asset.Type = "AWS::ApiGateway::Stage"
	httpAPI   asset.Type = "AWS::ApiGatewayV2::Api"
	httpStage asset.Type = "AWS::ApiGatewayV2::Stage"
	webACL    asset.Type = "AWS::WAFv2::WebACL"
)

// gatewayARN makes the ARN of a resource of API Gateway, in which there is no account.
func gatewayARN(u *unit, path string) string {
	return strings.Join([]string{"arn", u.account.partition, "apigateway", u.region, "", path}, ":")
}

// apigatewayTables read REST APIs, and the stages of each.
func apigatewayTables(u *unit) []table {
	client := apigateway.NewFromConfig(u.config("apigateway"))
	return []table{{
		op:    "apigateway:GetRestApis",
		types: []asset.Type{restAPI},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.GetRestApis(ctx, &apigateway.GetRestApisInput{Position: optional(token), Limit: aws.Int32(500)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Items {
				ds = append(ds, restAPIDraft(u, x))
			}
			return ds, aws.ToString(out.Position), nil
		},
		under: []table{{
			op:    "apigateway:GetStages",
			types: []asset.Type{restStage},
			of:    restAPI,
			listOf: func(ctx context.Context, api *draft, _ string) ([]*draft, string, error) {
				out, err := client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api.key})
				if err != nil {
					return nil, "", err
				}
				var ds []*draft
				for _, x := range out.Item {
					ds = append(ds, restStageDraft(api, x))
				}
				return ds, "", nil
			},
		}},
	}}
}

func restAPIDraft(u *unit, x apitypes.RestApi) *draft {
	id := aws.ToString(x.Id)
	d := newDraft(restAPI, gatewayARN(u, "/restapis/"+id), aws.ToString(x.Name))
	d.key, d.incarnation, d.created, d.tags = id, id, aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.access = restPolicy(x.Policy)
	d.config = doc{
		"ApiKeySourceType":          x.ApiKeySource,
		"BinaryMediaTypes":          x.BinaryMediaTypes,
		"Description":               x.Description,
		"DisableExecuteApiEndpoint": x.DisableExecuteApiEndpoint,
		"EndpointAccessMode":        x.EndpointAccessMode,
		"EndpointConfiguration":     x.EndpointConfiguration,
		"MinimumCompressionSize":    x.MinimumCompressionSize,
		"Name":                      x.Name,
		"Policy":                    d.access,
		"RestApiId":                 id,
		"RootResourceId":            x.RootResourceId,
		"SecurityPolicy":            x.SecurityPolicy,
		"Version":                   x.Version,
	}
	d.status = doc{"CreatedDate": x.CreatedDate}
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

func restStageDraft(api *draft, x apitypes.Stage) *draft {
	name := aws.ToString(x.StageName)
	d := newDraft(restStage, api.ID+"/stages/"+name, name)
	d.created, d.tags = aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.incarnation = incarnationAt(d.created)
	var canary doc
	if c := x.CanarySettings; c != nil {
		canary = doc{"DeploymentId": c.DeploymentId, "PercentTraffic": c.PercentTraffic, "StageVariableOverrides": c.StageVariableOverrides, "UseStageCache": c.UseStageCache}
	}
	d.config = doc{
		"AccessLogSetting":     x.AccessLogSettings,
		"CacheClusterEnabled":  x.CacheClusterEnabled,
		"CacheClusterSize":     x.CacheClusterSize,
		"CanarySetting":        canary,
		"ClientCertificateId":  x.ClientCertificateId,
		"DeploymentId":         x.DeploymentId,
		"Description":          x.Description,
		"DocumentationVersion": x.DocumentationVersion,
		"MethodSettings":       methodSettings(x.MethodSettings),
		"RestApiId":            api.key,
		"StageName":            x.StageName,
		"TracingEnabled":       x.TracingEnabled,
		"Variables":            x.Variables,
	}
	d.status = doc{"CreatedDate": x.CreatedDate, "LastUpdatedDate": x.LastUpdatedDate, "WebAclArn": x.WebAclArn}
	d.link("parent", restAPI, api.ID)
	if acl := aws.ToString(x.WebAclArn); strings.Contains(acl, ":wafv2:") {
		d.link("web_acl", webACL, acl)
	}
	if x.AccessLogSettings != nil {
		d.linkLogGroup(x.AccessLogSettings.DestinationArn)
	}
	return d
}

// methodSettings returns settings as CloudFormation lists them. The API has them by
// path and method, with the slashes in the path escaped.
func methodSettings(settings map[string]apitypes.MethodSetting) []doc {
	var list []doc
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
		list = append(list, doc{
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
func (d *draft) linkLogGroup(destination *string) {
	if id := aws.ToString(destination); strings.Contains(id, ":log-group:") {
		d.link("logs_to", logGroup, logGroupARN(id))
	}
}

// apigatewayv2Tables read HTTP and WebSocket APIs, and the stages of each.
func apigatewayv2Tables(u *unit) []table {
	client := apigatewayv2.NewFromConfig(u.config("apigatewayv2"))
	return []table{{
		op:    "apigatewayv2:GetApis",
		types: []asset.Type{httpAPI},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.GetApis(ctx, &apigatewayv2.GetApisInput{NextToken: optional(token), MaxResults: aws.String("500")})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Items {
				ds = append(ds, httpAPIDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		under: []table{{
			op:    "apigatewayv2:GetStages",
			types: []asset.Type{httpStage},
			of:    httpAPI,
			listOf: func(ctx context.Context, api *draft, token string) ([]*draft, string, error) {
				out, err := client.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &api.key, NextToken: optional(token), MaxResults: aws.String("500")})
				if err != nil {
					return nil, "", err
				}
				var ds []*draft
				for _, x := range out.Items {
					ds = append(ds, httpStageDraft(api, x))
				}
				return ds, aws.ToString(out.NextToken), nil
			},
		}},
	}}
}

func httpAPIDraft(u *unit, x api2types.Api) *draft {
	id := aws.ToString(x.ApiId)
	d := newDraft(httpAPI, gatewayARN(u, "/apis/"+id), aws.ToString(x.Name))
	d.key, d.incarnation, d.created, d.tags = id, id, aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.config = doc{
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
	d.status = doc{"CreatedDate": x.CreatedDate}
	return d
}

func httpStageDraft(api *draft, x api2types.Stage) *draft {
	name := aws.ToString(x.StageName)
	d := newDraft(httpStage, api.ID+"/stages/"+name, name)
	d.created, d.tags = aws.ToTime(x.CreatedDate), tagsOr(x.Tags)
	d.incarnation = incarnationAt(d.created)
	d.config = doc{
		"AccessLogSettings":    x.AccessLogSettings,
		"ApiId":                api.key,
		"AutoDeploy":           x.AutoDeploy,
		"ClientCertificateId":  x.ClientCertificateId,
		"DefaultRouteSettings": x.DefaultRouteSettings,
		"DeploymentId":         x.DeploymentId,
		"Description":          x.Description,
		"RouteSettings":        x.RouteSettings,
		"StageName":            x.StageName,
		"StageVariables":       x.StageVariables,
	}
	d.status = doc{"CreatedDate": x.CreatedDate, "LastUpdatedDate": x.LastUpdatedDate}
	d.link("parent", httpAPI, api.ID)
	if x.AccessLogSettings != nil {
		d.linkLogGroup(x.AccessLogSettings.DestinationArn)
	}
	return d
}
