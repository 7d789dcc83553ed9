package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const magicPrefix = "5511975500"

// A Magic is ten numbers with one fixed fate: +55 11 97550-0XYZ, where XY is Group
// and Z is free.
type Magic struct {
	Group int
	Means string // what happens, in one line

	story Story
}

// Number returns the E.164 number of person z (0 to 9) of the group.
func (m Magic) Number(z int) string {
	return fmt.Sprintf("+%s%02d%d", magicPrefix, m.Group, z%10)
}

// Pattern returns the group as people write it: "+55 11 97550-001Z".
func (m Magic) Pattern() string { return fmt.Sprintf("+55 11 97550-0%02dZ", m.Group) }

// MagicNumbers returns every group, in order: people, oddities of webhooks, failures
// after acceptance, refusals, refusals that pass, and trouble on the connection.
func MagicNumbers() []Magic { return slices.Clone(magic) }

func magicOf(number string) (Magic, bool) {
	rest, ok := strings.CutPrefix(number, magicPrefix)
	if !ok || len(rest) != 3 {
		return Magic{}, false
	}
	group, _ := strconv.Atoi(rest[:2])
	i, ok := slices.BinarySearchFunc(magic, group, func(m Magic, g int) int { return m.Group - g })
	if !ok {
		return Magic{}, false
	}
	return magic[i], true
}

