package awsapi

import (
	"net/url"
	"strings"
)

// Where returns the account and the region that an ARN names, "" for what it does not
// name. It reports false for an id that is not an ARN.
func Where(arn string) (account, region string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:")
	if !ok {
		return "", "", false
	}
	_, rest, _ = strings.Cut(rest, ":") // the partition
	_, rest, _ = strings.Cut(rest, ":") // the service
	region, rest, _ = strings.Cut(rest, ":")
	account, _, ok = strings.Cut(rest, ":")
	return account, region, ok
}

// ARN returns an ARN.
func ARN(partition, service, region, account, resource string) string {
	return "arn:" + partition + ":" + service + ":" + region + ":" + account + ":" + resource
}

// RoleARN returns the ARN of a role, which is named with its path if it has one.
func RoleARN(partition, account, name string) string {
	return ARN(partition, "iam", "", account, "role/"+strings.TrimPrefix(name, "/"))
}

// Name returns what follows the last colon or slash of an ARN.
func Name(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

// Home returns the region of a partition that answers for what is global, "" for a
// partition that is not known.
func Home(partition string) string {
	switch partition {
	case "aws":
		return "us-east-1"
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return ""
}

// ConsoleURL returns the page in the console that shows the resource with an ARN, "" for
// an id that is not an ARN and in a partition whose console is not known.
func ConsoleURL(partition, arn string) string {
	var host string
	switch partition {
	case "aws":
		host = "console.aws.amazon.com"
	case "aws-cn":
		host = "console.amazonaws.cn"
	case "aws-us-gov":
		host = "console.amazonaws-us-gov.com"
	}
	if host == "" || !strings.HasPrefix(arn, "arn:") {
		return ""
	}
	var b strings.Builder
	b.Grow(len("https:///go/view?arn=") + len(host) + len(arn) + 2*strings.Count(arn, ":") + 2*strings.Count(arn, "/"))
	b.WriteString("https://")
	b.WriteString(host)
	b.WriteString("/go/view?arn=")
	for i, part := range []byte(arn) {
		switch part {
		case ':':
			b.WriteString("%3A")
		case '/':
			b.WriteString("%2F")
		default:
			if !plain(part) {
				b.WriteString(url.QueryEscape(arn[i:])) // rare
				return b.String()
			}
			b.WriteByte(part)
		}
	}
	return b.String()
}

// plain reports whether a byte needs no escape in a query.
func plain(c byte) bool {
	return c-'a' < 26 || c-'A' < 26 || c-'0' < 10 || c == '-' || c == '_' || c == '.' || c == '~'
}
