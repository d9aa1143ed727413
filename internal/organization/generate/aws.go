package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

func (e *estate) aws() {
	accounts := []struct {
		id, name string
		care     float64
	}{
		{"100000000001", "management", 0.95}, {"100000000002", "log-archive", 0.95}, {"100000000003", "security", 0.95},
		{"100000000010", "payments-prod", 0.85}, {"100000000011", "payments-dev", 0.6},
		{"100000000020", "web-prod", 0.8}, {"100000000021", "web-dev", 0.55}, {"100000000099", "sandbox", 0.3},
	}
	for _, account := range accounts {
		e.care = account.care
		e.parent = nil
		e.in("aws", account.id, "")
		a := e.add("Stance::AWS::Account", account.id, account.name, obj{
			"PasswordPolicy":                 e.passwordPolicy(),
			"PublicAccessBlockConfiguration": e.blocks(),
		})
		a.Status = value(obj{"SummaryMap": obj{
			"AccountAccessKeysPresent": e.flag(!e.good()), "AccountMFAEnabled": e.flag(e.good()), "AccountPasswordPresent": 1,
			"Users": 3, "MFADevices": 2,
		}})
		e.parent = []asset.Ref{a.Ref}
		e.identities(account.id, account.name)
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			e.in("aws", account.id, region)
			e.region(account.id, account.name, region, a)
		}
	}
	e.trail("100000000001")
}

func (e *estate) flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

func (e *estate) passwordPolicy() any {
	if !e.good() {
		return nil
	}
	return obj{"MinimumPasswordLength": 14 - 6*e.flag(!e.good()), "PasswordReusePrevention": 24, "RequireSymbols": true, "RequireNumbers": true}
}

func (e *estate) blocks() any {
	if !e.good() {
		return obj{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}
	}
	return obj{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true}
}

func allow(action, resource any, more ...any) obj {
	s := obj{"Effect": "Allow", "Action": action, "Resource": resource}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return s
}

func document(statements ...any) obj { return obj{"Version": "2012-10-17", "Statement": statements} }

