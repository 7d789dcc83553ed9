package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// deskWork is everything that an agent has to look at.
type deskWork struct {
	Version       int64              `json:"version" doc:"Give it as since, and the next answer comes when something changed"`
	Agent         WireAgent          `json:"agent"`
	Conversations []WireConversation `json:"conversations" nullable:"false" doc:"Assigned and snoozed ones, newest first"`
}

// workShown is how many conversations one answer names: more than anybody can have at a time.
const workShown = 200

// longestWait is how long an answer may be waited for.
const longestWait = 25

func (a *API) desk() {
	const tag = "desk"
	handle(a, op{method: http.MethodGet, path: "/desk/agent", scope: arauto.TokenDesk, tag: tag, summary: "As which agent one acts, and what they do now"},
		func(ctx context.Context, c Caller, _ *struct{}) (*WireAgent, error) {
			v, err := a.seat(ctx, c)
			if err != nil {
				return nil, err
			}
			return answerAgent(*v, nil)
		})
	handle(a, op{
		method: http.MethodPut, path: "/desk/state", scope: arauto.TokenDesk, tag: tag, summary: "Say what one does: available, on a break, or gone",
		more: "Who says nothing for 45 seconds is gone: ask for work, or send a heartbeat, meanwhile.",
	}, func(ctx context.Context, c Caller, in *struct{ Body stateChange }) (*WireAgent, error) {
		v, err := a.seat(ctx, c)
		if err != nil {
			return nil, err
		}
		return a.turnAgent(ctx, c, *v, in.Body)
	})
	handle(a, op{method: http.MethodPost, path: "/desk/heartbeat", scope: arauto.TokenDesk, tag: tag, summary: "Say that one is there"},
		func(ctx context.Context, c Caller, _ *struct{}) (*WireAgent, error) {
			v, err := a.seat(ctx, c)
			if err != nil {
				return nil, err
			}
			return answerAgent(*v, a.Floor.Beat(ctx, *v))
		})
	handle(a, op{
		method: http.MethodGet, path: "/desk/work", scope: arauto.TokenDesk, tag: tag, summary: "What one has to do; waits for something new",
		more: "With since, it answers as soon as something of the agent's changed, or after wait seconds. Asking is a heartbeat.",
	}, a.deskWork)
	handle(a, op{
		method: http.MethodPost, path: "/desk/conversations/{uuid}/take", scope: arauto.TokenDesk, tag: tag, summary: "Take a conversation of one's queues",
		more: "It takes room, and that one is available.",
	}, func(ctx context.Context, c Caller, in *TalkRef) (*WireConversation, error) {
		v, seat, err := a.talk(ctx, c, surface{seat: a.seat}, in.UUID)
		if err != nil {
			return nil, err
		}
		if v.State == arauto.ConversationAssigned && v.Agent != seat.ID {
			return nil, arauto.Errorf(arauto.KindConflict, "agent_id", "another agent has this conversation: ask them, or a supervisor, to hand it over")
		}
		v, err = a.Store.GiveConversation(ctx, actor(c), a.Now(), c.Account.ID, v.ID, seat.ID)
		return a.answerConversation(ctx, v, err)
	})
	handle(a, op{method: http.MethodGet, path: "/desk/activity-codes", scope: arauto.TokenDesk, tag: tag, summary: "Activity codes to close with"}, a.listCodes)
	handle(a, op{method: http.MethodGet, path: "/desk/canned-replies", scope: arauto.TokenDesk, tag: tag, summary: "Canned replies"}, a.listCanned)
	handle(a, op{method: http.MethodGet, path: "/desk/templates", scope: arauto.TokenDesk, tag: tag, summary: "Approved templates, to write with when Meta's window is over"}, a.deskTemplates)
	handle(a, op{method: http.MethodGet, path: "/desk/queues", scope: arauto.TokenDesk, tag: tag, summary: "Queues to hand conversations to"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireQueue], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Queues(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(q arauto.Queue) int64 { return q.ID }, wordQueue), err
		})
}

func (a *API) deskTemplates(ctx context.Context, c Caller, in *struct {
	Paging
	Sender int64 `query:"sender_id" minimum:"0" doc:"Those that the conversation's sender can send; without it, every WABA's"`
},
) (*page[wireTemplate], error) {
	after, err := in.key()
	if err != nil {
		return nil, err
	}
	waba := int64(0)
	if in.Sender != 0 {
		sender, err := a.Store.Sender(ctx, c.Account.ID, in.Sender)
		if err != nil {
			return nil, err
		}
		waba = sender.WABA
	}
	rows, err := a.Store.ApprovedTemplates(ctx, c.Account.ID, waba, after, in.Limit)
	return pageOf(ctx, in.Paging, rows, func(t arauto.Template) int64 { return t.ID }, wordTemplate), err
}

func (a *API) deskWork(ctx context.Context, c Caller, in *struct {
	Since int64 `query:"since" minimum:"0" doc:"version of the last answer; 0 = answer now"`
	Wait  int   `query:"wait" minimum:"0" maximum:"25" default:"25" doc:"Seconds"`
},
) (*deskWork, error) {
	v, err := a.seat(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := a.Floor.Beat(ctx, *v); err != nil {
		return nil, err
	}
	if in.Since != 0 && v.Work+1 == in.Since && v.State != arauto.AgentOffline {
		wait, cancel := context.WithTimeout(ctx, time.Duration(min(in.Wait, longestWait))*time.Second)
		a.Desk.Wait(wait, c.Account.ID, v.ID, v.Work)
		cancel()
		if v, err = a.seat(ctx, c); err != nil {
			return nil, err
		}
	}
	var rows []arauto.Conversation
	for _, state := range []arauto.ConversationState{arauto.ConversationAssigned, arauto.ConversationSnoozed} {
		some, err := a.Store.FindConversations(ctx, c.Account.ID, arauto.ConversationFilter{Agent: v.ID, State: state}, 0, workShown)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	word, err := a.wordConversations(ctx, c.Account.ID, rows)
	if err != nil {
		return nil, err
	}
	// The version is never 0, which is how a first request says that it has none.
	out := &deskWork{Version: v.Work + 1, Agent: wordAgent(*v), Conversations: make([]WireConversation, 0, len(rows))}
	for _, r := range rows {
		out.Conversations = append(out.Conversations, word(r))
	}
	return out, nil
}
