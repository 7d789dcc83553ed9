package api

import (
	"context"
	"net/http"
	"time"

	"arauto"
)

// Agents is what the API asks of the store about agents.
type Agents interface {
	// CreateAgent is a conflict when the name, the user or the token is another agent's.
	CreateAgent(ctx context.Context, actor arauto.Actor, now time.Time, a arauto.Agent) (arauto.Agent, error)
	Agents(ctx context.Context, account, after int64, limit int) ([]arauto.Agent, error)
	Agent(ctx context.Context, account, id int64) (arauto.Agent, error)
	AgentByUUID(ctx context.Context, account int64, uuid string) (arauto.Agent, error)
	ChangeAgent(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64, change func(arauto.Agent) (arauto.Agent, error)) (arauto.Agent, error)
	// RemoveAgent gives what they have back to its queue.
	RemoveAgent(ctx context.Context, actor arauto.Actor, now time.Time, account, id int64) error
}

// Seats is what the API asks of the store about who acts as which agent, and what agents did.
type Seats interface {
	// AgentOf is not found when neither user nor token is an agent.
	AgentOf(ctx context.Context, account, user, token int64) (arauto.Agent, error)
	// AgentMoves lists newest first, n below before; 0 = from the newest.
	AgentMoves(ctx context.Context, account, agent, before int64, limit int) ([]arauto.AgentMove, error)
}

// Floor is who owns agents' states.
type Floor interface {
	// Turn is invalid for what an agent cannot say of themselves, and a conflict at the wrong moment.
	Turn(ctx context.Context, actor arauto.Actor, account, agent int64, event arauto.AgentEvent, reason string) (arauto.Agent, error)
	Beat(ctx context.Context, a arauto.Agent) error
}

