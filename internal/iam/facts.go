package iam

import (
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// Facts are what is true of requests beside what policies say. The zero Facts state
// nothing.
type Facts struct {
	// Now is the instant of the requests. At the zero time, dates decide nothing.
	Now time.Time
	// Principal is the ARN of the principal whose policies are evaluated, or of the policy
	// if its holders are unknown; "" if both are.
	Principal string
	// Holds lists the ARNs of the managed policies and groups that the principal has.
	Holds asset.Value
	// Organizations lists the id of the organization of the account. An empty list means
	// that the account is in none, an absent value that it was not observed.
	Organizations asset.Value
	// Issuers lists patterns of OpenID Connect providers ("login.example.com/*") that sign
	// tokens for a single tenant, beside those that are known to.
	Issuers []string
}

// owner returns the judgement of requests that a principal makes in its own account,
// the partition, and the account ("*" if unknown).
func (f Facts) owner() (j judgement, partition, account string) {
	j = judgement{open: true, now: f.Now, context: map[string][]string{
		"aws:securetransport":       {"true"},
		"aws:principalisawsservice": {"false"},
		"aws:viaawsservice":         {"false"},
	}}
	f.dates(j.context)
	j.setOrganization(f.Organizations)
	a, ok := parseARN(f.Principal)
	if !ok {
		return j, "aws", "*"
	}
	partition, account = a.partition(), a.account()
	if account == "aws" || account == "" || hasWildcard(account) {
		return j, partition, "*" // a policy of AWS, which holders in any account have
	}
	j.account = account
	j.context["aws:principalaccount"] = []string{account}
	j.context["aws:resourceaccount"] = []string{account}
	switch kind, name, _ := strings.Cut(a.resource(), "/"); kind {
	case "user":
		j.context["aws:principalarn"] = []string{f.Principal}
		j.context["aws:username"] = []string{name[strings.LastIndexByte(name, '/')+1:]}
		j.context["aws:principaltype"] = []string{"User"}
	case "role":
		j.context["aws:principalarn"] = []string{f.Principal}
		j.context["aws:principaltype"] = []string{"AssumedRole"}
		if !f.Now.IsZero() {
			// A role can be assumed anew, and has no other credentials.
			j.context["aws:tokenissuetime"] = []string{f.Now.UTC().Format(time.RFC3339)}
		}
	}
	return j, partition, account
}

// dates adds the keys of the instant to a context.
func (f Facts) dates(context map[string][]string) {
	if !f.Now.IsZero() {
		context["aws:currenttime"] = []string{f.Now.UTC().Format(time.RFC3339)}
		context["aws:epochtime"] = []string{strconv.FormatInt(f.Now.Unix(), 10)}
	}
}

// regionOfIAM returns the region of requests to IAM.
func regionOfIAM(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return "us-east-1"
}
