package netrule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go4.org/netipx"

	"github.com/openstance/stance/asset"
)

func parse(t testing.TB, s string) asset.Value {
	t.Helper()
	v, err := asset.Parse([]byte(s))
	require.NoError(t, err, "%s", s)
	return v
}

func list(t testing.TB, s string) []asset.Value {
	t.Helper()
	v := parse(t, s)
	var all []asset.Value
	for i := range v.Len() {
		all = append(all, v.Index(i))
	}
	return all
}

var denied = &asset.Unread{Op: "ec2:DescribeSecurityGroups", Code: "AccessDenied"}

func without(t testing.TB, v asset.Value, p asset.Path) asset.Value {
	t.Helper()
	v, err := v.Set(p, denied.Value())
	require.NoError(t, err)
	return v
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		prefixes string
		anywhere bool
	}{
		{"", false},
		{"0.0.0.0/0", true},
		{"::/0", true},
		{"::ffff:0:0/96", true},
		{"2000::/3", true},
		{"2000::/4", true},
		{"2000::/5", false},
		{"fc00::/7", false},
		{"0.0.0.0/1", true},
		{"0.0.0.0/2 128.0.0.0/2", true},
		{"0.0.0.0/2 10.0.0.0/8", false},
		{"0.0.0.0/1 128.0.0.0/1", true},
		{"10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", false},
		{"198.51.100.7", false},
		{"0.0.0.0-255.255.255.255", true},
		{"0.0.0.1-127.255.255.255 128.0.0.0-128.0.0.0", true},
		{"0.0.0.0-0.0.0.0", false},
		{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
		{"198.51.100.1-198.51.100.9 2001:db8::1-2001:db8::9", false},
	} {
		got, err := IsAnywhere(strings.Fields(c.prefixes))
		require.NoError(t, err, c.prefixes)
		assert.Equal(t, c.anywhere, got, c.prefixes)
	}
	for _, problem := range []string{"x", "198.51.100.9-198.51.100.1", "0.0.0.0-::1", "0.0.0.0/0-1.1.1.1", "-"} {
		_, err := IsAnywhere([]string{"0.0.0.0/0", problem})
		require.Error(t, err, problem)
	}

	for prefix, want := range map[string]bool{
		"8.8.8.8": true, "10.1.0.0/16": false, "10.0.0.0/7": true, "172.32.0.0/12": true, "172.16.0.0/12": false,
		"100.64.0.1": false, "169.254.169.254": false, "224.0.0.1": false, "0.0.0.0/0": true,
		"2600::/12": true, "fd00::1": false, "::1": false, "::/0": true, "2001:db8::1": false, "::ffff:10.0.0.1": false,
	} {
		got, err := IsPublic(prefix)
		require.NoError(t, err, prefix)
		assert.Equal(t, want, got, prefix)
	}
	for _, c := range []struct {
		outer, inner string
		want         bool
	}{
		{"10.0.0.0/8", "10.1.2.3", true}, {"10.1.0.0/16", "10.0.0.0/8", false}, {"10.0.0.0/8", "11.0.0.1", false},
		{"::/0", "10.0.0.1", false}, {"0.0.0.0/0", "::ffff:10.0.0.1", true}, {"10.0.0.9/8", "10.0.0.0/8", true},
	} {
		got, err := Contains(c.outer, c.inner)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%s %s", c.outer, c.inner)
	}
	_, err := Contains("10.0.0.0/8", "10.0.0.0/33")
	require.Error(t, err)
	_, err = IsPublic("fe80::1%eth0")
	require.Error(t, err)
}

