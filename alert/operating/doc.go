// Package operating holds the operating policy of a tenant: one YAML document says which
// findings become alerts, how fast they are to be repaired, who hears of them, which standards
// count, and when people review all of it.
//
// [Load] validates the document as a whole. [Policy.Preview] returns what the rules that follow
// from it would change, and [Policy.Apply] puts these in force.
package operating
