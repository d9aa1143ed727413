package aws

import (
	"context"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// lambdaNotFound is what Lambda answers for a part of a function that is not
// configured.
const lambdaNotFound = "ResourceNotFoundException"

// lambdaTables read functions, and under each the URLs that call it.
func lambdaTables(u *unit) []collect.Table {
	client := lambda.NewFromConfig(u.config("lambda"), func(o *lambda.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:     "lambda:ListFunctions",
		Gone:   []string{"ResourceNotFoundException"},
		Also:   []string{"ec2:DescribeSubnets"},
		Finds:  []string{"lambda:GetFunctionConfiguration"},
		Types:  []asset.Type{lambdaFunction},
		Absent: []string{lambdaNotFound},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			// After the name may follow an alias or a version, which is no function.
			name, qualifier, _ := strings.Cut(u.onlyName("function:", lambdaFunction, lambdaURL), ":")
			if qualifier != "" && u.onlyID(lambdaFunction) != "" {
				return nil, "", nil
			}
			if name != "" {
				out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
				if err != nil {
					return nil, "", err
				}
				return []*collect.Draft{lambdaDraft(ctx, u, lambdaConfiguration(out))}, "", nil
			}
			// The service answers 50 functions at most, whatever is requested.
			out, err := client.ListFunctions(ctx, &lambda.ListFunctionsInput{Marker: optional(token), MaxItems: aws.Int32(50)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Functions {
				ds = append(ds, lambdaDraft(ctx, u, x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: lambdaReads(client),
		Under: []collect.Table{{
			Op:    "lambda:ListFunctionUrlConfigs",
			Types: []asset.Type{lambdaURL},
			Of:    lambdaFunction,
			ListOf: func(ctx context.Context, f *collect.Draft, token string) ([]*collect.Draft, string, error) {
				out, err := client.ListFunctionUrlConfigs(ctx, &lambda.ListFunctionUrlConfigsInput{FunctionName: &f.ID, Marker: optional(token), MaxItems: aws.Int32(50)})
				if err != nil {
					return nil, "", err
				}
				var ds []*collect.Draft
				for _, x := range out.FunctionUrlConfigs {
					ds = append(ds, lambdaURLDraft(f, x))
				}
				return ds, aws.ToString(out.NextMarker), nil
			},
		}},
	}}
}

// lambdaConfiguration returns what is answered for one function as the list answers it
// for all.
func lambdaConfiguration(out *lambda.GetFunctionConfigurationOutput) lambdatypes.FunctionConfiguration {
	var x lambdatypes.FunctionConfiguration
	to, from := reflect.ValueOf(&x).Elem(), reflect.ValueOf(out).Elem()
	for _, f := range reflect.VisibleFields(to.Type()) {
		if v := from.FieldByName(f.Name); f.IsExported() && v.IsValid() {
			to.FieldByIndex(f.Index).Set(v)
		}
	}
	return x
}

func lambdaDraft(ctx context.Context, u *unit, x lambdatypes.FunctionConfiguration) *collect.Draft {
	d := collect.NewDraft(lambdaFunction, aws.ToString(x.FunctionArn), aws.ToString(x.FunctionName))
	var layers []*string
	for _, l := range x.Layers {
		layers = append(layers, l.Arn)
	}
	var image *lambdatypes.ImageConfig
	if x.ImageConfigResponse != nil {
		image = x.ImageConfigResponse.ImageConfig
	}
	var snapStart collect.Doc
	if x.SnapStart != nil {
		snapStart = collect.Doc{"ApplyOn": x.SnapStart.ApplyOn}
	}
	d.Config = collect.Doc{
		"Architectures":          x.Architectures,
		"Arn":                    x.FunctionArn,
		"CapacityProviderConfig": x.CapacityProviderConfig,
		"DeadLetterConfig":       x.DeadLetterConfig,
		"Description":            x.Description,
		"DurableConfig":          x.DurableConfig,
		"Environment":            lambdaEnvironment(x.Environment),
		"EphemeralStorage":       x.EphemeralStorage,
		"FileSystemConfigs":      x.FileSystemConfigs,
		"FunctionName":           x.FunctionName,
		"Handler":                x.Handler,
		"ImageConfig":            image,
		"KmsKeyArn":              x.KMSKeyArn,
		"Layers":                 layers,
		"LoggingConfig":          x.LoggingConfig,
		"MemorySize":             x.MemorySize,
		"PackageType":            x.PackageType,
		"Role":                   x.Role,
		"Runtime":                x.Runtime,
		"SnapStart":              snapStart,
		"SnapStartResponse":      x.SnapStart,
		"TenancyConfig":          x.TenancyConfig,
		"Timeout":                x.Timeout,
		"TracingConfig":          x.TracingConfig,
		"VpcConfig":              nil,
	}
	d.Status = collect.Doc{
		"LastModified":  x.LastModified,
		"CodeSha256":    x.CodeSha256,
		"CodeSize":      x.CodeSize,
		"Version":       x.Version,
		"RevisionId":    x.RevisionId,
		"SigningJobArn": x.SigningJobArn,
		"VpcId":         nil,
	}
	// The list leaves these out.
	if x.State != "" {
		d.Status["State"], d.Status["StateReasonCode"], d.Status["LastUpdateStatus"] = x.State, x.StateReasonCode, x.LastUpdateStatus
	}
	// A function outside of all VPCs is answered with an empty configuration.
	if v := x.VpcConfig; v != nil && aws.ToString(v.VpcId) != "" {
		d.Config["VpcConfig"] = v
		d.Status["VpcId"] = v.VpcId
		linkNetwork(d, ctx, u, v.VpcId, v.SubnetIds, v.SecurityGroupIds)
	}
	d.Link("role", iamRole, aws.ToString(x.Role))
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KMSKeyArn)))
	if x.DeadLetterConfig != nil {
		to := sqsQueue
		target := aws.ToString(x.DeadLetterConfig.TargetArn)
		if strings.Contains(target, ":sns:") {
			to = snsTopic
		}
		d.Link("dead_letter", to, target)
	}
	return d
}

// lambdaEnvironment returns the variables of a function, or why Lambda cannot tell
// them: a key that it is not allowed to use, as a rule.
func lambdaEnvironment(e *lambdatypes.EnvironmentResponse) any {
	switch {
	case e == nil:
		return nil
	case e.Error != nil:
		return unread("lambda:ListFunctions", aws.ToString(e.Error.ErrorCode), aws.ToString(e.Error.Message))
	}
	return collect.Doc{"Variables": e.Variables}
}

func lambdaURLDraft(f *collect.Draft, x lambdatypes.FunctionUrlConfig) *collect.Draft {
	// A URL has no ARN of its own; that of the function, or of an alias of it, has at
	// most one.
	function := aws.ToString(x.FunctionArn)
	d := collect.NewDraft(lambdaURL, function, f.Name)
	d.Config = collect.Doc{
		"AuthType":          x.AuthType,
		"Cors":              x.Cors,
		"FunctionArn":       x.FunctionArn,
		"FunctionUrl":       x.FunctionUrl,
		"InvokeMode":        x.InvokeMode,
		"Qualifier":         nil,
		"TargetFunctionArn": f.ID,
	}
	if qualifier, ok := strings.CutPrefix(function, f.ID+":"); ok {
		d.Config["Qualifier"] = qualifier
	}
	d.Status = collect.Doc{"CreationTime": x.CreationTime, "LastModifiedTime": x.LastModifiedTime}
	d.Link("parent", lambdaFunction, f.ID)
	return d
}

func lambdaReads(client *lambda.Client) []collect.Read {
	return []collect.Read{{
		Op:     "lambda:GetPolicy",
		Absent: []string{lambdaNotFound},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.Access = policyDocument("lambda:GetPolicy", out.Policy)
			return nil
		},
	}, {
		Op: "lambda:ListAliases",
		Each: func(ctx context.Context, d *collect.Draft) error {
			return lambdaQualified(ctx, client, d, "AliasPolicies", func(ctx context.Context, token string) ([]string, string, error) {
				out, err := client.ListAliases(ctx, &lambda.ListAliasesInput{FunctionName: &d.ID, Marker: optional(token), MaxItems: aws.Int32(50)})
				if err != nil {
					return nil, "", err
				}
				var names []string
				for _, a := range out.Aliases {
					names = append(names, aws.ToString(a.Name))
				}
				return names, aws.ToString(out.NextMarker), nil
			})
		},
	}, {
		Op: "lambda:ListVersionsByFunction",
		Each: func(ctx context.Context, d *collect.Draft) error {
			return lambdaQualified(ctx, client, d, "VersionPolicies", func(ctx context.Context, token string) ([]string, string, error) {
				out, err := client.ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{FunctionName: &d.ID, Marker: optional(token), MaxItems: aws.Int32(50)})
				if err != nil {
					return nil, "", err
				}
				var names []string
				for _, v := range out.Versions {
					if name := aws.ToString(v.Version); name != "$LATEST" { // whose policy is that of the function
						names = append(names, name)
					}
				}
				return names, aws.ToString(out.NextMarker), nil
			})
		},
	}, {
		Op:     "lambda:GetFunctionCodeSigningConfig",
		Absent: []string{lambdaNotFound},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.Config["CodeSigningConfigArn"] = out.CodeSigningConfigArn
			return nil
		},
	}, {
		Op: "lambda:GetFunctionConcurrency",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.Config["ReservedConcurrentExecutions"] = out.ReservedConcurrentExecutions
			return nil
		},
	}, {
		Op: "lambda:GetFunctionRecursionConfig",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetFunctionRecursionConfig(ctx, &lambda.GetFunctionRecursionConfigInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.Config["RecursiveLoop"] = out.RecursiveLoop
			return nil
		},
	}, {
		Op: "lambda:GetRuntimeManagementConfig",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetRuntimeManagementConfig(ctx, &lambda.GetRuntimeManagementConfigInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.Config["RuntimeManagementConfig"] = collect.Doc{"RuntimeVersionArn": out.RuntimeVersionArn, "UpdateRuntimeOn": out.UpdateRuntimeOn}
			return nil
		},
	}, {
		Op: "lambda:ListTags",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.ListTags(ctx, &lambda.ListTagsInput{Resource: &d.ID})
			if err != nil {
				return err
			}
			d.Tags = tagsOr(out.Tags)
			return nil
		},
	}}
}

// lambdaQualified sets a member of the status to the policies of aliases or versions of a
// function, which grant what that of the function does not.
func lambdaQualified(ctx context.Context, client *lambda.Client, d *collect.Draft, member string, list func(context.Context, string) ([]string, string, error)) error {
	policies := []collect.Doc{}
	for name, err := range provider.Pages(ctx, list) {
		if err != nil {
			return err
		}
		out, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &d.ID, Qualifier: &name})
		switch {
		case awsapi.HasCode(err, []string{lambdaNotFound}):
		case err != nil:
			return err
		default:
			policies = append(policies, collect.Doc{"Qualifier": name, "Policy": policyDocument("lambda:GetPolicy", out.Policy)})
		}
	}
	d.Status[member] = policies
	return nil
}

// unqualified returns the ARN of a function, after which services may write :version or
// :alias. What is not the ARN of a function is left as it is.
func unqualified(id string) string {
	if parts := strings.Split(id, ":"); len(parts) == 8 && parts[5] == "function" {
		return strings.Join(parts[:7], ":")
	}
	return id
}
