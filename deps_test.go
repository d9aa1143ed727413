package stance_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/openstance/stance"

// dependencies returns the packages outside of the standard library that a pattern's
// packages reach, without those packages themselves.
func dependencies(t *testing.T, pattern string) []string {
	t.Helper()
	list := func(args ...string) []string {
		cmd := exec.Command("go", append([]string{"list"}, args...)...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		require.NoError(t, err, "%s", stderr.String())
		return strings.Fields(string(out))
	}
	own := map[string]bool{}
	for _, p := range list(pattern) {
		own[p] = true
	}
	if len(own) == 0 {
		return nil
	}
	var reached []string
	for _, p := range list("-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pattern) {
		if !own[p] {
			reached = append(reached, p)
		}
	}
	return reached
}

// sdks are what the packages of the clouds, and nobody else, may link.
var sdks = []string{
	"github.com/aws/", "github.com/Azure/", "github.com/AzureAD/", "cloud.google.com/", "google.golang.org/api/",
	"google.golang.org/grpc", "github.com/googleapis/", module + "/provider/aws", module + "/provider/azure", module + "/provider/gcp",
}

func TestNoCloudSDK(t *testing.T) {
	for _, pattern := range []string{"./asset/...", "./provider", "./provider/snapshot", "./policy/...", "./alert", "./remediate", "./remediate/auto", "./examples/posture"} {
		t.Run(pattern, func(t *testing.T) {
			if strings.HasPrefix(pattern, "./remediate") {
				if err := exec.Command("go", "list", strings.TrimSuffix(pattern, "/...")).Run(); err != nil {
					t.Skip("there is no such package yet")
				}
			}
			assert.Empty(t, among(dependencies(t, pattern), sdks))
		})
	}
	assert.NotEmpty(t, among(dependencies(t, "./provider/aws"), sdks), "what must be found is found")
}

// TestNoCloudSDKInAlert covers the packages below alert, except the channels that are
// services of AWS: they take a client of the SDK.
func TestNoCloudSDKInAlert(t *testing.T) {
	channels := module + "/alert/notify/"
	services := []string{channels + "internal/awsout", channels + "securityhub", channels + "sns", channels + "sqs"}
	out, err := exec.Command("go", "list", "./alert/...").Output()
	require.NoError(t, err)
	for _, pkg := range strings.Fields(string(out)) {
		if !slices.Contains(services, pkg) {
			assert.Empty(t, among(dependencies(t, pkg), sdks), pkg)
		}
	}
	assert.NotEmpty(t, among(dependencies(t, channels+"sqs"), sdks), "what must be found is found")
}

// among returns the paths that begin with one of the prefixes.
func among(paths, prefixes []string) []string {
	return slices.DeleteFunc(paths, func(path string) bool {
		return !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
	})
}

func TestAssetImportsTheStandardLibraryAlone(t *testing.T) {
	assert.Empty(t, dependencies(t, "./asset"))
}

// TestImportsPointOneWay keeps the packages that others build on free of those others.
func TestImportsPointOneWay(t *testing.T) {
	for pattern, never := range map[string][]string{
		"./asset/...":         {module + "/provider", module + "/policy", module + "/alert", module + "/remediate", module + "/internal/expr"},
		"./provider":          {module + "/policy", module + "/alert", module + "/remediate"},
		"./provider/snapshot": {module + "/policy", module + "/alert", module + "/remediate"},
		"./policy":            {module + "/provider", module + "/alert", module + "/remediate", module + "/policy/"},
	} {
		assert.Empty(t, among(dependencies(t, pattern), never), pattern)
	}
}
