package alert

// Status is the state of an alert. The statuses but Unmatched are those of Prisma Cloud.
// Values other than the constants are kept when an alert is read and written.
type Status string

// The statuses.
const (
	Open              Status = "open"
	Dismissed         Status = "dismissed" // by a user or an exception
	Snoozed           Status = "snoozed"   // by a user, until an instant
	Resolved          Status = "resolved"
	PendingResolution Status = "pending_resolution" // a remediation ran, and its effect is not verified
	// Unmatched is the status of a failing finding that no enabled rule ever matched. Lists,
	// counts and notifications omit it; a new or widened rule opens it.
	Unmatched Status = "unmatched"
)

// Active reports whether an alert with the status is unfinished: open, dismissed, snoozed or
// pending.
func (s Status) Active() bool {
	return s == Open || s == Dismissed || s == Snoozed || s == PendingResolution
}

// Reason is why an alert has its status. Values other than the constants are kept when an
// alert is read and written.
type Reason string

// The reasons that Prisma Cloud documents.
const (
	NewAlert            Reason = "NEW_ALERT"
	ResourceUpdated     Reason = "RESOURCE_UPDATED"
	ResourceDeleted     Reason = "RESOURCE_DELETED"
	ResourceRescoped    Reason = "RESOURCE_POLICY_RESCOPED" // the policy no longer applies to the asset
	PolicyUpdated       Reason = "POLICY_UPDATED"
	PolicyDisabled      Reason = "POLICY_DISABLED"
	PolicyDeleted       Reason = "POLICY_DELETED"
	RuleUpdated         Reason = "ALERT_RULE_UPDATED"
	RuleDisabled        Reason = "ALERT_RULE_DISABLED"
	RuleDeleted         Reason = "ALERT_RULE_DELETED"
	GroupUpdated        Reason = "ACCOUNT_GROUP_UPDATED"
	GroupDeleted        Reason = "ACCOUNT_GROUP_DELETED"
	AccountDeleted      Reason = "ACCOUNT_DELETED"
	AnomalyConfigChange Reason = "ANOMALY_CONFIG_CHANGED"
	Remediated          Reason = "REMEDIATED"
	UserDismissed       Reason = "USER_DISMISSED" // also of a snooze
	UserReopened        Reason = "USER_REOPENED"
	SnoozeEnded         Reason = "SNOOZED_AUTO_REOPEN"
	Rediscovered        Reason = "MDC_REOPEN_FOR_ACCIDENTAL_DELETE"
	Scheduled           Reason = "SCHEDULED"
)

// The reasons that only this package has.
const (
	ExceptionGranted  Reason = "EXCEPTION"          // an exception accepts the finding
	ExceptionEnded    Reason = "EXCEPTION_ENDED"    // the exception ended, and the finding still fails
	DismissalEnded    Reason = "DISMISSAL_ENDED"    // the date of the dismissal came
	ResourceRecreated Reason = "RESOURCE_RECREATED" // the asset was deleted and created again
	RemediationFailed Reason = "REMEDIATION_FAILED"
	RolledBack        Reason = "ROLLED_BACK"
	Merged            Reason = "MERGED"   // another alert has the key after a policy was renamed
	Restored          Reason = "RESTORED" // a rule, a group or an account came back
)

// The reasons of records in the history that change no status.
const (
	ReasonOverdue   Reason = "OVERDUE"      // the due date passed
	ReasonFlapping  Reason = "FLAPPING"     // too many transitions in 24 hours to report each
	ReasonLate      Reason = "LATE_VERDICT" // a verdict that is older than the one in force
	ReasonAssigned  Reason = "ASSIGNED"
	ReasonCommented Reason = "COMMENTED"
)
