package api_test

import (
	"context"
	"io"
	"strings"
	"time"

	"arauto"
)

const queueUUID = "0192f0c1-0000-7000-8000-000000000007"

func queueOf(account int64) arauto.Queue {
	return arauto.Queue{ID: 1, UUID: queueUUID, Account: account, Name: "Vendas"}
}

func (f *fakeStore) CreateQueue(_ context.Context, _ arauto.Actor, _ time.Time, q arauto.Queue) (arauto.Queue, error) {
	q.ID = 1
	return q, q.Check()
}

func (f *fakeStore) Queues(_ context.Context, account, _ int64, _ int) ([]arauto.Queue, error) {
	return all(queueOf(1), account)
}

func (f *fakeStore) Queue(_ context.Context, account, id int64) (arauto.Queue, error) {
	return mine(queueOf(1), "queue", account, id)
}

func (f *fakeStore) QueueByUUID(_ context.Context, account int64, uuid string) (arauto.Queue, error) {
	return mineUUID(queueOf(1), "queue", account, uuid, queueUUID)
}

func (f *fakeStore) ChangeQueue(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, change func(arauto.Queue) (arauto.Queue, error)) (arauto.Queue, error) {
	q, err := mine(queueOf(1), "queue", account, id)
	if err != nil {
		return q, err
	}
	return change(q)
}

const fileUUID = "0192f0c1-0000-7000-8000-000000000008"

func talkOf(account int64) arauto.Conversation {
	return arauto.Conversation{ID: 1, UUID: talkUUID, Account: account, Queue: 1, Agent: 1, State: arauto.ConversationAssigned}
}

func (f *fakeStore) FindConversations(_ context.Context, account int64, _ arauto.ConversationFilter, _ int64, _ int) ([]arauto.Conversation, error) {
	return all(talkOf(1), account)
}

func (f *fakeStore) Turns(context.Context, int64, int64, int64, int) ([]arauto.ConversationTurn, error) {
	return []arauto.ConversationTurn{{N: 1, At: now, Event: arauto.ConversationRouted, State: arauto.ConversationQueued, Queue: 1}}, nil
}

func (f *fakeStore) Notes(context.Context, int64, int64, int64, int) ([]arauto.Note, error) {
	return []arauto.Note{{ID: 1, Author: "Bia", Text: "ligou antes", At: now}}, nil
}

func (f *fakeStore) Faces(context.Context, int64, []int64) (map[int64]arauto.Face, error) {
	return nil, nil
}

func (f *fakeStore) Say(_ context.Context, _ arauto.Actor, at time.Time, o arauto.Outgoing, _ bool) (arauto.Outgoing, error) {
	o.ID, o.State, o.QueuedAt = 7, arauto.OutgoingQueued, at
	return o, nil
}

func (f *fakeStore) OutgoingOf(context.Context, int64, []int64) (map[int64]arauto.Outgoing, error) {
	return nil, nil
}

func (f *fakeStore) AttachmentsOf(context.Context, int64, []int64) (map[int64]arauto.Attachment, error) {
	return nil, nil
}

func (f *fakeStore) Attachment(_ context.Context, account int64, uuid string) (arauto.Attachment, error) {
	return mineUUID(arauto.Attachment{ID: 1, UUID: fileUUID, Conversation: 1, Kind: "document", Name: "boleto.html", Type: "text/html", State: arauto.AttachmentHere, Blob: "1/attachment/a"}, "attachment", account, uuid, fileUUID)
}

func (f *fakeStore) Attach(_ context.Context, _ arauto.Actor, _ time.Time, a arauto.Attachment) (arauto.Attachment, error) {
	a.ID, a.State = 1, arauto.AttachmentHere
	return a, nil
}

func talked(account, id int64, v arauto.Conversation) (arauto.Conversation, error) {
	return mine(v, "conversation", account, id)
}

func (f *fakeStore) EndConversation(_ context.Context, _ arauto.Actor, at time.Time, account, id int64, how arauto.Closing) (arauto.Conversation, error) {
	v := talkOf(account)
	v.State, v.ClosedAt, v.Code = arauto.ConversationClosed, at, how.Code
	return talked(account, id, v)
}

