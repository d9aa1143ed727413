package message

// Default returns the template that channels of a format use unless they are given one. For
// JSON it writes the whole message.
func Default(format Format) (*Template, error) { return Parse(format, DefaultSource(format)) }

// DefaultSource returns the source of Default, to begin a template of one's own with.
func DefaultSource(format Format) string {
	switch format {
	case JSON:
		return "{{json .}}\n"
	case HTML:
		return defaultHTML
	case Slack:
		return "*{{.Title}}*\n{{range .Fields}}*{{.Label}}:* {{if .Link}}<{{.Link}}|{{.Value}}>{{else}}{{.Value}}{{end}}\n{{end}}{{.Text}}\n"
	case Markdown:
		return "**{{.Title}}**\n\n{{range .Fields}}- **{{.Label}}:** {{if .Link}}[{{.Value}}]({{.Link}}){{else}}{{.Value}}{{end}}\n{{end}}\n{{.Text}}\n"
	}
	return "{{.Title}}\n\n{{range .Fields}}{{.Label}}: {{.Value}}{{if .Link}} {{.Link}}{{end}}\n{{end}}\n{{.Text}}\n"
}

const defaultHTML = `<!DOCTYPE html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family: sans-serif">
<h2>{{.Title}}</h2>
<table>
{{range .Fields}}<tr><th style="text-align: left; padding-right: 1em">{{.Label}}</th><td>{{if .Link}}<a href="{{.Link}}">{{.Value}}</a>{{else}}{{.Value}}{{end}}</td></tr>
{{end}}</table>
<div style="white-space: pre-wrap">{{.Text}}</div>
</body>
</html>
`
