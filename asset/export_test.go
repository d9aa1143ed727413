package asset

// BlockLen returns the length of the block that a value keeps alive.
func BlockLen(v Value) int { return len(v.doc) }
