package catalog

import (
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	schemas := map[string]*Schema{
		"b/2": {Config: map[string]any{"X": []any{"#D"}}, Defs: map[string]any{"D": map[string]any{"Y": "s"}}},
		"a/1": {Config: map[string]any{"X": "s"}},
		"a/0": {Config: map[string]any{"X": "i"}},
	}
	group := func(typ string) string { return typ[:1] }
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		require.NoError(t, Write(filepath.Join(dir, name), "from nowhere", group, schemas))
	}
	one, err := os.ReadFile(filepath.Join(dir, "one"))
	require.NoError(t, err)
	two, err := os.ReadFile(filepath.Join(dir, "two"))
	require.NoError(t, err)
	assert.Equal(t, one, two)

	z, err := zip.OpenReader(filepath.Join(dir, "one"))
	require.NoError(t, err)
	defer z.Close()
	assert.Equal(t, "from nowhere", z.Comment)
	got := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		got[f.Name] = string(text)
	}
	assert.Equal(t, map[string]string{
		"index": "a/0\na/1\nb/2",
		"a":     `{"a/0":{"config":{"X":"i"}}}` + "\n" + `{"a/1":{"config":{"X":"s"}}}`,
		"b":     `{"b/2":{"config":{"X":["#D"]},"defs":{"D":{"Y":"s"}}}}`,
	}, got)
}

// TestPublishedFilesAreOfThePinnedVersions fails when a version was changed and the
// generator was not run.
func TestPublishedFilesAreOfThePinnedVersions(t *testing.T) {
	for cloud, versions := range map[string][]string{"aws": {AWSServiceSpec, CFNLint}, "azure": AzureModules(), "gcp": {GoogleAPI}} {
		name := filepath.Join("..", "..", "asset", "catalog", cloud+"catalog", "published.zip")
		z, err := zip.OpenReader(name)
		require.NoError(t, err)
		defer z.Close()
		for _, v := range versions {
			assert.Contains(t, strings.FieldsFunc(strings.TrimSuffix(z.Comment, ". DO NOT EDIT."), func(r rune) bool { return r == ' ' || r == ',' }), v, cloud)
		}
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(1<<20), "%s is too large to be embedded", name)
	}
}

// TestWhatCloudControlNeedsIsOfThePinnedVersion is the same for what awsgen writes beside.
func TestWhatCloudControlNeedsIsOfThePinnedVersion(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "provider", "aws", "cloudcontrol.json.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	assert.Contains(t, z.Comment, "@aws-cdk/aws-service-spec "+AWSServiceSpec+" and cfn-lint "+CFNLint+".")
}

func TestSecretNames(t *testing.T) {
	for _, name := range []string{"Password", "MasterUserPassword", "adminPassword", "Passwords", "UserData", "customData", "ClientSecret", "PrivateKey", "primaryKey", "connectionString", "ApiKey", "AuthToken", "SecretAccessKey"} {
		assert.True(t, HoldsSecret(name), name)
	}
	for _, name := range []string{"SecretArn", "PasswordPolicy", "KmsKeyId", "HttpTokens", "MasterUserSecret", "PasswordLastUsed", "PublicKey", "KeyName", "NextToken", "SecretName", "DisablePasswordAuthentication", "RawMessageDelivery", ""} {
		assert.False(t, HoldsSecret(name), name)
	}
	for _, name := range []string{"Environment", "env", "environmentVariables", "buildEnvironmentVariables"} {
		assert.True(t, IsEnvironment(name), name)
	}
	for _, name := range []string{"EnvironmentType", "environments", "Runtime"} {
		assert.False(t, IsEnvironment(name), name)
	}
}

func TestField(t *testing.T) {
	object := map[string]any{"A": "s", "B:rs": "i"}
	key, shape, ok := Field(object, "B")
	assert.True(t, ok)
	assert.Equal(t, "B:rs", key)
	assert.Equal(t, "i", shape)
	for _, name := range []string{"", "C", "B:rs"} {
		_, _, ok := Field(object, name)
		assert.False(t, ok, name)
	}
}

func TestEnum(t *testing.T) {
	assert.Equal(t, "s|A|B", Enum([]string{"B", "A", "B"}))
	assert.Equal(t, "s", Enum([]string{"A", "x|y"}))
	assert.Equal(t, "s", Enum([]string{"", "A"}))
}