// TestAnywhereCounts compares the shares of ranges with those of the prefixes that
// they are made of.
func TestAnywhereCounts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ends := []string{
		"::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::", "2000::1", "2000:0:1fff:ffff:ffff:ffff:ffff:ffff", "2000:0:2000::",
		"2fff:ffff:dfff:ffff:ffff:ffff:ffff:ffff", "2fff:ffff:e000::", "2fff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
		"2fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"0.0.0.0", "0.0.0.1", "63.255.255.255", "64.0.0.0", "127.255.255.254", "127.255.255.255", "128.0.0.0", "191.255.255.255", "255.255.255.255",
	}
	anywhere := 0
	for range 3000 {
		var sources []string
		var b netipx.IPSetBuilder
		for range 1 + random.IntN(3) {
			r := netipx.IPRangeFrom(netip.MustParseAddr(ends[random.IntN(len(ends))]), netip.MustParseAddr(ends[random.IntN(len(ends))]))
			if r.IsValid() {
				sources = append(sources, r.String())
				b.AddRange(r)
			}
		}
		set, err := b.IPSet()
		require.NoError(t, err)
		var v4, v6 float64
		for _, p := range set.Prefixes() {
			switch global := netip.MustParsePrefix("2000::/3"); {
			case p.Addr().Is4():
				v4 += math.Exp2(-float64(p.Bits()))
			case p.Bits() <= 3 && p.Overlaps(global):
				v6 = 1
			case p.Bits() <= 35 && p.Overlaps(global): // what is smaller is forgotten
				v6 += math.Exp2(3 - float64(p.Bits()))
			}
		}
		got, err := IsAnywhere(sources)
		require.NoError(t, err)
		require.Equal(t, v4 >= 0.5 || v6 >= 0.5, got, sources)
		if got {
			anywhere++
		}
	}
	assert.InDelta(t, 1500, anywhere, 1000)
}

func TestPortsCover(t *testing.T) {
	for _, c := range []struct {
		ranges []string
		port   int64
		want   bool
	}{
		{nil, 22, false}, {[]string{"22"}, 22, true}, {[]string{"20-25"}, 22, true}, {[]string{"23-25", "80"}, 22, false},
		{[]string{"*"}, 65535, true}, {[]string{"x", "22"}, 22, true}, {[]string{"0-65535"}, 0, true},
	} {
		got, err := PortsCover(c.ranges, c.port)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%v %d", c.ranges, c.port)
	}
	for _, s := range []string{"", "x", "25-20", "70000", "-1", "1-2-3"} {
		_, err := PortsCover([]string{s}, 22)
		require.Error(t, err, s)
	}
}

