package sandbox

import "time"

// A Story is everything that will become of a template message to one person,
// known before it is sent. Two messages to one person have the same story.
type Story struct {
	Phone  string // canonical digits: Brazil with the ninth digit
	WAID   string // what Meta calls this person; Brazilian ones may lack the ninth digit
	UserID string // business-scoped id
	Name   string // profile name
	Hidden bool   // has a user name: Phone and WAID are told only to who knows them already

	// The answer to the request.
	SyncCode int    // the request is refused with this code; 0 is accepted
	Refusals int    // how many requests SyncCode refuses before one is accepted; 0 is all of them
	Answer   Answer // how an accepted request is answered
	Held     bool   // accepted as held_for_quality_assessment: sent only when it is released
	Paused   bool   // … but called paused

	// What follows an accepted message.
	Sent       bool // a webhook says sent
	Delivered  bool // it reached the phone
	Quiet      bool // … but no webhook says delivered, only read
	Read       bool
	FailedCode int // a webhook says failed, after sent if Sent
	Reply      Reply
	Text       string // what is written: Reply swipe or typed, and in place of a button the message does not have
	OptOut     OptOut

	// Out-of-the-ordinary delivery of the webhooks.
	Repeated bool // every webhook comes twice
	Reversed bool // delivered comes before sent

	// Delays before Config.Pace, each counted from the one before it.
	SentAfter, DeliveredAfter, ReadAfter, ReplyAfter time.Duration
}

// Answer is how a request is answered.
type Answer string

// The answers. All but Lost mean that the message was taken, whatever the caller saw.
const (
	AnswerOK     Answer = "ok"
	AnswerSlow   Answer = "slow"   // taken; answered after Config.SlowAnswer
	AnswerLost   Answer = "lost"   // never taken; the connection closes
	AnswerClosed Answer = "closed" // taken; the connection closes without an answer
	AnswerBroken Answer = "broken" // taken; the answer is an HTTP 500
	AnswerHung   Answer = "hung"   // taken; nothing comes until Config.SlowAnswer has passed, then the connection closes
	AnswerError  Answer = "error"  // taken; the answer is the error that a webhook says again
)

// status is what an accepted template message is called in the answer.
func (s Story) status() string {
	switch {
	case s.Held && s.Paused:
		return "paused"
	case s.Held:
		return "held_for_quality_assessment"
	}
	return "accepted"
}

// Reply is how a person writes back.
type Reply string

// The replies.
const (
	ReplyNone   Reply = ""
	ReplySwipe  Reply = "swipe"  // text with context.id
	ReplyTyped  Reply = "typed"  // text without context
	ReplyButton Reply = "button" // a quick reply with context.id, its payload echoed; ReplySwipe on a message that has none
)

// OptOut is how a person stops marketing.
type OptOut string

// The ways out.
const (
	OptOutNone       OptOut = ""
	OptOutKeyword    OptOut = "keyword"    // Text, typed
	OptOutButton     OptOut = "button"     // the opt-out quick reply; Text as a swipe reply on a message that has none
	OptOutPreference OptOut = "preference" // a user_preferences webhook
)

// End is where a story stops.
type End string

// The ends, each meaning that nothing further comes.
const (
	EndRefused   End = "refused" // SyncCode, always
	EndLost      End = "lost"    // AnswerLost
	EndSilent    End = "silent"  // accepted, then nothing
	EndSent      End = "sent"
	EndDelivered End = "delivered"
	EndRead      End = "read"
	EndFailed    End = "failed"
	EndReplied   End = "replied"   // wrote back and did not opt out
	EndOptedOut  End = "opted_out" // by any way
)

// End returns where the story stops, once every webhook has been delivered.
func (s Story) End() End {
	switch {
	case s.Answer == AnswerLost:
		return EndLost
	case !s.Accepted():
		return EndRefused
	case s.FailedCode != 0:
		return EndFailed
	case s.OptOut != OptOutNone:
		return EndOptedOut
	case s.Reply != ReplyNone:
		return EndReplied
	case s.Read:
		return EndRead
	case s.Delivered:
		return EndDelivered
	case s.Sent:
		return EndSent
	}
	return EndSilent
}

// Accepted reports whether a request is taken sooner or later, if it is repeated
// as long as it is refused.
func (s Story) Accepted() bool {
	return s.Answer != AnswerLost && (s.SyncCode == 0 || s.Refusals > 0)
}

