package operating

import (
	"time"

	"github.com/openstance/stance/alert"
)

// Schedule says when reviews are due, and who hears of them.
type Schedule struct {
	Every    alert.Period // Monthly or Weekly
	Day      int          // of the month, of a monthly review
	Channel  string
	Language string // "en" or "ja"
}

func defaultSchedule() Schedule {
	return Schedule{Every: alert.Monthly, Day: 1, Channel: alert.ChannelHealth, Language: "en"}
}

// Last returns the latest instant at which a review was due: midnight in UTC of a day that is
// not after now.
func (s Schedule) Last(now time.Time) time.Time {
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	if s.Every == alert.Weekly {
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	}
	last := time.Date(now.Year(), now.Month(), max(s.Day, 1), 0, 0, 0, 0, time.UTC)
	if last.After(now) {
		last = last.AddDate(0, -1, 0)
	}
	return last
}

// Next returns the instant at which the next review is due.
func (s Schedule) Next(now time.Time) time.Time {
	if s.Every == alert.Weekly {
		return s.Last(now).AddDate(0, 0, 7)
	}
	return s.Last(now).AddDate(0, 1, 0)
}
