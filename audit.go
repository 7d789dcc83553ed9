package arauto

import "time"

// An Audit entry is one change that somebody made: appended, never altered.
type Audit struct {
	ID      int64
	Account int64
	At      time.Time
	Actor   Actor
	Action  string // "campaign.start"
	Subject string // "campaign 12"
	Detail  string // what changed, as JSON; secrets never
}

// Actor is who does something: a user or a token of the account, or the system itself.
type Actor struct {
	Account int64
	Token   int64  // 0 for users and the system
	User    int64  // 0 for tokens and the system
	Name    string // the user's e-mail, the token's name, "system", "cli"
}

// System is the actor of what an engine does by itself.
func System(account int64) Actor { return Actor{Account: account, Name: "system"} }
