package aws

// services are all services that are looked at, in the order in which that begins.
func services() []service {
	return []service{
		{name: "iam", tables: iamTables},
		{name: "s3", tables: s3Tables, rate: 100, burst: 200},
		{name: "ec2", tables: ec2Tables},
		{name: "rds", tables: rdsTables},
	}
}
