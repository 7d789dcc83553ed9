package store

import (
	"math"
	"time"

	"arauto"
)

// What a notice says, as JSON. The shapes are a contract with everybody's receivers (docs/guide/webhooks.md): what
// is there keeps its name and meaning, and what is added may be null. Names are those of our API.

// toldCampaign names a campaign.
type toldCampaign struct {
	ID   int64  `json:"id"`
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

// toldContact is what other notices want of a contact.
type toldContact struct {
	ID       int64
	External string
	Phone    arauto.Phone
}

type toldMove struct {
	ContactID   int64         `json:"contact_id"`
	ExternalID  *string       `json:"external_id"`
	Phone       *string       `json:"phone"`
	UserID      *string       `json:"user_id"`
	Campaign    *toldCampaign `json:"campaign"`
	OldState    string        `json:"old_state"`
	NewState    string        `json:"new_state"`
	AttemptID   *int64        `json:"attempt_id"`
	Attempts    int           `json:"attempts"`
	Reason      *string       `json:"reason"`
	ErrorCode   *int          `json:"error_code"`
	ErrorDetail *string       `json:"error_detail"`

	SentAt           *time.Time `json:"sent_at"`
	DeliveredAt      *time.Time `json:"delivered_at"`
	ReadAt           *time.Time `json:"read_at"`
	RepliedAt        *time.Time `json:"replied_at"`
	FailedAt         *time.Time `json:"failed_at"`
	ReplyAction      *string    `json:"reply_action"`
	ReplyText        *string    `json:"reply_text"`
	ConversationUUID *string    `json:"conversation_uuid"`
}

func wordMove(n names, from arauto.ContactState, c *arauto.Contact) toldMove {
	return toldMove{
		ContactID: c.ID, ExternalID: orNull(c.External), Phone: orNull(string(c.Phone)), UserID: orNull(string(c.UserID)), Campaign: n.campaign(c.Campaign),
		OldState: string(from), NewState: string(c.State), AttemptID: orNull(c.Attempt), Attempts: c.Attempts,
		Reason: orNull(string(c.Reason)), ErrorCode: orNull(c.Code), ErrorDetail: orNull(c.Detail),
		SentAt: when(c.SentAt), DeliveredAt: when(c.DeliveredAt), ReadAt: when(c.ReadAt), RepliedAt: when(c.RepliedAt), FailedAt: when(c.FailedAt),
		ReplyAction: orNull(c.ReplyAction), ReplyText: orNull(c.ReplyText), ConversationUUID: orNull(c.Conversation),
	}
}

// campaign names a campaign; nil for none.
func (n names) campaign(id int64) *toldCampaign {
	if c, ok := n.campaigns[id]; ok {
		return &c
	}
	return nil
}

// campaignMove is a campaign that went from one state to another.
type campaignMove struct {
	from arauto.CampaignState
	is   arauto.Campaign
}

type toldCampaignMove struct {
	Campaign  toldCampaign `json:"campaign"`
	OldState  string       `json:"old_state"`
	NewState  string       `json:"new_state"`
	Pause     *string      `json:"pause"`
	Reason    *string      `json:"reason"`
	ErrorCode *int         `json:"error_code"`
	ResumesAt *time.Time   `json:"resumes_at"`
}

func (m campaignMove) concerns() (campaign, contact int64) { return 0, 0 }

func (m campaignMove) payload(names) any {
	out := toldCampaignMove{Campaign: toldCampaign{m.is.ID, m.is.UUID, m.is.Name}, OldState: string(m.from), NewState: string(m.is.State)}
	if m.is.State == arauto.CampaignPaused {
		out.Pause, out.Reason = orNull(m.is.Pause), orNull(string(m.is.Cause.Reason))
		out.ErrorCode, out.ResumesAt = orNull(m.is.Cause.Code), when(m.is.Cause.Until)
	}
	return out
}

// conversationTurn is a conversation that was opened or closed.
type conversationTurn struct {
	is    arauto.Conversation
	phone arauto.Phone
	why   string
}

type toldConversation struct {
	ConversationID   int64         `json:"conversation_id"`
	ConversationUUID string        `json:"conversation_uuid"`
	State            string        `json:"state"`
	SenderID         int64         `json:"sender_id"`
	Phone            *string       `json:"phone"`
	ContactID        *int64        `json:"contact_id"`
	ExternalID       *string       `json:"external_id"`
	Campaign         *toldCampaign `json:"campaign"`
	QueueID          *int64        `json:"queue_id"`
	AgentID          *int64        `json:"agent_id"`
	ActivityCodeID   *int64        `json:"activity_code_id"`
	OpenedAt         *time.Time    `json:"opened_at"`
	ClosedAt         *time.Time    `json:"closed_at"`
	ClosedBy         *string       `json:"closed_by"`
}

func (c conversationTurn) concerns() (campaign, contact int64) { return c.is.Campaign, c.is.Contact }

func (c conversationTurn) payload(n names) any {
	contact := n.contacts[c.is.Contact]
	if c.phone == "" {
		c.phone = contact.Phone
	}
	return toldConversation{
		ConversationID: c.is.ID, ConversationUUID: c.is.UUID, State: string(c.is.State), SenderID: c.is.Sender, Phone: orNull(string(c.phone)),
		ContactID: orNull(c.is.Contact), ExternalID: orNull(contact.External), Campaign: n.campaign(c.is.Campaign),
		QueueID: orNull(c.is.Queue), AgentID: orNull(c.is.Agent), ActivityCodeID: orNull(c.is.Code),
		OpenedAt: when(c.is.OpenedAt), ClosedAt: when(c.is.ClosedAt), ClosedBy: orNull(c.why),
	}
}

// How a conversation came to be closed.
const (
	closedByPerson  = "person"
	closedBySilence = "silence"
	closedByErasure = "erasure"
	closedByMerge   = "merge" // its person turned out to be one with whom another is open
)

// clickMade is an ad or a post that brought somebody.
type clickMade struct {
	is           arauto.Click
	conversation string // UUID
	phone        arauto.Phone
}

type toldClick struct {
	ClickID          int64         `json:"click_id"`
	ConversationID   int64         `json:"conversation_id"`
	ConversationUUID string        `json:"conversation_uuid"`
	OpenedIt         bool          `json:"opened_conversation"`
	FirstTouch       bool          `json:"first_touch"`
	SourceType       *string       `json:"source_type"`
	AdID             *string       `json:"ad_id"`
	PostID           *string       `json:"post_id"`
	CtwaClid         *string       `json:"ctwa_clid"`
	SourceURL        *string       `json:"source_url"`
	Headline         *string       `json:"headline"`
	MediaType        *string       `json:"media_type"`
	MediaURL         *string       `json:"media_url"`
	SenderID         int64         `json:"sender_id"`
	PersonID         int64         `json:"person_id"`
	Phone            *string       `json:"phone"`
	ContactID        *int64        `json:"contact_id"`
	ExternalID       *string       `json:"external_id"`
	Campaign         *toldCampaign `json:"campaign"`
	ClickedAt        *time.Time    `json:"clicked_at"`
}

func (c clickMade) concerns() (campaign, contact int64) { return c.is.Campaign, c.is.Contact }

func (c clickMade) payload(n names) any {
	contact, r := n.contacts[c.is.Contact], c.is.Referral
	return toldClick{
		ClickID: c.is.ID, ConversationID: c.is.Conversation, ConversationUUID: c.conversation, OpenedIt: c.is.Opened, FirstTouch: c.is.First,
		SourceType: orNull(string(r.SourceType)), AdID: r.AdID(), PostID: r.PostID(), CtwaClid: r.Clid, SourceURL: orNull(r.SourceURL), Headline: orNull(r.Headline),
		MediaType: orNull(r.MediaType), MediaURL: orNull(r.MediaURL()), SenderID: c.is.Sender, PersonID: c.is.Person, Phone: orNull(string(c.phone)),
		ContactID: orNull(c.is.Contact), ExternalID: orNull(contact.External), Campaign: n.campaign(c.is.Campaign), ClickedAt: when(c.is.At),
	}
}

// importEnd is an import that is over.
type importEnd struct{ is arauto.Job }

type toldImport struct {
	JobID      int64         `json:"job_id"`
	JobUUID    string        `json:"job_uuid"`
	Campaign   *toldCampaign `json:"campaign"`
	State      string        `json:"state"`
	Accepted   int64         `json:"accepted"`
	Duplicate  int64         `json:"duplicate"`
	Rejected   int64         `json:"rejected"`
	Error      *string       `json:"error"`
	CreatedAt  *time.Time    `json:"created_at"`
	FinishedAt *time.Time    `json:"finished_at"`
}

func (i importEnd) concerns() (campaign, contact int64) { return i.is.Campaign, 0 }

func (i importEnd) payload(n names) any {
	j := i.is
	return toldImport{
		JobID: j.ID, JobUUID: j.UUID, Campaign: n.campaign(j.Campaign), State: string(j.State), Accepted: j.Accepted, Duplicate: j.Duplicate,
		Rejected: j.Rejected, Error: orNull(j.Error), CreatedAt: when(j.CreatedAt), FinishedAt: when(j.FinishedAt),
	}
}

// importMove is an import that is under way.
type importMove struct{ is arauto.Job }

type toldProgress struct {
	JobID     int64         `json:"job_id"`
	JobUUID   string        `json:"job_uuid"`
	Campaign  *toldCampaign `json:"campaign"`
	State     string        `json:"state"`
	Percent   int64         `json:"percent"`
	Rows      int64         `json:"rows"`
	RowPace   float64       `json:"rows_per_second"`
	Left      *float64      `json:"seconds_left"`
	Accepted  int64         `json:"accepted"`
	Duplicate int64         `json:"duplicate"`
	Rejected  int64         `json:"rejected"`
}

func (i importMove) concerns() (campaign, contact int64) { return i.is.Campaign, 0 }

func (i importMove) payload(n names) any {
	j := i.is
	told := toldProgress{
		JobID: j.ID, JobUUID: j.UUID, Campaign: n.campaign(j.Campaign), State: string(j.State), Percent: j.Done * 100 / j.Total, Rows: j.Rows,
		RowPace: math.Round(j.RowPace()), Accepted: j.Accepted, Duplicate: j.Duplicate, Rejected: j.Rejected,
	}
	if left, ok := j.Left(); ok {
		seconds := math.Ceil(left.Seconds())
		told.Left = &seconds
	}
	return told
}

// orNull is v on the wire, null for nothing.
func orNull[T comparable](v T) *T {
	var nothing T
	if v == nothing {
		return nil
	}
	return &v
}

func when(t time.Time) *time.Time {
	t = t.UTC()
	return orNull(t)
}
