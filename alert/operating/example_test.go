package operating_test

import (
	"fmt"
	"log"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/operating"
)

func ExampleLoad() {
	p, err := operating.Load(&operating.Options{Rules: alert.RulesOptions{Channels: []string{"chat", "mail"}}}, []byte(`
name: Acme cloud operations
notify: [{channels: [chat]}]
due: {critical: 24h, high: 7d}
rules:
  - {name: exposed, severities: [critical, high]}
review: {channel: mail}
`), "operations.yaml")
	if err != nil {
		log.Fatal(err)
	}
	for _, rule := range p.Rules().All() {
		fmt.Println(rule.Name, rule.Notify[0].Channels, len(rule.Due))
	}
	fmt.Println("reviewed", p.Schedule().Every, "to", p.Schedule().Channel)
	// Output:
	// exposed [chat] 2
	// reviewed monthly to mail
}
