package secret_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// sample is a string of the generated corpus, as the value of a member of a document.
type sample struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	Secret bool   `json:"secret"`
}

// generator makes values from a fixed seed. No secret stands in a file: the forms hold
// alphabets and lengths, and the values are put together here.
type generator struct{ *rand.Rand }

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var alphabets = map[byte]string{
	'd': digits, 'x': digits + "abcdef", 'X': digits + "ABCDEF", 'l': lower + digits, 'u': upper + digits, 'z': lower + upper,
	'a': lower + upper + digits, 't': lower + upper + digits + "-_", 'b': lower + upper + digits + "+/", 'o': upper + "234567",
	's': lower + upper + digits + "!#%^*+.",
}

// fill replaces <a36> in a form with 36 characters of an alphabet.
func (g generator) fill(form string) string {
	var b strings.Builder
	for {
		literal, rest, more := strings.Cut(form, "<")
		b.WriteString(literal)
		if !more {
			return b.String()
		}
		item, rest, _ := strings.Cut(rest, ">")
		n, err := strconv.Atoi(item[1:])
		alphabet, ok := alphabets[item[0]]
		if err != nil || !ok {
			panic("malformed form " + form)
		}
		for range n {
			b.WriteByte(alphabet[g.IntN(len(alphabet))])
		}
		form = rest
	}
}

