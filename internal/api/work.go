package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Talks is what the API asks of the store to work conversations.
type Talks interface {
	// EndConversation changes nothing when it is closed; it is invalid when the queue wants a code.
	EndConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, how arauto.Closing) (arauto.Conversation, error)
	RouteConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id, queue int64) (arauto.Conversation, error)
	// GiveConversation is a conflict when the agent has no room.
	GiveConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id, agent int64) (arauto.Conversation, error)
	SnoozeConversation(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, until time.Time) (arauto.Conversation, error)
	AddNote(ctx context.Context, actor arauto.Actor, now time.Time, n arauto.Note) (arauto.Note, error)
	// Callbacks lists those that are still to come, by id, above after.
	Callbacks(ctx context.Context, account, after int64, limit int) ([]arauto.Callback, error)
}

// Desk is who works conversations.
type Desk interface {
	// Wait returns when something of the agent's changed since work was read, or when ctx ends.
	Wait(ctx context.Context, account, agent, work int64)
	// Wake has waiting conversations looked at now, WakeOutbox messages to post.
	Wake()
	WakeOutbox()
}

type closingBody struct {
	ActivityCodeID int64      `json:"activity_code_id,omitempty" minimum:"0" doc:"The sub-code where there is one; some queues want one"`
	CallbackAt     *time.Time `json:"callback_at,omitempty" doc:"A conversation is opened with the person then, for the same agent first"`
	Note           string     `json:"note,omitempty" maxLength:"4000"`
}

type sayingBody struct {
	Text         string            `json:"text,omitempty" maxLength:"4096" doc:"Inside the window only"`
	AttachmentID string            `json:"attachment_uuid,omitempty" maxLength:"36" doc:"A file that was uploaded for this conversation; the text goes under it"`
	TemplateID   int64             `json:"template_id,omitempty" minimum:"0" doc:"Instead: an approved template of the sender's WABA"`
	Parameters   map[string]string `json:"parameters,omitempty" doc:"Of the template: by slot, such as body.1"`
	ReplyTo      string            `json:"reply_to,omitempty" maxLength:"300" doc:"provider_id of the message that it answers"`
}

type transferBody struct {
	QueueID int64 `json:"queue_id,omitempty" minimum:"0" doc:"It waits there"`
	AgentID int64 `json:"agent_id,omitempty" minimum:"0" doc:"Instead: to an agent who has room"`
}

type snoozeBody struct {
	Until time.Time `json:"until" doc:"At the latest; what the person writes wakes it"`
}

type noteBody struct {
	Text string `json:"text" minLength:"1" maxLength:"4000"`
}

// workConversations hangs what can be done with a conversation.
func (a *API) workConversations(s surface) {
	handle(a, op{
		method: http.MethodPost, path: s.prefix + "/conversations/{uuid}/close", scope: s.write, tag: s.tag, summary: "Close a conversation",
		more: "What the person writes next opens another. One that is silent closes by itself: see the account's rules. The body is optional where the queue wants no activity code.",
	}, func(ctx context.Context, c Caller, in *struct {
		TalkRef
		Body *closingBody
	},
	) (*WireConversation, error) {
		v, _, err := a.own(ctx, c, s, in.UUID)
		if err != nil {
			return nil, err
		}
		var how arauto.Closing
		if b := in.Body; b != nil {
			how = arauto.Closing{Code: b.ActivityCodeID, CallbackAt: moment(b.CallbackAt), Note: b.Note}
		}
		v, err = a.Store.EndConversation(ctx, actor(c), a.Now(), c.Account.ID, v.ID, how)
		a.Desk.Wake()
		return a.answerConversation(ctx, v, inBody(err, "activity_code_id"))
	})
	handle(a, op{
		method: http.MethodPost, path: s.prefix + "/conversations/{uuid}/messages", scope: s.write, tag: s.tag, summary: "Write to the person", status: http.StatusCreated,
		more: "A text or a file inside Meta's window of 24 hours, a template outside it. It is sent once: give an Idempotency-Key, and repeating the request changes nothing. Whoever asked not to be contacted gets answers only to what they wrote after that.",
	}, func(ctx context.Context, c Caller, in *struct {
		TalkRef
		Body sayingBody
	},
	) (*wireMessage, error) {
		return a.say(ctx, c, s, in.UUID, in.Body)
	})
	handle(a, op{method: http.MethodPost, path: s.prefix + "/conversations/{uuid}/transfer", scope: s.write, tag: s.tag, summary: "Hand a conversation to a queue, or to an agent"},
		func(ctx context.Context, c Caller, in *struct {
			TalkRef
			Body transferBody
		},
		) (*WireConversation, error) {
			v, _, err := a.own(ctx, c, s, in.UUID)
			if err != nil {
				return nil, err
			}
			if (in.Body.QueueID == 0) == (in.Body.AgentID == 0) {
				return nil, arauto.Errorf(arauto.KindInvalid, "body", "give either queue_id or agent_id")
			}
			if in.Body.QueueID != 0 {
				v, err = a.Store.RouteConversation(ctx, actor(c), a.Now(), c.Account.ID, v.ID, in.Body.QueueID)
				err = inBody(err, "queue_id")
			} else {
				v, err = a.Store.GiveConversation(ctx, actor(c), a.Now(), c.Account.ID, v.ID, in.Body.AgentID)
				err = inBody(err, "agent_id")
			}
			a.Desk.Wake()
			return a.answerConversation(ctx, v, err)
		})
	handle(a, op{method: http.MethodPost, path: s.prefix + "/conversations/{uuid}/snooze", scope: s.write, tag: s.tag, summary: "Put a conversation off"},
		func(ctx context.Context, c Caller, in *struct {
			TalkRef
			Body snoozeBody
		},
		) (*WireConversation, error) {
			v, _, err := a.own(ctx, c, s, in.UUID)
			if err != nil {
				return nil, err
			}
			if !in.Body.Until.After(a.Now()) || in.Body.Until.After(a.Now().Add(arauto.CallbackAhead)) {
				return nil, arauto.Errorf(arauto.KindInvalid, "body.until", "put it off until a moment in the future, at most 180 days ahead")
			}
			v, err = a.Store.SnoozeConversation(ctx, actor(c), a.Now(), c.Account.ID, v.ID, in.Body.Until)
			a.Desk.Wake()
			return a.answerConversation(ctx, v, err)
		})
	handle(a, op{method: http.MethodPost, path: s.prefix + "/conversations/{uuid}/notes", scope: s.write, tag: s.tag, summary: "Note something down about a conversation; the person never sees it", status: http.StatusCreated},
		func(ctx context.Context, c Caller, in *struct {
			TalkRef
			Body noteBody
		},
		) (*wireNote, error) {
			v, seat, err := a.talk(ctx, c, s, in.UUID)
			if err != nil {
				return nil, err
			}
			n := arauto.Note{Account: c.Account.ID, Conversation: v.ID, Author: authorOf(c, seat), Text: in.Body.Text}
			if seat != nil {
				n.Agent = seat.ID
			}
			n, err = a.Store.AddNote(ctx, actor(c), a.Now(), n)
			out := wordNote(n)
			return &out, err
		})
}

