package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Conversations is what the API asks of the store about conversations.
type Conversations interface {
	// FindConversations lists newest first, ids below before; 0 = from the newest.
	FindConversations(ctx context.Context, account int64, f arauto.ConversationFilter, before int64, limit int) ([]arauto.Conversation, error)
	ConversationByUUID(ctx context.Context, account int64, uuid string) (arauto.Conversation, error)
	// Messages lists oldest first, ids above after.
	Messages(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.InboundMessage, error)
	// Turns lists oldest first, n above after.
	Turns(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.ConversationTurn, error)
	Notes(ctx context.Context, account, conversation, after int64, limit int) ([]arauto.Note, error)
	// Faces is what people are called, by id.
	Faces(ctx context.Context, account int64, people []int64) (map[int64]arauto.Face, error)
}

// WireConversation is a conversation without its messages.
type WireConversation struct {
	ID             int64      `json:"id"`
	UUID           string     `json:"uuid"`
	SenderID       int64      `json:"sender_id"`
	PersonID       *int64     `json:"person_id"`
	Name           *string    `json:"name" doc:"What the person is called"`
	Phone          *string    `json:"phone" doc:"The number they write from; null when only Meta knows it"`
	ContactID      *int64     `json:"contact_id" doc:"The contact whose reply opened it"`
	CampaignID     *int64     `json:"campaign_id"`
	Source         *string    `json:"source" doc:"The ad or post it came from"`
	RoutingPointID *int64     `json:"routing_point_id"`
	QueueID        *int64     `json:"queue_id"`
	AgentID        *int64     `json:"agent_id" doc:"Whose it is, or was when it closed"`
	ActivityCodeID *int64     `json:"activity_code_id"`
	State          string     `json:"state" enum:"unrouted,queued,assigned,snoozed,closed"`
	CloseReason    *string    `json:"close_reason" doc:"Where nobody closed it: silence or merge"`
	OpenedAt       *time.Time `json:"opened_at"`
	LastAt         *time.Time `json:"last_at" doc:"When the person last wrote"`
	WindowEndsAt   *time.Time `json:"window_ends_at" doc:"From then on only a template can be sent; null = so already"`
	QueuedAt       *time.Time `json:"queued_at"`
	AssignedAt     *time.Time `json:"assigned_at"`
	AnsweredAt     *time.Time `json:"answered_at" doc:"The first reply that somebody wrote"`
	SnoozedUntil   *time.Time `json:"snoozed_until"`
	ClosedAt       *time.Time `json:"closed_at"`
}

func wordConversation(v arauto.Conversation) WireConversation {
	return WireConversation{
		ID: v.ID, UUID: v.UUID, SenderID: v.Sender, PersonID: number(v.Person), ContactID: number(v.Contact), CampaignID: number(v.Campaign), Source: text(v.Source),
		RoutingPointID: number(v.RoutingPoint), QueueID: number(v.Queue), AgentID: number(v.Agent), ActivityCodeID: number(v.Code), State: string(v.State), CloseReason: text(v.CloseReason),
		OpenedAt: at(v.OpenedAt), LastAt: at(v.LastAt), WindowEndsAt: at(v.WindowEnds()), QueuedAt: at(v.QueuedAt), AssignedAt: at(v.AssignedAt), AnsweredAt: at(v.AnsweredAt),
		SnoozedUntil: at(v.SnoozedUntil), ClosedAt: at(v.ClosedAt),
	}
}

// wordConversations words a list, with who the people are.
func (a *API) wordConversations(ctx context.Context, account int64, list []arauto.Conversation) (func(arauto.Conversation) WireConversation, error) {
	people := make([]int64, 0, len(list))
	for _, v := range list {
		if v.Person != 0 {
			people = append(people, v.Person)
		}
	}
	faces, err := a.Store.Faces(ctx, account, people)
	return func(v arauto.Conversation) WireConversation {
		out := wordConversation(v)
		face := faces[v.Person]
		out.Name, out.Phone = text(face.Name), text(face.Phone)
		return out
	}, err
}