// Forms of tokens, one for each kind that issuers document or that other scanners know.
var tokenForms = []string{
	"1password ops_eyJ<b300>", "1password A3-<u6>-<u11>-<u5>-<u5>-<u5>", "adobe p8e-<l32>", "age AGE-SECRET-KEY-1<u58>", "airtable pat<a14>.<x64>",
	"anthropic sk-ant-api03-<t93>AA", "anthropic-admin sk-ant-admin01-<t93>AA", "artifactory AKCp<a69>", "artifactory-reference cmVmd<a59>",
	"atlassian ATATT3xFfGF0<t180>=<X8>", "bitbucket ATBB<a32>", "bedrock ABSK<b128>", "aws-mws amzn.mws.<x8>-<x4>-<x4>-<x4>-<x12>",
	"aws-session IQoJb3JpZ2luX2Vj<b400>", "azure-ad <a3>8Q~<a34>", "azure-devops <a76>AZDO<a4>", "azure-storage <b76>+ASt<b6>==",
	"azure-cosmos <b76>ACDb<b6>==", "azure-apim <b76>APIM<b6>==", "azure-function <t44>AzFu<t6>==", "azure-search <a42>AzSe<a6>",
	"azure-registry <b42>+ACR<b6>", "azure-redis <b33>AzCa<b6>=", "azure-iot <b33>AIoT<b6>=", "azure-servicebus <b33>+ASb<b6>=",
	"azure-identifiable <a52>JQQJ99<a26>", "braintree access_token$production$<l16>$<x32>", "buildkite bkua_<x40>", "circleci CCIPAT_<a22>_<x40>",
	"clickhouse 4b1d<a38>", "clojars CLOJARS_<l60>", "cloudflare-origin v1.0-<x24>-<x146>", "contentful CFPAT-<t43>", "databricks dapi<x32>",
	"digitalocean dop_v1_<x64>", "digitalocean-oauth doo_v1_<x64>", "digitalocean-refresh dor_v1_<x64>",
	"discord-webhook https://discord.com/api/webhooks/<d18>/<t68>", "dockerhub dckr_pat_<t27>", "dockerhub-org dckr_oat_<t32>", "doppler dp.pt.<a43>",
	"doppler-service dp.st.prd.<a43>", "dropbox sl.<t135>", "duffel duffel_live_<t43>", "dynatrace dt0c01.<u24>.<u64>", "easypost EZAK<a54>",
	"facebook EAAM<a120>", "figma figd_<t40>", "firebase AAAA<t7>:<t140>", "flutterwave FLWSECK_TEST-<l32>-X", "fly fm2_<b120>", "fly-old fo1_<t43>",
	"frameio fio-u-<t64>", "github ghp_<a36>", "github-oauth gho_<a36>", "github-user ghu_<a36>", "github-server ghs_<a36>", "github-refresh ghr_<a36>",
	"github-fine github_pat_<a22>_<a59>", "gitlab glpat-<t20>", "gitlab-trigger glptt-<x40>", "gitlab-deploy gldt-<t20>", "gitlab-runner glrt-<t20>",
	"gitlab-job glcbt-64_<t20>", "gitlab-scim glsoat-<t20>", "gitlab-feed glft-<t20>", "gitlab-flags glffct-<t20>", "gitlab-mail glimt-<t25>",
	"gitlab-agent glagent-<t50>", "gitlab-app gloas-<x64>", "gitlab-registration GR1348941<t20>", "google-api AIza<t35>", "google-client GOCSPX-<t28>",
	"google-access ya29.<t120>", "google-refresh 1//0<t60>", "google-hmac GOOG1E<u57>", "grafana-service glsa_<a32>_<x8>", "grafana-cloud glc_<b64>",
	"grafana-api eyJrIjoi<a80>", "groq gsk_<a52>", "harness pat.<t22>.<a24>.<a20>", "heroku HRKU-AA<t58>", "hubspot pat-na1-<x8>-<x4>-<x4>-<x4>-<x12>",
	"huggingface hf_<z34>", "huggingface-org api_org_<z34>", "infracost ico-<a32>", "linear lin_api_<a40>", "mailchimp <x32>-us12", "mailgun key-<x32>",
	"mapbox sk.eyJ<a70>.<t22>", "maxmind <a6>_<a29>_mmk", "netlify nfp_<a36>", "newrelic-user NRAK-<u27>", "newrelic-insert NRII-<t32>", "notion ntn_<d11><a35>",
	"notion-old secret_<a43>", "npm npm_<a36>", "nuget oy2<l43>", "octopus API-<u26>", "openai sk-<a20>T3BlbkFJ<a20>", "openai-project sk-proj-<t74>T3BlbkFJ<t74>",
	"openai-service sk-svcacct-<t74>T3BlbkFJ<t74>", "openshift sha256~<t43>", "perplexity pplx-<a48>", "plaid access-production-<x8>-<x4>-<x4>-<x4>-<x12>",
	"planetscale pscale_tkn_<t43>", "planetscale-password pscale_pw_<t43>", "postman PMAK-<x24>-<x34>", "prefect pnu_<a36>", "pulumi pul-<x40>",
	"pypi pypi-AgEIcHlwaS5vcmc<t120>", "readme rdme_<l70>", "replicate r8_<a37>", "rubygems rubygems_<x48>", "scalingo tk-us-<t48>", "sendgrid SG.<t22>.<t43>",
	"sendinblue xkeysib-<x64>-<a16>", "sentry-user sntryu_<x64>", "settlemint sm_pat_<a16>", "shippo shippo_live_<x40>", "shopify shpat_<x32>",
	"shopify-custom shpca_<x32>", "shopify-private shppa_<x32>", "shopify-shared shpss_<x32>", "slack-bot xoxb-<d12>-<d12>-<a24>",
	"slack-user xoxp-<d12>-<d12>-<d12>-<x32>", "slack-app xapp-1-<u11>-<d13>-<x64>", "slack-refresh xoxe-1-<u146>", "slack-config xoxe.xoxp-1-<u163>",
	"slack-webhook https://hooks.slack.com/services/T<u8>/B<u8>/<a24>", "slack-workflow https://hooks.slack.com/workflows/T<u8>/A<u8>/<d18>/<a24>",
	"sonar sqp_<x40>", "sourcegraph sgp_<x16>_<x40>", "square sq0atp-<t22>", "square-secret sq0csp-<t43>", "stripe sk_live_<a24>", "stripe-test sk_test_<a99>",
	"stripe-restricted rk_live_<a24>", "stripe-webhook whsec_<a32>", "supabase sbp_<x40>", "tailscale tskey-auth-<a12>-<a32>", "telegram <d10>:AA<t33>",
	"teams https://contoso.webhook.office.com/webhookb2/<x8>-<x4>-<x4>-<x4>-<x12>@<x8>-<x4>-<x4>-<x4>-<x12>/IncomingWebhook/<x32>/<x8>-<x4>-<x4>-<x4>-<x12>",
	"terraform-cloud <a14>.atlasv1.<t67>", "twilio SK<x32>", "typeform tfp_<t59>", "vault hvs.<t95>", "vault-batch hvb.<t140>", "xai xai-<a80>", "yandex AQVN<t36>",
	"jwt eyJ<a33>.eyJ<a60>.<t43>", "azure-sas https://x.blob.core.windows.net/c/f?sv=2024-11-04&se=2030-01-01&sr=b&sp=r&sig=<a42>%3D",
	"logic-app https://prod-01.westus.logic.azure.com/workflows/<x32>/triggers/manual/paths/invoke?api-version=2016-10-01&sv=1.0&sig=<t43>",
	"connection-string DefaultEndpointsProtocol=https;AccountName=x;AccountKey=<b86>==;EndpointSuffix=core.windows.net",
	"servicebus-string Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=<b43>=",
	"postgres-url postgres://app:<s14>@db.internal:5432/orders", "redis-url redis://:<a20>@cache.internal:6379/0", "amqp-url amqps://svc:<a16>@mq.internal/v",
	"mongo-url mongodb+srv://app:<a18>@cluster0.x.mongodb.net/db", "git-url https://ci:<a24>@git.example.com/a/b.git", "bearer Authorization: Bearer <a40>",
	"pem -----BEGIN RSA PRIVATE" + " KEY-----\n<b64>\n-----END RSA PRIVATE" + " KEY-----\n",
	"pem-openssh -----BEGIN OPENSSH PRIVATE" + " KEY-----\n<b64>\n", "pem-encrypted -----BEGIN ENCRYPTED PRIVATE" + " KEY-----\n<b64>\n",
	"pgp -----BEGIN PGP PRIVATE" + " KEY BLOCK-----\n\n<b64>\n", "putty PuTTY-User-Key-" + "File-3: ssh-ed25519\nPrivate-Lines: 1\n<b64>\n",
	"service-account {\"type\": \"service_account\", \"private_key\": \"-----BEGIN PRIVATE" + " KEY-----\\n<b64>\"}",
}

