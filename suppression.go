package arauto

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// A Suppression says: do not contact this person. It is kept with its evidence, and lifted, never
// deleted.
type Suppression struct {
	ID        int64
	Account   int64
	PersonKey string

	Phone    Phone // as given, for people to read
	Scope    SuppressionScope
	Channel  Channel // "" = every channel
	Source   string  // opt_out_keyword, opt_out_button, user_preferences, provider, api, upload
	Evidence string  // what was seen: the text, the message id, the note
	Contact  int64   // the contact it came from; 0 = none

	CreatedAt time.Time
	ExpiresAt time.Time // zero = never
	LiftedAt  time.Time // zero = in force
}

// SuppressionScope is how much a suppression covers.
type SuppressionScope string

const (
	SuppressMarketing SuppressionScope = "marketing"
	SuppressAll       SuppressionScope = "all"
)

// Holds reports whether s forbids, at now, a message on channel; marketing says whether it is marketing.
func (s Suppression) Holds(channel Channel, marketing bool, now time.Time) bool {
	if !s.InForce(now) {
		return false
	}
	if s.Channel != "" && s.Channel != channel {
		return false
	}
	return s.Scope == SuppressAll || marketing
}

// InForce reports whether s forbids anything at now.
func (s Suppression) InForce(now time.Time) bool {
	return s.LiftedAt.IsZero() && (s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt))
}

// A SuppressionFilter selects entries for lists. Zero fields do not filter.
type SuppressionFilter struct {
	PersonKey string
	Scope     SuppressionScope
	Channel   Channel // those that concern it: its own, and those of every channel
	Source    string
	InForce   bool
}

// Picks reports whether s is one of them at now.
func (f SuppressionFilter) Picks(s Suppression, now time.Time) bool {
	return (f.Scope == "" || f.Scope == s.Scope) && (f.Channel == "" || s.Channel == "" || f.Channel == s.Channel) &&
		(f.Source == "" || f.Source == s.Source) && (!f.InForce || s.InForce(now))
}

// DefaultStopWords and DefaultResumeWords are an account's until it chooses its own.
func DefaultStopWords() []string   { return []string{"SAIR", "PARAR", "STOP", "BAJA"} }
func DefaultResumeWords() []string { return []string{"VOLTAR"} }

// Preference is what a person asked for about being contacted.
type Preference string

const (
	PreferenceNone   Preference = ""
	PreferenceStop   Preference = "stop"
	PreferenceResume Preference = "resume"
)

// PreferenceIn reads a whole message as an opt-out or its undoing: case, accents, spacing and whatever
// stands around the words (punctuation, emoji) do not matter, but "não quero parar" is not PARAR. A word
// that is among both counts as an opt-out.
func (a Account) PreferenceIn(text string) Preference {
	said := bareWords(text)
	if said == "" {
		return PreferenceNone
	}
	is := func(word string) bool { return bareWords(word) == said }
	switch {
	case slices.ContainsFunc(a.StopWords, is):
		return PreferenceStop
	case slices.ContainsFunc(a.ResumeWords, is):
		return PreferenceResume
	}
	return PreferenceNone
}

// bareWords is s as people mean it: folded, single spaces, nothing but letters and digits at its ends.
// What has neither, an emoji say, stays itself.
func bareWords(s string) string {
	folded := squeeze(Fold(s))
	bare := strings.TrimFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if bare == "" {
		return folded
	}
	return bare
}

// optOutLabels are the labels of Meta's own marketing opt-out button, folded, as its template editor
// offers them in our languages, and what the shipped examples use.
var optOutLabels = map[string]bool{
	"stop promotions": true, "parar promocoes": true, "detener promociones": true, "no recibir promociones": true,
}

// OptsOutOfMarketing reports whether tapping a button with that label asks for no more marketing.
func OptsOutOfMarketing(label string) bool { return optOutLabels[strings.TrimSpace(Fold(label))] }
