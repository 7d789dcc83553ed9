package arauto

import (
	"encoding/base64"
	"io"
	"time"
)

// A Session is a user's presence in one browser, from log-in to log-out. Its value lives in a cookie;
// what is stored is a hash of it. It ends by itself when nobody used it for SessionIdle, and in any case
// after SessionLife.
type Session struct {
	ID      int64
	Account int64
	User    int64

	Hash    string // HashToken of the cookie's value
	Address string // where it began
	Agent   string // the browser's own name for itself, cut

	CreatedAt time.Time
	SeenAt    time.Time // exact to SessionSeen
}

const (
	// SessionIdle is a working day: a session that nobody used for so long has ended.
	SessionIdle = 8 * time.Hour
	// SessionLife is how long a session lasts that is always in use.
	SessionLife = 7 * 24 * time.Hour
	// SessionSeen is how often it is written down that a session is in use.
	SessionSeen = time.Minute
)

// sessionBytes make 256 random bits.
const sessionBytes = 32

// NewSessionValue draws a cookie's value from random.
func NewSessionValue(random io.Reader) (string, error) {
	var b [sessionBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// EndsAt is when s ends if nobody uses it any more.
func (s Session) EndsAt() time.Time {
	idle, life := s.SeenAt.Add(SessionIdle), s.CreatedAt.Add(SessionLife)
	if idle.Before(life) {
		return idle
	}
	return life
}

// Usable is nil for a session that lets in at now.
func (s Session) Usable(now time.Time) error {
	if !now.Before(s.EndsAt()) {
		return Errorf(KindUnauthorized, "", "the session has ended: log in again")
	}
	return nil
}

// ErrLogin is what everybody hears who does not get in, whatever the reason: no such e-mail, a wrong
// password, a user who was disabled. Who guesses learns nothing from it.
func ErrLogin() error {
	return Errorf(KindUnauthorized, "", "the e-mail or the password is wrong, or this user may not log in")
}

// A Guess counts wrong passwords, of one e-mail or from one address. An e-mail that nobody has is counted
// as well, or counting would tell that it is one.
type Guess struct {
	Count int
	At    time.Time // since when Count is so
	Until time.Time // no password is looked at before
}

// A GuessRule says how many wrong passwords are nobody's business, and how the wait grows after that.
type GuessRule struct {
	Free    int           // so many cost nothing
	Forget  time.Duration // one is forgotten after each
	First   time.Duration // the first wait; each further wrong password doubles it
	Longest time.Duration
}

// EmailGuesses holds a guesser of one e-mail to some hundred passwords a day. It cannot be without a wait,
// and the wait not without an end: whoever knows an e-mail can make its owner wait, but not for long.
func EmailGuesses() GuessRule {
	return GuessRule{Free: 5, Forget: 10 * time.Minute, First: time.Second, Longest: 15 * time.Minute}
}

// AddressGuesses holds back who tries one password on many e-mails. A whole office may be behind one
// address and mistype on a Monday.
func AddressGuesses() GuessRule {
	return GuessRule{Free: 50, Forget: 30 * time.Second, First: time.Second, Longest: 5 * time.Minute}
}

// Left is g with what was forgotten by now.
func (g Guess) Left(rule GuessRule, now time.Time) Guess {
	if g.Count == 0 || !now.After(g.At) {
		return g
	}
	forgotten := int64(now.Sub(g.At) / rule.Forget)
	if forgotten >= int64(g.Count) {
		return Guess{Until: g.Until}
	}
	g.Count -= int(forgotten)
	g.At = g.At.Add(time.Duration(forgotten) * rule.Forget)
	return g
}

// Missed is g after one more wrong password.
func (g Guess) Missed(rule GuessRule, now time.Time) Guess {
	g = g.Left(rule, now)
	if g.Count == 0 {
		g.At = now
	}
	g.Count++
	if over := g.Count - rule.Free; over > 0 {
		wait := rule.Longest
		if shift := over - 1; shift < 30 && rule.First<<shift < rule.Longest {
			wait = rule.First << shift
		}
		g.Until = now.Add(wait)
	}
	return g
}

// Wait is how long nothing is looked at any more.
func (g Guess) Wait(now time.Time) time.Duration { return max(0, g.Until.Sub(now)) }
