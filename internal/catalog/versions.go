package catalog

// AWSServiceSpec is the version of the npm package @aws-cdk/aws-service-spec
// (Apache-2.0), which holds the CloudFormation resource schemas.
const AWSServiceSpec = "0.1.216"
