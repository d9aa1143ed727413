package secret_test

import (
	"fmt"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

func ExampleRedactor() {
	config, err := asset.Parse([]byte(`{"Environment": {"LOG_LEVEL": "info", "GREETING": "hello"}, "MasterUserPassword": "hunter2"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	a := &asset.Asset{Config: config}
	var r secret.Redactor // with a Key, equal secrets have equal hashes
	if err := r.Redact(a, "config.Environment"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Config)
	kept, ok := a.Config.Get("MasterUserPassword").Redacted()
	fmt.Println(kept.Detectors, ok)
	// Output:
	// {"Environment":{"LOG_LEVEL":"info","GREETING":"[redacted]"},"MasterUserPassword":"[redacted by=password]"}
	// [password] true
}

func ExampleDetect() {
	fmt.Println(secret.Detect("postgres://app:hunter2@db.internal/orders"))
	fmt.Println(secret.Detect("postgres://app:${PASSWORD}@db.internal/orders"))
	// Output:
	// [basic-auth-url]
	// []
}
