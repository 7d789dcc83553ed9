package main

import (
	"context"
	"fmt"
	"net/http"
)

type cannedCmd struct {
	remote
	Create cannedCreateCmd `cmd:"" help:"Make a canned reply."`
	List   cannedListCmd   `cmd:"" help:"List canned replies."`
	Change cannedChangeCmd `cmd:"" help:"Say a canned reply anew."`
	Delete cannedDeleteCmd `cmd:"" help:"Forget a canned reply."`
}

type cannedReply struct {
	ID      int64  `json:"id"`
	QueueID *int64 `json:"queue_id"`
	Title   string `json:"title"`
	Text    string `json:"text"`
}

// cannedText is what a canned reply says, and to whose agents it is shown.
type cannedText struct {
	Title string `arg:"" help:"What agents look for."`
	Text  string `arg:"" help:"What is written."`
	Queue string `help:"Number, UUID or name of the queue whose agents see it; else everybody does."`
}

func (k cannedText) body(ctx context.Context, c *client) (map[string]any, error) {
	body := map[string]any{"title": k.Title, "text": k.Text}
	if k.Queue == "" {
		return body, nil
	}
	queue, err := queueNumber(ctx, c, k.Queue)
	body["queue_id"] = queue
	return body, err
}

type cannedCreateCmd struct{ cannedText }

func (k cannedCreateCmd) Run(ctx context.Context, c *client) error {
	body, err := k.body(ctx, c)
	if err != nil {
		return err
	}
	var got cannedReply
	raw, err := c.post(ctx, "/canned-replies", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Canned reply %d %s", got.ID, plain(got.Title)) })
}

type cannedListCmd struct{ listing }

func (k cannedListCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/canned-replies", nil, k.listing, []string{"ID", "QUEUE", "TITLE", "TEXT"}, func(r cannedReply) []string {
		return []string{fmt.Sprint(r.ID), word(r.QueueID), plain(r.Title), plain(r.Text)}
	})
}

type cannedChangeCmd struct {
	ID int64 `arg:"" name:"id" help:"Number of a canned reply."`
	cannedText
}

func (k cannedChangeCmd) Run(ctx context.Context, c *client) error {
	body, err := k.body(ctx, c)
	if err != nil {
		return err
	}
	var got cannedReply
	raw, err := c.call(ctx, http.MethodPut, fmt.Sprintf("/canned-replies/%d", k.ID), body, &got, callTime)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Canned reply %d %s is changed", got.ID, plain(got.Title)) })
}

type cannedDeleteCmd struct {
	ID int64 `arg:"" name:"id" help:"Number of a canned reply."`
}

func (k cannedDeleteCmd) Run(ctx context.Context, c *client) error {
	if _, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("/canned-replies/%d", k.ID), nil, nil, callTime); err != nil || c.raw {
		return err
	}
	return c.say("Canned reply %d is forgotten", k.ID)
}