// authorOf is who wrote something, by name.
func authorOf(c Caller, seat *arauto.Agent) string {
	if seat != nil {
		return seat.Name
	}
	return actor(c).Name
}

func (a *API) say(ctx context.Context, c Caller, s surface, uuid string, b sayingBody) (*wireMessage, error) {
	v, seat, err := a.own(ctx, c, s, uuid)
	if err != nil {
		return nil, err
	}
	o := arauto.Outgoing{Account: c.Account.ID, Conversation: v.ID, Author: authorOf(c, seat), Text: b.Text, Template: b.TemplateID, Context: b.ReplyTo}
	if seat != nil {
		o.Agent = seat.ID
	}
	for slot, value := range b.Parameters {
		if o.Parameters == nil {
			o.Parameters = arauto.Mapping{}
		}
		o.Parameters[slot] = arauto.Value{From: arauto.FromFixed, Text: value}
	}
	if b.AttachmentID != "" {
		file, err := a.Store.Attachment(ctx, c.Account.ID, b.AttachmentID)
		if err == nil && file.Conversation != v.ID {
			err = arauto.Errorf(arauto.KindNotFound, "", "there is no attachment %s in this conversation: upload it here", b.AttachmentID)
		}
		if err != nil {
			return nil, inBody(err, "attachment_uuid")
		}
		o.Attachment = file.ID
	}
	if o, err = a.Store.Say(ctx, actor(c), a.Now(), o, false); err != nil {
		return nil, inBodyOf(err)
	}
	a.Desk.WakeOutbox()
	// As lists show it: a template by its name, a file with what it is.
	said, err := a.messages(ctx, c, v, Paging{Limit: 1}, o.ID-1)
	if err != nil {
		return nil, err
	}
	if len(said.Data) == 1 && said.Data[0].ID == o.ID {
		return &said.Data[0], nil
	}
	return &wireMessage{ID: o.ID, Direction: "out", Kind: "text", Text: o.Text, At: at(o.QueuedAt), Context: text(o.Context), Delivery: wordDelivery(o, c.Account.Language)}, nil
}

type wireCallback struct {
	ID      int64      `json:"id"`
	At      *time.Time `json:"at"`
	QueueID *int64     `json:"queue_id"`
	AgentID *int64     `json:"agent_id" doc:"Who is asked first"`
	Note    *string    `json:"note"`
}

func (a *API) callbacks() {
	handle(a, op{method: http.MethodGet, path: "/callbacks", scope: arauto.TokenRead, tag: "conversations", summary: "Who is to be called back, in the order of asking"},
		func(ctx context.Context, c Caller, in *Paging) (*page[wireCallback], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Callbacks(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(v arauto.Callback) int64 { return v.ID }, func(v arauto.Callback) wireCallback {
				return wireCallback{ID: v.ID, At: at(v.At), QueueID: number(v.Queue), AgentID: number(v.Agent), Note: text(v.Note)}
			}), err
		})
}
