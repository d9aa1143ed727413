package netrule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/openstance/stance/asset"
)

// BenchmarkOpens judges filters of twenty rules: closed ones, which let single networks
// in to single ports, and open ones, which beside let the internet in to the last port
// that is asked about, behind a rule that denies some of it.
func BenchmarkOpens(b *testing.B) {
	rules := func(format string, last ...string) string {
		var all []string
		for i := range 20 {
			all = append(all, fmt.Sprintf(format, i))
		}
		return "[" + strings.Join(append(all, last...), ",") + "]"
	}
	ports := []int64{1433, 1521, 3306, 3389}
	for _, c := range []struct {
		name, format, deny, allow string
		opens, all                func(asset.Value, []asset.Value) (any, error)
	}{
		{
			"securityGroup",
			`{"IpProtocol":"tcp","FromPort":10%02[1]d,"ToPort":10%02[1]d,"CidrIp":"10.%[1]d.0.0/16","Description":"from the load balancer"}`,
			`{"IpProtocol":"tcp","FromPort":3389,"ToPort":3389,"SourceSecurityGroupId":"sg-1"}`,
			`{"IpProtocol":"tcp","FromPort":3389,"ToPort":3389,"CidrIp":"0.0.0.0/0"}`,
			func(v asset.Value, _ []asset.Value) (any, error) { return SecurityGroupOpens(v, "any", ports, nil) },
			func(v asset.Value, _ []asset.Value) (any, error) { return SecurityGroupOpensAll(v, "any", nil) },
		},
		{
			"networkACL",
			`{"RuleNumber":10%02[1]d,"RuleAction":"allow","Protocol":6,"Egress":false,"CidrBlock":"10.%[1]d.0.0/16","PortRange":{"From":10%02[1]d,"To":10%02[1]d}}`,
			`{"RuleNumber":2000,"RuleAction":"deny","Protocol":-1,"Egress":false,"CidrBlock":"198.51.100.0/24"}`,
			`{"RuleNumber":3000,"RuleAction":"allow","Protocol":6,"Egress":false,"CidrBlock":"0.0.0.0/0","PortRange":{"From":3389,"To":3389}}`,
			func(_ asset.Value, docs []asset.Value) (any, error) { return NetworkACLOpens(docs, "any", ports) },
			nil,
		},
		{
			"securityRules",
			`{"name":"r%[1]d","properties":{"access":"Allow","direction":"Inbound","priority":10%02[1]d,"protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"10%02[1]d","sourceAddressPrefix":"10.%[1]d.0.0/16","destinationAddressPrefix":"*","sourceAddressPrefixes":[],"destinationPortRanges":[]}}`,
			`{"name":"d","properties":{"access":"Deny","direction":"Inbound","priority":2000,"protocol":"*","sourcePortRange":"*","destinationPortRange":"*","sourceAddressPrefix":"198.51.100.0/24","destinationAddressPrefix":"*"}}`,
			`{"name":"a","properties":{"access":"Allow","direction":"Inbound","priority":3000,"protocol":"Tcp","sourcePortRange":"*","destinationPortRange":"3389","sourceAddressPrefix":"*","destinationAddressPrefix":"*"}}`,
			func(v asset.Value, _ []asset.Value) (any, error) { return SecurityRulesOpen(v, "any", ports) },
			func(v asset.Value, _ []asset.Value) (any, error) { return SecurityRulesOpenAll(v, "any") },
		},
		{
			"firewalls",
			`{"name":"r%[1]d","direction":"INGRESS","priority":1000,"disabled":false,"allowed":[{"IPProtocol":"tcp","ports":["10%02[1]d"]}],"sourceRanges":["10.%[1]d.0.0/16"]}`,
			`{"name":"d","direction":"INGRESS","priority":1001,"denied":[{"IPProtocol":"all"}],"sourceRanges":["198.51.100.0/24"]}`,
			`{"name":"a","direction":"INGRESS","priority":1002,"allowed":[{"IPProtocol":"tcp","ports":["3389"]}],"sourceRanges":["0.0.0.0/0"]}`,
			func(_ asset.Value, docs []asset.Value) (any, error) {
				return FirewallsOpen(docs, nil, nil, "any", ports)
			},
			func(_ asset.Value, docs []asset.Value) (any, error) { return FirewallsOpenAll(docs, nil, nil, "any") },
		},
	} {
		run := func(name, doc string, judge func(asset.Value, []asset.Value) (any, error)) {
			v, docs := parse(b, doc), list(b, doc)
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := judge(v, docs); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		run("closed", rules(c.format), c.opens)
		run("open", rules(c.format, c.deny, c.allow), c.opens)
		if c.all != nil {
			run("all", rules(c.format), c.all)
		}
	}
}
