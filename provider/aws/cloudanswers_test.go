package aws

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/moto"
)

// Policies as AWS has them in most accounts.
const (
	cloudTrust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	cloudPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"Logs","Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:` + moto.Account + `:*"},{"Sid":"Table","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:Query"],"Resource":["arn:aws:dynamodb:us-east-1:` + moto.Account + `:table/orders","arn:aws:dynamodb:us-east-1:` + moto.Account + `:table/orders/index/*"]}]}`
	cloudAccess = `{"Version":"2012-10-17","Statement":[{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + moto.Account + `:root"},"Action":"*","Resource":"*"}]}`
	ec2Tags     = `<tagSet><item><key>Name</key><value>web</value></item><item><key>team</key><value>shop</value></item><item><key>env</key><value>prod</value></item></tagSet>`
	jsonTags    = `"Tags":[{"Key":"team","Value":"shop"},{"Key":"env","Value":"prod"}]`
)

// cloudAnswers are the answers of a cloud by service and operation, as the SDK names
// them: without the envelope of the service's protocol.
func cloudAnswers() map[string]func(*question) string {
	answers := map[string]func(*question) string{
		"STS:GetCallerIdentity":              always("<Arn>arn:aws:sts::" + moto.Account + ":assumed-role/stance/test</Arn><UserId>A</UserId><Account>" + moto.Account + "</Account>"),
		"Organizations:DescribeOrganization": always(notConfigured + "AWSOrganizationsNotInUseException"),
		"SecurityHub:DescribeHub":            always(notConfigured + "ResourceNotFoundException"),
	}
	for _, add := range []func(map[string]func(*question) string){iamAnswers, s3Answers, ec2Answers, networkAnswers, computeAnswers, messageAnswers, watchAnswers, dataAnswers, plainAnswers} {
		add(answers)
	}
	return answers
}

func iamAnswers(m map[string]func(*question) string) {
	entity := func(kind string, i int, rest string) string {
		return fmt.Sprintf("<member><Path>/</Path><%[1]sName>%[2]s-%04[3]d</%[1]sName><%[1]sId>AID%017[3]d</%[1]sId><Arn>arn:aws:iam::%[4]s:%[2]s/%[2]s-%04[3]d</Arn><CreateDate>2025-01-02T03:04:05Z</CreateDate>%[5]s</member>", kind, strings.ToLower(kind), i, moto.Account, rest)
	}
	attached := func(i int) string {
		return fmt.Sprintf("<AttachedManagedPolicies><member><PolicyName>policy-%04[1]d</PolicyName><PolicyArn>arn:aws:iam::%[2]s:policy/policy-%04[1]d</PolicyArn></member></AttachedManagedPolicies>", i%3, moto.Account)
	}
	const tags = "<Tags><member><Key>team</Key><Value>shop</Value></member></Tags>"
	trust, policy := url.PathEscape(cloudTrust), url.PathEscape(cloudPolicy)
	inline := "<member><PolicyName>inline</PolicyName><PolicyDocument>" + policy + "</PolicyDocument></member>"
	role := func(i int) string {
		return entity("Role", i, "<AssumeRolePolicyDocument>"+trust+"</AssumeRolePolicyDocument><Description>runs a function</Description><MaxSessionDuration>3600</MaxSessionDuration><RoleLastUsed/>"+tags+"<RolePolicyList>"+inline+"</RolePolicyList>"+attached(i))
	}
	// One page has a share of each kind.
	m["IAM:GetAccountAuthorizationDetails"] = func(q *question) string {
		const size = 250
		var b strings.Builder
		more := ""
		list := func(filter, name string, t asset.Type, thing func(int) string) {
			if !strings.Contains(q.asked, "="+filter) {
				return
			}
			things, next := q.page(t, size, "<IsTruncated>true</IsTruncated><Marker>%d</Marker>", thing)
			b.WriteString("<" + name + ">" + things + "</" + name + ">")
			if next != "" {
				more = next
			}
		}
		list("User", "UserDetailList", iamUser, func(i int) string {
			return entity("User", i, "<GroupList><member>group-0000</member></GroupList><UserPolicyList>"+inline+"</UserPolicyList>"+attached(i)+tags)
		})
		list("Role", "RoleDetailList", iamRole, role)
		list("Group", "GroupDetailList", iamGroup, func(i int) string { return entity("Group", i, attached(i)) })
		list("LocalManagedPolicy", "Policies", iamManagedPolicy, func(i int) string {
			return entity("Policy", i, "<DefaultVersionId>v1</DefaultVersionId><AttachmentCount>1</AttachmentCount><PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable><UpdateDate>2025-01-02T03:04:05Z</UpdateDate><PolicyVersionList><member><Document>"+policy+"</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>2025-01-02T03:04:05Z</CreateDate></member></PolicyVersionList>")
		})
		return b.String() + more
	}
	m["IAM:ListRoles"] = func(q *question) string {
		things, next := q.page(iamRole, 1000, "<IsTruncated>true</IsTruncated><Marker>%d</Marker>", role)
		return "<Roles>" + things + "</Roles>" + next
	}
	m["IAM:GenerateCredentialReport"] = always("<State>COMPLETE</State>")
	m["IAM:GetCredentialReport"] = func(q *question) string {
		var b strings.Builder
		b.WriteString("user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,access_key_1_active\n")
		b.WriteString("<root_account>,arn:aws:iam::" + moto.Account + ":root,2020-01-02T03:04:05+00:00,not_supported,no_information,true,false\n")
		for i := range q.cloud.n(iamUser) {
			fmt.Fprintf(&b, "user-%04[1]d,arn:aws:iam::%[2]s:user/user-%04[1]d,2025-01-02T03:04:05+00:00,true,2025-06-02T03:04:05+00:00,false,true\n", i, moto.Account)
		}
		return "<Content>" + base64Of(b.String()) + "</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-02-28T03:04:05Z</GeneratedTime>"
	}
	m["IAM:GetPolicy"] = always("<Policy><Arn>arn:aws:iam::aws:policy/PowerUserAccess</Arn><PolicyName>PowerUserAccess</PolicyName><PolicyId>ANPA</PolicyId><Path>/</Path><DefaultVersionId>v1</DefaultVersionId><IsAttachable>true</IsAttachable><CreateDate>2025-01-02T03:04:05Z</CreateDate></Policy>")
	m["IAM:GetPolicyVersion"] = always("<PolicyVersion><Document>" + policy + "</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>2025-01-02T03:04:05Z</CreateDate></PolicyVersion>")
	m["IAM:ListPolicyTags"] = always(tags + "<IsTruncated>false</IsTruncated>")
	m["IAM:GetLoginProfile"] = always("<LoginProfile><UserName>user</UserName><CreateDate>2025-01-02T03:04:05Z</CreateDate><PasswordResetRequired>false</PasswordResetRequired></LoginProfile>")
	m["IAM:ListMFADevices"] = always("<MFADevices><member><UserName>user</UserName><SerialNumber>arn:aws:iam::" + moto.Account + ":mfa/user</SerialNumber><EnableDate>2025-01-02T03:04:05Z</EnableDate></member></MFADevices><IsTruncated>false</IsTruncated>")
	m["IAM:ListAccessKeys"] = func(q *question) string {
		form, _ := url.ParseQuery(q.asked)
		name := form.Get("UserName")
		return "<AccessKeyMetadata><member><UserName>" + name + "</UserName><AccessKeyId>AKIA" + strings.TrimPrefix(name, "user-") + "</AccessKeyId><Status>Active</Status><CreateDate>2025-01-02T03:04:05Z</CreateDate></member></AccessKeyMetadata><IsTruncated>false</IsTruncated>"
	}
	m["IAM:GetAccessKeyLastUsed"] = always("<AccessKeyLastUsed><LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate><ServiceName>s3</ServiceName><Region>us-east-1</Region></AccessKeyLastUsed>")
	m["IAM:GetAccountPasswordPolicy"] = always("<PasswordPolicy><MinimumPasswordLength>14</MinimumPasswordLength><RequireSymbols>true</RequireSymbols></PasswordPolicy>")
	m["IAM:GetAccountSummary"] = always("<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value></entry></SummaryMap>")
	m["S3 Control:GetPublicAccessBlock"] = always(notConfigured + "NoSuchPublicAccessBlockConfiguration")
	m["Account:GetAlternateContact"] = always(notConfigured + "ResourceNotFoundException")
}

func s3Answers(m map[string]func(*question) string) {
	m["S3:ListBuckets"] = func(q *question) string {
		things, next := q.page(s3Bucket, 1000, "<ContinuationToken>%d</ContinuationToken>", func(i int) string {
			return fmt.Sprintf("<Bucket><Name>bucket-%04d</Name><BucketRegion>%s</BucketRegion><CreationDate>2025-01-02T03:04:05Z</CreationDate></Bucket>", i, cloudRegions()[i%2])
		})
		return "<ListAllMyBucketsResult><Buckets>" + things + "</Buckets>" + next + "</ListAllMyBucketsResult>"
	}
	for operation, answer := range map[string]string{
		"GetBucketPolicy":                            cloudAccess,
		"GetBucketPolicyStatus":                      "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>",
		"GetBucketAcl":                               `<AccessControlPolicy><Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>`,
		"GetPublicAccessBlock":                       "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
		"GetBucketOwnershipControls":                 "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
		"GetBucketVersioning":                        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
		"GetBucketEncryption":                        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
		"GetBucketLogging":                           "<BucketLoggingStatus><LoggingEnabled><TargetBucket>bucket-0000</TargetBucket><TargetPrefix>logs/</TargetPrefix></LoggingEnabled></BucketLoggingStatus>",
		"GetObjectLockConfiguration":                 notConfigured + "ObjectLockConfigurationNotFoundError",
		"GetBucketTagging":                           "<Tagging><TagSet><Tag><Key>team</Key><Value>shop</Value></Tag><Tag><Key>env</Key><Value>prod</Value></Tag></TagSet></Tagging>",
		"GetBucketLifecycleConfiguration":            "<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>90</Days></Expiration></Rule></LifecycleConfiguration>",
		"GetBucketReplication":                       notConfigured + "ReplicationConfigurationNotFoundError",
		"GetBucketWebsite":                           notConfigured + "NoSuchWebsiteConfiguration",
		"GetBucketCors":                              notConfigured + "NoSuchCORSConfiguration",
		"GetBucketMetadataConfiguration":             notConfigured + "MetadataConfigurationNotFound",
		"GetBucketNotificationConfiguration":         "<NotificationConfiguration/>",
		"GetBucketAccelerateConfiguration":           "<AccelerateConfiguration/>",
		"GetBucketAbac":                              "<AbacStatus><Status>Disabled</Status></AbacStatus>",
		"ListBucketAnalyticsConfigurations":          "<ListBucketAnalyticsConfigurationsResult><IsTruncated>false</IsTruncated></ListBucketAnalyticsConfigurationsResult>",
		"ListBucketInventoryConfigurations":          "<ListInventoryConfigurationsResult><IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>",
		"ListBucketMetricsConfigurations":            "<ListMetricsConfigurationsResult><IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>",
		"ListBucketIntelligentTieringConfigurations": "<ListBucketIntelligentTieringConfigurationsOutput><IsTruncated>false</IsTruncated></ListBucketIntelligentTieringConfigurationsOutput>",
	} {
		m["S3:"+operation] = always(answer)
	}
}

// ec2List makes a list operation of EC2.
func ec2List(set string, t asset.Type, size int, thing func(q *question, i int) string) func(*question) string {
	return func(q *question) string {
		things, next := q.page(t, size, "<nextToken>%d</nextToken>", func(i int) string { return "<item>" + thing(q, i) + ec2Tags + "</item>" })
		return "<" + set + ">" + things + "</" + set + ">" + next
	}
}

// cloudScript is the user data of instances.
const cloudScript = "#!/bin/bash\nyum install -y amazon-cloudwatch-agent\nsystemctl enable --now app\n"

func ec2Answers(m map[string]func(*question) string) {
	m["EC2:DescribeRegions"] = func(*question) string {
		var b strings.Builder
		for _, r := range cloudRegions() {
			b.WriteString("<item><regionName>" + r + "</regionName><optInStatus>opt-in-not-required</optInStatus></item>")
		}
		return "<regionInfo>" + b.String() + "</regionInfo>"
	}
	m["EC2:GetEbsEncryptionByDefault"] = always("<ebsEncryptionByDefault>true</ebsEncryptionByDefault>")
	m["EC2:DescribeInstances"] = func(q *question) string {
		// A reservation has its own account; most have one instance.
		things, next := q.page(ec2Instance, 1000, "<nextToken>%d</nextToken>", func(i int) string {
			subnet, group := q.id("subnet", i%q.cloud.n(ec2Subnet)), q.id("sg", i%q.cloud.n(ec2SecurityGroup))
			vpc := q.id("vpc", 0)
			return "<item><reservationId>" + q.id("r", i) + "</reservationId><ownerId>" + moto.Account + "</ownerId><instancesSet><item><instanceId>" + q.id("i", i) + "</instanceId><imageId>" + q.id("ami", 1) + "</imageId><instanceState><code>16</code><name>running</name></instanceState>" +
				"<privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><dnsName/><keyName>ops</keyName><amiLaunchIndex>0</amiLaunchIndex><instanceType>m6i.large</instanceType><launchTime>2026-01-02T03:04:05.000Z</launchTime><placement><availabilityZone>" + q.region + "a</availabilityZone><groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>" +
				"<subnetId>" + subnet + "</subnetId><vpcId>" + vpc + "</vpcId><privateIpAddress>10.0.0.1</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>" + group + "</groupId><groupName>web</groupName></item></groupSet><architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>" +
				"<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>" + q.id("vol", i) + "</volumeId><status>attached</status><attachTime>2026-01-02T03:04:05.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping><virtualizationType>hvm</virtualizationType><hypervisor>xen</hypervisor>" + ec2Tags +
				"<networkInterfaceSet><item><networkInterfaceId>" + q.id("eni", i) + "</networkInterfaceId><subnetId>" + subnet + "</subnetId><vpcId>" + vpc + "</vpcId><ownerId>" + moto.Account + "</ownerId><status>in-use</status><privateIpAddress>10.0.0.1</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>" + group + "</groupId><groupName>web</groupName></item></groupSet><attachment><attachmentId>eni-attach-1</attachmentId><deviceIndex>0</deviceIndex><status>attached</status><deleteOnTermination>true</deleteOnTermination></attachment></item></networkInterfaceSet>" +
				"<iamInstanceProfile><arn>arn:aws:iam::" + moto.Account + ":instance-profile/web</arn><id>AIP</id></iamInstanceProfile><ebsOptimized>true</ebsOptimized><enaSupport>true</enaSupport><cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions><metadataOptions><state>applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions></item></instancesSet></item>"
		})
		return "<reservationSet>" + things + "</reservationSet>" + next
	}
	const id = "<instanceId>i-1</instanceId>"
	script := id + "<userData><value>" + base64Of(cloudScript) + "</value></userData>"
	m["EC2:DescribeInstanceAttribute"] = func(q *question) string {
		switch {
		case strings.Contains(q.asked, "Attribute=userData"):
			return script
		case strings.Contains(q.asked, "Attribute=disableApiTermination"):
			return id + "<disableApiTermination><value>true</value></disableApiTermination>"
		}
		return id + "<instanceInitiatedShutdownBehavior><value>stop</value></instanceInitiatedShutdownBehavior>"
	}
	m["EC2:DescribeVolumes"] = ec2List("volumeSet", ec2Volume, 500, func(q *question, i int) string {
		return "<volumeId>" + q.id("vol", i) + "</volumeId><size>100</size><snapshotId/><availabilityZone>" + q.region + "a</availabilityZone><status>in-use</status><createTime>2026-01-02T03:04:05.000Z</createTime><attachmentSet><item><volumeId>" + q.id("vol", i) + "</volumeId><instanceId>" + q.id("i", i) + "</instanceId><device>/dev/xvda</device><status>attached</status><attachTime>2026-01-02T03:04:05.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></item></attachmentSet><volumeType>gp3</volumeType><iops>3000</iops><encrypted>true</encrypted><kmsKeyId>" + q.arn("kms", "key/00000000-0000-4000-8000-000000000000") + "</kmsKeyId><multiAttachEnabled>false</multiAttachEnabled><throughput>125</throughput>"
	})
	m["EC2:DescribeVolumeAttribute"] = always("<volumeId>vol-1</volumeId><autoEnableIO><value>false</value></autoEnableIO>")
	m["EC2:DescribeSnapshots"] = func(q *question) string {
		if strings.Contains(q.asked, "RestorableBy") {
			return "<snapshotSet/>"
		}
		return ec2List("snapshotSet", ec2Snapshot, 1000, func(q *question, i int) string {
			return "<snapshotId>" + q.id("snap", i) + "</snapshotId><volumeId>" + q.id("vol", i) + "</volumeId><status>completed</status><startTime>2026-01-02T03:04:05.000Z</startTime><progress>100%</progress><ownerId>" + moto.Account + "</ownerId><volumeSize>100</volumeSize><description>nightly</description><encrypted>true</encrypted><kmsKeyId>" + q.arn("kms", "key/00000000-0000-4000-8000-000000000000") + "</kmsKeyId><storageTier>standard</storageTier>"
		})(q)
	}
}

func networkAnswers(m map[string]func(*question) string) {
	m["EC2:DescribeVpcs"] = ec2List("vpcSet", ec2VPC, 1000, func(q *question, i int) string {
		return "<vpcId>" + q.id("vpc", i) + "</vpcId><ownerId>" + moto.Account + "</ownerId><state>available</state><cidrBlock>10.0.0.0/16</cidrBlock><dhcpOptionsId>dopt-1</dhcpOptionsId><instanceTenancy>default</instanceTenancy><isDefault>false</isDefault><cidrBlockAssociationSet><item><associationId>vpc-cidr-assoc-1</associationId><cidrBlock>10.0.0.0/16</cidrBlock></item></cidrBlockAssociationSet>"
	})
	m["EC2:DescribeVpcAttribute"] = func(q *question) string {
		if strings.Contains(q.asked, "Hostnames") {
			return "<vpcId>vpc-1</vpcId><enableDnsHostnames><value>true</value></enableDnsHostnames>"
		}
		return "<vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport>"
	}
	m["EC2:DescribeSubnets"] = ec2List("subnetSet", ec2Subnet, 1000, func(q *question, i int) string {
		return "<subnetId>" + q.id("subnet", i) + "</subnetId><subnetArn>" + q.arn("ec2", "subnet/"+q.id("subnet", i)) + "</subnetArn><state>available</state><ownerId>" + moto.Account + "</ownerId><vpcId>" + q.id("vpc", 0) + "</vpcId><cidrBlock>10.0.1.0/24</cidrBlock><availableIpAddressCount>200</availableIpAddressCount><availabilityZone>" + q.region + "a</availabilityZone><defaultForAz>false</defaultForAz><mapPublicIpOnLaunch>false</mapPublicIpOnLaunch>"
	})
	m["EC2:DescribeSecurityGroups"] = func(q *question) string {
		if strings.Contains(q.asked, "group-name") {
			return "<securityGroupInfo/>" // of the default groups
		}
		return ec2List("securityGroupInfo", ec2SecurityGroup, 1000, func(q *question, i int) string {
			rule := func(port int, peer string) string {
				return fmt.Sprintf("<item><ipProtocol>tcp</ipProtocol><fromPort>%[1]d</fromPort><toPort>%[1]d</toPort>%[2]s</item>", port, peer)
			}
			return "<ownerId>" + moto.Account + "</ownerId><groupId>" + q.id("sg", i) + "</groupId><groupName>web</groupName><groupDescription>web servers</groupDescription><vpcId>" + q.id("vpc", 0) + "</vpcId><ipPermissions>" +
				rule(443, "<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp><description>all</description></item></ipRanges>") + rule(22, "<ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges>") +
				rule(8080, "<groups><item><userId>"+moto.Account+"</userId><groupId>"+q.id("sg", 0)+"</groupId></item></groups>") +
				"</ipPermissions><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress>"
		})(q)
	}
	m["EC2:DescribeNetworkInterfaces"] = ec2List("networkInterfaceSet", ec2NetworkInterface, 1000, func(q *question, i int) string {
		return "<networkInterfaceId>" + q.id("eni", i) + "</networkInterfaceId><subnetId>" + q.id("subnet", i%q.cloud.n(ec2Subnet)) + "</subnetId><vpcId>" + q.id("vpc", 0) + "</vpcId><availabilityZone>" + q.region + "a</availabilityZone><description>Primary network interface</description><ownerId>" + moto.Account + "</ownerId><requesterManaged>false</requesterManaged><status>in-use</status><macAddress>02:00:00:00:00:01</macAddress><privateIpAddress>10.0.0.1</privateIpAddress><sourceDestCheck>true</sourceDestCheck><interfaceType>interface</interfaceType>" +
			"<groupSet><item><groupId>" + q.id("sg", 0) + "</groupId><groupName>web</groupName></item></groupSet><attachment><attachmentId>eni-attach-1</attachmentId><instanceId>" + q.id("i", i) + "</instanceId><instanceOwnerId>" + moto.Account + "</instanceOwnerId><deviceIndex>0</deviceIndex><status>attached</status></attachment><privateIpAddressesSet><item><privateIpAddress>10.0.0.1</privateIpAddress><primary>true</primary></item></privateIpAddressesSet>"
	})
}

// jsonList makes a list operation of a service that answers JSON.
func jsonList(list, token string, t asset.Type, size int, thing func(q *question, i int) string) func(*question) string {
	return func(q *question) string {
		things, next := q.page(t, size, `"`+token+`":"%d",`, func(i int) string { return thing(q, i) })
		return "{" + next + `"` + list + `":[` + things + "]}"
	}
}

func computeAnswers(m map[string]func(*question) string) {
	function := func(q *question, name string) string {
		return `{"FunctionName":"` + name + `","FunctionArn":"` + q.arn("lambda", "function:"+name) + `","Runtime":"python3.13","Role":"arn:aws:iam::` + moto.Account + `:role/role-0000","Handler":"app.handler","CodeSize":123456,"Description":"takes orders","Timeout":30,"MemorySize":512,"LastModified":"2026-01-02T03:04:05.000+0000","CodeSha256":"YmFzZTY0","Version":"$LATEST","VpcConfig":{"SubnetIds":["` + q.id("subnet", 0) + `"],"SecurityGroupIds":["` + q.id("sg", 0) + `"],"VpcId":"` + q.id("vpc", 0) + `"},` +
			`"Environment":{"Variables":{"LOG_LEVEL":"info","TABLE":"orders","STAGE":"prod"}},"TracingConfig":{"Mode":"Active"},"RevisionId":"0b2f5f3e","PackageType":"Zip","Architectures":["arm64"],"EphemeralStorage":{"Size":512},"SnapStart":{"ApplyOn":"None","OptimizationStatus":"Off"},"LoggingConfig":{"LogFormat":"Text","LogGroup":"/aws/lambda/` + name + `"}}`
	}
	m["Lambda:ListFunctions"] = jsonList("Functions", "NextMarker", lambdaFunction, 50, func(q *question, i int) string {
		return function(q, fmt.Sprintf("function-%04d", i))
	})
	m["Lambda:GetFunctionConfiguration"] = func(q *question) string {
		return function(q, path.Base(path.Dir(q.path)))
	}
	m["Lambda:ListFunctionUrlConfigs"] = always(`{"FunctionUrlConfigs":[]}`)
	m["Lambda:GetPolicy"] = always(`{"Policy":` + quoted(cloudAccess) + `,"RevisionId":"1"}`)
	m["Lambda:GetFunctionCodeSigningConfig"] = always(notConfigured + "ResourceNotFoundException")
	m["Lambda:GetFunctionRecursionConfig"] = always(`{"RecursiveLoop":"Terminate"}`)
	m["Lambda:GetRuntimeManagementConfig"] = always(`{"UpdateRuntimeOn":"Auto"}`)
	m["Lambda:ListTags"] = always(`{"Tags":{"team":"shop","env":"prod"}}`)
	m["ECR:DescribeRepositories"] = jsonList("repositories", "nextToken", ecrRepository, 1000, func(q *question, i int) string {
		name := fmt.Sprintf("app-%04d", i)
		return `{"repositoryArn":"` + q.arn("ecr", "repository/"+name) + `","registryId":"` + moto.Account + `","repositoryName":"` + name + `","repositoryUri":"` + moto.Account + `.dkr.ecr.` + q.region + `.amazonaws.com/` + name + `","createdAt":1735787045,"imageTagMutability":"IMMUTABLE","imageScanningConfiguration":{"scanOnPush":true},"encryptionConfiguration":{"encryptionType":"AES256"}}`
	})
	m["ECR:GetRepositoryPolicy"] = always(`{"policyText":` + quoted(cloudAccess) + `}`)
	m["ECR:GetLifecyclePolicy"] = always(notConfigured + "LifecyclePolicyNotFoundException")
	m["ECR:ListTagsForResource"] = always(`{"tags":[{"Key":"team","Value":"shop"}]}`)
}

func messageAnswers(m map[string]func(*question) string) {
	m["SQS:ListQueues"] = jsonList("QueueUrls", "NextToken", sqsQueue, 1000, func(q *question, i int) string {
		return fmt.Sprintf(`"https://sqs.%s.amazonaws.com/%s/queue-%04d"`, q.region, moto.Account, i)
	})
	m["SQS:GetQueueAttributes"] = func(q *question) string {
		return `{"Attributes":{"QueueArn":"` + q.arn("sqs", "queue") + `","ApproximateNumberOfMessages":"0","CreatedTimestamp":"1735787045","LastModifiedTimestamp":"1735787045","VisibilityTimeout":"30","MaximumMessageSize":"262144","MessageRetentionPeriod":"345600","DelaySeconds":"0","ReceiveMessageWaitTimeSeconds":"20","SqsManagedSseEnabled":"true","Policy":` + quoted(cloudAccess) + `,"RedrivePolicy":` + quoted(`{"deadLetterTargetArn":"`+q.arn("sqs", "queue-0000")+`","maxReceiveCount":5}`) + `}}`
	}
	m["SQS:ListQueueTags"] = always(`{"Tags":{"team":"shop"}}`)
	m["SNS:ListTopics"] = func(q *question) string {
		things, next := q.page(snsTopic, 100, "<NextToken>%d</NextToken>", func(i int) string {
			return fmt.Sprintf("<member><TopicArn>%s-%04d</TopicArn></member>", q.arn("sns", "topic"), i)
		})
		return "<Topics>" + things + "</Topics>" + next
	}
	m["SNS:GetTopicAttributes"] = func(q *question) string {
		entry := func(k, v string) string {
			return "<entry><key>" + k + "</key><value>" + strings.ReplaceAll(v, `"`, "&quot;") + "</value></entry>"
		}
		return "<Attributes>" + entry("Owner", moto.Account) + entry("Policy", cloudAccess) + entry("KmsMasterKeyId", "alias/aws/sns") + entry("SubscriptionsConfirmed", "1") + entry("DisplayName", "orders") + "</Attributes>"
	}
	m["SNS:ListTagsForResource"] = always("<Tags><member><Key>team</Key><Value>shop</Value></member></Tags>")
}

func watchAnswers(m map[string]func(*question) string) {
	m["CloudWatch Logs:DescribeLogGroups"] = jsonList("logGroups", "nextToken", logGroup, 50, func(q *question, i int) string {
		name := fmt.Sprintf("/aws/lambda/function-%04d", i)
		return `{"logGroupName":"` + name + `","creationTime":1735787045000,"retentionInDays":30,"metricFilterCount":0,"dataProtectionStatus":"ACTIVATED","arn":"` + q.arn("logs", "log-group:"+name+":*") + `","storedBytes":1024,"logGroupClass":"STANDARD","logGroupArn":"` + q.arn("logs", "log-group:"+name) + `"}`
	})
	m["CloudWatch Logs:ListTagsForResource"] = always(`{"tags":{"team":"shop"}}`)
	m["CloudWatch Logs:DescribeMetricFilters"] = jsonList("metricFilters", "nextToken", metricFilter, 50, func(q *question, i int) string {
		return fmt.Sprintf(`{"filterName":"filter-%04d","filterPattern":"{ $.errorCode = \"*UnauthorizedOperation\" }","creationTime":1735787045000,"logGroupName":"trail","metricTransformations":[{"metricName":"unauthorized","metricNamespace":"security","metricValue":"1"}]}`, i)
	})
	m["CloudWatch:DescribeAlarms"] = func(q *question) string {
		from := 0
		if m := pageToken.FindStringSubmatch(q.asked); m != nil {
			fmt.Sscan(m[1], &from)
		}
		size, n := 100, q.cloud.n(cloudwatchAlarm)
		if q.cloud.most > 0 {
			size = q.cloud.most
		}
		out, alarms := cbor.Map{}, cbor.List{}
		for i := from; i < min(from+size, n); i++ {
			name := fmt.Sprintf("alarm-%04d", i)
			alarms = append(alarms, cbor.Map{
				"AlarmName": cbor.String(name), "AlarmArn": cbor.String(q.arn("cloudwatch", "alarm:"+name)), "ActionsEnabled": cbor.Bool(true),
				"AlarmActions": cbor.List{cbor.String(q.arn("sns", "topic-0000"))}, "ComparisonOperator": cbor.String("GreaterThanThreshold"), "EvaluationPeriods": cbor.Uint(1),
				"MetricName": cbor.String("Errors"), "Namespace": cbor.String("AWS/Lambda"), "Period": cbor.Uint(300), "Statistic": cbor.String("Sum"), "Threshold": cbor.Float64(1),
				"StateValue": cbor.String("OK"), "Dimensions": cbor.List{cbor.Map{"Name": cbor.String("FunctionName"), "Value": cbor.String("function-0000")}},
			})
		}
		if from+size < n {
			out["NextToken"] = cbor.String(fmt.Sprint(from + size))
		}
		out["MetricAlarms"] = alarms
		return string(cbor.Encode(out))
	}
	m["CloudWatch:ListTagsForResource"] = always(string(cbor.Encode(cbor.Map{"Tags": cbor.List{cbor.Map{"Key": cbor.String("team"), "Value": cbor.String("shop")}}})))
}

func dataAnswers(m map[string]func(*question) string) {
	key := func(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", i) }
	m["KMS:ListKeys"] = jsonList("Keys", "NextMarker", kmsKey, 1000, func(q *question, i int) string {
		return `{"KeyId":"` + key(i) + `","KeyArn":"` + q.arn("kms", "key/"+key(i)) + `"}`
	})
	m["KMS:ListAliases"] = jsonList("Aliases", "NextMarker", kmsAlias, 100, func(q *question, i int) string {
		return fmt.Sprintf(`{"AliasName":"alias/app-%04d","AliasArn":"%s-%04d","TargetKeyId":"%s","CreationDate":1735787045}`, i, q.arn("kms", "alias/app"), i, key(i))
	})
	m["KMS:DescribeKey"] = func(q *question) string {
		return `{"KeyMetadata":{"AWSAccountId":"` + moto.Account + `","KeyId":"` + key(0) + `","Arn":"` + q.arn("kms", "key/"+key(0)) + `","CreationDate":1735787045,"Enabled":true,"Description":"orders","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":false}}`
	}
	m["KMS:GetKeyRotationStatus"] = always(`{"KeyRotationEnabled":true,"RotationPeriodInDays":365}`)
	m["KMS:GetKeyPolicy"] = always(`{"Policy":` + quoted(cloudAccess) + `,"PolicyName":"default"}`)
	m["KMS:ListResourceTags"] = always(`{"Tags":[{"TagKey":"team","TagValue":"shop"}],"Truncated":false}`)
	m["DynamoDB:ListTables"] = jsonList("TableNames", "LastEvaluatedTableName", dynamoTable, 100, func(q *question, i int) string { return fmt.Sprintf(`"table-%04d"`, i) })
	m["DynamoDB:DescribeTable"] = func(q *question) string {
		return `{"Table":{"TableName":"table","TableArn":"` + q.arn("dynamodb", "table/table") + `","TableId":"8d2c6f9e","TableStatus":"ACTIVE","CreationDateTime":1735787045.123,"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":0,"WriteCapacityUnits":0,"NumberOfDecreasesToday":0},"TableSizeBytes":1024,"ItemCount":10,"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"},"DeletionProtectionEnabled":true}}`
	}
	m["DynamoDB:DescribeContinuousBackups"] = always(`{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED","PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":35}}}`)
	m["DynamoDB:DescribeTimeToLive"] = always(`{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`)
	m["DynamoDB:GetResourcePolicy"] = always(notConfigured + "PolicyNotFoundException")
	m["DynamoDB:ListTagsOfResource"] = always("{" + jsonTags + "}")
	m["Secrets Manager:ListSecrets"] = jsonList("SecretList", "NextToken", secretsManagerSecret, 100, func(q *question, i int) string {
		name := fmt.Sprintf("app/secret-%04d", i)
		return `{"ARN":"` + q.arn("secretsmanager", "secret:"+name+"-AbCdEf") + `","Name":"` + name + `","Description":"password of a database","LastChangedDate":1735787045,"LastAccessedDate":1735787045,"CreatedDate":1735787045,"RotationEnabled":true,"RotationRules":{"AutomaticallyAfterDays":30},` + jsonTags + `}`
	})
	m["Secrets Manager:GetResourcePolicy"] = always(`{"ARN":"arn:aws:secretsmanager:us-east-1:` + moto.Account + `:secret:app","ResourcePolicy":` + quoted(cloudAccess) + `}`)
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// quoted returns a text as a JSON string.
func quoted(s string) string { return strconv.Quote(s) }