func TestSecurityGroupOpens(t *testing.T) {
	lists := list(t, `[{"PrefixListId":"pl-world","Entries":[{"Cidr":"0.0.0.0/1"},{"Cidr":"128.0.0.0/1"}]},{"PrefixListId":"pl-office","Entries":[{"Cidr":"198.51.100.0/24"}]}]`)
	for _, c := range []struct {
		entries, protocol string
		want              bool
	}{
		{`null`, "any", false},
		{`[]`, "any", false},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`, "tcp", true},
		{`{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}`, "tcp", true},
		{`[{"IpProtocol":"tcp","FromPort":"20","ToPort":"30","CidrIpv6":"::/0"}]`, "tcp", true},
		{`[{"IpProtocol":"TCP","FromPort":0,"ToPort":65535,"CidrIpv6":"0::0/0"}]`, "tcp", true},
		{`[{"IpProtocol":"udp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`, "tcp", false},
		{`[{"IpProtocol":"udp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`, "any", true},
		{`[{"IpProtocol":"6","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`, "tcp", true},
		{`[{"IpProtocol":6,"FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`, "tcp", true},
		{`[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]`, "tcp", true},
		{`[{"IpProtocol":-1,"FromPort":80,"ToPort":80,"CidrIp":"0.0.0.0/0"}]`, "tcp", true}, // ports are ignored
		{`[{"IpProtocol":"tcp","FromPort":-1,"ToPort":-1,"CidrIp":"0.0.0.0/0"}]`, "tcp", true},
		{`[{"IpProtocol":"icmp","FromPort":-1,"ToPort":-1,"CidrIp":"0.0.0.0/0"}]`, "any", false},
		{`[{"IpProtocol":"icmp","FromPort":8,"ToPort":22,"CidrIp":"0.0.0.0/0"}]`, "any", false},
		{`[{"IpProtocol":"50","CidrIp":"0.0.0.0/0"}]`, "any", false},
		{`[{"IpProtocol":"tcp","FromPort":23,"ToPort":80,"CidrIp":"0.0.0.0/0"}]`, "tcp", false},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"10.0.0.0/8"}]`, "tcp", false},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourceSecurityGroupId":"sg-1"}]`, "tcp", false},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/2"},{"IpProtocol":"tcp","FromPort":20,"ToPort":25,"CidrIp":"64.0.0.0/2"}]`, "tcp", true},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/2"},{"IpProtocol":"tcp","FromPort":23,"ToPort":25,"CidrIp":"64.0.0.0/2"}]`, "tcp", false},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourcePrefixListId":"pl-world"}]`, "tcp", true},
		{`[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourcePrefixListId":"pl-office"}]`, "tcp", false},
		{`[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"SourcePrefixListId":"pl-unseen"}]`, "tcp", false}, // not about it
		{`[{"IpProtocol":"tcp","FromPort":"x","ToPort":10,"CidrIp":"0.0.0.0/0"}]`, "tcp", false},            // cannot be
	} {
		got, err := SecurityGroupOpens(parse(t, c.entries), c.protocol, []int64{22}, lists)
		require.NoError(t, err, c.entries)
		assert.Equal(t, c.want, got, c.entries)
	}

	// Several ports: any of them.
	got, err := SecurityGroupOpens(parse(t, `[{"IpProtocol":"tcp","FromPort":3389,"ToPort":3389,"CidrIp":"0.0.0.0/0"}]`), "tcp", []int64{22, 3389}, nil)
	require.NoError(t, err)
	assert.True(t, got)
	_, err = SecurityGroupOpens(asset.Value{}, "tcp", []int64{70000}, nil)
	require.Error(t, err)
	_, err = SecurityGroupOpens(asset.Value{}, "icmp", []int64{22}, nil)
	require.Error(t, err)
}

func TestSecurityGroupOpensUnread(t *testing.T) {
	office := `{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"198.51.100.0/24"}`
	world := `{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"0.0.0.0/0"}`
	web := `{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"CidrIp":"0.0.0.0/0"}`
	for _, c := range []struct {
		entries string
		path    asset.Path
		want    string
	}{
		{office + "," + world, "[0]", "true"},
		{office + "," + world, "[1]", "unread"},
		{office + "," + world, "[1].CidrIp", "unread"},
		{office + "," + world, "[1].IpProtocol", "unread"},
		{office + "," + world, "[1].FromPort", "unread"},
		{office + "," + web, "[1].CidrIp", "false"},      // another port
		{office + "," + web, "[1].IpProtocol", "unread"}, // with that of every protocol ports mean nothing
		{office + "," + web, "[1].FromPort", "unread"},
		{office + "," + web, "[1].ToPort", "false"}, // 80 or more
		{office + "," + office, "[1].ToPort", "false"},
	} {
		got, err := SecurityGroupOpens(without(t, parse(t, "["+c.entries+"]"), c.path), "any", []int64{22}, nil)
		if c.want == "unread" {
			assert.Equal(t, denied, err, "%s without %s", c.entries, c.path)
			continue
		}
		require.NoError(t, err, "%s without %s", c.entries, c.path)
		assert.Equal(t, c.want, fmt.Sprint(got), "%s without %s", c.entries, c.path)
	}
	first := &asset.Unread{Op: "ec2:DescribeSecurityGroups", Code: "Throttling"}
	both, err := without(t, parse(t, "["+web+","+office+"]"), "[1].CidrIp").Set("[0].CidrIp", first.Value())
	require.NoError(t, err)
	_, err = SecurityGroupOpens(both, "any", []int64{22}, nil)
	assert.Equal(t, first, err, "the first reason, whichever rule has it")
	_, err = SecurityGroupOpens(denied.Value(), "any", []int64{22}, nil)
	assert.Equal(t, denied, err)
	_, err = SecurityGroupOpensAll(denied.Value(), "any", nil)
	assert.Equal(t, denied, err)
	_, err = SecurityGroupOpens(parse(t, `[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourcePrefixListId":"pl-unseen"}]`), "tcp", []int64{22}, nil)
	var u *asset.Unread
	require.ErrorAs(t, err, &u)
	assert.Equal(t, asset.CodeNotObserved, u.Code)
	for _, e := range []string{`[7]`, `"x"`, `[{"IpProtocol":"nonsense","CidrIp":"0.0.0.0/0"}]`, `[{"IpProtocol":"tcp","CidrIp":"everywhere"}]`, `[{"IpProtocol":"tcp","FromPort":30,"ToPort":20,"CidrIp":"0.0.0.0/0"}]`} {
		_, err := SecurityGroupOpens(parse(t, e), "tcp", []int64{22}, nil)
		require.Error(t, err, e)
		assert.NotErrorAs(t, err, &u, e)
	}
}

