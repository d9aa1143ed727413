package alert

import "slices"

// damp removes pairs of messages at the beginning of the queue of an alert: one that opens
// and one that closes it, or the reverse, within the delay of the first. The receiver hears
// of neither; the history has both. A message that was sent once is never removed.
func (b *batch) damp(tx Tx, queue []Message) ([]Message, error) {
	for len(queue) > 0 {
		end, err := undone(tx, queue[0])
		if err != nil || end == 0 {
			return queue, err
		}
		dropped, err := b.drop(tx, queue[0], end)
		if err != nil {
			return nil, err
		}
		queue = slices.DeleteFunc(queue, func(m Message) bool { return dropped[m.ID] })
	}
	return queue, nil
}

// undone returns the number of the transition that undid the one of a message within its
// delay; 0: none did.
func undone(r Reader, m Message) (int64, error) {
	opened := m.Event.Kind == EventOpened
	if m.Alert == "" || m.Attempts > 0 || m.Seq == 0 || !opened && m.Event.Kind != EventResolved || !m.NotBefore.After(m.Event.At) {
		return 0, nil
	}
	later, err := r.History(HistoryQuery{Alerts: []string{m.Alert}, After: m.Seq, To: m.NotBefore, Limit: 100})
	if err != nil {
		return 0, err
	}
	for _, t := range later {
		if t.From != t.To && (opened && t.To == Resolved || !opened && t.From == Resolved && t.To == Open) {
			return t.Seq, nil
		}
	}
	return 0, nil
}

// drop removes the messages of an alert from one to the transition that undid it, and returns
// their IDs. Flapping is reported nevertheless.
func (b *batch) drop(tx Tx, first Message, end int64) (map[string]bool, error) {
	all, err := tx.Messages(MessageQuery{Channel: b.name, Alerts: []string{first.Alert}, Limit: wideWindow})
	if err != nil {
		return nil, err
	}
	dropped := map[string]bool{first.ID: true}
	ids := []string{first.ID}
	for _, m := range all {
		unsent := m.Attempts == 0 || m.Digest != ""
		if m.Seq > first.Seq && m.Seq <= end && unsent && m.Event.Kind != EventFlapping && !dropped[m.ID] {
			dropped[m.ID] = true
			ids = append(ids, m.ID)
		}
	}
	b.done.Damped += len(ids)
	return dropped, tx.DeleteMessages(ids...)
}
