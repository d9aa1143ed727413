package fileschema

import (
	"maps"

	"github.com/openstance/stance/policy"
)

func policyFile() schema {
	s := object(map[string]schema{
		"id":          str().as("Unique id: lower case, digits and dashes"),
		"previousIds": oneOrMore(str()).as("Earlier ids, under which exceptions and overlays still find the policy"),
		"title":       str().as("The requirement as a sentence"),
		"rationale":   str().as("Why it matters, what an attacker gains, when to deviate"),
		"severity":    severity(),
		"kind": str().as("What the policy is about: config (the default), identity, network, event, anomaly, workload, data, " +
			"or another kind"),
		"params":      mapping(param()).as("Values that sites set differently, by name"),
		"controls":    oneOrMore(str()).as("Controls of standards that the policy covers, such as cis-aws-5.0/2.1.4"),
		"labels":      oneOrMore(str()),
		"remediation": remediation(),
		"noDismissal": boolean().as("Users and exceptions cannot dismiss its alerts"),
		"checks":      list(object(check(), "type", "require")).as("One check for each shape of subject, in place of type and require"),
		"defaults":    defaults().as("What assets of the tests have of the parts that a test omits; without it these are unread"),
		"tests":       list(testCase()),
	}, "id", "title", "severity")
	maps.Copy(s["properties"].(map[string]schema), check())
	s["anyOf"] = []schema{{"required": []string{"type", "require"}}, {"required": []string{"checks"}}}
	return s
}

func check() map[string]schema {
	return map[string]schema{
		"type":    oneOrMore(str()).as("The type of assets, or several that share the fields: AWS::S3::Bucket"),
		"when":    scalar().as("CEL: false where the policy does not apply"),
		"let":     mapping(scalar()).as("Named CEL expressions; each may use those before it"),
		"require": scalar().as("CEL: true where the asset complies"),
		"message": scalar().as("CEL: the text of a finding that fails"),
		"claims":  list(claim()).as("What single controls ask, where that is a part of what the policy requires"),
	}
}

func claim() schema {
	return object(map[string]schema{
		"controls": oneOrMore(str()).as("Each one of the controls of the policy"),
		"when":     scalar().as("CEL: false where the controls are not about the asset"),
		"require":  scalar().as("CEL: true where the asset complies with the controls"),
	}, "controls")
}

func param() schema {
	return object(map[string]schema{
		"type":        names(policy.StringParam, policy.IntParam, policy.BoolParam, policy.StringsParam, policy.IntsParam),
		"default":     anything(),
		"description": str(),
	}, "type", "default")
}

func remediation() schema {
	return object(map[string]schema{
		"class": names(policy.Safe, policy.Guarded, policy.Manual),
		"text":  str().as("For a person, in the console"),
		"cli":   str().as("Command with {variables}"),
		"prechecks": list(object(map[string]schema{
			"id":   str(),
			"text": str().as("The condition"),
			"kind": names(policy.Computed, policy.Attested),
		}, "id", "text", "kind")).as("Conditions to verify before"),
		"fix": str().as("Id of a fix"),
	}, "class")
}

func testCase() schema {
	members := map[string]schema{
		"name":     scalar(),
		"want":     statuses(),
		"message":  scalar().as("The expected message"),
		"now":      str().as("The instant of the evaluation, as RFC 3339 or a date"),
		"params":   mapping(anything()),
		"controls": mapping(statuses()).as("The expected statuses of controls with claims"),
		"asset":    object(meta()),
		"related":  list(object(with(documents(), meta()), "id")),
		"gaps":     list(object(with(scope(), cause(), map[string]schema{"type": str(), "of": ref()}))),
		"coverage": list(object(with(scope(), map[string]schema{"type": str(), "state": states()}))),
	}
	return object(with(members, documents()), "name", "want")
}

func statuses() schema {
	return enum(policy.Pass, policy.Fail, policy.Unknown, policy.NotApplicable)
}

func documents() map[string]schema {
	return map[string]schema{
		"config": anything().as("What is declared, in the schema that the cloud publishes"),
		"status": anything().as("What only the running cloud knows"),
		"access": anything().as("The access policy attached to the asset"),
		"unread": list(schema{"anyOf": []schema{str(), object(with(cause(), map[string]schema{"path": str()}), "path")}}).
			as("Paths of the parts that could not be read"),
	}
}

func meta() map[string]schema {
	return map[string]schema{
		"id": scalar(), "type": str(), "name": scalar(), "class": str(),
		"provider": str(), "account": scalar(), "region": str(),
		"tags": mapping(scalar()), "created": str(),
		"url": str(), "incarnation": scalar(),
		"links":     list(object(map[string]schema{"rel": str(), "type": str(), "id": scalar()}, "rel", "type", "id")),
		"parents":   list(ref()),
		"observers": oneOrMore(scalar()),
		"origin":    {"enum": []string{"live", "template"}},
	}
}

// with joins members.
func with(all ...map[string]schema) map[string]schema {
	joined := map[string]schema{}
	for _, m := range all {
		maps.Copy(joined, m)
	}
	return joined
}

func ref() schema { return object(map[string]schema{"type": str(), "id": scalar()}, "type", "id") }

func scope() map[string]schema {
	return map[string]schema{"provider": str(), "account": scalar(), "region": str()}
}

func cause() map[string]schema {
	return map[string]schema{"op": str(), "reason": reason(), "code": str(), "message": str(), "request_id": str()}
}
