package secret

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKindOfNames(t *testing.T) {
	for _, c := range []struct {
		want  nameKind
		names []string
	}{
		{plainName, []string{"password", "DB_PASSWORD", "DB_PASSWORD_PROD", "dbPasswordOld", "apiKey2", "APIKey", "API_KEY_1", "SMTP_PASS", "smtpPass", "RABBITMQ_DEFAULT_PASS_2",
			"client-secret", "oauth.client.secret", "MasterUserPassword", "pwd", "ConnectionPwd", "Ocp-Apim-Subscription-Key", "PASSWORD_B64"}},
		{vagueName, []string{"secret", "APP_SECRET_PROD", "token", "AuthToken", "GITHUB_TOKEN_2", "signing_key", "ALLOW_EMPTY_PASSWORD", "DISABLE_PASSWORD", "hasToken", "secretToken"}},
		{authName, []string{"REDIS_AUTH", "smtp-auth", "pass", "Pass2"}},
		{noSecret, []string{"", "x", "compass", "bypass", "PassRole", "passThrough", "auth", "oauth", "OAuth", "authorization", "redisAuth", "REDIS_AUTH_MODE", "keyName", "public_key",
			"passwordPolicy", "PASSWORD_MIN_LENGTH", "SecretArn", "secret_name", "tokenUrl", "API_KEY_ID", "passwordResetRequired", "TokenValidityUnits", "nextToken", "ClientRequestToken",
			"secretKeyRef", "PASSWORD_FILE", "password-stdin", "tokens", "Passwords"}},
	} {
		for _, name := range c.names {
			assert.Equal(t, c.want, kindOf(name), name)
		}
	}
}

func TestSecretNamedValues(t *testing.T) {
	for _, c := range []struct{ secret, other []string }{
		{
			secret: []string{"hunter2", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "$ecr3tP@ss", "$2y$10$abcdefghijk", "/aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1d/F+g", "%my^p", "@bc!def", "changeme", "prod", "<3you"},
			other: []string{"$DB_PASSWORD", "${x}", "$dbPassword1", "$1", "$(cat x)", "$HOME/x", "/run/secrets/x", "/prod/db/Password1", "prod/db/password", "file:///run/secrets/x",
				"secretsmanager:prod/db", "yes", "1", "enabled", "%PW%", "@Microsoft.KeyVault(x)", "<password>", "{{ x }}", "#{x}", "****", "DB_PASSWORD",
				"random_password.db.result", "!Ref X", "AKIA" + "IOSFODNN7EXAMPLE"},
		},
	} {
		for _, value := range c.secret {
			assert.True(t, secretNamed("DB_PASSWORD", value), value)
		}
		for _, value := range c.other {
			assert.False(t, secretNamed("DB_PASSWORD", value), value)
		}
	}
	for value, want := range map[string]bool{
		"a1B2c3D4e5F6g7H8": true, "prod-db-password-2024": false, "ProdDatabasePasswordVersion2": false, "2f1c0e9a-0000-4000-8000-0123456789ab": false, "short1": false,
	} {
		assert.Equal(t, want, secretNamed("APP_SECRET", value), value)
	}
}

func TestIssuerTable(t *testing.T) {
	for i, f := range issuers {
		row := issuerTable[i]
		assert.GreaterOrEqual(t, len(f.anchor), 2, row.form)
		for _, p := range append(f.before, f.after...) {
			assert.True(t, (p.class == nil) != (p.literal == ""), row.form)
			assert.True(t, p.class == nil || p.min > 0 && (p.max == 0 || p.max >= p.min), row.form)
		}
		assert.NotEmpty(t, f.name)
	}
	for _, d := range detectors {
		assert.NotZero(t, d.clues, d.name)
	}
}

// The time for a hostile string grows with its length, not with its square: what a token
// needs of a string is bounded.
func TestIssuersReadLittle(t *testing.T) {
	for _, f := range issuers {
		need := len(f.anchor)
		for _, p := range append(f.before, f.after...) {
			n := max(p.max, p.min) + 1
			if p.class != nil && p.max == 0 {
				n = max(longestRun, p.min)
			}
			need += n + len(p.literal)
		}
		assert.Less(t, need, 2048, f.name)
	}
}
