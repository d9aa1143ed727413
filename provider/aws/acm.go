package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/openstance/stance/asset"
)

// acmTables read certificates.
func acmTables(u *unit) []table {
	client := acm.NewFromConfig(u.config("acm"))
	return []table{{
		op:    "acm:ListCertificates",
		types: []asset.Type{acmCertificate},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListCertificates(ctx, &acm.ListCertificatesInput{
				NextToken: optional(token), MaxItems: aws.Int32(1000),
				// Without it the service lists those with short RSA keys alone.
				Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.CertificateSummaryList {
				d := newDraft(acmCertificate, aws.ToString(x.CertificateArn), aws.ToString(x.DomainName))
				d.created, d.incarnation = aws.ToTime(x.CreatedAt), arnName(d.ID)
				d.config = doc{"CertificateArn": x.CertificateArn, "DomainName": x.DomainName}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "acm:DescribeCertificate",
			each: func(ctx context.Context, d *draft) error {
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
			op: "acm:ListTagsForCertificate",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &d.ID})
				if err != nil {
					return err
				}
				d.tags = tagMap(out.Tags, func(t acmtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func acmRead(d *draft, x *acmtypes.CertificateDetail) {
	var options acmtypes.CertificateOptions
	if x.Options != nil {
		options = *x.Options
	}
	method := options.ValidationMethod
	validation := []doc{}
	for _, v := range x.DomainValidationOptions {
		validation = append(validation, doc{"DomainName": v.DomainName, "ValidationDomain": v.ValidationDomain, "HostedZoneId": notCollected()})
		if method == "" {
			method = v.ValidationMethod
		}
	}
	d.config["CertificateAuthorityArn"] = x.CertificateAuthorityArn
	d.config["CertificateExport"] = options.Export
	d.config["CertificateTransparencyLoggingPreference"] = options.CertificateTransparencyLoggingPreference
	d.config["DomainValidationOptions"] = validation
	d.config["KeyAlgorithm"] = x.KeyAlgorithm
	d.config["SubjectAlternativeNames"] = x.SubjectAlternativeNames
	d.config["ValidationMethod"] = method
	d.status = doc{
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