func (a *API) answerConversation(ctx context.Context, v arauto.Conversation, err error) (*WireConversation, error) {
	if err != nil {
		return nil, err
	}
	word, err := a.wordConversations(ctx, v.Account, []arauto.Conversation{v})
	out := word(v)
	return &out, err
}

// ConversationQuery selects conversations.
type ConversationQuery struct {
	State      string `query:"state" enum:"unrouted,queued,assigned,snoozed,closed"`
	Open       bool   `query:"open" doc:"Those that are not closed"`
	QueueID    int64  `query:"queue_id" minimum:"0"`
	AgentID    int64  `query:"agent_id" minimum:"0"`
	SenderID   int64  `query:"sender_id" minimum:"0"`
	CampaignID int64  `query:"campaign_id" minimum:"0"`
	Phone      string `query:"phone" maxLength:"140" doc:"One person's; in any common spelling, or their business-scoped id"`
}

func (a *API) conversationFilter(c Caller, q ConversationQuery, seat *arauto.Agent) (arauto.ConversationFilter, error) {
	f := arauto.ConversationFilter{
		State: arauto.ConversationState(q.State), Open: q.Open, Queue: q.QueueID, Agent: q.AgentID, Sender: q.SenderID, Campaign: q.CampaignID, Seat: seat,
	}
	if q.Phone != "" {
		_, key, err := a.whom(c, q.Phone)
		if err != nil {
			return f, arauto.Errorf(arauto.KindInvalid, "query.phone", "%s", err.Error())
		}
		f.PersonKey = key
	}
	return f, nil
}

// TalkRef is a path that names a conversation.
type TalkRef struct {
	UUID string `path:"uuid" format:"uuid"`
}

type talkList struct {
	Paging
	ConversationQuery
}

type talkPage struct {
	TalkRef
	Paging
}

// surface is one of the two ways to conversations: everybody's, for who may read and write, and an agent's own.
type surface struct {
	prefix      string
	read, write arauto.TokenScope
	tag, whose  string
	// seat is as whom the caller acts; nil = everything may be seen and done.
	seat func(context.Context, Caller) (*arauto.Agent, error)
}

func (a *API) conversations() {
	for _, s := range []surface{
		{read: arauto.TokenRead, write: arauto.TokenWrite, tag: "conversations", seat: func(context.Context, Caller) (*arauto.Agent, error) { return nil, nil }},
		{prefix: "/desk", read: arauto.TokenDesk, write: arauto.TokenDesk, tag: "desk", whose: " of one's own, or of one's queues", seat: a.seat},
	} {
		a.readConversations(s)
		a.workConversations(s)
		a.conversationFiles(s)
	}
}

// seat is the agent as whom the caller acts.
func (a *API) seat(ctx context.Context, c Caller) (*arauto.Agent, error) {
	v, err := a.Store.AgentOf(ctx, c.Account.ID, c.User.ID, c.Token.ID)
	if arauto.KindOf(err) == arauto.KindNotFound {
		return nil, arauto.Errorf(arauto.KindNotFound, "", "you are no agent: an administrator makes an agent of your user, or of this token, at /agents")
	}
	return &v, err
}

// talk is a conversation that the caller may see.
func (a *API) talk(ctx context.Context, c Caller, s surface, uuid string) (arauto.Conversation, *arauto.Agent, error) {
	seat, err := s.seat(ctx, c)
	if err != nil {
		return arauto.Conversation{}, nil, err
	}
	v, err := a.Store.ConversationByUUID(ctx, c.Account.ID, uuid)
	if err == nil && seat != nil && !v.SeenBy(*seat) {
		err = arauto.Errorf(arauto.KindNotFound, "", "there is no conversation %s of yours or of your queues", uuid)
	}
	return v, seat, err
}

