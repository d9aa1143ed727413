package alert

import "iter"

// tree is an immutable sorted map: with and without return a changed copy that shares most
// of its nodes. A copy of the struct is a snapshot. It is a balanced tree in which no side
// of a node is more than about three times as large as the other.
type tree[K, V any] struct {
	root    *node[K, V]
	compare func(a, b K) int
}

type node[K, V any] struct {
	key         K
	value       V
	left, right *node[K, V]
	size        int
}

func (n *node[K, V]) count() int {
	if n == nil {
		return 0
	}
	return n.size
}

func (t tree[K, V]) len() int { return t.root.count() }

func (t tree[K, V]) get(key K) (value V, ok bool) {
	for n := t.root; n != nil; {
		switch c := t.compare(key, n.key); {
		case c == 0:
			return n.value, true
		case c < 0:
			n = n.left
		default:
			n = n.right
		}
	}
	return value, false
}

func (t tree[K, V]) with(key K, value V) tree[K, V] {
	t.root = t.insert(t.root, key, value)
	return t
}

func (t tree[K, V]) insert(n *node[K, V], key K, value V) *node[K, V] {
	if n == nil {
		return &node[K, V]{key: key, value: value, size: 1}
	}
	switch c := t.compare(key, n.key); {
	case c == 0:
		return &node[K, V]{key, value, n.left, n.right, n.size}
	case c < 0:
		return balance(n, t.insert(n.left, key, value), n.right)
	default:
		return balance(n, n.left, t.insert(n.right, key, value))
	}
}

func (t tree[K, V]) without(key K) tree[K, V] {
	t.root = t.remove(t.root, key)
	return t
}

func (t tree[K, V]) remove(n *node[K, V], key K) *node[K, V] {
	if n == nil {
		return nil
	}
	switch c := t.compare(key, n.key); {
	case c < 0:
		return balance(n, t.remove(n.left, key), n.right)
	case c > 0:
		return balance(n, n.left, t.remove(n.right, key))
	case n.left == nil:
		return n.right
	case n.right == nil:
		return n.left
	}
	next := n.right
	for next.left != nil {
		next = next.left
	}
	return balance(next, n.left, t.remove(n.right, next.key))
}

// join returns a node with the key of n over two sides.
func join[K, V any](n, left, right *node[K, V]) *node[K, V] {
	return &node[K, V]{n.key, n.value, left, right, left.count() + right.count() + 1}
}

// balance is join for sides of which one grew or shrank by one.
func balance[K, V any](n, left, right *node[K, V]) *node[K, V] {
	switch l, r := left.count(), right.count(); {
	case l+r < 2:
	case l > 3*r:
		if left.right.count() >= 2*left.left.count() {
			mid := left.right
			return join(mid, join(left, left.left, mid.left), join(n, mid.right, right))
		}
		return join(left, left.left, join(n, left.right, right))
	case r > 3*l:
		if right.left.count() >= 2*right.right.count() {
			mid := right.left
			return join(mid, join(n, left, mid.left), join(right, mid.right, right.right))
		}
		return join(right, join(n, left, right.left), right.right)
	}
	return join(n, left, right)
}

// all yields everything in the order of the keys.
func (t tree[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { t.root.each(func(K) bool { return true }, yield) }
}

// from yields what is at a key and after it.
func (t tree[K, V]) from(key K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		t.root.each(func(k K) bool { return t.compare(k, key) >= 0 }, yield)
	}
}

// each yields the nodes that are in: if one is, all after it are.
func (n *node[K, V]) each(in func(K) bool, yield func(K, V) bool) bool {
	switch {
	case n == nil:
		return true
	case !in(n.key):
		return n.right.each(in, yield)
	}
	return n.left.each(in, yield) && yield(n.key, n.value) && n.right.each(in, yield)
}
