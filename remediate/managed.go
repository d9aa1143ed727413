package remediate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// source is a mark of assets that a template or another program keeps as they are.
type source struct {
	tag  string // in lower case, with dashes
	name string // of the program; empty: the value of the tag
	from string // what to change instead
}

// sources returns the marks that are known. Sources:
//
//   - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
//   - https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference (add_terraform_attribution_label)
//   - https://cloud.google.com/deployment-manager/docs/deployments/viewing-manifest
//   - https://cloud.google.com/config-connector/docs/concepts/resources
//   - https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
//   - https://learn.microsoft.com/azure/developer/azure-developer-cli/faq (azd-env-name)
//
// The others are customs of teams that use Terraform, Pulumi and the like, which set no tag of
// their own.
func sources() []source {
	return []source{
		{"aws:cloudformation:stack-id", "AWS CloudFormation", "the template of the stack"},
		{"goog-terraform-provisioned", "Terraform", "the Terraform configuration"},
		{"goog-dm", "Google Cloud Deployment Manager", "the configuration of the deployment"},
		{"managed-by-cnrm", "Config Connector", "the Kubernetes resource"},
		{"azd-env-name", "Azure Developer CLI", "the template of the environment"},
		{"app.kubernetes.io/managed-by", "", "its source"},
		{"goog-managed-by", "", "its source"},
		{"managed-by", "", "its source"},
		{"managedby", "", "its source"},
		{"terraform", "Terraform", "the Terraform configuration"},
	}
}

// managedBy returns advice for an asset that a template or another program keeps as it is,
// or "".
func managedBy(a *asset.Asset) string {
	tags := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(a.Tags)) {
		tags[strings.ReplaceAll(strings.ToLower(k), "_", "-")] = a.Tags[k]
	}
	for _, s := range sources() {
		value, ok := tags[s.tag]
		if !ok || value == "" || strings.EqualFold(value, "false") {
			continue
		}
		name := s.name
		if name == "" {
			name = fmt.Sprintf("%.100q", value)
		}
		return fmt.Sprintf("%s manages the asset (tag %s) and may revert the change: change %s instead.", name, s.tag, s.from)
	}
	// The managedBy of a disk is the machine that it is attached to:
	// https://learn.microsoft.com/rest/api/compute/disks/get
	if a.Provider == "azure" && a.Type != "Microsoft.Compute/disks" {
		if by, err := a.Config.Get("managedBy").Str(); err == nil && by != "" {
			return fmt.Sprintf("%.300q manages the asset and may revert the change: change its source instead.", by)
		}
	}
	return ""
}
