package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

type routingCmd struct {
	remote
	Point  routingPointCmd  `cmd:"" help:"Make a routing point: a door that leads to a queue."`
	Points routingPointsCmd `cmd:"" help:"List routing points."`
	Rule   routingRuleCmd   `cmd:"" help:"Say what leads to a routing point."`
	Rules  routingRulesCmd  `cmd:"" help:"List routing rules."`
	Forget routingForgetCmd `cmd:"" help:"Forget a routing rule."`
	Apply  routingApplyCmd  `cmd:"" help:"Apply the rules to conversations that none fitted so far."`
}

type routingPoint struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	QueueID int64  `json:"queue_id"`
}

func queueNumber(ctx context.Context, c *client, ref string) (int64, error) {
	if n, err := strconv.ParseInt(ref, 10, 64); err == nil {
		return n, nil
	}
	return lookUp(ctx, c, "queue", "/queues", ref, func(q queue) (int64, []string) { return q.ID, []string{q.Name} })
}

type routingPointCmd struct {
	Name  string `arg:"" help:"What people call it."`
	Queue string `arg:"" help:"Number or name of the queue that it leads to."`
}

func (k routingPointCmd) Run(ctx context.Context, c *client) error {
	queue, err := queueNumber(ctx, c, k.Queue)
	if err != nil {
		return err
	}
	var got routingPoint
	raw, err := c.post(ctx, "/routing-points", map[string]any{"name": k.Name, "queue_id": queue}, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Routing point %d %s", got.ID, plain(got.Name)) })
}

type routingPointsCmd struct{ listing }

func (k routingPointsCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/routing-points", nil, k.listing, []string{"ID", "NAME", "QUEUE"}, func(p routingPoint) []string {
		return []string{fmt.Sprint(p.ID), plain(p.Name), fmt.Sprint(p.QueueID)}
	})
}

type routingRule struct {
	ID    int64  `json:"id"`
	Point int64  `json:"routing_point_id"`
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

type routingRuleCmd struct {
	Point string `arg:"" help:"Number or name of a routing point."`
	Kind  string `arg:"" enum:"button,source,campaign,keyword,sender,default" help:"button, source (an ad or a post), campaign, keyword, sender or default; asked in this order."`
	Value string `arg:"" optional:"" help:"A button's label or payload, an id, a number or words; none for default."`
}

func (k routingRuleCmd) Run(ctx context.Context, c *client) error {
	point, err := strconv.ParseInt(k.Point, 10, 64)
	if err != nil {
		if point, err = lookUp(ctx, c, "routing point", "/routing-points", k.Point, func(p routingPoint) (int64, []string) { return p.ID, []string{p.Name} }); err != nil {
			return err
		}
	}
	body := map[string]any{"routing_point_id": point, "kind": k.Kind}
	if k.Value != "" {
		body["value"] = k.Value
	}
	var got routingRule
	raw, err := c.post(ctx, "/routing-rules", body, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error {
		return c.say("Rule %d: %s %s leads to %d", got.ID, got.Kind, plain(got.Value), got.Point)
	})
}

type routingRulesCmd struct{ listing }

func (k routingRulesCmd) Run(ctx context.Context, c *client) error {
	return list(ctx, c, "/routing-rules", nil, k.listing, []string{"ID", "KIND", "VALUE", "LEADS TO"}, func(r routingRule) []string {
		return []string{fmt.Sprint(r.ID), r.Kind, plain(r.Value), fmt.Sprint(r.Point)}
	})
}

type routingForgetCmd struct {
	ID int64 `arg:"" name:"id" help:"Number of a rule."`
}

func (k routingForgetCmd) Run(ctx context.Context, c *client) error {
	if _, err := c.call(ctx, http.MethodDelete, fmt.Sprintf("/routing-rules/%d", k.ID), nil, nil, callTime); err != nil || c.raw {
		return err
	}
	return c.say("Rule %d is forgotten", k.ID)
}

type routingApplyCmd struct{}

func (routingApplyCmd) Run(ctx context.Context, c *client) error {
	var got struct {
		Routed int64 `json:"routed"`
	}
	raw, err := c.post(ctx, "/routing-rules/apply", nil, &got)
	if err != nil {
		return err
	}
	return c.print(raw, func() error { return c.say("Routed %s", thousands(got.Routed)) })
}
