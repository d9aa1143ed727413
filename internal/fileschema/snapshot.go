package fileschema

import "github.com/openstance/stance/asset"

// nullable is a member of a snapshot: null counts as missing.
func nullable(s schema) schema { return schema{"anyOf": []schema{s, {"type": "null"}}} }

// snapshotLine describes one line of a snapshot.
func snapshotLine() schema {
	count := schema{"type": "integer", "minimum": 0}
	lines := []schema{
		object(map[string]schema{"stance": {"const": "snapshot"}, "version": {"const": 1}, "created": nullable(str())}, "stance", "version"),
		object(map[string]schema{"defaults": defaults()}, "defaults"),
		object(map[string]schema{
			"asset": recordedAsset(), "unread": nullable(list(object(nulls(recordedCause(), map[string]schema{"path": str()}), "path"))),
			"redacted": nullable(list(object(map[string]schema{"path": str(), "detectors": nullable(list(str())), "hash": nullable(str())}, "path"))),
			"defaults": nullable(list(str())),
		}, "asset"),
		object(map[string]schema{"gap": object(nulls(recordedScope(), recordedCause(), map[string]schema{"type": str(), "of": ref()}))}, "gap"),
		object(map[string]schema{"coverage": object(nulls(recordedScope(), map[string]schema{"type": str(), "state": states()}))}, "coverage"),
		object(map[string]schema{"end": object(map[string]schema{"assets": count, "gaps": count, "coverage": count}, "assets", "gaps", "coverage")}, "end"),
	}
	return schema{"anyOf": lines}
}

// defaults describes the parts that assets have none of where they omit them.
func defaults() schema {
	none := schema{"type": "array", "maxItems": 0}
	return object(map[string]schema{"parents": none, "links": none, "access": {"type": "null"}})
}

func states() schema { return enum(asset.NotAsked, asset.Partial, asset.Complete) }

// nulls joins members that may be null.
func nulls(all ...map[string]schema) map[string]schema {
	joined := with(all...)
	for k, s := range joined {
		joined[k] = nullable(s)
	}
	return joined
}

func recordedScope() map[string]schema {
	return map[string]schema{"provider": str(), "account": str(), "region": str()}
}

func recordedCause() map[string]schema {
	return map[string]schema{"op": str(), "reason": reason(), "code": str(), "message": str(), "request_id": str()}
}

func recordedAsset() schema {
	s := object(nulls(recordedScope(), map[string]schema{
		"type": str(), "id": str(), "name": str(), "class": str(), "url": str(), "tags": mapping(str()),
		"config": anything(), "status": anything(), "access": anything(),
		"links":       list(object(map[string]schema{"rel": str(), "type": str(), "id": str()}, "rel", "type", "id")),
		"parents":     list(ref()),
		"observers":   list(str()),
		"origin":      object(nulls(map[string]schema{"file": str(), "line": {"type": "integer"}})),
		"incarnation": str(), "created": str(), "observed": str(),
	}), "type", "id", "provider")
	return s
}