// Names whose value is a secret, in the styles of environments, documents and code.
var secretNames = strings.Fields(`DB_PASSWORD DB_PASSWORD_PROD MYSQL_ROOT_PASSWORD POSTGRES_PASSWORD PGPASSWORD SMTP_PASS RABBITMQ_DEFAULT_PASS REDIS_AUTH
	MASTER_PASSWORD_OLD GRAFANA_ADMIN_PASSWORD SA_PASSWORD KEYSTORE_PASSWORD DATABASE_PASSWD APP_API_KEY apiKey2 API_KEY_1 stripeApiKey X-Api-Key
	AWS_SECRET_ACCESS_KEY ARM_CLIENT_SECRET clientSecret client_secret oauthClientSecret adminPassword administratorLoginPassword masterUserPassword
	spring.datasource.password db.passwd ConnectionPwd SSH_PASSPHRASE passphrase secretKey SECRET_KEY DJANGO_SECRET_KEY_PROD storageAccountKey account_key
	privateKey PRIVATE_KEY_B64 Ocp-Apim-Subscription-Key serviceAccountPassword rootPwd AUTH_PASS`)

// Names under which only a value that looks random is a secret.
var randomNames = strings.Fields(`JWT_SECRET SESSION_SECRET webhookSecret APP_SECRET_PROD GITHUB_TOKEN SLACK_BOT_TOKEN accessToken AuthToken refresh_token
	NPM_TOKEN VAULT_TOKEN signingKey ENCRYPTION_KEY MasterKey sharedKey primaryKey SIGNING_SECRET_2 bot-token credentials`)

var passwordForms = []string{"hunter2", "Sommer2024!", "correct-horse-battery", "$ecr3tP<s6>", "/<b24>+<b14>", "<s12>", "<a16>", "<x32>", "<b39>=", "P@ssw0rd<d2>", "tr0ub4dor&3", "<t43>"}
var randomForms = []string{"<a20>", "<x40>", "<t32>", "<b43>=", "<l26>"}

// Forms of assignment: %[1]s is the name, %[2]s the value.
var assignments = []string{
	"%[1]s=%[2]s", "export %[1]s=%[2]s\n", "export %[1]s='%[2]s'\n", "ENV %[1]s=\"%[2]s\"\n", "%[1]s: %[2]s\n", "%[1]s: \"%[2]s\"\n", "{\"%[1]s\": \"%[2]s\"}",
	"set %[1]s=%[2]s\r\n", "$env:%[1]s = \"%[2]s\"\n", "%[1]s := \"%[2]s\"", "'%[1]s' => '%[2]s',", "echo '%[1]s=%[2]s' >> /etc/environment\n",
	"<add key=\"%[1]s\" value=\"%[2]s\" />", "<property name=\"%[1]s\">%[2]s</property>", "Server=db;User Id=app;%[1]s=%[2]s;Encrypt=true",
}

