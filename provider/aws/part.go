package aws

import "github.com/openstance/stance/asset"

// parsed returns the JSON in a text that is not a policy document: nil if there is
// none, and an unread part if it is malformed.
func parsed(op string, text *string) any {
	if text == nil || *text == "" {
		return nil
	}
	v, err := asset.Parse([]byte(*text))
	if err != nil {
		return &asset.Unread{Op: op, Code: codeMalformed, Message: err.Error()}
	}
	return v
}

// tagsOr returns tags that a service answers as a map. They are never nil, which would
// say that tags were not read.
func tagsOr(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

// notCollected stands for a part that the schema has and the API does not tell.
func notCollected() *asset.Unread { return &asset.Unread{Code: codeNotCollected} }
