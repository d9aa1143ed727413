package aws

import (
	"context"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// tagMap makes a map of the tags of a service, each of which has its own type of tag.
// It is never nil, which would say that tags were not read.
func tagMap[T any](tags []T, of func(T) (key, value *string)) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		k, v := of(t)
		if k == nil {
			continue
		}
		m[*k] = ""
		if v != nil {
			m[*k] = *v
		}
	}
	return m
}

// pagedTags reads tags that come in pages.
func pagedTags[T any](ctx context.Context, of func(T) (key, value *string), page func(ctx context.Context, token string) ([]T, string, error)) (map[string]string, error) {
	var all []T
	for t, err := range collect.Pages(ctx, page) {
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return tagMap(all, of), nil
}

// tagsOr returns tags that a service returns as a map. They are never nil, which would
// say that tags were not read.
func tagsOr(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

// tagProperty sets the property Tags of a draft, where the schema has it, to the tags
// that were read.
func (u *unit) tagProperty(d *collect.Draft, owned bool) {
	schema, _ := u.scan.provider.engine.Schema(d.Type)
	if schema == nil || d.Tags == nil || d.Config["Tags"] != nil {
		return
	}
	f, ok := schema.Config.Field("Tags")
	switch {
	case !ok:
	case len(d.Tags) == 0 && !owned && u.scan.Listed(d.Type, "Tags"):
		// Lists return the tags of what is shared to its owner alone.
		d.Tags, d.Config["Tags"] = nil, unread("", codeNotAnswered, "the tags are visible to the owner alone")
	case len(d.Tags) == 0:
		d.Config["Tags"] = nil
	case f.Shape != nil && f.Shape.Kind == asset.ListShape:
		d.Config["Tags"] = collect.Pairs(d.Tags)
	default:
		d.Config["Tags"] = d.Tags
	}
}
