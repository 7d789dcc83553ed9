package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

type agentCmd struct {
	remote
	Create agentCreateCmd `cmd:"" help:"Make an agent; a user, or a token of scope desk, acts as it."`
	List   agentListCmd   `cmd:"" help:"List agents and what they do now."`
	Change agentChangeCmd `cmd:"" help:"Change an agent's name, queues, capacity, user or token."`
	State  agentStateCmd  `cmd:"" help:"Say for an agent what they do: available, break or offline."`
	Remove agentRemoveCmd `cmd:"" help:"Take an agent off; what they have goes back to its queue."`
}

// agent is one as the API has it.
type agent struct {
	ID       int64   `json:"id"`
	Name     string  `json:"name"`
	QueueIDs []int64 `json:"queue_ids"`
	Capacity int     `json:"capacity"`
	State    string  `json:"state"`
	Reason   *string `json:"reason"`
	Chats    int     `json:"conversations"`
}

type agentSettings struct {
	Queue    []string `sep:"none" help:"Number, UUID or name of a queue whose conversations they get. May be given again."`
	User     *int64   `name:"as-user" placeholder:"ID" help:"The user who signs in as this agent."`
	Token    *int64   `name:"as-token" placeholder:"ID" help:"The token that acts as this agent."`
	Capacity *int     `help:"Conversations at a time; 5 unless said otherwise."`
}

func (k agentSettings) body(ctx context.Context, c *client, name *string) (map[string]any, error) {
	body := map[string]any{}
	put(body, "name", name)
	put(body, "user_id", k.User)
	put(body, "token_id", k.Token)
	put(body, "capacity", k.Capacity)
	var queues []int64
	for _, ref := range k.Queue {
		id, err := queueID(ctx, c, ref)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			var got queue
			if _, err := c.get(ctx, "/queues/"+url.PathEscape(id), &got); err != nil {
				return nil, err
			}
			n = got.ID
		}
		queues = append(queues, n)
	}
	if len(queues) > 0 {
		body["queue_ids"] = queues
	}
	return body, nil
}

type agentCreateCmd struct {
	Name string `arg:"" help:"What people call them."`
	agentSettings
}

func (k agentCreateCmd) Run(ctx context.Context, c *client) error {
	body, err := k.body(ctx, c, &k.Name)
	if err != nil {
		return err
	}
	var got agent
	raw, err := c.post(ctx, "/agents", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Agent %d %s", got.ID, plain(got.Name)) })
}

type agentListCmd struct{ listing }

func (k agentListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/agents", nil, k.listing, []string{"ID", "NAME", "QUEUES", "STATE", "HAS"}, func(a agent) []string {
		var queues []string
		for _, q := range a.QueueIDs {
			queues = append(queues, fmt.Sprint(q))
		}
		state := a.State
		if a.Reason != nil {
			state += " (" + plain(*a.Reason) + ")"
		}
		return []string{fmt.Sprint(a.ID), plain(a.Name), strings.Join(queues, ","), state, fmt.Sprintf("%d of %d", a.Chats, a.Capacity)}
	})
}

// oneAgent names an agent.
type oneAgent struct {
	Agent string `arg:"" help:"Number, UUID or name."`
}

func (k oneAgent) path(ctx context.Context, c *client, more string) (string, error) {
	id, err := resolve(ctx, c, "agent", "/agents", k.Agent, func(a agent) (int64, []string) { return a.ID, []string{a.Name} })
	return "/agents/" + url.PathEscape(id) + more, err
}

type agentChangeCmd struct {
	oneAgent
	Name *string `help:"What people call them from now on."`
	agentSettings
}

func (k agentChangeCmd) Run(ctx context.Context, c *client) error {
	body, err := k.body(ctx, c, k.Name)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return usageError("say what is to change: --name, --queue, --capacity, --as-user or --as-token")
	}
	path, err := k.path(ctx, c, "")
	if err != nil {
		return err
	}
	var got agent
	raw, err := c.call(ctx, http.MethodPatch, path, body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Agent %d %s is changed", got.ID, plain(got.Name)) })
}

type agentStateCmd struct {
	oneAgent
	State  string `arg:"" enum:"available,break,offline" help:"available, break or offline."`
	Reason string `help:"Of a break."`
}

func (k agentStateCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c, "/state")
	if err != nil {
		return err
	}
	body := map[string]string{"state": k.State}
	if k.Reason != "" {
		body["reason"] = k.Reason
	}
	var got agent
	raw, err := c.post(ctx, path, body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Agent %d %s is %s", got.ID, plain(got.Name), got.State) })
}

type agentRemoveCmd struct{ oneAgent }

func (k agentRemoveCmd) Run(ctx context.Context, c *client) error {
	path, err := k.path(ctx, c, "")
	if err != nil {
		return err
	}
	if _, err := c.call(ctx, http.MethodDelete, path, nil, nil, callTime); err != nil || c.raw {
		return err
	}
	return c.say("Agent %s is taken off", plain(k.Agent))
}
