package alert_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/openstance/stance/alert"
)

func ExampleExport() {
	ctx := context.Background()
	from, to := alert.NewMemory(nil), alert.NewMemory(nil)
	err := from.Write(ctx, "acme", func(tx alert.Tx) error {
		return tx.PutDocument("groups", "prod", []byte(`["123456789012"]`))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var lines bytes.Buffer
	if err := alert.Export(ctx, from, "acme", &lines); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(lines.String())
	fmt.Println(alert.Import(ctx, to, "acme", strings.NewReader(lines.String())))
	fmt.Println(alert.Import(ctx, to, "acme", &lines))
	// Output:
	// {"format":"stance-alerts","version":1}
	// {"document":{"kind":"groups","name":"prod","data":"WyIxMjM0NTY3ODkwMTIiXQ=="}}
	// {"end":1}
	// <nil>
	// import: tenant is not empty
}