// Fate returns the story of phone, any spelling of a number. It depends on seed and
// the digits alone, and both spellings of a Brazilian mobile number have one fate.
// The package comment gives the mix.
func Fate(seed int64, phone string) Story {
	number := canonical(onlyDigits(phone))
	d := roll(seed, "person", number)
	s := Story{Phone: number, WAID: number, UserID: userID(number), Answer: AnswerOK}
	if d.chance(50) {
		s.WAID = alias(number)
	}
	s.Name = pick(d, names)
	s.SentAfter = d.between(20*time.Millisecond, 120*time.Millisecond)
	s.DeliveredAfter = d.between(50*time.Millisecond, 400*time.Millisecond)
	s.ReadAfter = d.between(300*time.Millisecond, 2*time.Second)
	s.ReplyAfter = d.between(500*time.Millisecond, 3*time.Second)

	if m, ok := magicOf(number); ok {
		return m.story.onto(s)
	}
	if story, ok := codeOf(number); ok {
		return story.onto(s)
	}
	switch p := d.percent(); {
	case p < 1:
		s.SyncCode = 131026
	case p < 5:
		s.FailedCode, s.Sent = 131026, d.chance(30)
	case p < 7:
		s.FailedCode, s.Sent = 131049, d.chance(30)
	case p < 8:
		s.FailedCode = 131050
	case p < 14:
		s.Sent = true
	default:
		s.Sent, s.Delivered = true, true
		s.read(d)
	}
	return s
}

// onto lays a fixed fate over ordinary, keeping who the person is and how quick.
func (s Story) onto(ordinary Story) Story {
	s.Phone, s.WAID, s.UserID, s.Name = ordinary.Phone, ordinary.WAID, ordinary.UserID, ordinary.Name
	s.SentAfter, s.DeliveredAfter, s.ReadAfter, s.ReplyAfter = ordinary.SentAfter, ordinary.DeliveredAfter, ordinary.ReadAfter, ordinary.ReplyAfter
	if s.Answer == "" {
		s.Answer = AnswerOK
	}
	return s
}

// read decides what a person does with a message that was delivered.
func (s *Story) read(d *dice) {
	if !d.chance(70) {
		return
	}
	s.Read, s.Quiet = true, d.chance(2)
	if !d.chance(35) {
		return
	}
	switch p := d.percent(); {
	case p < 38:
		s.Reply, s.Text = ReplyButton, pick(d, replies)
	case p < 68:
		s.Reply, s.Text = ReplySwipe, pick(d, replies)
	case p < 90:
		s.Reply, s.Text = ReplyTyped, pick(d, replies)
	case p < 95:
		s.Reply, s.Text, s.OptOut = ReplyTyped, pick(d, farewells), OptOutKeyword
	case p < 97:
		s.Reply, s.Text, s.OptOut = ReplyButton, pick(d, farewells), OptOutButton
	default:
		s.OptOut = OptOutPreference
	}
}

// dice is a splitmix64 stream: small, good enough, and ours, so that no release of
// a library changes anybody's fate.
type dice uint64

// roll returns the stream that belongs to seed and parts.
func roll(seed int64, parts ...string) *dice {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for _, part := range parts {
		for i := range len(part) {
			h = (h ^ uint64(part[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	s := dice(seed)
	d := dice(h ^ s.next())
	return &d
}

func (d *dice) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// percent is in [0, 100).
func (d *dice) percent() float64 { return float64(d.next()>>11) / (1 << 53) * 100 }

func (d *dice) chance(percent float64) bool { return d.percent() < percent }

func (d *dice) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.next()%uint64(high-low))
}

func pick(d *dice, from []string) string { return from[d.next()%uint64(len(from))] }

var names = []string{
	"Ana Souza", "Bruno Lima", "Carla Mendes", "Diego Fernández", "Eduarda Alves", "Fábio Rocha",
	"Gabriela Nunes", "Héctor Ruiz", "Isabela Castro", "João Pedro", "Karina Dias", "Lucía Gómez",
	"Marcos Vinícius", "Natália Freitas", "Otávio Reis", "Paula Ramos", "Rafael Teixeira", "Sofía Herrera",
	"Tiago Barbosa", "Vó Lourdes 🌻",
}

var replies = []string{
	"Quero saber mais", "Sim, por favor", "Pode me ligar amanhã cedo?", "Qual o valor à vista?",
	"Obrigado!", "Não tenho interesse agora", "Quem fala?", "Já paguei ontem", "Ok 👍",
	"Me interesa, ¿cuánto cuesta?", "¿Hasta cuándo vale?", "Vocês atendem no sábado?",
}

var farewells = []string{"SAIR", "PARAR"}