// WireAgent is an agent and what they do now.
type WireAgent struct {
	ID        int64      `json:"id"`
	UUID      string     `json:"uuid"`
	Name      string     `json:"name"`
	UserID    *int64     `json:"user_id" doc:"Who signs in as this agent"`
	TokenID   *int64     `json:"token_id" doc:"The token that acts as this agent"`
	QueueIDs  []int64    `json:"queue_ids" nullable:"false"`
	Capacity  int        `json:"capacity" doc:"Conversations at a time"`
	State     string     `json:"state" enum:"offline,available,reserved,busy,wrap_up,break"`
	Reason    *string    `json:"reason" doc:"Of a break"`
	Chats     int        `json:"conversations" doc:"How many they have now"`
	StateAt   *time.Time `json:"state_at"`
	SeenAt    *time.Time `json:"seen_at" doc:"The last heartbeat, to some seconds"`
	UntilAt   *time.Time `json:"until_at" doc:"The end of wrap-up, or of a reservation"`
	CreatedAt *time.Time `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

func wordAgent(a arauto.Agent) WireAgent {
	return WireAgent{
		ID: a.ID, UUID: a.UUID, Name: a.Name, UserID: number(a.User), TokenID: number(a.Token), QueueIDs: append([]int64{}, a.Queues...), Capacity: a.Capacity,
		State: string(a.State), Reason: text(a.Reason), Chats: a.Chats, StateAt: at(a.StateAt), SeenAt: at(a.SeenAt), UntilAt: at(a.UntilAt),
		CreatedAt: at(a.CreatedAt), UpdatedAt: at(a.UpdatedAt),
	}
}

type agentChange struct {
	Name     *string  `json:"name,omitempty" minLength:"1" maxLength:"120"`
	UserID   *int64   `json:"user_id,omitempty" minimum:"0" doc:"Who signs in as this agent; 0 = nobody"`
	TokenID  *int64   `json:"token_id,omitempty" minimum:"0" doc:"A token of scope desk that acts as this agent; 0 = none"`
	QueueIDs *[]int64 `json:"queue_ids,omitempty" maxItems:"200"`
	Capacity *int     `json:"capacity,omitempty" minimum:"1" maximum:"50" doc:"Conversations at a time; default 5"`
}

func (w agentChange) apply(a *arauto.Agent) {
	set(&a.Name, w.Name)
	set(&a.User, w.UserID)
	set(&a.Token, w.TokenID)
	set(&a.Queues, w.QueueIDs)
	set(&a.Capacity, w.Capacity)
}

type stateChange struct {
	State  string `json:"state" enum:"available,break,offline" doc:"offline gives every conversation back to its queue; a break keeps them"`
	Reason string `json:"reason,omitempty" maxLength:"100" doc:"Of a break"`
}

// says is the event that a person means by a state.
func (s stateChange) says() arauto.AgentEvent {
	return map[string]arauto.AgentEvent{"available": arauto.AgentOnlined, "break": arauto.AgentPaused, "offline": arauto.AgentOfflined}[s.State]
}

type wireAgentMove struct {
	At     *time.Time `json:"at"`
	Event  string     `json:"event"`
	From   string     `json:"from"`
	To     string     `json:"to"`
	Reason *string    `json:"reason"`
}

func wordMove(m arauto.AgentMove) wireAgentMove {
	return wireAgentMove{At: at(m.At), Event: string(m.Event), From: string(m.From), To: string(m.To), Reason: text(m.Reason)}
}

func (a *API) agents() {
	handle(a, op{
		method: http.MethodPost, path: "/agents", scope: arauto.TokenAdmin, tag: "agents", summary: "Make an agent", status: http.StatusCreated,
		more: "A user, or a token of scope `desk`, acts as the agent.",
	}, func(ctx context.Context, c Caller, in *struct{ Body agentChange }) (*WireAgent, error) {
		v := arauto.Agent{Account: c.Account.ID, Capacity: arauto.DefaultCapacity}
		in.Body.apply(&v)
		v, err := a.Store.CreateAgent(ctx, actor(c), a.Now(), v)
		return answerAgent(v, inBodyOf(err))
	})
	handle(a, op{method: http.MethodGet, path: "/agents", scope: arauto.TokenRead, tag: "agents", summary: "List agents and what they do now, oldest first"},
		func(ctx context.Context, c Caller, in *Paging) (*page[WireAgent], error) {
			after, err := in.key()
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.Agents(ctx, c.Account.ID, after, in.Limit)
			return pageOf(ctx, *in, rows, func(v arauto.Agent) int64 { return v.ID }, wordAgent), err
		})
	handle(a, op{method: http.MethodGet, path: "/agents/{id}", scope: arauto.TokenRead, tag: "agents", summary: "An agent"},
		func(ctx context.Context, c Caller, in *ByRef) (*WireAgent, error) {
			return answerAgent(a.agent(ctx, c, in))
		})
	handle(a, op{method: http.MethodPatch, path: "/agents/{id}", scope: arauto.TokenAdmin, tag: "agents", summary: "Change an agent's name, queues, capacity, user or token"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Body agentChange
		},
		) (*WireAgent, error) {
			v, err := a.agent(ctx, c, &in.ByRef)
			if err != nil {
				return nil, err
			}
			v, err = a.Store.ChangeAgent(ctx, actor(c), a.Now(), c.Account.ID, v.ID, func(v arauto.Agent) (arauto.Agent, error) {
				in.Body.apply(&v)
				return v, nil
			})
			return answerAgent(v, inBodyOf(err))
		})
	handle(a, op{
		method: http.MethodDelete, path: "/agents/{id}", scope: arauto.TokenAdmin, tag: "agents", summary: "Take an agent off", status: http.StatusNoContent,
		more: "What they have goes back to its queue; what they did stays.",
	}, func(ctx context.Context, c Caller, in *ByRef) (*nothing, error) {
		v, err := a.agent(ctx, c, in)
		if err != nil {
			return nil, err
		}
		return nil, a.Store.RemoveAgent(ctx, actor(c), a.Now(), c.Account.ID, v.ID)
	})
	handle(a, op{method: http.MethodPost, path: "/agents/{id}/state", scope: arauto.TokenWrite, tag: "agents", summary: "Say for an agent what they do: a supervisor's"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Body stateChange
		},
		) (*WireAgent, error) {
			v, err := a.agent(ctx, c, &in.ByRef)
			if err != nil {
				return nil, err
			}
			return a.turnAgent(ctx, c, v, in.Body)
		})
	handle(a, op{method: http.MethodGet, path: "/agents/{id}/moves", scope: arauto.TokenRead, tag: "agents", summary: "The changes of an agent's state, newest first"},
		func(ctx context.Context, c Caller, in *struct {
			ByRef
			Paging
		},
		) (*page[wireAgentMove], error) {
			before, err := in.key()
			if err != nil {
				return nil, err
			}
			v, err := a.agent(ctx, c, &in.ByRef)
			if err != nil {
				return nil, err
			}
			rows, err := a.Store.AgentMoves(ctx, c.Account.ID, v.ID, before, in.Limit)
			return pageOf(ctx, in.Paging, rows, func(m arauto.AgentMove) int64 { return m.N }, wordMove), err
		})
}

func (a *API) agent(ctx context.Context, c Caller, in *ByRef) (arauto.Agent, error) {
	return find(ctx, ref(in.ID), "agent", c.Account.ID, a.Store.Agent, a.Store.AgentByUUID)
}

func (a *API) turnAgent(ctx context.Context, c Caller, v arauto.Agent, to stateChange) (*WireAgent, error) {
	now, err := a.Floor.Turn(ctx, actor(c), c.Account.ID, v.ID, to.says(), to.Reason)
	now.Queues = v.Queues
	return answerAgent(now, err)
}

func answerAgent(v arauto.Agent, err error) (*WireAgent, error) {
	out := wordAgent(v)
	return &out, err
}

// inBodyOf is err about things that a body names, whichever they are.
func inBodyOf(err error) error {
	if arauto.KindOf(err) == arauto.KindNotFound {
		return arauto.Errorf(arauto.KindInvalid, "body", "%s", err.Error())
	}
	return err
}
