package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// unreadIn returns an unknown if a part of v is unread, else nil. Functions that are not
// helpers ignore unread parts, so their arguments are searched first.
func (r *Run) unreadIn(v ref.Val) ref.Val {
	switch x := v.(type) {
	case *object:
		return r.marksIn(x.v)
	case *list:
		return r.marksIn(x.v)
	case *List:
		if x.More != nil {
			return r.Unknown(x.More)
		}
		return nil
	case *types.Optional:
		if x.HasValue() {
			return r.unreadIn(x.GetValue())
		}
	case *types.Unknown:
		return x
	case traits.Lister:
		r.budget.Work(1)
		for it := x.Iterator(); it.HasNext() == types.True; {
			r.budget.Work(1)
			if u := r.unreadIn(it.Next()); u != nil {
				return u
			}
		}
	case traits.Mapper:
		r.budget.Work(1)
		for _, k := range r.budget.keysOf(x) {
			r.budget.Work(1)
			if u := r.unreadIn(x.Get(k)); u != nil {
				return u
			}
		}
	}
	return nil
}

func (r *Run) marksIn(v asset.Value) ref.Val {
	if u := r.budget.firstUnread(v); u != nil {
		return r.Unknown(u)
	}
	return nil
}

// firstUnread is [FirstUnread], with an operation for each part that it looks at.
func (b *Budget) firstUnread(v asset.Value) *asset.Unread {
	b.Work(1)
	switch v.Kind() {
	case asset.UnreadPart:
		return v.Unread()
	case asset.List:
		for i := range v.Len() {
			if u := b.firstUnread(v.Index(i)); u != nil {
				return u
			}
		}
	case asset.Map:
		for i := range v.Len() {
			_, x := v.MemberAt(i)
			if u := b.firstUnread(x); u != nil {
				return u
			}
		}
		if v.IsPartial() {
			return notKept
		}
	}
	return nil
}

// FirstUnread returns why the first unread part of v is unread, or nil if there is none.
func FirstUnread(v asset.Value) *asset.Unread {
	for _, part := range v.Marks() {
		if u := part.Unread(); u != nil {
			return u
		}
	}
	return nil
}
