package expr

// HelperVersion is the version of the meaning of the helpers, lookups, variables and CEL
// extensions. It is part of a policy's digest: change it when one of them, given the
// same arguments, returns something else than before.
const HelperVersion = "3"
