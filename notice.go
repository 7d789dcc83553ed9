package arauto

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Notice is one thing that we tell an account's endpoints: an event of our outgoing webhooks. It is written in
// the transaction of the change it tells of, with an id that ascends in the order of commit within its account:
// whoever knows the last id they were told misses nothing by going on from there.
type Notice struct {
	ID      int64
	Account int64
	Epoch   int64
	Type    NoticeType
	At      time.Time // when it was written; never goes back within an account
	Data    string    // a JSON object: what happened, as it stood at that moment
}

// Ref is what a notice is known by outside: nothing else ever has the same one, also after a backup was restored
// whose deployment counts the same ids again.
func (n Notice) Ref() string {
	return "e" + strconv.FormatInt(n.Epoch, 36) + "." + strconv.FormatInt(n.ID, 10)
}

// ParseNoticeRef is the id in a Ref; ok is false for anything that is not one of ours.
func ParseNoticeRef(s string) (id int64, ok bool) {
	rest, marked := strings.CutPrefix(s, "e")
	epoch, number, cut := strings.Cut(rest, ".")
	if _, err := strconv.ParseInt(epoch, 36, 64); !marked || !cut || err != nil {
		return 0, false
	}
	id, err := strconv.ParseInt(number, 10, 64)
	return id, err == nil && id > 0
}

// NoticeType is what a notice tells of.
type NoticeType string

const (
	NoticeContactState         NoticeType = "contact.state"         // a contact went from one state to another
	NoticeCampaignState        NoticeType = "campaign.state"        // a campaign did
	NoticeConversationOpened   NoticeType = "conversation.opened"   // a person wrote, and no conversation was open
	NoticeConversationClosed   NoticeType = "conversation.closed"   // by somebody, or by silence
	NoticeConversationAssigned NoticeType = "conversation.assigned" // to an agent
	NoticeClick                NoticeType = "click"                 // an ad or a post brought somebody
	NoticeImportProgress       NoticeType = "import.progress"       // another tenth of the file was read
	NoticeImportFinished       NoticeType = "import.finished"       // completed, failed or cancelled

	// NoticePing is sent when somebody tries an endpoint out. It is not kept and cannot be asked for.
	NoticePing NoticeType = "ping"
)

// NoticeTypes lists every type that an endpoint can ask for.
func NoticeTypes() []NoticeType {
	return []NoticeType{NoticeContactState, NoticeCampaignState, NoticeConversationOpened, NoticeConversationAssigned, NoticeConversationClosed, NoticeClick, NoticeImportProgress, NoticeImportFinished}
}

// CheckNoticeTypes is nil when every one of them can be asked for.
func CheckNoticeTypes(types []NoticeType) error {
	for _, t := range types {
		if !slices.Contains(NoticeTypes(), t) {
			return Errorf(KindInvalid, "types", "%q is not something to be told of; use %s", t, joinNoticeTypes())
		}
	}
	return nil
}

func joinNoticeTypes() string {
	var names []string
	for _, t := range NoticeTypes() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// ToldStates is what a change of a contact's state is told as; ok is false when nothing is told. That a contact is
// being sent is ours alone: the message may not have left, and where it is told of what follows, the contact
// was pending.
func ToldStates(from, to ContactState) (told ContactState, ok bool) {
	if from == ContactSending {
		from = ContactPending
	}
	return from, to != ContactSending && from != to
}
