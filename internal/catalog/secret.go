package catalog

import "regexp"

var (
	secretName      = regexp.MustCompile(`(?i)(^userdata(override)?|^customdata|passwords?|passphrase|privatekey|(client|shared|app|wallet|identifier)secret|secret(access)?key|apikey(value|secret)?|(access|auth|refresh|sas)token|presharedkey|sharedkey|accountkey|(primary|secondary)(master)?key|secretstring|connectionstring)$`)
	environmentName = regexp.MustCompile(`(?i)^(build)?(environment|env|environmentvariables?|envvars?)$`)
)

// HoldsSecret reports whether the name of a field says that its text, if it is one,
// is a secret.
func HoldsSecret(name string) bool { return secretName.MatchString(name) }

// IsEnvironment reports whether the name of a field says that it holds environment
// variables, be it a map or a list of objects with a value.
func IsEnvironment(name string) bool { return environmentName.MatchString(name) }
