// Package corpus makes asset documents for benchmarks and tests: as clouds answer
// them, in size, depth and vocabulary, from a fixed seed and so always the same.
package corpus

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/openstance/stance/asset"
)

// Documents returns ten documents in compact JSON, of 0.4 to 11 KB and 3.6 KB in the
// mean: small ones, lists of like objects, long ids, a policy in a string, nested settings.
func Documents() [][]byte {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	var docs [][]byte
	for _, d := range []any{
		g.bucket(), g.firewall(6), g.securityGroup(12), g.securityGroup(52), g.instance(3), g.instance(11),
		g.database(), g.role(4), g.cluster(3), g.networkSecurityGroup(20),
	} {
		docs = append(docs, marshal(d))
	}
	return docs
}

func marshal(d any) []byte {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // the documents are ours
	}
	return b
}

// Asset returns asset number n of an endless estate, and its configuration as JSON:
// nine types in turn, one account for each thousand. Instances have links to the
// security groups of their account.
func Asset(n int) (*asset.Asset, []byte) {
	g := generator{rand.New(rand.NewPCG(3, uint64(n)))}
	account := fmt.Sprintf("%012d", 100000000000+n/1000)
	a := &asset.Asset{Scope: asset.Scope{Provider: "aws", Account: account, Region: "eu-central-1"}}
	var doc any
	switch n % 9 {
	case 0:
		a.Type, doc = "AWS::S3::Bucket", g.bucket()
	case 1:
		a.Type, doc = "compute.googleapis.com/Firewall", g.firewall(4)
	case 2:
		a.Type, doc = "AWS::EC2::SecurityGroup", g.securityGroup(12+n%20)
	case 3, 4:
		a.Type, doc = "AWS::EC2::Instance", g.instance(3+n%7)
		a.Links = []asset.Link{{Rel: "security_group", To: asset.Ref{Type: "AWS::EC2::SecurityGroup", ID: id("AWS::EC2::SecurityGroup", n-n%9+2)}}}
	case 5:
		a.Type, doc = "AWS::RDS::DBInstance", g.database()
	case 6:
		a.Type, doc = "AWS::IAM::Role", g.role(4)
	case 7:
		a.Type, doc = "container.googleapis.com/Cluster", g.cluster(3)
	default:
		a.Type, doc = "Microsoft.Network/networkSecurityGroups", g.networkSecurityGroup(16)
	}
	a.ID, a.Name = id(a.Type, n), fmt.Sprintf("asset-%d", n)
	b := marshal(doc)
	var err error
	if a.Config, err = asset.Parse(b); err != nil {
		panic(err)
	}
	return a, b
}

// id returns the id of asset number n, in the form of its cloud.
func id(t asset.Type, n int) string {
	switch t.Provider() {
	case "aws":
		return fmt.Sprintf("arn:aws:corpus:eu-central-1:100000000000:asset/corpus-%d", n)
	case "azure":
		return fmt.Sprintf("/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/corpus/providers/microsoft.network/networksecuritygroups/corpus-%d", n)
	}
	return fmt.Sprintf("//compute.googleapis.com/projects/corpus/global/assets/corpus-%d", n)
}

type obj = map[string]any

type generator struct{ *rand.Rand }

func (g generator) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[g.IntN(16)]
	}
	return string(b)
}

func (g generator) id(prefix string) string { return prefix + "-0" + g.hex(16) }
func (g generator) ip() string {
	return fmt.Sprintf("%d.%d.%d.%d", 10+g.IntN(90), g.IntN(256), g.IntN(256), g.IntN(256))
}
func (g generator) arn(service, what string) string {
	return "arn:aws:" + service + ":eu-central-1:123456789012:" + what + "/" + g.hex(12)
}
func (g generator) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) list(n int, make func() any) []any {
	all := []any{}
	for range n {
		all = append(all, make())
	}
	return all
}

func (g generator) tags(n int) []any {
	names := []string{"Name", "environment", "cost-center", "owner", "team", "data-classification"}
	all := []any{}
	for i := range n {
		all = append(all, obj{"Key": names[i%len(names)], "Value": g.pick("platform", "production", "payments-service", "4711")})
	}
	return all
}