// Forms of commands, headers and files; %s is the value.
var commandTemplates = []string{
	"app --password %s --verbose", "app --password=%s", "app --db-password '%s'", "tool -password %s", "tool --api-key %s run", "vault login --token-value x --client-secret %s",
	"mysql -h db -u root -p%s orders", "mysqldump -uroot -p'%s' --all-databases > x.sql", "mysqladmin -u root -p%s status", "sshpass -p %s ssh a@b", "sshpass -p%s scp x y:",
	"curl -u admin:%s https://api.example.com/", "curl -s --user 'admin:%s' https://x", "curl -fsSL \\\n  -u deploy:%s \\\n  https://x", "redis-cli -h cache -a %s ping",
	"docker login -u ci -p %s registry.example.com", "az login --service-principal -u x -p %s --tenant y", "helm registry login -u a -p %s r.example.com", "sqlcmd -S db -U sa -P %s -Q x",
	"ldapsearch -D cn=admin -w %s -b dc=x", "smbclient //h/s -U admin%%%s", "mongosh --host h -u root -p %s", "machine git.example.com login ci password %s\n",
	"machine api.example.com\n  login ci\n  password %s\n", "CREATE USER app IDENTIFIED BY '%s';", "ALTER ROLE app WITH PASSWORD '%s';", "ALTER USER 'root'@'localhost' IDENTIFIED BY '%s';",
	"requirepass %s\n", "masterauth %s\n", "openssl pkcs12 -in x -passin pass:%s", "echo 'ubuntu:%s' | chpasswd", "net user Administrator %s /add",
	"ConvertTo-SecureString \"%s\" -AsPlainText -Force", "curl -H 'X-Api-Key: %s' https://x", "curl -H \"X-Auth-Token: a1B2c3D4e5%s\" https://x", "wget --http-password=%s https://x",
	"<password>%s</password>", "<Setting Password=\"%s\"/>", "//registry.npmjs.org/:_password=%s", "keytool -storepass %s -list", "kubectl create secret generic x --from-literal=password=%s",
}

var commandValues = []string{"hunter2", "Sommer2024!", "<a16>", "<x32>", "<a40>"}

