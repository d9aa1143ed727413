package aws

import (
	"strings"

	"github.com/openstance/stance/asset"
)

// Types that assets of many services have links to.
const (
	kmsKey   asset.Type = "AWS::KMS::Key"
	logGroup asset.Type = "AWS::Logs::LogGroup"
	snsTopic asset.Type = "AWS::SNS::Topic"
)

// arnName returns what follows the last colon or slash of an ARN.
func arnName(id string) string {
	return id[strings.LastIndexAny(id, ":/")+1:]
}

// logGroupARN returns the ARN of a log group, after which services often write :*,
// which stands for its streams.
func logGroupARN(id string) string { return strings.TrimSuffix(id, ":*") }

// kmsKeyARN returns the ARN of a key that a service in a region names, or "" if it
// names it by an alias, which cannot be told from here.
func (u *unit) kmsKeyARN(region, name string) string {
	switch {
	case name == "", strings.Contains(name, "alias/"):
		return ""
	case strings.HasPrefix(name, "arn:"):
		return name
	}
	return strings.Join([]string{"arn", u.account.partition, "kms", region, u.account.ID, "key/" + name}, ":")
}

// unqualified returns the ARN of a function, after which services may write :version or
// :alias. What is not the ARN of a function is left as it is.
func unqualified(id string) string {
	if parts := strings.Split(id, ":"); len(parts) == 8 && parts[5] == "function" {
		return strings.Join(parts[:7], ":")
	}
	return id
}
