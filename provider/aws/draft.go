package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/openstance/stance/asset"
)

// doc is a map in a document. Its members are what [tidy] takes.
type doc map[string]any

// draft is an asset on its way from an answer of the API to an [asset.Asset]. The
// listing of a service makes it, reads add to it, and the unit finishes it.
type draft struct {
	asset.Ref
	name        string
	page        string            // the ARN whose page in the console shows it, as newDraft sets it: its own; "": there is none
	region      string            // where the ARN does not tell it and it is not the unit's
	key         string            // what the reads of the asset need to ask for it, as the listing sets it
	tags        map[string]string // nil: not read, or not by the listing
	created     time.Time
	incarnation string
	links       []asset.Link
	observers   []string // accounts for which it is there as for its owner, and its owner's; sorted

	config, status doc
	access         any // what policyDocument returns

	unread map[asset.Path]*asset.Unread // what reads should have filled
	gone   bool                         // since it was listed

	// lost is why the listing knows that there is something but not what it is or where:
	// a gap of all types of the table takes its place.
	lost error
}

// newDraft makes a draft. The id is the ARN, or what the package documentation says.
func newDraft(t asset.Type, id, name string) *draft {
	return &draft{
		Ref:    asset.Ref{Type: t, ID: id},
		name:   name,
		page:   id,
		config: doc{},
		status: doc{},
	}
}

// link adds a link, unless the id is empty.
func (d *draft) link(rel string, t asset.Type, id string) {
	if id != "" {
		d.links = append(d.links, asset.Link{Rel: rel, To: asset.Ref{Type: t, ID: id}})
	}
}

// incarnationAt names an incarnation by when the asset was made. What is still being
// made may not tell it yet: then there is no name, which would differ from the later one.
func incarnationAt(made time.Time) string {
	if made.IsZero() {
		return ""
	}
	return made.UTC().Format("2006-01-02T15:04:05.000Z")
}

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
	for t, err := range pagesInTime(ctx, page) {
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return tagMap(all, of), nil
}

// tagList returns tags as most CloudFormation properties have them.
func tagList(tags map[string]string) []doc {
	list := make([]doc, 0, len(tags))
	for k, v := range tags {
		list = append(list, doc{"Key": k, "Value": v})
	}
	slices.SortFunc(list, func(a, b doc) int { return strings.Compare(a["Key"].(string), b["Key"].(string)) })
	return list
}

// policyDocument returns the policy document in a text, which IAM encodes as a part
// of a URL; nil if there is none; an unread part if it is not JSON.
func policyDocument(op string, text *string) any {
	if text == nil || *text == "" {
		return nil
	}
	s := *text
	if strings.HasPrefix(s, "%") { // no JSON begins so, and IAM keeps white space before it
		if plain, err := url.PathUnescape(s); err == nil {
			s = plain
		}
	}
	v, err := asset.Parse([]byte(s))
	if err != nil {
		return &asset.Unread{Op: op, Code: codeMalformed, Message: err.Error()}
	}
	return v
}

