package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// acmTables read certificates.
func acmTables(u *unit) []collect.Table {
	client := acm.NewFromConfig(u.config("acm"))
	return []collect.Table{{
		Op:    "acm:ListCertificates",
		Types: []asset.Type{acmCertificate},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListCertificates(ctx, &acm.ListCertificatesInput{
				NextToken: optional(token), MaxItems: aws.Int32(1000),
				// Without it the service lists those with short RSA keys alone.
				Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.CertificateSummaryList {
				d := collect.NewDraft(acmCertificate, aws.ToString(x.CertificateArn), aws.ToString(x.DomainName))
				d.Created, d.Incarnation = aws.ToTime(x.CreatedAt), awsapi.Name(d.ID)
				d.Config = collect.Doc{"CertificateArn": x.CertificateArn, "DomainName": x.DomainName}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "acm:DescribeCertificate",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &d.ID})
				if err != nil {
					return err
				}
				if out.Certificate == nil {
					return fmt.Errorf("no description of %s in the answer", d.ID)
				}
				acmRead(d, out.Certificate)
				return nil
			},
		}, {
			Op: "acm:ListTagsForCertificate",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &d.ID})
				if err != nil {
					return err
				}
				d.Tags = tagMap(out.Tags, func(t acmtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func acmRead(d *collect.Draft, x *acmtypes.CertificateDetail) {
	var options acmtypes.CertificateOptions
	if x.Options != nil {
		options = *x.Options
	}
	method := options.ValidationMethod
	validation := []collect.Doc{}
	for _, v := range x.DomainValidationOptions {
		validation = append(validation, collect.Doc{"DomainName": v.DomainName, "ValidationDomain": v.ValidationDomain, "HostedZoneId": collect.NotCollected()})
		if method == "" {
			method = v.ValidationMethod
		}
	}
	d.Config["CertificateAuthorityArn"] = x.CertificateAuthorityArn
	d.Config["CertificateExport"] = options.Export
	d.Config["CertificateTransparencyLoggingPreference"] = options.CertificateTransparencyLoggingPreference
	d.Config["DomainValidationOptions"] = validation
	d.Config["KeyAlgorithm"] = x.KeyAlgorithm
	d.Config["SubjectAlternativeNames"] = x.SubjectAlternativeNames
	d.Config["ValidationMethod"] = method
	d.Status = collect.Doc{
		"Status":             x.Status,
		"Type":               x.Type,
		"NotBefore":          x.NotBefore,
		"NotAfter":           x.NotAfter,
		"CreatedAt":          x.CreatedAt,
		"IssuedAt":           x.IssuedAt,
		"ImportedAt":         x.ImportedAt,
		"RevokedAt":          x.RevokedAt,
		"RenewalEligibility": x.RenewalEligibility,
		"RenewalSummary":     x.RenewalSummary,
		"InUseBy":            x.InUseBy,
		"SignatureAlgorithm": x.SignatureAlgorithm,
		"FailureReason":      x.FailureReason,
	}
}
