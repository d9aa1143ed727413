package fileschema

func overlay() schema {
	return object(map[string]schema{
		"only":       list(selector()).as("Keep the policies that one of these selects"),
		"without":    list(selector()).as("Omit the policies that one of these selects"),
		"severity":   mapping(severity()).as("Severities by the ids of policies"),
		"params":     mapping(mapping(anything())).as("Parameters by the ids of policies"),
		"exceptions": list(exception()).as("Findings that are accepted until a day"),
	})
}

func selector() schema {
	return object(map[string]schema{
		"id": str().as("With * for any characters"), "control": str(), "label": str(), "service": str(), "provider": str(), "severity": severity(),
	})
}

func exception() schema {
	return object(map[string]schema{
		"policies": oneOrMore(str()).as("Ids of policies"),
		"assets":   oneOrMore(str()).as("Ids of assets, with * for any characters"),
		"accounts": oneOrMore(scalar()).as("Ids of accounts, with *"),
		"tags":     mapping(scalar()).as("Tags that the asset has; a value may have *"),
		"owner":    str().as("Who is responsible for it"),
		"reason":   str(),
		"until":    str().as("The last day, or an instant as RFC 3339"),
	}, "policies", "owner", "reason", "until")
}

func standard() schema {
	section := object(map[string]schema{
		"id": scalar(), "title": str(), "level": {"type": "integer", "minimum": 1, "maximum": 9},
		"manual": boolean().as("No policy can decide it"), "policies": list(str()).as("Ids of policies that cover it"),
	}, "id", "title")
	requirement := object(map[string]schema{"id": scalar(), "title": str(), "sections": list(section)}, "id", "title", "sections")
	return object(map[string]schema{
		"id": str(), "name": str(), "provider": str(), "requirements": list(requirement),
	}, "id", "name", "requirements")
}