// finish makes the asset. The documents are tidied, brought to the schema and
// redacted. One without an id would be taken for every other one without.
func (u *unit) finish(d *draft) (*asset.Asset, error) {
	if d.ID == "" {
		return nil, errors.New("something was answered without what names it")
	}
	known := u.scan.known(d.Type)
	schema := known.schema
	a := &asset.Asset{
		Ref:         d.Ref,
		Scope:       asset.Scope{Provider: providerName, Account: u.account.ID, Region: u.region},
		Name:        d.name,
		Class:       schema.Class,
		URL:         u.consoleURL(d.page),
		Tags:        d.tags,
		Links:       d.links,
		Observers:   d.observers,
		Parents:     u.account.parents(d.Type),
		Incarnation: d.incarnation,
		Created:     d.created,
		Observed:    u.scan.now(),
	}
	if d.region != "" {
		a.Region = d.region
	}
	if id, err := arn.Parse(d.ID); err == nil {
		if id.Region != "" {
			a.Region = id.Region
		}
		if id.AccountID != "" && id.AccountID != u.account.ID {
			a.Account, a.Observers, a.Parents = id.AccountID, []string{u.account.ID}, nil
		}
	}
	if schema.Global {
		a.Region = ""
	}
	if _, ok := schema.Link("account"); ok {
		a.Links = append(a.Links, asset.Link{Rel: "account", To: accountRef(a.Account)})
	}
	if _, ok := schema.Link("region"); ok && a.Region != "" {
		a.Links = append(a.Links, asset.Link{Rel: "region", To: regionRef(a.Account, a.Region)})
	}
	if f, ok := schema.Config.Field("Tags"); ok && d.tags != nil && d.config["Tags"] == nil {
		switch {
		case len(d.tags) == 0 && a.Account != u.account.ID && slices.Contains(known.configRest, "Tags"):
			// Lists tell the tags of what is shared to its owner alone.
			a.Tags, d.config["Tags"] = nil, &asset.Unread{Code: codeNotAnswered, Message: "the tags are told to the owner alone"}
		case len(d.tags) == 0:
			d.config["Tags"] = nil
		case f.Shape != nil && f.Shape.Kind == asset.ListShape:
			d.config["Tags"] = tagList(d.tags)
		default:
			d.config["Tags"] = d.tags
		}
	}
	for _, part := range []struct {
		to    *asset.Value
		from  any
		shape *asset.Shape
		name  string
	}{
		{&a.Config, d.config, schema.Config, "config"},
		{&a.Status, d.status, schema.Status, "status"},
		{&a.Access, d.access, schema.Access, "access"},
	} {
		v, err := u.document(d, part.name, part.from, part.shape)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", part.name, d.Ref, err)
		}
		*part.to = v
	}
	if err := u.scan.provider.opts.Redactor.Redact(a, known.secret...); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Ref, err)
	}
	return a, nil
}

// document makes one document of a draft. Config is a map even when nothing is in it;
// the others are then absent.
func (u *unit) document(d *draft, name string, from any, shape *asset.Shape) (asset.Value, error) {
	t := tidier{typ: d.Type, stray: u.scan.provider.stray}
	x, _ := t.value(reflect.ValueOf(from), shape, asset.Path(name))
	m, isMap := x.(map[string]any)
	if given, ok := from.(doc); ok {
		// The collector does not name them, not even as nil, so that nobody read them.
		why := notCollected()
		for _, member := range u.scan.known(d.Type).rest(name) {
			if _, named := given[member]; !named {
				m[member] = why
			}
		}
	}
	var deep []asset.Path // that cannot be put in the map
	for _, p := range slices.Sorted(maps.Keys(d.unread)) {
		switch rest, ok := strings.CutPrefix(string(p), name); {
		case !ok:
		case rest == "":
			if x == nil || isMap && len(m) == 0 {
				return d.unread[p].Value(), nil
			}
			// Another operation filled some of it.
			if isMap && shape != nil {
				for _, f := range shape.Fields {
					if _, filled := m[f.Name]; !filled && !f.Mark.Has(asset.WriteOnly) {
						m[f.Name] = d.unread[p]
					}
				}
			}
		case isMap && !strings.ContainsAny(rest[1:], ".["):
			if _, filled := m[rest[1:]]; !filled {
				m[rest[1:]] = d.unread[p]
			}
		default:
			deep = append(deep, p)
		}
	}
	var v asset.Value
	if x != nil && (len(m) > 0 || !isMap || name == "config") {
		var err error
		if v, err = asset.Of(x); err != nil {
			return asset.Value{}, err
		}
		v = shape.Conform(v)
	}
	for _, p := range deep {
		var err error
		if v, err = setUnread(v, asset.Path(strings.TrimPrefix(string(p), name+".")), d.unread[p]); err != nil {
			return asset.Value{}, err
		}
	}
	return v, nil
}

// setUnread makes the part that p leads to unread, unless something filled it. Of a
// list that is not there it makes the list unread.
func setUnread(v asset.Value, p asset.Path, why *asset.Unread) (asset.Value, error) {
	first, _, every := strings.Cut(string(p), "[*]")
	part, err := v.At(asset.Path(first))
	switch {
	case err != nil:
		return asset.Value{}, err
	case part.IsAbsent():
		return v.Set(asset.Path(first), why.Value())
	case every:
		return v.Set(p, why.Value())
	}
	return v, nil
}
