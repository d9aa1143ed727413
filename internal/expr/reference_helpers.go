package expr

func helps(name, group, doc, example, result string, signatures ...string) Function {
	return Function{name, "function", group, signatures, doc, example, result}
}

const (
	publicPolicy = "{'Statement': [{'Effect': 'Allow', 'Principal': '*', 'Action': 's3:GetObject', 'Resource': '*'}]}"
	adminPolicy  = "{'Statement': [{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}]}"
	owners       = "{'bindings': [{'role': 'roles/owner', 'members': ['user:ann@example.com', 'serviceAccount:a@p.iam.gserviceaccount.com']}]}"
	sshRule      = "{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'CidrIp': '0.0.0.0/0'}"
	anyRule      = "{'IpProtocol': '-1', 'CidrIp': '0.0.0.0/0'}"
	aclEntry     = "{'RuleNumber': 100, 'RuleAction': 'allow', 'Egress': false, 'Protocol': 6, 'CidrBlock': '0.0.0.0/0', 'PortRange': {'From': 22, 'To': 22}}"
	nsgRule      = "{'name': 'ssh', 'properties': {'priority': 100, 'access': 'Allow', 'direction': 'Inbound', 'protocol': 'Tcp', 'sourceAddressPrefix': '*', 'destinationPortRange': '22'}}"
	fwRule       = "{'name': 'ssh', 'priority': 1000, 'direction': 'INGRESS', 'sourceRanges': ['0.0.0.0/0'], 'allowed': [{'IPProtocol': 'tcp', 'ports': ['22']}]}"
)

