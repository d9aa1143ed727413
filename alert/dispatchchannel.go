package alert

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// channelDocuments is the kind of the documents that hold the states of channels.
const channelDocuments = "channel"

// lease is the time for which a dispatcher serves a channel without a word to the store.
// Notify has half of it.
const lease = 4 * time.Minute

// channelState is what dispatchers share about a channel.
type channelState struct {
	Holder string    `json:"holder,omitempty"` // the pass of a dispatcher that serves the channel
	Until  time.Time `json:"until,omitzero"`   // end of the lease

	Failures int       `json:"failures,omitempty"` // calls of Notify in a row that delivered nothing
	Retry    time.Time `json:"retry,omitzero"`     // nothing is sent before
	Error    string    `json:"error,omitempty"`    // of the last failure

	Tokens float64   `json:"tokens,omitempty"` // events that the rate permits, as of Filled
	Filled time.Time `json:"filled,omitzero"`
}

func readChannel(r Reader, name string) (channelState, error) {
	data, err := r.Document(channelDocuments, name)
	if err != nil || data == nil {
		return channelState{}, err
	}
	var s channelState
	if err := json.Unmarshal(data, &s); err != nil {
		return channelState{}, fmt.Errorf("channel document %q: %w", name, err)
	}
	return s, nil
}

func writeChannel(tx Tx, name string, s channelState) error {
	if s == (channelState{}) {
		return tx.PutDocument(channelDocuments, name, nil)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutDocument(channelDocuments, name, data)
}

// release ends the lease of a holder.
func release(tx Tx, name, holder string) error {
	s, err := readChannel(tx, name)
	if err != nil || s.Holder != holder {
		return err
	}
	s.Holder, s.Until = "", time.Time{}
	return writeChannel(tx, name, s)
}

// taken reports whether another pass holds the lease. A lease that ends later than any can is
// one of a clock that went backwards.
func (s *channelState) taken(holder string, now time.Time) bool {
	return s.Holder != "" && s.Holder != holder && s.Until.After(now) && s.Until.Sub(now) <= lease
}

// retryAt returns the instant before which nothing is sent.
func (s *channelState) retryAt(now time.Time) time.Time {
	if s.Retry.Sub(now) > maxRetryAfter {
		return time.Time{}
	}
	return s.Retry
}

// fill adds the tokens of the time since the last call, and returns how many events may be
// sent.
func (s *channelState) fill(c Channel, now time.Time) int {
	if c.Rate <= 0 {
		s.Tokens, s.Filled = 0, time.Time{}
		return math.MaxInt
	}
	burst := float64(c.Burst)
	if burst <= 0 {
		burst = max(1, math.Floor(c.Rate))
	}
	if s.Filled.IsZero() {
		s.Tokens = burst
	} else {
		s.Tokens += max(0, now.Sub(s.Filled).Seconds()) * c.Rate
	}
	s.Tokens, s.Filled = min(s.Tokens, burst), now
	return int(s.Tokens + 1e-6)
}

// nextToken returns when the next event may be sent.
func (s *channelState) nextToken(c Channel, now time.Time) time.Time {
	return now.Add(time.Duration(math.Ceil((1 - s.Tokens) / c.Rate * float64(time.Second)))).Add(time.Microsecond)
}

// The waiting times between attempts.
const (
	firstBackoff  = 5 * time.Second
	maxBackoff    = time.Hour
	maxRetryAfter = 24 * time.Hour
)

// backoff returns the time to wait after a number of failed attempts: it doubles from
// firstBackoff to maxBackoff. seed spreads the attempts of different messages over the second
// half of the time.
func backoff(attempts int, seed string) time.Duration {
	wait := maxBackoff
	if attempts < 11 {
		wait = min(wait, firstBackoff<<max(attempts-1, 0))
	}
	return wait/2 + time.Duration(float64(wait/2)*fraction(seed, attempts))
}
