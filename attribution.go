package arauto

import "time"

// A SourceRow is what one ad or post brought between two moments, and what became of it.
type SourceRow struct {
	SourceKey
	URL      string // as the newest click has it
	Headline string

	Clicks        int64
	Conversations int64 // that they opened or joined
	Handled       int64 // that an agent took
	Closed        int64
	Answered      int64           // that an agent replied in
	AnswerTime    time.Duration   // from the click to an agent's first reply, on average over those
	Outcomes      []SourceOutcome // of the closed ones, by activity code
	Values        []Money         // what closing with codes that have a rule was worth, by currency
}

// A SourceKey is a place in the order of sources.
type SourceKey struct {
	Type SourceType
	ID   string // "" = clicks that named none
}

// A SourceOutcome is how many conversations ended with an activity code.
type SourceOutcome struct {
	Code          int64 // 0 = without one
	Text          string
	Name          string
	Conversations int64
}