// helperDocs are the functions of Stance.
var helperDocs = []Function{
	helps("days", "Time", "A number of days as a duration.", "days(2) == duration('48h')", "true", "days(int) -> duration"),

	helps("unknown", "Logic", "No answer, for the reason given: what needs it is unknown.", "true || unknown('nothing was delivered yet')", "true", "unknown(string) -> dyn"),

	helps("secret.detected", "Secrets", "Whether there is a secret anywhere in a value.", "secret.detected({'env': 'AKIAIOSFODNN7EXAMPLE'})", "true", "secret.detected(value) -> bool"),
	helps("secret.detectors", "Secrets", "The names of the detectors that found a secret in a value; unknown where a start-up script cannot be decoded.", "secret.detectors(['no secret'])", "[]", "secret.detectors(value) -> list(string)"),

	helps("iam.isPublic", "Access policies", "Whether a policy of AWS or Google Cloud, or its JSON, grants something to everyone.", "iam.isPublic("+publicPolicy+")", "true", "iam.isPublic(policy) -> bool", "iam.isPublic(policy, list(identityProvider)) -> bool"),
	helps("iam.grantsAdmin", "Access policies", "Whether a policy makes its principal an administrator.", "iam.grantsAdmin("+adminPolicy+")", "true",
		"iam.grantsAdmin(policy) -> bool", "iam.grantsAdmin(policy, arn, list(organization)) -> bool"),
	helps("iam.externalPrincipals", "Access policies", "The principals to whom a policy grants something, without those of the named accounts.",
		"iam.externalPrincipals({'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': '444455556666'}, 'Action': 'sts:AssumeRole', 'Resource': '*'}]}, ['111122223333'])", `["444455556666"]`,
		"iam.externalPrincipals(policy, list(string)) -> list(string)"),
	helps("iam.deniesInsecureTransport", "Access policies", "Whether the policy of a bucket with an ARN denies requests without TLS.",
		"iam.deniesInsecureTransport({'Statement': [{'Effect': 'Deny', 'Principal': '*', 'Action': 's3:*', 'Resource': ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'], 'Condition': {'Bool': {'aws:SecureTransport': 'false'}}}]}, 'arn:aws:s3:::b')", "true",
		"iam.deniesInsecureTransport(policy, arn) -> bool"),
	helps("iam.deniesOldTLS", "Access policies", "Whether the policy of a bucket with an ARN denies requests with TLS before 1.2.",
		"iam.deniesOldTLS({'Statement': [{'Effect': 'Deny', 'Principal': '*', 'Action': 's3:*', 'Resource': ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'], 'Condition': {'NumericLessThan': {'s3:TlsVersion': '1.2'}}}]}, 'arn:aws:s3:::b')", "true",
		"iam.deniesOldTLS(policy, arn) -> bool"),
	helps("iam.demandsMFA", "Access policies", "Whether a conditional access policy of Microsoft Entra demands multifactor authentication at every sign-in of a user, with its row of the report of registrations.",
		"iam.demandsMFA({'state': 'enabled', 'conditions': {'users': {'includeUsers': ['All']}, 'applications': {'includeApplications': ['All']}}, 'grantControls': {'builtInControls': ['mfa']}}, {'id': 'u1'}, {})", "true",
		"iam.demandsMFA(policy, user, report) -> bool"),
	helps("iam.excludesStrangers", "Access policies", "Whether an attribute condition of a workload identity provider of Google Cloud, with its mapping and issuer, lets in only customers of the issuer that it names.",
		"iam.excludesStrangers(\"assertion.repository_owner == 'acme'\", {}, 'https://token.actions.githubusercontent.com')", "true",
		"iam.excludesStrangers(condition, mapping, string) -> bool"),
	helps("iam.escalations", "Access policies", "The ways in which a principal with an ARN, all its policies and its permissions boundary can gain permissions.",
		"iam.escalations([{'Statement': [{'Effect': 'Allow', 'Action': 'iam:CreatePolicyVersion', 'Resource': '*'}]}], optional.none(), 'arn:aws:iam::111122223333:user/ann')", `["CreatePolicyVersion"]`,
		"iam.escalations(list(policy), optional(policy), arn) -> list(string)", "iam.escalations(list(policy), optional(policy), arn, list(arn), list(organization)) -> list(string)"),
	helps("iam.membersOf", "Access policies", "The members to whom policies of Google Cloud grant one of some roles, which may have *.", "iam.membersOf(["+owners+"], ['roles/owner'])",
		`["serviceAccount:a@p.iam.gserviceaccount.com","user:ann@example.com"]`, "iam.membersOf(list(policy), list(string)) -> list(string)"),
	helps("iam.membersOfBoth", "Access policies", "The members to whom policies of Google Cloud grant one of the first roles and one of the second.", "iam.membersOfBoth(["+owners+"], ['roles/owner'], ['roles/editor'])",
		"[]", "iam.membersOfBoth(list(policy), list(string), list(string)) -> list(string)"),
	helps("iam.adminServiceAccounts", "Access policies", "The service accounts that policies of Google Cloud make administrators.", "iam.adminServiceAccounts(["+owners+"])",
		`["serviceAccount:a@p.iam.gserviceaccount.com"]`, "iam.adminServiceAccounts(list(policy)) -> list(string)"),

	helps("net.isPublic", "Packet filters", "Whether some addresses of a prefix are on the internet.", "net.isPublic('10.0.0.0/8')", "false", "net.isPublic(string) -> bool"),
	helps("net.isAnywhere", "Packet filters", "Whether prefixes together have half of the internet or more.", "net.isAnywhere(['0.0.0.0/1', '128.0.0.0/1'])", "true", "net.isAnywhere(list(string)) -> bool"),
	helps("net.contains", "Packet filters", "Whether the first prefix contains the second.", "net.contains('10.0.0.0/8', '10.1.0.0/16')", "true", "net.contains(string, string) -> bool"),
	helps("net.portsCover", "Packet filters", "Whether port ranges contain a port.", "net.portsCover(['22', '80-90'], 85)", "true", "net.portsCover(list(string), int) -> bool"),
	helps("net.sgOpens", "Packet filters", "Whether rules of an AWS security group, with its prefix lists, open one of the ports of 'tcp', 'udp' or 'any' to the internet.", "net.sgOpens(["+sshRule+"], 'tcp', [22, 3389], [])", "true",
		"net.sgOpens(rules, string, list(int), list(prefixList)) -> bool"),
	helps("net.sgOpensOver", "Packet filters", "Whether rules of an AWS security group, with its prefix lists, open one of the ports of a protocol to the internet over 'IPv4' or 'IPv6'.", "net.sgOpensOver('IPv6', ["+sshRule+"], 'tcp', [22], [])", "false",
		"net.sgOpensOver(string, rules, string, list(int), list(prefixList)) -> bool"),
	helps("net.sgOpensAll", "Packet filters", "Whether rules of an AWS security group open all ports of a protocol to the internet.", "net.sgOpensAll(["+anyRule+"], 'any', [])", "true",
		"net.sgOpensAll(rules, string, list(prefixList)) -> bool"),
	helps("net.naclOpens", "Packet filters", "Whether the entries of an AWS network ACL open one of the ports of a protocol to the internet.", "net.naclOpens(["+aclEntry+"], 'tcp', [22])", "true",
		"net.naclOpens(list(entry), string, list(int)) -> bool"),
	helps("net.nsgOpens", "Packet filters", "The names of the rules of an Azure network security group that open one of the ports of a protocol to the internet.", "net.nsgOpens(["+nsgRule+"], 'tcp', [22])", `["ssh"]`,
		"net.nsgOpens(rules, string, list(int)) -> list(string)"),
	helps("net.nsgOpensAll", "Packet filters", "Whether rules of an Azure network security group open all ports of a protocol to the internet.", "net.nsgOpensAll(["+nsgRule+"], 'tcp')", "false",
		"net.nsgOpensAll(rules, string) -> bool"),
	helps("net.fwOpens", "Packet filters", "The names of the rules of a Google Cloud network, with firewall policies before and after them, that open one of the ports of a protocol to the internet.", "net.fwOpens(["+fwRule+"], [], [], 'tcp', [22])", `["ssh"]`,
		"net.fwOpens(list(rule), list(policy), list(policy), string, list(int)) -> list(string)"),
	helps("net.fwOpensAll", "Packet filters", "Whether rules of a Google Cloud network open all ports of a protocol to the internet.", "net.fwOpensAll(["+fwRule+"], [], [], 'tcp')", "false",
		"net.fwOpensAll(list(rule), list(policy), list(policy), string) -> bool"),
}