func (f *fakeStore) RouteConversation(_ context.Context, _ arauto.Actor, _ time.Time, account, id, queue int64) (arauto.Conversation, error) {
	v := talkOf(account)
	v.State, v.Queue, v.Agent = arauto.ConversationQueued, queue, 0
	return talked(account, id, v)
}

func (f *fakeStore) GiveConversation(_ context.Context, _ arauto.Actor, _ time.Time, account, id, agent int64) (arauto.Conversation, error) {
	v := talkOf(account)
	v.Agent = agent
	return talked(account, id, v)
}

func (f *fakeStore) SnoozeConversation(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, until time.Time) (arauto.Conversation, error) {
	v := talkOf(account)
	v.State, v.SnoozedUntil = arauto.ConversationSnoozed, until
	return talked(account, id, v)
}

func (f *fakeStore) AddNote(_ context.Context, _ arauto.Actor, at time.Time, n arauto.Note) (arauto.Note, error) {
	n.ID, n.At = 1, at
	return n, nil
}

func (f *fakeStore) Callbacks(_ context.Context, account, _ int64, _ int) ([]arauto.Callback, error) {
	return all(arauto.Callback{ID: 1, Account: 1, Conversation: 1, At: now}, account)
}

func agentOf(account int64) arauto.Agent {
	return arauto.Agent{ID: 1, UUID: queueUUID, Account: account, Name: "Bia", State: arauto.AgentAvailable, Capacity: 5, Queues: []int64{1}, Work: 6}
}

func (f *fakeStore) CreateAgent(_ context.Context, _ arauto.Actor, _ time.Time, a arauto.Agent) (arauto.Agent, error) {
	a.ID = 1
	return a, a.Check()
}

func (f *fakeStore) Agents(_ context.Context, account, _ int64, _ int) ([]arauto.Agent, error) {
	return all(agentOf(1), account)
}

func (f *fakeStore) Agent(_ context.Context, account, id int64) (arauto.Agent, error) {
	return mine(agentOf(1), "agent", account, id)
}

func (f *fakeStore) AgentByUUID(_ context.Context, account int64, uuid string) (arauto.Agent, error) {
	return mineUUID(agentOf(1), "agent", account, uuid, queueUUID)
}

func (f *fakeStore) ChangeAgent(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, change func(arauto.Agent) (arauto.Agent, error)) (arauto.Agent, error) {
	v, err := mine(agentOf(1), "agent", account, id)
	if err != nil {
		return v, err
	}
	return change(v)
}

func (f *fakeStore) RemoveAgent(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64) error {
	_, err := mine(0, "agent", account, id)
	return err
}

func (f *fakeStore) AgentOf(_ context.Context, account, _, token int64) (arauto.Agent, error) {
	id := int64(1)
	if token == 99 {
		id = 2
	}
	return mine(agentOf(1), "agent for token", account, id)
}

func (f *fakeStore) AgentMoves(context.Context, int64, int64, int64, int) ([]arauto.AgentMove, error) {
	return []arauto.AgentMove{{Agent: 1, N: 1, At: now, Event: arauto.AgentOnlined, From: arauto.AgentOffline, To: arauto.AgentAvailable}}, nil
}

func pointOf(account int64) arauto.RoutingPoint {
	return arauto.RoutingPoint{ID: 1, UUID: queueUUID, Account: account, Queue: 1, Name: "Anúncios"}
}

func (f *fakeStore) CreateRoutingPoint(_ context.Context, _ arauto.Actor, _ time.Time, p arauto.RoutingPoint) (arauto.RoutingPoint, error) {
	p.ID = 1
	return p, p.Check()
}

func (f *fakeStore) RoutingPoints(_ context.Context, account, _ int64, _ int) ([]arauto.RoutingPoint, error) {
	return all(pointOf(1), account)
}

func (f *fakeStore) RoutingPoint(_ context.Context, account, id int64) (arauto.RoutingPoint, error) {
	return mine(pointOf(1), "routing point", account, id)
}

func (f *fakeStore) RoutingPointByUUID(_ context.Context, account int64, uuid string) (arauto.RoutingPoint, error) {
	return mineUUID(pointOf(1), "routing point", account, uuid, queueUUID)
}