// magic is sorted by group.
var magic = []Magic{
	{0, "delivered, never read", Story{Sent: true, Delivered: true}},
	{1, "read, no reaction", Story{Sent: true, Delivered: true, Read: true}},
	{2, "replies to the message with a text (context)", Story{Sent: true, Delivered: true, Read: true, Reply: ReplySwipe, Text: "Quero saber mais"}},
	{3, "types a text of their own (no context)", Story{Sent: true, Delivered: true, Read: true, Reply: ReplyTyped, Text: "Pode me ligar amanhã cedo?"}},
	{4, "taps a quick reply (context, payload echoed)", Story{Sent: true, Delivered: true, Read: true, Reply: ReplyButton, Text: "Sim, por favor"}},
	{5, "types SAIR", Story{Sent: true, Delivered: true, Read: true, Reply: ReplyTyped, Text: "SAIR", OptOut: OptOutKeyword}},
	{6, "taps the opt-out quick reply", Story{Sent: true, Delivered: true, Read: true, Reply: ReplyButton, Text: "PARAR", OptOut: OptOutButton}},
	{7, "stops marketing in the settings (user_preferences)", Story{Sent: true, Delivered: true, Read: true, OptOut: OptOutPreference}},
	{8, "sent, never delivered", Story{Sent: true}},
	{9, "accepted, then no webhook at all", Story{}},

	{10, "read with no webhook for delivered", Story{Sent: true, Delivered: true, Read: true, Quiet: true}},
	{11, "delivered comes before sent", Story{Sent: true, Delivered: true, Reversed: true}},
	{12, "every webhook comes twice, a reply included", Story{Sent: true, Delivered: true, Read: true, Reply: ReplySwipe, Text: "Ok 👍", Repeated: true}},
	{13, "sent, then failed with 131026", Story{Sent: true, FailedCode: 131026}},
	{14, "held for quality assessment, then delivered", Story{Held: true, Sent: true, Delivered: true}},
	{15, "held for quality assessment, then dropped with 135000", Story{Held: true, FailedCode: 135000}},
	{16, "accepted as paused, later delivered", Story{Held: true, Paused: true, Sent: true, Delivered: true}},
	{17, "has a user name, so a message to the user id tells no number: reads", Story{Hidden: true, Sent: true, Delivered: true, Read: true}},
	{18, "has a user name, so a message to the user id tells no number: replies to the message", Story{Hidden: true, Sent: true, Delivered: true, Read: true, Reply: ReplySwipe, Text: "Quero saber mais"}},
	{19, "has a user name, so a message to the user id tells no number: later failed with 131026", Story{Hidden: true, FailedCode: 131026}},

	{20, "accepted, later failed with 131026 (undeliverable)", Story{FailedCode: 131026}},
	{21, "accepted, later failed with 131049 (cap of marketing per user)", Story{FailedCode: 131049}},
	{22, "accepted, later failed with 131050 (user stopped marketing)", Story{FailedCode: 131050}},
	{23, "accepted, later failed with 130472 (experiment)", Story{FailedCode: 130472}},
	{24, "accepted, later failed with 131042 (payment)", Story{FailedCode: 131042}},
	{25, "accepted, later failed with 131047 (24 hours)", Story{FailedCode: 131047}},
	{26, "accepted, later failed with 131053 (media)", Story{FailedCode: 131053}},
	{27, "accepted, later failed with 131000 (something went wrong)", Story{FailedCode: 131000}},
	{28, "accepted, later failed with 131048 (spam limit)", Story{FailedCode: 131048}},
	{29, "accepted, later failed with 130403 (business blocked)", Story{FailedCode: 130403}},

	{30, "refused with 131026 (undeliverable)", Story{SyncCode: 131026}},
	{31, "refused with 131030 (not in the allowed list)", Story{SyncCode: 131030}},
	{32, "refused with 131050 (user stopped marketing)", Story{SyncCode: 131050}},
	{33, "refused with 130472 (experiment)", Story{SyncCode: 130472}},
	{34, "refused with 130497 (country not allowed)", Story{SyncCode: 130497}},
	{35, "refused with 130403 (business blocked)", Story{SyncCode: 130403}},
	{36, "refused with 131000 (something went wrong)", Story{SyncCode: 131000}},
	{37, "refused with 131008 (parameter missing)", Story{SyncCode: 131008}},
	{38, "refused with 131009 (parameter not valid)", Story{SyncCode: 131009}},
	{39, "refused with 135000 (generic user error)", Story{SyncCode: 135000}},
	{40, "refused with 131048 (spam limit)", Story{SyncCode: 131048}},
	{41, "refused with 131056 (pair limit)", Story{SyncCode: 131056}},
	{42, "refused with 130429 (throughput), always", Story{SyncCode: 130429}},
	{43, "refused with 80007 (rate of the WABA)", Story{SyncCode: 80007}},
	{44, "refused with 4 (rate of the app)", Story{SyncCode: 4}},
	{45, "refused with 190 (token)", Story{SyncCode: 190}},
	{46, "refused with 10 (permission)", Story{SyncCode: 10}},
	{47, "refused with 131005 (access denied)", Story{SyncCode: 131005}},
	{48, "refused with 368 (restricted for policy)", Story{SyncCode: 368}},
	{49, "refused with 131031 (account locked)", Story{SyncCode: 131031}},
	{50, "refused with 131042 (payment)", Story{SyncCode: 131042}},
	{51, "refused with 133010 (number not registered)", Story{SyncCode: 133010}},
	{52, "refused with 131045 (registration)", Story{SyncCode: 131045}},
	{53, "refused with 131064 (template classification)", Story{SyncCode: 131064}},
	{54, "refused with 132015 (template paused)", Story{SyncCode: 132015}},
	{55, "refused with 132016 (template disabled)", Story{SyncCode: 132016}},
	{56, "refused with 132000 (parameter count)", Story{SyncCode: 132000}},
	{57, "refused with 132001 (template missing)", Story{SyncCode: 132001}},
	{58, "refused with 132012 (parameter format)", Story{SyncCode: 132012}},
	{59, "refused with 132005 (text too long)", Story{SyncCode: 132005}},
	{60, "refused with 132007 (content policy)", Story{SyncCode: 132007}},
	{61, "refused with 131063 (marketing moved to another API)", Story{SyncCode: 131063}},
	{62, "refused with 131047 (24 hours)", Story{SyncCode: 131047}},
	{63, "refused with 131049 (cap of marketing per user)", Story{SyncCode: 131049}},
	{64, "refused with a code nobody has heard of", Story{SyncCode: 139999}},

	{70, "130429 once (HTTP 429), then delivered", Story{SyncCode: 130429, Refusals: 1, Sent: true, Delivered: true}},
	{71, "131056 twice, then delivered", Story{SyncCode: 131056, Refusals: 2, Sent: true, Delivered: true}},
	{72, "131016 once (HTTP 503), then delivered", Story{SyncCode: 131016, Refusals: 1, Sent: true, Delivered: true}},
	{73, "131057 once (maintenance), then delivered", Story{SyncCode: 131057, Refusals: 1, Sent: true, Delivered: true}},
	{74, "131000 once (HTTP 500), then delivered", Story{SyncCode: 131000, Refusals: 1, Sent: true, Delivered: true}},

	{80, "taken, answered after a minute; read", Story{Answer: AnswerSlow, Sent: true, Delivered: true, Read: true}},
	{81, "connection closed, never taken", Story{Answer: AnswerLost}},
	{82, "taken, connection closed without an answer; read", Story{Answer: AnswerClosed, Sent: true, Delivered: true, Read: true}},
	{83, "taken, answered with HTTP 500; read", Story{Answer: AnswerBroken, Sent: true, Delivered: true, Read: true}},
	{84, "HTTP 500 always, never taken", Story{SyncCode: 1}},
	{85, "taken, connection closed without an answer, then no webhook at all", Story{Answer: AnswerClosed}},
	{86, "taken, connection closed without an answer; later failed with 131026", Story{Answer: AnswerClosed, FailedCode: 131026}},
	{87, "taken, answered after a minute, then no webhook at all", Story{Answer: AnswerSlow}},
}