// own is a conversation that the caller may work: an agent only their own.
func (a *API) own(ctx context.Context, c Caller, s surface, uuid string) (arauto.Conversation, *arauto.Agent, error) {
	v, seat, err := a.talk(ctx, c, s, uuid)
	if err == nil && seat != nil && v.Agent != seat.ID {
		err = arauto.Errorf(arauto.KindConflict, "agent_id", "the conversation is not yours: take it first")
	}
	return v, seat, err
}

func (a *API) readConversations(s surface) {
	handle(a, op{method: http.MethodGet, path: s.prefix + "/conversations", scope: s.read, tag: s.tag, summary: "Conversations" + s.whose + ", newest first"},
		func(ctx context.Context, c Caller, in *talkList) (*page[WireConversation], error) {
			before, err := in.key()
			if err != nil {
				return nil, err
			}
			seat, err := s.seat(ctx, c)
			if err != nil {
				return nil, err
			}
			f, err := a.conversationFilter(c, in.ConversationQuery, seat)
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.FindConversations(ctx, c.Account.ID, f, before, in.Limit)
			if err != nil {
				return nil, err
			}
			word, err := a.wordConversations(ctx, c.Account.ID, rows)
			return pageOf(ctx, in.Paging, rows, func(v arauto.Conversation) int64 { return v.ID }, word), err
		})
	handle(a, op{method: http.MethodGet, path: s.prefix + "/conversations/{uuid}", scope: s.read, tag: s.tag, summary: "A conversation" + s.whose + ", with its messages"},
		func(ctx context.Context, c Caller, in *talkPage) (*conversationDetail, error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			v, _, err := a.talk(ctx, c, s, in.UUID)
			if err != nil {
				return nil, err
			}
			messages, err := a.messages(ctx, c, v, in.Paging, after)
			if err != nil {
				return nil, err
			}
			head, err := a.answerConversation(ctx, v, nil)
			if err != nil {
				return nil, err
			}
			return &conversationDetail{*head, *messages}, nil
		})
	handle(a, op{method: http.MethodGet, path: s.prefix + "/conversations/{uuid}/notes", scope: s.read, tag: s.tag, summary: "What was noted down about a conversation, oldest first"},
		func(ctx context.Context, c Caller, in *talkPage) (*page[wireNote], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			v, _, err := a.talk(ctx, c, s, in.UUID)
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Notes(ctx, c.Account.ID, v.ID, after, in.Limit)
			return pageOf(ctx, in.Paging, rows, func(n arauto.Note) int64 { return n.ID }, wordNote), err
		})
	handle(a, op{method: http.MethodGet, path: s.prefix + "/conversations/{uuid}/turns", scope: s.read, tag: s.tag, summary: "Whose a conversation was, oldest first"},
		func(ctx context.Context, c Caller, in *talkPage) (*page[wireTurn], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			v, _, err := a.talk(ctx, c, s, in.UUID)
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Turns(ctx, c.Account.ID, v.ID, after, in.Limit)
			return pageOf(ctx, in.Paging, rows, func(t arauto.ConversationTurn) int64 { return t.N }, wordTurn), err
		})
}

type wireNote struct {
	ID     int64      `json:"id"`
	Author string     `json:"author"`
	Text   string     `json:"text"`
	At     *time.Time `json:"at"`
}

func wordNote(n arauto.Note) wireNote {
	return wireNote{ID: n.ID, Author: n.Author, Text: n.Text, At: at(n.At)}
}

type wireTurn struct {
	N       int64      `json:"n"`
	At      *time.Time `json:"at"`
	Event   string     `json:"event" doc:"routed, assigned, returned, snoozed, woke or closed"`
	State   string     `json:"state" doc:"From then on"`
	QueueID *int64     `json:"queue_id"`
	AgentID *int64     `json:"agent_id"`
	Actor   *string    `json:"actor" doc:"Who did it; null = it came by itself"`
}

func wordTurn(t arauto.ConversationTurn) wireTurn {
	return wireTurn{N: t.N, At: at(t.At), Event: string(t.Event), State: string(t.State), QueueID: number(t.Queue), AgentID: number(t.Agent), Actor: text(t.Actor)}
}