func (f *fakeStore) ChangeRoutingPoint(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, change func(arauto.RoutingPoint) (arauto.RoutingPoint, error)) (arauto.RoutingPoint, error) {
	v, err := mine(pointOf(1), "routing point", account, id)
	if err != nil {
		return v, err
	}
	return change(v)
}

func (f *fakeStore) AddRoutingRule(_ context.Context, _ arauto.Actor, _ time.Time, r arauto.RoutingRule) (arauto.RoutingRule, error) {
	r.ID = 1
	return r.Tidy()
}

func (f *fakeStore) RoutingRules(_ context.Context, account, _ int64, _ int) ([]arauto.RoutingRule, error) {
	return all(arauto.RoutingRule{ID: 1, Point: 1, Kind: arauto.RuleDefault}, account)
}

func (f *fakeStore) DeleteRoutingRule(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64) error {
	_, err := mine(0, "routing rule", account, id)
	return err
}

func (f *fakeStore) Reroute(_ context.Context, _ time.Time, _, after int64, _ int) (next int64, routed int, err error) {
	if after == 0 {
		return 200, 150, nil
	}
	return 0, 3, nil
}

func codeOf(account int64) arauto.ActivityCode {
	return arauto.ActivityCode{ID: 1, UUID: queueUUID, Account: account, Code: "01", Name: "Venda"}
}

func (f *fakeStore) CreateActivityCode(_ context.Context, _ arauto.Actor, _ time.Time, c arauto.ActivityCode) (arauto.ActivityCode, error) {
	c.ID = 1
	return c, c.Check()
}

func (f *fakeStore) ActivityCodes(_ context.Context, account, _ int64, _ int) ([]arauto.ActivityCode, error) {
	return all(codeOf(1), account)
}

func (f *fakeStore) ActivityCode(_ context.Context, account, id int64) (arauto.ActivityCode, error) {
	return mine(codeOf(1), "activity code", account, id)
}

func (f *fakeStore) ChangeActivityCode(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64, change func(arauto.ActivityCode) (arauto.ActivityCode, error)) (arauto.ActivityCode, error) {
	v, err := mine(codeOf(1), "activity code", account, id)
	if err != nil {
		return v, err
	}
	return change(v)
}

func (f *fakeStore) SaveCanned(_ context.Context, _ arauto.Actor, _ time.Time, c arauto.Canned) (arauto.Canned, error) {
	if c.ID != 0 {
		return mine(c, "canned reply", c.Account, c.ID)
	}
	c.ID = 1
	return c, c.Check()
}

func (f *fakeStore) CannedReplies(_ context.Context, account, _ int64, _ int) ([]arauto.Canned, error) {
	return all(arauto.Canned{ID: 1, Title: "Oi", Text: "Olá!"}, account)
}

func (f *fakeStore) DeleteCanned(_ context.Context, _ arauto.Actor, _ time.Time, account, id int64) error {
	_, err := mine(0, "canned reply", account, id)
	return err
}

type fakeFloor struct{}

func (fakeFloor) Turn(_ context.Context, _ arauto.Actor, account, agent int64, event arauto.AgentEvent, reason string) (arauto.Agent, error) {
	v, err := mine(agentOf(1), "agent", account, agent)
	if err != nil {
		return v, err
	}
	return v.Apply(arauto.AgentTurn{Event: event, Reason: reason, At: now})
}

func (fakeFloor) Beat(context.Context, arauto.Agent) error { return nil }

type fakeDesk struct{}

func (fakeDesk) Wait(context.Context, int64, int64, int64) {}
func (fakeDesk) Wake()                                     {}
func (fakeDesk) WakeOutbox()                               {}

type fakeFiles struct{}

func (fakeFiles) Keep(_ context.Context, a arauto.Attachment, _ string, body io.Reader) (arauto.Attachment, error) {
	n, err := io.Copy(io.Discard, body)
	a.Kind, a.Type, a.Size, a.Blob = "document", "application/pdf", n, "1/attachment/a"
	return a, err
}

type fakeFile struct{ *strings.Reader }

func (fakeFile) Close() error { return nil }

func (fakeFiles) Open(context.Context, string) (io.ReadSeekCloser, error) {
	return fakeFile{strings.NewReader("<script>alert(1)</script>")}, nil
}