// generated returns the generated corpus: secrets by kind, and near misses.
func generated() []sample {
	g := generator{rand.New(rand.NewPCG(20, 26))}
	var all []sample
	for _, row := range tokenForms {
		kind, form, _ := strings.Cut(row, " ")
		for _, around := range []string{"%s", "%s", "echo %s > /tmp/t\n", "  url: %s\n", "the value is '%s', keep it"} {
			all = append(all, sample{"token " + kind, "note", fmt.Sprintf(around, g.fill(form)), true})
		}
	}
	for _, names := range []struct{ names, values []string }{{secretNames, passwordForms}, {randomNames, randomForms}} {
		for i, name := range names.names {
			for k, form := range names.values {
				all = append(all, sample{"name", name, g.fill(form), true})
				a := assignments[(i*len(names.values)+k)%len(assignments)]
				value := g.fill(form)
				if strings.ContainsAny(value, "$&") && !strings.Contains(a, "\"") || strings.Contains(a, "\"") && strings.Contains(value, "&") {
					continue // the value would be cut by the shell, or be written otherwise in XML
				}
				all = append(all, sample{"assignment", "script", fmt.Sprintf(a, name, value), true})
			}
		}
	}
	for _, c := range commandTemplates {
		for _, form := range commandValues {
			all = append(all, sample{"command", "script", fmt.Sprintf(c, g.fill(form)), true})
		}
	}
	key := g.fill("AKIA<o16>")
	all = append(all, sample{"aws", "note", key + ":" + g.fill("<b40>"), true},
		sample{"aws", "script", "aws_access_key_id = " + key + "\naws_secret_access_key = " + g.fill("<b40>") + "\n", true})
	for range 20 {
		basic := base64.StdEncoding.EncodeToString([]byte(g.fill("ci:<a14>")))
		all = append(all, sample{"header", "note", "Authorization: Basic " + basic, true},
			sample{"header", "note", "Authorization: token " + g.fill("<x40>"), true},
			sample{"encoded", "UserData", base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nexport DB_PASSWORD=" + g.fill("<a14>") + "\n")), true})
	}
	return append(all, g.nearMisses()...)
}

// nearMisses are strings that look like secrets and are none.
func (g generator) nearMisses() []sample {
	var all []sample
	add := func(kind, name, text string) { all = append(all, sample{kind, name, text, false}) }
	for i := range 40 {
		seed := []byte(strconv.Itoa(i))
		m, s1, s2, s5 := md5.Sum(seed), sha1.Sum(seed), sha256.Sum256(seed), sha512.Sum512(seed)
		for _, name := range []string{"digest", "ETag", "CodeSha256", "commit", "fingerprint"} {
			add("hash", name, hex.EncodeToString(m[:]))
			add("hash", name, hex.EncodeToString(s1[:]))
			add("hash", name, base64.StdEncoding.EncodeToString(s2[:]))
			add("hash", name, base64.StdEncoding.EncodeToString(s5[:]))
			add("hash", name, "sha256:"+hex.EncodeToString(s2[:]))
		}
		add("image", "Image", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:"+hex.EncodeToString(s2[:]))
		add("hash", "script", "wget https://x/y.tgz && echo '"+hex.EncodeToString(s2[:])+"  y.tgz' | sha256sum -c\n")
		uuid := g.fill("<x8>-<x4>-<x4>-<x4>-<x12>")
		for _, name := range []string{"id", "objectId", "tenantId", "correlation_id", "clientId", "ApiKeyId", "secretVersion"} {
			add("uuid", name, uuid)
		}
		for _, arn := range []string{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-<a6>", "arn:aws:kms:eu-west-1:111122223333:key/" + uuid,
			"arn:aws:iam::111122223333:role/app-<a12>", "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/db/password", "arn:aws:iam::111122223333:user/ci-<a8>"} {
			add("arn", "SecretArn", g.fill(arn))
			add("arn", "DB_PASSWORD", g.fill(arn))
			add("arn", "note", g.fill(arn))
		}
		add("prose", "description", base64.StdEncoding.EncodeToString([]byte(prose(g, 12))))
		add("prose", "UserData", base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\n# "+prose(g, 9)+"\napt-get update\n")))
		add("prose", "description", prose(g, 14))
		add("public key", "PublicKey", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"+g.fill("<b334>")+"== admin@example.com")
		add("public key", "ssh-keys", "admin:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"+g.fill("<b43>")+" admin")
		add("public key", "PublicKeyMaterial", "-----BEGIN PUBLIC KEY-----\n"+g.fill("<b64>\n<b64>")+"\n-----END PUBLIC KEY-----\n")
		add("certificate", "Certificate", "-----BEGIN CERTIFICATE-----\nMII"+g.fill("<b61>\n<b64>\n<b64>")+"\n-----END CERTIFICATE-----\n")
		add("certificate", "clusterCaCertificate", "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"+g.fill("<b400>"))
		add("certificate", "certificateData", "MIID"+g.fill("<b600>"))
		add("key id", "AccessKeyId", g.fill("AKIA<o16>"))
		add("resource id", "id", g.fill("/subscriptions/<x8>-<x4>-<x4>-<x4>-<x12>/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-<l8>/secrets/db-password"))
		add("resource id", "selfLink", g.fill("https://www.googleapis.com/compute/v1/projects/p-<l6>/zones/europe-west1-b/instances/i-<l8>"))
		add("resource id", "InstanceId", g.fill("i-<x17>"))
		add("page", "NextToken", g.fill("<b120>"))
		add("page", "ClientToken", uuid)
		add("url", "url", g.fill("https://d<l13>.cloudfront.net/assets/app.<x20>.js?v=<x8>"))
	}
	for _, text := range []string{"ghp_<a12>", "xoxb-<d6>", "AIza<t20>", "sk_live_<a6>", "npm_<a20>", "glpat-<t8>", "SG.<t5>.<t9>", "hf_<z12>", "dapi<x12>", "shpat_<x12>",
		"dop_v1_<x20>", "SK<x12>", "key-<x8>", "AKCp<a20>", "ATBB<a9>", "pypi-AgE<t9>", "hvs.<t8>", "sk-ant-<t6>", "ya29.<t5>", "eyJ<a20>", "PMAK-<x8>-<x8>",
		"ghp_" + strings.Repeat("x", 36), "sk_test_" + strings.Repeat("x", 24), "AIza" + strings.Repeat("X", 35), "pk_live_<a24>", "pk.eyJ<a60>.<t22>",
		"npm_config_registry", "task_live_update_of_resources", "disk-ant-colony-of-names-that-are-long-enough", "whsec_", "x-goog-api-client"} {
		for range 6 {
			add("short token", "note", g.fill(text))
		}
	}
	for _, name := range secretNames {
		for _, text := range []string{"$DB_PASSWORD", "${DB_PASSWORD}", "{{ .Values.password }}", "<password>", "********", "", "arn:aws:secretsmanager:eu-west-1:1:secret:x",
			"projects/p/secrets/s/versions/1", "@Microsoft.KeyVault(VaultName=v;SecretName=s)", "/run/secrets/db_password", "/prod/db/password", "prod/db/password",
			"file:///run/secrets/x", "secretsmanager:prod/db", "vault:secret/data/db#password", "op://vault/item/password", "yes", "true", "disabled", "$(cat /run/secrets/x)",
			"%DB_PASSWORD%", "ssm:/prod/db/password", "{{resolve:secretsmanager:prod/db:SecretString:password}}", "DB_PASSWORD"} {
			add("reference", name, text)
		}
	}
	for name, text := range map[string]string{"ALLOW_EMPTY_PASSWORD": "yes", "USE_TOKEN": "true", "passwordAuthentication": "Enabled", "DISABLE_PASSWORD_AUTH": "yes", "PASSWORD_MIN_LENGTH": "14",
		"passwordPolicy": "strong-and-long-policy-2", "TOKEN_URL": "https://login.example.com/oauth2/token", "secretName": "prod-db-password-2024", "tokenType": "urn:ietf:params:oauth:token-type:jwt",
		"SECRET_ID": "projects/p/secrets/s", "apiKeyId": "a1b2c3d4e5", "PASSWORD_FILE": "/run/secrets/x", "passwordResetUrl": "https://x/reset", "TokenEndpoint": "https://x/token",
		"API_KEY_HEADER": "x-api-key", "password_encryption": "scram-sha-256", "CLIENT_AUTH": "required", "REDIS_AUTH": "default", "proxyPass": "disabled", "keyName": "my-key-2024-a1",
		"secret": "prod-db-password-2024", "token": "projects/p/locations/l", "HttpTokens": "required", "EncryptionKey": "alias/aws/ebs", "primaryKey": "customer_id", "PartitionKey": "tenant",
		"PassRole": "arn:aws:iam::1:role/x", "bypass": "sometimes", "authorization": "AWS_IAM", "AuthorizationType": "AMAZON_COGNITO_USER_POOLS", "basicAuth": "enabled"} {
		add("other name", name, text)
	}
	for _, text := range []string{"mysql -p orders", "mysql -h db -p", "curl -u admin https://x", "curl -u $USER:$PASS https://x", "docker login -u x --password-stdin", "app --password-file /run/secrets/x",
		"app --password $DB_PASSWORD", "app --token-url https://x/y", "sshpass -e ssh a@b", "sshpass -f /run/p ssh a@b", "redis-cli -a $AUTH ping", "docker run -p 8080:80 nginx", "mkdir -p /opt/app/data",
		"mysql --password=$(cat /run/p)", "Authorization: Bearer token", "Authorization: Basic <credentials>", "IDENTIFIED BY 'x'", "password is required", "a password must be set in the console",
		"set a password: it must be long", "<password>${db.password}</password>", "<add key=\"Password\" value=\"#{Password}#\"/>", "machine x login y password $PW", "useradd -p x", "if (password == other) {",
		"password := os.Getenv(\"DB_PASSWORD\")", "const password = process.env.DB_PASSWORD", "password = getpass()", "token = get_token(config)", "openssl rand -base64 32", "curl -X POST https://x/y -d @body.json",
		"curl --user-agent 'x' https://y", "aws s3 cp s3://b/k .", "az login --identity", "kubectl get secret db-password -o yaml"} {
		add("command", "script", text+"\n")
	}
	return all
}

// prose returns words of plain text.
func prose(g generator, n int) string {
	words := strings.Fields("the service reads its password from a vault and rotates each token key that clients present when they open secret sessions with our database every night")
	var b bytes.Buffer
	for range n {
		b.WriteString(words[g.IntN(len(words))] + " ")
	}
	return b.String() + "today."
}
