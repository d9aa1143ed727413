// Package awsapi holds what every caller of AWS needs, whether it reads or changes
// resources: accounts that are entered by roles, their regions and partitions, rate
// limits and retries, errors, and ARNs.
package awsapi
