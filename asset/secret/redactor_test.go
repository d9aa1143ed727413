package secret_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// The secrets are put together here, so that none stands in the file.
const (
	keyID     = "AKIA" + "IOSFODNN7EXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG+" + "bPxRfiCYEXAMPLEKEY"
	alnum     = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6"
	pemBegin  = "-----BEGIN RSA " + "PRIVATE KEY-----"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct{ want, text string }{
		{"aws-access-key-id", keyID},
		{"aws-access-key-id", "export KEY=" + keyID + "\n"},
		{"aws-access-key-id aws-secret-access-key", keyID + ":" + awsSecret},
		{"aws-secret-access-key password", "aws_secret_access_key = " + awsSecret},
		{"aws-secret-access-key password", `{"SecretAccessKey": "` + awsSecret + `"}`},
		{"azure-sas", "https://x.blob.core.windows.net/c?sv=2022&se=2030&sig=" + alnum[:43] + "%3D"},
		{"azure-storage-key password", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + alnum + alnum[:34] + "=="},
		{"azure-storage-key password", "Endpoint=sb://x/;SharedAccessKey=" + alnum[:43] + "="},
		{"basic-auth-url", "postgres://app:hunter2@db.internal:5432/app"},
		{"bearer-token", "Authorization: Bearer " + alnum[:24]},
		{"gcp-service-account-key password private-key", `{"type": "service_account", "private_key": "` + pemBegin + `\nMII"}`},
		{"github-token", "ghp_" + alnum[:36]},
		{"github-token", "x github_pat_" + alnum[:22] + "_" + alnum},
		{"gitlab-token", "glpat-" + alnum[:20]},
		{"google-api-key", "key=AIza" + alnum[:35]},
		{"jwt", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0." + alnum[:43]},
		{"npm-token", "npm_" + alnum[:36]},
		{"password", "DB_PASSWORD=hunter2"},
		{"password", "password: hunter2\n"},
		{"password", `cfg = {"db_password":"hunter2"}`},
		{"password", `--client-secret='hunter2'`},
		{"password", "Server=x;User=y;Pwd=hunter2;"},
		{"password", "password=changeme"},
		{"password", "api_token=" + alnum[:24]},
		{"private-key", pemBegin + "\nMII"},
		{"private-key", "-----BEGIN " + "PRIVATE KEY-----"},
		{"pypi-token", "pypi-AgEIcHlwaS5vcmc" + alnum},
		{"sendgrid-key", "SG." + alnum[:22] + "." + alnum[:43]},
		{"slack-token", "xoxb-123456789012-" + alnum[:24]},
		{"slack-token", "https://hooks.slack.com/services/T00000000/B00000000/" + alnum[:24]},
		{"stripe-key", "sk_live_" + alnum[:24]},
		{"password", base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nDB_PASSWORD=hunter2\n"))},
	} {
		assert.Equal(t, strings.Fields(c.want), secret.Detect(c.text), c.text)
	}
}

func TestDetectNothing(t *testing.T) {
	for _, text := range []string{
		"", "x", "secret", "a password is needed", "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-a1b2c3",
		"DB_PASSWORD=${DB_PASSWORD}", "password = var.db_password", "password=$PASSWORD", "password: <password>",
		"password=$(aws secretsmanager get-secret-value)", "password = prompt(", "password: ****",
		"if password == other {", "password: must be rotated", "token=abc", "secret: prod-db-password-2024",
		"token_validity_units: minutes", "https://example.com/a:b@c", "https://user@example.com", "https://user:${PASSWORD}@example.com",
		"postgres://${USER}:${PASS}@h", "ssh://git@example.com:22/x", "mailto:a@b.c", "http://10.0.0.1:8080/x?mail=a@b.c",
		"Bearer token", "bearer of bad news everyone hears", "AKIASHORT", "XAKIA" + "IOSFODNN7EXAMPLE", "eyJhbGciOiJIUzI1NiJ9",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709", "sk_test", "npm_config_registry", "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----",
		"sig=short&se=1", "NextToken=" + alnum, "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/password/)",
		"[redacted by=password hash=00]", "password=/prod/db/password",
	} {
		assert.Empty(t, secret.Detect(text), text)
	}
}

func parse(t testing.TB, text string) asset.Value {
	t.Helper()
	v, err := asset.Parse([]byte(text))
	require.NoError(t, err, text)
	return v
}

func value(t testing.TB, x any) asset.Value {
	t.Helper()
	v, err := asset.Of(x)
	require.NoError(t, err)
	return v
}

// notCopied reports whether two values are parts of the same memory.
func notCopied(a, b asset.Value) bool {
	return unsafe.StringData(a.Block()) == unsafe.StringData(b.Block())
}

func redact(t *testing.T, r *secret.Redactor, config string, paths ...asset.Path) string {
	t.Helper()
	a := &asset.Asset{Config: parse(t, config)}
	require.NoError(t, r.Redact(a, paths...))
	again := *a
	require.NoError(t, r.Redact(&again, paths...))
	assert.True(t, a.Config.Equal(again.Config), "a second pass changes nothing")
	return a.Config.String()
}

func TestRedactBySecretPath(t *testing.T) {
	var r secret.Redactor
	for _, c := range []struct {
		config, want string
		path         asset.Path
	}{
		{`{"UserData":"abc","Other":"abc"}`, `{"UserData":"[redacted]","Other":"abc"}`, "config.UserData"},
		{`{"V":{"A":"x","LOG_LEVEL":"debug","N":1,"B":true,"E":"","L":["y"]}}`,
			`{"V":{"A":"[redacted]","LOG_LEVEL":"debug","N":1,"B":true,"E":"","L":["[redacted]"]}}`, "config.V"},
		{`{"V":{"A":"x","LOG_LEVEL":"debug"}}`, `{"V":{"A":"[redacted]","LOG_LEVEL":"debug"}}`, "config.V[*]"},
		{`{"V":{"LOG_LEVEL":"password=hunter2"}}`, `{"V":{"LOG_LEVEL":"[redacted by=password]"}}`, "config.V"},
		{`{"C":[{"Environment":[{"Name":"TZ","Value":"UTC"},{"Name":"X","Value":"1"}],"Image":"i"}]}`,
			`{"C":[{"Environment":[{"Name":"TZ","Value":"UTC"},{"Name":"X","Value":"[redacted]"}],"Image":"i"}]}`, "config.C[*].Environment"},
		{`{"items":[{"key":"enable-oslogin","value":"TRUE"},{"key":"startup-script","value":"run"}]}`,
			`{"items":[{"key":"enable-oslogin","value":"TRUE"},{"key":"startup-script","value":"[redacted]"}]}`, "config.items[*].value"},
		{`{"env":[{"name":"A","value":"v","valueSource":{"secretKeyRef":{"secret":"name"}}}]}`,
			`{"env":[{"name":"A","value":"[redacted]","valueSource":{"secretKeyRef":{"secret":"name"}}}]}`, "config.env"},
		{`{"V":{"name":"a","value":"b","c":"d"}}`, `{"V":{"name":"[redacted]","value":"[redacted]","c":"[redacted]"}}`, "config.V"},
		{`{"a":[["x"],["y"]]}`, `{"a":[["x"],["[redacted]"]]}`, "config.a[1][0]"},
		{`"text"`, `"[redacted]"`, "config"},
		{`{"V":{"DB":"postgres://a:b@h"}}`, `{"V":{"DB":"[redacted by=basic-auth-url]"}}`, "config.V"},
		{`{"V":{"AWS_SECRET_ACCESS_KEY":"` + awsSecret + `"}}`, `{"V":{"AWS_SECRET_ACCESS_KEY":"[redacted by=aws-secret-access-key]"}}`, "config.V"},
		{`{"V":{"ID":"` + keyID + `"}}`, `{"V":{"ID":"[redacted by=aws-access-key-id]"}}`, "config.V"},
	} {
		assert.Equal(t, c.want, redact(t, &r, c.config, c.path))
	}
	assert.Equal(t, `{"V":{"MINE":"x","OTHER":"[redacted]"}}`,
		redact(t, &secret.Redactor{Allow: []string{"MINE"}}, `{"V":{"MINE":"x","OTHER":"y"}}`, "config.V"))
}

func TestRedactAnywhere(t *testing.T) {
	var r *secret.Redactor
	const password = `"[redacted by=password]"`
	for _, c := range []struct{ config, want string }{
		{`{"a":{"b":["` + keyID + " " + awsSecret + `"]}}`, `{"a":{"b":["[redacted by=aws-access-key-id,aws-secret-access-key]"]}}`},
		{`{"MasterUserPassword":"hunter2","N":1}`, `{"MasterUserPassword":` + password + `,"N":1}`},
		{`{"clientSecret":"a-b-c"}`, `{"clientSecret":` + password + `}`},
		{`{"client_secret":"a-b-c"}`, `{"client_secret":` + password + `}`},
		{`{"AuthToken":"` + alnum[:20] + `"}`, `{"AuthToken":` + password + `}`},
		{`{"pwd":"hunter2"}`, `{"pwd":` + password + `}`},
		{`{"x":[{"ParameterKey":"DBPassword","ParameterValue":"hunter2"}]}`, `{"x":[{"ParameterKey":"DBPassword","ParameterValue":` + password + `}]}`},
		{`{"tags":[{"key":"api-key","value":"hunter2"}]}`, `{"tags":[{"key":"api-key","value":` + password + `}]}`},
	} {
		assert.Equal(t, c.want, redact(t, r, c.config))
	}
}

func TestRedactLeaves(t *testing.T) {
	var r secret.Redactor
	for _, config := range []string{
		`{"AccessKeyId":"` + keyID + `"}`,
		`{"SecretArn":"arn:aws:secretsmanager:eu-west-1:1:secret:x","KmsKeyId":"alias/x","secretName":"x"}`,
		`{"TokenValidityUnits":{"AccessToken":"minutes","IdToken":"hours"},"AccessToken":60}`,
		`{"PasswordPolicy":{"MinimumLength":8},"ManageMasterUserPassword":true}`,
		`{"password":"","secret":null,"token":"@Microsoft.KeyVault(VaultName=v;SecretName=s)"}`,
		`{"MasterUserPassword":"{{resolve:secretsmanager:x}}","p":{"password":"${var.p}"}}`,
		`{"volumes":[{"secret":{"secret":"prod-db-password-2024"}}],"secret":"projects/1/secrets/x"}`,
		`{"HttpTokens":"required","ClientToken":"` + alnum + `","nextPageToken":"` + alnum + `"}`,
		`{"adminPassword":"****","primaryKey":"id"}`,
		`{"Secrets":[{"Name":"DB_PASSWORD","ValueFrom":"arn:aws:ssm:eu-west-1:1:parameter/x"}]}`,
		`{"Condition":{"StringEquals":{"token.actions.githubusercontent.com:sub":"repo:a/b"}}}`,
		`{"url":"https://www.googleapis.com/compute/v1/projects/p","mail":"a@b.c"}`,
	} {
		a := &asset.Asset{Config: parse(t, config)}
		before := a.Config
		require.NoError(t, r.Redact(a))
		assert.True(t, notCopied(before, a.Config), "not even copied: %s", config)
		assert.True(t, a.Config.Equal(before))
	}
}

func TestRedactAccessOnlyByContent(t *testing.T) {
	a := &asset.Asset{
		Access: parse(t, `{"Condition":{"password":"hunter2"},"x":"ghp_`+alnum[:36]+`"}`),
		Status: parse(t, `{"password":"hunter2"}`),
	}
	var r secret.Redactor
	require.NoError(t, r.Redact(a))
	assert.Equal(t, `{"Condition":{"password":"hunter2"},"x":"[redacted by=github-token]"}`, a.Access.String())
	assert.Equal(t, `{"password":"[redacted by=password]"}`, a.Status.String())
}

func TestRedactTags(t *testing.T) {
	given := map[string]string{"env": "prod", "token": "ghp_" + alnum[:36], "db-password": "hunter2"}
	a := &asset.Asset{Tags: given}
	var r secret.Redactor
	require.NoError(t, r.Redact(a))
	want := map[string]string{"env": "prod", "token": "[redacted by=github-token,password]", "db-password": "[redacted by=password]"}
	assert.Equal(t, want, a.Tags)
	assert.Equal(t, "hunter2", given["db-password"], "the map that was given is not changed")
	require.NoError(t, r.Redact(a))
	assert.Equal(t, want, a.Tags)
}

func TestRedactHash(t *testing.T) {
	hash := func(key, text string) string {
		a := &asset.Asset{Config: value(t, map[string]string{"s": text})}
		r := secret.Redactor{Key: []byte(key)}
		require.NoError(t, r.Redact(a, "config.s"))
		kept, ok := a.Config.Get("s").Redacted()
		require.True(t, ok)
		return kept.Hash
	}
	// RFC 4231, test case 2, the first half.
	assert.Equal(t, "5bdcc146bf60754e6a042426089575c7", hash("Jefe", "what do ya want for nothing?"))
	assert.Equal(t, hash("k", "a"), hash("k", "a"))
	assert.NotEqual(t, hash("k", "a"), hash("l", "a"))
	assert.Empty(t, hash("", "a"))
}

// A document belongs to the first Redactor that it passes.
func TestRedactOnce(t *testing.T) {
	first, second := &secret.Redactor{Key: []byte("a"), Allow: []string{"MINE"}}, &secret.Redactor{Key: []byte("b")}
	a := &asset.Asset{
		Config: parse(t, `{"V":{"MINE":"x","OTHER":"y"}}`), Status: parse(t, `{"n":"x"}`), Access: parse(t, `"ghp_`+alnum[:36]+`"`),
		Tags: map[string]string{"password": "hunter2"},
	}
	assert.False(t, secret.Passed(a))
	require.NoError(t, first.Redact(a, "config.V"))
	assert.True(t, secret.Passed(a))
	again := *a
	require.NoError(t, second.Redact(&again, "config.V", "status.n"))
	assert.Equal(t, a, &again)
	again.Tags = map[string]string{"team": "a"}
	assert.Zero(t, testing.AllocsPerRun(10, func() { _ = secret.Passed(&again); _ = second.Redact(&again, "config.V") }))

	// A document that takes the place of another has not passed, and a leaf that was
	// redacted keeps its hash.
	kept, ok := a.Config.Get("V", "OTHER").Redacted()
	require.True(t, ok)
	require.NoError(t, a.SetPath("config.V.NEW", value(t, "z")))
	assert.False(t, secret.Passed(a))
	require.NoError(t, second.Redact(a, "config.V"))
	assert.True(t, secret.Passed(a))
	still, ok := a.Config.Get("V", "OTHER").Redacted()
	assert.True(t, ok)
	assert.Equal(t, kept, still)
	fresh, ok := a.Config.Get("V", "NEW").Redacted()
	assert.True(t, ok)
	assert.Len(t, fresh.Hash, 32)

	a.Tags = map[string]string{"x": "ghp_" + alnum[:36]}
	assert.False(t, secret.Passed(a), "tags are looked at each time")
	assert.True(t, secret.Passed(new(asset.Asset)))
	unread := &asset.Asset{Config: (&asset.Unread{Code: "AccessDenied"}).Value(), Status: asset.Redacted{}.Value(), Access: value(t, 1)}
	assert.True(t, secret.Passed(unread), "there is nothing to redact")
}

func TestRedactKeepsTheRest(t *testing.T) {
	config := value(t, map[string]any{
		"a": &asset.Unread{Op: "op", Code: "AccessDenied"}, "b": parse(t, `[1, 9223372036854775808, 1.50, null, {"c":false}]`),
		"password": "hunter2", "s": asset.Redacted{Hash: "aa"},
	})
	config, err := config.Set("d", value(t, "x").MarkDefault())
	require.NoError(t, err)
	a := &asset.Asset{Config: config}
	require.NoError(t, (&secret.Redactor{}).Redact(a, "config.missing.x[3]"))
	assert.Equal(t, `{"a":<unread>,"b":[1,9223372036854775808,1.50,null,{"c":false}],"password":"[redacted by=password]","s":"[redacted hash=aa]","d":"x"}`, a.Config.String())
	assert.Equal(t, config.Get("a").Unread(), a.Config.Get("a").Unread())
	assert.True(t, a.Config.Get("d").IsDefault())
	_, ok := a.Config.Get("password").Redacted()
	assert.True(t, ok)
}

func TestRedactPartOfALargeBlock(t *testing.T) {
	whole := parse(t, `{"fill":"`+strings.Repeat("x", 100<<10)+`","part":{"password":"hunter2"},"clean":{"n":"x"}}`)
	a := &asset.Asset{Config: whole.Get("part"), Status: whole.Get("clean")}
	var r secret.Redactor
	require.NoError(t, r.Redact(a))
	assert.Equal(t, `{"password":"[redacted by=password]"}`, a.Config.String())
	assert.True(t, notCopied(whole.Get("clean"), a.Status))
	assert.True(t, a.Status.Equal(whole.Get("clean")))
}

func TestRedactRefusesPaths(t *testing.T) {
	for _, p := range []asset.Path{"", "tags.x", "config..x", "[0]"} {
		a := &asset.Asset{Config: parse(t, `{"password":"hunter2"}`)}
		assert.Error(t, (&secret.Redactor{}).Redact(a, "config.a", p), string(p))
		assert.Equal(t, `{"password":"hunter2"}`, a.Config.String(), "nothing was changed")
	}
}

func TestSecretPaths(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {
		"config": {"A:s": "s", "B": {"C:w": "a", "D": "s"}, "L": [{"*": "#Env"}], "Plain": "#Plain", "Tree": "#Tree"},
		"status": {"E": "#Env"},
		"defs": {
			"Env": {"Value:s": "s", "Name": "s"},
			"Plain": {"Next": "#Plain", "X": "s"},
			"Tree": {"Left": "#Tree", "Key:s": "s"}}}}`))
	require.NoError(t, err)
	assert.Equal(t, []asset.Path{
		"config.A", "config.B.C", "config.L[*][*].Value", "config.Tree.Key", "config.Tree.Left", "status.E.Value",
	}, secret.Paths(schemas[0]))

	a := &asset.Asset{Config: parse(t, `{"Tree":{"Left":{"Left":{"Key":"x"}},"Key":"y"},"A":"z"}`)}
	require.NoError(t, (&secret.Redactor{}).Redact(a, secret.Paths(schemas[0])...))
	assert.NotRegexp(t, `"[xyz]"`, a.Config.String())
}

// No text that a detector knows gets past the screen, wherever it stands.
// The place of a name in the block does not matter, nor what stands before it.
func TestRedactFindsNamesAnywhere(t *testing.T) {
	for _, before := range []string{`1`, `-1`, `[-1]`, `[-1,"a"]`, `{"b":-1}`, `-5000000000`, `"e"`, `"é"`, `"\u007f"`, `{}`, `[{},{}]`} {
		a := &asset.Asset{Config: parse(t, `{"a":`+before+`,"pwd":"hunter2x9"}`)}
		require.NoError(t, (&secret.Redactor{}).Redact(a))
		_, ok := a.Config.Get("pwd").Redacted()
		assert.True(t, ok, "after %s", before)
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("password", "hunter2")
	f.Add("a", "DB_PASSWORD=hunter2")
	f.Add("pwd", "https://a:b@c")
	f.Add("x.apiKey", keyID+awsSecret)
	f.Fuzz(func(t *testing.T, key, text string) {
		v, err := asset.Of(map[string]any{"list": []string{text}, key: text, "n": 1})
		if err != nil {
			return
		}
		found := secret.Detect(text)
		a := &asset.Asset{Config: v, Status: v, Tags: map[string]string{key: text}}
		var r secret.Redactor
		require.NoError(t, r.Redact(a, "status"))
		if len(found) > 0 && !(len(found) == 1 && found[0] == "aws-access-key-id") {
			if _, encoded := base64.StdEncoding.DecodeString(text); encoded != nil && key != "list" && key != "n" {
				_, ok := a.Config.Get("list").Index(0).Redacted()
				assert.True(t, ok, "%q: %v", text, found)
			}
		}
		again := *a
		require.NoError(t, r.Redact(&again, "status"))
		assert.True(t, a.Config.Equal(again.Config))
		assert.True(t, a.Status.Equal(again.Status))
		assert.Equal(t, a.Tags, again.Tags)
	})
}

// Every string of an observation is redacted but ids.
func TestRedactEveryString(t *testing.T) {
	token := "ghp_" + alnum[:36]
	const masked = "[redacted by=github-token]"
	config := value(t, map[string]any{
		"map": map[string]any{"x": 1, token: "a", "also " + token: "b"}, "part": &asset.Unread{Op: "op", Message: "denied for " + token},
	})
	a := &asset.Asset{
		Ref:  asset.Ref{Type: "T", ID: "arn:aws:s3:::" + token},
		Name: token, URL: "https://console/" + token, Incarnation: token, Origin: asset.Origin{File: token + ".tf", Line: 3},
		Tags:   map[string]string{"Name": token, token: "x", "a " + token: "y"},
		Config: config, Status: (&asset.Unread{Op: "op", Message: token}).Value(),
		Links:   []asset.Link{{Rel: "r", To: asset.Ref{Type: "T", ID: token}}},
		Parents: []asset.Ref{{Type: "T", ID: token}},
		Unread:  map[string]*asset.Unread{"links": {Op: "op", Message: token}, "parents": {Op: "op", Message: "m"}},
	}
	given := *a
	assert.False(t, secret.Passed(a))
	require.NoError(t, (*secret.Redactor)(nil).Redact(a))
	assert.True(t, secret.Passed(a))
	assert.Equal(t, given.Ref, a.Ref)
	assert.Equal(t, given.Links, a.Links)
	assert.Equal(t, given.Parents, a.Parents)
	assert.Equal(t, []string{masked, masked, masked, masked}, []string{a.Name, a.URL, a.Incarnation, a.Origin.File})
	assert.Equal(t, map[string]string{"Name": masked, masked: "y", masked + " 2": "x"}, a.Tags)
	assert.Equal(t, masked, a.Config.Get("part").Unread().Message)
	assert.Equal(t, 3, a.Config.Get("map").Len())
	for _, key := range []string{"x", masked, masked + " 2"} {
		assert.Equal(t, asset.Int == a.Config.Get("map", key).Kind(), key == "x", key)
		assert.True(t, a.Config.Get("map", key).Kind() != asset.Absent, key)
	}
	assert.Equal(t, masked, a.Status.Unread().Message)
	assert.Equal(t, map[string]*asset.Unread{"links": {Op: "op", Message: masked}, "parents": {Op: "op", Message: "m"}}, a.Unread)
	assert.Equal(t, token, given.Unread["links"].Message, "what was given is not changed")
	again := *a
	require.NoError(t, (*secret.Redactor)(nil).Redact(&again))
	assert.Equal(t, a, &again)

	// A name that is there already is not taken.
	taken := &asset.Asset{Config: value(t, map[string]string{masked: "a", token: "b"}), Tags: map[string]string{masked: "a", token: "b"}}
	require.NoError(t, (*secret.Redactor)(nil).Redact(taken))
	assert.Equal(t, map[string]string{masked: "a", masked + " 2": "b"}, taken.Tags)
	assert.True(t, taken.Config.Equal(value(t, taken.Tags)))

	g := &asset.Gap{Type: "T", Of: asset.Ref{Type: "T", ID: token}, Cause: asset.Unread{Op: "op", Message: "no " + token}}
	o, err := new(secret.Filter).Pass(g)
	require.NoError(t, err)
	assert.Equal(t, &asset.Gap{Type: "T", Of: g.Of, Cause: asset.Unread{Op: "op", Message: masked}}, o)
	assert.Equal(t, "no "+token, g.Cause.Message)
}

func TestRedactArguments(t *testing.T) {
	const hidden = `"[redacted by=command]"`
	for config, want := range map[string]string{
		`{"Command":["app","--password","hunter2","-v"]}`:           `{"Command":["app","--password",` + hidden + `,"-v"]}`,
		`{"Command":["mysqldump","-u","root","-phunter2"]}`:         `{"Command":["mysqldump","-u","root",` + hidden + `]}`,
		`{"Command":["curl","-u","ci:hunter2","https://x"]}`:        `{"Command":["curl","-u",` + hidden + `,"https://x"]}`,
		`{"Command":["app","--password","$DB_PASSWORD"]}`:           `{"Command":["app","--password","$DB_PASSWORD"]}`,
		`{"Command":["app","--password-file","/run/secrets/x"]}`:    `{"Command":["app","--password-file","/run/secrets/x"]}`,
		`{"Command":["docker","run","-p","8080:80","passthrough"]}`: `{"Command":["docker","run","-p","8080:80","passthrough"]}`,
	} {
		assert.Equal(t, want, redact(t, nil, config))
	}
}

func TestRedactGenericNames(t *testing.T) {
	config := `{"a":{"secureValue":"x","protectedSettings":{"k":["y"]}},"connectionString":"z","secrets":[{"name":"n","value":"v"}],"value":"w","env":[{"name":"TZ","value":"UTC"},{"name":"X","value":"1"}]}`
	f := &secret.Filter{Schemas: func(typ asset.Type) (*asset.Schema, bool) { return nil, false }}
	o, err := f.Pass(&asset.Asset{Ref: asset.Ref{Type: "Unknown"}, Config: parse(t, config)})
	require.NoError(t, err)
	assert.Equal(t, `{"a":{"secureValue":"[redacted]","protectedSettings":{"k":["[redacted]"]}},"connectionString":"[redacted]",`+
		`"secrets":[{"name":"n","value":"[redacted]"}],"value":"w","env":[{"name":"TZ","value":"UTC"},{"name":"X","value":"[redacted]"}]}`, o.(*asset.Asset).Config.String())
	assert.Equal(t, config, redact(t, nil, config), "a schema would mark them")
}

func TestMask(t *testing.T) {
	token, other := "ghp_"+alnum[:36], "xoxb-123456789012-"+alnum[:24]
	got := secret.Mask("arn:aws:s3:::a-" + token + "/" + other)
	assert.Regexp(t, `^arn:aws:s3:::a-\[redacted-github-token-[0-9a-f]{16}\]/\[redacted-slack-token-[0-9a-f]{16}\]$`, got)
	assert.Equal(t, got, secret.Mask(got))
	assert.NotEqual(t, secret.Mask(token), secret.Mask("ghp_b"+alnum[1:36]), "two ids stay two")
	for _, id := range []string{"", "arn:aws:iam::111122223333:role/x", keyID, alnum, "postgres://a:hunter2@h", "password=hunter2",
		"/subscriptions/0/resourceGroups/rg", "sha256:" + alnum} {
		assert.Equal(t, id, secret.Mask(id), "an id is judged by issuers' forms alone")
		assert.Empty(t, secret.InID(id))
	}
	assert.Equal(t, "github-token", secret.InID("x/"+token))
	assert.Equal(t, "github-token", secret.InID(secret.Mask("x/"+token)))
}