func (e *estate) identities(account, name string) {
	arn := "arn:aws:iam::" + account + ":"
	deploy := document(allow(list{"ecs:UpdateService", "ecr:GetAuthorizationToken"}, "*"))
	if !e.good() {
		deploy = document(allow("*", "*"))
	}
	p := e.add("AWS::IAM::ManagedPolicy", arn+"policy/deploy", "deploy", obj{"ManagedPolicyName": "deploy", "PolicyDocument": deploy})
	p.Status = value(obj{"AttachmentCount": 1})
	group := e.add("AWS::IAM::Group", arn+"group/engineers", "engineers", obj{"GroupName": "engineers", "ManagedPolicyArns": list{p.ID}})
	link(group, "attached_policy", p)
	trust := document(allow("sts:AssumeRole", nil, "Principal", obj{"Service": "ecs-tasks.amazonaws.com"}))
	delete(trust["Statement"].([]any)[0].(obj), "Resource")
	for _, role := range []string{"task", "ci", "support"} {
		t := trust
		if role == "support" && !e.good() {
			t = document(obj{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": obj{"AWS": "*"}})
		}
		r := e.add("AWS::IAM::Role", arn+"role/"+role, role, obj{"RoleName": role, "AssumeRolePolicyDocument": t, "MaxSessionDuration": 3600})
		r.Access = value(t)
		r.Created = e.ago(300 + e.IntN(500))
		link(r, "attached_policy", p)
	}
	for _, user := range []string{"alice", "bob", "build"} {
		if user == "build" && e.good() {
			continue // workloads use roles where somebody cares
		}
		config := obj{"UserName": user}
		if !e.good() {
			config["ManagedPolicyArns"] = list{p.ID}
		}
		u := e.add("AWS::IAM::User", arn+"user/"+user, user, config)
		u.Created = e.ago(400 + e.IntN(300))
		link(u, "member_of", group)
		used := 3 + 200*e.flag(!e.good())
		u.Status = value(obj{"CredentialReport": obj{
			"password_enabled": user != "build", "mfa_active": e.good(),
			"password_last_used": text(e.ago(used)), "password_last_changed": text(e.ago(60)),
			"access_key_1_active": user == "build", "access_key_1_last_used_date": text(e.ago(used)), "access_key_1_last_rotated": text(e.ago(80)),
		}})
		if user != "alice" {
			key := e.add("AWS::IAM::AccessKey", "AKIA"+strings.ToUpper(e.hex(16)), user, obj{"UserName": user, "Status": "Active"})
			key.Created = e.ago(30 + 200*e.flag(!e.good()))
			key.Status = value(obj{"CreateDate": text(key.Created)})
			link(key, "owned_by", u)
		}
		if name == "web-dev" && user == "bob" {
			unread(u, "status.CredentialReport", "iam:GetCredentialReport", "AccessDenied", "User: arn:aws:sts::100000000003:assumed-role/stance/scan is not authorized to perform: iam:GetCredentialReport")
		}
	}
}

// region adds what is in one region of an account.
func (e *estate) region(account, name, region string, root *asset.Asset) {
	arn := func(service, rest string) string {
		return "arn:aws:" + service + ":" + region + ":" + account + ":" + rest
	}
	here := e.add("Stance::AWS::Region", account+"/"+region, region, obj{
		"EbsEncryptionByDefault": e.good(), "InstanceMetadataDefaults": obj{"HttpTokens": e.pick("required", "no-preference")},
	})
	link(here, "account", root)
	if name == "sandbox" && region == "us-east-1" {
		// A service control policy keeps the scanner out of this region.
		e.deny("AWS::RDS::DBInstance", "rds:DescribeDBInstances", "AccessDenied", "explicit deny in a service control policy")
		e.deny("AWS::SecretsManager::Secret", "secretsmanager:ListSecrets", "AccessDeniedException", "explicit deny in a service control policy")
	}
	if e.good() {
		e.add("AWS::GuardDuty::Detector", arn("guardduty", "detector/"+e.hex(16)), "detector", obj{"Enable": e.good(), "FindingPublishingFrequency": "SIX_HOURS"})
	}
	if e.good() {
		an := e.add("AWS::AccessAnalyzer::Analyzer", arn("access-analyzer", "analyzer/account"), "account", obj{"AnalyzerName": "account", "Type": "ACCOUNT"})
		an.Status = value(obj{"Status": "ACTIVE"})
	}
	if e.good() {
		r := e.add("AWS::Config::ConfigurationRecorder", arn("config", "recorder/default"), "default", obj{"Name": "default", "RecordingGroup": obj{"AllSupported": true, "IncludeGlobalResourceTypes": true}})
		r.Status = value(obj{"Recording": e.good(), "LastStatus": "SUCCESS"})
	}
	key := e.add("AWS::KMS::Key", arn("kms", "key/"+e.hex(8)+"-"+e.hex(4)+"-"+e.hex(4)+"-"+e.hex(4)+"-"+e.hex(12)), "data", obj{
		"Enabled": true, "EnableKeyRotation": e.good(), "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": false})
	key.Status = value(obj{"KeyManager": "CUSTOMER", "KeyState": "Enabled"})
	key.Access = value(document(allow("kms:*", "*", "Principal", obj{"AWS": "arn:aws:iam::" + account + ":root"})))
	e.buckets(account, name, region, root, key)
	e.network(name, arn, key, here)
	e.services(account, name, arn, key)
}

func (e *estate) buckets(account, name, region string, root, key *asset.Asset) {
	for _, use := range []string{"assets", "uploads", "reports"} {
		b := name + "-" + use + "-" + region
		config := obj{"BucketName": b, "BucketEncryption": obj{"ServerSideEncryptionConfiguration": list{obj{"ServerSideEncryptionByDefault": obj{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.ID}}}},
			"OwnershipControls": obj{"Rules": list{obj{"ObjectOwnership": "BucketOwnerEnforced"}}}}
		if e.good() {
			config["PublicAccessBlockConfiguration"] = obj{"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true}
		}
		if e.good() {
			config["VersioningConfiguration"] = obj{"Status": "Enabled"}
		}
		a := e.add("AWS::S3::Bucket", "arn:aws:s3:::"+b, b, config)
		a.Tags = e.tags(name)
		a.Created = e.ago(200 + e.IntN(900))
		link(a, "account", root)
		link(a, "encrypted_by", key)
		statements := []any{}
		if e.good() {
			statements = append(statements, obj{"Sid": "TLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
				"Resource": list{a.ID, a.ID + "/*"}, "Condition": obj{"Bool": obj{"aws:SecureTransport": "false"}}})
		}
		public := use == "assets" && !e.good()
		if public {
			statements = append(statements, allow("s3:GetObject", a.ID+"/*", "Principal", "*"))
		}
		if len(statements) > 0 {
			a.Access = value(document(statements...))
		}
		a.Status = value(obj{"PolicyStatus": obj{"IsPublic": public}, "Grants": list{obj{"Permission": "FULL_CONTROL", "Grantee": obj{"Type": "CanonicalUser", "ID": e.hex(32)}}}, "MFADelete": "Disabled"})
		if use == "reports" && name == "payments-prod" {
			unread(a, "access", "s3:GetBucketPolicy", "AccessDenied", "explicit deny in a resource-based policy")
			unread(a, "status.PolicyStatus", "s3:GetBucketPolicyStatus", "AccessDenied", "explicit deny in a resource-based policy")
		}
	}
}

func (e *estate) network(name string, arn func(string, string) string, key, region *asset.Asset) {
	vpcID := "vpc-0" + e.hex(16)
	vpc := e.add("AWS::EC2::VPC", arn("ec2", "vpc/"+vpcID), "main", obj{"VpcId": vpcID, "CidrBlock": "10.20.0.0/16"})
	vpc.Status = value(obj{"IsDefault": false, "State": "available"})
	subnetID := "subnet-0" + e.hex(16)
	subnet := e.add("AWS::EC2::Subnet", arn("ec2", "subnet/"+subnetID), "app-a", obj{"SubnetId": subnetID, "VpcId": vpcID, "CidrBlock": "10.20.1.0/24", "MapPublicIpOnLaunch": !e.good()})
	link(subnet, "vpc", vpc)
	if e.good() {
		id := "fl-0" + e.hex(16)
		f := e.add("AWS::EC2::FlowLog", arn("ec2", "vpc-flow-log/"+id), id, obj{"ResourceId": vpcID, "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3"})
		f.Status = value(obj{"FlowLogStatus": "ACTIVE"})
		link(f, "monitors", vpc)
	}
	aclID := "acl-0" + e.hex(16)
	acl := e.add("AWS::EC2::NetworkAcl", arn("ec2", "network-acl/"+aclID), "default", obj{"Id": aclID, "VpcId": vpcID})
	link(acl, "vpc", vpc)
	for _, rule := range []obj{
		{"RuleNumber": 100, "Egress": false, "RuleAction": "allow", "CidrBlock": e.pick("10.0.0.0/8", "0.0.0.0/0"), "Protocol": -1},
		{"RuleNumber": 32767, "Egress": false, "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "Protocol": -1},
	} {
		rule["NetworkAclId"] = aclID
		entry := e.add("AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s|ingress|%d", aclID, rule["RuleNumber"]), fmt.Sprint(rule["RuleNumber"]), rule)
		link(entry, "network_acl", acl)
	}
	group := func(name string, ingress ...any) *asset.Asset {
		id := "sg-0" + e.hex(16)
		g := e.add("AWS::EC2::SecurityGroup", arn("ec2", "security-group/"+id), name, obj{"GroupId": id, "GroupName": name, "VpcId": vpcID,
			"SecurityGroupIngress": ingress, "SecurityGroupEgress": list{obj{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}})
		link(g, "vpc", vpc)
		return g
	}
	rule := func(port int, cidr string) obj {
		return obj{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": cidr}
	}
	group("default")
	web := group("web", rule(443, "0.0.0.0/0"), rule(80, "0.0.0.0/0"))
	admin := "10.0.0.0/8"
	if !e.good() {
		admin = "0.0.0.0/0"
	}
	ops := group("ops", rule(22, admin), rule(5432, "10.20.0.0/16"))
	for i := range 2 {
		id := "i-0" + e.hex(16)
		tokens := "required"
		if !e.good() {
			tokens = "optional"
		}
		n := fmt.Sprintf("%s-%d", e.pick("web", "worker", "batch"), i)
		vm := e.add("AWS::EC2::Instance", arn("ec2", "instance/"+id), n, obj{"InstanceId": id, "InstanceType": e.pick("m7i.large", "t3.medium"), "SubnetId": subnetID,
			"MetadataOptions": obj{"HttpTokens": tokens, "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1}, "SecurityGroupIds": list{web.ID}})
		vm.Tags = e.tags(name)
		vm.Created = e.ago(20 + e.IntN(200))
		link(vm, "security_group", web)
		link(vm, "security_group", ops)
		link(vm, "subnet", subnet)
		link(vm, "region", region)
		volID := "vol-0" + e.hex(16)
		vol := e.add("AWS::EC2::Volume", arn("ec2", "volume/"+volID), volID, obj{"VolumeId": volID, "Encrypted": e.good(), "Size": 100, "VolumeType": "gp3"})
		link(vol, "attached_to", vm)
		link(vol, "region", region)
		link(vm, "volume", vol)
	}
	snapID := "snap-0" + e.hex(16)
	snap := e.add("AWS::EC2::Snapshot", arn("ec2", "snapshot/"+snapID), snapID, obj{"SnapshotId": snapID, "Encrypted": true, "CreateVolumePermissions": e.shared("Group", "all")})
	snap.Created = e.ago(90)
	amiID := "ami-0" + e.hex(16)
	e.add("AWS::EC2::Image", arn("ec2", "image/"+amiID), "base", obj{"ImageId": amiID, "Name": "base", "Public": !e.mostly()})
}

// shared returns a list of one, now and then, where things are shared with everybody.
func (e *estate) shared(key, who string) list {
	if e.mostly() {
		return list{}
	}
	return list{obj{key: who}}
}

func (e *estate) services(account, name string, arn func(string, string) string, key *asset.Asset) {
	db := e.add("AWS::RDS::DBInstance", arn("rds", "db:orders"), "orders", obj{"DBInstanceIdentifier": "orders", "Engine": "postgres", "PubliclyAccessible": !e.good(),
		"StorageEncrypted": e.good(), "AutoMinorVersionUpgrade": e.good(), "BackupRetentionPeriod": 7})
	db.Created = e.ago(500)
	link(db, "encrypted_by", key)
	backup := e.add("AWS::RDS::DBSnapshot", arn("rds", "snapshot:orders-monthly"), "orders-monthly", obj{"DBSnapshotIdentifier": "orders-monthly", "SnapshotType": "manual"})
	restore := list{}
	if !e.mostly() {
		restore = list{"all"}
	}
	backup.Status = value(obj{"Attributes": obj{"restore": restore}})
	link(backup, "source", db)
	queue := e.add("AWS::SQS::Queue", arn("sqs", "orders"), "orders", obj{"QueueName": "orders", "SqsManagedSseEnabled": true})
	from := obj{"AWS": "arn:aws:iam::" + account + ":root"}
	if !e.good() {
		queue.Access = value(document(allow("sqs:SendMessage", queue.ID, "Principal", "*")))
	} else {
		queue.Access = value(document(allow("sqs:*", queue.ID, "Principal", from)))
	}
	topic := e.add("AWS::SNS::Topic", arn("sns", "alerts"), "alerts", obj{"TopicName": "alerts"})
	topic.Access = value(document(allow("sns:Publish", topic.ID, "Principal", obj{"AWS": "*"}, "Condition", obj{"StringEquals": obj{"aws:SourceOwner": account}})))
	env := obj{"LOG_LEVEL": "info", "TABLE": "orders"}
	if !e.good() {
		env["DB_PASSWORD"] = "correct-horse-battery-" + e.hex(6)
	}
	fn := e.add("AWS::Lambda::Function", arn("lambda", "function:notify"), "notify", obj{"FunctionName": "notify", "Runtime": "python3.13", "Environment": obj{"Variables": env}})
	fn.Access = value(document(allow("lambda:InvokeFunction", fn.ID, "Principal", obj{"Service": "sns.amazonaws.com"}, "Condition", obj{"ArnLike": obj{"AWS:SourceArn": topic.ID}})))
	secret := e.add("AWS::SecretsManager::Secret", arn("secretsmanager", "secret:orders-db-"+e.hex(6)), "orders-db", obj{"Name": "orders-db"})
	link(secret, "encrypted_by", key)
	repo := e.add("AWS::ECR::Repository", arn("ecr", "repository/app"), "app", obj{"RepositoryName": "app", "ImageScanningConfiguration": obj{"ScanOnPush": e.good()}})
	repo.Tags = e.tags(name)
	cidrs := list{"203.0.113.0/24"}
	if !e.good() {
		cidrs = list{"0.0.0.0/0"}
	}
	eks := e.add("AWS::EKS::Cluster", arn("eks", "cluster/apps"), "apps", obj{"Name": "apps", "Version": "1.33",
		"ResourcesVpcConfig": obj{"EndpointPublicAccess": true, "EndpointPrivateAccess": true, "PublicAccessCidrs": cidrs}})
	eks.Tags = e.tags(name)
	e.add("AWS::DynamoDB::Table", arn("dynamodb", "table/sessions"), "sessions", obj{"TableName": "sessions", "PointInTimeRecoverySpecification": obj{"PointInTimeRecoveryEnabled": e.good()}})
	e.add("AWS::Logs::LogGroup", arn("logs", "log-group:/aws/lambda/notify"), "/aws/lambda/notify", obj{"LogGroupName": "/aws/lambda/notify", "RetentionInDays": 365})
}

// trail adds the organization's trail, which every account sees.
func (e *estate) trail(owner string) {
	e.in("aws", owner, "eu-west-1")
	e.parent = nil
	arn := "arn:aws:cloudtrail:eu-west-1:" + owner + ":trail/organisation"
	t := e.add("AWS::CloudTrail::Trail", arn, "organisation", obj{"TrailName": "organisation", "IsMultiRegionTrail": true, "IsOrganizationTrail": true, "IsLogging": true,
		"EnableLogFileValidation": true, "S3BucketName": "log-archive-reports-eu-west-1", "EventSelectors": list{obj{"ReadWriteType": "All", "IncludeManagementEvents": true}}})
	for s := range e.scopes {
		if s.Provider == "aws" && s.Region == "" && s.Account != "100000000099" {
			t.Observers = append(t.Observers, s.Account)
		}
	}
	slices.Sort(t.Observers)
	// The sandbox is outside of the organization.
	e.in("aws", "100000000099", "eu-west-1")
	e.add("AWS::CloudTrail::Trail", "arn:aws:cloudtrail:eu-west-1:100000000099:trail/local", "local", obj{"TrailName": "local", "IsMultiRegionTrail": false, "IsLogging": true,
		"EnableLogFileValidation": false, "S3BucketName": "sandbox-reports-eu-west-1"})
}