func TestSecurityGroupOpensAll(t *testing.T) {
	for _, c := range []struct {
		entries string
		want    bool
	}{
		{`[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]`, true},
		{`[{"IpProtocol":"-1","CidrIp":"10.0.0.0/8"}]`, false},
		{`[{"IpProtocol":"tcp","FromPort":0,"ToPort":65535,"CidrIp":"0.0.0.0/0"}]`, true},
		{`[{"IpProtocol":"udp","FromPort":1,"ToPort":65535,"CidrIpv6":"::/0"}]`, true},
		{`[{"IpProtocol":"tcp","FromPort":0,"ToPort":65534,"CidrIp":"0.0.0.0/0"}]`, false},
		{`[{"IpProtocol":"tcp","FromPort":0,"ToPort":1000,"CidrIp":"0.0.0.0/0"},{"IpProtocol":"tcp","FromPort":1001,"ToPort":65535,"CidrIp":"0.0.0.0/0"}]`, true},
		{`[{"IpProtocol":"tcp","FromPort":0,"ToPort":1000,"CidrIp":"0.0.0.0/0"},{"IpProtocol":"udp","FromPort":1001,"ToPort":65535,"CidrIp":"0.0.0.0/0"}]`, false},
		{`[{"IpProtocol":"icmp","FromPort":-1,"ToPort":-1,"CidrIp":"0.0.0.0/0"}]`, false},
	} {
		got, err := SecurityGroupOpensAll(parse(t, c.entries), "any", nil)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, c.entries)
	}
}