func (g generator) bucket() any {
	return obj{
		"BucketName": "logs-" + g.hex(8), "Arn": "arn:aws:s3:::logs-" + g.hex(8),
		"PublicAccessBlockConfiguration": obj{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": false},
		"VersioningConfiguration":        obj{"Status": "Enabled"},
	}
}

func (g generator) firewall(n int) any {
	return obj{
		"id": fmt.Sprint(g.Int64()), "name": "default-allow-ssh", "direction": "INGRESS", "priority": 65534, "disabled": false,
		"creationTimestamp": "2024-03-01T09:12:45.123-08:00", "kind": "compute#firewall",
		"network":      "https://www.googleapis.com/compute/v1/projects/prod-" + g.hex(6) + "/global/networks/default",
		"selfLink":     "https://www.googleapis.com/compute/v1/projects/prod-" + g.hex(6) + "/global/firewalls/default-allow-ssh",
		"allowed":      g.list(n, func() any { return obj{"IPProtocol": "tcp", "ports": []any{fmt.Sprint(g.IntN(65536))}} }),
		"sourceRanges": g.list(n, func() any { return g.ip() + "/32" }),
		"logConfig":    obj{"enable": false},
	}
}

func (g generator) securityGroup(rules int) any {
	rule := func() any {
		port := g.IntN(65536)
		return obj{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": g.ip() + "/24", "Description": g.pick("office", "from the load balancer", "monitoring agents")}
	}
	return obj{
		"GroupId": g.id("sg"), "GroupName": "web-" + g.hex(4), "GroupDescription": "allows web traffic", "VpcId": g.id("vpc"),
		"SecurityGroupIngress": g.list(rules, rule), "SecurityGroupEgress": g.list(1+rules/8, rule), "Tags": g.tags(4),
	}
}

func (g generator) instance(disks int) any {
	return obj{
		"InstanceId": g.id("i"), "ImageId": g.id("ami"), "InstanceType": "m6i.2xlarge", "KeyName": "ops", "SubnetId": g.id("subnet"),
		"PrivateDnsName": "ip-10-1-2-3.eu-central-1.compute.internal", "PrivateIp": g.ip(), "EbsOptimized": true, "Monitoring": false, "SourceDestCheck": true,
		"IamInstanceProfile": g.arn("iam", "instance-profile"), "State": obj{"Code": 16, "Name": "running"},
		"MetadataOptions":  obj{"HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "disabled"},
		"SecurityGroupIds": g.list(3, func() any { return g.id("sg") }), "Tags": g.tags(6), "UserData": nil,
		"BlockDeviceMappings": g.list(disks, func() any {
			return obj{"DeviceName": "/dev/sd" + g.hex(1), "Ebs": obj{"VolumeId": g.id("vol"), "DeleteOnTermination": true, "Encrypted": false, "Iops": 3000, "VolumeSize": 100, "VolumeType": "gp3", "KmsKeyId": g.arn("kms", "key")}}
		}),
		"NetworkInterfaces": g.list(2, func() any {
			return obj{"NetworkInterfaceId": g.id("eni"), "DeviceIndex": "0", "PrivateIpAddress": g.ip(), "SubnetId": g.id("subnet"), "GroupSet": []any{g.id("sg"), g.id("sg")}, "AssociatePublicIpAddress": false}
		}),
	}
}

func (g generator) database() any {
	d := obj{
		"DBInstanceIdentifier": "orders", "Engine": "postgres", "EngineVersion": "16.3", "DBInstanceClass": "db.r6g.xlarge", "AllocatedStorage": 400,
		"StorageEncrypted": true, "KmsKeyId": g.arn("kms", "key"), "PubliclyAccessible": false, "MultiAZ": true, "BackupRetentionPeriod": 14,
		"DeletionProtection": true, "AutoMinorVersionUpgrade": true, "EnableIAMDatabaseAuthentication": false, "MonitoringInterval": 60,
		"PreferredBackupWindow": "03:00-04:00", "CACertificateIdentifier": "rds-ca-rsa2048-g1", "CopyTagsToSnapshot": true, "Tags": g.tags(5),
		"VPCSecurityGroups": g.list(2, func() any { return g.id("sg") }), "EnableCloudwatchLogsExports": []any{"postgresql", "upgrade"},
		"Endpoint":      obj{"Address": "orders.c" + g.hex(11) + ".eu-central-1.rds.amazonaws.com", "Port": "5432", "HostedZoneId": "Z1RLNUO7B9Q6NB"},
		"DBSubnetGroup": obj{"VpcId": g.id("vpc"), "Subnets": g.list(3, func() any { return obj{"SubnetIdentifier": g.id("subnet"), "SubnetStatus": "Active"} })},
	}
	return d
}

func (g generator) role(policies int) any {
	statement := func() any {
		return obj{"Sid": "Allow" + g.hex(4), "Effect": "Allow", "Action": []any{"s3:GetObject", "s3:ListBucket", "kms:Decrypt", "dynamodb:Query"},
			"Resource": []any{g.arn("dynamodb", "table"), "arn:aws:s3:::data-" + g.hex(8) + "/*"}, "Condition": obj{"Bool": obj{"aws:SecureTransport": "true"}}}
	}
	text, _ := json.Marshal(obj{"Version": "2012-10-17", "Statement": g.list(2, statement)})
	return obj{
		"RoleName": "deploy-" + g.hex(6), "Arn": g.arn("iam", "role"), "Path": "/service/", "MaxSessionDuration": 3600, "Description": "deploys “orders”",
		"AssumeRolePolicyDocument": string(text),
		"ManagedPolicyArns":        g.list(3, func() any { return g.arn("iam", "policy") }),
		"Policies": g.list(policies, func() any {
			return obj{"PolicyName": "inline-" + g.hex(4), "PolicyDocument": obj{"Version": "2012-10-17", "Statement": g.list(2, statement)}}
		}),
	}
}

func (g generator) cluster(pools int) any {
	return obj{
		"name": "prod", "location": "europe-west1", "selfLink": "https://container.googleapis.com/v1/projects/prod/locations/europe-west1/clusters/prod",
		"currentMasterVersion": "1.31.5-gke.1169000", "endpoint": g.ip(), "initialNodeCount": 1, "networkPolicy": obj{}, "status": "RUNNING",
		"addonsConfig":         obj{"httpLoadBalancing": obj{}, "networkPolicyConfig": obj{"disabled": true}, "dnsCacheConfig": obj{"enabled": true}},
		"privateClusterConfig": obj{"enablePrivateNodes": true, "masterIpv4CidrBlock": "172.16.0.0/28", "privateEndpoint": g.ip()},
		"resourceLabels":       obj{"env": "prod", "team": "platform", "goog-terraform-provisioned": "true"},
		"nodePools": g.list(pools, func() any {
			return obj{"name": "pool-" + g.hex(4), "initialNodeCount": 3, "version": "1.31.5-gke.1169000", "status": "RUNNING",
				"config": obj{"machineType": "e2-standard-4", "diskSizeGb": 100, "diskType": "pd-balanced", "serviceAccount": "default", "imageType": "COS_CONTAINERD",
					"oauthScopes":            []any{"https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/logging.write", "https://www.googleapis.com/auth/monitoring"},
					"shieldedInstanceConfig": obj{"enableIntegrityMonitoring": true, "enableSecureBoot": false}, "metadata": obj{"disable-legacy-endpoints": "true"}},
				"autoscaling": obj{"enabled": true, "minNodeCount": 1, "maxNodeCount": 10}, "management": obj{"autoRepair": true, "autoUpgrade": true},
				"instanceGroupUrls": g.list(2, func() any {
					return "https://www.googleapis.com/compute/v1/projects/prod/zones/europe-west1-b/instanceGroupManagers/gke-prod-" + g.hex(8) + "-grp"
				})}
		}),
	}
}

func (g generator) networkSecurityGroup(rules int) any {
	id := "/subscriptions/" + g.hex(8) + "-" + g.hex(4) + "-" + g.hex(4) + "-" + g.hex(4) + "-" + g.hex(12) + "/resourceGroups/network/providers/Microsoft.Network/networkSecurityGroups/web"
	return obj{
		"id": id, "name": "web", "type": "Microsoft.Network/networkSecurityGroups", "location": "westeurope", "etag": `W/"` + g.hex(32) + `"`,
		"properties": obj{"provisioningState": "Succeeded", "resourceGuid": g.hex(32), "securityRules": g.list(rules, func() any {
			name := "rule-" + g.hex(4)
			return obj{"id": id + "/securityRules/" + name, "name": name, "type": "Microsoft.Network/networkSecurityGroups/securityRules",
				"properties": obj{"access": "Allow", "direction": "Inbound", "priority": 100 + g.IntN(3900), "protocol": "Tcp", "sourcePortRange": "*", "destinationPortRange": fmt.Sprint(g.IntN(65536)),
					"sourceAddressPrefix": g.ip() + "/32", "destinationAddressPrefix": "*", "provisioningState": "Succeeded", "sourceAddressPrefixes": []any{}, "destinationPortRanges": []any{}}}
		})},
	}
}
