package aws

import (
	"context"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/openstance/stance/asset"
)

const (
	lambdaFunction asset.Type = "AWS::Lambda::Function"
	lambdaURL      asset.Type = "AWS::Lambda::Url"
)

// lambdaNotFound is what Lambda answers for a part of a function that is not
// configured.
const lambdaNotFound = "ResourceNotFoundException"

// lambdaTables read functions, and under each the URLs that call it.
func lambdaTables(u *unit) []table {
	client := lambda.NewFromConfig(u.config("lambda"))
	return []table{{
		op:     "lambda:ListFunctions",
		also:   []string{"ec2:DescribeSubnets"},
		finds:  []string{"lambda:GetFunctionConfiguration"},
		types:  []asset.Type{lambdaFunction},
		absent: []string{lambdaNotFound},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
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
				return []*draft{lambdaDraft(ctx, u, lambdaConfiguration(out))}, "", nil
			}
			// The service answers 50 functions at most, whatever is asked for.
			out, err := client.ListFunctions(ctx, &lambda.ListFunctionsInput{Marker: optional(token), MaxItems: aws.Int32(50)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Functions {
				ds = append(ds, lambdaDraft(ctx, u, x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		reads: lambdaReads(client),
		under: []table{{
			op:    "lambda:ListFunctionUrlConfigs",
			types: []asset.Type{lambdaURL},
			of:    lambdaFunction,
			listOf: func(ctx context.Context, f *draft, token string) ([]*draft, string, error) {
				out, err := client.ListFunctionUrlConfigs(ctx, &lambda.ListFunctionUrlConfigsInput{FunctionName: &f.ID, Marker: optional(token), MaxItems: aws.Int32(50)})
				if err != nil {
					return nil, "", err
				}
				var ds []*draft
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

func lambdaDraft(ctx context.Context, u *unit, x lambdatypes.FunctionConfiguration) *draft {
	d := newDraft(lambdaFunction, aws.ToString(x.FunctionArn), aws.ToString(x.FunctionName))
	var layers []*string
	for _, l := range x.Layers {
		layers = append(layers, l.Arn)
	}
	var image *lambdatypes.ImageConfig
	if x.ImageConfigResponse != nil {
		image = x.ImageConfigResponse.ImageConfig
	}
	var snapStart doc
	if x.SnapStart != nil {
		snapStart = doc{"ApplyOn": x.SnapStart.ApplyOn}
	}
	d.config = doc{
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
	d.status = doc{
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
		d.status["State"], d.status["StateReasonCode"], d.status["LastUpdateStatus"] = x.State, x.StateReasonCode, x.LastUpdateStatus
	}
	// A function outside of all VPCs is answered with an empty configuration.
	if v := x.VpcConfig; v != nil && aws.ToString(v.VpcId) != "" {
		d.config["VpcConfig"] = v
		d.status["VpcId"] = v.VpcId
		d.linkNetwork(ctx, u, v.VpcId, v.SubnetIds, v.SecurityGroupIds)
	}
	d.link("role", iamRole, aws.ToString(x.Role))
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KMSKeyArn)))
	if x.DeadLetterConfig != nil {
		to := sqsQueue
		target := aws.ToString(x.DeadLetterConfig.TargetArn)
		if strings.Contains(target, ":sns:") {
			to = snsTopic
		}
		d.link("dead_letter", to, target)
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
		return &asset.Unread{Op: "lambda:ListFunctions", Code: clip(aws.ToString(e.Error.ErrorCode)), Message: clip(aws.ToString(e.Error.Message))}
	}
	return doc{"Variables": e.Variables}
}

func lambdaURLDraft(f *draft, x lambdatypes.FunctionUrlConfig) *draft {
	// A URL has no ARN of its own; that of the function, or of an alias of it, has at
	// most one.
	function := aws.ToString(x.FunctionArn)
	d := newDraft(lambdaURL, function, f.name)
	d.config = doc{
		"AuthType":          x.AuthType,
		"Cors":              x.Cors,
		"FunctionArn":       x.FunctionArn,
		"FunctionUrl":       x.FunctionUrl,
		"InvokeMode":        x.InvokeMode,
		"Qualifier":         nil,
		"TargetFunctionArn": f.ID,
	}
	if qualifier, ok := strings.CutPrefix(function, f.ID+":"); ok {
		d.config["Qualifier"] = qualifier
	}
	d.status = doc{"CreationTime": x.CreationTime, "LastModifiedTime": x.LastModifiedTime}
	d.link("parent", lambdaFunction, f.ID)
	return d
}

func lambdaReads(client *lambda.Client) []read {
	return []read{{
		op:     "lambda:GetPolicy",
		absent: []string{lambdaNotFound},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.access = policyDocument("lambda:GetPolicy", out.Policy)
			return nil
		},
	}, {
		op:     "lambda:GetFunctionCodeSigningConfig",
		absent: []string{lambdaNotFound},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.config["CodeSigningConfigArn"] = out.CodeSigningConfigArn
			return nil
		},
	}, {
		op: "lambda:GetFunctionConcurrency",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.config["ReservedConcurrentExecutions"] = out.ReservedConcurrentExecutions
			return nil
		},
	}, {
		op: "lambda:GetFunctionRecursionConfig",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetFunctionRecursionConfig(ctx, &lambda.GetFunctionRecursionConfigInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.config["RecursiveLoop"] = out.RecursiveLoop
			return nil
		},
	}, {
		op: "lambda:GetRuntimeManagementConfig",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetRuntimeManagementConfig(ctx, &lambda.GetRuntimeManagementConfigInput{FunctionName: &d.ID})
			if err != nil {
				return err
			}
			d.config["RuntimeManagementConfig"] = doc{"RuntimeVersionArn": out.RuntimeVersionArn, "UpdateRuntimeOn": out.UpdateRuntimeOn}
			return nil
		},
	}, {
		op: "lambda:ListTags",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.ListTags(ctx, &lambda.ListTagsInput{Resource: &d.ID})
			if err != nil {
				return err
			}
			d.tags = tagsOr(out.Tags)
			return nil
		},
	}}
}