func TestNetworkACLOpens(t *testing.T) {
	entry := func(number int, action, protocol, cidr string, from, to int) string {
		key := "CidrBlock"
		if strings.Contains(cidr, ":") {
			key = "Ipv6CidrBlock"
		}
		return fmt.Sprintf(`{"RuleNumber":%d,"RuleAction":%q,"Protocol":%s,"Egress":false,%q:%q,"PortRange":{"From":%d,"To":%d}}`, number, action, protocol, key, cidr, from, to)
	}
	all := `{"RuleNumber":100,"RuleAction":"allow","Protocol":"-1","Egress":false,"CidrBlock":"0.0.0.0/0"}`
	last := `{"RuleNumber":32767,"RuleAction":"deny","Protocol":"-1","Egress":false,"CidrBlock":"0.0.0.0/0"}`
	for name, c := range map[string]struct {
		entries []string
		want    bool
	}{
		"none":                      {nil, false},
		"default":                   {[]string{all, last}, true},
		"egress":                    {[]string{strings.Replace(all, "false", "true", 1), last}, false},
		"one port":                  {[]string{entry(100, "allow", "6", "0.0.0.0/0", 22, 22), last}, true},
		"another port":              {[]string{entry(100, "allow", "6", "0.0.0.0/0", 80, 443), last}, false},
		"another protocol":          {[]string{entry(100, "allow", `"1"`, "0.0.0.0/0", 22, 22), last}, false},
		"denied first":              {[]string{all, entry(90, "deny", "6", "0.0.0.0/0", 22, 22), last}, false},
		"denied after":              {[]string{all, entry(110, "deny", "6", "0.0.0.0/0", 22, 22), last}, true},
		"denied in part":            {[]string{all, entry(90, "deny", "6", "198.51.100.0/24", 22, 22), last}, true},
		"denied in halves":          {[]string{all, entry(80, "deny", "6", "0.0.0.0/1", 22, 22), entry(90, "deny", "6", "128.0.0.0/1", 0, 1000), last}, false},
		"denied to other family":    {[]string{all, entry(90, "deny", "6", "::/0", 22, 22), last}, true},
		"second family":             {[]string{entry(101, "allow", "6", "::/0", 22, 22), last}, true},
		"allowed before the denial": {[]string{entry(80, "allow", "6", "0.0.0.0/0", 22, 22), entry(90, "deny", "-1", "0.0.0.0/0", 0, 0)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NetworkACLOpens(list(t, "["+strings.Join(c.entries, ",")+"]"), "tcp", []int64{22})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	denial := entry(90, "deny", "6", "0.0.0.0/0", 22, 22)
	for _, p := range []asset.Path{"", "RuleNumber", "RuleAction", "CidrBlock", "Protocol", "PortRange", "Egress"} {
		e := denied.Value()
		if p != "" {
			e = without(t, parse(t, denial), p)
		}
		_, err := NetworkACLOpens([]asset.Value{parse(t, all), e}, "tcp", []int64{22})
		assert.Equal(t, denied, err, p)
	}
	got, err := NetworkACLOpens([]asset.Value{parse(t, entry(80, "allow", "6", "0.0.0.0/0", 22, 22)), without(t, parse(t, denial), "CidrBlock")}, "tcp", []int64{22})
	require.NoError(t, err, "decided before the unread entry")
	assert.True(t, got)
}

func TestSecurityRulesOpen(t *testing.T) {
	rule := func(name string, priority int, access, rest string) string {
		return fmt.Sprintf(`{"name":%q,"properties":{"priority":%d,"access":%q,"direction":"Inbound","protocol":"Tcp","sourcePortRange":"*","sourceAddressPrefix":"*","destinationAddressPrefix":"*","destinationPortRange":"22"%s}}`, name, priority, access, rest)
	}
	but := func(s, old, new string) string {
		require.Contains(t, s, old)
		return strings.Replace(s, old, new, 1)
	}
	a, d := rule("a", 200, "Allow", ""), rule("d", 100, "Deny", "")
	for _, c := range []struct {
		name  string
		rules []string
		want  []string
	}{
		{"none", nil, nil},
		{"open", []string{a}, []string{"a"}},
		{"other case", []string{but(but(a, "Allow", "allow"), "Inbound", "inbound")}, []string{"a"}},
		{"outbound", []string{but(a, "Inbound", "Outbound")}, nil},
		{"internet", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"Internet"`)}, []string{"a"}},
		{"any", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"Any"`)}, []string{"a"}},
		{"prefix", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"0.0.0.0/0"`)}, []string{"a"}},
		{"IPv6", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"::/0"`)}, []string{"a"}},
		{"listed", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefixes":["10.0.0.0/8","0.0.0.0/0"]`)}, []string{"a"}},
		{"range", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"0.0.0.0-255.255.255.255"`)}, []string{"a"}},
		{"private", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"10.0.0.0/8"`)}, nil},
		{"tag", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"VirtualNetwork"`)}, nil},
		{"application group", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceApplicationSecurityGroups":[{"id":"x"}]`)}, nil},
		{"any protocol", []string{but(a, "Tcp", "*")}, []string{"a"}},
		{"udp", []string{but(a, "Tcp", "Udp")}, nil},
		{"icmp", []string{but(a, "Tcp", "Icmp")}, nil},
		{"all ports", []string{but(a, `"22"`, `"*"`)}, []string{"a"}},
		{"range of ports", []string{but(a, `"22"`, `"20-30"`)}, []string{"a"}},
		{"listed ports", []string{but(a, `"destinationPortRange":"22"`, `"destinationPortRanges":["80","20-25"]`)}, []string{"a"}},
		{"other ports", []string{but(a, `"22"`, `"23-80"`)}, nil},
		{"shadowed", []string{a, d}, nil},
		{"denied after", []string{a, rule("d", 300, "Deny", "")}, []string{"a"}},
		{"shadowed by all", []string{a, but(but(d, `"22"`, `"*"`), "Tcp", "*")}, nil},
		{"shadowed by tag Internet", []string{a, but(d, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"Internet"`)}, nil},
		{"another protocol denied", []string{a, but(d, "Tcp", "Udp")}, []string{"a"}},
		{"another tag denied", []string{a, but(d, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"AzureLoadBalancer"`)}, []string{"a"}},
		{"some denied", []string{a, but(d, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"198.51.100.0/24"`)}, []string{"a"}},
		{"some destinations denied", []string{a, but(d, `"destinationAddressPrefix":"*"`, `"destinationAddressPrefix":"10.0.0.4"`)}, []string{"a"}},
		{"the same destination denied", []string{but(a, `"destinationAddressPrefix":"*"`, `"destinationAddressPrefix":"10.0.0.4"`), but(d, `"destinationAddressPrefix":"*"`, `"destinationAddressPrefixes":["10.0.0.4","10.0.0.5"]`)}, nil},
		{"some source ports denied", []string{a, but(d, `"sourcePortRange":"*"`, `"sourcePortRange":"53"`)}, []string{"a"}},
		{"source port allowed", []string{but(a, `"sourcePortRange":"*"`, `"sourcePortRange":"53"`)}, []string{"a"}},
		{"two halves", []string{but(a, `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"0.0.0.0/2"`), but(rule("b", 150, "Allow", ""), `"sourceAddressPrefix":"*"`, `"sourceAddressPrefix":"64.0.0.0/2"`)}, []string{"b", "a"}},
		{"in order", []string{rule("z", 300, "Allow", ""), a}, []string{"a", "z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := SecurityRulesOpen(parse(t, "["+strings.Join(c.rules, ",")+"]"), "tcp", []int64{22})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	got, err := SecurityRulesOpen(asset.Value{}, "any", []int64{22})
	require.NoError(t, err)
	assert.Empty(t, got)
	both := parse(t, "["+a+","+d+"]")
	for _, p := range []asset.Path{"[0]", "[0].properties", "[1]", "[1].properties.access", "[1].properties.priority", "[1].properties.sourceAddressPrefix",
		"[1].properties.protocol", "[1].properties.destinationPortRange", "[1].properties.destinationAddressPrefix", "[1].properties.sourcePortRange", "[1].properties.direction"} {
		_, err := SecurityRulesOpen(without(t, both, p), "tcp", []int64{22})
		if p == "[0]" || p == "[0].properties" {
			require.Error(t, err, p) // its priority may be before the denial's
			continue
		}
		assert.Equal(t, denied, err, p)
	}
	open, err := SecurityRulesOpenAll(parse(t, "["+but(a, `"22"`, `"*"`)+"]"), "tcp")
	require.NoError(t, err)
	assert.True(t, open)
	open, err = SecurityRulesOpenAll(parse(t, "["+but(a, `"22"`, `"*"`)+","+d+"]"), "tcp")
	require.NoError(t, err)
	assert.False(t, open, "one port is denied")
}

func TestFirewallsOpen(t *testing.T) {
	fw := func(name, rest string) string {
		return fmt.Sprintf(`{"name":%q,"direction":"INGRESS","priority":1000,"disabled":false,"sourceRanges":["0.0.0.0/0"],"allowed":[{"IPProtocol":"tcp","ports":["22"]}]%s}`, name, rest)
	}
	but := func(s, old, new string) string {
		require.Contains(t, s, old)
		return strings.Replace(s, old, new, 1)
	}
	a := fw("a", "")
	d := but(fw("d", ""), "allowed", "denied")
	first := func(s string) string { return but(s, "1000", "900") }
	policy := func(rules ...string) string {
		return `{"displayName":"org","rules":[` + strings.Join(rules, ",") + `]}`
	}
	pr := func(priority int, action, rest string) string {
		return fmt.Sprintf(`{"priority":%d,"action":%q,"direction":"INGRESS","match":{"srcIpRanges":["0.0.0.0/0"],"layer4Configs":[{"ipProtocol":"tcp","ports":["22"]}]}%s}`, priority, action, rest)
	}
	for _, c := range []struct {
		name                     string
		before, firewalls, after []string
		want                     []string
	}{
		{"none", nil, nil, nil, nil},
		{"open", nil, []string{a}, nil, []string{"a"}},
		{"defaults", nil, []string{`{"name":"a","allowed":[{"IPProtocol":"tcp"}]}`}, nil, []string{"a"}},
		{"range", nil, []string{but(a, `"22"`, `"20-25"`)}, nil, []string{"a"}},
		{"all protocols", nil, []string{but(a, `{"IPProtocol":"tcp","ports":["22"]}`, `{"IPProtocol":"all"}`)}, nil, []string{"a"}},
		{"number", nil, []string{but(a, `"tcp"`, `"6"`)}, nil, []string{"a"}},
		{"icmp", nil, []string{but(a, `{"IPProtocol":"tcp","ports":["22"]}`, `{"IPProtocol":"icmp"}`)}, nil, nil},
		{"other port", nil, []string{but(a, `"22"`, `"80"`)}, nil, nil},
		{"disabled", nil, []string{but(a, "false", "true")}, nil, nil},
		{"egress", nil, []string{but(a, "INGRESS", "EGRESS")}, nil, nil},
		{"private", nil, []string{but(a, "0.0.0.0/0", "10.0.0.0/8")}, nil, nil},
		{"tags", nil, []string{but(a, `"sourceRanges":["0.0.0.0/0"]`, `"sourceTags":["x"]`)}, nil, nil},
		{"ranges or tags", nil, []string{fw("a", `,"sourceTags":["x"]`)}, nil, []string{"a"}},
		{"denied first", nil, []string{a, first(d)}, nil, nil},
		{"denied, equal priority", nil, []string{a, d}, nil, nil},
		{"denied after", nil, []string{first(a), d}, nil, []string{"a"}},
		{"disabled denial", nil, []string{a, but(first(d), "false", "true")}, nil, []string{"a"}},
		{"other protocol denied", nil, []string{a, but(first(d), `"tcp"`, `"udp"`)}, nil, []string{"a"}},
		{"denied to a target", nil, []string{a, first(but(fw("d", `,"targetTags":["web"]`), "allowed", "denied"))}, nil, []string{"a"}},
		{"denied to its target", nil, []string{fw("a", `,"targetTags":["web"]`), first(but(fw("d", `,"targetTags":["web","db"]`), "allowed", "denied"))}, nil, nil},
		{"denied to one of its targets", nil, []string{fw("a", `,"targetTags":["web","db"]`), first(but(fw("d", `,"targetTags":["web"]`), "allowed", "denied"))}, nil, []string{"a"}},
		{"denied to another kind", nil, []string{fw("a", `,"targetTags":["web"]`), first(but(fw("d", `,"targetServiceAccounts":["web"]`), "allowed", "denied"))}, nil, []string{"a"}},
		{"denied to all", nil, []string{fw("a", `,"targetTags":["web"]`), first(d)}, nil, nil},
		{"denied above", []string{policy(pr(5000, "deny", ""))}, []string{first(a)}, nil, nil},
		{"allowed above", []string{policy(pr(5000, "allow", ""))}, []string{first(d)}, nil, []string{"org/5000"}},
		{"passed on above", []string{policy(pr(10, "goto_next", ""), pr(20, "deny", ""))}, []string{a}, nil, []string{"a"}},
		{"passed on for a target", []string{policy(pr(10, "goto_next", `,"targetServiceAccounts":["x"]`), pr(20, "deny", ""))}, []string{a}, nil, []string{"a"}},
		{"passed on for another", []string{policy(pr(10, "goto_next", `,"targetServiceAccounts":["x"]`), pr(20, "deny", ""))}, []string{fw("a", `,"targetServiceAccounts":["y"]`)}, nil, nil},
		{"passed on too late", []string{policy(pr(10, "deny", ""), pr(20, "goto_next", ""))}, []string{a}, nil, nil},
		{"passed on, then denied", []string{policy(pr(10, "goto_next", "")), policy(pr(20, "deny", ""))}, []string{a}, nil, nil},
		{"goto does not stop another level", []string{policy(pr(10, "goto_next", ""))}, nil, []string{policy(pr(20, "allow", ""))}, []string{"org/20"}},
		{"disabled above", []string{policy(pr(10, "deny", `,"disabled":true`))}, []string{a}, nil, []string{"a"}},
		{"denied above to a target", []string{policy(pr(10, "deny", `,"targetServiceAccounts":["x"]`))}, []string{a}, nil, []string{"a"}},
		{"denied above to a region", []string{policy(but(pr(10, "deny", ""), `"srcIpRanges":["0.0.0.0/0"]`, `"srcRegionCodes":["XX"]`))}, []string{a}, nil, []string{"a"}},
		{"denied above to some destinations", []string{policy(but(pr(10, "deny", ""), `"match":{`, `"match":{"destIpRanges":["10.0.0.0/8"],`))}, []string{fw("a", `,"targetTags":["destIpRanges"]`)}, nil, []string{"a"}},
		{"denied above from networks", []string{policy(but(pr(10, "deny", ""), `"match":{`, `"match":{"srcNetworkScope":"NON_INTERNET",`))}, []string{a}, nil, []string{"a"}},
		{"denied below", nil, []string{a}, []string{policy(pr(10, "deny", ""))}, []string{"a"}},
		{"allowed below", nil, nil, []string{policy(pr(10, "allow", ""))}, []string{"org/10"}},
		{"allowed below, denied here", nil, []string{d}, []string{policy(pr(10, "allow", ""))}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs := func(s []string) []asset.Value { return list(t, "["+strings.Join(s, ",")+"]") }
			got, err := FirewallsOpen(docs(c.firewalls), docs(c.before), docs(c.after), "tcp", []int64{22})
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
	for _, p := range []asset.Path{"direction", "priority", "disabled", "denied", "denied[0]", "sourceRanges", "targetTags"} {
		_, err := FirewallsOpen([]asset.Value{parse(t, a), without(t, parse(t, first(d)), p)}, nil, nil, "tcp", []int64{22})
		assert.Equal(t, denied, err, p)
	}
	_, err := FirewallsOpen([]asset.Value{parse(t, a)}, []asset.Value{denied.Value()}, nil, "tcp", []int64{22})
	assert.Equal(t, denied, err, "an unread policy may deny")
	got, err := FirewallsOpen([]asset.Value{parse(t, a)}, nil, []asset.Value{denied.Value()}, "tcp", []int64{22})
	assert.Equal(t, []string{"a"}, got, "decided before")
	assert.Equal(t, denied, err, "others may open it, too")
	for _, p := range []asset.Path{"rules", "rules[0]", "rules[0].match", "rules[0].action", "rules[0].match.layer4Configs", "rules[0].match.srcIpRanges"} {
		_, err := FirewallsOpen([]asset.Value{parse(t, a)}, []asset.Value{without(t, parse(t, policy(pr(1, "deny", ""))), p)}, nil, "tcp", []int64{22})
		assert.Equal(t, denied, err, p)
	}
	all, err := FirewallsOpenAll([]asset.Value{parse(t, `{"name":"a","allowed":[{"IPProtocol":"all"}]}`)}, nil, nil, "any")
	require.NoError(t, err)
	assert.True(t, all)
}
