// Package alert gives findings a life: a failing finding opens an alert once, people hear of
// it, and it is resolved when the asset complies or is truly gone. It keeps a history.
//
// [Tracker] applies the findings of scans to a [Store], by the rules of the lifecycle
// ([Next]). [Rules] select the findings that become alerts and the channels that hear of
// them. The notifications are written to an outbox in the transaction that changes an alert;
// a [Dispatcher] delivers them to each [Notifier]. [Watch] scans on schedules.
//
// An alert is never resolved because data is missing: a denied, failed or partial scan leaves
// alerts as they are, and says so.
package alert
